package regex

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Regexp is a compiled expression. It can be used again and again, but not concurrently.
type Regexp struct {
	re     *regexp.Regexp
	back   *backtracker
	groups int
}

// Compile reads an expression; the error is of type Error.
func Compile(text string, f Flags) (*Regexp, error) {
	p := &parser{flags: f, text: strings.ToValidUTF8(text, "\uFFFD")}
	tree, err := p.parse()
	if err != nil {
		return nil, err
	}
	r := &Regexp{groups: p.groups}
	if p.refs {
		r.back = &backtracker{tree: tree, groups: p.groups, fold: f.IgnoreCase, lines: f.Multiline}
		return r, nil
	}
	var b strings.Builder
	b.WriteString("(?s")
	if f.IgnoreCase {
		b.WriteByte('i')
	}
	if f.Multiline {
		b.WriteByte('m')
	}
	b.WriteByte(')')
	emit(&b, tree)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, errBig
	}
	re.Longest()
	r.re = re
	return r, nil
}

// Groups is the number of parenthesised groups.
func (r *Regexp) Groups() int { return r.groups }

// Match reports whether the expression matches anywhere in s.
func (r *Regexp) Match(s string) bool {
	if r.back != nil {
		return r.back.find(s, 0) != nil
	}
	return r.re.MatchString(s)
}

// Find is the leftmost, longest match: the offsets of its begin and end and of each group's, -1 where a group took no
// part; nil where there is no match.
func (r *Regexp) Find(s string) []int {
	if r.back != nil {
		return r.back.find(s, 0)
	}
	return r.re.FindStringSubmatchIndex(s)
}

// FindAll lists the matches one after the other, at most n (-1: all). An empty match right after another is none.
func (r *Regexp) FindAll(s string, n int) [][]int {
	if r.back == nil {
		return r.re.FindAllStringSubmatchIndex(s, n)
	}
	var all [][]int
	last := -1
	for at := 0; at <= len(s) && (n < 0 || len(all) < n); {
		m := r.back.find(s, at)
		if m == nil {
			break
		}
		if m[1] > m[0] || m[0] != last {
			all = append(all, m)
		}
		last, at = m[1], m[1]
		if m[1] == m[0] {
			at = next(s, at)
		}
	}
	return all
}

func emit(b *strings.Builder, n *node) {
	switch n.kind {
	case literal:
		b.WriteString(regexp.QuoteMeta(string(n.char)))
	case anyChar:
		b.WriteByte('.')
	case set:
		emitClass(b, n.class)
	case group:
		b.WriteByte('(')
		emit(b, n.subs[0])
		b.WriteByte(')')
	case repeat:
		b.WriteString("(?:")
		emit(b, n.subs[0])
		b.WriteByte(')')
		switch {
		case n.min == 0 && n.max < 0:
			b.WriteByte('*')
		case n.min == 1 && n.max < 0:
			b.WriteByte('+')
		case n.min == 0 && n.max == 1:
			b.WriteByte('?')
		case n.max < 0:
			fmt.Fprintf(b, "{%d,}", n.min)
		default:
			fmt.Fprintf(b, "{%d,%d}", n.min, n.max)
		}
	case concat:
		for _, sub := range n.subs {
			emit(b, sub)
		}
	case alternate:
		b.WriteString("(?:")
		for i, sub := range n.subs {
			if i > 0 {
				b.WriteByte('|')
			}
			emit(b, sub)
		}
		b.WriteByte(')')
	default:
		b.WriteString(map[kind]string{
			lineStart: "^", lineEnd: "$", wordEdge: `\b`, notWordEdge: `\B`, wordStart: `\b`, wordEnd: `\b`,
			textStart: `\A`, textEnd: `\z`, empty: "(?:)",
		}[n.kind])
	}
}

func emitClass(b *strings.Builder, c *class) {
	b.WriteByte('[')
	if c.negate {
		b.WriteByte('^')
	}
	for _, r := range c.ranges {
		fmt.Fprintf(b, `\x{%x}`, r[0])
		if r[1] != r[0] {
			fmt.Fprintf(b, `-\x{%x}`, r[1])
		}
	}
	for _, name := range c.names {
		switch name {
		case "alpha":
			b.WriteString(`\p{L}`)
		case "alnum":
			b.WriteString(`\p{L}\p{N}`)
		case "upper":
			b.WriteString(`\p{Lu}`)
		case "lower":
			b.WriteString(`\p{Ll}`)
		default:
			b.WriteString("[:" + name + ":]")
		}
	}
	b.WriteByte(']')
}

func (c *class) has(r rune, fold bool) bool {
	in := func(r rune) bool {
		for _, x := range c.ranges {
			if x[0] <= r && r <= x[1] {
				return true
			}
		}
		for _, name := range c.names {
			if inClass(name, r) {
				return true
			}
		}
		return false
	}
	hit := in(r) || fold && (in(unicode.ToLower(r)) || in(unicode.ToUpper(r)))
	return hit != c.negate
}

func inClass(name string, r rune) bool {
	switch name {
	case "alpha":
		return unicode.IsLetter(r)
	case "alnum":
		return unicode.IsLetter(r) || unicode.IsNumber(r)
	case "upper":
		return unicode.IsUpper(r)
	case "lower":
		return unicode.IsLower(r)
	case "digit":
		return r >= '0' && r <= '9'
	case "space":
		return strings.ContainsRune(" \t\n\v\f\r", r)
	case "blank":
		return r == ' ' || r == '\t'
	case "punct":
		return r > 32 && r < 127 && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	case "print":
		return r >= 32 && r < 127
	case "graph":
		return r > 32 && r < 127
	case "cntrl":
		return r < 32 || r == 127
	}
	return strings.ContainsRune("0123456789abcdefABCDEF", r)
}
