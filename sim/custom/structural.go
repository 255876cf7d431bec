package custom

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkValidation tells the problems of a schema. A schema must be structural: what an object looks like is said
// outside of allOf, anyOf, oneOf and not.
func checkValidation(v *Validation, hasStatus bool, path *field.Path) (errs field.ErrorList) {
	if v == nil || v.OpenAPIV3Schema == nil {
		return nil
	}
	s, path := v.OpenAPIV3Schema, path.Child("openAPIV3Schema")
	if hasStatus && s.Type != "" && s.Type != "object" {
		errs = append(errs, field.Invalid(field.NewPath(path.String()+".type"), s.Type, `only "object" is allowed as the type at the root of the schema if the status subresource is enabled`))
	}
	if s.Nullable {
		errs = append(errs, field.Forbidden(path.Child("nullable"), "nullable cannot be true at the root"))
	}
	if unsupported := s.unsupported(); unsupported == "" {
		form := structural(s, rootLevel, path)
		form = append(form, completeness(s, s, path, path)...)
		slices.SortStableFunc(form, func(a, b *field.Error) int { return cmp.Compare(a.Error(), b.Error()) })
		if len(form) == 0 {
			form = checkDefaults(s, path, true)
		}
		errs = append(errs, form...)
		words := checkProps(s, path, inside{root: true})
		errs = append(errs, words...)
		if len(form) == 0 && len(words) == 0 {
			errs = append(errs, checkExpressions(s, path, true, nil)...)
		}
	} else if errs = append(errs, checkProps(s, path, inside{root: true})...); len(errs) == 0 {
		errs = append(errs, field.Invalid(path, "", unsupported))
	}
	return errs
}

// unsupported is the first thing that no structural schema has.
func (s *Props) unsupported() string {
	name := ""
	switch {
	case s.ID != "":
		name = "id"
	case s.Schema != "":
		name = "schema"
	case s.Ref != nil && *s.Ref != "":
		name = "$ref"
	case len(s.PatternProperties) > 0:
		name = "patternProperties"
	case len(s.Dependencies) > 0:
		name = "dependencies"
	case s.AdditionalItems != nil:
		name = "additionalItems"
	case len(s.Definitions) > 0:
		name = "definitions"
	case s.Items != nil && len(s.Items.Each) > 0:
		return "OpenAPIV3Schema 'items' must be a schema, but is an array"
	case s.XPreserveUnknownFields != nil && !*s.XPreserveUnknownFields:
		return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
	}
	if name != "" {
		return "OpenAPIV3Schema '" + name + "' is not supported"
	}
	for _, p := range s.parts(nil) {
		if found := p.schema.unsupported(); found != "" {
			return found
		}
	}
	return ""
}

// part is a schema within a schema.
type part struct {
	path   *field.Path
	schema *Props
	key    string // of a property
	nested bool   // within allOf, anyOf, oneOf or not
}

// parts are the schemas right within a schema, in order.
func (s *Props) parts(path *field.Path) (out []part) {
	if path == nil {
		path = field.NewPath("")
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		out = append(out, part{path: path.Child("additionalProperties"), schema: s.AdditionalProperties.Schema})
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[key]
		out = append(out, part{path: path.Child("properties").Key(key), schema: &p, key: key})
	}
	if s.Not != nil {
		out = append(out, part{path: path.Child("not"), schema: s.Not, nested: true})
	}
	for _, junction := range s.junctions() {
		for i := range junction.of {
			out = append(out, part{path: path.Child(junction.name).Index(i), schema: &junction.of[i], nested: true})
		}
	}
	if s.Items != nil && s.Items.Schema != nil {
		out = append(out, part{path: path.Child("items"), schema: s.Items.Schema})
	}
	return out
}

type junction struct {
	name string
	of   []Props
}

func (s *Props) junctions() []junction {
	return []junction{{"allOf", s.AllOf}, {"oneOf", s.OneOf}, {"anyOf", s.AnyOf}}
}

type level int

const (
	rootLevel level = iota
	itemLevel
	fieldLevel
)

// structural checks the part of a schema that says what an object looks like.
func structural(s *Props, at level, path *field.Path) (errs field.ErrorList) {
	add := func(e *field.Error) { errs = append(errs, e) }
	if s.Type == "array" && (s.Items == nil || s.Items.Schema == nil) {
		add(field.Required(path.Child("items"), "must be specified"))
	}
	for _, p := range s.parts(path) {
		switch {
		case p.nested:
		case p.key == "" && s.Items != nil && p.schema == s.Items.Schema:
			errs = append(errs, structural(p.schema, itemLevel, p.path)...)
		default:
			errs = append(errs, structural(p.schema, fieldLevel, p.path)...)
		}
	}
	if s.AdditionalProperties != nil && at == rootLevel {
		add(field.Forbidden(path.Child("additionalProperties"), "must not be used at the root"))
	}
	if s.XIntOrString && isTrue(s.XPreserveUnknownFields) {
		add(field.Invalid(path.Child("x-kubernetes-preserve-unknown-fields"), true, "must be false if x-kubernetes-int-or-string is true"))
	}
	if s.XIntOrString && s.XEmbeddedResource {
		add(field.Invalid(path.Child("x-kubernetes-embedded-resource"), true, "must be false if x-kubernetes-int-or-string is true"))
	}
	errs = append(errs, values(s, path, s.XIntOrString || intOrString(s.AnyOf), len(s.AllOf) > 0 && intOrString(s.AllOf[0].AnyOf))...)
	errs = append(errs, structuralType(s, at, path)...)
	if meta, ok := s.Properties["metadata"]; ok {
		errs = append(errs, structuralMetadata(meta, at, at == rootLevel || s.XEmbeddedResource, path.Child("properties").Key("metadata"))...)
	}
	if s.XEmbeddedResource && !isTrue(s.XPreserveUnknownFields) && len(s.Properties) == 0 {
		add(field.Required(path.Child("properties"), "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"))
	}
	return errs
}

func structuralType(s *Props, at level, path *field.Path) (errs field.ErrorList) {
	add := func(e *field.Error) { errs = append(errs, e) }
	typePath := path.Child("type")
	switch {
	case s.XEmbeddedResource && s.Type == "":
		add(field.Required(typePath, "must be object if x-kubernetes-embedded-resource is true"))
	case s.XEmbeddedResource && s.Type != "object":
		add(field.Invalid(typePath, s.Type, "must be object if x-kubernetes-embedded-resource is true"))
	case s.Type == "" && !s.XIntOrString && !isTrue(s.XPreserveUnknownFields):
		add(field.Required(typePath, []string{
			"must not be empty at the root", "must not be empty for specified array items", "must not be empty for specified object fields",
		}[at]))
	}
	if s.XEmbeddedResource && s.AdditionalProperties != nil {
		add(field.Forbidden(path.Child("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set"))
	}
	if at == rootLevel && s.Type != "" && s.Type != "object" {
		add(field.Invalid(typePath, s.Type, "must be object at the root"))
	}
	if at == rootLevel || s.XEmbeddedResource {
		for _, key := range []string{"kind", "apiVersion"} {
			if p, ok := s.Properties[key]; ok && p.Type != "string" {
				add(field.Invalid(path.Child("properties").Key(key).Child("type"), p.Type, "must be string"))
			}
		}
	}
	return errs
}

// structuralMetadata lets the schema of metadata restrict the names only.
func structuralMetadata(s Props, at level, check bool, path *field.Path) (errs field.ErrorList) {
	if check && s.Type != "object" {
		errs = append(errs, field.Invalid(path.Child("type"), s.Type, "must be object"))
	}
	if at != rootLevel {
		return errs
	}
	only := len(s.Properties) > 0
	for key := range s.Properties {
		only = only && (key == "name" || key == "generateName")
	}
	if only {
		s.Properties = nil
	}
	s.Type, s.Default = "", nil
	if !reflect.DeepEqual(s, Props{}) {
		errs = append(errs, field.Forbidden(path, "must not specify anything other than name and generateName, but metadata is implicitly specified"))
	}
	return errs
}

func intOrString(of []Props) bool {
	return reflect.DeepEqual(of, []Props{{Type: "integer"}, {Type: "string"}})
}

// values checks what a schema demands of values. The types of the usual pair of int or string may stand in anyOf.
func values(s *Props, path *field.Path, skipAny, skipFirst bool) (errs field.ErrorList) {
	skipAny = skipAny && intOrString(s.AnyOf)
	if !skipAny {
		for i := range s.AnyOf {
			errs = append(errs, nestedValues(&s.AnyOf[i], path.Child("anyOf").Index(i), false)...)
		}
	}
	for i := range s.AllOf {
		errs = append(errs, nestedValues(&s.AllOf[i], path.Child("allOf").Index(i), skipFirst && i == 0)...)
	}
	for i := range s.OneOf {
		errs = append(errs, nestedValues(&s.OneOf[i], path.Child("oneOf").Index(i), false)...)
	}
	if s.Not != nil {
		errs = append(errs, nestedValues(s.Not, path.Child("not"), false)...)
	}
	if s.Pattern != "" {
		if _, err := regexp.Compile(s.Pattern); err != nil {
			errs = append(errs, field.Invalid(path.Child("pattern"), s.Pattern, fmt.Sprintf("must be a valid regular expression, but isn't: %v", err)))
		}
	}
	return errs
}

func nestedValues(s *Props, path *field.Path, skipAny bool) (errs field.ErrorList) {
	errs = values(s, path, skipAny, false)
	if s.Items != nil && s.Items.Schema != nil {
		errs = append(errs, nestedValues(s.Items.Schema, path.Child("items"), false)...)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[key]
		errs = append(errs, nestedValues(&p, path.Child("properties").Key(key), false)...)
	}
	forbid := func(is bool, name, how string) {
		if is {
			errs = append(errs, field.Forbidden(path.Child(name), "must be "+how+" to be structural"))
		}
	}
	forbid(s.Type != "", "type", "empty")
	forbid(s.AdditionalProperties != nil && (s.AdditionalProperties.Allows || s.AdditionalProperties.Schema != nil), "additionalProperties", "undefined")
	forbid(s.hasDefault(), "default", "undefined")
	forbid(s.Title != "", "title", "empty")
	forbid(s.Description != "", "description", "empty")
	forbid(s.Nullable, "nullable", "false")
	forbid(isTrue(s.XPreserveUnknownFields), "x-kubernetes-preserve-unknown-fields", "false")
	forbid(s.XEmbeddedResource, "x-kubernetes-embedded-resource", "false")
	forbid(s.XIntOrString, "x-kubernetes-int-or-string", "false")
	forbid(len(s.XListMapKeys) > 0, "x-kubernetes-list-map-keys", "empty")
	forbid(s.XListType != nil, "x-kubernetes-list-type", "undefined")
	forbid(s.XMapType != nil, "x-kubernetes-map-type", "undefined")
	forbid(len(s.XValidations) > 0, "x-kubernetes-validations", "empty")
	if _, ok := s.Properties["metadata"]; ok {
		errs = append(errs, field.Forbidden(path.Child("properties").Key("metadata"), "must not be specified in a nested context"))
	}
	return errs
}

// completeness demands that whatever allOf and the like speak of is there in the structural part too.
func completeness(v, s *Props, at, from *field.Path) (errs field.ErrorList) {
	if v.Not != nil {
		errs = append(errs, nestedCompleteness(v.Not, s, at, from.Child("not"))...)
	}
	for _, junction := range v.junctions() {
		for i := range junction.of {
			errs = append(errs, nestedCompleteness(&junction.of[i], s, at, from.Child(junction.name).Index(i))...)
		}
	}
	return errs
}

func nestedCompleteness(v, s *Props, at, from *field.Path) (errs field.ErrorList) {
	errs = completeness(v, s, at, from)
	missing := func(at, from *field.Path) {
		errs = append(errs, field.Required(at, "because it is defined in "+from.String()))
	}
	if v.Items != nil && v.Items.Schema != nil {
		if s.Items == nil || s.Items.Schema == nil {
			missing(at.Child("items"), from.Child("items"))
		} else {
			errs = append(errs, nestedCompleteness(v.Items.Schema, s.Items.Schema, at.Child("items"), from.Child("items"))...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v.Properties)) {
		one, to, by := v.Properties[key], at.Child("properties").Key(key), from.Child("properties").Key(key)
		if have, ok := s.Properties[key]; ok {
			errs = append(errs, nestedCompleteness(&one, &have, to, by)...)
		} else {
			missing(to, by)
		}
	}
	return errs
}

func (s *Props) hasDefault() bool { return len(s.Default) > 0 && string(s.Default) != "null" }

// checkDefaults demands that defaults fit their schema.
func checkDefaults(s *Props, path *field.Path, root bool) (errs field.ErrorList) {
	if s.hasDefault() {
		var value any
		if err := json.Unmarshal(s.Default, &value); err == nil {
			value = integers(value)
			at := path.Child("default")
			p := &pruner{}
			p.value(value, s, "")
			if len(p.unknown) > 0 {
				var full any
				_ = json.Unmarshal(s.Default, &full)
				errs = append(errs, field.Invalid(at, full, "must not have unknown fields"))
			}
			c := &checker{prefix: at.String()}
			c.value(value, s, "", before{})
			errs = append(errs, c.errs...)
		}
	}
	if s.Items != nil && s.Items.Schema != nil {
		errs = append(errs, checkDefaults(s.Items.Schema, path.Child("items"), false)...)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[key]
		if root && (key == "metadata" || key == "apiVersion" || key == "kind") {
			continue
		}
		errs = append(errs, checkDefaults(&p, path.Child("properties").Key(key), false)...)
	}
	return errs
}
