package controllers

import (
	"encoding/json"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// taintEviction deletes pods from nodes whose NoExecute taints they do not tolerate, or no longer.
type taintEviction struct {
	base
	since map[types.UID]time.Time // pods that are to go: when that was found
}

func startTaintEviction(cfg Config) error {
	c := &taintEviction{since: map[types.UID]time.Time{}}
	c.base = newBase(cfg, "node-controller", "taint-eviction-controller", c.reconcile)
	if err := watch1(&c.base, func(kind watch.EventType, pod, old *v1.Pod) {
		if kind == watch.Deleted {
			delete(c.since, pod.UID)
			return
		}
		if pod.Spec.NodeName != "" && (old == nil || old.Spec.NodeName == "") {
			c.loop.Add(keyOf(pod))
		}
	}); err != nil {
		return err
	}
	return watch1(&c.base, func(_ watch.EventType, node, old *v1.Node) {
		if len(noExecute(node)) == 0 && (old == nil || len(noExecute(old)) == 0) {
			return
		}
		pods, _ := api.List[v1.Pod](c.client, "", nil)
		for _, p := range pods {
			if p.Spec.NodeName == node.Name {
				c.loop.Add(keyOf(p))
			}
		}
	})
}

func noExecute(node *v1.Node) []v1.Taint {
	var taints []v1.Taint
	for _, t := range node.Spec.Taints {
		if t.Effect == v1.TaintEffectNoExecute {
			taints = append(taints, t)
		}
	}
	return taints
}

func (c *taintEviction) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	pod, err := api.Get[v1.Pod](c.client, namespace, name)
	if err != nil || pod.DeletionTimestamp != nil || pod.Spec.NodeName == "" {
		return 0, ignoreMissing(err)
	}
	node, err := api.Get[v1.Node](c.client, "", pod.Spec.NodeName)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	limit, forever := stays(pod, noExecute(node))
	since, marked := c.since[pod.UID]
	if forever {
		if marked {
			delete(c.since, pod.UID)
			c.eventf(pod, v1.EventTypeNormal, "TaintManagerEviction", "Cancelling deletion of Pod %s", key)
		}
		return 0, nil
	}
	if !marked {
		since = c.clock.Now()
		c.since[pod.UID] = since
	}
	if left := since.Add(limit).Sub(c.clock.Now()); left > 0 {
		return left, nil
	}
	return 0, c.evict(pod)
}

// stays is how long the pod tolerates the taints.
func stays(pod *v1.Pod, taints []v1.Taint) (limit time.Duration, forever bool) {
	forever = true
	for i := range taints {
		tolerated, seconds := tolerance(pod, &taints[i])
		if !tolerated {
			return 0, false
		}
		if seconds == nil {
			continue
		}
		if d := time.Duration(max(*seconds, 0)) * time.Second; forever || d < limit {
			limit = d
		}
		forever = false
	}
	return limit, forever
}

// tolerance is the shortest time for which the pod tolerates the taint; nil is forever.
func tolerance(pod *v1.Pod, taint *v1.Taint) (tolerated bool, seconds *int64) {
	for i := range pod.Spec.Tolerations {
		t := &pod.Spec.Tolerations[i]
		if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
			continue
		}
		if t.Operator != v1.TolerationOpExists && t.Value != taint.Value {
			continue
		}
		if !tolerated || t.TolerationSeconds != nil && (seconds == nil || *t.TolerationSeconds < *seconds) {
			seconds = t.TolerationSeconds
		}
		tolerated = true
	}
	return tolerated, seconds
}

func (c *taintEviction) evict(pod *v1.Pod) error {
	c.eventf(pod, v1.EventTypeNormal, "TaintManagerEviction", "Marking for deletion Pod %s", keyOf(pod))
	err := c.disrupt(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", "")
	if err == nil {
		err = api.Delete[v1.Pod](c.client, pod.Namespace, pod.Name, nil)
	}
	return ignoreMissing(err)
}

// disrupt notes on a pod why it is about to be deleted; a phase that is not empty becomes the pod's.
func (b *base) disrupt(pod *v1.Pod, reason, message string, phase v1.PodPhase) error {
	status := map[string]any{"conditions": []v1.PodCondition{{
		Type: v1.DisruptionTarget, Status: v1.ConditionTrue, Reason: reason, Message: message,
		ObservedGeneration: pod.Generation, LastTransitionTime: b.now(),
	}}}
	if phase != "" {
		status["phase"] = phase
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID}, "status": status})
	if err != nil {
		return err
	}
	_, err = api.Patch[v1.Pod](b.client, pod.Namespace, pod.Name, "status", types.StrategicMergePatchType, patch)
	return err
}
