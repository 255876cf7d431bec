package custom

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/version"

	"terrarium/sim/resources"
)

// verbs are those of custom resources, in the order in which discovery lists them.
var verbs = []string{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"}

// Resources are the served versions of a definition, the stored one first.
func Resources(crd *Definition) []*resources.Resource {
	var stored *resources.Resource
	for i := range crd.Spec.Versions {
		if crd.Spec.Versions[i].Storage {
			stored = resource(crd, &crd.Spec.Versions[i])
		}
	}
	if stored == nil {
		return nil
	}
	out := []*resources.Resource{stored}
	for i := range crd.Spec.Versions {
		v := &crd.Spec.Versions[i]
		if v.Storage {
			if !v.Served {
				stored.Hidden = true
			}
			continue
		}
		if v.Served {
			out = append(out, view(resource(crd, v), stored))
		}
	}
	return out
}

func resource(crd *Definition, v *Version) *resources.Resource {
	names := crd.Spec.Names
	r := &resources.Resource{
		Group: crd.Spec.Group, Version: v.Name, Name: names.Plural, Singular: names.Singular, Kind: names.Kind,
		ShortNames: names.ShortNames, Categories: names.Categories, Namespaced: crd.Spec.Scope == "Namespaced",
		Verbs: slices.Clone(verbs), Custom: true, NeedsVersion: true,
		NameError: validation.NameIsDNSSubdomain,
		Warnings:  warnings, Deprecated: deprecated(crd, v),
	}
	gv := schema.GroupVersion{Group: r.Group, Version: r.Version}
	r.New = func() runtime.Object {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(gv.WithKind(names.Kind))
		return u
	}
	r.NewList = func() runtime.Object {
		u := &unstructured.UnstructuredList{}
		u.SetGroupVersionKind(gv.WithKind(names.ListKind))
		return u
	}
	var root *Props
	if v.Schema != nil {
		root = v.Schema.OpenAPIV3Schema
	}
	s := NewSchema(root)
	r.Schema, _ = json.Marshal(s.root)
	r.Coerce = func(obj runtime.Object) ([]string, error) { return s.coerce(content(obj)) }
	r.Default = func(obj runtime.Object) { s.Default(content(obj)) }
	r.Validate = func(obj runtime.Object) field.ErrorList { return s.Validate(content(obj), nil) }
	r.ValidateUpdate = func(obj, old runtime.Object) field.ErrorList { return s.Validate(content(obj), content(old)) }
	if crd.Generation > 1 {
		r.Seen = seen(r, s)
	}
	r.Columns, r.Row = columns(v.AdditionalPrinterColumns)
	if len(v.SelectableFields) > 0 {
		r.Fields = selectable(r, v.SelectableFields)
	}
	if v.Subresources != nil {
		subresources(r, v.Subresources, s)
	}
	if s.rules != nil {
		ruled(r, s)
	}
	r.SpecChanged = func(obj, old runtime.Object) bool { return changed(content(obj), content(old), r.HasStatus) }
	return r
}

// ruled has the rules of a schema run after all else has been checked.
func ruled(r *resources.Resource, s *Schema) {
	create, update, status, warn := r.Validate, r.ValidateUpdate, r.ValidateStatusUpdate, r.Warnings
	r.Validate = func(obj runtime.Object) field.ErrorList { return s.Rules(create(obj), content(obj), nil, nil) }
	r.ValidateUpdate = func(obj, old runtime.Object) field.ErrorList {
		return s.Rules(update(obj, old), content(obj), content(old), nil)
	}
	if status != nil {
		r.ValidateStatusUpdate = func(obj, old runtime.Object) field.ErrorList {
			return s.Rules(status(obj, old), content(obj), content(old), nil)
		}
	}
	r.Warnings = func(obj, old runtime.Object) []string {
		out := warn(obj, old)
		if old != nil {
			s.Rules(nil, content(obj), content(old), func(text string) { out = append(out, text) })
		}
		return out
	}
}

// seen shows objects that were stored under another schema, or as another version, as those of today.
func seen(r *resources.Resource, s *Schema) func(runtime.Object) runtime.Object {
	return func(obj runtime.Object) runtime.Object {
		out := obj.DeepCopyObject()
		out.GetObjectKind().SetGroupVersionKind(r.GVK())
		s.Prune(content(out))
		s.Default(content(out))
		return out
	}
}

// deprecated is the warning for a version.
func deprecated(crd *Definition, v *Version) string {
	if !v.Deprecated {
		return ""
	}
	if v.DeprecationWarning != nil {
		return *v.DeprecationWarning
	}
	text := fmt.Sprintf("%s/%s %s is deprecated", crd.Spec.Group, v.Name, crd.Spec.Names.Kind)
	better := ""
	for _, other := range crd.Spec.Versions {
		newer := version.CompareKubeAwareVersionStrings(v.Name, other.Name) < 0
		if other.Served && !other.Deprecated && newer && (better == "" || version.CompareKubeAwareVersionStrings(better, other.Name) < 0) {
			better = other.Name
		}
	}
	if better != "" {
		text += fmt.Sprintf("; use %s/%s %s", crd.Spec.Group, better, crd.Spec.Names.Kind)
	}
	return text
}

// selectable are the fields that field selectors may name.
func selectable(r *resources.Resource, names []SelectableField) func(runtime.Object) fields.Set {
	return func(obj runtime.Object) fields.Set {
		out := fields.Set{}
		for _, one := range names {
			value, ok, err := unstructured.NestedFieldNoCopy(content(obj), steps(one.JSONPath)...)
			if err != nil || !ok {
				value = ""
			}
			out[strings.TrimPrefix(one.JSONPath, ".")] = fmt.Sprint(value)
		}
		return out
	}
}

// warnings are about finalizers that bear no domain.
func warnings(obj, old runtime.Object) (out []string) {
	var before []string
	if old != nil {
		before = old.(*unstructured.Unstructured).GetFinalizers()
	}
	all := slices.Clone(obj.(*unstructured.Unstructured).GetFinalizers())
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		if slices.Contains(before, name) {
			continue
		}
		for _, problem := range utilvalidation.IsQualifiedName(name) {
			out = append(out, fmt.Sprintf("metadata.finalizers: %q: %s", name, problem))
		}
		switch {
		case strings.Contains(name, "/") || name == "orphan" || name == "foregroundDeletion" || name == "kubernetes":
		case strings.Contains(name, "."):
			out = append(out, fmt.Sprintf("metadata.finalizers: %q: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers", name))
		default:
			out = append(out, fmt.Sprintf("metadata.finalizers: %q: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers", name))
		}
	}
	return out
}

func content(obj runtime.Object) map[string]any {
	u := obj.(*unstructured.Unstructured)
	if u.Object == nil {
		u.Object = map[string]any{}
	}
	return u.Object
}

// changed says whether anything but metadata, and the status where that is a part of its own, differs.
func changed(obj, old map[string]any, hasStatus bool) bool {
	without := func(m map[string]any) map[string]any {
		out := map[string]any{}
		for key, v := range m {
			if key != "metadata" && !(hasStatus && key == "status") {
				out[key] = v
			}
		}
		return out
	}
	return !equality.Semantic.DeepEqual(without(obj), without(old))
}

func subresources(r *resources.Resource, sub *Subresources, s *Schema) {
	if sub.Status != nil {
		r.HasStatus, r.ResetStatus, r.ResetSpec = true, resetStatus, resetSpec
		r.ValidateStatusUpdate = func(obj, old runtime.Object) field.ErrorList {
			return s.ValidateStatus(content(obj), content(old))
		}
	}
	scale := sub.Scale
	if scale == nil {
		return
	}
	spec, status := steps(scale.SpecReplicasPath), steps(scale.StatusReplicasPath)
	number := func(obj runtime.Object, path []string) int32 {
		n, _, _ := unstructured.NestedInt64(content(obj), path...)
		return int32(n)
	}
	r.Scale = &resources.Scale{
		Replicas: func(obj runtime.Object) (int32, int32, string) {
			selector := ""
			if scale.LabelSelectorPath != nil {
				selector, _, _ = unstructured.NestedString(content(obj), steps(*scale.LabelSelectorPath)...)
			}
			return number(obj, spec), number(obj, status), selector
		},
		Set: func(obj runtime.Object, replicas int32) {
			_ = unstructured.SetNestedField(content(obj), int64(replicas), spec...)
		},
	}
	create, update, toStatus := r.Validate, r.ValidateUpdate, r.ValidateStatusUpdate
	r.Validate = func(obj runtime.Object) field.ErrorList { return append(create(obj), scale.check(obj, true)...) }
	r.ValidateUpdate = func(obj, old runtime.Object) field.ErrorList {
		return append(update(obj, old), scale.check(obj, true)...)
	}
	if toStatus != nil {
		r.ValidateStatusUpdate = func(obj, old runtime.Object) field.ErrorList {
			return append(toStatus(obj, old), scale.check(obj, false)...)
		}
	}
}

// check demands that what the scale subresource shows is there in the right form.
func (s *Scale) check(obj runtime.Object, spec bool) (errs field.ErrorList) {
	replicas := func(path string) {
		switch n, _, err := unstructured.NestedInt64(content(obj), steps(path)...); {
		case err != nil:
			errs = append(errs, field.Invalid(field.NewPath(path), n, err.Error()))
		case n < 0:
			errs = append(errs, field.Invalid(field.NewPath(path), n, "should be a non-negative integer"))
		case n > math.MaxInt32:
			errs = append(errs, field.Invalid(field.NewPath(path), n, fmt.Sprintf("should be less than or equal to %v", math.MaxInt32)))
		}
	}
	if spec {
		replicas(s.SpecReplicasPath)
	}
	replicas(s.StatusReplicasPath)
	if s.LabelSelectorPath != nil {
		if text, _, err := unstructured.NestedString(content(obj), steps(*s.LabelSelectorPath)...); err != nil {
			errs = append(errs, field.Invalid(field.NewPath(*s.LabelSelectorPath), text, err.Error()))
		}
	}
	return errs
}

func resetStatus(obj, old runtime.Object) {
	delete(content(obj), "status")
	if old == nil {
		return
	}
	if status, ok := content(old)["status"]; ok {
		content(obj)["status"] = runtime.DeepCopyJSONValue(status)
	}
}

func resetSpec(obj, old runtime.Object) {
	m, u := content(obj), obj.(*unstructured.Unstructured)
	status, has := m["status"]
	managed := u.GetManagedFields()
	clear(m)
	for key, v := range content(old) {
		if key != "status" {
			m[key] = runtime.DeepCopyJSONValue(v)
		}
	}
	if has {
		m["status"] = status
	}
	u.SetManagedFields(managed)
}

func steps(path string) []string { return strings.Split(strings.TrimPrefix(path, "."), ".") }

// view is another served version of what is stored as one: the apiVersion differs, and what the schema leaves out.
func view(r, stored *resources.Resource) *resources.Resource {
	r.View = &resources.View{
		Of: stored.GroupResource(),
		FromStored: func(obj runtime.Object) runtime.Object {
			out := obj.DeepCopyObject()
			out.GetObjectKind().SetGroupVersionKind(r.GVK())
			_, _ = r.Coerce(out)
			r.Default(out)
			return out
		},
		ToStored: func(obj runtime.Object) runtime.Object {
			out := obj.DeepCopyObject()
			out.GetObjectKind().SetGroupVersionKind(stored.GVK())
			return out
		},
	}
	return r
}
