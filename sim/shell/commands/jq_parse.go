package commands

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonParser reads JSON values one after the other as jq does, with jq's messages and positions. It tells order which
// keys each object had, in turn.
type jsonParser struct {
	data   string
	pos    int
	line   int
	column int
	order  *keyOrder

	stack  []*partial
	next   any
	has    bool // next holds a value
	token  []byte
	quoted bool
	escape bool
}

// partial is an array or an object that is not closed yet.
type partial struct {
	list   []any
	object map[string]any // nil for an array
	keys   []string
	key    string
	hasKey bool
}

type jsonError string

func (e jsonError) Error() string { return string(e) }

func newJSONParser(data []byte, order *keyOrder) *jsonParser {
	return &jsonParser{data: string(data), line: 1, order: order}
}

// read is the next value; ok is false at the end.
func (p *jsonParser) read() (v any, ok bool, err error) {
	for p.pos < len(p.data) {
		c := p.data[p.pos]
		p.pos++
		p.column++
		if c == '\n' {
			p.line++
			p.column = 0
		}
		if msg := p.scan(c); msg != "" {
			return nil, false, jsonError(fmt.Sprintf("%s at line %d, column %d", msg, p.line, p.column))
		}
		if len(p.stack) == 0 && p.has && !p.quoted && len(p.token) == 0 {
			v, p.next, p.has = p.next, nil, false
			return v, true, nil
		}
	}
	msg := ""
	switch {
	case p.quoted:
		msg = "Unfinished string"
	default:
		if msg = p.literal(); msg == "" && len(p.stack) > 0 {
			msg = "Unfinished JSON term"
		}
	}
	if msg != "" {
		return nil, false, jsonError(fmt.Sprintf("%s at EOF at line %d, column %d", msg, p.line, p.column))
	}
	v, ok, p.next, p.has = p.next, p.has, nil, false
	return v, ok, nil
}

// lines is how many lines have been read, the current one with its newline included.
func (p *jsonParser) lines() int {
	end := strings.IndexByte(p.data[p.pos:], '\n')
	if end < 0 {
		return strings.Count(p.data, "\n")
	}
	return strings.Count(p.data[:p.pos+end+1], "\n")
}

// scan takes one byte; the result is what is wrong, "" where nothing is.
func (p *jsonParser) scan(c byte) string {
	if p.quoted {
		switch {
		case p.escape:
			p.escape = false
		case c == '\\':
			p.escape = true
		case c == '"':
			p.quoted = false
			s, msg := unquoteJSON(string(p.token))
			p.token = p.token[:0]
			if msg != "" {
				return msg
			}
			return p.value(s)
		}
		p.token = append(p.token, c)
		return ""
	}
	switch c {
	case ' ', '\t', '\r', '\n':
		return p.literal()
	case '"':
		if msg := p.literal(); msg != "" {
			return msg
		}
		p.quoted = true
	case '[', '{', ':', ',', ']', '}':
		if msg := p.literal(); msg != "" {
			return msg
		}
		return p.structure(c)
	default:
		p.token = append(p.token, c)
	}
	return ""
}

func (p *jsonParser) value(v any) string {
	if p.has {
		return "Expected separator between values"
	}
	p.next, p.has = v, true
	return ""
}

// literal takes the word or number that has been gathered.
func (p *jsonParser) literal() string {
	if len(p.token) == 0 {
		return ""
	}
	s := string(p.token)
	p.token = p.token[:0]
	want, v := "", any(nil)
	switch s[0] {
	case 't':
		want, v = "true", true
	case 'f':
		want, v = "false", false
	case 'n':
		if want = "null"; len(s) == 3 {
			want = "nan"
		}
	}
	if want != "" {
		if s != want {
			return "Invalid literal"
		}
		return p.value(v)
	}
	n, ok := parseNumber(s)
	if !ok {
		return "Invalid numeric literal"
	}
	return p.value(n)
}

func parseNumber(s string) (any, bool) {
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return nil, false
	}
	if n, err := strconv.Atoi(s); err == nil && s[0] != '+' {
		return n, true
	}
	if b, ok := new(big.Int).SetString(s, 10); ok && s[0] != '+' {
		return b, true
	}
	x, err := strconv.ParseFloat(s, 64)
	if math.IsInf(x, 0) {
		return math.Copysign(math.MaxFloat64, x), true
	}
	return x, err == nil
}

// maxNesting is jq's.
const maxNesting = 10_000

func (p *jsonParser) top() *partial {
	if len(p.stack) == 0 {
		return nil
	}
	return p.stack[len(p.stack)-1]
}

func (p *jsonParser) structure(c byte) string {
	top := p.top()
	switch c {
	case '[', '{':
		if len(p.stack) >= maxNesting {
			return "Exceeds depth limit for parsing"
		}
		if p.has {
			return "Expected separator between values"
		}
		n := &partial{}
		if c == '{' {
			n.object = map[string]any{}
		} else {
			n.list = []any{}
		}
		p.stack = append(p.stack, n)
		return ""
	case ':':
		return p.colon(top)
	case ',':
		return p.comma(top)
	case ']':
		return p.closeArray(top)
	}
	return p.closeObject(top)
}

func (p *jsonParser) colon(top *partial) string {
	if top == nil || top.object == nil {
		return "':' not as part of an object"
	}
	if !p.has {
		return "Expected string key before ':'"
	}
	if top.hasKey {
		return "':' should follow a key"
	}
	s, ok := p.next.(string)
	if !ok {
		return "Object keys must be strings"
	}
	top.key, top.hasKey = s, true
	p.next, p.has = nil, false
	return ""
}

func (p *jsonParser) comma(top *partial) string {
	if !p.has {
		return "Expected value before ','"
	}
	switch {
	case top == nil:
		return "',' not as part of an object or array"
	case top.object == nil:
		top.list = append(top.list, p.next)
	case !top.hasKey:
		return "Objects must consist of key:value pairs"
	default:
		top.put(p.next)
	}
	p.next, p.has = nil, false
	return ""
}

func (t *partial) put(v any) {
	if _, again := t.object[t.key]; !again {
		t.keys = append(t.keys, t.key)
	}
	t.object[t.key], t.hasKey = v, false
}

func (p *jsonParser) closeArray(top *partial) string {
	switch {
	case top == nil || top.object != nil:
		return "Unmatched ']'"
	case p.has:
		top.list = append(top.list, p.next)
	case len(top.list) > 0:
		return "Expected another array element"
	}
	p.stack = p.stack[:len(p.stack)-1]
	p.next, p.has = top.list, true
	return ""
}

func (p *jsonParser) closeObject(top *partial) string {
	switch {
	case top == nil || top.object == nil:
		return "Unmatched '}'"
	case p.has && !top.hasKey:
		return "Objects must consist of key:value pairs"
	case p.has:
		top.put(p.next)
	case top.hasKey:
		return "Unmatched '}'"
	case len(top.object) > 0:
		return "Expected another key-value pair"
	}
	p.stack = p.stack[:len(p.stack)-1]
	p.next, p.has = top.object, true
	if p.order != nil {
		p.order.learn(top.keys)
	}
	return ""
}

// unquoteJSON expands a string's escapes; msg is what is wrong with them.
func unquoteJSON(s string) (out, msg string) {
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		if c < 0x20 {
			return "", "Invalid string: control characters from U+0000 through U+001F must be escaped"
		}
		if c != '\\' {
			r, size := utf8.DecodeRuneInString(s[i:])
			b.WriteRune(r)
			i += size
			continue
		}
		i++
		if i == len(s) {
			return "", "Expected escape character at end of string"
		}
		at := strings.IndexByte(`"\/bfnrt`, s[i])
		switch {
		case at >= 0:
			b.WriteByte("\"\\/\b\f\n\r\t"[at])
			i++
		case s[i] == 'u':
			r, n := hexRune(s[i+1:])
			if n == 0 {
				return "", "Invalid \\uXXXX escape"
			}
			i += 1 + n
			if utf16.IsSurrogate(r) && strings.HasPrefix(s[i:], `\u`) {
				if low, n := hexRune(s[i+2:]); n > 0 {
					if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
						r = full
						i += 2 + n
					}
				}
			}
			b.WriteRune(r)
		default:
			return "", "Invalid escape"
		}
	}
	return b.String(), ""
}

func hexRune(s string) (rune, int) {
	if len(s) < 4 {
		return 0, 0
	}
	n, err := strconv.ParseUint(s[:4], 16, 32)
	if err != nil {
		return 0, 0
	}
	return rune(n), 4
}
