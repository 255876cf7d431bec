package controllers

import (
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/api"
)

var replicationControllerKind = v1.SchemeGroupVersion.WithKind("ReplicationController")

// replicationControllers keeps each ReplicationController's number of pods.
type replicationControllers struct{ base }

func startReplicationController(cfg Config) error {
	c := &replicationControllers{}
	c.base = newBase(cfg, "replication-controller", "replication-controller", c.reconcile)
	if err := watchAll[v1.ReplicationController](&c.base); err != nil {
		return err
	}
	return watchOwned(&c.base, "ReplicationController", c.enqueueFor)
}

func (c *replicationControllers) enqueueFor(pod *v1.Pod) {
	if len(pod.Labels) == 0 {
		return
	}
	all, _ := api.List[v1.ReplicationController](c.client, pod.Namespace, nil)
	for _, rc := range all {
		if len(rc.Spec.Selector) > 0 && labels.SelectorFromSet(rc.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			c.loop.Add(keyOf(rc))
		}
	}
}

func (c *replicationControllers) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	rc, err := api.Get[v1.ReplicationController](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	if rc.Spec.Template == nil || rc.Spec.Replicas == nil {
		return 0, nil
	}
	selector := labels.SelectorFromSet(rc.Spec.Selector)
	n, err := c.keepReplicas(replicaOwner{
		object: rc, meta: rc, kind: replicationControllerKind,
		selector: selector,
		want:     *rc.Spec.Replicas,
		minReady: rc.Spec.MinReadySeconds,
		template: rc.Spec.Template,
		related:  func() []labels.Selector { return []labels.Selector{selector} },
	})
	if err != nil {
		return 0, err
	}
	if err := c.updateStatus(rc, n); err != nil {
		return 0, err
	}
	return n.next, n.failure
}

func (c *replicationControllers) updateStatus(rc *v1.ReplicationController, n replicaCount) error {
	status := *rc.Status.DeepCopy()
	status.Replicas = n.active
	status.FullyLabeledReplicas = n.fullyLabeled
	status.ReadyReplicas = n.ready
	status.AvailableReplicas = n.available
	status.ObservedGeneration = rc.Generation
	at := slices.IndexFunc(status.Conditions, func(c v1.ReplicationControllerCondition) bool {
		return c.Type == v1.ReplicationControllerReplicaFailure
	})
	switch {
	case n.failure != nil && at < 0:
		status.Conditions = append(status.Conditions, v1.ReplicationControllerCondition{
			Type: v1.ReplicationControllerReplicaFailure, Status: v1.ConditionTrue, LastTransitionTime: c.now(),
			Reason: n.reason, Message: n.failure.Error(),
		})
	case n.failure == nil && at >= 0:
		status.Conditions = slices.Delete(status.Conditions, at, at+1)
	}
	if equality.Semantic.DeepEqual(rc.Status, status) {
		return nil
	}
	next := rc.DeepCopy()
	next.Status = status
	_, err := api.UpdateStatus(c.client, next)
	return err
}
