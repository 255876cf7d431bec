package admission

import (
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
)

// target says which requests a policy or a webhook is for.
type target struct {
	rules, except    []admissionv1.NamedRuleWithOperations
	equivalent       bool
	namespace, match *metav1.LabelSelector
}

func targetOf(m *admissionv1.MatchResources) *target {
	if m == nil {
		return nil
	}
	return &target{
		m.ResourceRules, m.ExcludeResourceRules, m.MatchPolicy == nil || *m.MatchPolicy == admissionv1.Equivalent,
		m.NamespaceSelector, m.ObjectSelector,
	}
}

// exempt says whether a request is one that policies and webhooks never see: the policies themselves, so that one can
// always get rid of them, and reviews.
func exempt(a *Attributes) bool {
	gr := a.Resource.GroupResource()
	switch gr.Group {
	case "admissionregistration.k8s.io":
		return true
	case "authentication.k8s.io", "authorization.k8s.io":
		return true
	}
	return false
}

// hits says whether a request is meant. Of a target without rules, all are.
func (t *target) hits(a *Attributes) (bool, error) {
	if t == nil {
		return true, nil
	}
	if ok, err := t.inNamespace(a); !ok || err != nil {
		return false, err
	}
	if ok, err := t.selects(a); !ok || err != nil {
		return false, err
	}
	covers := func(rules []admissionv1.NamedRuleWithOperations) bool {
		return slices.ContainsFunc(rules, func(r admissionv1.NamedRuleWithOperations) bool { return t.covers(&r, a) })
	}
	return !covers(t.except) && (len(t.rules) == 0 || covers(t.rules)), nil
}

func (t *target) inNamespace(a *Attributes) (bool, error) {
	selector, err := metav1.LabelSelectorAsSelector(t.namespace)
	if t.namespace == nil || err != nil || selector.Empty() {
		return err == nil, err
	}
	gr := a.Resource.GroupResource()
	if gr == (schema.GroupResource{Resource: "namespaces"}) {
		for _, obj := range []runtime.Object{a.Object, a.Old} {
			if ns, ok := obj.(*corev1.Namespace); ok && ns != nil {
				return selector.Matches(labels.Set(ns.Labels)), nil
			}
		}
	}
	if a.Namespace == "" {
		return true, nil
	}
	ns, err := api.Get[corev1.Namespace](a.Client, "", a.Namespace)
	if err != nil {
		return false, err
	}
	return selector.Matches(labels.Set(ns.Labels)), nil
}

func (t *target) selects(a *Attributes) (bool, error) {
	selector, err := metav1.LabelSelectorAsSelector(t.match)
	if t.match == nil || err != nil || selector.Empty() {
		return err == nil, err
	}
	for _, obj := range []runtime.Object{a.Object, a.Old} {
		if m, ok := obj.(metav1.Object); ok && obj != nil && selector.Matches(labels.Set(m.GetLabels())) {
			return true, nil
		}
	}
	return false, nil
}

func (t *target) covers(r *admissionv1.NamedRuleWithOperations, a *Attributes) bool {
	has := func(list []string, value string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, value)
	}
	if !slices.Contains(r.Operations, admissionv1.OperationAll) && !slices.Contains(r.Operations, admissionv1.OperationType(a.Operation)) {
		return false
	}
	if !has(r.APIGroups, a.Resource.Group) || !t.equivalent && !has(r.APIVersions, a.Resource.Version) {
		return false
	}
	if len(r.ResourceNames) > 0 && !slices.Contains(r.ResourceNames, a.name()) {
		return false
	}
	if r.Scope != nil && *r.Scope != admissionv1.AllScopes {
		if namespaced := a.Namespace != "" && a.Resource.Namespaced; namespaced != (*r.Scope == admissionv1.NamespacedScope) {
			return false
		}
	}
	for _, one := range r.Resources {
		resource, sub, _ := strings.Cut(one, "/")
		if (resource == "*" || resource == a.Resource.Name) && (sub == "*" || sub == a.subresource()) {
			return true
		}
	}
	return false
}

// name is the name of the object, which a new one brings along.
func (a *Attributes) name() string {
	if m, ok := a.Object.(metav1.Object); ok && a.Name == "" && a.Object != nil {
		return m.GetName()
	}
	return a.Name
}
