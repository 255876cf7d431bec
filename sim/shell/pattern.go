package shell

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A pattern is a glob in which a backslash makes the next character ordinary. ext allows the operators ?(…) *(…)
// +(…) @(…) !(…); fold ignores case.
type pattern struct {
	text      string
	ext, fold bool
}

// quotePattern makes every character of s ordinary.
func quotePattern(s string) string {
	if !strings.ContainsAny(s, `\*?[]!+@()|^-`) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf && strings.ContainsRune(`\*?[]!+@()|^-`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hasMeta reports whether the pattern can match anything but itself.
func (p pattern) hasMeta() bool {
	for i := 0; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case '*', '?':
			return true
		case '[':
			if strings.IndexByte(p.text[i+1:], ']') >= 0 {
				return true
			}
		case '+', '@', '!':
			if p.ext && i+1 < len(p.text) && p.text[i+1] == '(' {
				return true
			}
		}
	}
	return false
}

// plain is the text that a pattern without meta characters stands for.
func (p pattern) plain() string {
	if !strings.Contains(p.text, `\`) {
		return p.text
	}
	var b strings.Builder
	for i := 0; i < len(p.text); i++ {
		if p.text[i] == '\\' && i+1 < len(p.text) {
			i++
		}
		b.WriteByte(p.text[i])
	}
	return b.String()
}

// match reports whether the pattern matches all of s.
func (p pattern) match(s string) bool {
	return p.from(p.text, s, seen{}, func(rest string) bool { return rest == "" })
}

// seen holds, by what is left of pattern and text, where one search has been already without success.
type seen map[[2]int]bool

// from matches pat at the start of s and asks done about what is left, longest match first. tried belongs to done.
func (p pattern) from(pat, s string, tried seen, done func(rest string) bool) bool {
	for pat != "" {
		if p.ext && len(pat) > 1 && pat[1] == '(' && strings.IndexByte("?*+@!", pat[0]) >= 0 {
			if alts, rest, ok := alternatives(pat[2:]); ok {
				return p.extended(pat[0], alts, rest, s, done)
			}
		}
		switch pat[0] {
		case '*':
			for pat != "" && pat[0] == '*' && !(p.ext && len(pat) > 1 && pat[1] == '(') {
				pat = pat[1:]
			}
			if pat == "" {
				return p.tails(s, done)
			}
			return p.tails(s, func(rest string) bool {
				key := [2]int{len(pat), len(rest)}
				if tried[key] {
					return false
				}
				tried[key] = true
				return p.from(pat, rest, tried, done)
			})
		case '?':
			if s == "" {
				return false
			}
			_, size := utf8.DecodeRuneInString(s)
			pat, s = pat[1:], s[size:]
		case '[':
			ok, rest, closed := p.bracket(pat, s)
			if !closed {
				if s == "" || s[0] != '[' {
					return false
				}
				pat, s = pat[1:], s[1:]
				continue
			}
			if !ok {
				return false
			}
			_, size := utf8.DecodeRuneInString(s)
			pat, s = rest, s[size:]
		default:
			if pat[0] == '\\' && len(pat) > 1 {
				pat = pat[1:]
			}
			want, wsize := utf8.DecodeRuneInString(pat)
			got, gsize := utf8.DecodeRuneInString(s)
			if gsize == 0 || want != got && !(p.fold && unicode.ToLower(want) == unicode.ToLower(got)) {
				return false
			}
			if want == utf8.RuneError && pat[:wsize] != s[:gsize] {
				return false
			}
			pat, s = pat[wsize:], s[gsize:]
		}
	}
	return done(s)
}

// tails asks done about every suffix of s, the shortest first.
func (p pattern) tails(s string, done func(string) bool) bool {
	for i := len(s); i >= 0; i-- {
		if (i == len(s) || utf8.RuneStart(s[i])) && done(s[i:]) {
			return true
		}
	}
	return false
}

// bracket matches a [...] at the start of pat against the first character of s. rest is the pattern after it; closed is
// false where there is no end to it.
func (p pattern) bracket(pat, s string) (ok bool, rest string, closed bool) {
	c, _ := utf8.DecodeRuneInString(s)
	i, negate, hit := 1, false, false
	if i < len(pat) && (pat[i] == '!' || pat[i] == '^') {
		negate = true
		i++
	}
	for first := true; ; first = false {
		if i >= len(pat) {
			return false, "", false
		}
		if pat[i] == ']' && !first {
			i++
			break
		}
		if strings.HasPrefix(pat[i:], "[:") {
			if end := strings.Index(pat[i:], ":]"); end > 0 {
				if class(pat[i+2:i+end], c) {
					hit = true
				}
				i += end + 2
				continue
			}
		}
		lo, size := bracketRune(pat[i:])
		i += size
		hi := lo
		if i+1 < len(pat) && pat[i] == '-' && pat[i+1] != ']' {
			hi, size = bracketRune(pat[i+1:])
			i += 1 + size
		}
		if lo <= c && c <= hi {
			hit = true
		}
		if p.fold {
			if l := unicode.ToLower(c); lo <= l && l <= hi {
				hit = true
			}
			if u := unicode.ToUpper(c); lo <= u && u <= hi {
				hit = true
			}
		}
	}
	return s != "" && hit != negate, pat[i:], true
}

func bracketRune(s string) (rune, int) {
	if s[0] == '\\' && len(s) > 1 {
		r, size := utf8.DecodeRuneInString(s[1:])
		return r, size + 1
	}
	return utf8.DecodeRuneInString(s)
}

func class(name string, r rune) bool {
	switch name {
	case "alpha":
		return unicode.IsLetter(r)
	case "digit":
		return r >= '0' && r <= '9'
	case "alnum":
		return unicode.IsLetter(r) || unicode.IsDigit(r)
	case "upper":
		return unicode.IsUpper(r)
	case "lower":
		return unicode.IsLower(r)
	case "space":
		return unicode.IsSpace(r)
	case "blank":
		return r == ' ' || r == '\t'
	case "punct":
		return r > 32 && r < 127 && !unicode.IsLetter(r) && !unicode.IsDigit(r) || r > 127 && unicode.IsPunct(r)
	case "cntrl":
		return unicode.IsControl(r)
	case "print":
		return unicode.IsPrint(r)
	case "graph":
		return unicode.IsGraphic(r) && !unicode.IsSpace(r)
	case "xdigit":
		return strings.ContainsRune("0123456789abcdefABCDEF", r)
	case "word":
		return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	return false
}

// alternatives splits what follows "?(" at its bars, up to the closing parenthesis.
func alternatives(s string) (alts []string, rest string, ok bool) {
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth == 0 {
				return append(alts, s[start:i]), s[i+1:], true
			}
			depth--
		case '|':
			if depth == 0 {
				alts = append(alts, s[start:i])
				start = i + 1
			}
		}
	}
	return nil, "", false
}

func (p pattern) extended(op byte, alts []string, rest, s string, done func(string) bool) bool {
	goOn := func(s string) bool { return p.from(rest, s, seen{}, done) }
	one := func(s string, then func(string) bool) bool {
		for _, alt := range alts {
			if p.from(alt, s, seen{}, then) {
				return true
			}
		}
		return false
	}
	var many func(s string) bool
	many = func(s string) bool {
		return one(s, func(left string) bool { return len(left) < len(s) && many(left) }) || goOn(s)
	}
	switch op {
	case '@':
		return one(s, goOn)
	case '?':
		return one(s, goOn) || goOn(s)
	case '*':
		return many(s)
	case '+':
		return one(s, many)
	}
	return p.tails(s, func(left string) bool {
		head := s[:len(s)-len(left)]
		for _, alt := range alts {
			if (pattern{alt, p.ext, p.fold}).match(head) {
				return false
			}
		}
		return goOn(left)
	})
}

// prefix is the length of the shortest or longest start of s that matches, -1 where none does.
func (p pattern) prefix(s string, longest bool) int {
	best := -1
	p.from(p.text, s, seen{}, func(rest string) bool {
		n := len(s) - len(rest)
		if best < 0 || longest == (n > best) {
			best = n
		}
		return longest && rest == "" || !longest && n == 0
	})
	return best
}

// suffix is where the shortest or longest end of s that matches begins, -1 where none does.
func (p pattern) suffix(s string, longest bool) int {
	found := -1
	for i := len(s); i >= 0; i-- {
		if i < len(s) && !utf8.RuneStart(s[i]) {
			continue
		}
		if p.match(s[i:]) {
			found = i
			if !longest {
				break
			}
		}
	}
	return found
}

// search finds the first, longest match in s from at on.
func (p pattern) search(s string, at int) (start, end int, ok bool) {
	if !p.hasMeta() && !p.fold {
		text := p.plain()
		i := strings.Index(s[at:], text)
		return at + i, at + i + len(text), i >= 0
	}
	for i := at; i <= len(s); i++ {
		if i < len(s) && !utf8.RuneStart(s[i]) {
			continue
		}
		if n := p.prefix(s[i:], true); n >= 0 {
			return i, i + n, true
		}
	}
	return 0, 0, false
}

// Glob reports whether name matches a pattern with * ? and […].
func Glob(pat, name string) bool { return pattern{text: pat}.match(name) }
