// Package diff compares sim/resources with the packages of k8s.io/kubernetes that it speaks for.
package diff

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/capabilities"

	"terrarium/sim/resources"
)

func init() {
	capabilities.ResetForTest()
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type result struct {
	Errors   []string
	Warnings []string
	Object   string // json, where there are no errors
	Panic    string
}

type recorder struct{ list []string }

func (r *recorder) AddWarning(_, text string) { r.list = append(r.list, text) }

func requestContext(r *resources.Resource, namespace string, w *recorder) context.Context {
	ctx := genericapirequest.NewContext()
	if r.Namespaced {
		ctx = genericapirequest.WithNamespace(ctx, namespace)
	} else {
		ctx = genericapirequest.WithNamespace(ctx, metav1.NamespaceNone)
	}
	ctx = genericapirequest.WithRequestInfo(ctx, &genericapirequest.RequestInfo{IsResourceRequest: true, APIGroup: r.Group, APIVersion: r.Version, Resource: r.Name, Verb: "create"})
	return warning.WithWarningRecorder(ctx, w)
}

func decode(r *resources.Resource, text []byte) (runtime.Object, error) {
	obj := r.New()
	err := json.Unmarshal(text, obj)
	return obj, err
}

func causes(err error) []string {
	if err == nil {
		return nil
	}
	status, ok := err.(apierrors.APIStatus)
	if !ok || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return []string{"ERROR " + err.Error()}
	}
	var out []string
	seen := map[string]bool{}
	for _, c := range status.Status().Details.Causes {
		s := stamps.ReplaceAllString(c.Field+": "+c.Message, "$1: T")
		if !seen[s] {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}

func errorStrings(errs field.ErrorList) []string {
	var out []string
	seen := map[string]bool{}
	for _, e := range errs {
		s := stamps.ReplaceAllString(e.Error(), "$1: T")
		if !seen[s] {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}

func clean(obj runtime.Object) string {
	obj.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	if m, ok := obj.(metav1.Object); ok {
		m.SetUID("")
		m.SetCreationTimestamp(metav1.Time{})
	}
	b, err := json.Marshal(obj)
	if err != nil {
		return "MARSHAL " + err.Error()
	}
	return times.ReplaceAllString(string(b), `"lastTransitionTime":"T"`)
}

var times = regexp.MustCompile(`"last(Phase|Update)?(Transition)?Time":"[^"]*"`)

func theirsCreate(r *resources.Resource, s rest.RESTCreateStrategy, text []byte) (out result) {
	defer func() {
		if p := recover(); p != nil {
			out.Panic = fmt.Sprint(p)
		}
	}()
	obj, err := decode(r, text)
	if err != nil {
		out.Panic = "decode " + err.Error()
		return
	}
	legacyscheme.Scheme.Default(obj)
	internal, err := legacyscheme.Scheme.ConvertToVersion(obj, schema.GroupVersion{Group: r.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		out.Panic = "convert " + err.Error()
		return
	}
	m := internal.(metav1.Object)
	rest.FillObjectMetaSystemFields(m)
	m.SetUID("u")
	w := &recorder{}
	ctx := requestContext(r, m.GetNamespace(), w)
	begin(internal, nil)
	err = rest.BeforeCreate(s, ctx, internal)
	out.Errors = causes(err)
	out.Warnings = w.list
	if err == nil {
		back, err := legacyscheme.Scheme.ConvertToVersion(internal, schema.GroupVersion{Group: r.Group, Version: r.Version})
		if err != nil {
			out.Panic = "convert back " + err.Error()
			return
		}
		out.Object = clean(back)
	}
	return
}

func ourContext(w *recorder) *resources.Context {
	return &resources.Context{Now: now, Suffix: func(n int) string { return strings.Repeat("x", n) }, Warn: func(t string) { w.AddWarning("", t) }}
}

func oursPrepare(r *resources.Resource, obj runtime.Object, w *recorder) field.ErrorList {
	if r.Default != nil {
		r.Default(obj)
	}
	m := obj.(metav1.Object)
	rest.FillObjectMetaSystemFields(m)
	m.SetUID("u")
	if r.ResetStatus != nil {
		r.ResetStatus(obj, nil)
	}
	if r.PrepareForCreate != nil {
		r.PrepareForCreate(ourContext(w), obj)
	}
	m.SetGeneration(0)
	if r.SpecChanged != nil && !r.FromZero {
		m.SetGeneration(1)
	}
	errs := validation.ValidateObjectMetaAccessor(m, r.Namespaced, r.NameError, field.NewPath("metadata"))
	if r.Validate != nil {
		errs = append(errs, r.Validate(obj)...)
	}
	return errs
}

var stamps = regexp.MustCompile(`("LastUpdateTime"|"LastTransitionTime"): "[^"]*"`)

func oursCreate(r *resources.Resource, text []byte) (out result) {
	defer func() {
		if p := recover(); p != nil {
			out.Panic = fmt.Sprint(p)
		}
	}()
	obj, err := decode(r, text)
	if err != nil {
		out.Panic = "decode " + err.Error()
		return
	}
	w := &recorder{}
	errs := oursPrepare(r, obj, w)
	out.Errors = errorStrings(errs)
	if len(errs) == 0 {
		if r.Warnings != nil {
			w.list = append(w.list, r.Warnings(obj, nil)...)
		}
		out.Object = clean(obj)
	}
	out.Warnings = w.list
	return
}

// update takes two texts through create and then the second through an update of the first.
func theirsUpdate(r *resources.Resource, s rest.RESTCreateStrategy, u rest.RESTUpdateStrategy, oldText, text []byte) (out result) {
	defer func() {
		if p := recover(); p != nil {
			out.Panic = fmt.Sprint(p)
		}
	}()
	old := theirsStored(r, s, oldText)
	if old == nil {
		out.Panic = "old invalid"
		return
	}
	obj, err := decode(r, text)
	if err != nil {
		out.Panic = "decode " + err.Error()
		return
	}
	legacyscheme.Scheme.Default(obj)
	internal, err := legacyscheme.Scheme.ConvertToVersion(obj, schema.GroupVersion{Group: r.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		out.Panic = "convert " + err.Error()
		return
	}
	m := internal.(metav1.Object)
	m.SetResourceVersion("5")
	w := &recorder{}
	ctx := requestContext(r, m.GetNamespace(), w)
	begin(internal, old)
	err = rest.BeforeUpdate(u, ctx, internal, old)
	out.Errors = causes(err)
	out.Warnings = w.list
	if err == nil {
		back, err := legacyscheme.Scheme.ConvertToVersion(internal, schema.GroupVersion{Group: r.Group, Version: r.Version})
		if err != nil {
			out.Panic = "convert back " + err.Error()
			return
		}
		out.Object = clean(back)
	}
	return
}

func theirsStored(r *resources.Resource, s rest.RESTCreateStrategy, text []byte) runtime.Object {
	obj, err := decode(r, text)
	if err != nil {
		return nil
	}
	legacyscheme.Scheme.Default(obj)
	internal, err := legacyscheme.Scheme.ConvertToVersion(obj, schema.GroupVersion{Group: r.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		return nil
	}
	m := internal.(metav1.Object)
	rest.FillObjectMetaSystemFields(m)
	m.SetUID("u")
	ctx := requestContext(r, m.GetNamespace(), &recorder{})
	begin(internal, nil)
	if rest.BeforeCreate(s, ctx, internal) != nil {
		return nil
	}
	m.SetUID("u")
	m.SetCreationTimestamp(metav1.Time{Time: now})
	m.SetResourceVersion("5")
	return internal
}

func oursUpdate(r *resources.Resource, oldText, text []byte) (out result) {
	defer func() {
		if p := recover(); p != nil {
			out.Panic = fmt.Sprint(p)
		}
	}()
	w := &recorder{}
	old, err := decode(r, oldText)
	if err != nil || len(oursPrepare(r, old, w)) > 0 {
		out.Panic = "old invalid"
		return
	}
	w.list = nil
	om := old.(metav1.Object)
	om.SetUID("u")
	om.SetCreationTimestamp(metav1.Time{Time: now})
	om.SetResourceVersion("5")
	obj, err := decode(r, text)
	if err != nil {
		out.Panic = "decode " + err.Error()
		return
	}
	if r.Default != nil {
		r.Default(obj)
	}
	m := obj.(metav1.Object)
	m.SetResourceVersion("5")
	m.SetGeneration(om.GetGeneration())
	if r.HasStatus && r.ResetStatus != nil {
		r.ResetStatus(obj, old)
	}
	if r.PrepareForUpdate != nil {
		r.PrepareForUpdate(ourContext(w), obj, old)
	}
	if r.SpecChanged != nil && r.SpecChanged(obj, old) {
		m.SetGeneration(om.GetGeneration() + 1)
	}
	if m.GetUID() == "" {
		m.SetUID(om.GetUID())
	}
	m.SetCreationTimestamp(om.GetCreationTimestamp())
	errs := validation.ValidateObjectMetaAccessor(m, r.Namespaced, func(string, bool) []string { return nil }, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateObjectMetaAccessorUpdate(m, om, field.NewPath("metadata"))...)
	if r.ValidateUpdate != nil {
		errs = append(errs, r.ValidateUpdate(obj, old)...)
	}
	out.Errors = errorStrings(errs)
	if len(errs) == 0 {
		if r.Warnings != nil {
			w.list = append(w.list, r.Warnings(obj, old)...)
		}
		out.Object = clean(obj)
	}
	out.Warnings = w.list
	return
}

func parsed(r *resources.Resource, text []byte) (theirs runtime.Object, ours runtime.Object, err error) {
	a, err := decode(r, text)
	if err != nil {
		return nil, nil, err
	}
	legacyscheme.Scheme.Default(a)
	theirs, err = legacyscheme.Scheme.ConvertToVersion(a, schema.GroupVersion{Group: r.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		return nil, nil, err
	}
	ours, _ = decode(r, text)
	if r.Default != nil {
		r.Default(ours)
	}
	for _, o := range []runtime.Object{theirs, ours} {
		m := o.(metav1.Object)
		m.SetUID("u")
		m.SetCreationTimestamp(metav1.Time{Time: now})
		m.SetResourceVersion("5")
	}
	return theirs, ours, nil
}

func statusUpdate(r *resources.Resource, u rest.RESTUpdateStrategy, oldText, text []byte) (a, b result) {
	defer func() {
		if p := recover(); p != nil {
			b.Panic = fmt.Sprint(p)
		}
	}()
	old, ourOld, err := parsed(r, oldText)
	if err != nil {
		a.Panic, b.Panic = err.Error(), err.Error()
		return
	}
	obj, our, err := parsed(r, text)
	if err != nil {
		a.Panic, b.Panic = err.Error(), err.Error()
		return
	}
	w := &recorder{}
	err = rest.BeforeUpdate(u, requestContext(r, obj.(metav1.Object).GetNamespace(), w), obj, old)
	a.Errors, a.Warnings = causes(err), w.list
	if err == nil {
		back, err := legacyscheme.Scheme.ConvertToVersion(obj, schema.GroupVersion{Group: r.Group, Version: r.Version})
		if err != nil {
			a.Panic = err.Error()
			return
		}
		a.Object = clean(back)
	}
	w = &recorder{}
	r.ResetSpec(our, ourOld)
	if r.PrepareForStatusUpdate != nil {
		r.PrepareForStatusUpdate(ourContext(w), our, ourOld)
	}
	m := our.(metav1.Object)
	errs := validation.ValidateObjectMetaAccessor(m, r.Namespaced, func(string, bool) []string { return nil }, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateObjectMetaAccessorUpdate(m, ourOld.(metav1.Object), field.NewPath("metadata"))...)
	if r.ValidateStatusUpdate != nil {
		errs = append(errs, r.ValidateStatusUpdate(our, ourOld)...)
	}
	b.Errors = errorStrings(errs)
	if len(errs) == 0 {
		b.Object = clean(our)
	}
	return
}

// compare tells how two results differ; "" if not.
func compare(a, b result) string {
	switch {
	case a.Panic != "" || b.Panic != "":
		stats["skipped"]++
		if len(why) < 3 {
			why = append(why, a.Panic+" / "+b.Panic)
		}
	case len(a.Errors) > 0:
		stats["refused"]++
	default:
		stats["accepted"]++
	}
	if !settable(&a) {
		return ""
	}
	if a.Panic != "" || b.Panic != "" {
		if a.Panic != "" && b.Panic == "" {
			return "" // theirs cannot be asked
		}
		if b.Panic != "" && a.Panic == "" {
			return "OURS PANICS " + b.Panic
		}
		return ""
	}
	if d := lists("error", a.Errors, b.Errors); d != "" {
		return d
	}
	if d := lists("warning", a.Warnings, b.Warnings); d != "" {
		return d
	}
	if a.Object != b.Object {
		return "object\n" + jsonDiff(a.Object, b.Object)
	}
	return ""
}

// settable is false where theirs finds fault with an expression, which ours cannot read.
func settable(a *result) bool {
	kept := a.Errors[:0:0]
	for _, e := range a.Errors {
		for _, s := range []string{"compilation failed", "must evaluate to", "resourceResolver is nil", "unexpected internal error"} {
			if strings.Contains(e, s) {
				return false
			}
		}
		kept = append(kept, e)
	}
	a.Errors = kept
	return true
}

func lists(what string, a, b []string) string {
	if reflect.DeepEqual(a, b) || len(a) == 0 && len(b) == 0 {
		return ""
	}
	sa, sb := append([]string{}, a...), append([]string{}, b...)
	sort.Strings(sa)
	sort.Strings(sb)
	if reflect.DeepEqual(sa, sb) {
		return what + " ORDER\n  theirs " + strings.Join(a, "\n         ") + "\n  ours   " + strings.Join(b, "\n         ")
	}
	var out strings.Builder
	in := func(x string, l []string) bool {
		for _, y := range l {
			if x == y {
				return true
			}
		}
		return false
	}
	for _, x := range a {
		if !in(x, b) {
			fmt.Fprintf(&out, "  - %s\n", x)
		}
	}
	for _, x := range b {
		if !in(x, a) {
			fmt.Fprintf(&out, "  + %s\n", x)
		}
	}
	return what + "\n" + out.String()
}

func jsonDiff(a, b string) string {
	var x, y any
	json.Unmarshal([]byte(a), &x)
	json.Unmarshal([]byte(b), &y)
	var out strings.Builder
	walkDiff(&out, "", x, y)
	return out.String()
}

func walkDiff(out *strings.Builder, path string, a, b any) {
	if reflect.DeepEqual(a, b) {
		return
	}
	ma, oka := a.(map[string]any)
	mb, okb := b.(map[string]any)
	if oka && okb {
		keys := map[string]bool{}
		for k := range ma {
			keys[k] = true
		}
		for k := range mb {
			keys[k] = true
		}
		for k := range keys {
			walkDiff(out, path+"."+k, ma[k], mb[k])
		}
		return
	}
	la, oka := a.([]any)
	lb, okb := b.([]any)
	if oka && okb && len(la) == len(lb) {
		for i := range la {
			walkDiff(out, fmt.Sprintf("%s[%d]", path, i), la[i], lb[i])
		}
		return
	}
	ja, _ := json.Marshal(a)
	jb, _ := json.Marshal(b)
	fmt.Fprintf(out, "  %s: theirs %s ours %s\n", path, ja, jb)
}

// begin is what the storage of services does before its strategy; its own function is not exported.
func begin(obj, old runtime.Object) {
	s, ok := obj.(*core.Service)
	if !ok {
		return
	}
	if old == nil {
		if s.Spec.ClusterIP != "" && len(s.Spec.ClusterIPs) == 0 {
			s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
		}
		return
	}
	o := old.(*core.Service)
	ext := core.ServiceTypeExternalName
	if s.Spec.Type != ext && o.Spec.Type != ext {
		if s.Spec.ClusterIP == "" {
			s.Spec.ClusterIP = o.Spec.ClusterIP
		}
		if len(s.Spec.ClusterIPs) == 0 && len(o.Spec.ClusterIPs) > 0 {
			s.Spec.ClusterIPs = o.Spec.ClusterIPs
		}
	}
	np := func(x *core.Service) bool {
		return x.Spec.Type == core.ServiceTypeNodePort || x.Spec.Type == core.ServiceTypeLoadBalancer
	}
	if np(s) && np(o) {
		has := func(x *core.Service, n int32) bool {
			for _, p := range x.Spec.Ports {
				if p.NodePort == n && n != 0 {
					return true
				}
			}
			return false
		}
		byName := map[string]int32{}
		used := map[int32]bool{}
		for _, p := range o.Spec.Ports {
			byName[p.Name] = p.NodePort
			if has(s, p.NodePort) {
				used[p.NodePort] = true
			}
		}
		for i := range s.Spec.Ports {
			p := &s.Spec.Ports[i]
			if p.NodePort == 0 && !used[byName[p.Name]] {
				p.NodePort = byName[p.Name]
			}
		}
	}
	hc := func(x *core.Service) bool {
		return x.Spec.Type == core.ServiceTypeLoadBalancer && x.Spec.ExternalTrafficPolicy == "Local"
	}
	if hc(s) && hc(o) && s.Spec.HealthCheckNodePort == 0 {
		s.Spec.HealthCheckNodePort = o.Spec.HealthCheckNodePort
	}
	same := s.Spec.ClusterIP == o.Spec.ClusterIP && reflect.DeepEqual(s.Spec.ClusterIPs, o.Spec.ClusterIPs)
	_ = same
	if len(o.Spec.ClusterIPs) > 0 && len(s.Spec.ClusterIPs) == 0 && o.Spec.ClusterIP == s.Spec.ClusterIP {
		s.Spec.ClusterIPs = o.Spec.ClusterIPs
	}
	if o.Spec.ClusterIP != s.Spec.ClusterIP {
		eq := len(o.Spec.ClusterIPs) == len(s.Spec.ClusterIPs)
		for i := range o.Spec.ClusterIPs {
			eq = eq && o.Spec.ClusterIPs[i] == s.Spec.ClusterIPs[i]
		}
		if o.Spec.ClusterIP != "" && s.Spec.ClusterIP == "" {
			if eq {
				s.Spec.ClusterIPs = nil
			}
		} else if eq {
			s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
		}
	}
}

var stats = map[string]int{}
var why []string
