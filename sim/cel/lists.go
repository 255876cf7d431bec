package cel

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// listFunction calls a function on a list.
func listFunction(name string, l []any, args []any) any {
	switch name {
	case "first", "last":
		switch {
		case len(l) == 0:
			return Optional{}
		case name == "first":
			return Optional{l[0], true}
		}
		return Optional{l[len(l)-1], true}
	case "unwrapOpt", "optional.unwrap":
		out := []any{}
		for _, v := range l {
			o, ok := v.(Optional)
			if !ok {
				return failf("value %v is not optional", v)
			}
			if o.Set {
				out = append(out, o.Value)
			}
		}
		return out
	case "indexOf":
		return int64(slices.IndexFunc(l, func(v any) bool { return equal(v, args[1]) }))
	case "lastIndexOf":
		for i := len(l) - 1; i >= 0; i-- {
			if equal(l[i], args[1]) {
				return int64(i)
			}
		}
		return int64(-1)
	case "isSorted", "min", "max":
		return ordered(name, l)
	case "sum":
		return sum(l)
	case "sort":
		return sortBy(l, l)
	case "reverse":
		out := slices.Clone(l)
		slices.Reverse(out)
		return out
	case "distinct":
		out := []any{}
		for _, v := range l {
			if !slices.ContainsFunc(out, func(o any) bool { return equal(v, o) }) {
				out = append(out, v)
			}
		}
		return out
	case "flatten":
		depth := int64(1)
		if len(args) == 2 {
			depth = args[1].(int64)
		}
		if depth < 0 {
			return fault("level must be non-negative")
		}
		return flatten(l, depth)
	case "slice":
		return slice(l, args[1].(int64), args[2].(int64))
	case "join":
		return join(l, args[1:])
	case "sets.contains", "sets.equivalent", "sets.intersects":
		other, _ := items(args[1])
		return sets(name, l, other)
	}
	return noOverload
}

func ordered(name string, l []any) any {
	if len(l) == 0 {
		if name == "isSorted" {
			return true
		}
		return failf("%s called on empty list", name)
	}
	best := l[0]
	for i := 1; i < len(l); i++ {
		c, err := compare(l[i], best)
		switch {
		case err != nil:
			return err
		case name == "isSorted":
			if c < 0 {
				return false
			}
			best = l[i]
		case name == "min" && c < 0 || name == "max" && c > 0:
			best = l[i]
		}
	}
	if name == "isSorted" {
		return true
	}
	return best
}

func sum(l []any) any {
	if len(l) == 0 {
		return int64(0)
	}
	total := l[0]
	for _, v := range l[1:] {
		if called(v) != called(total) {
			return noOverload
		}
		switch v.(type) {
		case int64, uint64, float64, time.Duration:
		default:
			return noOverload
		}
		total = arithmetic("_+_", total, v)
		if _, bad := total.(error); bad {
			return total
		}
	}
	return total
}

// sortBy orders a list by keys that belong to its elements.
func sortBy(l, keys []any) any {
	if len(l) != len(keys) {
		return failf("@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got %d and %d elements respectively", len(l), len(keys))
	}
	if len(l) == 0 {
		return l
	}
	if _, err := compare(keys[0], keys[0]); err != nil {
		return fault("list elements must be comparable")
	}
	at := make([]int, len(l))
	for i := range at {
		at[i] = i
		if called(keys[i]) != called(keys[0]) {
			return fault("list elements must have the same type")
		}
	}
	sort.SliceStable(at, func(i, j int) bool {
		c, _ := compare(keys[at[i]], keys[at[j]])
		return c < 0
	})
	out := make([]any, len(l))
	for i, from := range at {
		out[i] = l[from]
	}
	return out
}

func flatten(l []any, depth int64) []any {
	out := []any{}
	for _, v := range l {
		if inner, ok := items(v); ok && depth > 0 {
			out = append(out, flatten(inner, depth-1)...)
		} else {
			out = append(out, v)
		}
	}
	return out
}

func slice(l []any, start, end int64) any {
	switch {
	case start < 0 || end < 0:
		return failf("cannot slice(%d, %d), negative indexes not supported", start, end)
	case start > end:
		return failf("cannot slice(%d, %d), start index must be less than or equal to end index", start, end)
	case end > int64(len(l)):
		return failf("cannot slice(%d, %d), list is length %d", start, end, len(l))
	}
	return l[start:end:end]
}

func join(l []any, args []any) any {
	sep := ""
	if len(args) == 1 {
		sep = args[0].(string)
	}
	var parts []string
	for _, v := range l {
		s, ok := v.(string)
		if !ok {
			return failf("join: invalid input: %v", v)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, sep)
}

func sets(name string, a, b []any) any {
	in := func(l []any, v any) bool { return slices.ContainsFunc(l, func(o any) bool { return equal(v, o) }) }
	all := func(l, sub []any) bool { return !slices.ContainsFunc(sub, func(v any) bool { return !in(l, v) }) }
	switch name {
	case "sets.contains":
		return all(a, b)
	case "sets.equivalent":
		return all(a, b) && all(b, a)
	}
	return slices.ContainsFunc(a, func(v any) bool { return in(b, v) })
}
