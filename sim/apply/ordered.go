package apply

import (
	"fmt"
	"slices"

	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// problem says what is wrong with an object that does not fit its type. The library stops at the first field that the
// type lacks, in the random order of Go's maps: here they are looked at by name.
func problem(t typed.ParseableType, object map[string]any) error {
	_, err := typed.AsTyped(ordered{value.NewValueInterface(object)}, t.Schema, t.TypeRef)
	return err
}

// ordered is a value whose maps are walked by name.
type ordered struct{ value.Value }

// GoString implements fmt.GoStringer: messages show the value itself.
func (o ordered) GoString() string { return fmt.Sprintf("%#v", o.Value) }

// String implements fmt.Stringer.
func (o ordered) String() string { return fmt.Sprint(o.Value) }

// AsMap implements value.Value.
func (o ordered) AsMap() value.Map { return orderedMap{o.Value.AsMap()} }

// AsMapUsing implements value.Value.
func (o ordered) AsMapUsing(value.Allocator) value.Map { return o.AsMap() }

// AsList implements value.Value.
func (o ordered) AsList() value.List { return orderedList{o.Value.AsList()} }

// AsListUsing implements value.Value.
func (o ordered) AsListUsing(value.Allocator) value.List { return o.AsList() }

type orderedMap struct{ value.Map }

// Iterate implements value.Map.
func (m orderedMap) Iterate(f func(key string, v value.Value) bool) bool {
	var keys []string
	m.Map.Iterate(func(key string, _ value.Value) bool {
		keys = append(keys, key)
		return true
	})
	slices.Sort(keys)
	for _, key := range keys {
		if v, _ := m.Map.Get(key); !f(key, ordered{v}) {
			return false
		}
	}
	return true
}

// IterateUsing implements value.Map.
func (m orderedMap) IterateUsing(_ value.Allocator, f func(key string, v value.Value) bool) bool {
	return m.Iterate(f)
}

type orderedList struct{ value.List }

// At implements value.List.
func (l orderedList) At(i int) value.Value { return ordered{l.List.At(i)} }

// AtUsing implements value.List.
func (l orderedList) AtUsing(_ value.Allocator, i int) value.Value { return l.At(i) }
