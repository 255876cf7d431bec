package diff

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// mutations are variants of an object: for every field of its Go type, reachable through what the object has or
// through one new element, the object with each of some odd values there.
func mutations(seed []byte, t reflect.Type, status bool, each func(path string, text []byte)) {
	var root any
	if err := json.Unmarshal(seed, &root); err != nil {
		panic(err)
	}
	var walk func(path string, t reflect.Type, get func() any, set func(any), depth int)
	emit := func(path string, set func(any), old any, value any) {
		set(value)
		text, err := json.Marshal(root)
		set(old)
		if err == nil {
			each(path, text)
		}
	}
	walk = func(path string, t reflect.Type, get func() any, set func(any), depth int) {
		for t.Kind() == reflect.Ptr {
			t = t.Elem()
		}
		old := get()
		if old != nil {
			emit(path+"=nil", set, old, nil)
		}
		for _, v := range values(t) {
			emit(fmt.Sprintf("%s=%v", path, v), set, old, v)
		}
		switch {
		case isLeaf(t):
			return
		case t.Kind() == reflect.Struct:
			m, ok := old.(map[string]any)
			if !ok {
				if depth <= 0 {
					return
				}
				m = map[string]any{}
				set(m)
				defer set(old)
				depth--
			}
			eachField(t, func(name string, ft reflect.Type) {
				if path == "" && (name == "status") != status && (name == "status" || name == "spec") {
					return
				}
				walk(path+"."+name, ft, func() any { return m[name] }, func(v any) {
					if v == nil {
						delete(m, name)
					} else {
						m[name] = v
					}
				}, depth)
			})
		case t.Kind() == reflect.Slice:
			l, ok := old.([]any)
			if !ok || len(l) == 0 {
				if depth <= 0 {
					return
				}
				l = []any{zeroOf(t.Elem())}
				set(l)
				emit(path+"=[zero]", func(any) {}, nil, nil)
				walk(path+"[0]", t.Elem(), func() any { return l[0] }, func(v any) { l[0] = v }, depth-1)
				set(old)
				return
			}
			emit(path+"+dup", set, old, append(append([]any{}, l...), l[0]))
			emit(path+"+zero", set, old, append(append([]any{}, l...), zeroOf(t.Elem())))
			for i := range l {
				walk(fmt.Sprintf("%s[%d]", path, i), t.Elem(), func() any { return l[i] }, func(v any) { l[i] = v }, depth)
			}
		}
	}
	walk("", t, func() any { return root }, func(v any) { root = v }, 2)
}

func zeroOf(t reflect.Type) any {
	for t.Kind() == reflect.Ptr {
		t = t.Elem()
	}
	if isLeaf(t) {
		vs := values(t)
		if len(vs) > 0 {
			return vs[0]
		}
		return nil
	}
	return map[string]any{}
}

func eachField(t reflect.Type, f func(name string, t reflect.Type)) {
	for i := 0; i < t.NumField(); i++ {
		sf := t.Field(i)
		tag := strings.Split(sf.Tag.Get("json"), ",")
		if sf.Anonymous && tag[0] == "" {
			if sf.Type.Name() == "TypeMeta" {
				continue
			}
			eachField(sf.Type, f)
			continue
		}
		if tag[0] == "-" || tag[0] == "" || tag[0] == "managedFields" || tag[0] == "creationTimestamp" || tag[0] == "uid" || tag[0] == "resourceVersion" || tag[0] == "namespace" && t.Name() == "ObjectMeta" || tag[0] == "generation" || tag[0] == "selfLink" || tag[0] == "deletionTimestamp" || tag[0] == "generateName" || tag[0] == "deletionGracePeriodSeconds" {
			continue
		}
		f(tag[0], sf.Type)
	}
}

func isLeaf(t reflect.Type) bool {
	switch t.Name() {
	case "Time", "MicroTime", "Quantity", "IntOrString", "RawExtension", "FieldsV1", "Duration":
		return true
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Ptr:
		return false
	case reflect.Slice:
		return t.Elem().Kind() == reflect.Uint8
	}
	return true
}

var long = strings.Repeat("a", 300)

func values(t reflect.Type) []any {
	switch t.Name() {
	case "Time":
		return []any{"2025-01-01T00:00:00Z"}
	case "MicroTime":
		return []any{"2025-01-01T00:00:00.000000Z"}
	case "Quantity":
		return []any{"1", "0", "-1", "1500m", "10Gi"}
	case "IntOrString":
		return []any{0, 1, 70000, -1, "http", "Bad Name", "25%", "0%", "150%", ""}
	case "RawExtension":
		return []any{map[string]any{"a": 1}}
	case "Duration":
		return []any{"5s"}
	}
	switch t.Kind() {
	case reflect.Struct:
		return []any{map[string]any{}}
	case reflect.String:
		return []any{"", "abc", "Bad_Name", "a.b.c", "example.com/foo", "../x", "/abs/path", "10.0.0.1", "010.1.1.1", "fe80::1", long, " pad ", "5", "Never", "Always", "OnFailure", "None"}
	case reflect.Int32, reflect.Int64, reflect.Int, reflect.Uint32, reflect.Uint8:
		return []any{0, 1, 2, -1, 70000, 512}
	case reflect.Bool:
		return []any{true, false}
	case reflect.Map:
		switch t.Elem().Name() {
		case "Quantity":
			return []any{map[string]any{}, map[string]any{"cpu": "1"}, map[string]any{"memory": "-5"}, map[string]any{"foo": "1"}, map[string]any{"example.com/gpu": "1500m"}, map[string]any{"hugepages-2Mi": "3Mi"}, map[string]any{"storage": "1Gi"}, map[string]any{"cpu": "2", "memory": "1Gi"}, map[string]any{"requests.foo/x": "1"}, map[string]any{"a b": "1"}, map[string]any{"pods": "1500m"}}
		}
		if t.Elem().Kind() == reflect.String {
			return []any{map[string]any{}, map[string]any{"a": "b"}, map[string]any{"Bad Key": "x"}, map[string]any{"k": "bad value!"}, map[string]any{"beta.kubernetes.io/os": "linux"}}
		}
		if t.Elem().Kind() == reflect.Slice && t.Elem().Elem().Kind() == reflect.Uint8 {
			return []any{map[string]any{}, map[string]any{"a": "Yg=="}, map[string]any{"bad key": "Yg=="}}
		}
		return []any{map[string]any{}}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return []any{"", "Yg=="}
		}
		return []any{[]any{}}
	}
	return nil
}
