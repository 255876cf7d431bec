package custom

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var types = []string{"array", "boolean", "integer", "number", "object", "string"}

// inside says where in a schema one stands.
type inside struct {
	root       bool
	meta       bool   // in the schema of apiVersion, kind or metadata
	noDefaults string // why there may be no defaults
}

// checkProps checks the words of a schema and of all schemas within.
func checkProps(s *Props, path *field.Path, where inside) (errs field.ErrorList) {
	errs = append(errs, checkWords(s, path, where)...)
	if s.UniqueItems {
		errs = append(errs, field.Forbidden(path.Child("uniqueItems"), "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"))
	}
	if more := s.AdditionalProperties; more != nil && len(s.Properties) > 0 && (!more.Allows || more.Schema != nil) {
		errs = append(errs, field.Forbidden(path.Child("additionalProperties"), "additionalProperties and properties are mutual exclusive"))
	}
	for _, p := range s.parts(path) {
		in := inside{meta: where.meta, noDefaults: where.noDefaults}
		if where.meta && s.AdditionalProperties != nil && p.schema == s.AdditionalProperties.Schema {
			in.noDefaults = "inside additionalProperties applying to object metadata"
		}
		if (where.root || s.XEmbeddedResource) && (p.key == "metadata" || p.key == "kind" || p.key == "apiVersion") {
			in.meta = true
			if where.root {
				in.noDefaults = "in top-level " + p.key
			}
		}
		errs = append(errs, checkProps(p.schema, p.path, in)...)
	}
	if s.XPreserveUnknownFields != nil && !*s.XPreserveUnknownFields {
		errs = append(errs, field.Invalid(path.Child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"))
	}
	errs = append(errs, checkListAndMap(s, path)...)
	errs = append(errs, checkListMapKeys(s, path)...)
	return append(errs, checkRules(s, path)...)
}

func checkWords(s *Props, path *field.Path, where inside) (errs field.ErrorList) {
	if s.Type != "" && !slices.Contains(types, s.Type) {
		errs = append(errs, field.NotSupported(path.Child("type"), s.Type, types))
	}
	if s.hasDefault() && where.noDefaults != "" {
		errs = append(errs, field.Forbidden(path.Child("default"), "must not be set "+where.noDefaults))
	}
	forbid := func(is bool, name, text string) {
		if is {
			errs = append(errs, field.Forbidden(path.Child(name), text))
		}
	}
	forbid(s.ID != "", "id", "id is not supported")
	forbid(s.AdditionalItems != nil, "additionalItems", "additionalItems is not supported")
	forbid(len(s.PatternProperties) > 0, "patternProperties", "patternProperties is not supported")
	forbid(len(s.Definitions) > 0, "definitions", "definitions is not supported")
	forbid(s.Dependencies != nil, "dependencies", "dependencies is not supported")
	forbid(s.Ref != nil, "$ref", "$ref is not supported")
	forbid(s.Type == "null", "type", "type cannot be set to null, use nullable as an alternative")
	forbid(s.Items != nil && len(s.Items.Each) > 0, "items", "items must be a schema object and not an array")
	forbid(where.meta && s.XEmbeddedResource, "x-kubernetes-embedded-resource", "must not be used inside of resource meta")
	return errs
}

// wants demands a type of whoever has the word.
func wants(s *Props, path *field.Path, kind, word string) field.ErrorList {
	text := "must be " + kind + " if " + word + " is specified"
	switch s.Type {
	case kind:
		return nil
	case "":
		return field.ErrorList{field.Required(path.Child("type"), text)}
	}
	return field.ErrorList{field.Invalid(path.Child("type"), s.Type, text)}
}

func checkListAndMap(s *Props, path *field.Path) (errs field.ErrorList) {
	if s.XMapType != nil {
		errs = append(errs, wants(s, path, "object", "x-kubernetes-map-type")...)
		if *s.XMapType != "atomic" && *s.XMapType != "granular" {
			errs = append(errs, field.NotSupported(path.Child("x-kubernetes-map-type"), *s.XMapType, []string{"atomic", "granular"}))
		}
	}
	if s.XListType == nil {
		return errs
	}
	wrong := wants(s, path, "array", "x-kubernetes-list-type")
	errs = append(errs, wrong...)
	if items := s.Items; len(wrong) == 0 && *s.XListType == "set" && items != nil && items.Schema != nil {
		const text = "must be atomic as item of a list with x-kubernetes-list-type=set"
		switch is := items.Schema; {
		case is.Type == "array" && is.XListType != nil && *is.XListType != "atomic":
			errs = append(errs, field.Invalid(path.Child("items", "x-kubernetes-list-type"), is.XListType, text))
		case is.Type == "object" && (is.XMapType == nil || *is.XMapType != "atomic"):
			errs = append(errs, field.Invalid(path.Child("items", "x-kubernetes-map-type"), is.XListType, text))
		}
	}
	if !slices.Contains([]string{"atomic", "set", "map"}, *s.XListType) {
		errs = append(errs, field.NotSupported(path.Child("x-kubernetes-list-type"), *s.XListType, []string{"atomic", "set", "map"}))
	}
	return errs
}

// checkListMapKeys checks lists that are maps by some of their fields.
func checkListMapKeys(s *Props, path *field.Path) (errs field.ErrorList) {
	list, keys := path.Child("x-kubernetes-list-type"), path.Child("x-kubernetes-list-map-keys")
	if len(s.XListMapKeys) > 0 {
		if s.XListType == nil {
			errs = append(errs, field.Required(list, "must be map if x-kubernetes-list-map-keys is non-empty"))
		} else if *s.XListType != "map" {
			errs = append(errs, field.Invalid(list, *s.XListType, "must be map if x-kubernetes-list-map-keys is non-empty"))
		}
	}
	if s.XListType == nil || *s.XListType != "map" && *s.XListType != "set" {
		return errs
	}
	isMap := *s.XListType == "map"
	if isMap && len(s.XListMapKeys) == 0 {
		errs = append(errs, field.Required(keys, "must not be empty if x-kubernetes-list-type is map"))
	}
	if isMap && s.Items == nil {
		errs = append(errs, field.Required(path.Child("items"), "must have a schema if x-kubernetes-list-type is map"))
	}
	if s.Items == nil || s.Items.Schema == nil {
		return errs
	}
	item := s.Items.Schema
	at := path.Child("items")
	if isMap && item.Type != "object" {
		errs = append(errs, field.Invalid(at.Child("type"), item.Type, "must be object if parent array's x-kubernetes-list-type is map"))
	} else if isMap {
		for i, key := range s.XListMapKeys {
			if p, ok := item.Properties[key]; !ok {
				errs = append(errs, field.Invalid(keys, s.XListMapKeys, "entries must all be names of item properties"))
			} else if p.Type == "array" || p.Type == "object" {
				errs = append(errs, field.Invalid(at.Child("properties").Key(key).Child("type"), item.Type, "must be a scalar type if parent array's x-kubernetes-list-type is map"))
			}
			if slices.Contains(s.XListMapKeys[:i], key) {
				errs = append(errs, field.Invalid(keys, s.XListMapKeys, "must not contain duplicate entries"))
			}
		}
	}
	if item.Nullable {
		errs = append(errs, field.Forbidden(at.Child("nullable"), "cannot be nullable when x-kubernetes-list-type is "+*s.XListType))
	}
	for _, key := range s.XListMapKeys {
		p, ok := item.Properties[key]
		if !ok || !isMap {
			continue
		}
		if !slices.Contains(item.Required, key) && !p.hasDefault() {
			errs = append(errs, field.Required(at.Child("properties").Key(key).Child("default"), "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"))
		}
		if p.Nullable {
			errs = append(errs, field.Forbidden(at.Child("properties").Key(key).Child("nullable"), "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"))
		}
	}
	return errs
}

// checkRules checks all of a rule but its expressions.
func checkRules(s *Props, path *field.Path) (errs field.ErrorList) {
	for i, r := range s.XValidations {
		at := path.Child("x-kubernetes-validations").Index(i)
		rule, message := strings.TrimSpace(r.Rule), strings.TrimSpace(r.Message)
		switch {
		case rule == "":
			errs = append(errs, field.Required(at.Child("rule"), "rule is not specified"))
		case r.Message != "" && message == "":
			errs = append(errs, field.Invalid(at.Child("message"), r.Message, "must be non-empty if specified"))
		case strings.ContainsAny(message, "\n\r"):
			errs = append(errs, field.Invalid(at.Child("message"), r.Message, "must not contain line breaks"))
		case strings.ContainsAny(rule, "\n\r") && message == "":
			errs = append(errs, field.Required(at.Child("message"), "message must be specified if rule contains line breaks"))
		}
		if r.MessageExpression != "" && strings.TrimSpace(r.MessageExpression) == "" {
			errs = append(errs, field.Required(at.Child("messageExpression"), "messageExpression must be non-empty if specified"))
		}
		reasons := []string{"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"}
		if r.Reason != nil && !slices.Contains(reasons, *r.Reason) {
			errs = append(errs, field.NotSupported(at.Child("reason"), *r.Reason, reasons))
		}
		if r.FieldPath != "" && strings.TrimSpace(r.FieldPath) == "" {
			errs = append(errs, field.Invalid(at.Child("fieldPath"), r.FieldPath, "must be non-empty if specified"))
		}
		if strings.ContainsAny(r.FieldPath, "\n\r") {
			errs = append(errs, field.Invalid(at.Child("fieldPath"), r.FieldPath, "must not contain line breaks"))
		}
		if _, ok := fieldPath(r.FieldPath, s); r.FieldPath != "" && !ok {
			errs = append(errs, field.Invalid(at.Child("fieldPath"), r.FieldPath, "must be a valid path"))
		}
	}
	return errs
}
