package custom

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate checks an object against the schema. What old, nil where the object is new, had already is not held
// against it.
func (s *Schema) Validate(obj, old map[string]any) field.ErrorList {
	c := &checker{}
	c.value(obj, s.root, "", before{old, old != nil})
	if old == nil || len(duplicates(old, s.root, "")) == 0 {
		c.errs = append(c.errs, duplicates(obj, s.root, "")...)
	}
	return c.errs
}

// ValidateStatus checks what a write to the status subresource has written.
func (s *Schema) ValidateStatus(obj, old map[string]any) field.ErrorList {
	status, has := obj["status"]
	schema, known := s.root.Properties["status"]
	if !has || !known {
		return nil
	}
	was, had := old["status"]
	c := &checker{prefix: "status"}
	c.value(status, &schema, "", before{was, had})
	return append(c.errs, duplicates(status, &schema, "status")...)
}

// before is the value that stood in the place of the one that is checked.
type before struct {
	value any
	known bool
}

func (b before) field(name string) before {
	if m, ok := b.value.(map[string]any); ok {
		value, known := m[name]
		return before{value, known}
	}
	return before{}
}

// item finds the item of a list that is a map: the one with the same keys.
func (b before) item(s *Props, item any) before {
	list, _ := b.value.([]any)
	if s.XListType == nil || *s.XListType != "map" {
		return before{}
	}
	want := mapKey(s, item)
	for _, one := range list {
		if equality.Semantic.DeepEqual(mapKey(s, one), want) {
			return before{one, true}
		}
	}
	return before{}
}

type checker struct {
	errs    field.ErrorList
	prefix  string // of the fields that errors name, but not of their texts
	matched int    // how many things were right, to tell the best of several failures
}

func (c *checker) at(path string) *field.Path {
	full := strings.TrimPrefix(path, ".")
	switch {
	case c.prefix != "" && full != "":
		full = c.prefix + "." + full
	case c.prefix != "":
		full = c.prefix
	}
	if full == "" {
		return nil
	}
	return field.NewPath(full)
}

func (c *checker) add(e *field.Error) { c.errs = append(c.errs, e) }

func (c *checker) invalid(path string, value any, format string, args ...any) {
	c.add(field.Invalid(c.at(path), value, path+" in body "+fmt.Sprintf(format, args...)))
}

// general is a problem that names no field.
func (c *checker) general(format string, args ...any) {
	var nowhere *field.Path
	if c.prefix != "" {
		nowhere = field.NewPath(c.prefix)
	}
	c.add(field.Invalid(nowhere, "", fmt.Sprintf(format, args...)))
}

// value checks one value.
func (c *checker) value(v any, s *Props, path string, old before) {
	if old.known && equality.Semantic.DeepEqual(v, old.value) {
		return
	}
	if want := wrongType(v, s); want != "" {
		got := typeOf(v)
		c.add(field.TypeInvalid(c.at(path), got, fmt.Sprintf("%s in body must be of type %s: %q", path, want, got)))
	} else {
		c.matched++
	}
	if v == nil {
		c.enum(v, s, path)
		return
	}
	c.alternatives(v, s, path, old)
	switch v := v.(type) {
	case string:
		c.text(v, s, path)
	case int64, float64:
		c.number(v, s, path)
	case []any:
		c.list(v, s, path, old)
	}
	c.enum(v, s, path)
	if m, ok := v.(map[string]any); ok {
		c.object(m, s, path, old)
	}
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case int64:
		return "integer"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// wrongType is the type that a value should have and has not.
func wrongType(v any, s *Props) string {
	want, got := s.Type, typeOf(v)
	if f, ok := v.(float64); ok && f == math.Trunc(f) && (want == "integer" || s.XIntOrString) {
		return ""
	}
	switch {
	case v == nil && s.Nullable:
		return ""
	case s.XIntOrString:
		if got != "integer" && got != "string" {
			return "integer,string"
		}
	case want == "" || want == got || want == "number" && got == "integer":
	case got == "string" && known(s) && want != "integer" && want != "number":
	default:
		return want
	}
	return ""
}

// text checks a string; the first problem of its form is told.
func (c *checker) text(v string, s *Props, path string) {
	length := int64(utf8.RuneCountInString(v))
	switch {
	case s.MaxLength != nil && length > *s.MaxLength:
		c.add(field.TooLong(c.at(path), "", int(*s.MaxLength)))
	case s.MinLength != nil && length < *s.MinLength:
		c.invalid(path, v, "should be at least %d chars long", *s.MinLength)
	case s.Pattern != "":
		if re, err := regexp.Compile(s.Pattern); err != nil || !re.MatchString(v) {
			c.invalid(path, v, "should match '%s'", s.Pattern)
		}
	}
	if known(s) && !formats[strings.ReplaceAll(s.Format, "-", "")](v) {
		c.add(field.TypeInvalid(c.at(path), v, fmt.Sprintf("%s in body must be of type %s: %q", path, s.Format, v)))
	}
}

func (c *checker) number(v any, s *Props, path string) {
	n, isFloat := v.(float64)
	if !isFloat {
		n = float64(v.(int64))
	}
	kind := s.Type
	inRange := true
	switch {
	case kind == "integer" && s.Format == "int32":
		inRange = n == math.Trunc(n) && n >= math.MinInt32 && n <= math.MaxInt32
	case kind == "integer":
		inRange = n == math.Trunc(n) && math.Abs(n) < 1<<63
	case s.Format == "float":
		inRange = math.Abs(n) <= math.MaxFloat32
	}
	switch {
	case inRange:
	case s.Format == "int32" || s.Format == "int64" || s.Format == "float" || s.Format == "double":
		c.general("Checked value must be of type %s with format %s in %s", kind, s.Format, path)
	default:
		c.general("Checked value must be of type %s (default format) in %s", kind, path)
	}
	if s.MultipleOf != nil {
		c.multiple(v, n, isFloat, *s.MultipleOf, path)
	}
	if s.Minimum != nil {
		if s.ExclusiveMinimum && n <= *s.Minimum {
			c.invalid(path, v, "should be greater than %v", *s.Minimum)
		} else if !s.ExclusiveMinimum && n < *s.Minimum {
			c.invalid(path, v, "should be greater than or equal to %v", *s.Minimum)
		}
	}
	if s.Maximum != nil {
		if s.ExclusiveMaximum && n >= *s.Maximum {
			c.invalid(path, v, "should be less than %v", *s.Maximum)
		} else if !s.ExclusiveMaximum && n > *s.Maximum {
			c.invalid(path, v, "should be less than or equal to %v", *s.Maximum)
		}
	}
}

// multiple checks multipleOf, whose fraction an integer does not see.
func (c *checker) multiple(v any, n float64, isFloat bool, factor float64, path string) {
	if !isFloat {
		factor = math.Trunc(factor)
	}
	if factor <= 0 {
		c.add(field.Invalid(c.at(path), factor, fmt.Sprintf("factor MultipleOf declared for %s must be positive: %v", path, factor)))
		return
	}
	if q := n / factor; math.Abs(q-math.Round(q)) > 1e-9 {
		c.invalid(path, v, "should be a multiple of %v", factor)
	}
}

func (c *checker) list(v []any, s *Props, path string, old before) {
	if s.Items != nil && s.Items.Schema != nil {
		for i, item := range v {
			c.value(item, s.Items.Schema, fmt.Sprintf("%s[%d]", path, i), old.item(s, item))
		}
	}
	if s.MinItems != nil && int64(len(v)) < *s.MinItems {
		c.invalid(path, int64(len(v)), "should have at least %d items", *s.MinItems)
	}
	if s.MaxItems != nil && int64(len(v)) > *s.MaxItems {
		c.add(field.TooMany(c.at(path), len(v), int(*s.MaxItems)))
	}
}

func (c *checker) enum(v any, s *Props, path string) {
	if len(s.Enum) == 0 {
		return
	}
	var allowed []string
	for _, one := range s.Enum {
		var value any
		if json.Unmarshal(one, &value) != nil {
			continue
		}
		if equality.Semantic.DeepEqual(integers(value), v) {
			return
		}
		if text, ok := value.(string); ok {
			allowed = append(allowed, text)
		} else {
			allowed = append(allowed, string(one))
		}
	}
	c.add(field.NotSupported(c.at(path), v, allowed))
}

func (c *checker) object(m map[string]any, s *Props, path string, old before) {
	if s.MinProperties != nil && int64(len(m)) < *s.MinProperties {
		c.invalid(path, int64(len(m)), "should have at least %d properties", *s.MinProperties)
	}
	if s.MaxProperties != nil && int64(len(m)) > *s.MaxProperties {
		c.add(field.TooMany(c.at(path), len(m), int(*s.MaxProperties)))
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		full := strings.TrimPrefix(path+"."+key, ".")
		if path == "" && (key == "metadata" || key == "apiVersion" || key == "kind") && c.prefix == "" {
			continue
		}
		if prop, ok := s.Properties[key]; ok {
			c.value(m[key], &prop, full, old.field(key))
		} else if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
			c.value(m[key], s.AdditionalProperties.Schema, full, old.field(key))
		}
	}
	for _, name := range s.Required {
		if _, ok := m[name]; !ok {
			c.add(field.Required(c.at(path+"."+name), ""))
		}
	}
}

// alternatives checks allOf, anyOf, oneOf and not. Of several failures the one that came furthest is told.
func (c *checker) alternatives(v any, s *Props, path string, old before) {
	try := func(s *Props) *checker {
		inner := &checker{prefix: c.prefix}
		inner.value(v, s, path, old)
		return inner
	}
	any := func(list []Props) (valid int, best *checker) {
		for i := range list {
			switch tried := try(&list[i]); {
			case len(tried.errs) == 0:
				valid++
			case best == nil || tried.matched > best.matched:
				best = tried
			}
		}
		return valid, best
	}
	if valid, best := any(s.AnyOf); len(s.AnyOf) > 0 && valid == 0 {
		c.general("%q must validate at least one schema (anyOf)", path)
		c.errs = append(c.errs, best.errs...)
	}
	switch valid, best := any(s.OneOf); {
	case len(s.OneOf) == 0 || valid == 1:
	case valid == 0:
		c.general("%q must validate one and only one schema (oneOf). Found none valid", path)
		c.errs = append(c.errs, best.errs...)
	default:
		c.general("%q must validate one and only one schema (oneOf). Found %d valid alternatives", path, valid)
	}
	valid := 0
	for i := range s.AllOf {
		tried := try(&s.AllOf[i])
		c.errs = append(c.errs, tried.errs...)
		if len(tried.errs) == 0 {
			valid++
		}
	}
	if valid != len(s.AllOf) {
		none := ""
		if valid == 0 {
			none = ". None validated"
		}
		c.general("%q must validate all the schemas (allOf)%s", path, none)
	}
	if s.Not != nil && len(try(s.Not).errs) == 0 {
		c.general("%q must not validate the schema (not)", path)
	}
}

// mapKey is what tells an item of a list that is a map from the others.
func mapKey(s *Props, item any) map[string]any {
	m, _ := item.(map[string]any)
	out := map[string]any{}
	for _, name := range s.XListMapKeys {
		value, ok := m[name]
		if key, known := s.Items.Schema.Properties[name]; !ok && known && key.hasDefault() {
			_ = json.Unmarshal(key.Default, &value)
			value = integers(value)
		}
		if value != nil {
			out[name] = value
		}
	}
	return out
}

// duplicates tells the items that stand twice in lists that are sets or maps.
func duplicates(v any, s *Props, path string) (errs field.ErrorList) {
	below := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if prop, ok := s.Properties[key]; ok {
				errs = append(errs, duplicates(v[key], &prop, below(key))...)
			} else if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
				errs = append(errs, duplicates(v[key], s.AdditionalProperties.Schema, path+"["+key+"]")...)
			}
		}
	case []any:
		if s.Items == nil || s.Items.Schema == nil {
			return nil
		}
		seen := map[string]bool{}
		for i, item := range v {
			errs = append(errs, duplicates(item, s.Items.Schema, fmt.Sprintf("%s[%d]", path, i))...)
			key := item
			switch {
			case s.XListType == nil || *s.XListType == "atomic":
				continue
			case *s.XListType == "map":
				key = mapKey(s, item)
			}
			data, err := json.Marshal(key)
			if err != nil {
				continue
			}
			if seen[string(data)] {
				errs = append(errs, field.Duplicate(field.NewPath(fmt.Sprintf("%s[%d]", path, i)), key))
			}
			seen[string(data)] = true
		}
	}
	return errs
}
