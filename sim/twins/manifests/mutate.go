package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
)

// texts and numbers are what a broken document holds where another value was.
var texts = []string{
	"", "-bad", "UPPER", strings.Repeat("a", 64), strings.Repeat("b", 254), "a.b", "a/b", "/", "foo_bar", "..", "1", "-1", "65536", "0",
	"100Gi", "1.5", "1e3", "abc Mi", "é", "Bogus", "Always", "10m", "1.2.3.4", "::1", "10.0.0.0/8", "true", "a b", "example.com/x",
	"500", "nosuch", "*", "*.example.com", "$(X)", "2020-01-01T00:00:00Z", "5%", "150%",
}

var numbers = []any{0, -1, 1, 65536, 70000, int64(1) << 31, 1.5, 2, json.Number("9223372036854775807"), json.Number("9223372036854775808"), json.Number("1e400"), 300}

// place is where a value hangs.
type place struct {
	path string
	get  func() any
	set  func(any)
	drop func() // nil in lists
	in   map[string]any
	key  string
}

func places(path string, v any, out *[]place) {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			p := path + "." + k
			*out = append(*out, place{path: p, get: func() any { return v[k] }, set: func(n any) { v[k] = n }, drop: func() { delete(v, k) }, in: v, key: k})
			places(p, v[k], out)
		}
	case []any:
		for i := range v {
			p := fmt.Sprintf("%s[%d]", path, i)
			*out = append(*out, place{path: p, get: func() any { return v[i] }, set: func(n any) { v[i] = n }})
			places(p, v[i], out)
		}
	}
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = clone(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = clone(x)
		}
		return out
	}
	return v
}

// mutate breaks a copy of an object in one or two places and says how. raw is set where JSON values cannot say it.
func mutate(r *rand.Rand, object, donor map[string]any) (out map[string]any, raw []byte, what string) {
	out = clone(object).(map[string]any)
	for range 1 + r.IntN(2) {
		what += mutateOnce(r, out, donor, &raw) + "; "
		if raw != nil {
			break
		}
	}
	return out, raw, what
}

func mutateOnce(r *rand.Rand, object, donor map[string]any, raw *[]byte) string {
	var all []place
	places("", object, &all)
	var some []place // apiVersion, kind and name are the request's
	for _, p := range all {
		if p.path != ".metadata" && p.path != ".apiVersion" && p.path != ".kind" && p.path != ".metadata.namespace" || r.IntN(20) == 0 {
			some = append(some, p)
		}
	}
	if len(some) == 0 {
		return "nothing"
	}
	p := some[r.IntN(len(some))]
	switch n := r.IntN(14); {
	case n == 0 && p.drop != nil:
		p.drop()
		return "drop " + p.path
	case n == 1:
		if p.in != nil {
			p.in["bogus"] = "x"
			return "unknown field beside " + p.path
		}
	case n == 2 && p.drop != nil:
		key := strings.ToUpper(p.key[:1]) + p.key[1:]
		p.in[key] = p.get()
		p.drop()
		return "capital " + p.path
	case n == 3:
		if list, ok := p.get().([]any); ok && len(list) > 0 {
			p.set(append(list, clone(list[0])))
			return "twice the first of " + p.path
		}
	case n == 4:
		v := []any{nil, []any{}, map[string]any{}, "", 7, true, []any{"x"}, map[string]any{"a": "b"}}[r.IntN(8)]
		p.set(v)
		return fmt.Sprintf("%s = %v (%T)", p.path, v, v)
	case n == 5 && p.in != nil && p.path != "":
		// The key twice.
		marker := "MARKER-TWICE"
		p.in[marker] = 0
		data, _ := json.Marshal(object)
		delete(p.in, marker)
		k, _ := json.Marshal(p.key)
		v, _ := json.Marshal(p.get())
		*raw = bytes.Replace(data, []byte(`"`+marker+`":0`), append(append(k, ':'), v...), 1)
		return "key twice " + p.path
	case n >= 6 && n <= 9 && donor != nil:
		return graft(r, object, donor)
	}
	switch p.get().(type) {
	case string:
		v := texts[r.IntN(len(texts))]
		p.set(v)
		return fmt.Sprintf("%s = %.20q", p.path, v)
	case json.Number, float64, int, int64:
		v := numbers[r.IntN(len(numbers))]
		p.set(v)
		return fmt.Sprintf("%s = %v", p.path, v)
	case bool:
		p.set(!p.get().(bool))
		return "not " + p.path
	}
	return mutateOnce(r, object, donor, raw)
}

// graft takes a field that the object lacks from an object of its kind that has them all.
func graft(r *rand.Rand, object, donor map[string]any) string {
	path := ""
	for {
		keys := make([]string, 0, len(donor))
		for k := range donor {
			if k != "status" && k != "managedFields" && k != "apiVersion" && k != "kind" && k != "namespace" {
				keys = append(keys, k)
			}
		}
		if len(keys) == 0 {
			return "no graft"
		}
		sort.Strings(keys)
		k := keys[r.IntN(len(keys))]
		path += "." + k
		have, ok := object[k]
		if !ok || r.IntN(8) == 0 {
			object[k] = clone(donor[k])
			return "graft " + path
		}
		if list, isList := have.([]any); isList && len(list) > 0 {
			have = list[r.IntN(len(list))]
			path += "[]"
		}
		given := donor[k]
		if list, isList := given.([]any); isList && len(list) > 0 {
			given = list[0]
		}
		o, ok1 := have.(map[string]any)
		g, ok2 := given.(map[string]any)
		if !ok1 || !ok2 {
			object[k] = clone(donor[k])
			return "graft " + path
		}
		object, donor = o, g
	}
}
