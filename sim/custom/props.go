package custom

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Props is a JSON schema, as definitions have it.
type Props struct {
	ID                   string                  `json:"id,omitempty"`
	Schema               string                  `json:"$schema,omitempty"`
	Ref                  *string                 `json:"$ref,omitempty"`
	Description          string                  `json:"description,omitempty"`
	Type                 string                  `json:"type,omitempty"`
	Format               string                  `json:"format,omitempty"`
	Title                string                  `json:"title,omitempty"`
	Default              json.RawMessage         `json:"default,omitempty"`
	Maximum              *float64                `json:"maximum,omitempty"`
	ExclusiveMaximum     bool                    `json:"exclusiveMaximum,omitempty"`
	Minimum              *float64                `json:"minimum,omitempty"`
	ExclusiveMinimum     bool                    `json:"exclusiveMinimum,omitempty"`
	MaxLength            *int64                  `json:"maxLength,omitempty"`
	MinLength            *int64                  `json:"minLength,omitempty"`
	Pattern              string                  `json:"pattern,omitempty"`
	MaxItems             *int64                  `json:"maxItems,omitempty"`
	MinItems             *int64                  `json:"minItems,omitempty"`
	UniqueItems          bool                    `json:"uniqueItems,omitempty"`
	MultipleOf           *float64                `json:"multipleOf,omitempty"`
	Enum                 []json.RawMessage       `json:"enum,omitempty"`
	MaxProperties        *int64                  `json:"maxProperties,omitempty"`
	MinProperties        *int64                  `json:"minProperties,omitempty"`
	Required             []string                `json:"required,omitempty"`
	Items                *Items                  `json:"items,omitempty"`
	AllOf                []Props                 `json:"allOf,omitempty"`
	OneOf                []Props                 `json:"oneOf,omitempty"`
	AnyOf                []Props                 `json:"anyOf,omitempty"`
	Not                  *Props                  `json:"not,omitempty"`
	Properties           map[string]Props        `json:"properties,omitempty"`
	AdditionalProperties *PropsOrBool            `json:"additionalProperties,omitempty"`
	PatternProperties    map[string]Props        `json:"patternProperties,omitempty"`
	Dependencies         map[string]PropsOrNames `json:"dependencies,omitempty"`
	AdditionalItems      *PropsOrBool            `json:"additionalItems,omitempty"`
	Definitions          map[string]Props        `json:"definitions,omitempty"`
	ExternalDocs         *ExternalDocs           `json:"externalDocs,omitempty"`
	Example              json.RawMessage         `json:"example,omitempty"`
	Nullable             bool                    `json:"nullable,omitempty"`

	XPreserveUnknownFields *bool    `json:"x-kubernetes-preserve-unknown-fields,omitempty"`
	XEmbeddedResource      bool     `json:"x-kubernetes-embedded-resource,omitempty"`
	XIntOrString           bool     `json:"x-kubernetes-int-or-string,omitempty"`
	XListMapKeys           []string `json:"x-kubernetes-list-map-keys,omitempty"`
	XListType              *string  `json:"x-kubernetes-list-type,omitempty"`
	XMapType               *string  `json:"x-kubernetes-map-type,omitempty"`
	XValidations           []Rule   `json:"x-kubernetes-validations,omitempty" patchStrategy:"merge" patchMergeKey:"rule"`
}

// Rule is a rule in CEL.
type Rule struct {
	Rule              string  `json:"rule"`
	Message           string  `json:"message,omitempty"`
	MessageExpression string  `json:"messageExpression,omitempty"`
	Reason            *string `json:"reason,omitempty"`
	FieldPath         string  `json:"fieldPath,omitempty"`
	OptionalOldSelf   *bool   `json:"optionalOldSelf,omitempty"`
}

// ExternalDocs refers to a document.
type ExternalDocs struct {
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
}

// Items is the schema of the items of a list, or one schema for each of them.
type Items struct {
	Schema *Props
	Each   []Props
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Items) UnmarshalJSON(data []byte) error {
	*s = Items{}
	switch {
	case bytes.HasPrefix(data, []byte("{")):
		return json.Unmarshal(data, &s.Schema)
	case bytes.HasPrefix(data, []byte("[")):
		return json.Unmarshal(data, &s.Each)
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (s Items) MarshalJSON() ([]byte, error) {
	if len(s.Each) > 0 {
		return json.Marshal(s.Each)
	}
	return json.Marshal(s.Schema)
}

// PropsOrBool is a schema, or whether anything goes.
type PropsOrBool struct {
	Allows bool
	Schema *Props
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *PropsOrBool) UnmarshalJSON(data []byte) error {
	*s = PropsOrBool{Allows: true}
	if bytes.HasPrefix(data, []byte("{")) {
		return json.Unmarshal(data, &s.Schema)
	}
	switch string(data) {
	case "true":
	case "false":
		s.Allows = false
	default:
		return errors.New("boolean or JSON schema expected")
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (s PropsOrBool) MarshalJSON() ([]byte, error) {
	if s.Schema != nil {
		return json.Marshal(s.Schema)
	}
	return json.Marshal(s.Allows)
}

// PropsOrNames is a schema, or the names of properties.
type PropsOrNames struct {
	Schema   *Props
	Property []string
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *PropsOrNames) UnmarshalJSON(data []byte) error {
	*s = PropsOrNames{}
	switch {
	case bytes.HasPrefix(data, []byte("{")):
		return json.Unmarshal(data, &s.Schema)
	case bytes.HasPrefix(data, []byte("[")):
		return json.Unmarshal(data, &s.Property)
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (s PropsOrNames) MarshalJSON() ([]byte, error) {
	if len(s.Property) > 0 {
		return json.Marshal(s.Property)
	}
	return json.Marshal(s.Schema)
}
