package controllers

import (
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/quota"
	"terrarium/sim/resources"
)

// quotaResync is how often usage is counted anew even if nothing is known to have changed.
const quotaResync = 5 * time.Minute

// quotas count what the objects of a namespace use of its quotas. What is added, the API server books when it admits
// it; this controller counts new quotas, and what becomes free.
type quotas struct {
	base
	resources func() []*resources.Resource
}

func startResourceQuota(cfg Config) error {
	if cfg.Resources == nil {
		return nil
	}
	c := &quotas{resources: cfg.Resources}
	c.base = newBase(cfg, "resourcequota-controller", "resourcequota-controller", c.reconcile)
	err := watch1(&c.base, func(_ watch.EventType, q, old *v1.ResourceQuota) {
		if old == nil || !same(q.Spec.Hard, old.Spec.Hard) {
			c.loop.Add(keyOf(q))
		}
	})
	if err != nil {
		return err
	}
	for _, r := range c.counted() {
		gr := r.GroupResource()
		c.client.Door.Watch(r.GVR(), func(e api.Event) {
			if c.frees(e) {
				c.replenish(gr, e.Object.(metav1.Object).GetNamespace())
			}
		})
	}
	return nil
}

// counted are the kinds that quotas can be about.
func (c *quotas) counted() []*resources.Resource {
	return slices.DeleteFunc(slices.Clone(c.resources()), func(r *resources.Resource) bool {
		return !r.Namespaced || r.View != nil || quota.Ignored(r.GroupResource()) ||
			r.Verbs != nil && (!slices.Contains(r.Verbs, "list") || !slices.Contains(r.Verbs, "delete"))
	})
}

// frees says whether the change may have made room in a quota.
func (c *quotas) frees(e api.Event) bool {
	if e.Type == watch.Deleted {
		return true
	}
	if e.Type != watch.Modified || e.Old == nil {
		return false
	}
	switch o := e.Object.(type) {
	case *v1.Pod:
		old, now := e.Old.(*v1.Pod), c.clock.Now()
		return quota.Alive(old, now) && !quota.Alive(o, now) || quota.Limited(old) != quota.Limited(o) ||
			!same(statusResources(old), statusResources(o))
	case *v1.Service:
		return o.Spec.Type != e.Old.(*v1.Service).Spec.Type
	case *v1.PersistentVolumeClaim:
		return !same(o.Status.AllocatedResources, e.Old.(*v1.PersistentVolumeClaim).Status.AllocatedResources)
	}
	return false
}

// statusResources are what the pod's containers have got.
func statusResources(p *v1.Pod) map[string]*v1.ResourceRequirements {
	out := map[string]*v1.ResourceRequirements{}
	for _, list := range [][]v1.ContainerStatus{p.Status.ContainerStatuses, p.Status.InitContainerStatuses} {
		for _, s := range list {
			out[s.Name] = s.Resources
		}
	}
	return out
}

// replenish counts the quotas of the namespace that are about the kind.
func (c *quotas) replenish(gr schema.GroupResource, namespace string) {
	all, err := api.List[v1.ResourceQuota](c.client, namespace, nil)
	if err != nil {
		return
	}
	for _, q := range all {
		if len(quota.Tracked(gr, quota.Names(q.Status.Hard))) > 0 {
			c.loop.Add(keyOf(q))
		}
	}
}

func (c *quotas) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	old, err := api.Get[v1.ResourceQuota](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	used, err := c.count(old)
	if err != nil {
		return 0, err
	}
	q := old.DeepCopy()
	q.Status = v1.ResourceQuotaStatus{Hard: q.Spec.Hard.DeepCopy(), Used: used}
	if old.Status.Used == nil || !same(q.Status.Hard, old.Status.Hard) || !quota.Same(q.Status.Used, old.Status.Used) {
		if _, err := api.UpdateStatus(c.client, q); err != nil {
			return 0, ignoreMissing(err)
		}
	}
	return quotaResync, nil
}

// count is what the namespace's objects use of the quota's limits. Of what nothing counts, the last count stays.
func (c *quotas) count(q *v1.ResourceQuota) (v1.ResourceList, error) {
	limits := quota.Names(q.Spec.Hard)
	used := quota.Only(q.Status.Used, limits)
	for _, r := range c.counted() {
		gr := r.GroupResource()
		tracked := quota.Tracked(gr, limits)
		if len(tracked) == 0 {
			continue
		}
		objects, err := c.objects(r, q.Namespace)
		if err != nil {
			return nil, err
		}
		sum := quota.Zero(tracked)
		for _, o := range objects {
			if quota.Includes(q, o) {
				sum = quota.Add(sum, quota.Only(quota.Usage(gr, o, c.clock.Now()), tracked))
			}
		}
		for name, n := range sum {
			used[name] = n
		}
	}
	return used, nil
}

func (c *quotas) objects(r *resources.Resource, namespace string) ([]runtime.Object, error) {
	obj, err := c.client.Door.Do(&api.Request{
		User: c.client.User, Verb: "list", Resource: r.GVR(), Namespace: namespace,
	})
	if err != nil {
		return nil, err
	}
	return obj.(*api.Listed).Items, nil
}
