package commands

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// print writes one result; false where nobody reads any more.
func (q *query) print(v any) bool {
	q.last, q.printed = v, true
	var b strings.Builder
	if q.seq {
		b.WriteByte(30)
	}
	if s, ok := v.(string); ok && q.raw {
		if q.ascii {
			s = asciiOnly(s)
		}
		b.WriteString(s)
	} else {
		w := jsonWriter{q: q, b: &b}
		w.value(v, 0)
	}
	switch {
	case q.raw0:
		b.WriteByte(0)
	case !q.join:
		b.WriteByte('\n')
	}
	_, err := io.WriteString(q.p.Stdout, b.String())
	return err == nil
}

// jsonWriter prints JSON as jq does.
type jsonWriter struct {
	q *query
	b *strings.Builder
}

// The colours of jq 1.7.
const (
	colorNull   = "1;30"
	colorFalse  = "0;39"
	colorTrue   = "0;39"
	colorNumber = "0;39"
	colorString = "0;32"
	colorArray  = "1;39"
	colorObject = "1;39"
	colorKey    = "34;1"
)

func (w jsonWriter) paint(color, text string) {
	if w.q.color {
		text = "\x1b[" + color + "m" + text + "\x1b[0m"
	}
	w.b.WriteString(text)
}

func (w jsonWriter) newline(level int) {
	if w.q.compact {
		return
	}
	w.b.WriteByte('\n')
	if w.q.tab {
		w.b.WriteString(strings.Repeat("\t", level))
	} else {
		w.b.WriteString(strings.Repeat(" ", level*w.q.indent))
	}
}

func (w jsonWriter) text(v any) string {
	data, err := gojq.Marshal(v)
	if err != nil {
		return "null"
	}
	if w.q.ascii {
		return asciiOnly(string(data))
	}
	return string(data)
}

func (w jsonWriter) value(v any, level int) {
	switch v := v.(type) {
	case nil:
		w.paint(colorNull, "null")
	case bool:
		w.paint(map[bool]string{true: colorTrue, false: colorFalse}[v], fmt.Sprint(v))
	case string:
		w.paint(colorString, w.text(v))
	case []any:
		w.array(v, level)
	case map[string]any:
		w.object(v, level)
	default:
		w.paint(colorNumber, w.text(v))
	}
}

func (w jsonWriter) open(color, s string) {
	if w.q.color {
		w.b.WriteString("\x1b[" + color + "m" + s)
		return
	}
	w.b.WriteString(s)
}

func (w jsonWriter) close(color, s string) {
	if w.q.color {
		w.b.WriteString("\x1b[" + color + "m\x1b[" + color + "m" + s + "\x1b[0m")
		return
	}
	w.b.WriteString(s)
}

func (w jsonWriter) array(v []any, level int) {
	if len(v) == 0 {
		w.paint(colorArray, "[]")
		return
	}
	w.open(colorArray, "[")
	for i, x := range v {
		if i > 0 {
			w.open(colorArray, ",")
		}
		w.newline(level + 1)
		if w.q.color {
			w.b.WriteString("\x1b[0m")
		}
		w.value(x, level+1)
	}
	if w.q.color {
		w.b.WriteString("\x1b[" + colorArray + "m")
	}
	w.newline(level)
	w.close(colorArray, "]")
}

func (w jsonWriter) object(v map[string]any, level int) {
	if len(v) == 0 {
		w.paint(colorObject, "{}")
		return
	}
	w.open(colorObject, "{")
	keys := w.q.order.sort(v)
	if w.q.sortKeys {
		keys = slices.Sorted(maps.Keys(v))
	}
	for i, k := range keys {
		if i > 0 {
			w.open(colorObject, ",")
		}
		w.newline(level + 1)
		if w.q.color {
			w.b.WriteString("\x1b[0m")
		}
		w.paint(colorKey, w.text(k))
		w.open(colorObject, ":")
		if !w.q.compact {
			w.b.WriteByte(' ')
		}
		if w.q.color {
			w.b.WriteString("\x1b[0m")
		}
		w.value(v[k], level+1)
	}
	if w.q.color {
		w.b.WriteString("\x1b[" + colorObject + "m")
	}
	w.newline(level)
	w.close(colorObject, "}")
}

// asciiOnly escapes everything beyond ASCII.
func asciiOnly(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 128:
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, "\\u%04x\\u%04x", 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	return b.String()
}
