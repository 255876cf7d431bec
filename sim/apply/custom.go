package apply

import (
	"encoding/json"

	smd "sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"terrarium/sim/openapi"
)

// property is what matters here of an OpenAPI v3 schema.
type property struct {
	Type                 string              `json:"type"`
	Format               string              `json:"format"`
	Default              any                 `json:"default"`
	Properties           map[string]property `json:"properties"`
	AdditionalProperties *pieces             `json:"additionalProperties"`
	Items                *property           `json:"items"`
	IntOrString          bool                `json:"x-kubernetes-int-or-string"`
	PreserveUnknown      bool                `json:"x-kubernetes-preserve-unknown-fields"`
	ListType             string              `json:"x-kubernetes-list-type"`
	ListMapKeys          []string            `json:"x-kubernetes-list-map-keys"`
	MapType              string              `json:"x-kubernetes-map-type"`
}

// pieces is a schema, or true.
type pieces struct{ property *property }

// UnmarshalJSON implements json.Unmarshaler.
func (e *pieces) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		return json.Unmarshal(data, &e.property)
	}
	return nil
}

// Custom is the shape of a kind that is described by an OpenAPI v3 schema, which leaves out what all objects have.
func Custom(data []byte) (typed.ParseableType, error) {
	var root property
	if err := json.Unmarshal(data, &root); err != nil {
		return typed.ParseableType{}, err
	}
	const meta, name = openapi.Prefix + "apimachinery.pkg.apis.meta.v1.ObjectMeta", "root"
	metaName := meta
	atom := root.atom()
	if atom.Map == nil {
		atom = smd.Atom{Map: &smd.Map{ElementType: smd.TypeRef{NamedType: &deducedName}}}
	}
	text := smd.TypeRef{Inlined: smd.Atom{Scalar: scalar(smd.String)}}
	own := []smd.StructField{
		{Name: "apiVersion", Type: text}, {Name: "kind", Type: text}, {Name: "metadata", Type: smd.TypeRef{NamedType: &metaName}},
	}
	for _, f := range atom.Map.Fields {
		if f.Name != "apiVersion" && f.Name != "kind" && f.Name != "metadata" {
			own = append(own, f)
		}
	}
	atom.Map.Fields = own
	defs := append(definitions(meta), smd.TypeDef{Name: name, Atom: atom})
	parser := typed.Parser{Schema: smd.Schema{Types: defs}}
	return parser.Type(name), nil
}

func (p *property) ref() smd.TypeRef { return smd.TypeRef{Inlined: p.atom()} }

func (p *property) atom() smd.Atom {
	deduced := smd.TypeRef{NamedType: &deducedName}
	switch {
	case p.IntOrString:
		return smd.Atom{Scalar: scalar(smd.Scalar("untyped"))}
	case p.Type == "array" && p.Items != nil:
		list := &smd.List{ElementRelationship: smd.Atomic, ElementType: p.Items.ref()}
		switch p.ListType {
		case "set":
			list.ElementRelationship = smd.Associative
		case "map":
			list.ElementRelationship, list.Keys = smd.Associative, p.ListMapKeys
		}
		return smd.Atom{List: list}
	case p.Type == "object":
		m := &smd.Map{ElementRelationship: relationship(p.MapType)}
		for name, f := range p.Properties {
			m.Fields = append(m.Fields, smd.StructField{Name: name, Type: f.ref(), Default: f.Default})
		}
		switch {
		case p.AdditionalProperties != nil && p.AdditionalProperties.property != nil:
			m.ElementType = p.AdditionalProperties.property.ref()
		case p.PreserveUnknown || len(p.Properties) == 0:
			m.ElementType = deduced
		}
		return smd.Atom{Map: m}
	case p.PreserveUnknown || p.Type == "":
		return smd.Atom{
			Scalar: scalar(smd.Scalar("untyped")),
			List:   &smd.List{ElementRelationship: smd.Atomic, ElementType: smd.TypeRef{NamedType: &untypedName}},
			Map:    &smd.Map{ElementType: deduced, ElementRelationship: smd.Separable},
		}
	}
	return primitive(openapi.Type{Scalar: p.Type, Format: p.Format})
}
