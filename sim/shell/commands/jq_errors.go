package commands

import (
	"errors"
	"fmt"
	"strings"

	"github.com/itchyny/gojq"
)

// jqMessage is a run-time error in jq's words; q and v are the filter and its input.
func jqMessage(err error, q *gojq.Query, v any) string {
	var value gojq.ValueError
	if errors.As(err, &value) && strings.HasPrefix(err.Error(), "error") {
		if s, ok := value.Value().(string); ok {
			return s
		}
		b, _ := gojq.Marshal(value.Value())
		return " (not a string): " + string(b)
	}
	msg := err.Error()
	cut := func(prefix string) (string, bool) {
		rest, ok := strings.CutPrefix(msg, prefix)
		return rest, ok
	}
	if rest, ok := cut("expected an object but got: "); ok {
		kind, _, _ := strings.Cut(rest, " (")
		if key, ok := badIndex(q, v, kind); ok {
			return fmt.Sprintf("Cannot index %s with string %q", kind, key)
		}
		return "Cannot index " + kind + " with string"
	}
	if rest, ok := cut("expected an array but got: "); ok {
		kind, _, _ := strings.Cut(rest, " (")
		return "Cannot index " + kind + " with number"
	}
	if _, rest, ok := strings.Cut(msg, ": expected an array but got: "); ok {
		kind, _, _ := strings.Cut(rest, " (")
		return "Cannot index " + kind + " with number"
	}
	if msg == "break" {
		return "No more inputs"
	}
	if rest, ok := cut("cannot iterate over: "); ok {
		if rest == "null" {
			rest = "null (null)"
		}
		return "Cannot iterate over " + rest
	}
	for verb, done := range map[string]string{"add": "added", "subtract": "subtracted", "multiply": "multiplied", "divide": "divided"} {
		if rest, ok := cut("cannot " + verb + ": "); ok {
			return rest + " cannot be " + done
		}
	}
	if rest, ok := cut("cannot divide "); ok {
		a, b, _ := strings.Cut(rest, " by: ")
		return a + " and " + b + " cannot be divided because the divisor is zero"
	}
	if rest, ok := cut("cannot modulo "); ok {
		a, b, _ := strings.Cut(rest, " by: ")
		return a + " and " + b + " cannot be divided (remainder) because the divisor is zero"
	}
	if name, rest, ok := strings.Cut(msg, " cannot be applied to"); ok {
		rest = strings.TrimLeft(rest, ": ")
		what, _, _ := strings.Cut(rest, ": ")
		if s := strings.Trim(what, `"`); name == "tonumber" || name == "fromjson" {
			if _, err := decodeJSON([]byte(s)); err != nil {
				return fmt.Sprintf("%v (while parsing '%s')", err, s)
			}
		}
		if text, ok := functionErrors[name]; ok {
			return strings.ReplaceAll(text, "%", what)
		}
	}
	if _, ok := cut("object key is not a string: "); ok {
		return "Object keys must be strings"
	}
	return upperInitial(msg)
}

// functionErrors are jq's messages for a function's input of the wrong kind, % being the input.
var functionErrors = map[string]string{
	"length": "% has no length", "keys": "% has no keys", "keys_unsorted": "% has no keys", "explode": "% cannot be exploded",
	"ascii_downcase": "ascii_downcase input must be a string", "ascii_upcase": "ascii_upcase input must be a string",
	"test": "% cannot be matched, as it is not a string", "match": "% cannot be matched, as it is not a string", "_match": "% cannot be matched, as it is not a string",
	"startswith": "startswith() requires string inputs", "endswith": "endswith() requires string inputs", "split": "split input and separator must be strings",
	"tonumber": "% cannot be parsed as a number", "fromjson": "% cannot be parsed as JSON", "sort": "% cannot be sorted, as it is not an array", "sort_by": "% cannot be sorted, as it is not an array",
	"group_by": "% cannot be grouped, as it is not an array", "min": "% cannot be sorted, as it is not an array", "to_entries": "% has no keys", "reverse": "Cannot reverse %",
	"implode": "implode input must be an array", "tojson": "%", "has": "Cannot check whether % has a key",
}

// badIndex follows the paths of a filter through its input and finds the key at which one meets a value of kind, which
// has no keys.
func badIndex(q *gojq.Query, v any, kind string) (key string, ok bool) {
	f := &pathFinder{kind: kind}
	f.query(q, v)
	return f.key, f.found
}

type pathFinder struct {
	kind  string
	key   string
	found bool
	steps int
}

// query is what a filter gives for v, as far as it can be followed.
func (f *pathFinder) query(q *gojq.Query, v any) []any {
	if f.steps++; q == nil || f.found || f.steps > 100_000 {
		return nil
	}
	if q.Term != nil {
		return f.term(q.Term, v)
	}
	left := f.query(q.Left, v)
	if q.Op == gojq.OpPipe {
		var out []any
		for _, x := range left {
			out = append(out, f.query(q.Right, x)...)
		}
		return out
	}
	return append(left, f.query(q.Right, v)...)
}

func (f *pathFinder) term(t *gojq.Term, v any) []any {
	var out []any
	switch t.Type {
	case gojq.TermTypeIdentity:
		out = []any{v}
	case gojq.TermTypeIndex:
		out = f.index(t.Index, v)
	case gojq.TermTypeQuery:
		out = f.query(t.Query, v)
	case gojq.TermTypeArray:
		if t.Array != nil {
			out = []any{append([]any{}, f.query(t.Array.Query, v)...)}
		}
	case gojq.TermTypeObject:
		out = []any{f.object(t.Object, v)}
	case gojq.TermTypeNumber:
		if n, ok := parseNumber(t.Number); ok {
			out = []any{n}
		}
	case gojq.TermTypeString:
		for _, q := range t.Str.Queries {
			f.query(q, v)
		}
		out = []any{t.Str.Str}
	case gojq.TermTypeFunc:
		out = f.call(t.Func, v)
	}
	for _, s := range t.SuffixList {
		var next []any
		for _, x := range out {
			switch {
			case s.Iter:
				next = append(next, elements(x)...)
			case s.Index != nil:
				next = append(next, f.index(s.Index, x)...)
			default:
				next = append(next, x)
			}
		}
		out = next
	}
	return out
}

// object is what an object construction gives, the first of each value's results.
func (f *pathFinder) object(o *gojq.Object, v any) any {
	m := map[string]any{}
	for _, kv := range o.KeyVals {
		key := kv.Key
		if kv.KeyString != nil {
			key = kv.KeyString.Str
		}
		values := f.query(kv.Val, v)
		if kv.Val == nil && key != "" && key[0] != '$' {
			values = f.step(key, v)
		}
		if len(values) > 0 {
			m[key] = values[0]
		}
	}
	return m
}

func (f *pathFinder) call(fn *gojq.Func, v any) []any {
	switch {
	case fn.Name == "map" && len(fn.Args) == 1:
		var out []any
		for _, x := range elements(v) {
			out = append(out, f.query(fn.Args[0], x)...)
		}
		return []any{out}
	case fn.Name == "select" && len(fn.Args) == 1:
		f.query(fn.Args[0], v)
		return []any{v}
	case strings.HasSuffix(fn.Name, "_by"):
		for _, x := range elements(v) {
			f.query(fn.Args[0], x)
		}
		return []any{v}
	}
	return nil
}

func elements(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case map[string]any:
		var out []any
		for _, x := range v {
			out = append(out, x)
		}
		return out
	}
	return nil
}

func (f *pathFinder) index(i *gojq.Index, v any) []any {
	name := i.Name
	if i.Str != nil && len(i.Str.Queries) == 0 {
		name = i.Str.Str
	}
	if i.Start != nil && i.Start.Term != nil && i.Start.Term.Str != nil && len(i.Start.Term.Str.Queries) == 0 {
		name = i.Start.Term.Str.Str
	}
	if name == "" {
		if list, ok := v.([]any); ok && i.Start != nil && i.Start.Term != nil && !i.IsSlice {
			n := 0
			fmt.Sscan(i.Start.Term.Number, &n)
			if n < len(list) {
				return []any{list[n]}
			}
		}
		return nil
	}
	return f.step(name, v)
}

func (f *pathFinder) step(name string, v any) []any {
	if f.found {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		return []any{v[name]}
	case nil:
		return []any{nil}
	}
	if gojq.TypeOf(v) == f.kind {
		f.key, f.found = name, true
	}
	return nil
}
