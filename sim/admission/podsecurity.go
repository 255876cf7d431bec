package admission

import (
	"fmt"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/api"
	"terrarium/sim/podsecurity"
)

// PodSecurity holds pods, and what pods are made of, against the standard that their namespace's labels ask for.
type PodSecurity struct{ validates }

// Name implements Plugin.
func (PodSecurity) Name() string { return "PodSecurity" }

// Validate implements Plugin.
func (PodSecurity) Validate(a *Attributes) error {
	if a.Operation != Create && a.Operation != Update {
		return nil
	}
	if ns, ok := a.Object.(*v1.Namespace); ok {
		return validateSecurityLabels(a, ns)
	}
	if pod, ok := a.Object.(*v1.Pod); ok && a.Resource.GroupResource().Resource == "pods" {
		if old, ok := a.Old.(*v1.Pod); a.subresource() == "status" || ok && sameImages(pod, old) {
			return nil
		}
		return securePod(a, &pod.ObjectMeta, &pod.Spec, true)
	}
	if t := podTemplate(a.Object); t != nil && a.subresource() == "" {
		return securePod(a, &t.ObjectMeta, &t.Spec, false)
	}
	return nil
}

// podTemplate is what the object makes pods of, nil if it makes none.
func podTemplate(obj runtime.Object) *v1.PodTemplateSpec {
	switch o := obj.(type) {
	case *v1.PodTemplate:
		return &o.Template
	case *v1.ReplicationController:
		return o.Spec.Template
	case *appsv1.ReplicaSet:
		return &o.Spec.Template
	case *appsv1.Deployment:
		return &o.Spec.Template
	case *appsv1.DaemonSet:
		return &o.Spec.Template
	case *appsv1.StatefulSet:
		return &o.Spec.Template
	case *batchv1.Job:
		return &o.Spec.Template
	case *batchv1.CronJob:
		return &o.Spec.JobTemplate.Spec.Template
	}
	return nil
}

// securePod refuses a pod that violates the enforced standard and warns of one that violates the other.
func securePod(a *Attributes, meta *metav1.ObjectMeta, spec *v1.PodSpec, enforce bool) error {
	ns, err := api.Get[v1.Namespace](a.Client, "", a.Namespace)
	if err != nil {
		if enforce {
			return errors.NewInternalError(fmt.Errorf("failed to lookup namespace %q", a.Namespace))
		}
		return nil
	}
	policy, _ := podsecurity.FromLabels(ns.Labels)
	if enforce {
		if found := podsecurity.Evaluate(policy.Enforce, meta, spec); len(found) > 0 {
			return forbidden(a, fmt.Errorf("violates PodSecurity %q: %s", policy.Enforce, podsecurity.Details(found)))
		}
	}
	if found := podsecurity.Evaluate(policy.Warn, meta, spec); len(found) > 0 {
		a.Warn(fmt.Sprintf("would violate PodSecurity %q: %s", policy.Warn, podsecurity.Details(found)))
	}
	return nil
}

// sameImages says that an update changes nothing in the pod that a standard could object to.
func sameImages(pod, old *v1.Pod) bool {
	same := func(a, b v1.Container) bool { return a.Image == b.Image }
	if !slices.EqualFunc(pod.Spec.Containers, old.Spec.Containers, same) || !slices.EqualFunc(pod.Spec.InitContainers, old.Spec.InitContainers, same) {
		return false
	}
	for _, c := range pod.Spec.EphemeralContainers {
		known := slices.ContainsFunc(old.Spec.EphemeralContainers, func(o v1.EphemeralContainer) bool { return o.Name == c.Name && o.Image == c.Image })
		if !known {
			return false
		}
	}
	return true
}

// validateSecurityLabels refuses labels that cannot be read, and warns of pods that a stricter standard would refuse.
func validateSecurityLabels(a *Attributes, ns *v1.Namespace) error {
	if a.subresource() != "" {
		return nil
	}
	policy, errs := podsecurity.FromLabels(ns.Labels)
	old, ok := a.Old.(*v1.Namespace)
	if !ok {
		return invalidLabels(ns, errs)
	}
	before, oldErrs := podsecurity.FromLabels(old.Labels)
	if !reflect.DeepEqual(errs, oldErrs) {
		if err := invalidLabels(ns, errs); err != nil {
			return err
		}
	}
	now, was := policy.Enforce, before.Enforce
	if now == was || now.SameVersion(was) && !now.Level.Stricter(was.Level) {
		return nil
	}
	warnOfPods(a, ns.Name, now)
	return nil
}

func invalidLabels(ns *v1.Namespace, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return errors.NewInvalid(schema.GroupKind{Kind: "Namespace"}, ns.Name, errs)
}

// warnOfPods names the pods of the namespace that violate the standard, those that do so alike together.
func warnOfPods(a *Attributes, namespace string, standard podsecurity.Standard) {
	pods, err := api.List[v1.Pod](a.Client, namespace, nil)
	if err != nil {
		a.Warn("failed to list pods while checking new PodSecurity enforce level")
		return
	}
	type group struct {
		first, reasons string
		more           int
	}
	var groups []*group
	for _, p := range pods {
		found := podsecurity.Evaluate(standard, &p.ObjectMeta, &p.Spec)
		if len(found) == 0 {
			continue
		}
		reasons := podsecurity.Reasons(found)
		i := slices.IndexFunc(groups, func(g *group) bool { return g.reasons == reasons })
		if i < 0 {
			groups = append(groups, &group{first: p.Name, reasons: reasons})
			continue
		}
		groups[i].first = min(groups[i].first, p.Name)
		groups[i].more++
	}
	if len(groups) == 0 {
		return
	}
	a.Warn(fmt.Sprintf("existing pods in namespace %q violate the new PodSecurity enforce level %q", namespace, standard))
	texts := make([]string, len(groups))
	for i, g := range groups {
		switch g.more {
		case 0:
			texts[i] = g.first + ": " + g.reasons
		case 1:
			texts[i] = fmt.Sprintf("%s (and 1 other pod): %s", g.first, g.reasons)
		default:
			texts[i] = fmt.Sprintf("%s (and %d other pods): %s", g.first, g.more, g.reasons)
		}
	}
	slices.Sort(texts)
	for _, t := range texts {
		a.Warn(t)
	}
}
