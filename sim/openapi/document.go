package openapi

// Style is one of the two ways of writing schemas down.
type Style struct {
	refs string // what references begin with
	v2   bool
}

var (
	V2 = Style{refs: "#/definitions/", v2: true}
	V3 = Style{refs: "#/components/schemas/"}
)

// Object is a JSON object.
type Object = map[string]any

// Ref is a reference to a schema.
func (st Style) Ref(name string) Object { return Object{"$ref": st.refs + name} }

// Schemas writes down the named schemas and all that they refer to.
func (st Style) Schemas(names ...string) Object {
	out := Object{}
	for len(names) > 0 {
		name := names[len(names)-1]
		names = names[:len(names)-1]
		if out[name] != nil {
			continue
		}
		s := Lookup(name)
		if s == nil {
			continue
		}
		out[name] = st.schema(s)
		for _, f := range s.Fields {
			for t := &f.Type; t != nil; t = t.element() {
				if t.Ref != "" {
					names = append(names, t.Ref)
				}
			}
		}
	}
	return out
}

func (t *Type) element() *Type {
	if t.List != nil {
		return t.List
	}
	return t.Map
}

func (st Style) schema(s *Schema) Object {
	out := Object{}
	set(out, "description", s.Description())
	switch {
	case len(s.OneOf) > 0 && st.v2:
		out["type"] = "string"
	case len(s.OneOf) > 0:
		var one []any
		for _, t := range s.OneOf {
			one = append(one, Object{"type": t})
		}
		out["oneOf"] = one
	case s.Type.Scalar != "":
		out["type"] = s.Type.Scalar
	case !s.Any:
		out["type"] = "object"
	}
	set(out, "format", s.Type.Format)
	set(out, "x-kubernetes-map-type", s.MapType)
	if s.Unions != nil {
		out["x-kubernetes-unions"] = s.Unions
	}
	if len(s.Kinds) > 0 {
		var kinds []any
		for _, k := range s.Kinds {
			kinds = append(kinds, Object{"group": k.Group, "version": k.Version, "kind": k.Kind})
		}
		out["x-kubernetes-group-version-kind"] = kinds
	}
	var required []any
	properties := Object{}
	for _, f := range s.Fields {
		properties[f.Name] = st.field(f)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	if len(properties) > 0 {
		out["properties"] = properties
	}
	if required != nil {
		out["required"] = required
	}
	return out
}

func (st Style) field(f Field) Object {
	out := Object{}
	set(out, "description", f.Description())
	st.typ(out, f.Type)
	if f.Enum != nil {
		out["enum"] = f.Enum
	}
	for _, elements := range []string{"items", "additionalProperties"} {
		if e, ok := out[elements].(Object); ok && f.ItemEnum != nil {
			e["enum"] = f.ItemEnum
		}
	}
	set(out, "x-kubernetes-list-type", f.ListType)
	if len(f.ListKeys) > 0 {
		out["x-kubernetes-list-map-keys"] = f.ListKeys
	}
	set(out, "x-kubernetes-map-type", f.MapType)
	set(out, "x-kubernetes-patch-strategy", f.PatchStrategy)
	set(out, "x-kubernetes-patch-merge-key", f.PatchKey)
	return out
}

func set(o Object, key, value string) {
	if value != "" {
		o[key] = value
	}
}

func (st Style) typ(out Object, t Type) {
	switch {
	case t.Ref != "" && (st.v2 || len(out) == 0 && t.Default == nil):
		out["$ref"] = st.refs + t.Ref
	case t.Ref != "":
		out["allOf"] = []any{st.Ref(t.Ref)}
	case t.List != nil:
		out["type"], out["items"] = "array", st.inner(*t.List)
	case t.Map != nil:
		out["type"], out["additionalProperties"] = "object", st.inner(*t.Map)
	default:
		set(out, "type", t.Scalar)
		set(out, "format", t.Format)
	}
	if t.Default != nil && !st.v2 {
		out["default"] = t.Default
	}
}

func (st Style) inner(t Type) Object {
	out := Object{}
	st.typ(out, t)
	return out
}
