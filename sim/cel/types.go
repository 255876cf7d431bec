package cel

import (
	"maps"
	"slices"
	"strings"
)

// Kind is a family of types. Its letter is also its name in the table of functions.
type Kind byte

// The kinds of types.
const (
	KindBool      Kind = 'b'
	KindInt       Kind = 'i'
	KindUint      Kind = 'u'
	KindDouble    Kind = 'd'
	KindString    Kind = 's'
	KindBytes     Kind = 'y'
	KindTimestamp Kind = 'T'
	KindDuration  Kind = 'D'
	KindNull      Kind = 'n'
	KindDyn       Kind = '*'
	KindList      Kind = 'L'
	KindMap       Kind = 'M'
	KindOptional  Kind = 'O'
	KindType      Kind = 't'
	KindObject    Kind = 'S'
	kindParam     Kind = 'P'
	kindError     Kind = 'E'
)

// Type is a type of expressions. Types are never changed once an expression was compiled with them.
type Type struct {
	Kind   Kind
	Name   string // of an object or a parameter
	Params []*Type
	Fields map[string]*Type // of an object, by escaped name
	// Max is the greatest number of elements, or of characters, that a value can have; 0 is unknown.
	Max int64
}

// The types without parts.
var (
	Bool      = &Type{Kind: KindBool}
	Int       = &Type{Kind: KindInt}
	Uint      = &Type{Kind: KindUint}
	Double    = &Type{Kind: KindDouble}
	String    = &Type{Kind: KindString}
	BytesType = &Type{Kind: KindBytes}
	Timestamp = &Type{Kind: KindTimestamp}
	Duration  = &Type{Kind: KindDuration}
	Null      = &Type{Kind: KindNull}
	Dyn       = &Type{Kind: KindDyn}
	wrong     = &Type{Kind: kindError}
)

// ListOf is a list's type.
func ListOf(elem *Type) *Type { return &Type{Kind: KindList, Params: []*Type{elem}} }

// MapOf is a map's type.
func MapOf(key, value *Type) *Type { return &Type{Kind: KindMap, Params: []*Type{key, value}} }

// OptionalOf is the type of what may be absent.
func OptionalOf(t *Type) *Type { return &Type{Kind: KindOptional, Params: []*Type{t}} }

// Object is the type of an object.
func Object(name string, fields map[string]*Type) *Type {
	return &Type{Kind: KindObject, Name: name, Fields: fields}
}

// names are what the kinds are called.
var names = map[Kind]string{
	KindBool: "bool", KindInt: "int", KindUint: "uint", KindDouble: "double", KindString: "string", KindBytes: "bytes",
	KindTimestamp: "timestamp", KindDuration: "duration", KindNull: "null", KindDyn: "dyn", KindList: "list", KindMap: "map",
	KindOptional: "optional_type", KindType: "type", kindError: "!error!",
}

// libraryTypes are the objects of Kubernetes' libraries, by letter.
var libraryTypes = map[Kind]string{
	'q': "kubernetes.Quantity", 'r': "kubernetes.URL", 'p': "net.IP", 'c': "net.CIDR", 'v': "kubernetes.Semver",
	'f': "kubernetes.NamedFormat", 'z': "kubernetes.authorization.Authorizer", 'w': "kubernetes.authorization.PathCheck",
	'g': "kubernetes.authorization.GroupCheck", 'k': "kubernetes.authorization.ResourceCheck", 'x': "kubernetes.authorization.Decision",
}

func (t *Type) String() string {
	if t.Kind == KindObject || t.Kind == kindParam {
		return t.Name
	}
	if len(t.Params) == 0 {
		return names[t.Kind]
	}
	var parts []string
	for _, p := range t.Params {
		parts = append(parts, p.String())
	}
	return names[t.Kind] + "(" + strings.Join(parts, ", ") + ")"
}

func (t *Type) equal(o *Type) bool {
	return t.Kind == o.Kind && t.Name == o.Name && slices.EqualFunc(t.Params, o.Params, (*Type).equal)
}

func (t *Type) unknown() bool { return t.Kind == KindDyn || t.Kind == kindError }

// bindings are what the parameters of types stand for.
type bindings map[string]*Type

func (m bindings) substitute(t *Type, free bool) *Type {
	if t.Kind == kindParam {
		if to, ok := m[t.Name]; ok {
			return m.substitute(to, free)
		}
		if free {
			return Dyn
		}
		return t
	}
	if t.Kind == KindObject || len(t.Params) == 0 {
		return t
	}
	out := *t
	out.Params = make([]*Type, len(t.Params))
	for i, p := range t.Params {
		out.Params[i] = m.substitute(p, free)
	}
	return &out
}

// assignable says whether one can stand where the other is wanted, and binds parameters on the way.
func (m bindings) assignable(a, b *Type) bool {
	if b.Kind == kindParam {
		valid, bound := m.bind(a, b)
		if valid {
			return true
		}
		if bound {
			return false
		}
	}
	if a.Kind == kindParam {
		valid, _ := m.bind(b, a)
		return valid
	}
	switch {
	case a.unknown() || b.unknown():
		return true
	case a.Kind == KindNull:
		return b.nullable()
	case b.Kind == KindNull:
		return a.nullable()
	case a.Kind != b.Kind:
		return false
	}
	switch a.Kind {
	case KindObject:
		return a.Name == b.Name
	case KindList, KindMap, KindOptional:
		for i := range a.Params {
			if !m.assignable(a.Params[i], b.Params[i]) {
				return false
			}
		}
	}
	return true
}

func (t *Type) nullable() bool {
	switch t.Kind {
	case KindNull, KindObject, KindOptional, KindTimestamp, KindDuration:
		return true
	}
	return false
}

func (m bindings) bind(t, param *Type) (valid, bound bool) {
	if t.equal(param) {
		return true, true
	}
	if to, ok := m[param.Name]; ok {
		if t.equal(to) {
			return true, true
		}
		if !m.assignable(t, to) {
			return false, true
		}
		if general := mostGeneral(t, to); !m.occurs(param, general) {
			m[param.Name] = general
		}
		return true, true
	}
	if m.occurs(param, t) {
		return false, false
	}
	m[param.Name] = t
	return true, false
}

func (m bindings) occurs(param, in *Type) bool {
	if param.equal(in) {
		return true
	}
	if in.Kind == kindParam {
		to, ok := m[in.Name]
		return ok && m.occurs(param, to)
	}
	return in.Kind != KindObject && slices.ContainsFunc(in.Params, func(p *Type) bool { return m.occurs(param, p) })
}

func mostGeneral(a, b *Type) *Type {
	if lessSpecific(a, b) {
		return a
	}
	return b
}

func lessSpecific(a, b *Type) bool {
	switch {
	case a.Kind == KindDyn || a.Kind == kindParam:
		return true
	case b.Kind == KindDyn || b.Kind == kindParam || a.Kind != b.Kind:
		return false
	}
	switch a.Kind {
	case KindOptional, KindList, KindMap:
		return slices.EqualFunc(a.Params, b.Params, lessSpecific)
	case KindType:
		return true
	}
	return a.equal(b)
}

// try binds only if all can be assigned.
func (m bindings) try(from, to []*Type) (bindings, bool) {
	if len(from) != len(to) {
		return m, false
	}
	next := maps.Clone(m)
	for i := range from {
		if !next.assignable(from[i], to[i]) {
			return m, false
		}
	}
	return next, true
}
