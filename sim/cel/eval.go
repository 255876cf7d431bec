package cel

import (
	"math"
	"strings"
)

// Vars gives the values of variables.
type Vars func(name string) (any, bool)

// evaluator walks a checked expression.
type evaluator struct {
	vars    Vars
	cost    uint64
	limit   uint64
	locals  []local
	foreign Libraries
}

type local struct {
	name  string
	value any
}

// tooDear ends an evaluation that has used up its budget.
type tooDear struct{}

func (e *evaluator) pay(n uint64) {
	e.cost += n
	if e.cost > e.limit {
		panic(tooDear{})
	}
}

func (e *evaluator) variable(name string) any {
	for i := len(e.locals) - 1; i >= 0; i-- {
		if e.locals[i].name == name {
			return e.locals[i].value
		}
	}
	if v, ok := e.vars(name); ok {
		return v
	}
	if t, ok := typeNames[name]; ok {
		if t.Kind == KindNull {
			return typeName("null_type")
		}
		if len(name) > 6 && name[:6] == "google" {
			return typeName(name)
		}
		return typeName(names[t.Kind])
	}
	for _, known := range libraryTypes {
		if known == name {
			return typeName(known)
		}
	}
	return failf("no such attribute(s): %s", name)
}

// eval is a node's value, or an error as its value.
func (e *evaluator) eval(n *node) any {
	switch n.op {
	case opConst:
		return n.value
	case opIdent:
		e.pay(1)
		return e.variable(n.ident)
	case opSelect:
		e.pay(1)
		if n.ident != "" {
			return e.variable(n.ident)
		}
		return selectField(e.operand(n.args[0]), n.name)
	case opHas:
		return has(e.operand(n.args[0]), n.name)
	case opCall:
		return e.call(n)
	case opList:
		return e.list(n)
	case opMap:
		return e.mapping(n)
	case opStruct:
		return e.object(n)
	}
	return e.loop(n)
}

// operand is what is selected from; a name in front is paid with the selection.
func (e *evaluator) operand(n *node) any {
	if n.op == opIdent {
		return e.variable(n.ident)
	}
	return e.eval(n)
}

func selectField(v any, name string) any {
	switch v := v.(type) {
	case error:
		return v
	case Optional:
		if !v.Set {
			return v
		}
		inner, ok := find(v.Value, name)
		return Optional{inner, ok}
	case map[string]any, *Map, object, Fields:
		if value, ok := find(v, name); ok {
			return value
		}
	case []any, *List:
		return index(v, name)
	}
	return failf("no such key: %s", name)
}

func has(v any, name string) any {
	switch v := v.(type) {
	case error:
		return v
	case Optional:
		if !v.Set {
			return false
		}
		return has(v.Value, name)
	case map[string]any, *Map, object, Fields:
		_, ok := find(v, name)
		return ok
	case []any, *List:
		return index(v, name)
	}
	return false
}

func (e *evaluator) list(n *node) any {
	out := make([]any, 0, len(n.args))
	for i, a := range n.args {
		v := e.eval(a)
		if _, bad := v.(error); bad {
			return v
		}
		if n.opt[i] {
			o, ok := v.(Optional)
			if !ok {
				return failf("cannot initialize optional list element from non-optional value %v", v)
			}
			if !o.Set {
				continue
			}
			v = o.Value
		}
		out = append(out, v)
	}
	e.pay(10)
	return out
}

func (e *evaluator) mapping(n *node) any {
	out := &Map{}
	for i := 0; i < len(n.args); i += 2 {
		key := e.eval(n.args[i])
		if _, bad := key.(error); bad {
			return key
		}
		v := e.eval(n.args[i+1])
		if _, bad := v.(error); bad {
			return v
		}
		if n.opt[i/2] {
			o, ok := v.(Optional)
			if !ok {
				return failf("cannot initialize optional entry '%v' from non-optional value %v", key, v)
			}
			if !o.Set {
				continue
			}
			v = o.Value
		}
		out.put(key, v)
	}
	e.pay(30)
	return out
}

func (m *Map) put(key, value any) {
	for i, k := range m.keys {
		if equal(k, key) {
			m.values[i] = value
			return
		}
	}
	m.keys, m.values = append(m.keys, key), append(m.values, value)
}

func (e *evaluator) object(n *node) any {
	out := object{n.name, map[string]any{}}
	for i, a := range n.args {
		v := e.eval(a)
		if _, bad := v.(error); bad {
			return v
		}
		if n.opt[i] {
			o, ok := v.(Optional)
			if !ok {
				return failf("cannot initialize optional entry '%v' from non-optional value %v", n.fields[i], v)
			}
			if !o.Set {
				continue
			}
			v = o.Value
		}
		out.fields[n.fields[i]] = v
	}
	e.pay(40)
	return out
}

func (e *evaluator) loop(n *node) any {
	f := n.fold
	over := e.eval(n.args[0])
	if _, bad := over.(error); bad {
		return over
	}
	firsts, ok := items(over)
	var seconds []any
	list := ok
	if !ok {
		if firsts, seconds, ok = entries(over); !ok {
			name := strings.TrimSuffix(called(over), "_type")
			return failf("got 'types.%s%s', expected iterable type", strings.ToUpper(name[:1]), name[1:])
		}
	}
	init := e.eval(f.init)
	outer := len(e.locals)
	defer func() { e.locals = e.locals[:outer] }()
	e.locals = append(e.locals, local{f.accu, init})
	for i, v := range firsts {
		e.locals = append(e.locals[:outer+1], local{f.v1, v})
		if f.v2 != "" {
			e.locals = e.locals[:outer+1]
			if list {
				e.locals = append(e.locals, local{f.v1, int64(i)}, local{f.v2, v})
			} else {
				e.locals = append(e.locals, local{f.v1, v}, local{f.v2, seconds[i]})
			}
		}
		if cond := e.eval(f.cond); cond == false {
			break
		}
		step := e.eval(f.step)
		e.locals[outer].value = step
		if _, bad := step.(error); bad && f.cond.op == opConst {
			break
		}
	}
	e.locals = e.locals[:outer+1]
	return e.eval(f.result)
}

func (e *evaluator) call(n *node) any {
	switch n.name {
	case "_&&_", "_||_":
		return e.logical(n, n.name == "_||_")
	case "_?_:_":
		switch cond := e.eval(n.args[0]).(type) {
		case bool:
			if cond {
				return e.eval(n.args[1])
			}
			return e.eval(n.args[2])
		case error:
			return cond
		}
		return noOverload
	case "@not_strictly_false":
		v := e.eval(n.args[0])
		e.pay(1)
		return v != false
	case "_?._":
		e.pay(1)
		return optSelect(e.operand(n.args[0]), n.args[1].value)
	case "or", "orValue":
		if !n.member {
			break
		}
		first := e.eval(n.args[0])
		o, ok := first.(Optional)
		switch {
		case !ok:
			return first
		case o.Set && n.name == "or":
			return o
		case o.Set:
			return o.Value
		}
		return e.eval(n.args[1])
	}
	args := make([]any, len(n.args))
	for i, a := range n.args {
		if i == 0 && (n.name == "_[_]" || n.name == "_[?_]") {
			args[i] = e.operand(a)
		} else {
			args[i] = e.eval(a)
		}
		if _, bad := args[i].(error); bad {
			return args[i]
		}
	}
	return e.apply(n, args)
}

// logical absorbs an error on one side where the other decides.
func (e *evaluator) logical(n *node, decides bool) any {
	var bad any
	for _, a := range n.args {
		v := e.eval(a)
		if v == decides {
			return v
		}
		if v != !decides && bad == nil {
			if _, ok := v.(error); !ok {
				v = noOverload
			}
			bad = v
		}
	}
	if bad != nil {
		return bad
	}
	return !decides
}

func optSelect(v, key any) any {
	switch v := v.(type) {
	case error:
		return v
	case Optional:
		if !v.Set {
			return v
		}
		return optSelect(v.Value, key)
	case map[string]any, *Map, object, Fields:
		value, ok := find(v, key)
		return Optional{value, ok}
	}
	if l, ok := items(v); ok {
		i, err := position(key)
		if err != nil {
			return err
		}
		if i < 0 || i >= int64(len(l)) {
			return Optional{}
		}
		return Optional{l[i], true}
	}
	return noOverload
}

// position is a number as the index of a list.
func position(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v), nil
		}
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < math.MaxInt64 {
			return int64(v), nil
		}
	default:
		return 0, failf("unsupported index type '%s' in list", called(v))
	}
	return 0, failf("unsupported index value %v in list", v)
}

func index(v, key any) any {
	if o, ok := v.(Optional); ok {
		return optSelect(o, key)
	}
	switch key.(type) {
	case []any, *List, map[string]any, *Map:
		return failf("invalid qualifier type: %T", key)
	}
	if l, ok := items(v); ok {
		i, err := position(key)
		if err != nil {
			return err
		}
		if i < 0 || i >= int64(len(l)) {
			return failf("index out of bounds: %d", i)
		}
		return l[i]
	}
	if _, _, ok := entries(v); ok {
		if value, ok := find(v, key); ok {
			return value
		}
	}
	return failf("no such key: %v", key)
}
