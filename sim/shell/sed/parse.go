// Package sed is the stream editor: it reads scripts and runs them over lines as GNU sed does. It knows no files but
// through Config.
package sed

import (
	"fmt"
	"strconv"
	"strings"

	"terrarium/sim/shell/regex"
)

// Script is a program that can be run.
type Script struct {
	commands []*command
	Quiet    bool // #n on the first line
}

type addressKind uint8

const (
	noAddress addressKind = iota
	lineNumber
	lastLine
	pattern
	step     // first~step
	plus     // addr1,+n
	multiple // addr1,~n
)

type address struct {
	kind addressKind
	n, m int
	re   *regex.Regexp // nil: the last one used
}

type command struct {
	a1, a2 address
	negate bool
	name   byte
	text   string // of a i c, a file name, a label
	number int    // exit status, line length
	jump   int    // where a branch or a closed block goes
	sub    *substitution
	table  map[rune]rune // of y

	active bool // within a range
	until  int  // line at which the range ends
}

type substitution struct {
	re      *regex.Regexp
	with    []replacement
	global  bool
	print   int
	nth     int
	execute bool
	file    string
}

// replacement is a part of what s puts in place: a text, or a group where group >= 0; change is a case conversion.
type replacement struct {
	text   string
	group  int
	change byte // U L u l E
}

// Error is a mistake in a script: the expression's number and the character.
type Error struct {
	Expr, Char int
	Msg        string
}

func (e *Error) Error() string {
	return fmt.Sprintf("-e expression #%d, char %d: %s", e.Expr, e.Char, e.Msg)
}

type parser struct {
	text     string
	pos      int
	expr     int
	extended bool
	commands []*command
	blocks   []int
	labels   map[string]int
	quiet    bool
	posix    bool
}

// Parse reads a script that consists of several expressions, as -e gives them; extended is -E.
func Parse(expressions []string, extended bool) (s *Script, err error) {
	p := &parser{extended: extended, labels: map[string]int{}}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			err = e
		default:
			panic(e)
		}
	}()
	// An expression that ends in a backslash goes on in the next: `-e 'a\' -e text`.
	var merged []string
	for i, e := range expressions {
		if i > 0 && strings.HasSuffix(merged[len(merged)-1], `\`) {
			merged[len(merged)-1] += "\n" + e
			continue
		}
		merged = append(merged, e)
	}
	for i, e := range merged {
		p.text, p.pos, p.expr = e, 0, i+1
		if i == 0 && (e == "#n" || strings.HasPrefix(e, "#n\n")) {
			p.quiet = true
		}
		p.run()
	}
	if len(p.blocks) > 0 {
		return nil, &Error{p.expr, 0, "unmatched `{'"}
	}
	for _, c := range p.commands {
		if strings.IndexByte("btT", c.name) < 0 {
			continue
		}
		at, ok := p.labels[c.text]
		if c.text == "" {
			at, ok = len(p.commands), true
		}
		if !ok {
			return nil, fmt.Errorf("can't find label for jump to `%s'", c.text)
		}
		c.jump = at
	}
	return &Script{commands: p.commands, Quiet: p.quiet}, nil
}

func (p *parser) fail(format string, args ...any) {
	panic(&Error{p.expr, p.pos, fmt.Sprintf(format, args...)})
}

func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) more() bool { return p.pos < len(p.text) }

func (p *parser) blanks() {
	for p.more() && (p.peek() == ' ' || p.peek() == '\t') {
		p.pos++
	}
}

func (p *parser) run() {
	for {
		for p.more() && strings.IndexByte(" \t\n;", p.peek()) >= 0 {
			p.pos++
		}
		if !p.more() {
			return
		}
		p.command()
	}
}

func (p *parser) command() {
	c := &command{a1: p.address()}
	if c.a1.kind != noAddress {
		p.blanks()
		if p.peek() == ',' {
			p.pos++
			p.blanks()
			if c.a2 = p.secondAddress(); c.a2.kind == noAddress {
				p.pos = min(p.pos+1, len(p.text))
				p.fail("unexpected `,'")
			}
		}
		if c.a1.kind == lineNumber && c.a1.n == 0 && c.a2.kind != pattern {
			p.pos++
			p.fail("invalid usage of line address 0")
		}
	}
	p.blanks()
	for p.peek() == '!' {
		c.negate = true
		p.pos++
		p.blanks()
	}
	if !p.more() {
		p.fail("missing command")
	}
	c.name = p.peek()
	p.pos++
	p.argument(c)
}

// address reads one address, if there is one.
func (p *parser) address() address {
	switch c := p.peek(); {
	case c >= '0' && c <= '9':
		n := p.number()
		p.blanks()
		if p.peek() == '~' {
			p.pos++
			return address{kind: step, n: n, m: p.number()}
		}
		return address{kind: lineNumber, n: n}
	case c == '$':
		p.pos++
		return address{kind: lastLine}
	case c == '/' || c == '\\':
		delim := byte('/')
		p.pos++
		if c == '\\' {
			if !p.more() {
				p.fail("unexpected `,'")
			}
			delim = p.peek()
			p.pos++
		}
		text, ok := p.until(delim, true)
		if !ok {
			p.fail("unterminated address regex")
		}
		flags := regex.Flags{Extended: p.extended, Escapes: true}
		for p.peek() == 'I' || p.peek() == 'M' {
			flags.IgnoreCase = flags.IgnoreCase || p.peek() == 'I'
			flags.Multiline = flags.Multiline || p.peek() == 'M'
			p.pos++
		}
		return address{kind: pattern, re: p.compile(text, flags)}
	}
	return address{}
}

func (p *parser) secondAddress() address {
	switch p.peek() {
	case '+', '~':
		kind := plus
		if p.peek() == '~' {
			kind = multiple
		}
		p.pos++
		return address{kind: kind, n: p.number()}
	}
	return p.address()
}

func (p *parser) number() int {
	start := p.pos
	for p.more() && p.peek() >= '0' && p.peek() <= '9' {
		p.pos++
	}
	n, _ := strconv.Atoi(p.text[start:p.pos])
	return n
}

func (p *parser) compile(text string, flags regex.Flags) *regex.Regexp {
	if text == "" {
		return nil
	}
	re, err := regex.Compile(text, flags)
	if err != nil {
		p.fail("%v", err)
	}
	return re
}

// until reads up to a delimiter, which a backslash makes ordinary. In a regular expression a bracket hides it too.
func (p *parser) until(delim byte, re bool) (string, bool) {
	var b strings.Builder
	for p.more() {
		c := p.peek()
		p.pos++
		switch {
		case c == delim:
			return b.String(), true
		case c == '\\' && p.more():
			next := p.peek()
			p.pos++
			switch {
			case next == delim:
				if re && strings.IndexByte(`.*[]^$+?(){}|`, delim) >= 0 && delim != '|' || !re && delim == '&' {
					b.WriteByte('\\')
				}
				b.WriteByte(delim)
			case next == 'n' && delim == 'n':
				b.WriteByte('n')
			default:
				b.WriteByte('\\')
				b.WriteByte(next)
			}
		case c == '[' && re:
			b.WriteString(p.text[p.pos-1 : p.bracketEnd()])
			p.pos = p.bracketEnd()
		case c == '\n' && re:
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// bracketEnd is where the bracket that has just begun ends; the position itself where it does not.
func (p *parser) bracketEnd() int {
	i := p.pos
	if i < len(p.text) && p.text[i] == '^' {
		i++
	}
	if i < len(p.text) && p.text[i] == ']' {
		i++
	}
	for i < len(p.text) && p.text[i] != '\n' {
		if p.text[i] == '[' && i+1 < len(p.text) && strings.IndexByte(":.=", p.text[i+1]) >= 0 {
			if end := strings.Index(p.text[i+2:], string(p.text[i+1])+"]"); end >= 0 {
				i += end + 4
				continue
			}
		}
		if p.text[i] == ']' {
			return i + 1
		}
		i++
	}
	return len(p.text)
}

// argument reads what follows the command's letter.
func (p *parser) argument(c *command) {
	switch c.name {
	case '#':
		if c.a1.kind != noAddress {
			p.fail("comments don't accept any addresses")
		}
		for p.more() && p.peek() != '\n' {
			p.pos++
		}
		return
	case '{':
		p.blocks = append(p.blocks, len(p.commands))
		p.commands = append(p.commands, c)
		return
	case '}':
		if len(p.blocks) == 0 {
			p.fail("unexpected `}'")
		}
		if c.a1.kind != noAddress {
			p.fail("} doesn't want any addresses")
		}
		p.commands[p.blocks[len(p.blocks)-1]].jump = len(p.commands)
		p.blocks = p.blocks[:len(p.blocks)-1]
		p.end(c)
		return
	case ':':
		if c.a1.kind != noAddress {
			p.fail(": doesn't want any addresses")
		}
		p.blanks()
		label := p.word(";\n")
		if label == "" {
			p.fail("\":\" lacks a label")
		}
		p.labels[label] = len(p.commands)
		return
	case 's':
		p.substitution(c)
	case 'y':
		p.transliteration(c)
	case 'a', 'i', 'c':
		p.textArgument(c)
	case 'b', 't', 'T':
		p.blanks()
		c.text = p.word(";\n}")
		c.text = strings.TrimRight(c.text, " \t")
	case 'r', 'R', 'w', 'W':
		p.blanks()
		if c.text = p.word("\n"); c.text == "" {
			p.fail("missing filename in r/R/w/W commands")
		}
	case 'q', 'Q', 'l', 'L':
		if c.a2.kind != noAddress && (c.name == 'q' || c.name == 'Q') {
			p.fail("command only uses one address")
		}
		p.blanks()
		c.number = -1
		if p.peek() >= '0' && p.peek() <= '9' {
			c.number = p.number()
		}
		p.end(c)
	case '=', 'd', 'D', 'e', 'F', 'g', 'G', 'h', 'H', 'n', 'N', 'p', 'P', 'x', 'z':
		p.end(c)
	default:
		p.fail("unknown command: `%c'", c.name)
	}
	p.commands = append(p.commands, c)
}

// end checks that nothing but a separator follows.
func (p *parser) end(*command) {
	p.blanks()
	switch p.peek() {
	case 0, '\n', ';':
		if p.more() {
			p.pos++
		}
	case '}', '#':
	default:
		p.pos++
		p.fail("extra characters after command")
	}
}

func (p *parser) word(stops string) string {
	start := p.pos
	for p.more() && strings.IndexByte(stops, p.peek()) < 0 {
		p.pos++
	}
	return p.text[start:p.pos]
}

// textArgument reads the text of a, i and c: on the same line or, after a backslash, on the next; lines that end in a
// backslash go on.
func (p *parser) textArgument(c *command) {
	p.blanks()
	if !p.more() {
		p.fail("expected \\ after `a', `c' or `i'")
	}
	if p.peek() == '\\' {
		start := p.pos + 1
		p.pos++
		p.blanks()
		if p.peek() == '\n' {
			p.pos++
		} else if !p.more() {
			p.fail("expected \\ after `a', `c' or `i'")
		} else {
			p.pos = start
		}
	}
	first := p.pos
	var b strings.Builder
	for p.more() {
		ch := p.peek()
		p.pos++
		if ch == '\\' && p.more() {
			next := p.peek()
			p.pos++
			if r, n, ok := regex.Escape(p.text[p.pos-1:]); ok && p.pos-2 > first {
				b.WriteRune(r)
				p.pos += n - 1
				continue
			}
			b.WriteByte(next)
			continue
		}
		if ch == '\n' {
			break
		}
		b.WriteByte(ch)
	}
	c.text = b.String() + "\n"
}

func (p *parser) delimiter(what byte) byte {
	d := p.peek()
	if d == 0 || d == '\n' || d == '\\' {
		p.fail("unterminated `%c' command", what)
	}
	p.pos++
	return d
}

func (p *parser) substitution(c *command) {
	d := p.delimiter('s')
	text, ok := p.until(d, true)
	if !ok {
		p.pos = len(p.text)
		p.fail("unterminated `s' command")
	}
	with, ok := p.until(d, false)
	if !ok {
		p.pos = len(p.text)
		p.fail("unterminated `s' command")
	}
	s := &substitution{nth: 1}
	flags := regex.Flags{Extended: p.extended, Escapes: true}
	p.substitutionFlags(c, s, &flags)
	s.re = p.compile(text, flags)
	groups := 9
	if s.re != nil {
		groups = s.re.Groups()
	}
	s.with = p.replacement(with, groups)
	c.sub = s
}

func (p *parser) substitutionFlags(c *command, s *substitution, flags *regex.Flags) {
	seenNumber := false
	for {
		switch ch := p.peek(); {
		case ch == 'g':
			if s.global {
				p.pos++
				p.fail("multiple `g' options to `s' command")
			}
			s.global = true
		case ch == 'p':
			if s.print > 0 {
				p.pos++
				p.fail("multiple `p' options to `s' command")
			}
			s.print++
		case ch == 'i' || ch == 'I':
			flags.IgnoreCase = true
		case ch == 'm' || ch == 'M':
			flags.Multiline = true
		case ch == 'e':
			s.execute = true
		case ch >= '0' && ch <= '9':
			if seenNumber {
				p.pos++
				p.fail("multiple number options to `s' command")
			}
			seenNumber = true
			if s.nth = p.number(); s.nth == 0 {
				p.fail("number option to `s' command may not be zero")
			}
			continue
		case ch == 'w':
			p.pos++
			p.blanks()
			if s.file = p.word("\n"); s.file == "" {
				p.fail("missing filename in r/R/w/W commands")
			}
			return
		case ch == '}' || ch == '#':
			return
		case ch == 0 || ch == '\n' || ch == ';':
			if p.more() {
				p.pos++
			}
			return
		case ch == ' ' || ch == '\t':
		default:
			p.pos++
			p.fail("unknown option to `s'")
		}
		p.pos++
	}
}

// replacement reads the right side of s.
func (p *parser) replacement(text string, groups int) []replacement {
	var out []replacement
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, replacement{text: b.String(), group: -1})
			b.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '&':
			flush()
			out = append(out, replacement{group: 0})
		case c == '\\' && i+1 < len(text):
			i++
			switch next := text[i]; {
			case next >= '0' && next <= '9':
				n := int(next - '0')
				if n > groups {
					p.fail("invalid reference \\%d on `s' command's RHS", n)
				}
				flush()
				out = append(out, replacement{group: n})
			case strings.IndexByte("ULulE", next) >= 0:
				flush()
				out = append(out, replacement{group: -1, change: next})
			default:
				if r, n, ok := regex.Escape(text[i:]); ok {
					b.WriteRune(r)
					i += n - 1
				} else {
					b.WriteByte(next)
				}
			}
		default:
			b.WriteByte(c)
		}
	}
	flush()
	return out
}

func (p *parser) transliteration(c *command) {
	d := p.delimiter('y')
	from, ok1 := p.until(d, false)
	to, ok2 := "", false
	if ok1 {
		to, ok2 = p.until(d, false)
	}
	if !ok1 || !ok2 {
		p.pos = len(p.text)
		p.fail("unterminated `y' command")
	}
	unescape := func(s string) []rune {
		var out []rune
		rs := []rune(s)
		for i := 0; i < len(rs); i++ {
			if rs[i] == '\\' && i+1 < len(rs) {
				i++
				switch rs[i] {
				case 'n':
					out = append(out, '\n')
				case 't':
					out = append(out, '\t')
				case '\\':
					out = append(out, '\\')
				default:
					out = append(out, '\\', rs[i])
				}
				continue
			}
			out = append(out, rs[i])
		}
		return out
	}
	a, b := unescape(from), unescape(to)
	if len(a) != len(b) {
		p.fail("strings for `y' command are different lengths")
	}
	c.table = map[rune]rune{}
	for i, r := range a {
		if _, ok := c.table[r]; !ok {
			c.table[r] = b[i]
		}
	}
	p.end(c)
}
