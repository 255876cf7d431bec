// Package podsecurity holds pods against the Pod Security Standards: which level and version a namespace's labels ask
// for, and what in a pod is against them. It knows neither the API server nor other pods.
package podsecurity

import (
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Violation is one rule that a pod breaks.
type Violation struct {
	// Reason names the rule, as in `host namespaces`.
	Reason string
	// Detail says what in the pod breaks it, as in `hostNetwork=true`.
	Detail string
}

// Evaluate is every rule of the standard that the pod breaks, those of the baseline level first.
func Evaluate(standard Standard, meta *metav1.ObjectMeta, spec *v1.PodSpec) []Violation {
	if standard.Level == Privileged {
		return nil
	}
	minor := standard.minor
	if standard.latest || minor > newest {
		minor = newest
	}
	pod := subject{meta: meta, spec: spec}
	var found []Violation
	for _, r := range rules {
		e := r.edition(minor)
		if e == nil || !applies(standard.Level, r, minor) {
			continue
		}
		if detail := e.check(pod); detail != "" {
			found = append(found, Violation{Reason: r.reason(pod), Detail: detail})
		}
	}
	return found
}

// applies says whether the level includes the rule: restricted includes what of the baseline it does not replace.
func applies(level Level, r rule, minor int) bool {
	if level == Baseline {
		return r.level == Baseline
	}
	for _, other := range rules {
		if other.replaces == r.id && other.edition(minor) != nil {
			return false
		}
	}
	return true
}

// Reasons joins the violations' reasons, Details says with each what breaks the rule.
func Reasons(found []Violation) string {
	reasons := make([]string, len(found))
	for i, v := range found {
		reasons[i] = v.Reason
	}
	return strings.Join(reasons, ", ")
}

// Details joins the violations with what in the pod breaks each rule.
func Details(found []Violation) string {
	details := make([]string, len(found))
	for i, v := range found {
		details[i] = v.Reason + " (" + v.Detail + ")"
	}
	return strings.Join(details, ", ")
}

// subject is the pod, or what a controller would make pods of.
type subject struct {
	meta *metav1.ObjectMeta
	spec *v1.PodSpec
}

// containers are the init, ordinary and ephemeral containers, in this order.
func (s subject) containers() []*v1.Container {
	var all []*v1.Container
	for i := range s.spec.InitContainers {
		all = append(all, &s.spec.InitContainers[i])
	}
	for i := range s.spec.Containers {
		all = append(all, &s.spec.Containers[i])
	}
	for i := range s.spec.EphemeralContainers {
		all = append(all, (*v1.Container)(&s.spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
	return all
}

// which are the names of the containers that are so.
func (s subject) which(are func(c *v1.Container) bool) []string {
	var names []string
	for _, c := range s.containers() {
		if are(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// secured is which of the containers that have a security context.
func (s subject) secured(are func(c *v1.SecurityContext) bool) []string {
	return s.which(func(c *v1.Container) bool { return c.SecurityContext != nil && are(c.SecurityContext) })
}

// security is the pod's own security context, empty where there is none.
func (s subject) security() *v1.PodSecurityContext {
	if s.spec.SecurityContext == nil {
		return &v1.PodSecurityContext{}
	}
	return s.spec.SecurityContext
}

func (s subject) windows() bool { return s.spec.OS != nil && s.spec.OS.Name == v1.Windows }

// apart says whether the pod has a user namespace of its own.
func (s subject) apart() bool { return s.spec.HostUsers != nil && !*s.spec.HostUsers }
