// Package posix compiles the regular expressions of grep, sed, awk and bash, as Go's regexp matches them: leftmost,
// longest.
//
// It knows no program. Go's engine has no back-references within an expression; who uses one gets an error.
package posix

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Flags say how an expression is read.
type Flags int

// The flags. Without Extended an expression is a basic one: \( \) \{ \} \| \+ \? are the operators.
const (
	Extended Flags = 1 << iota
	IgnoreCase
	// MultiLine lets ^ and $ match at newlines within the text.
	MultiLine
)

// The errors of Compile, in the words of the GNU programs.
var (
	ErrBracket   = errors.New("Unmatched [, [^, [:, [., or [=")
	ErrParen     = errors.New("Unmatched ( or \\(")
	ErrCloser    = errors.New("Unmatched ) or \\)")
	ErrBrace     = errors.New("Unmatched { or \\{")
	ErrContent   = errors.New("Invalid content of \\{\\}")
	ErrTrailing  = errors.New("Trailing backslash")
	ErrPreceding = errors.New("Invalid preceding regular expression")
	ErrReference = errors.New("Invalid back reference")
	ErrBackrefs  = errors.New("back-references in a regular expression are not simulated")
	ErrClass     = errors.New("Invalid character class name")
	ErrRange     = errors.New("Invalid range end")
	ErrTooBig    = errors.New("Regular expression too big")
)

// Compile compiles an expression.
func Compile(expr string, flags Flags) (*regexp.Regexp, error) {
	t := translator{in: expr, extended: flags&Extended != 0}
	if err := t.run(); err != nil {
		return nil, err
	}
	mode := "s"
	if flags&IgnoreCase != 0 {
		mode += "i"
	}
	if flags&MultiLine != 0 {
		mode += "m"
	}
	re, err := regexp.Compile("(?" + mode + ")" + t.out.String())
	if err != nil {
		return nil, plain(err)
	}
	re.Longest()
	return re, nil
}

func plain(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "invalid character class range"):
		return ErrRange
	case strings.Contains(text, "invalid repeat count"), strings.Contains(text, "expression nests too deeply"), strings.Contains(text, "too large"):
		return ErrTooBig
	case strings.Contains(text, "invalid nested repetition"), strings.Contains(text, "missing argument"):
		return ErrPreceding
	}
	return err
}

type translator struct {
	in       string
	extended bool
	pos      int
	out      strings.Builder
	depth    int
	atom     bool // something stands before that can be repeated
	groups   int
}

func (t *translator) rest() string { return t.in[t.pos:] }

func (t *translator) run() error {
	for t.pos < len(t.in) {
		if err := t.next(); err != nil {
			return err
		}
	}
	if t.depth > 0 {
		return ErrParen
	}
	return nil
}

func (t *translator) next() error {
	c := t.in[t.pos]
	switch c {
	case '\\':
		return t.escape()
	case '[':
		return t.bracket()
	case '*':
		t.pos++
		t.repeat("*", "*")
		return nil
	case '^':
		t.pos++
		if t.extended || t.starts() {
			t.out.WriteString("^")
			return nil
		}
		t.literal('^')
		return nil
	case '$':
		t.pos++
		if t.extended || t.ends() {
			t.out.WriteString("$")
			return nil
		}
		t.literal('$')
		return nil
	case '.':
		t.pos++
		t.out.WriteString(".")
		t.atom = true
		return nil
	}
	if t.extended && strings.IndexByte("()|+?{", c) >= 0 {
		t.pos++
		return t.operator(c)
	}
	r, size := utf8.DecodeRuneInString(t.rest())
	t.pos += size
	if r == utf8.RuneError && size == 1 {
		t.out.WriteString(".") // a byte that is no text
		t.atom = true
		return nil
	}
	t.literal(r)
	return nil
}

func (t *translator) literal(r rune) {
	t.out.WriteString(regexp.QuoteMeta(string(r)))
	t.atom = true
}

// starts reports whether ^ is an anchor in a basic expression: at its beginning, or that of a group or branch.
func (t *translator) starts() bool {
	before := t.in[:t.pos-1]
	return before == "" || strings.HasSuffix(before, `\(`) || strings.HasSuffix(before, `\|`) || strings.HasSuffix(before, "\n")
}

func (t *translator) ends() bool {
	rest := t.rest()
	return rest == "" || strings.HasPrefix(rest, `\)`) || strings.HasPrefix(rest, `\|`) || strings.HasPrefix(rest, "\n")
}

func (t *translator) operator(c byte) error {
	switch c {
	case '(':
		t.depth++
		t.groups++
		t.out.WriteByte('(')
		t.atom = false
	case ')':
		if t.depth == 0 {
			if t.extended {
				t.literal(')')
				return nil
			}
			return ErrCloser
		}
		t.depth--
		t.out.WriteByte(')')
		t.atom = true
	case '|':
		t.out.WriteByte('|')
		t.atom = false
	case '+', '?':
		t.repeat(string(c), string(c))
	case '{':
		return t.interval()
	}
	return nil
}

// repeat writes a repetition of what stands before; where nothing does, the character is itself.
func (t *translator) repeat(op, self string) {
	if !t.atom {
		t.out.WriteString(regexp.QuoteMeta(self))
		t.atom = true
		return
	}
	s := t.out.String()
	if n := len(s); n > 0 && strings.IndexByte("*+?", s[n-1]) >= 0 && !(n > 1 && s[n-2] == '\\') {
		// a** and a+* are a*; Go would read a second ? as lazy.
		if op != "*" && s[n-1] == op[0] {
			return
		}
		t.out.Reset()
		t.out.WriteString(s[:n-1] + "*")
		return
	}
	t.out.WriteString(op)
}

// interval reads {n}, {n,}, {,m} or {n,m}, behind its opening brace.
func (t *translator) interval() error {
	closer := "}"
	if !t.extended {
		closer = `\}`
	}
	body, _, ok := strings.Cut(t.rest(), closer)
	valid := ok && body != "" && body != "," && strings.Trim(body, "0123456789,") == "" && strings.Count(body, ",") <= 1
	if !valid || !t.atom {
		if t.extended {
			t.literal('{')
			return nil
		}
		switch {
		case !ok:
			return ErrBrace
		case !t.atom:
			return ErrPreceding
		}
		return ErrContent
	}
	t.pos += len(body) + len(closer)
	if strings.HasPrefix(body, ",") {
		body = "0" + body
	}
	s := t.out.String()
	if n := len(s); n > 0 && strings.IndexByte("*+?}", s[n-1]) >= 0 && !(n > 1 && s[n-2] == '\\') {
		return ErrPreceding
	}
	t.out.WriteString("{" + body + "}")
	return nil
}

func (t *translator) escape() error {
	if t.pos+1 >= len(t.in) {
		return ErrTrailing
	}
	r, size := utf8.DecodeRuneInString(t.in[t.pos+1:])
	t.pos += 1 + size
	switch {
	case !t.extended && r < utf8.RuneSelf && strings.IndexByte("(){|+?", byte(r)) >= 0:
		return t.operator(byte(r))
	case r >= '1' && r <= '9':
		if int(r-'0') > t.groups {
			return ErrReference
		}
		return ErrBackrefs
	case r == 'w':
		t.class(`[0-9A-Za-z_]`)
	case r == 'W':
		t.class(`[^0-9A-Za-z_]`)
	case r == 's':
		t.class(`\s`)
	case r == 'S':
		t.class(`\S`)
	case r == 'b', r == 'y':
		t.out.WriteString(`\b`)
	case r == 'B':
		t.out.WriteString(`\B`)
	case r == '<', r == '>':
		t.out.WriteString(`\b`)
	case r == '`':
		t.out.WriteString(`\A`)
	case r == '\'':
		t.out.WriteString(`\z`)
	case r == 'n':
		t.literal('\n')
	case r == 't':
		t.literal('\t')
	default:
		t.literal(r)
	}
	return nil
}

func (t *translator) class(s string) {
	t.out.WriteString(s)
	t.atom = true
}

var classes = map[string]bool{
	"alpha": true, "digit": true, "alnum": true, "upper": true, "lower": true, "space": true, "blank": true,
	"punct": true, "print": true, "graph": true, "cntrl": true, "xdigit": true,
}

// bracket reads a bracket expression. Within it a backslash is itself.
func (t *translator) bracket() error {
	i := t.pos + 1
	var b strings.Builder
	b.WriteByte('[')
	if i < len(t.in) && t.in[i] == '^' {
		b.WriteByte('^')
		i++
	}
	for first := true; ; first = false {
		if i >= len(t.in) {
			return ErrBracket
		}
		c := t.in[i]
		switch {
		case c == ']' && !first:
			b.WriteByte(']')
			t.pos = i + 1
			t.out.WriteString(b.String())
			t.atom = true
			return nil
		case c == '[' && i+1 < len(t.in) && strings.IndexByte(":.=", t.in[i+1]) >= 0:
			kind := t.in[i+1]
			end := strings.Index(t.in[i+2:], string(kind)+"]")
			if end < 0 {
				return ErrBracket
			}
			name := t.in[i+2 : i+2+end]
			if kind == ':' {
				if !classes[name] {
					return ErrClass
				}
				b.WriteString("[:" + name + ":]")
			} else {
				b.WriteString(regexp.QuoteMeta(name))
			}
			i += end + 4
		case c == '-' && !first && i+1 < len(t.in) && t.in[i+1] != ']' && !strings.HasSuffix(b.String(), "[^"):
			b.WriteByte('-')
			i++
		default:
			r, size := utf8.DecodeRuneInString(t.in[i:])
			if r < utf8.RuneSelf && !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == ' ') {
				b.WriteByte('\\')
			}
			if r == '\n' || r == '\t' {
				b.WriteString(map[rune]string{'\n': "n", '\t': "t"}[r])
			} else {
				b.WriteRune(r)
			}
			i += size
		}
	}
}
