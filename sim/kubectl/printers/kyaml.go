package printers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"terrarium/sim/kubectl/object"
)

// KYAML writes the strict dialect of YAML in which brackets, not blanks, carry the structure.
type KYAML struct{}

func (KYAML) Print(v any, w io.Writer) error {
	if o, ok := v.(map[string]any); ok {
		if _, _, isEvent := asEvent(o); !isEvent && object.Kind(o) == "" && object.APIVersion(o) == "" {
			return errNoKind
		}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	n, err := readNode(d)
	if err != nil {
		return err
	}
	var b kyamlBuffer
	b.WriteString("---\n")
	b.node(n, 0)
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}

// node is a JSON value that keeps the order of keys.
type node struct {
	open     byte // { or [, 0 for a scalar
	keys     []string
	children []node
	text     string // of a scalar other than a string
	str      *string
}

func readNode(d *json.Decoder) (node, error) {
	tok, err := d.Token()
	if err != nil {
		return node{}, err
	}
	switch t := tok.(type) {
	case json.Delim:
		n := node{open: byte(t)}
		for d.More() {
			if t == '{' {
				key, err := d.Token()
				if err != nil {
					return n, err
				}
				n.keys = append(n.keys, key.(string))
			}
			child, err := readNode(d)
			if err != nil {
				return n, err
			}
			n.children = append(n.children, child)
		}
		_, err := d.Token()
		return n, err
	case string:
		return node{str: &t}, nil
	case json.Number:
		return node{text: t.String()}, nil
	case nil:
		return node{text: "null"}, nil
	}
	return node{text: fmt.Sprint(tok)}, nil
}

type kyamlBuffer struct{ bytes.Buffer }

func (b *kyamlBuffer) indent(n int) { b.WriteString(strings.Repeat("  ", n)) }

func (b *kyamlBuffer) node(n node, indent int) {
	switch {
	case n.open == '{':
		b.mapping(n, indent)
	case n.open == '[':
		b.sequence(n, indent)
	case n.str != nil:
		b.str(*n.str, indent+1, false)
	default:
		b.WriteString(n.text)
	}
}

func (b *kyamlBuffer) mapping(n node, indent int) {
	if len(n.keys) == 0 {
		b.WriteString("{}")
		return
	}
	b.WriteString("{\n")
	for i, key := range n.keys {
		b.indent(indent + 1)
		if needsQuotes(key) {
			b.str(key, indent+1, true)
		} else {
			b.WriteString(key)
		}
		b.WriteString(": ")
		b.node(n.children[i], indent+1)
		b.WriteString(",\n")
	}
	b.indent(indent)
	b.WriteByte('}')
}

func (b *kyamlBuffer) sequence(n node, indent int) {
	if len(n.children) == 0 {
		b.WriteString("[]")
		return
	}
	cuddled := true
	for _, c := range n.children {
		cuddled = cuddled && c.open != 0
	}
	b.WriteByte('[')
	for i, c := range n.children {
		if cuddled {
			if i > 0 {
				b.WriteString(", ")
			}
			b.node(c, indent)
			continue
		}
		b.WriteByte('\n')
		b.indent(indent + 1)
		b.node(c, indent+1)
		b.WriteByte(',')
	}
	if !cuddled {
		b.WriteByte('\n')
		b.indent(indent)
	}
	b.WriteByte(']')
}

const fold = "\\\n"

// str writes a quoted string, over several lines where it has several and compact is not set.
func (b *kyamlBuffer) str(s string, indent int, compact bool) {
	multi := strings.Contains(s, "\n") && !compact
	b.WriteByte('"')
	if multi {
		b.WriteString(fold)
	}
	for _, r := range s {
		b.char(r, indent, compact)
	}
	if multi {
		if !b.afterNewline() {
			b.WriteString(fold)
		}
		b.indent(indent)
	}
	b.WriteByte('"')
}

func (b *kyamlBuffer) afterNewline() bool { return bytes.HasSuffix(b.Bytes(), []byte{'\n'}) }

func (b *kyamlBuffer) char(r rune, indent int, compact bool) {
	if b.afterNewline() {
		b.indent(indent)
		// A blank at the start of a line would be dropped; other lines get a blank to stay aligned with escaped ones.
		if unicode.IsSpace(r) && r != '\n' {
			b.WriteByte('\\')
		} else {
			b.WriteByte(' ')
		}
	}
	switch {
	case r == '\n' && !compact:
		b.WriteString("\\n" + fold)
	case r == '\t' && !compact:
		b.WriteByte('\t')
	case r == '"' || r == '\\':
		b.WriteByte('\\')
		b.WriteRune(r)
	case unicode.IsPrint(r):
		b.WriteRune(r)
	default:
		b.WriteString(escaped(r))
	}
}

func escaped(r rune) string {
	if i := strings.IndexRune("\a\b\f\n\r\t\v\x00\x1b\u0085\u00a0\u2028\u2029", r); i >= 0 {
		n := utf8.RuneCountInString("\a\b\f\n\r\t\v\x00\x1b\u0085\u00a0\u2028\u2029"[:i])
		return "\\" + "abfnrtv0eN_LP"[n:n+1]
	}
	switch {
	case r < ' ' || r == 0x7f:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// needsQuotes says whether a key could be read as something other than that string.
func needsQuotes(s string) bool {
	if s == "" || looksTyped(s) {
		return true
	}
	runes := []rune(s)
	for i, r := range runes {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r), r == '_':
		case i > 0 && i < len(runes)-1 && (r == '-' || r == '.' || r == '/'):
		default:
			return true
		}
	}
	return false
}

var sexagesimal = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[+-]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
})

// looksTyped says whether YAML may read s as null, a boolean, a number or a time.
func looksTyped(s string) bool {
	switch strings.ToLower(s) {
	case "null", "~", "true", "y", "yes", "on", "false", "n", "no", "off", ".inf", "-.inf", "+.inf", ".nan":
		return true
	}
	if _, err := strconv.ParseBool(s); err == nil {
		return true
	}
	digits := strings.ReplaceAll(s, "_", "")
	if _, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return true
	}
	if _, err := strconv.ParseFloat(digits, 64); err == nil {
		return true
	}
	return sexagesimal().MatchString(s) || looksLikeTime(s)
}

func looksLikeTime(s string) bool {
	if len(s) < 5 || strings.Trim(s[:4], "0123456789") != "" || s[4] != '-' {
		return false
	}
	for _, layout := range []string{"2006-1-2T15:4:5.999999999Z07:00", "2006-1-2t15:4:5.999999999Z07:00", "2006-1-2 15:4:5.999999999", "2006-1-2"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
