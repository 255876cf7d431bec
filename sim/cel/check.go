package cel

import (
	"fmt"
	"strings"
)

// Env is what expressions may name.
type Env struct {
	Vars map[string]*Type
	// Types are objects that expressions may make, by name.
	Types map[string]*Type
}

type checker struct {
	env    *Env
	errs   *errors
	m      bindings
	free   int
	scopes []scope
	used   map[string]bool
}

type scope struct {
	name string
	typ  *Type
}

// typeNames are the types that expressions can name.
var typeNames = map[string]*Type{
	"bool": Bool, "int": Int, "uint": Uint, "double": Double, "string": String, "bytes": BytesType, "dyn": Dyn,
	"null_type": Null, "google.protobuf.Timestamp": Timestamp, "google.protobuf.Duration": Duration,
	"list": ListOf(Dyn), "map": MapOf(Dyn, Dyn), "type": {Kind: KindType}, "optional_type": OptionalOf(Dyn),
}

func (c *checker) lookup(name string) *Type {
	for i := len(c.scopes) - 1; i >= 0; i-- {
		if c.scopes[i].name == name {
			return c.scopes[i].typ
		}
	}
	name = strings.TrimPrefix(name, ".")
	if t, ok := c.env.Vars[name]; ok {
		c.used[name] = true
		return t
	}
	if t, ok := typeNames[name]; ok && name != "dyn" {
		return &Type{Kind: KindType, Params: []*Type{t}}
	}
	if t := c.env.Types[name]; t != nil {
		return &Type{Kind: KindType, Params: []*Type{t}}
	}
	for _, known := range libraryTypes {
		if name == known {
			return &Type{Kind: KindType, Params: []*Type{Object(known, nil)}}
		}
	}
	return nil
}

func (c *checker) undeclared(pos int, name string) *Type {
	c.errs.addf(pos, "undeclared reference to '%s' (in container '')", name)
	return wrong
}

func (c *checker) check(n *node) *Type {
	n.typ = c.typeOf(n)
	return n.typ
}

func (c *checker) typeOf(n *node) *Type {
	switch n.op {
	case opConst:
		return typeOfValue(n.value)
	case opIdent:
		if t := c.lookup(n.name); t != nil {
			n.ident = strings.TrimPrefix(n.name, ".")
			return t
		}
		return c.undeclared(n.pos, n.name)
	case opSelect:
		if name, ok := qualified(n); ok {
			if t := c.lookup(name); t != nil {
				n.ident = strings.TrimPrefix(name, ".")
				return t
			}
		}
		return c.m.substitute(c.field(n, n.args[0], n.name, false), false)
	case opHas:
		c.field(n, n.args[0], n.name, false)
		return Bool
	case opCall:
		return c.call(n)
	case opList:
		return c.list(n)
	case opMap:
		return c.mapping(n)
	case opStruct:
		return c.object(n)
	}
	return c.loop(n)
}

// qualified is the name that a chain of selections spells.
func qualified(n *node) (string, bool) {
	switch n.op {
	case opIdent:
		return n.name, true
	case opSelect:
		if left, ok := qualified(n.args[0]); ok {
			return left + "." + n.name, true
		}
	}
	return "", false
}

func (c *checker) field(n, operand *node, name string, optional bool) *Type {
	t := c.m.substitute(c.check(operand), false)
	if t.Kind == KindOptional {
		t, optional = t.Params[0], true
	}
	result := Dyn
	switch t.Kind {
	case KindMap:
		result = t.Params[1]
	case KindObject:
		if strings.HasPrefix(t.Name, "net.") {
			c.errs.addf(n.pos, "type '%s' does not support field selection", t)
			break
		}
		var ok bool
		if result, ok = t.Fields[name]; !ok {
			result = wrong
			if t.Fields == nil {
				c.errs.addf(n.pos, "unexpected failed resolution of '%s'", t.Name)
			} else {
				c.errs.addf(n.pos, "undefined field '%s'", name)
			}
		}
	case kindParam:
		c.m, _ = c.m.try([]*Type{Dyn}, []*Type{t})
	case KindDyn, kindError:
	default:
		c.errs.addf(n.pos, "type '%s' does not support field selection", t)
	}
	if optional {
		return OptionalOf(result)
	}
	return result
}

func (c *checker) call(n *node) *Type {
	if n.name == "_?._" {
		name, _ := n.args[1].value.(string)
		n.args[1].typ = String
		return c.m.substitute(c.field(n, n.args[0], name, true), false)
	}
	args := n.args
	if n.member {
		args = args[1:]
	}
	for _, a := range args {
		c.check(a)
	}
	if n.member {
		if prefix, ok := qualified(n.args[0]); ok {
			if name := strings.TrimPrefix(prefix+"."+n.name, "."); declared(name) {
				n.name, n.args, n.member = name, args, false
				return c.resolve(n)
			}
		}
		c.check(n.args[0])
	}
	if name := strings.TrimPrefix(n.name, "."); declared(name) {
		n.name = name
		return c.resolve(n)
	}
	return c.undeclared(n.pos, n.name)
}

// resolve finds the overloads of a call and the type of its result.
func (c *checker) resolve(n *node) *Type {
	var args []*Type
	for _, a := range n.args {
		args = append(args, a.typ)
	}
	if n.name == "_&&_" || n.name == "_||_" {
		result := Bool
		for i, t := range args {
			var ok bool
			if c.m, ok = c.m.try([]*Type{t}, []*Type{Bool}); !ok {
				c.errs.addf(n.args[i].pos, "expected type 'bool' but found '%s'", c.m.substitute(t, false))
				result = wrong
			}
		}
		return result
	}
	var result *Type
	n.forms = overloads(n.name)
	for _, o := range n.forms {
		if o.member != n.member {
			continue
		}
		o = c.instantiate(o)
		var ok bool
		if c.m, ok = c.m.try(args, o.args); !ok {
			continue
		}
		t := c.m.substitute(o.result, false)
		if result == nil {
			result = t
		} else if result.Kind != KindDyn && !t.equal(result) {
			result = Dyn
		}
	}
	if result == nil {
		c.errs.addf(n.pos, "found no matching overload for '%s' applied to '%s'", n.name, c.signature(args, n.member))
		return wrong
	}
	return result
}

func (c *checker) signature(args []*Type, member bool) string {
	var parts []string
	for _, t := range args {
		parts = append(parts, c.m.substitute(t, true).String())
	}
	if member {
		return parts[0] + ".(" + strings.Join(parts[1:], ", ") + ")"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func (c *checker) fresh() *Type {
	c.free++
	return &Type{Kind: kindParam, Name: fmt.Sprintf("_var%d", c.free-1)}
}

// instantiate gives an overload parameters of its own.
func (c *checker) instantiate(o overload) overload {
	own := bindings{}
	for _, t := range append(o.args[:len(o.args):len(o.args)], o.result) {
		for _, name := range t.parameters() {
			if own[name] == nil {
				own[name] = c.fresh()
			}
		}
	}
	out := overload{member: o.member, result: own.substitute(o.result, false)}
	for _, t := range o.args {
		out.args = append(out.args, own.substitute(t, false))
	}
	return out
}

func (t *Type) parameters() (out []string) {
	if t.Kind == kindParam {
		return []string{t.Name}
	}
	for _, p := range t.Params {
		out = append(out, p.parameters()...)
	}
	return out
}

// element is the type of an element that may be optional.
func (c *checker) element(n *node, optional bool) *Type {
	t := c.check(n)
	if !optional {
		return t
	}
	if t.Kind == KindOptional {
		return t.Params[0]
	}
	if t.Kind != KindDyn {
		c.errs.addf(n.pos, "expected type '%s' but found '%s'", OptionalOf(t), t)
	}
	return t
}

func (c *checker) join(before, t *Type) *Type {
	if before == nil {
		return t
	}
	var ok bool
	if c.m, ok = c.m.try([]*Type{before}, []*Type{t}); ok {
		return mostGeneral(before, t)
	}
	return Dyn
}

func (c *checker) list(n *node) *Type {
	var elem *Type
	for i, a := range n.args {
		elem = c.join(elem, c.element(a, n.opt[i]))
	}
	if elem == nil {
		elem = c.fresh()
	}
	return ListOf(elem)
}

func (c *checker) mapping(n *node) *Type {
	var key, value *Type
	for i := 0; i < len(n.args); i += 2 {
		key = c.join(key, c.check(n.args[i]))
		value = c.join(value, c.element(n.args[i+1], n.opt[i/2]))
	}
	if key == nil {
		key, value = c.fresh(), c.fresh()
	}
	return MapOf(key, value)
}

func (c *checker) object(n *node) *Type {
	t := c.lookup(n.name)
	if t == nil {
		return c.undeclared(n.pos, n.name)
	}
	if t.Kind != KindType {
		c.errs.addf(n.pos, "'%s' is not a type", t)
		return wrong
	}
	if t = t.Params[0]; t.Kind != KindObject {
		c.errs.addf(n.pos, "'%s' is not a message type", t)
		return wrong
	}
	for i, a := range n.args {
		value := c.element(a, n.opt[i])
		want, ok := t.Fields[n.fields[i]]
		if !ok {
			c.errs.addf(a.pos, "undefined field '%s'", n.fields[i])
			continue
		}
		if c.m, ok = c.m.try([]*Type{want}, []*Type{value}); !ok {
			c.errs.addf(a.pos, "expected type of field '%s' is '%s' but provided type is '%s'", n.fields[i], want, value)
		}
	}
	return t
}

func (c *checker) loop(n *node) *Type {
	f := n.fold
	c.check(n.args[0])
	accu := c.check(f.init)
	over := c.m.substitute(n.args[0].typ, false)
	outer := len(c.scopes)
	c.scopes = append(c.scopes, scope{f.accu, accu})
	v1, v2 := Dyn, Dyn
	switch over.Kind {
	case KindList:
		v1 = over.Params[0]
		if f.v2 != "" {
			v1, v2 = Int, v1
		}
	case KindMap:
		v1, v2 = over.Params[0], over.Params[1]
	case KindDyn, kindError, kindParam:
		c.m, _ = c.m.try([]*Type{Dyn}, []*Type{over})
	default:
		c.errs.addf(n.args[0].pos, "expression of type '%s' cannot be range of a comprehension (must be list, map, or dynamic)", over)
		v1, v2 = wrong, wrong
	}
	inner := len(c.scopes)
	c.scopes = append(c.scopes, scope{f.v1, v1})
	if f.v2 != "" {
		c.scopes = append(c.scopes, scope{f.v2, v2})
	}
	c.check(f.cond)
	c.want(f.cond, Bool)
	c.check(f.step)
	c.want(f.step, accu)
	c.scopes = c.scopes[:inner]
	c.check(f.result)
	c.scopes = c.scopes[:outer]
	return c.m.substitute(f.result.typ, false)
}

func (c *checker) want(n *node, t *Type) {
	var ok bool
	if c.m, ok = c.m.try([]*Type{t}, []*Type{n.typ}); !ok {
		c.errs.addf(n.pos, "expected type '%s' but found '%s'", t, n.typ)
	}
}
