package cel

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"sort"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Values are nil, bool, int64, uint64, float64, string, Bytes, time.Time, time.Duration, []any, *List, map[string]any,
// *Map, Optional, the values of the libraries, and error.

// Bytes is a sequence of bytes.
type Bytes string

// List is a list whose elements' order does not count: a set, or a map by keys.
type List struct {
	Items []any
	// Keys are the fields that tell one element from another; nil in a set.
	Keys []string
}

// Map is a map whose keys are not only strings.
type Map struct{ keys, values []any }

// Optional is what may be absent.
type Optional struct {
	Value any
	Set   bool
}

// Fields is an object whose fields are found when they are asked for. A field's value may be an error.
type Fields func(name string) (value any, ok bool)

// typeName is a type as a value.
type typeName string

// fault is an error of an evaluation.
type fault string

func (f fault) Error() string { return string(f) }

func failf(format string, args ...any) error { return fault(fmt.Sprintf(format, args...)) }

const noOverload = fault("no such overload")

func typeOfValue(v any) *Type {
	switch v := v.(type) {
	case nil:
		return Null
	case bool:
		return Bool
	case int64:
		return Int
	case uint64:
		return Uint
	case float64:
		return Double
	case string:
		return String
	case Bytes:
		return BytesType
	case time.Time:
		return Timestamp
	case time.Duration:
		return Duration
	case []any, *List:
		return ListOf(Dyn)
	case map[string]any, *Map:
		return MapOf(Dyn, Dyn)
	case Optional:
		return OptionalOf(Dyn)
	case typeName:
		return &Type{Kind: KindType}
	case object:
		return Object(v.name, nil)
	}
	if k := libraryKind(v); k != 0 {
		return Object(libraryTypes[k], nil)
	}
	return Dyn
}

// libraryKind is the letter of a library's value.
func libraryKind(v any) Kind {
	switch v := v.(type) {
	case resource.Quantity:
		return 'q'
	case *url.URL:
		return 'r'
	case netip.Addr:
		return 'p'
	case netip.Prefix:
		return 'c'
	case semver:
		return 'v'
	case format:
		return 'f'
	case check:
		return v.kind
	case decision:
		return 'x'
	}
	return 0
}

// called is what type() shows of a value.
func called(v any) string {
	t := typeOfValue(v)
	switch t.Kind {
	case KindNull:
		return "null_type"
	case KindTimestamp:
		return "google.protobuf.Timestamp"
	case KindDuration:
		return "google.protobuf.Duration"
	case KindObject:
		return t.Name
	}
	return names[t.Kind]
}

// items are the elements of a list.
func items(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case *List:
		return v.Items, true
	}
	return nil, false
}

// entries are the keys and values of a map, in the order of string keys or of their making.
func entries(v any) (keys, values []any, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			keys = append(keys, key)
		}
		sort.Slice(keys, func(i, j int) bool { return keys[i].(string) < keys[j].(string) })
		for _, key := range keys {
			values = append(values, v[key.(string)])
		}
		return keys, values, true
	case *Map:
		return v.keys, v.values, true
	case object:
		return entries(v.fields)
	}
	return nil, nil, false
}

// find is the value at a key.
func find(v, key any) (value any, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		name, is := key.(string)
		if !is {
			return nil, false
		}
		value, ok = v[name]
	case *Map:
		for i, k := range v.keys {
			if equal(k, key) {
				return v.values[i], true
			}
		}
	case object:
		return find(v.fields, key)
	case Fields:
		if name, is := key.(string); is {
			return v(name)
		}
	}
	return value, ok
}

// object is a message that an expression made.
type object struct {
	name   string
	fields map[string]any
}

func number(v any) bool {
	switch v.(type) {
	case int64, uint64, float64:
		return true
	}
	return false
}

func equal(a, b any) bool {
	if number(a) && number(b) {
		n, ok := compareNumbers(a, b)
		return ok && n == 0
	}
	if la, ok := items(a); ok {
		lb, ok := items(b)
		return ok && equalLists(a, la, lb)
	}
	if ka, va, ok := entries(a); ok {
		kb, _, ok := entries(b)
		if !ok || len(ka) != len(kb) {
			return false
		}
		for i, key := range ka {
			other, ok := find(b, key)
			if !ok || !equal(va[i], other) {
				return false
			}
		}
		return true
	}
	switch a := a.(type) {
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	case resource.Quantity:
		b, ok := b.(resource.Quantity)
		return ok && a.Cmp(b) == 0
	case *url.URL:
		b, ok := b.(*url.URL)
		return ok && a.String() == b.String()
	case Optional:
		b, ok := b.(Optional)
		return ok && a.Set == b.Set && equal(a.Value, b.Value)
	case semver:
		b, ok := b.(semver)
		return ok && a.compare(b) == 0
	case format:
		b, ok := b.(format)
		return ok && a.name == b.name
	case check, decision:
		return false
	case nil, bool, string, Bytes, time.Duration, typeName, netip.Addr, netip.Prefix:
		return a == b
	}
	return false
}

func equalLists(a any, la, lb []any) bool {
	if len(la) != len(lb) {
		return false
	}
	set, ok := a.(*List)
	if !ok {
		return slices.EqualFunc(la, lb, equal)
	}
	for _, v := range la {
		at := set.index(lb, v)
		if at < 0 || !equal(v, lb[at]) {
			return false
		}
	}
	return true
}

// index is where an element of a set or of a map by keys is among others.
func (l *List) index(among []any, v any) int {
	return slices.IndexFunc(among, func(other any) bool {
		if len(l.Keys) == 0 {
			return equal(v, other)
		}
		for _, key := range l.Keys {
			a, _ := find(v, key)
			b, _ := find(other, key)
			if !equal(a, b) {
				return false
			}
		}
		return true
	})
}

// plus is a list with the elements of another, one for each key.
func (l *List) plus(more []any) *List {
	out := &List{Items: slices.Clone(l.Items), Keys: l.Keys}
	for _, v := range more {
		if at := l.index(out.Items, v); at >= 0 {
			out.Items[at] = v
		} else {
			out.Items = append(out.Items, v)
		}
	}
	return out
}

func sign[T int64 | uint64 | float64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// compareNumbers is false where one is not a number.
func compareNumbers(a, b any) (int, bool) {
	switch a := a.(type) {
	case int64:
		switch b := b.(type) {
		case int64:
			return sign(a, b), true
		case uint64:
			if a < 0 {
				return -1, true
			}
			return sign(uint64(a), b), true
		case float64:
			switch {
			case math.IsNaN(b):
				return 0, false
			case b < math.MinInt64:
				return 1, true
			case b > math.MaxInt64:
				return -1, true
			}
			return sign(float64(a), b), true
		}
	case uint64:
		switch b := b.(type) {
		case uint64:
			return sign(a, b), true
		case float64:
			switch {
			case math.IsNaN(b):
				return 0, false
			case b < 0:
				return 1, true
			case b > math.MaxUint64:
				return -1, true
			}
			return sign(float64(a), b), true
		}
	case float64:
		if b, ok := b.(float64); ok {
			return sign(a, b), !math.IsNaN(a) && !math.IsNaN(b)
		}
	}
	n, ok := compareNumbers(b, a)
	return -n, ok
}

// compare orders two values of one kind.
func compare(a, b any) (int, error) {
	if number(a) && number(b) {
		n, ok := compareNumbers(a, b)
		if !ok {
			return 0, fault("NaN values cannot be ordered")
		}
		return n, nil
	}
	switch a := a.(type) {
	case bool:
		if b, ok := b.(bool); ok {
			switch {
			case a == b:
				return 0, nil
			case b:
				return -1, nil
			}
			return 1, nil
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b), nil
		}
	case Bytes:
		if b, ok := b.(Bytes); ok {
			return bytes.Compare([]byte(a), []byte(b)), nil
		}
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b), nil
		}
	case time.Duration:
		if b, ok := b.(time.Duration); ok {
			return sign(int64(a), int64(b)), nil
		}
	}
	return 0, noOverload
}

// size is a value's number of elements or characters; 1 where it has none.
func size(v any) int64 {
	switch v := v.(type) {
	case string:
		n := int64(0)
		for range v {
			n++
		}
		return n
	case Bytes:
		return int64(len(v))
	case map[string]any:
		return int64(len(v))
	case *Map:
		return int64(len(v.keys))
	case object:
		return int64(len(v.fields))
	case Optional:
		if v.Set {
			return size(v.Value)
		}
	}
	if l, ok := items(v); ok {
		return int64(len(l))
	}
	return 1
}

// zero says whether a value is its type's empty one.
func zero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case int64:
		return v == 0
	case uint64:
		return v == 0
	case float64:
		return v == 0
	case time.Duration:
		return v == 0
	case time.Time:
		return v.IsZero()
	case string, Bytes, map[string]any, *Map, []any, *List, object:
		return size(v) == 0
	case Optional:
		return !v.Set
	}
	return false
}
