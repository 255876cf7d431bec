package controllers

import (
	"fmt"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/resources"
)

// evictionTimeout is how long an evicted pod may take to begin its deletion.
const evictionTimeout = 2 * time.Minute

// disruption keeps the count of how many pods of each PodDisruptionBudget may be evicted.
type disruption struct {
	base
	resources func() []*resources.Resource
}

func startDisruption(cfg Config) error {
	if cfg.Resources == nil {
		return nil
	}
	c := &disruption{resources: cfg.Resources}
	c.base = newBase(cfg, "disruption-controller", "controllermanager", c.reconcile)
	if err := watchAll[policyv1.PodDisruptionBudget](&c.base); err != nil {
		return err
	}
	return watch1(&c.base, func(_ watch.EventType, pod, old *v1.Pod) {
		budgets, _ := api.List[policyv1.PodDisruptionBudget](c.client, pod.Namespace, nil)
		for _, b := range budgets {
			s, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
			if err == nil && (s.Matches(labels.Set(pod.Labels)) || old != nil && s.Matches(labels.Set(old.Labels))) {
				c.loop.Add(keyOf(b))
			}
		}
	})
}

func (c *disruption) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	b, err := api.Get[policyv1.PodDisruptionBudget](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	var pods []*v1.Pod
	if selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector); err == nil {
		if pods, err = api.List[v1.Pod](c.client, namespace, selector); err != nil {
			return 0, err
		}
	}
	if len(pods) == 0 {
		c.eventf(b, v1.EventTypeNormal, "NoPods", "No matching pods found")
	}
	expected, desired, err := c.counts(b, pods)
	if err != nil {
		c.eventf(b, v1.EventTypeWarning, "CalculateExpectedPodCountFailed", "Failed to calculate the number of expected pods: %v", err)
		return 0, c.failSafe(b, err)
	}
	evicted, again := c.evicted(b, pods)
	healthy := int32(0)
	for _, p := range pods {
		if _, going := evicted[p.Name]; !going && p.DeletionTimestamp == nil && podReady(p) {
			healthy++
		}
	}
	allowed := healthy - desired
	if expected <= 0 || allowed <= 0 {
		allowed = 0
	}
	next := b.DeepCopy()
	next.Status = policyv1.PodDisruptionBudgetStatus{
		CurrentHealthy: healthy, DesiredHealthy: desired, ExpectedPods: expected, DisruptionsAllowed: allowed,
		DisruptedPods: evicted, ObservedGeneration: b.Generation, Conditions: next.Status.Conditions,
	}
	if allowed > 0 {
		c.setAllowed(next, metav1.ConditionTrue, policyv1.SufficientPodsReason, "")
	} else {
		c.setAllowed(next, metav1.ConditionFalse, policyv1.InsufficientPodsReason, "")
	}
	if same(b.Status, next.Status) {
		return again, nil
	}
	_, err = api.UpdateStatus(c.client, next)
	return again, ignoreMissing(err)
}

func (c *disruption) setAllowed(b *policyv1.PodDisruptionBudget, is metav1.ConditionStatus, reason, message string) {
	cond := metav1.Condition{
		Type: policyv1.DisruptionAllowedCondition, Status: is, Reason: reason, Message: message,
		ObservedGeneration: b.Status.ObservedGeneration, LastTransitionTime: c.now(),
	}
	for i := range b.Status.Conditions {
		if had := &b.Status.Conditions[i]; had.Type == cond.Type {
			if had.Status == cond.Status {
				cond.LastTransitionTime = had.LastTransitionTime
			}
			*had = cond
			return
		}
	}
	b.Status.Conditions = append(b.Status.Conditions, cond)
}

func (c *disruption) failSafe(b *policyv1.PodDisruptionBudget, cause error) error {
	next := b.DeepCopy()
	next.Status.DisruptionsAllowed = 0
	c.setAllowed(next, metav1.ConditionFalse, policyv1.SyncFailedReason, cause.Error())
	if !same(b.Status, next.Status) {
		if _, err := api.UpdateStatus(c.client, next); err != nil {
			return ignoreMissing(err)
		}
	}
	return cause
}

// counts are how many pods there should be and how many of them must be healthy.
func (c *disruption) counts(b *policyv1.PodDisruptionBudget, pods []*v1.Pod) (expected, desired int32, err error) {
	if min := b.Spec.MinAvailable; b.Spec.MaxUnavailable == nil && min != nil && min.Type == intstr.Int {
		return int32(len(pods)), min.IntVal, nil
	}
	if b.Spec.MaxUnavailable == nil && b.Spec.MinAvailable == nil {
		return 0, 0, nil
	}
	if expected, err = c.scale(b, pods); err != nil {
		return 0, 0, err
	}
	if b.Spec.MaxUnavailable != nil {
		n, err := intstr.GetScaledValueFromIntOrPercent(b.Spec.MaxUnavailable, int(expected), true)
		return expected, max(expected-int32(n), 0), err
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(b.Spec.MinAvailable, int(expected), true)
	return expected, int32(n), err
}

// scale is the sum of the sizes of the pods' controllers.
func (c *disruption) scale(b *policyv1.PodDisruptionBudget, pods []*v1.Pod) (int32, error) {
	seen := map[types.UID]bool{}
	total, unmanaged := int32(0), false
	for _, p := range pods {
		ref := metav1.GetControllerOf(p)
		if ref == nil {
			unmanaged = true
			continue
		}
		uid, size, err := c.sizeOf(p.Namespace, ref)
		if err != nil {
			return 0, err
		}
		if uid == "" {
			return 0, fmt.Errorf("found no controllers for pod %q", p.Name)
		}
		if !seen[uid] {
			seen[uid] = true
			total += size
		}
	}
	if unmanaged {
		c.eventf(b, v1.EventTypeWarning, "UnmanagedPods", "Pods selected by this PodDisruptionBudget (selector: %v) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.", b.Spec.Selector)
	}
	return total, nil
}

// sizeOf follows controllers up to the topmost one that has a size. uid is "" where there is none.
func (c *disruption) sizeOf(namespace string, ref *metav1.OwnerReference) (uid types.UID, size int32, err error) {
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return "", 0, nil
	}
	for _, r := range c.resources() {
		if r.Group != gv.Group || r.Version != gv.Version || r.Kind != ref.Kind || r.Scale == nil {
			continue
		}
		obj, err := c.client.Door.Do(&api.Request{User: c.client.User, Verb: "get", Resource: r.GVR(), Namespace: namespace, Name: ref.Name})
		if errors.IsNotFound(err) {
			return "", 0, nil
		}
		if err != nil {
			return "", 0, err
		}
		owner := obj.(metav1.Object)
		if owner.GetUID() != ref.UID {
			return "", 0, nil
		}
		if above := metav1.GetControllerOf(owner); above != nil {
			if uid, size, err := c.sizeOf(namespace, above); uid != "" || err != nil {
				return uid, size, err
			}
		}
		spec, err := c.client.Door.Do(&api.Request{User: c.client.User, Verb: "get", Resource: r.GVR(), Subresource: "scale", Namespace: namespace, Name: ref.Name})
		if err != nil {
			return "", 0, ignoreMissing(err)
		}
		return ref.UID, spec.(*autoscalingv1.Scale).Spec.Replicas, nil
	}
	return "", 0, nil
}

// evicted are the pods whose eviction was granted and whose deletion is to be seen yet; again is when the first of
// them is overdue.
func (c *disruption) evicted(b *policyv1.PodDisruptionBudget, pods []*v1.Pod) (out map[string]metav1.Time, again time.Duration) {
	for _, p := range pods {
		at, granted := b.Status.DisruptedPods[p.Name]
		if !granted || p.DeletionTimestamp != nil {
			continue
		}
		left := at.Add(evictionTimeout).Sub(c.clock.Now())
		if left <= 0 {
			c.eventf(p, v1.EventTypeWarning, "NotDeleted", "Pod was expected by PDB %s/%s to be deleted but it wasn't", b.Namespace, b.Namespace)
			continue
		}
		if out == nil {
			out = map[string]metav1.Time{}
		}
		out[p.Name] = at
		if again == 0 || left < again {
			again = left
		}
	}
	return out, again
}
