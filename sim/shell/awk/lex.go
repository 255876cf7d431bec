package awk

import (
	"fmt"
	"strconv"
	"strings"
)

type tokenKind uint8

const (
	tEOF tokenKind = iota
	tNewline
	tNumber
	tString
	tRegex
	tName
	tCall // a name with ( directly behind it
	tBuiltin
	tKeyword
	tOp
)

type token struct {
	kind tokenKind
	text string // of names, keywords, operators; the value of strings and regular expressions
	num  float64
	line int
}

func (t token) String() string {
	switch t.kind {
	case tEOF:
		return "end of file"
	case tNewline:
		return "end of line"
	case tNumber:
		return strconv.FormatFloat(t.num, 'g', -1, 64)
	case tRegex:
		return "/" + t.text + "/"
	}
	return t.text
}

// syntaxError is a program that is none; its text is mawk's, which is what Debian and Ubuntu have.
type syntaxError struct {
	line int
	text string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

var keywords = map[string]bool{
	"BEGIN": true, "END": true, "function": true, "func": true, "if": true, "else": true, "while": true, "for": true,
	"do": true, "break": true, "continue": true, "next": true, "nextfile": true, "exit": true, "return": true,
	"delete": true, "in": true, "getline": true, "print": true, "printf": true, "switch": true, "case": true, "default": true,
}

var operators = []string{
	"**=", "&&", "||", "==", "!=", "<=", ">=", ">>", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "!~", "**",
	"{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", "<", ">", "|", "?", ":", "~", "$", "=",
}

type lexer struct {
	src  string
	pos  int
	line int
	last token
}

// next reads a token. regex says that a slash begins a regular expression here.
func (l *lexer) next() token {
	t := l.scan()
	l.last = t
	return t
}

func (l *lexer) fail(format string, args ...any) {
	panic(&syntaxError{l.line, fmt.Sprintf(format, args...)})
}

func (l *lexer) blanks() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == ' ' || c == '\t' || c == '\r':
			l.pos++
		case c == '\\' && strings.HasPrefix(l.src[l.pos+1:], "\n"):
			l.pos += 2
			l.line++
		case c == '\\' && strings.HasPrefix(l.src[l.pos+1:], "\r\n"):
			l.pos += 3
			l.line++
		case c == '#':
			for l.pos < len(l.src) && l.src[l.pos] != '\n' {
				l.pos++
			}
		default:
			return
		}
	}
}

func (l *lexer) scan() token {
	l.blanks()
	t := token{line: l.line}
	if l.pos >= len(l.src) {
		return t
	}
	switch c := l.src[l.pos]; {
	case c == '\n':
		l.pos++
		l.line++
		t.kind = tNewline
		return t
	case c == '"':
		t.kind, t.text = tString, l.quoted()
		return t
	case c == '/' && l.regexNext():
		t.kind, t.text = tRegex, l.regex()
		return t
	case c >= '0' && c <= '9' || c == '.' && l.pos+1 < len(l.src) && digit(l.src[l.pos+1]):
		t.kind = tNumber
		n := numberPrefix(l.src[l.pos:], true)
		t.num = parseNumber(l.src[l.pos : l.pos+n])
		l.pos += n
		return t
	case letter(c):
		return l.word(t)
	}
	for _, op := range operators {
		if strings.HasPrefix(l.src[l.pos:], op) {
			l.pos += len(op)
			t.kind, t.text = tOp, op
			if op == "**" {
				t.text = "^"
			}
			if op == "**=" {
				t.text = "^="
			}
			return t
		}
	}
	l.fail("syntax error at or near %q", string(l.src[l.pos]))
	return t
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func (l *lexer) word(t token) token {
	start := l.pos
	for l.pos < len(l.src) && (letter(l.src[l.pos]) || digit(l.src[l.pos])) {
		l.pos++
	}
	t.text = l.src[start:l.pos]
	switch {
	case keywords[t.text]:
		t.kind = tKeyword
		if t.text == "func" {
			t.text = "function"
		}
	case builtins[t.text] != nil:
		t.kind = tBuiltin
	case l.pos < len(l.src) && l.src[l.pos] == '(':
		t.kind = tCall
	default:
		t.kind = tName
	}
	return t
}

// regexNext decides by the token before whether a slash divides or begins a regular expression.
func (l *lexer) regexNext() bool {
	switch l.last.kind {
	case tNumber, tString, tName, tRegex:
		return false
	case tBuiltin:
		return false // length / 2
	case tOp:
		return l.last.text != ")" && l.last.text != "]" && l.last.text != "$" && l.last.text != "++" && l.last.text != "--"
	case tKeyword:
		return l.last.text != "getline" // getline / 2 divides, as nobody writes
	}
	return true
}

func (l *lexer) regex() string {
	var b strings.Builder
	in := false // a bracket expression
	for i := l.pos + 1; i < len(l.src); i++ {
		switch c := l.src[i]; {
		case c == '\n':
			l.fail("regular expression compile failed (missing operand)\n%s", b.String())
		case c == '\\' && i+1 < len(l.src):
			if l.src[i+1] == '/' {
				b.WriteByte('/')
			} else {
				b.WriteString(l.src[i : i+2])
			}
			i++
		case c == '/' && !in:
			l.pos = i + 1
			return b.String()
		default:
			if c == '[' && !in {
				in = true
				b.WriteByte(c)
				if i+1 < len(l.src) && l.src[i+1] == '^' {
					i++
					b.WriteByte('^')
				}
				if i+1 < len(l.src) && l.src[i+1] == ']' {
					i++
					b.WriteByte(']')
				}
				continue
			}
			if c == ']' {
				in = false
			}
			b.WriteByte(c)
		}
	}
	l.fail("runaway regular expression /%.10s ...", l.src[l.pos+1:])
	return ""
}

func (l *lexer) quoted() string {
	for i := l.pos + 1; i < len(l.src); i++ {
		switch l.src[i] {
		case '\\':
			i++
			if i < len(l.src) && l.src[i] == '\n' {
				l.line++
			}
		case '\n':
			l.fail("runaway string constant %.10s ...", l.src[l.pos:])
		case '"':
			s := unescape(l.src[l.pos+1 : i])
			l.pos = i + 1
			return s
		}
	}
	l.fail("runaway string constant %.10s ...", l.src[l.pos:])
	return ""
}

// unescape reads the escapes of a string constant, or of a -v value. A backslash before another character stays.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if at := strings.IndexByte(`abfnrtv"\/`, s[i]); at >= 0 {
			b.WriteByte("\a\b\f\n\r\t\v\"\\/"[at])
			continue
		}
		switch c := s[i]; {
		case c == '\n':
		case c >= '0' && c <= '7':
			n, j := 0, i
			for ; j < len(s) && j < i+3 && s[j] >= '0' && s[j] <= '7'; j++ {
				n = n*8 + int(s[j]-'0')
			}
			b.WriteByte(byte(n))
			i = j - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}
