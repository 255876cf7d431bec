package controllers

import (
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// ephemeralVolumes makes the claims that Pods carry in themselves.
type ephemeralVolumes struct{ base }

func startEphemeralVolume(cfg Config) error {
	c := &ephemeralVolumes{}
	c.base = newBase(cfg, "ephemeral-volume-controller", "ephemeral_volume", c.reconcile)
	err := watch1(&c.base, func(kind watch.EventType, pod, _ *v1.Pod) {
		if kind == watch.Added && hasEphemeral(pod) {
			c.loop.Add(keyOf(pod))
		}
	})
	if err != nil {
		return err
	}
	return watch1(&c.base, func(kind watch.EventType, claim, _ *v1.PersistentVolumeClaim) {
		if owner := metav1.GetControllerOf(claim); kind == watch.Deleted && owner != nil && owner.Kind == "Pod" {
			c.loop.Add(claim.Namespace + "/" + owner.Name)
		}
	})
}

func hasEphemeral(pod *v1.Pod) bool {
	for i := range pod.Spec.Volumes {
		if pod.Spec.Volumes[i].Ephemeral != nil {
			return true
		}
	}
	return false
}

func (c *ephemeralVolumes) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	pod, err := api.Get[v1.Pod](c.client, namespace, name)
	if err != nil || pod.DeletionTimestamp != nil {
		return 0, ignoreMissing(err)
	}
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if v.Ephemeral == nil {
			continue
		}
		if err := c.claim(pod, v); err != nil {
			c.eventf(pod, v1.EventTypeWarning, "FailedBinding", "ephemeral volume %s: %v", v.Name, err)
			return 0, err
		}
	}
	return 0, nil
}

func (c *ephemeralVolumes) claim(pod *v1.Pod, v *v1.Volume) error {
	name := pod.Name + "-" + v.Name
	claim, err := api.Get[v1.PersistentVolumeClaim](c.client, pod.Namespace, name)
	switch {
	case err == nil && !metav1.IsControlledBy(claim, pod):
		return fmt.Errorf("PVC %s/%s was not created for pod %s/%s (pod is not owner)", claim.Namespace, claim.Name, pod.Namespace, pod.Name)
	case err == nil || !errors.IsNotFound(err):
		return err
	}
	template := v.Ephemeral.VolumeClaimTemplate.DeepCopy()
	_, err = api.Create(c.client, &v1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: name, Annotations: template.Annotations, Labels: template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(pod, v1.SchemeGroupVersion.WithKind("Pod"))},
		},
		Spec: template.Spec,
	})
	if err != nil {
		return fmt.Errorf("create PVC %s: %v", name, err)
	}
	return nil
}
