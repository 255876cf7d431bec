package policies

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/cel"
	"terrarium/sim/openapi"
)

// OfKind is the type of a built-in kind's objects; nil where there is no such kind.
func OfKind(gvk schema.GroupVersionKind) *cel.Type {
	name := openapi.ForKind(gvk)
	if name == "" {
		return nil
	}
	return kinds{}.named(name)
}

// kinds are types by the name of their schema, so that none is made twice and one may be part of itself.
type kinds map[string]*cel.Type

func (k kinds) named(name string) *cel.Type {
	if t, ok := k[name]; ok {
		return t
	}
	s := openapi.Lookup(name)
	switch {
	case s == nil || s.Any || len(s.OneOf) > 0:
		return cel.Dyn
	case len(s.Fields) == 0 && s.Type.Scalar != "object":
		return k.of(&s.Type)
	}
	t := cel.Object(name[len(openapi.Prefix):], map[string]*cel.Type{})
	k[name] = t
	for i := range s.Fields {
		f := &s.Fields[i]
		if field, ok := cel.Escape(f.Name); ok {
			t.Fields[field] = k.of(&f.Type)
		}
	}
	return t
}

func (k kinds) of(t *openapi.Type) *cel.Type {
	switch {
	case t.Ref != "":
		return k.named(t.Ref)
	case t.List != nil:
		return cel.ListOf(k.of(t.List))
	case t.Map != nil:
		return cel.MapOf(cel.String, k.of(t.Map))
	}
	switch t.Scalar {
	case "boolean":
		return cel.Bool
	case "integer":
		return cel.Int
	case "number":
		return cel.Double
	case "string":
		switch t.Format {
		case "date-time":
			return cel.Timestamp
		case "byte":
			return cel.BytesType
		case "":
			return cel.String
		}
	case "object":
		return cel.Object("object", map[string]*cel.Type{})
	}
	return cel.Dyn
}
