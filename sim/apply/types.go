package apply

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/runtime/schema"
	smd "sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"terrarium/sim/openapi"
)

// Types makes the shapes of the built-in kinds, one when it is first asked for.
type Types struct {
	types map[schema.GroupVersionKind]typed.ParseableType
}

// Type is the shape of a built-in kind.
func (t *Types) Type(gvk schema.GroupVersionKind) (typed.ParseableType, bool) {
	if p, ok := t.types[gvk]; ok {
		return p, true
	}
	name := openapi.ForKind(gvk)
	if name == "" {
		return typed.ParseableType{}, false
	}
	if t.types == nil {
		t.types = map[schema.GroupVersionKind]typed.ParseableType{}
	}
	parser := typed.Parser{Schema: smd.Schema{Types: definitions(name)}}
	p := parser.Type(name)
	t.types[gvk] = p
	return p, true
}

// Deduced is the shape of a kind that has none: maps merge, lists are replaced.
func Deduced() typed.ParseableType { return typed.DeducedParseableType }

var (
	untypedName = "__untyped_atomic_"
	deducedName = "__untyped_deduced_"
	quantity    = openapi.Prefix + "apimachinery.pkg.api.resource.Quantity"
	rawObject   = openapi.Prefix + "apimachinery.pkg.runtime.RawExtension"
)

func scalar(s smd.Scalar) *smd.Scalar { return &s }

func untypedAtom() smd.Atom {
	ref := smd.TypeRef{NamedType: &untypedName}
	return smd.Atom{
		Scalar: scalar(smd.Scalar("untyped")),
		List:   &smd.List{ElementType: ref, ElementRelationship: smd.Atomic},
		Map:    &smd.Map{ElementType: ref, ElementRelationship: smd.Atomic},
	}
}

func common() []smd.TypeDef {
	deduced := untypedAtom()
	deduced.Map = &smd.Map{ElementType: smd.TypeRef{NamedType: &deducedName}, ElementRelationship: smd.Separable}
	return []smd.TypeDef{{Name: untypedName, Atom: untypedAtom()}, {Name: deducedName, Atom: deduced}}
}

// definitions are the schema of a name and of all that it refers to.
func definitions(root string) []smd.TypeDef {
	defs := common()
	seen := map[string]bool{}
	names := []string{root}
	for len(names) > 0 {
		name := names[len(names)-1]
		names = names[:len(names)-1]
		s := openapi.Lookup(name)
		if seen[name] || s == nil {
			continue
		}
		seen[name] = true
		atom := definition(s)
		switch name {
		case quantity:
			atom = smd.Atom{Scalar: scalar(smd.Scalar("untyped"))}
		case rawObject:
			atom = untypedAtom()
		}
		defs = append(defs, smd.TypeDef{Name: name, Atom: atom})
		for _, f := range s.Fields {
			for t := &f.Type; t != nil; t = element(t) {
				if t.Ref != "" {
					names = append(names, t.Ref)
				}
			}
		}
	}
	return defs
}

func element(t *openapi.Type) *openapi.Type {
	if t.List != nil {
		return t.List
	}
	return t.Map
}

func definition(s *openapi.Schema) smd.Atom {
	switch {
	case s.Any || len(s.OneOf) > 0:
		return smd.Atom{
			Scalar: scalar(smd.Scalar("untyped")),
			List:   &smd.List{ElementRelationship: smd.Atomic, ElementType: smd.TypeRef{NamedType: &untypedName}},
			Map:    &smd.Map{ElementType: smd.TypeRef{NamedType: &deducedName}},
		}
	case s.Type.Scalar != "" && s.Type.Scalar != "object":
		return primitive(s.Type)
	}
	m := &smd.Map{ElementRelationship: relationship(s.MapType)}
	for _, f := range s.Fields {
		field := smd.StructField{Name: f.Name, Type: reference(f)}
		if f.Type.Default != nil {
			var value any
			if json.Unmarshal(f.Type.Default, &value) == nil {
				field.Default = value
			}
		}
		m.Fields = append(m.Fields, field)
	}
	if len(s.Fields) == 0 {
		m.ElementType = smd.TypeRef{NamedType: &deducedName}
	}
	return smd.Atom{Map: m}
}

func relationship(mapType string) smd.ElementRelationship {
	switch mapType {
	case "atomic":
		return smd.Atomic
	case "granular":
		return smd.Separable
	}
	return ""
}

// reference is the type of a field.
func reference(f openapi.Field) smd.TypeRef {
	t := f.Type
	switch {
	case t.Ref != "":
		ref := smd.TypeRef{NamedType: &t.Ref}
		if r := relationship(f.MapType); r != "" {
			ref.ElementRelationship = &r
		}
		return ref
	case t.List != nil:
		list := &smd.List{ElementRelationship: smd.Atomic, ElementType: inner(*t.List)}
		switch {
		case f.ListType == "set":
			list.ElementRelationship = smd.Associative
		case f.ListType == "map":
			list.ElementRelationship, list.Keys = smd.Associative, f.ListKeys
		case f.ListType == "" && (f.PatchStrategy == "merge" || f.PatchStrategy == "merge,retainKeys"):
			list.ElementRelationship = smd.Associative
			if f.PatchKey != "" {
				list.Keys = []string{f.PatchKey}
			}
		}
		return smd.TypeRef{Inlined: smd.Atom{List: list}}
	case t.Map != nil:
		return smd.TypeRef{Inlined: smd.Atom{Map: &smd.Map{ElementType: inner(*t.Map), ElementRelationship: relationship(f.MapType)}}}
	case t.Scalar == "object":
		return smd.TypeRef{Inlined: smd.Atom{Map: &smd.Map{ElementType: smd.TypeRef{NamedType: &deducedName}, ElementRelationship: relationship(f.MapType)}}}
	}
	return smd.TypeRef{Inlined: primitive(t)}
}

// inner is the type of an element, which says nothing of how it merges.
func inner(t openapi.Type) smd.TypeRef { return reference(openapi.Field{Type: t}) }

func primitive(t openapi.Type) smd.Atom {
	switch t.Scalar {
	case "integer", "number":
		return smd.Atom{Scalar: scalar(smd.Numeric)}
	case "boolean":
		return smd.Atom{Scalar: scalar(smd.Boolean)}
	case "string":
		if t.Format == "" || t.Format == "byte" {
			return smd.Atom{Scalar: scalar(smd.String)}
		}
	}
	return smd.Atom{Scalar: scalar(smd.Scalar("untyped"))}
}
