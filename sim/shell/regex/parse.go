// Package regex is POSIX regular expressions, basic and extended, as GNU grep, sed and awk understand them. It knows
// no files, no lines and no replacements.
//
// An expression becomes one of package regexp with leftmost-longest matching. One with back references, which that
// package does not have, is matched by backtracking with a bound on the steps.
package regex

import (
	"strings"
	"unicode/utf8"
)

// Flags say how an expression is read.
type Flags struct {
	Extended   bool
	IgnoreCase bool
	Multiline  bool // ^ and $ match at newlines too
	Escapes    bool // \n \t \f \v \a \r \dNNN \oNNN \xHH stand for characters, as in sed and awk
	Brackets   bool // a backslash in a bracket escapes, as in awk
	NoBackrefs bool // \1 is the character 1, as in awk
	Perl       bool // (?:…), looking around, lazy repetitions and \K, as in grep -P; implies backtracking
}

// Error is why an expression cannot be compiled, in the C library's words.
type Error string

func (e Error) Error() string { return string(e) }

const (
	errBracket    Error = "Unmatched [, [^, [:, [., or [="
	errParen      Error = "Unmatched ( or \\("
	errCloseParen Error = "Unmatched ) or \\)"
	errBrace      Error = "Unmatched { or \\{"
	errContent    Error = "Invalid content of \\{\\}"
	errRange      Error = "Invalid range end"
	errPreceding  Error = "Invalid preceding regular expression"
	errTrailing   Error = "Trailing backslash"
	errBackref    Error = "Invalid back reference"
	errClass      Error = "Invalid character class name"
	errBig        Error = "Regular expression too big"
)

type kind uint8

const (
	literal kind = iota
	anyChar
	set
	group
	repeat
	concat
	alternate
	lineStart
	lineEnd
	wordEdge
	notWordEdge
	wordStart
	wordEnd
	textStart
	textEnd
	backref
	empty
	look // subs[0] matches from here on, or up to here (behind); not (negate)
	keep // what was matched up to here is no part of the match
)

type node struct {
	kind     kind
	char     rune
	class    *class
	subs     []*node
	index    int // of a group or back reference
	min, max int // of a repetition; max -1 has no limit
	lazy     bool
	behind   bool
	negate   bool
}

type class struct {
	negate bool
	ranges [][2]rune
	names  []string // alpha, digit …
}

type parser struct {
	flags  Flags
	text   string
	pos    int
	groups int
	open   int
	closed map[int]bool
	refs   bool
}

func (p *parser) parse() (n *node, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case Error:
			err = e
		default:
			panic(e)
		}
	}()
	p.closed = map[int]bool{}
	p.refs = p.flags.Perl
	n = p.alternatives()
	if p.pos < len(p.text) {
		panic(errCloseParen)
	}
	return n, nil
}

// at reports whether an operator stands here; in basic expressions it is written with a backslash.
func (p *parser) at(op string) bool {
	if !p.flags.Extended {
		op = `\` + op
	}
	return strings.HasPrefix(p.text[p.pos:], op)
}

func (p *parser) take(op string) bool {
	if !p.at(op) {
		return false
	}
	p.pos += len(op)
	if !p.flags.Extended {
		p.pos++
	}
	return true
}

func (p *parser) alternatives() *node {
	alts := []*node{p.sequence()}
	for p.take("|") {
		alts = append(alts, p.sequence())
	}
	if len(alts) == 1 {
		return alts[0]
	}
	return &node{kind: alternate, subs: alts}
}

func (p *parser) sequence() *node {
	n := &node{kind: concat}
	for p.pos < len(p.text) && !p.at("|") {
		if p.at(")") && (p.open > 0 || !p.flags.Extended) {
			if p.open == 0 {
				panic(errCloseParen)
			}
			break
		}
		item := p.atom(len(n.subs) == 0)
		n.subs = append(n.subs, p.repeated(item))
	}
	if len(n.subs) == 1 {
		return n.subs[0]
	}
	if len(n.subs) == 0 {
		return &node{kind: empty}
	}
	return n
}

// repeated reads the repetition operators after an item.
func (p *parser) repeated(item *node) *node {
	for p.pos < len(p.text) {
		low, high := 0, -1
		switch {
		case p.text[p.pos] == '*':
			p.pos++
		case p.take("+"):
			low = 1
		case p.take("?"):
			high = 1
		case p.at("{"):
			save := p.pos
			var ok bool
			if low, high, ok = p.interval(); !ok {
				p.pos = save
				return item
			}
		default:
			return item
		}
		if isAnchor(item) {
			if p.flags.Extended {
				continue
			}
			return &node{kind: concat, subs: []*node{item, {kind: literal, char: '*'}}}
		}
		item = &node{kind: repeat, subs: []*node{item}, min: low, max: high}
		if p.flags.Perl && p.pos < len(p.text) && (p.text[p.pos] == '?' || p.text[p.pos] == '+') {
			item.lazy = p.text[p.pos] == '?'
			p.pos++
		}
	}
	return item
}

func isAnchor(n *node) bool { return n.kind == lineStart }

// interval reads {n}, {n,}, {,m} or {n,m}.
func (p *parser) interval() (low, high int, ok bool) {
	p.take("{")
	closing := "}"
	if !p.flags.Extended {
		closing = `\}`
	}
	end := strings.Index(p.text[p.pos:], closing)
	if end < 0 {
		if p.flags.Extended {
			return 0, 0, false
		}
		panic(errBrace)
	}
	body := p.text[p.pos : p.pos+end]
	a, b, comma := strings.Cut(body, ",")
	low, okA := digits(a)
	high, okB := digits(b)
	switch {
	case !okA || !okB || a == "" && !comma:
		if p.flags.Extended {
			return 0, 0, false
		}
		panic(errContent)
	case !comma:
		high = low
	case b == "":
		high = -1
	}
	if high >= 0 && low > high {
		panic(errContent)
	}
	if low > 32767 || high > 32767 {
		panic(errBig)
	}
	p.pos += end + len(closing)
	return low, high, true
}

func digits(s string) (n int, ok bool) {
	for _, c := range s {
		if c < '0' || c > '9' || n > 1e6 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func (p *parser) atom(first bool) *node {
	switch c := p.text[p.pos]; {
	case p.take("("):
		return p.group()
	case c == '.':
		p.pos++
		return &node{kind: anyChar}
	case c == '[':
		return p.bracket()
	case c == '^' && (p.flags.Extended || first):
		p.pos++
		return &node{kind: lineStart}
	case c == '$' && (p.flags.Extended || p.endsHere()):
		p.pos++
		return &node{kind: lineEnd}
	case c == '\\':
		return p.escape()
	case p.flags.Extended && (c == '*' || c == '+' || c == '?'):
		if !first {
			panic(errPreceding)
		}
		p.pos++
		return &node{kind: empty}
	}
	r, size := utf8.DecodeRuneInString(p.text[p.pos:])
	p.pos += size
	return &node{kind: literal, char: r}
}

// endsHere reports whether a $ of a basic expression is its last character, or a group's.
func (p *parser) endsHere() bool {
	rest := p.text[p.pos+1:]
	return rest == "" || strings.HasPrefix(rest, `\)`) || strings.HasPrefix(rest, `\|`)
}

// lookaround reads what (? begins; nil where it begins nothing of the kind.
func (p *parser) lookaround() *node {
	for _, x := range []struct {
		mark           string
		behind, negate bool
	}{{"?=", false, false}, {"?!", false, true}, {"?<=", true, false}, {"?<!", true, true}, {"?:", false, false}} {
		if !strings.HasPrefix(p.text[p.pos:], x.mark) {
			continue
		}
		p.pos += len(x.mark)
		p.open++
		inner := p.alternatives()
		if !p.take(")") {
			panic(errParen)
		}
		p.open--
		if x.mark == "?:" {
			return inner
		}
		return &node{kind: look, subs: []*node{inner}, behind: x.behind, negate: x.negate}
	}
	if strings.HasPrefix(p.text[p.pos:], "?i)") {
		p.pos += 3
		return &node{kind: empty}
	}
	return nil
}

func (p *parser) group() *node {
	if p.flags.Perl {
		p.refs = true
		if n := p.lookaround(); n != nil {
			return n
		}
	}
	p.groups++
	n := &node{kind: group, index: p.groups}
	p.open++
	n.subs = []*node{p.alternatives()}
	if !p.take(")") {
		panic(errParen)
	}
	p.open--
	p.closed[n.index] = true
	return n
}

func (p *parser) escape() *node {
	p.pos++
	if p.pos == len(p.text) {
		panic(errTrailing)
	}
	r, size := utf8.DecodeRuneInString(p.text[p.pos:])
	p.pos += size
	switch r {
	case '<':
		return &node{kind: wordStart}
	case '>':
		return &node{kind: wordEnd}
	case 'b':
		if !p.flags.Brackets {
			return &node{kind: wordEdge}
		}
		return &node{kind: literal, char: '\b'}
	case 'y':
		if p.flags.Brackets {
			return &node{kind: wordEdge}
		}
	case 'B':
		return &node{kind: notWordEdge}
	case '`':
		return &node{kind: textStart}
	case '\'':
		return &node{kind: textEnd}
	case 'K':
		if p.flags.Perl {
			p.refs = true
			return &node{kind: keep}
		}
	case 'w', 'W':
		return &node{kind: set, class: &class{negate: r == 'W', ranges: [][2]rune{{'_', '_'}}, names: []string{"alnum"}}}
	case 's', 'S':
		return &node{kind: set, class: &class{negate: r == 'S', names: []string{"space"}}}
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if p.flags.NoBackrefs {
			break
		}
		n := int(r - '0')
		if !p.closed[n] {
			panic(errBackref)
		}
		p.refs = true
		return &node{kind: backref, index: n}
	}
	if p.flags.Escapes {
		if c, n, ok := Escape(p.text[p.pos-size:]); ok {
			p.pos += n - size
			return &node{kind: literal, char: c}
		}
	}
	return &node{kind: literal, char: r}
}

// Escape reads a character escape of sed and awk without its backslash: n, t, x41, o101, d065.
func Escape(s string) (c rune, length int, ok bool) {
	if s == "" {
		return 0, 0, false
	}
	if i := strings.IndexByte("aftnrv", s[0]); i >= 0 {
		return rune("\a\f\t\n\r\v"[i]), 1, true
	}
	base, width := 0, 0
	switch s[0] {
	case 'x':
		base, width = 16, 2
	case 'o':
		base, width = 8, 3
	case 'd':
		base, width = 10, 3
	default:
		return 0, 0, false
	}
	n, i := 0, 1
	for i < len(s) && i <= width {
		d := strings.IndexByte("0123456789abcdef", s[i]|0x20)
		if s[i] <= '9' {
			d = strings.IndexByte("0123456789", s[i])
		}
		if d < 0 || d >= base {
			break
		}
		n = n*base + d
		i++
	}
	return rune(n & 0xff), i, i > 1
}

var classNames = []string{"alpha", "digit", "alnum", "upper", "lower", "space", "blank", "punct", "print", "graph", "cntrl", "xdigit"}

func (p *parser) bracket() *node {
	c := &class{}
	p.pos++
	if p.pos < len(p.text) && p.text[p.pos] == '^' {
		c.negate = true
		p.pos++
	}
	for first := true; ; first = false {
		if p.pos >= len(p.text) {
			panic(errBracket)
		}
		if p.text[p.pos] == ']' && !first {
			p.pos++
			return &node{kind: set, class: c}
		}
		if strings.HasPrefix(p.text[p.pos:], "[:") {
			c.names = append(c.names, p.className())
			continue
		}
		low := p.bracketChar()
		high := low
		if rest := p.text[p.pos:]; len(rest) > 1 && rest[0] == '-' && rest[1] != ']' {
			p.pos++
			if high = p.bracketChar(); high < low {
				panic(errRange)
			}
		}
		c.ranges = append(c.ranges, [2]rune{low, high})
	}
}

func (p *parser) className() string {
	end := strings.Index(p.text[p.pos:], ":]")
	if end < 0 {
		panic(errBracket)
	}
	name := p.text[p.pos+2 : p.pos+end]
	p.pos += end + 2
	for _, known := range classNames {
		if name == known {
			return name
		}
	}
	panic(errClass)
}

func (p *parser) bracketChar() rune {
	for _, open := range []string{"[.", "[="} {
		if !strings.HasPrefix(p.text[p.pos:], open) {
			continue
		}
		end := strings.Index(p.text[p.pos+2:], open[1:]+"]")
		if end < 0 {
			panic(errBracket)
		}
		r, _ := utf8.DecodeRuneInString(p.text[p.pos+2:])
		p.pos += 2 + end + 2
		return r
	}
	if p.text[p.pos] == '\\' && p.pos+1 < len(p.text) && (p.flags.Brackets || p.flags.Escapes) {
		if c, n, ok := Escape(p.text[p.pos+1:]); ok && (p.flags.Brackets || strings.IndexByte("ntfvar", p.text[p.pos+1]) >= 0) {
			p.pos += 1 + n
			return c
		}
		if p.flags.Brackets {
			p.pos++
		}
	}
	r, size := utf8.DecodeRuneInString(p.text[p.pos:])
	p.pos += size
	return r
}
