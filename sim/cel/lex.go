package cel

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kinds of tokens that are not their own text.
const (
	eof      = "<EOF>"
	ident    = "IDENTIFIER"
	escIdent = "ESC_IDENTIFIER"
	intNum   = "NUM_INT"
	uintNum  = "NUM_UINT"
	floatNum = "NUM_FLOAT"
	text     = "STRING"
	byteText = "BYTES"
)

// token is a word of an expression. kind is one of the names above or, for operators and keywords, the text itself.
type token struct {
	kind, text string
	pos        int // in runes
}

// shown is how messages name a token.
func (t token) shown() string {
	if t.kind == eof {
		return "'" + eof + "'"
	}
	return "'" + strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(t.text) + "'"
}

func shownKind(kind string) string {
	switch kind {
	case eof, ident, escIdent, intNum, uintNum, floatNum, text, byteText:
		return kind
	}
	return "'" + kind + "'"
}

const operators = "== != <= >= && || < > ( ) [ ] { } . , - ! ? : + * / %"

type lexer struct {
	src  []rune
	pos  int
	errs *errors
}

func (l *lexer) at(i int) rune {
	if l.pos+i < len(l.src) {
		return l.src[l.pos+i]
	}
	return -1
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
func isHex(r rune) bool {
	return isDigit(r) || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F'
}
func isLetter(r rune) bool { return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// tokens are all of them, with the end as the last.
func (l *lexer) tokens() (out []token) {
	for {
		for l.blank() {
		}
		start := l.pos
		if start >= len(l.src) {
			return append(out, token{eof, eof, start})
		}
		kind := l.next()
		if kind == "" {
			continue
		}
		out = append(out, token{kind, string(l.src[start:l.pos]), start})
	}
}

func (l *lexer) blank() bool {
	switch r := l.at(0); {
	case r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f':
		l.pos++
	case r == '/' && l.at(1) == '/':
		for l.at(0) != '\n' && l.at(0) != -1 {
			l.pos++
		}
	default:
		return false
	}
	return true
}

func (l *lexer) next() string {
	r := l.at(0)
	prefix, kind := 0, text
	if (r == 'b' || r == 'B') && (l.at(1) == '\'' || l.at(1) == '"' || isRaw(l.at(1)) && (l.at(2) == '\'' || l.at(2) == '"')) {
		prefix, kind = 1, byteText
	}
	raw := isRaw(l.at(prefix)) && (l.at(prefix+1) == '\'' || l.at(prefix+1) == '"')
	if raw {
		prefix++
	}
	switch q := l.at(prefix); {
	case q == '\'' || q == '"':
		return l.quoted(prefix, q, raw, kind)
	case isLetter(r):
		start := l.pos
		for isLetter(l.at(0)) || isDigit(l.at(0)) {
			l.pos++
		}
		switch word := string(l.src[start:l.pos]); word {
		case "in", "true", "false", "null":
			return word
		}
		return ident
	case r == '`':
		end := 1
		for c := l.at(end); isLetter(c) || isDigit(c) || c == '.' || c == '-' || c == '/' || c == ' '; c = l.at(end) {
			end++
		}
		if end > 1 && l.at(end) == '`' {
			l.pos += end + 1
			return escIdent
		}
	case isDigit(r) || r == '.' && isDigit(l.at(1)):
		return l.number()
	}
	for _, op := range strings.Fields(operators) {
		if n := len(op); l.pos+n <= len(l.src) && string(l.src[l.pos:l.pos+n]) == op {
			l.pos += n
			return op
		}
	}
	n := 1
	if strings.ContainsRune("=&|", r) { // two of them would be a token
		n = 2
	}
	l.unknown(l.pos + n)
	return ""
}

func isRaw(r rune) bool { return r == 'r' || r == 'R' }

// unknown skips what starts no token.
func (l *lexer) unknown(end int) {
	end = min(end, len(l.src))
	l.errs.add(l.pos, "Syntax error: token recognition error at: "+token{"", string(l.src[l.pos:end]), 0}.shown())
	l.pos = end
}

func (l *lexer) number() string {
	if l.at(0) == '0' && l.at(1) == 'x' && isHex(l.at(2)) {
		for l.pos += 2; isHex(l.at(0)); l.pos++ {
		}
		return l.unsigned()
	}
	digits := func() {
		for isDigit(l.at(0)) {
			l.pos++
		}
	}
	digits()
	kind := intNum
	if l.at(0) == '.' && isDigit(l.at(1)) {
		kind = floatNum
		l.pos++
		digits()
	}
	if e := l.at(0); e == 'e' || e == 'E' {
		n := 1
		if s := l.at(1); s == '+' || s == '-' {
			n = 2
		}
		if isDigit(l.at(n)) {
			kind = floatNum
			l.pos += n
			digits()
		}
	}
	if kind == intNum {
		return l.unsigned()
	}
	return kind
}

func (l *lexer) unsigned() string {
	if u := l.at(0); u == 'u' || u == 'U' {
		l.pos++
		return uintNum
	}
	return intNum
}

func (l *lexer) quoted(prefix int, q rune, raw bool, kind string) string {
	long := l.at(prefix+1) == q && l.at(prefix+2) == q
	i, width := prefix+1, 1
	if long {
		i, width = prefix+3, 3
	}
	for {
		switch r := l.at(i); {
		case r == -1 || !long && (r == '\n' || r == '\r'):
			if long { // two quotes are a text of their own
				l.pos += prefix + 2
				return kind
			}
			l.unknown(l.pos + i + 1)
			return ""
		case r == '\\' && !raw:
			n := escapeLength(l.src[min(l.pos+i, len(l.src)):])
			if n == 0 {
				l.unknown(l.pos + i + 2)
				return ""
			}
			i += n
		case r == q && (!long || l.at(i+1) == q && l.at(i+2) == q):
			l.pos += i + width
			return kind
		default:
			i++
		}
	}
}

// escapeLength is the length of the escape with which s begins; 0 where it is none.
func escapeLength(s []rune) int {
	if len(s) < 2 {
		return 0
	}
	n, digit := 0, isHex
	switch c := s[1]; {
	case strings.ContainsRune("abfnrtv\"'\\?`", c):
		return 2
	case c == 'x' || c == 'X':
		n = 2
	case c == 'u':
		n = 4
	case c == 'U':
		n = 8
	case c >= '0' && c <= '3':
		n, digit = 2, func(r rune) bool { return r >= '0' && r <= '7' }
	default:
		return 0
	}
	if len(s) < 2+n {
		return 0
	}
	for _, r := range s[2 : 2+n] {
		if !digit(r) {
			return 0
		}
	}
	return 2 + n
}

// unquote is what a literal stands for; ok is false where an escape stands for no character.
func unquote(s string, isBytes bool) (out string, ok bool) {
	raw := isRaw(rune(s[0]))
	if raw {
		s = s[1:]
	}
	width := 1
	if len(s) >= 6 && s[0] == s[1] && s[1] == s[2] {
		width = 3
	}
	s = s[width : len(s)-width]
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	if raw || !strings.Contains(s, `\`) {
		return s, true
	}
	var b strings.Builder
	runes := []rune(s)
	for i := 0; i < len(runes); {
		if runes[i] != '\\' {
			b.WriteRune(runes[i])
			i++
			continue
		}
		n := escapeLength(runes[i:])
		c, digits, base := runes[i+1], runes[i+2:i+n], rune(16)
		i += n
		if n == 2 {
			if at := strings.IndexRune("abfnrtv", c); at >= 0 {
				c = rune("\a\b\f\n\r\t\v"[at])
			}
			b.WriteRune(c)
			continue
		}
		if isDigit(c) {
			digits, base = append([]rune{c}, digits...), 8
		}
		value := rune(0)
		for _, d := range digits {
			value = value*base + rune(strings.IndexRune("0123456789abcdef", unicode.ToLower(d)))
		}
		switch {
		case isBytes && (c == 'u' || c == 'U'):
			return "", false
		case isBytes:
			b.WriteByte(byte(value))
		case !utf8.ValidRune(value):
			return "", false
		default:
			b.WriteRune(value)
		}
	}
	return b.String(), true
}
