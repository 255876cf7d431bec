package cel

import (
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// accepts says whether a value can stand for an argument of a type.
func (t *Type) accepts(v any) bool {
	switch t.Kind {
	case KindDyn, kindParam, KindType:
		return true
	}
	own := typeOfValue(v)
	if own.Kind != t.Kind || own.Name != t.Name {
		return false
	}
	if t.Kind == KindList {
		l, _ := items(v)
		return len(l) == 0 || t.Params[0].accepts(l[0])
	}
	return true
}

// unguarded are functions that look at their first argument alone before they run, with the kinds that they take.
var unguarded = map[string]string{
	"size": "syLM", "matches": "s", "sort": "L", "_+_": "iudsyLTD", "_-_": "iudTD", "_*_": "iud", "_/_": "iud", "_%_": "iu",
	"_<_": "iudsybTD", "_<=_": "iudsybTD", "_>_": "iudsybTD", "_>=_": "iudsybTD", "-_": "idD", "!_": "b",
	"contains": "", "startsWith": "", "endsWith": "", "@in": "", "@sortByAssociatedKeys": "L",
}

// mismatch is the error of a call that no overload takes.
func mismatch(name string, args []any) error {
	kinds, ok := unguarded[name]
	if ok {
		k := typeOfValue(args[0]).Kind
		if kinds == "" || strings.ContainsRune(kinds+"sTD", rune(k)) {
			return noOverload
		}
		return noOverload + fault(": "+name)
	}
	var given []string
	for _, v := range args {
		given = append(given, called(v))
	}
	if name == "flatten" {
		return noOverload + fault(": "+given[0]+".flatten("+strings.Join(given[1:], ", ")+")")
	}
	return noOverload + fault(": "+name+"("+strings.Join(given, ", ")+")")
}

// apply calls a function with values.
func (e *evaluator) apply(n *node, args []any) any {
	switch n.name {
	case "_[_]":
		e.pay(1)
		return index(args[0], args[1])
	case "_[?_]":
		e.pay(1)
		return optSelect(args[0], args[1])
	}
	ok := false
	for _, o := range n.forms {
		if o.member == n.member && len(o.args) == len(args) {
			fits := true
			for i, t := range o.args {
				fits = fits && t.accepts(args[i])
			}
			if ok = fits; ok {
				break
			}
		}
	}
	if !ok && n.name == "sort" {
		_, ok = items(args[0])
	}
	if !ok {
		e.pay(1)
		return mismatch(n.name, args)
	}
	e.pay(before(n.name, args))
	var out any
	switch strings.IndexByte("!-_@", n.name[0]) {
	case -1:
		out = e.function(n.name, args, n.member)
	default:
		out = operator(n, args)
	}
	if after := after(n.name, args, out); after > 0 {
		e.pay(after)
	}
	return out
}

func tenth(n int64) uint64 { return uint64(math.Ceil(float64(n) * 0.1)) }

// before is what a call costs that can be told from its arguments.
func before(name string, args []any) uint64 {
	two := func() (int64, int64) { return size(args[0]), size(args[1]) }
	switch name {
	case "startsWith", "endsWith", "bytes", "strings.quote", "format":
		return tenth(size(args[0]))
	case "string":
		if _, ok := args[0].(Bytes); ok {
			return tenth(size(args[0]))
		}
	case "@in":
		if _, ok := items(args[1]); ok {
			return uint64(size(args[1]))
		}
	case "_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_":
		a, b := two()
		return max(tenth(min(a, b)), 0)
	case "_+_":
		switch args[0].(type) {
		case string, Bytes:
			a, b := two()
			return tenth(a + b)
		}
	case "matches", "find", "findAll":
		a, b := two()
		return tenth(1+a) * uint64(math.Ceil(float64(b)*0.25))
	case "contains":
		a, b := two()
		return tenth(a) * tenth(b)
	case "replace", "split", "lowerAscii", "upperAscii", "trim", "substring", "charAt":
		return tenth(size(args[0]))
	case "indexOf", "lastIndexOf", "isSorted", "sum", "max", "min", "slice", "reverse", "join":
		return uint64(size(args[0]))
	case "lists.range":
		if n := args[0].(int64); n > 0 {
			return uint64(n)
		}
	case "sets.contains", "sets.intersects", "sets.equivalent":
		a, b := two()
		return uint64(a * b)
	case "distinct", "sort", "@sortByAssociatedKeys":
		return uint64(size(args[0]) * size(args[0]))
	case "isURL", "url", "quantity", "isQuantity", "ip", "isIP", "cidr", "isCIDR", "semver", "isSemver":
		return tenth(size(args[0]))
	case "validate":
		return tenth(size(args[1])) * 10
	case "check":
		return 350000
	}
	return 1
}

// after is what a call costs for the size of its result.
func after(name string, args []any, out any) uint64 {
	if _, bad := out.(error); bad {
		return 0
	}
	switch name {
	case "replace", "join", "flatten", "format":
		return tenth(size(out))
	}
	return 0
}

func operator(n *node, args []any) any {
	a := args[0]
	var b any
	if len(args) > 1 {
		b = args[1]
	}
	switch n.name {
	case "!_":
		return !a.(bool)
	case "_==_":
		return equal(a, b)
	case "_!=_":
		return !equal(a, b)
	case "_<_", "_<=_", "_>_", "_>=_":
		c, err := compare(a, b)
		if err != nil {
			return err
		}
		switch n.name {
		case "_<_":
			return c < 0
		case "_<=_":
			return c <= 0
		case "_>_":
			return c > 0
		}
		return c >= 0
	case "@in":
		if l, ok := items(b); ok {
			return slices.ContainsFunc(l, func(v any) bool { return equal(a, v) })
		}
		_, ok := find(b, a)
		return ok
	case "@sortByAssociatedKeys":
		list, _ := items(a)
		keys, _ := items(b)
		return sortBy(list, keys)
	case "_+_":
		return add(n, a, b)
	}
	return arithmetic(n.name, a, b)
}

func add(n *node, a, b any) any {
	switch x := a.(type) {
	case string:
		return x + b.(string)
	case Bytes:
		return x + b.(Bytes)
	case *List:
		more, _ := items(b)
		return x.plus(more)
	case []any:
		more, _ := items(b)
		if first := n.args[0]; first.op == opIdent && first.name == accumulator {
			return append(x, more...) // nobody else holds what is gathered
		}
		return append(x[:len(x):len(x)], more...)
	case time.Time:
		return timeInRange(x.Add(b.(time.Duration)))
	case time.Duration:
		if t, ok := b.(time.Time); ok {
			return timeInRange(t.Add(x))
		}
	}
	return arithmetic("_+_", a, b)
}

const (
	intOverflow      = fault("integer overflow")
	uintOverflow     = fault("unsigned integer overflow")
	durationOverflow = fault("duration overflow")
	timeOverflow     = fault("timestamp overflow")
	divideByZero     = fault("division by zero")
	modulusByZero    = fault("modulus by zero")
)

func timeInRange(t time.Time) any {
	if t.Unix() < -62135596800 || t.Unix() > 253402300799 {
		return timeOverflow
	}
	return t
}

func arithmetic(op string, a, b any) any {
	switch x := a.(type) {
	case int64:
		if op == "-_" {
			if x == math.MinInt64 {
				return intOverflow
			}
			return -x
		}
		return ints(op, x, b.(int64))
	case uint64:
		return uints(op, x, b.(uint64))
	case float64:
		if op == "-_" {
			return -x
		}
		y := b.(float64)
		switch op {
		case "_+_":
			return x + y
		case "_-_":
			return x - y
		case "_*_":
			return x * y
		}
		return x / y
	case time.Duration:
		y := b.(time.Duration)
		v := ints(op, int64(x), int64(y))
		if n, ok := v.(int64); ok {
			return time.Duration(n)
		}
		return durationOverflow
	case time.Time:
		if d, ok := b.(time.Duration); ok {
			return timeInRange(x.Add(-d))
		}
		y := b.(time.Time)
		d := x.Sub(y)
		if d == math.MaxInt64 || d == math.MinInt64 {
			return durationOverflow
		}
		return d
	}
	return noOverload
}

func ints(op string, x, y int64) any {
	switch op {
	case "_+_":
		if z := x + y; (z > x) == (y > 0) {
			return z
		}
	case "_-_":
		if z := x - y; (z < x) == (y > 0) {
			return z
		}
	case "_*_":
		if x == 0 || y == 0 {
			return int64(0)
		}
		if z := x * y; z/y == x && !(x == -1 && y == math.MinInt64) && !(y == -1 && x == math.MinInt64) {
			return z
		}
	default:
		switch {
		case y == 0 && op == "_/_":
			return divideByZero
		case y == 0:
			return modulusByZero
		case x == math.MinInt64 && y == -1:
			return intOverflow
		case op == "_/_":
			return x / y
		}
		return x % y
	}
	return intOverflow
}

func uints(op string, x, y uint64) any {
	switch op {
	case "_+_":
		if z := x + y; z >= x {
			return z
		}
	case "_-_":
		if y <= x {
			return x - y
		}
	case "_*_":
		if x == 0 || x*y/x == y {
			return x * y
		}
	case "_/_":
		if y == 0 {
			return divideByZero
		}
		return x / y
	default:
		if y == 0 {
			return modulusByZero
		}
		return x % y
	}
	return uintOverflow
}

// function calls what is not an operator.
func (e *evaluator) function(name string, args []any, member bool) any {
	switch a := args; {
	case name == "size":
		return size(a[0])
	case name == "dyn":
		return a[0]
	case name == "type":
		return typeName(called(a[0]))
	case name == "optional.of":
		return Optional{a[0], true}
	case name == "optional.ofNonZeroValue":
		if zero(a[0]) {
			return Optional{}
		}
		return Optional{a[0], true}
	case name == "cel.@mapInsert":
		return insert(a)
	}
	if len(args) == 0 {
		if short, ok := strings.CutPrefix(name, "format."); ok {
			return format{short}
		}
		return Optional{}
	}
	switch v := args[0].(type) {
	case Optional:
		switch {
		case name == "hasValue":
			return v.Set
		case v.Set:
			return v.Value
		}
		return fault("optional.none() dereference")
	case time.Time:
		if strings.HasPrefix(name, "get") {
			return timePart(name, v, args[1:])
		}
	case time.Duration:
		if strings.HasPrefix(name, "get") {
			return durationPart(name, v)
		}
	case resource.Quantity, *url.URL, netip.Addr, netip.Prefix, semver, format, check, decision:
		return e.library(name, args)
	}
	if out, ok := convert(name, args[0]); ok {
		return out
	}
	if l, ok := items(args[0]); ok {
		return listFunction(name, l, args)
	}
	if s, ok := args[0].(string); ok {
		if name != "semver" && name != "isSemver" {
			if out, ok := stringFunction(name, s, args[1:]); ok {
				return out
			}
		}
		return parseFunction(name, s, args[1:])
	}
	if n, ok := args[0].(int64); ok && name == "lists.range" {
		out := make([]any, max(n, 0))
		for i := range out {
			out[i] = int64(i)
		}
		return out
	}
	return noOverload
}

func insert(args []any) any {
	m := &Map{}
	keys, values, _ := entries(args[0])
	m.keys, m.values = slices.Clone(keys), slices.Clone(values)
	more := &Map{}
	if len(args) == 3 {
		more.put(args[1], args[2])
	} else {
		more.keys, more.values, _ = entries(args[1])
	}
	for i, key := range more.keys {
		if _, ok := find(m, key); ok {
			return failf("insert failed: key %v already exists", key)
		}
		m.put(key, more.values[i])
	}
	return m
}
