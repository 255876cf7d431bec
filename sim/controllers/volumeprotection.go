package controllers

import (
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

const (
	claimProtection  = "kubernetes.io/pvc-protection"
	volumeProtection = "kubernetes.io/pv-protection"
)

// claimGuard lets claims that are being deleted go when no pod uses them.
type claimGuard struct{ base }

func startClaimProtection(cfg Config) error {
	c := &claimGuard{}
	c.base = newBase(cfg, "pvc-protection-controller", "pvc-protection-controller", c.reconcile)
	if err := watchAll[v1.PersistentVolumeClaim](&c.base); err != nil {
		return err
	}
	return watch1(&c.base, func(kind watch.EventType, pod, _ *v1.Pod) {
		if kind != watch.Deleted && !podEnded(pod) {
			return
		}
		for _, v := range pod.Spec.Volumes {
			if v.PersistentVolumeClaim != nil {
				c.loop.Add(pod.Namespace + "/" + v.PersistentVolumeClaim.ClaimName)
			}
			if v.Ephemeral != nil {
				c.loop.Add(pod.Namespace + "/" + pod.Name + "-" + v.Name)
			}
		}
	})
}

func (c *claimGuard) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	claim, err := api.Get[v1.PersistentVolumeClaim](c.client, namespace, name)
	if err != nil || claim.DeletionTimestamp == nil || !slices.Contains(claim.Finalizers, claimProtection) {
		return 0, ignoreMissing(err)
	}
	pods, err := api.List[v1.Pod](c.client, namespace, nil)
	if err != nil {
		return 0, err
	}
	for _, p := range pods {
		if p.Spec.NodeName != "" && usesClaim(p, claim) {
			return 0, nil
		}
	}
	claim = claim.DeepCopy()
	claim.Finalizers = slices.DeleteFunc(claim.Finalizers, func(f string) bool { return f == claimProtection })
	_, err = api.Update(c.client, claim)
	return 0, ignoreMissing(err)
}

// volumeGuard lets volumes that are being deleted go when they are not bound.
type volumeGuard struct{ base }

func startVolumeProtection(cfg Config) error {
	c := &volumeGuard{}
	c.base = newBase(cfg, "pv-protection-controller", "pv-protection-controller", c.reconcile)
	return watchAll[v1.PersistentVolume](&c.base)
}

func (c *volumeGuard) reconcile(name string) (time.Duration, error) {
	pv, err := api.Get[v1.PersistentVolume](c.client, "", name)
	if err != nil || pv.DeletionTimestamp == nil || !slices.Contains(pv.Finalizers, volumeProtection) || pv.Status.Phase == v1.VolumeBound {
		return 0, ignoreMissing(err)
	}
	pv = pv.DeepCopy()
	pv.Finalizers = slices.DeleteFunc(pv.Finalizers, func(f string) bool { return f == volumeProtection })
	_, err = api.Update(c.client, pv)
	return 0, ignoreMissing(err)
}
