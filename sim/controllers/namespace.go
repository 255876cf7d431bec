package controllers

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/resources"
)

const (
	// namespaceGrace is how long after a change a terminating namespace is looked at.
	namespaceGrace = 5 * time.Second
	// finalizerEstimate is how long finalizers are expected to take, in seconds.
	finalizerEstimate = 15
)

// namespaces empties the namespaces that are being deleted, pods first, and then lets them go.
type namespaces struct {
	base
	resources func() []*resources.Resource
}

func startNamespace(cfg Config) error {
	if cfg.Resources == nil {
		return nil
	}
	c := &namespaces{resources: cfg.Resources}
	c.base = newBase(cfg, "namespace-controller", "namespace-controller", c.reconcile)
	return watch1(&c.base, func(kind watch.EventType, ns, _ *v1.Namespace) {
		if kind != watch.Deleted && ns.DeletionTimestamp != nil {
			c.loop.AddAfter(ns.Name, namespaceGrace)
		}
	})
}

func (c *namespaces) reconcile(name string) (time.Duration, error) {
	ns, err := api.Get[v1.Namespace](c.client, "", name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	if ns.DeletionTimestamp == nil || !slices.Contains(ns.Spec.Finalizers, v1.FinalizerKubernetes) {
		return 0, nil
	}
	e := &emptying{namespaces: c, ns: ns.DeepCopy(), finalizers: map[string]int{}}
	e.all()
	if err := e.report(); err != nil {
		return 0, ignoreMissing(err)
	}
	if len(e.problems) > 0 {
		return 0, fmt.Errorf("delete content of namespace %s: %s", name, strings.Join(e.problems, ", "))
	}
	if e.estimate > 0 {
		return time.Duration(e.estimate/2+1) * time.Second, nil
	}
	return 0, ignoreMissing(c.finalize(name))
}

// finalize takes away what held the namespace.
func (c *namespaces) finalize(name string) error {
	ns, err := api.Get[v1.Namespace](c.client, "", name)
	if err != nil {
		return err
	}
	ns = ns.DeepCopy()
	ns.Spec.Finalizers = slices.DeleteFunc(ns.Spec.Finalizers, func(f v1.FinalizerName) bool { return f == v1.FinalizerKubernetes })
	_, err = c.client.Door.Do(&api.Request{
		User: c.client.User, Verb: "update", Resource: v1.SchemeGroupVersion.WithResource("namespaces"), Subresource: "finalize",
		Name: name, Object: ns,
	})
	return err
}

// emptying is one attempt to delete what a namespace contains.
type emptying struct {
	*namespaces
	ns         *v1.Namespace
	estimate   int64 // seconds that what remains may still take
	remaining  []string
	finalizers map[string]int // how many objects each still holds
	problems   []string
}

func (e *emptying) all() {
	var pods *resources.Resource
	var others []*resources.Resource
	for _, r := range e.resources() {
		switch {
		case !r.Namespaced || r.View != nil || r.New == nil && !r.Custom || r.Verbs != nil && !slices.Contains(r.Verbs, "delete"):
		case r.Group == "" && r.Name == "pods":
			pods = r
		default:
			others = append(others, r)
		}
	}
	if pods != nil {
		e.delete(pods)
	}
	if len(e.remaining) > 0 {
		e.remaining, e.finalizers = nil, map[string]int{}
		return
	}
	for _, r := range others {
		e.delete(r)
	}
}

func (e *emptying) delete(r *resources.Resource) {
	estimate := e.graceful(r)
	request := api.Request{User: e.client.User, Verb: "deletecollection", Resource: r.GVR(), Namespace: e.ns.Name}
	background := metav1.DeletePropagationBackground
	request.Delete = &metav1.DeleteOptions{PropagationPolicy: &background}
	if _, err := e.client.Door.Do(&request); err != nil {
		e.problems = append(e.problems, err.Error())
		return
	}
	request.Verb, request.Delete = "list", nil
	obj, err := e.client.Door.Do(&request)
	if err != nil {
		e.problems = append(e.problems, err.Error())
		return
	}
	left, _ := obj.(*api.Listed)
	if left == nil || len(left.Items) == 0 {
		return
	}
	held := false
	for _, item := range left.Items {
		for _, f := range item.(metav1.Object).GetFinalizers() {
			e.finalizers[f]++
			held = true
		}
	}
	if held && estimate == 0 {
		estimate = finalizerEstimate
	}
	if estimate == 0 {
		e.problems = append(e.problems, fmt.Sprintf("unexpected items still remain in namespace: %s for gvr: %v", e.ns.Name, r.GVR()))
	}
	e.estimate = max(e.estimate, estimate)
	e.remaining = append(e.remaining, fmt.Sprintf("%s.%s has %d resource instances", r.Name, r.Group, len(left.Items)))
}

// graceful is how long the namespace's pods may still take to end, in seconds; 0 when they should have ended.
func (e *emptying) graceful(r *resources.Resource) int64 {
	if r.Group != "" || r.Name != "pods" {
		return 0
	}
	pods, _ := api.List[v1.Pod](e.client, e.ns.Name, nil)
	most := int64(0)
	for _, p := range pods {
		if g := p.Spec.TerminationGracePeriodSeconds; g != nil && !podEnded(p) {
			most = max(most, *g)
		}
	}
	if e.clock.Since(e.ns.DeletionTimestamp.Time) >= time.Duration(most)*time.Second {
		return 0
	}
	return most
}

// report writes how far the deletion has come into the namespace's conditions.
func (e *emptying) report() error {
	found := map[v1.NamespaceConditionType]v1.NamespaceCondition{}
	note := func(kind v1.NamespaceConditionType, reason, message string) {
		found[kind] = v1.NamespaceCondition{Status: v1.ConditionTrue, Reason: reason, Message: message}
	}
	if len(e.problems) > 0 {
		sort.Strings(e.problems)
		note(v1.NamespaceDeletionContentFailure, "ContentDeletionFailed",
			fmt.Sprintf("Failed to delete all resource types, %d remaining: %s", len(e.problems), strings.Join(e.problems, ", ")))
	}
	if len(e.remaining) > 0 {
		sort.Strings(e.remaining)
		note(v1.NamespaceContentRemaining, "SomeResourcesRemain", "Some resources are remaining: "+strings.Join(e.remaining, ", "))
	}
	if len(e.finalizers) > 0 {
		var lines []string
		for f, n := range e.finalizers {
			lines = append(lines, fmt.Sprintf("%s in %d resource instances", f, n))
		}
		sort.Strings(lines)
		note(v1.NamespaceFinalizersRemaining, "SomeFinalizersRemain",
			"Some content in the namespace has finalizers remaining: "+strings.Join(lines, ", "))
	}
	if !e.mergeConditions(found) {
		return nil
	}
	_, err := api.UpdateStatus(e.client, e.ns)
	return err
}

func (e *emptying) mergeConditions(found map[v1.NamespaceConditionType]v1.NamespaceCondition) (changed bool) {
	for _, fine := range []v1.NamespaceCondition{
		{Type: v1.NamespaceDeletionDiscoveryFailure, Reason: "ResourcesDiscovered", Message: "All resources successfully discovered"},
		{Type: v1.NamespaceDeletionGVParsingFailure, Reason: "ParsedGroupVersions", Message: "All legacy kube types successfully parsed"},
		{Type: v1.NamespaceDeletionContentFailure, Reason: "ContentDeleted", Message: "All content successfully deleted, may be waiting on finalization"},
		{Type: v1.NamespaceContentRemaining, Reason: "ContentRemoved", Message: "All content successfully removed"},
		{Type: v1.NamespaceFinalizersRemaining, Reason: "ContentHasNoFinalizers", Message: "All content-preserving finalizers finished"},
	} {
		c, ok := found[fine.Type]
		if !ok {
			c = fine
			c.Status = v1.ConditionFalse
		}
		c.Type, c.LastTransitionTime = fine.Type, e.now()
		at := slices.IndexFunc(e.ns.Status.Conditions, func(o v1.NamespaceCondition) bool { return o.Type == c.Type })
		if at < 0 {
			e.ns.Status.Conditions = append(e.ns.Status.Conditions, c)
			changed = true
			continue
		}
		had := &e.ns.Status.Conditions[at]
		if had.Status == c.Status {
			c.LastTransitionTime = had.LastTransitionTime
		}
		if *had != c {
			*had, changed = c, true
		}
	}
	return changed
}
