package controllers

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/api"
)

// replicaSets keeps each ReplicaSet's number of pods.
type replicaSets struct{ base }

func startReplicaSet(cfg Config) error {
	c := &replicaSets{}
	c.base = newBase(cfg, "replicaset-controller", "replicaset-controller", c.reconcile)
	if err := watchAll[appsv1.ReplicaSet](&c.base); err != nil {
		return err
	}
	return watchOwned(&c.base, "ReplicaSet", c.enqueueFor)
}

// enqueueFor queues the replica sets that could adopt the pod.
func (c *replicaSets) enqueueFor(pod *v1.Pod) {
	if len(pod.Labels) == 0 {
		return
	}
	all, _ := api.List[appsv1.ReplicaSet](c.client, pod.Namespace, nil)
	for _, rs := range all {
		if s, err := metav1.LabelSelectorAsSelector(rs.Spec.Selector); err == nil && !s.Empty() && s.Matches(labels.Set(pod.Labels)) {
			c.loop.Add(keyOf(rs))
		}
	}
}

func (c *replicaSets) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	rs, err := api.Get[appsv1.ReplicaSet](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	selector, err := metav1.LabelSelectorAsSelector(rs.Spec.Selector)
	if err != nil {
		return 0, nil
	}
	n, err := c.keepReplicas(replicaOwner{
		object: rs, meta: rs, kind: replicaSetKind,
		selector: selector,
		want:     *rs.Spec.Replicas,
		minReady: rs.Spec.MinReadySeconds,
		template: &rs.Spec.Template,
		related:  func() []labels.Selector { return c.family(rs) },
	})
	if err != nil {
		return 0, err
	}
	if err := c.updateStatus(rs, n); err != nil {
		return 0, err
	}
	return n.next, n.failure
}

// family is the selectors of the replica sets that have the same controller as rs, or of rs alone.
func (c *replicaSets) family(rs *appsv1.ReplicaSet) []labels.Selector {
	sets := []*appsv1.ReplicaSet{rs}
	if ref := metav1.GetControllerOf(rs); ref != nil {
		all, _ := api.List[appsv1.ReplicaSet](c.client, rs.Namespace, nil)
		sets = slices.DeleteFunc(all, func(o *appsv1.ReplicaSet) bool { return !controlledBy(o, ref.UID) })
	}
	var selectors []labels.Selector
	for _, o := range sets {
		if s, err := metav1.LabelSelectorAsSelector(o.Spec.Selector); err == nil {
			selectors = append(selectors, s)
		}
	}
	return selectors
}

func (c *replicaSets) updateStatus(rs *appsv1.ReplicaSet, n replicaCount) error {
	status := *rs.Status.DeepCopy()
	status.Replicas = n.active
	status.FullyLabeledReplicas = n.fullyLabeled
	status.ReadyReplicas = n.ready
	status.AvailableReplicas = n.available
	status.TerminatingReplicas = &n.terminating
	status.ObservedGeneration = rs.Generation
	at := slices.IndexFunc(status.Conditions, func(c appsv1.ReplicaSetCondition) bool { return c.Type == appsv1.ReplicaSetReplicaFailure })
	switch {
	case n.failure != nil && at < 0:
		status.Conditions = append(status.Conditions, appsv1.ReplicaSetCondition{
			Type: appsv1.ReplicaSetReplicaFailure, Status: v1.ConditionTrue, LastTransitionTime: c.now(),
			Reason: n.reason, Message: n.failure.Error(),
		})
	case n.failure == nil && at >= 0:
		status.Conditions = slices.Delete(status.Conditions, at, at+1)
	}
	if equality.Semantic.DeepEqual(rs.Status, status) {
		return nil
	}
	next := rs.DeepCopy()
	next.Status = status
	_, err := api.UpdateStatus(c.client, next)
	return err
}
