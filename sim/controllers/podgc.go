package controllers

import (
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// orphanQuarantine is how long a pod may be bound to a node that does not exist.
const orphanQuarantine = 60 * time.Second

// podGC deletes pods whose node is gone.
type podGC struct{ base }

func startPodGC(cfg Config) error {
	c := &podGC{}
	c.base = newBase(cfg, "pod-garbage-collector", "pod-garbage-collector", c.reconcile)
	if err := watch1(&c.base, func(kind watch.EventType, pod, old *v1.Pod) {
		if kind != watch.Deleted && pod.Spec.NodeName != "" && (old == nil || old.Spec.NodeName == "") && !c.nodeExists(pod) {
			c.loop.AddAfter(keyOf(pod), orphanQuarantine)
		}
	}); err != nil {
		return err
	}
	return watch1(&c.base, func(kind watch.EventType, node, _ *v1.Node) {
		if kind != watch.Deleted {
			return
		}
		pods, _ := api.List[v1.Pod](c.client, "", nil)
		for _, p := range pods {
			if p.Spec.NodeName == node.Name {
				c.loop.AddAfter(keyOf(p), orphanQuarantine)
			}
		}
	})
}

func (c *podGC) nodeExists(pod *v1.Pod) bool {
	_, err := api.Get[v1.Node](c.client, "", pod.Spec.NodeName)
	return !errors.IsNotFound(err)
}

func (c *podGC) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	pod, err := api.Get[v1.Pod](c.client, namespace, name)
	if err != nil || pod.Spec.NodeName == "" || c.nodeExists(pod) {
		return 0, ignoreMissing(err)
	}
	if !podEnded(pod) {
		err := c.disrupt(pod, "DeletionByPodGC", "PodGC: node no longer exists", v1.PodFailed)
		if err != nil {
			return 0, ignoreMissing(err)
		}
	}
	zero := int64(0)
	return 0, ignoreMissing(api.Delete[v1.Pod](c.client, namespace, name, &metav1.DeleteOptions{GracePeriodSeconds: &zero}))
}
