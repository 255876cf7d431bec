package commands

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// keyOrder remembers in which order keys came, in the input and in the filter's own objects, because gojq keeps
// objects as maps and jq prints keys as they came. What an object inherits from several is put together from them.
type keyOrder struct {
	bySet map[string][]string
	lists [][]string
}

func (o *keyOrder) learn(keys []string) {
	if len(keys) < 2 {
		return
	}
	set := strings.Join(slices.Sorted(slices.Values(keys)), "\x00")
	if o.bySet == nil {
		o.bySet = map[string][]string{}
	}
	if _, ok := o.bySet[set]; !ok {
		o.bySet[set] = keys
		o.lists = append(o.lists, keys)
	}
}

// filter learns the keys of the objects that a filter constructs.
func (o *keyOrder) filter(q *gojq.Query) { o.walk(reflect.ValueOf(q)) }

func (o *keyOrder) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			if obj, ok := v.Interface().(*gojq.Object); ok {
				o.object(obj)
			}
			o.walk(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			o.walk(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			o.walk(v.Index(i))
		}
	}
}

func (o *keyOrder) object(obj *gojq.Object) {
	var keys []string
	for _, kv := range obj.KeyVals {
		key := strings.TrimPrefix(kv.Key, "$")
		if kv.KeyString != nil && len(kv.KeyString.Queries) == 0 {
			key = kv.KeyString.Str
		}
		if key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	o.learn(keys)
}

// sort lists an object's keys in the order in which they probably came.
func (o *keyOrder) sort(m map[string]any) []string {
	keys := slices.Sorted(maps.Keys(m))
	if known, ok := o.bySet[strings.Join(keys, "\x00")]; ok {
		return known
	}
	left := map[string]bool{}
	for _, k := range keys {
		left[k] = true
	}
	var out []string
	for len(left) > 0 {
		var best []string
		most := 0
		for _, list := range o.lists {
			n := 0
			for _, k := range list {
				if left[k] {
					n++
				}
			}
			if n > most {
				best, most = list, n
			}
		}
		if most < 2 {
			break
		}
		for _, k := range best {
			if left[k] {
				out = append(out, k)
				delete(left, k)
			}
		}
	}
	for _, k := range keys {
		if left[k] {
			out = append(out, k)
		}
	}
	return out
}
