// Package custom makes resources of CustomResourceDefinitions: what is pruned, defaulted, checked and shown of objects
// whose kind is data. It knows no server and no other objects.
package custom

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"
)

// Schema is the structural schema of a kind.
type Schema struct {
	root  *Props
	rules *rules
}

// NewSchema wraps a schema; nil takes everything.
func NewSchema(root *Props) *Schema {
	if root == nil {
		yes := true
		root = &Props{Type: "object", XPreserveUnknownFields: &yes}
	}
	return &Schema{root, compileRules(root, root, true)}
}

func isTrue(b *bool) bool { return b != nil && *b }

// Prune drops the fields that the schema does not have, and nulls that may not be and have no default. It returns the
// paths of the fields, in order.
func (s *Schema) Prune(obj map[string]any) []string {
	p := &pruner{}
	p.object(obj, s.root, "", true)
	nulls(obj, s.root)
	slices.Sort(p.unknown)
	return p.unknown
}

func nulls(v any, s *Props) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			prop, ok := s.Properties[key]
			switch {
			case ok:
			case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
				prop = *s.AdditionalProperties.Schema
			default:
				continue
			}
			if value == nil && !prop.Nullable && !prop.hasDefault() {
				delete(v, key)
			} else {
				nulls(value, &prop)
			}
		}
	case []any:
		if s.Items != nil && s.Items.Schema != nil {
			for _, item := range v {
				nulls(item, s.Items.Schema)
			}
		}
	}
}

type pruner struct{ unknown []string }

func (p *pruner) value(v any, s *Props, path string) {
	switch v := v.(type) {
	case map[string]any:
		p.object(v, s, path, s.XEmbeddedResource)
	case []any:
		if s.Items == nil || s.Items.Schema == nil {
			return
		}
		for i, item := range v {
			p.value(item, s.Items.Schema, fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

func (p *pruner) object(m map[string]any, s *Props, path string, resource bool) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		at := key
		if path != "" {
			at = path + "." + key
		}
		if resource && (key == "apiVersion" || key == "kind" || key == "metadata") {
			continue
		}
		if field, ok := s.Properties[key]; ok {
			p.value(m[key], &field, at)
			continue
		}
		if s.AdditionalProperties != nil && (s.AdditionalProperties.Schema != nil || s.AdditionalProperties.Allows) {
			if s.AdditionalProperties.Schema != nil {
				p.value(m[key], s.AdditionalProperties.Schema, at)
			}
			continue
		}
		if !isTrue(s.XPreserveUnknownFields) {
			delete(m, key)
			p.unknown = append(p.unknown, at)
		}
	}
}

// Default fills in the defaults of the schema.
func (s *Schema) Default(obj map[string]any) { fill(obj, s.root) }

func fill(v any, s *Props) {
	switch v := v.(type) {
	case map[string]any:
		for name, field := range s.Properties {
			if !field.hasDefault() {
				continue
			}
			if have, ok := v[name]; ok && (have != nil || field.Nullable) {
				continue
			}
			var value any
			if json.Unmarshal(field.Default, &value) == nil {
				v[name] = integers(value)
			}
		}
		for key, value := range v {
			if field, ok := s.Properties[key]; ok {
				fill(value, &field)
			} else if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
				fill(value, s.AdditionalProperties.Schema)
			}
		}
	case []any:
		if s.Items != nil && s.Items.Schema != nil {
			for _, item := range v {
				fill(item, s.Items.Schema)
			}
		}
	}
}

// integers turns whole numbers into int64, as unstructured objects have them.
func integers(v any) any {
	switch v := v.(type) {
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	case map[string]any:
		for key, one := range v {
			v[key] = integers(one)
		}
	case []any:
		for i, one := range v {
			v[i] = integers(one)
		}
	}
	return v
}

// coerce makes of decoded JSON what decoding into a type would make: metadata of the right form, and no more fields
// than there are. It returns the paths of those that it has dropped.
func (s *Schema) coerce(obj map[string]any) ([]string, error) {
	var unknown []string
	if given, ok := obj["metadata"]; ok {
		data, err := json.Marshal(given)
		if err != nil {
			return nil, err
		}
		var meta metav1.ObjectMeta
		strict, err := kjson.UnmarshalStrict(data, &meta)
		if err != nil {
			return nil, err
		}
		for _, e := range strict {
			if path, ok := strings.CutPrefix(e.Error(), `unknown field "`); ok {
				unknown = append(unknown, "metadata."+strings.TrimSuffix(path, `"`))
			}
		}
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&meta)
		if err != nil {
			return nil, err
		}
		obj["metadata"] = fields
	}
	unknown = append(unknown, s.Prune(obj)...)
	slices.Sort(unknown)
	return unknown, nil
}
