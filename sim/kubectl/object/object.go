// Package object reads and changes Kubernetes objects held as plain JSON maps. It knows metadata, not kinds.
//
// Integers are int64 and other numbers float64, as apimachinery's JSON decoder makes them.
package object

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Object is one API object or list.
type Object = map[string]any

// Decode reads one JSON object.
func Decode(data []byte) (Object, error) {
	var o Object
	if err := utiljson.Unmarshal(data, &o); err != nil {
		return nil, err
	}
	return o, nil
}

// From turns a typed value into an object through its JSON form.
func From(v any) (Object, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return Decode(data)
}

// To decodes o into the typed value v, leniently: unknown fields are ignored.
func To(o Object, v any) error {
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// Encode writes o as compact JSON without escaping HTML, followed by a newline, as the API machinery does.
func Encode(o any) ([]byte, error) {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(o); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Get walks path through nested maps; ok is false where a step is missing.
func Get(o Object, path ...string) (value any, ok bool) {
	var v any = o
	for _, p := range path {
		m, isMap := v.(map[string]any)
		if !isMap {
			return nil, false
		}
		if v, ok = m[p]; !ok {
			return nil, false
		}
	}
	return v, true
}

// String is the string at path, or "".
func String(o Object, path ...string) string {
	v, _ := Get(o, path...)
	s, _ := v.(string)
	return s
}

// Bool is the boolean at path, or false.
func Bool(o Object, path ...string) bool {
	v, _ := Get(o, path...)
	b, _ := v.(bool)
	return b
}

// Int is the number at path; ok is false where there is none.
func Int(o Object, path ...string) (n int64, ok bool) {
	v, _ := Get(o, path...)
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), true
	}
	return 0, false
}

// Map is the map at path, or nil.
func Map(o Object, path ...string) map[string]any {
	v, _ := Get(o, path...)
	m, _ := v.(map[string]any)
	return m
}

// List is the list at path, or nil.
func List(o Object, path ...string) []any {
	v, _ := Get(o, path...)
	l, _ := v.([]any)
	return l
}

// Maps is the list at path, of its members that are maps.
func Maps(o Object, path ...string) []Object {
	var out []Object
	for _, v := range List(o, path...) {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Strings is the list at path, of its members that are strings.
func Strings(o Object, path ...string) []string {
	var out []string
	for _, v := range List(o, path...) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// StringMap is the map of strings at path, or nil.
func StringMap(o Object, path ...string) map[string]string {
	m := Map(o, path...)
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// Set stores value at path, making the maps on the way.
func Set(o Object, value any, path ...string) {
	for _, p := range path[:len(path)-1] {
		m, ok := o[p].(map[string]any)
		if !ok {
			m = map[string]any{}
			o[p] = m
		}
		o = m
	}
	o[path[len(path)-1]] = value
}

// Delete removes what is at path.
func Delete(o Object, path ...string) {
	if m := Map(o, path[:len(path)-1]...); m != nil {
		delete(m, path[len(path)-1])
	}
}

// Copy is a deep copy.
func Copy(o Object) Object {
	if o == nil {
		return nil
	}
	return copyValue(o).(map[string]any)
}

func copyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = copyValue(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = copyValue(e)
		}
		return out
	}
	return v
}

func Name(o Object) string            { return String(o, "metadata", "name") }
func Namespace(o Object) string       { return String(o, "metadata", "namespace") }
func ResourceVersion(o Object) string { return String(o, "metadata", "resourceVersion") }
func UID(o Object) string             { return String(o, "metadata", "uid") }
func Kind(o Object) string            { return String(o, "kind") }
func APIVersion(o Object) string      { return String(o, "apiVersion") }
func Labels(o Object) map[string]string {
	return StringMap(o, "metadata", "labels")
}
func Annotations(o Object) map[string]string {
	return StringMap(o, "metadata", "annotations")
}

// SetStringMap stores m at path, or removes the field where m is empty.
func SetStringMap(o Object, m map[string]string, path ...string) {
	if len(m) == 0 {
		Delete(o, path...)
		return
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	Set(o, out, path...)
}

// GVK is the object's group, version and kind.
func GVK(o Object) schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(APIVersion(o), Kind(o))
}

// IsList says whether o carries a list of items.
func IsList(o Object) bool {
	_, ok := o["items"].([]any)
	if ok {
		return true
	}
	_, has := o["items"]
	return has && o["items"] == nil && strings.HasSuffix(Kind(o), "List")
}

// Items are the members of a list. A member of a typed list without kind and apiVersion gets them from the list.
func Items(o Object) []Object {
	kind, isTyped := strings.CutSuffix(Kind(o), "List")
	var out []Object
	for _, item := range Maps(o, "items") {
		if isTyped && kind != "" && Kind(item) == "" && APIVersion(item) == "" {
			item["kind"], item["apiVersion"] = kind, APIVersion(o)
		}
		out = append(out, item)
	}
	return out
}

// SortedKeys are m's keys in order.
func SortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
