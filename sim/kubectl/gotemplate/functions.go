package gotemplate

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// function is one that templates can call.
type function struct {
	fixed    int
	variadic bool
	first    string // type of the first parameter: "string", or "" for anything
	call     func([]value) (value, error)
}

// functions are text/template's and kubectl's exists and base64decode.
var functions = map[string]function{
	"and":          {fixed: 1, variadic: true},
	"or":           {fixed: 1, variadic: true},
	"call":         {fixed: 1, variadic: true},
	"html":         {variadic: true, call: textFunc(escapeHTML)},
	"index":        {fixed: 1, variadic: true, call: index},
	"slice":        {fixed: 1, variadic: true, call: slice},
	"js":           {variadic: true, call: textFunc(escapeJS)},
	"len":          {fixed: 1, call: length},
	"not":          {fixed: 1, call: func(a []value) (value, error) { return of(!a[0].truth()), nil }},
	"print":        {variadic: true, call: func(a []value) (value, error) { return of(fmt.Sprint(plain(a)...)), nil }},
	"printf":       {fixed: 1, variadic: true, first: "string", call: printf},
	"println":      {variadic: true, call: func(a []value) (value, error) { return of(fmt.Sprintln(plain(a)...)), nil }},
	"urlquery":     {variadic: true, call: textFunc(url.QueryEscape)},
	"eq":           {fixed: 1, variadic: true, call: boolFunc(eq)},
	"ge":           {fixed: 2, call: boolFunc(func(a []value) (bool, error) { l, err := lt(a); return !l && err == nil, err })},
	"gt":           {fixed: 2, call: boolFunc(func(a []value) (bool, error) { l, err := le(a); return !l && err == nil, err })},
	"le":           {fixed: 2, call: boolFunc(le)},
	"lt":           {fixed: 2, call: boolFunc(lt)},
	"ne":           {fixed: 2, call: boolFunc(func(a []value) (bool, error) { e, err := eq(a); return !e, err })},
	"exists":       {fixed: 1, variadic: true, call: boolFunc(func(a []value) (bool, error) { return exists(a), nil })},
	"base64decode": {fixed: 1, first: "string", call: base64decode},
}

func plain(args []value) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a.v
	}
	return out
}

func boolFunc(f func([]value) (bool, error)) func([]value) (value, error) {
	return func(a []value) (value, error) {
		b, err := f(a)
		return of(b), err
	}
}

// textFunc applies f to the arguments as they would be printed.
func textFunc(f func(string) string) func([]value) (value, error) {
	return func(args []value) (value, error) {
		if len(args) == 1 {
			if s, ok := args[0].v.(string); ok {
				return of(f(s)), nil
			}
		}
		list := plain(args)
		for i, v := range list {
			if v == nil {
				list[i] = "<no value>"
			}
		}
		return of(f(fmt.Sprint(list...))), nil
	}
}

func printf(args []value) (value, error) {
	return of(fmt.Sprintf(args[0].v.(string), plain(args[1:])...)), nil
}

func base64decode(args []value) (value, error) {
	data, err := base64.StdEncoding.DecodeString(args[0].v.(string))
	if err != nil {
		return of(""), fmt.Errorf("base64 decode failed: %v", err)
	}
	return of(string(data)), nil
}

func indexArg(i value, limit int) (int, error) {
	i = i.elem()
	n, ok := i.v.(int)
	switch {
	case !i.valid:
		return 0, errors.New("cannot index slice/array with nil")
	case !ok:
		return 0, fmt.Errorf("cannot index slice/array with type %s", i.typeName())
	case n < 0 || n > limit:
		return 0, fmt.Errorf("index out of range: %d", n)
	}
	return n, nil
}

func index(args []value) (value, error) {
	item := args[0].elem()
	if !item.valid {
		return value{}, errors.New("index of untyped nil")
	}
	for _, i := range args[1:] {
		if !item.valid || item.v == nil {
			return value{}, errors.New("index of nil pointer")
		}
		switch x := item.v.(type) {
		case []any:
			n, err := indexArg(i, len(x))
			if err != nil {
				return value{}, err
			}
			if n == len(x) {
				return value{}, errors.New("reflect: slice index out of range")
			}
			item = value{v: x[n], valid: true, iface: true}
		case string:
			n, err := indexArg(i, len(x))
			if err != nil {
				return value{}, err
			}
			if n == len(x) {
				return value{}, errors.New("reflect: string index out of range")
			}
			item = of(x[n])
		case map[string]any:
			key := i.elem()
			name, ok := key.v.(string)
			switch {
			case !key.valid:
				return value{}, errors.New("value is nil; should be of type string")
			case !ok:
				return value{}, fmt.Errorf("value has type %s; should be string", key.typeName())
			}
			item = value{v: x[name], valid: true, iface: true}
		default:
			return value{}, fmt.Errorf("can't index item of type %s", item.elem().typeName())
		}
	}
	return item, nil
}

func slice(args []value) (value, error) {
	item := args[0].elem()
	if !item.valid {
		return value{}, errors.New("slice of untyped nil")
	}
	if len(args) > 4 {
		return value{}, fmt.Errorf("too many slice indexes: %d", len(args)-1)
	}
	list, isList := item.v.([]any)
	text, isText := item.v.(string)
	limit, size := cap(list), len(list)
	switch {
	case isText && len(args) == 4:
		return value{}, errors.New("cannot 3-index slice a string")
	case isText:
		limit, size = len(text), len(text)
	case !isList:
		return value{}, fmt.Errorf("can't slice item of type %s", item.typeName())
	}
	at := [3]int{0, size}
	for i, a := range args[1:] {
		n, err := indexArg(a, limit)
		if err != nil {
			return value{}, err
		}
		at[i] = n
	}
	if at[0] > at[1] {
		return value{}, fmt.Errorf("invalid slice index: %d > %d", at[0], at[1])
	}
	switch {
	case isText:
		return of(text[at[0]:at[1]]), nil
	case len(args) < 4:
		return of(list[at[0]:at[1]]), nil
	case at[1] > at[2]:
		return value{}, fmt.Errorf("invalid slice index: %d > %d", at[1], at[2])
	}
	return of(list[at[0]:at[1]:at[2]]), nil
}

func length(args []value) (value, error) {
	switch x := args[0].v.(type) {
	case nil:
		if args[0].valid {
			return value{}, errors.New("len of nil pointer")
		}
		return value{}, errors.New("reflect: call of reflect.Value.Type on zero Value")
	case string:
		return of(len(x)), nil
	case []any:
		return of(len(x)), nil
	case map[string]any:
		return of(len(x)), nil
	}
	return value{}, fmt.Errorf("len of type %s", args[0].elem().typeName())
}

func exists(args []value) bool {
	v := args[0].v
	for _, i := range args[1:] {
		switch x := v.(type) {
		case []any:
			n, ok := i.v.(int)
			if !ok || n < 0 || n >= len(x) {
				return false
			}
			v = x[n]
		case string:
			n, ok := i.v.(int)
			if !ok || n < 0 || n >= len(x) {
				return false
			}
			v = x[n]
		case map[string]any:
			name, ok := i.v.(string)
			if !ok && i.v != nil {
				return false
			}
			v = x[name]
		default:
			return false
		}
	}
	return v != nil
}

// kindOf names the basic kind of v for comparisons; "" for lists, maps and no value.
func kindOf(v value) string {
	switch v.v.(type) {
	case bool:
		return "bool"
	case int:
		return "int"
	case byte:
		return "uint"
	case float64:
		return "float"
	case complex128:
		return "complex"
	case string:
		return "string"
	}
	return ""
}

func eq(args []value) (bool, error) {
	if len(args) == 1 {
		return false, errors.New("missing argument for comparison")
	}
	a := args[0].elem()
	ka := kindOf(a)
	for _, b := range args[1:] {
		b = b.elem()
		kb := kindOf(b)
		same := false
		switch {
		case ka == "int" && kb == "uint" || ka == "uint" && kb == "int":
			same = toInt(a) == toInt(b)
		case ka != kb:
			if a.valid && b.valid {
				return false, fmt.Errorf("incompatible types for comparison: %v and %v", a.typeName(), b.typeName())
			}
		case ka != "":
			same = a.v == b.v
		default:
			if !a.valid || !b.valid {
				same = a.valid == b.valid
				break
			}
			if fmt.Sprintf("%T", a.v) != fmt.Sprintf("%T", b.v) {
				return false, fmt.Errorf("non-comparable types %s: %v, %s: %v", a.v, a.typeName(), b.typeName(), b.v)
			}
			return false, fmt.Errorf("non-comparable type %s: %v", b.v, b.typeName())
		}
		if same {
			return true, nil
		}
	}
	return false, nil
}

func toInt(v value) int {
	if b, ok := v.v.(byte); ok {
		return int(b)
	}
	n, _ := v.v.(int)
	return n
}

func lt(args []value) (bool, error) {
	a, b := args[0].elem(), args[1].elem()
	ka, kb := kindOf(a), kindOf(b)
	bad := errors.New("invalid type for comparison")
	switch {
	case ka == "" || kb == "":
		return false, bad
	case ka == "int" && kb == "uint" || ka == "uint" && kb == "int":
		return toInt(a) < toInt(b), nil
	case ka != kb:
		return false, fmt.Errorf("incompatible types for comparison: %v and %v", a.typeName(), b.typeName())
	}
	switch x := a.v.(type) {
	case float64:
		return x < b.v.(float64), nil
	case int:
		return x < b.v.(int), nil
	case byte:
		return x < b.v.(byte), nil
	case string:
		return x < b.v.(string), nil
	}
	return false, bad
}

func le(args []value) (bool, error) {
	if less, err := lt(args); less || err != nil {
		return less, err
	}
	return eq(args)
}

func escapeHTML(s string) string {
	return strings.NewReplacer("\000", "\uFFFD", `"`, "&#34;", "'", "&#39;", "&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func escapeJS(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune(`\'"`, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case strings.ContainsRune("<>&=", r):
			fmt.Fprintf(&b, `\u%04X`, r)
		case r < ' ', r >= 0x80 && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
