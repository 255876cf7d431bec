package regex

import (
	"unicode"
	"unicode/utf8"
)

// backtracker matches a tree with back references.
type backtracker struct {
	tree        *node
	groups      int
	fold, lines bool

	s     string
	caps  []int
	kept  int // where the match begins by \K; -1 where it was not met
	steps int
}

// maxSteps bounds the work for one search; beyond it there is no match.
const maxSteps = 2_000_000

func next(s string, i int) int {
	_, size := utf8.DecodeRuneInString(s[min(i, len(s)):])
	return i + max(size, 1)
}

// find is the first match that begins at from or later.
func (b *backtracker) find(s string, from int) []int {
	b.s, b.steps = s, 0
	for at := from; at <= len(s); at = next(s, at) {
		b.caps = make([]int, 2*b.groups+2)
		for i := range b.caps {
			b.caps[i] = -1
		}
		end := -1
		b.kept = -1
		if b.match(b.tree, at, func(i int) bool { end = i; return true }) {
			b.caps[0], b.caps[1] = at, end
			if b.kept >= 0 {
				b.caps[0] = b.kept
			}
			return b.caps
		}
	}
	return nil
}

func wordChar(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// edge reports whether there are word characters before and after i.
func (b *backtracker) edge(i int) (before, after bool) {
	if i > 0 {
		r, _ := utf8.DecodeLastRuneInString(b.s[:i])
		before = wordChar(r)
	}
	if i < len(b.s) {
		r, _ := utf8.DecodeRuneInString(b.s[i:])
		after = wordChar(r)
	}
	return before, after
}

func (b *backtracker) same(x, y rune) bool {
	return x == y || b.fold && unicode.ToLower(x) == unicode.ToLower(y)
}

// match matches n at i and asks then about where it ends.
func (b *backtracker) match(n *node, i int, then func(int) bool) bool {
	if b.steps++; b.steps > maxSteps {
		return false
	}
	before, after := false, false
	switch n.kind {
	case wordEdge, notWordEdge, wordStart, wordEnd:
		before, after = b.edge(i)
	}
	switch n.kind {
	case literal, anyChar, set:
		if i >= len(b.s) {
			return false
		}
		r, size := utf8.DecodeRuneInString(b.s[i:])
		if n.kind == literal && !b.same(n.char, r) || n.kind == set && !n.class.has(r, b.fold) {
			return false
		}
		return then(i + size)
	case group:
		from, to := b.caps[2*n.index], b.caps[2*n.index+1]
		if b.match(n.subs[0], i, func(end int) bool {
			f, t := b.caps[2*n.index], b.caps[2*n.index+1]
			b.caps[2*n.index], b.caps[2*n.index+1] = i, end
			if then(end) {
				return true
			}
			b.caps[2*n.index], b.caps[2*n.index+1] = f, t
			return false
		}) {
			return true
		}
		b.caps[2*n.index], b.caps[2*n.index+1] = from, to
		return false
	case repeat:
		return b.repeat(n, i, 0, -1, then)
	case concat:
		return b.sequence(n.subs, i, then)
	case alternate:
		for _, sub := range n.subs {
			if b.match(sub, i, then) {
				return true
			}
		}
		return false
	case look:
		return b.looks(n, i) != n.negate && then(i)
	case keep:
		before := b.kept
		b.kept = i
		if then(i) {
			return true
		}
		b.kept = before
		return false
	case backref:
		from, to := b.caps[2*n.index], b.caps[2*n.index+1]
		if from < 0 || i+to-from > len(b.s) {
			return false
		}
		for k := range to - from {
			if !b.same(rune(b.s[from+k]), rune(b.s[i+k])) {
				return false
			}
		}
		return then(i + to - from)
	}
	ok := true
	switch n.kind {
	case lineStart:
		ok = i == 0 || b.lines && b.s[i-1] == '\n'
	case lineEnd:
		ok = i == len(b.s) || b.lines && b.s[i] == '\n'
	case textStart:
		ok = i == 0
	case textEnd:
		ok = i == len(b.s)
	case wordEdge:
		ok = before != after
	case notWordEdge:
		ok = before == after
	case wordStart:
		ok = !before && after
	case wordEnd:
		ok = before && !after
	}
	return ok && then(i)
}

// looks reports whether what a look-around asks for stands at i.
func (b *backtracker) looks(n *node, i int) bool {
	if !n.behind {
		return b.match(n.subs[0], i, func(int) bool { return true })
	}
	for from := i; from >= 0; from-- {
		if b.match(n.subs[0], from, func(end int) bool { return end == i }) {
			return true
		}
	}
	return false
}

func (b *backtracker) sequence(subs []*node, i int, then func(int) bool) bool {
	if len(subs) == 0 {
		return then(i)
	}
	return b.match(subs[0], i, func(end int) bool { return b.sequence(subs[1:], end, then) })
}

func (b *backtracker) repeat(n *node, i, count, last int, then func(int) bool) bool {
	if n.lazy && count >= n.min && then(i) {
		return true
	}
	if (n.max < 0 || count < n.max) && i != last {
		if b.match(n.subs[0], i, func(end int) bool { return b.repeat(n, end, count+1, i, then) }) {
			return true
		}
	}
	return !n.lazy && count >= n.min && then(i)
}
