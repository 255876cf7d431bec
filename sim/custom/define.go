package custom

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	meta "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Default fills in what the author of a definition may leave out.
func Default(d *Definition) {
	names := &d.Spec.Names
	if names.Singular == "" {
		names.Singular = strings.ToLower(names.Kind)
	}
	if names.ListKind == "" && names.Kind != "" {
		names.ListKind = names.Kind + "List"
	}
	if d.Spec.Conversion == nil {
		d.Spec.Conversion = &Conversion{Strategy: "None"}
	}
	if w := d.Spec.Conversion.Webhook; w != nil && w.ClientConfig != nil && w.ClientConfig.Service != nil && w.ClientConfig.Service.Port == nil {
		port := int32(443)
		w.ClientConfig.Service.Port = &port
	}
	if len(d.Status.StoredVersions) == 0 {
		d.KeepStored()
	}
}

// KeepStored notes the version that is stored now.
func (d *Definition) KeepStored() {
	for _, v := range d.Spec.Versions {
		if v.Storage {
			if !slices.Contains(d.Status.StoredVersions, v.Name) {
				d.Status.StoredVersions = append(d.Status.StoredVersions, v.Name)
			}
			return
		}
	}
}

// Check tells the problems of a definition; old is nil where it is new.
func Check(d, old *Definition) field.ErrorList {
	spec := field.NewPath("spec")
	var errs field.ErrorList
	if old == nil && d.Name != d.Spec.Names.Plural+"."+d.Spec.Group && d.Name != "" {
		errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), d.Name, `must be spec.names.plural+"."+spec.group`))
	}
	errs = append(errs, checkSpec(&d.Spec, spec)...)
	if old != nil {
		if old.Status.Is(Established) {
			errs = append(errs, meta.ValidateImmutableField(d.Spec.Scope, old.Spec.Scope, spec.Child("scope"))...)
			errs = append(errs, meta.ValidateImmutableField(d.Spec.Names.Kind, old.Spec.Names.Kind, spec.Child("names", "kind"))...)
		}
		errs = append(errs, meta.ValidateImmutableField(d.Spec.Group, old.Spec.Group, spec.Child("group"))...)
		errs = append(errs, meta.ValidateImmutableField(d.Spec.Names.Plural, old.Spec.Names.Plural, spec.Child("names", "plural"))...)
	}
	errs = append(errs, CheckStatus(d)...)
	errs = append(errs, checkStored(d)...)
	errs = append(errs, checkApproval(d, old)...)
	if d.Spec.PreserveUnknownFields && (old == nil || !old.Spec.PreserveUnknownFields) {
		errs = append(errs, field.Invalid(spec.Child("preserveUnknownFields"), true,
			"cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"))
	}
	return errs
}

// CheckStatus tells the problems of a status.
func CheckStatus(d *Definition) field.ErrorList {
	return checkNames(&d.Status.AcceptedNames, field.NewPath("status", "acceptedNames"))
}

func checkStored(d *Definition) (errs field.ErrorList) {
	path, stored := field.NewPath("status", "storedVersions"), d.Status.StoredVersions
	if len(stored) == 0 {
		return field.ErrorList{field.Invalid(path, stored, "must have at least one stored version")}
	}
	for _, v := range d.Spec.Versions {
		if v.Storage && !slices.Contains(stored, v.Name) {
			errs = append(errs, field.Invalid(path, stored, "must have the storage version "+v.Name))
		}
	}
	for i, name := range stored {
		if !slices.ContainsFunc(d.Spec.Versions, func(v Version) bool { return v.Name == name }) {
			errs = append(errs, field.Invalid(path.Index(i), name, fmt.Sprintf("missing from spec.versions; %[1]s was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in %[1]s and removes %[1]s from status.storedVersions", name)))
		}
	}
	return errs
}

const approvedAnnotation = "api-approved.kubernetes.io"

// checkApproval guards the groups of the project itself.
func checkApproval(d, old *Definition) field.ErrorList {
	group := "." + d.Spec.Group
	if !strings.HasSuffix(group, ".k8s.io") && !strings.HasSuffix(group, ".kubernetes.io") {
		return nil
	}
	path, value := field.NewPath("metadata", "annotations").Key(approvedAnnotation), d.Annotations[approvedAnnotation]
	if old != nil && approval(old.Annotations[approvedAnnotation]) == approval(value) {
		return nil
	}
	const see = "see https://github.com/kubernetes/enhancements/pull/1111"
	switch approval(value) {
	case "missing":
		return field.ErrorList{field.Required(path, fmt.Sprintf("protected groups must have approval annotation %q, %s", approvedAnnotation, see))}
	case "invalid":
		return field.ErrorList{field.Invalid(path, value, fmt.Sprintf(`protected groups must have approval annotation %q with either a URL or a reason starting with "unapproved", %s`, approvedAnnotation, see))}
	}
	return nil
}

func approval(value string) string {
	switch u, err := url.ParseRequestURI(value); {
	case value == "":
		return "missing"
	case strings.HasPrefix(value, "unapproved"):
		return "bypassed"
	case err == nil && u.Host != "" && u.Scheme != "":
		return "approved"
	}
	return "invalid"
}

func joined(errs []string) string { return strings.Join(errs, ",") }

func checkSpec(s *Spec, path *field.Path) (errs field.ErrorList) {
	if s.Group == "" {
		errs = append(errs, field.Required(path.Child("group"), ""))
	} else if problems := validation.IsDNS1123Subdomain(s.Group); len(problems) > 0 {
		errs = append(errs, field.Invalid(path.Child("group"), s.Group, joined(problems)))
	} else if !strings.Contains(s.Group, ".") {
		errs = append(errs, field.Invalid(path.Child("group"), s.Group, "should be a domain with at least one dot"))
	}
	errs = append(errs, oneOf(path.Child("scope"), s.Scope, "Cluster", "Namespaced")...)
	top := s.hoist()
	if top.schema == nil || top.schema.OpenAPIV3Schema == nil {
		for i, v := range s.Versions {
			if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
				errs = append(errs, field.Required(path.Child("versions").Index(i).Child("schema", "openAPIV3Schema"), ""))
			}
		}
	}
	errs = append(errs, checkVersions(s, top, path)...)
	for _, name := range []struct{ field, value string }{
		{"plural", s.Names.Plural}, {"singular", s.Names.Singular}, {"kind", s.Names.Kind}, {"listKind", s.Names.ListKind},
	} {
		if name.value == "" {
			errs = append(errs, field.Required(path.Child("names", name.field), ""))
		}
	}
	errs = append(errs, checkNames(&s.Names, path.Child("names"))...)
	anyStatus := slices.ContainsFunc(s.Versions, func(v Version) bool { return v.Subresources != nil && v.Subresources.Status != nil })
	errs = append(errs, checkValidation(top.schema, anyStatus, path.Child("validation"))...)
	errs = append(errs, checkSubresources(top.subresources, path.Child("subresources"))...)
	for i := range top.columns {
		errs = append(errs, checkColumn(&top.columns[i], path.Child("additionalPrinterColumns").Index(i))...)
	}
	if fields := path.Child("selectableFields"); len(top.fields) > 0 && top.schema == nil {
		errs = append(errs, field.Invalid(fields, "", "may only be set when validations.schema is included"))
	} else if len(top.fields) > 0 {
		errs = append(errs, checkSelectable(top.fields, top.schema.OpenAPIV3Schema, fields)...)
	}
	return append(errs, checkConversion(s.Conversion, path.Child("conversion"))...)
}

// checkVersions checks each version, but for what is hoisted.
func checkVersions(s *Spec, top hoisted, path *field.Path) (errs field.ErrorList) {
	stored, seen, unique := 0, map[string]bool{}, true
	for i := range s.Versions {
		v, at := &s.Versions[i], path.Child("versions").Index(i)
		if v.Storage {
			stored++
		}
		unique = unique && !seen[v.Name]
		seen[v.Name] = true
		if problems := validation.IsDNS1035Label(v.Name); len(problems) > 0 {
			errs = append(errs, field.Invalid(at.Child("name"), v.Name, joined(problems)))
		}
		for _, problem := range deprecation(v) {
			errs = append(errs, field.Invalid(at.Child("deprecationWarning"), v.DeprecationWarning, problem))
		}
		if top.schema == nil {
			errs = append(errs, checkValidation(v.Schema, v.Subresources != nil && v.Subresources.Status != nil, at.Child("schema"))...)
		}
		if top.subresources == nil {
			errs = append(errs, checkSubresources(v.Subresources, at.Child("subresources"))...)
		}
		if len(top.columns) == 0 {
			for c := range v.AdditionalPrinterColumns {
				errs = append(errs, checkColumn(&v.AdditionalPrinterColumns[c], at.Child("additionalPrinterColumns").Index(c))...)
			}
		}
		switch fields := at.Child("selectableFields"); {
		case len(v.SelectableFields) == 0 || len(top.fields) > 0:
		case top.schema != nil || v.Schema == nil:
			errs = append(errs, field.Invalid(fields, "", "may only be set when `version.schema.openAPIV3Schema` is not included"))
		default:
			errs = append(errs, checkSelectable(v.SelectableFields, v.Schema.OpenAPIV3Schema, fields)...)
		}
	}
	if !unique {
		errs = append(errs, field.Invalid(path.Child("versions"), s.inward(top), "must contain unique version names"))
	}
	if stored != 1 {
		errs = append(errs, field.Invalid(path.Child("versions"), s.inward(top), "must have exactly one version marked as storage version"))
	}
	if len(s.Versions) > 0 && s.Versions[0].Name != "" {
		if problems := validation.IsDNS1035Label(s.Versions[0].Name); len(problems) > 0 {
			errs = append(errs, field.Invalid(path.Child("version"), s.Versions[0].Name, joined(problems)))
		}
	}
	return errs
}

// inward is how the real server shows versions in messages: by the names of its own fields, without what is hoisted.
func (s *Spec) inward(top hoisted) any {
	type version struct {
		Name                     string
		Served, Storage          bool
		Deprecated               bool
		DeprecationWarning       *string
		Schema                   any
		Subresources             any
		AdditionalPrinterColumns any
		SelectableFields         any
	}
	out := []version{}
	for _, v := range s.Versions {
		one := version{Name: v.Name, Served: v.Served, Storage: v.Storage, Deprecated: v.Deprecated, DeprecationWarning: v.DeprecationWarning}
		if top.schema == nil && v.Schema != nil {
			one.Schema = v.Schema
		}
		if top.subresources == nil && v.Subresources != nil {
			one.Subresources = v.Subresources
		}
		if len(top.columns) == 0 && len(v.AdditionalPrinterColumns) > 0 {
			one.AdditionalPrinterColumns = v.AdditionalPrinterColumns
		}
		if len(top.fields) == 0 && len(v.SelectableFields) > 0 {
			one.SelectableFields = v.SelectableFields
		}
		out = append(out, one)
	}
	return out
}

func deprecation(v *Version) (problems []string) {
	switch text := v.DeprecationWarning; {
	case text == nil:
	case !v.Deprecated:
		return []string{"can only be set for deprecated versions"}
	default:
		if len(*text) > 256 {
			problems = append(problems, "must be <= 256 characters long")
		}
		if *text == "" {
			problems = append(problems, "must not be an empty string")
		}
		for i, r := range *text {
			if !unicode.IsPrint(r) {
				return append(problems, fmt.Sprintf("must only contain printable UTF-8 characters; non-printable character found at index %d", i))
			}
		}
	}
	return problems
}

func oneOf(path *field.Path, value string, accepted ...string) field.ErrorList {
	switch {
	case value == "":
		return field.ErrorList{field.Required(path, "")}
	case !slices.Contains(accepted, value):
		return field.ErrorList{field.NotSupported(path, value, accepted)}
	}
	return nil
}

func checkNames(n *Names, path *field.Path) (errs field.ErrorList) {
	label := func(at *field.Path, value, before string) {
		name := value
		if before != "" {
			name = strings.ToLower(value)
		}
		if problems := validation.IsDNS1035Label(name); value != "" && len(problems) > 0 {
			errs = append(errs, field.Invalid(at, value, before+joined(problems)))
		}
	}
	const mixed = "may have mixed case, but should otherwise match: "
	label(path.Child("plural"), n.Plural, "")
	label(path.Child("singular"), n.Singular, "")
	label(path.Child("kind"), n.Kind, mixed)
	label(path.Child("listKind"), n.ListKind, mixed)
	list := func(name string, values []string) {
		for i, value := range values {
			if problems := validation.IsDNS1035Label(value); len(problems) > 0 {
				errs = append(errs, field.Invalid(path.Child(name).Index(i), value, joined(problems)))
			}
		}
	}
	list("shortNames", n.ShortNames)
	if n.Kind != "" && n.Kind == n.ListKind {
		errs = append(errs, field.Invalid(path.Child("listKind"), n.ListKind, "kind and listKind may not be the same"))
	}
	list("categories", n.Categories)
	return errs
}

var (
	columnTypes   = []string{"boolean", "date", "integer", "number", "string"}
	columnFormats = []string{"byte", "date", "date-time", "double", "float", "int32", "int64", "password"}
)

func checkColumn(c *Column, path *field.Path) (errs field.ErrorList) {
	if c.Name == "" {
		errs = append(errs, field.Required(path.Child("name"), ""))
	}
	if c.Type == "" {
		errs = append(errs, field.Required(path.Child("type"), "must be one of "+joined(columnTypes)))
	} else if !slices.Contains(columnTypes, c.Type) {
		errs = append(errs, field.Invalid(path.Child("type"), c.Type, "must be one of "+joined(columnTypes)))
	}
	if c.Format != "" && !slices.Contains(columnFormats, c.Format) {
		errs = append(errs, field.Invalid(path.Child("format"), c.Format, "must be one of "+joined(columnFormats)))
	}
	if c.JSONPath == "" {
		return append(errs, field.Required(path.Child("JSONPath"), ""))
	}
	return append(errs, simplePath(path.Child("JSONPath"), c.JSONPath)...)
}

func simplePath(path *field.Path, value string) field.ErrorList {
	if value[0] != '.' {
		return field.ErrorList{field.Invalid(path, value, "must be a simple json path starting with .")}
	}
	return nil
}

func checkSubresources(s *Subresources, path *field.Path) (errs field.ErrorList) {
	if s == nil || s.Scale == nil {
		return nil
	}
	under := func(at *field.Path, value, text string, prefixes ...string) {
		if problems := simplePath(at, value); len(problems) > 0 {
			errs = append(errs, problems...)
		} else if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(value, p) }) {
			errs = append(errs, field.Invalid(at, value, "should be a json path under "+text))
		}
	}
	for _, one := range []struct{ name, value, under string }{
		{"scale.specReplicasPath", s.Scale.SpecReplicasPath, ".spec"}, {"scale.statusReplicasPath", s.Scale.StatusReplicasPath, ".status"},
	} {
		if one.value == "" {
			errs = append(errs, field.Required(path.Child(one.name), ""))
		} else {
			under(path.Child(one.name), one.value, one.under, one.under+".")
		}
	}
	if selector := s.Scale.LabelSelectorPath; selector != nil && *selector != "" {
		under(path.Child("scale.labelSelectorPath"), *selector, "either .spec or .status", ".spec.", ".status.")
	}
	return errs
}

func checkConversion(c *Conversion, path *field.Path) (errs field.ErrorList) {
	if c == nil {
		return nil
	}
	errs = oneOf(path.Child("strategy"), c.Strategy, "None", "Webhook")
	if c.Strategy != "Webhook" {
		if c.Webhook != nil && c.Webhook.ClientConfig != nil {
			errs = append(errs, field.Forbidden(path.Child("webhookClientConfig"), "should not be set when strategy is not set to Webhook"))
		}
		if c.Webhook != nil && len(c.Webhook.ConversionReviewVersions) > 0 {
			errs = append(errs, field.Forbidden(path.Child("conversionReviewVersions"), "should not be set when strategy is not set to Webhook"))
		}
		return errs
	}
	var versions []string
	config := (*ClientConfig)(nil)
	if c.Webhook != nil {
		versions, config = c.Webhook.ConversionReviewVersions, c.Webhook.ClientConfig
	}
	if config == nil {
		errs = append(errs, field.Required(path.Child("webhookClientConfig"), "required when strategy is set to Webhook"))
	} else if (config.URL == nil) == (config.Service == nil) {
		errs = append(errs, field.Required(path.Child("webhookClientConfig"), "exactly one of url or service is required"))
	}
	path = path.Child("conversionReviewVersions")
	if len(versions) == 0 {
		return append(errs, field.Required(path, ""))
	}
	for i, v := range versions {
		if slices.Contains(versions[:i], v) {
			errs = append(errs, field.Invalid(path.Index(i), v, "duplicate version"))
			continue
		}
		for _, problem := range validation.IsDNS1035Label(v) {
			errs = append(errs, field.Invalid(path.Index(i), v, problem))
		}
	}
	if !slices.Contains(versions, "v1") && !slices.Contains(versions, "v1beta1") {
		errs = append(errs, field.Invalid(path, versions, "must include at least one of v1, v1beta1"))
	}
	return errs
}

func checkSelectable(fields []SelectableField, root *Props, path *field.Path) (errs field.ErrorList) {
	seen := map[string]bool{}
	for i, one := range fields {
		at := path.Index(i).Child("jsonPath")
		if one.JSONPath == "" {
			errs = append(errs, field.Required(at, ""))
			continue
		}
		found := root
		for _, step := range steps(one.JSONPath) {
			next, ok := Props{}, false
			if found != nil {
				next, ok = found.Properties[step]
			}
			if !ok {
				errs = append(errs, field.Invalid(at, one.JSONPath, "is an invalid path: does not refer to a valid field"))
				found = nil
				break
			}
			found = &next
		}
		if found == nil {
			continue
		}
		if steps(one.JSONPath)[0] == "metadata" {
			errs = append(errs, field.Invalid(at, one.JSONPath, "must not point to fields in metadata"))
		}
		if found.Type != "string" && found.Type != "boolean" && found.Type != "integer" {
			errs = append(errs, field.Invalid(at, one.JSONPath, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."))
		}
		if seen[one.JSONPath] {
			errs = append(errs, field.Duplicate(at, one.JSONPath))
		}
		seen[one.JSONPath] = true
	}
	if len(seen) > 8 {
		errs = append(errs, field.TooMany(path, len(seen), 8))
	}
	return errs
}

func sameJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}
