package admission

import (
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"terrarium/sim/api"
	"terrarium/sim/quota"
)

// ResourceQuota refuses what a quota of the namespace has no room for, and books what it lets pass.
type ResourceQuota struct{ validates }

// Name implements Plugin.
func (ResourceQuota) Name() string { return "ResourceQuota" }

// Validate implements Plugin.
func (ResourceQuota) Validate(a *Attributes) error {
	if a.Namespace == "" || a.Object == nil || quota.Ignored(a.Resource.GroupResource()) || !changesUsage(a) {
		return nil
	}
	if _, ok := a.Object.(*v1.Namespace); ok {
		return nil
	}
	quotas, err := list[v1.ResourceQuota](a, a.Namespace)
	if err != nil || len(quotas) == 0 {
		return err
	}
	changes, err := book(a, quotas)
	if err != nil || a.Request != nil && a.Request.DryRun {
		return err
	}
	for _, q := range changes {
		if _, err := api.UpdateStatus(a.Client, q); err != nil && !errors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// changesUsage says whether the write may change what the object counts.
func changesUsage(a *Attributes) bool {
	switch o := a.Object.(type) {
	case *v1.Pod:
		old, _ := a.Old.(*v1.Pod)
		switch a.subresource() {
		case "":
			return a.Operation == Create || a.Operation == Update && old != nil && quota.Limited(o) != quota.Limited(old)
		case "resize":
			return a.Operation == Update
		}
		return false
	case *v1.Service:
		return a.subresource() == "" && (a.Operation == Create || a.Operation == Update)
	case *v1.PersistentVolumeClaim:
		old, _ := a.Old.(*v1.PersistentVolumeClaim)
		if a.subresource() == "status" {
			return old != nil && !equality.Semantic.DeepEqual(o.Status.AllocatedResources, old.Status.AllocatedResources)
		}
		return a.subresource() == "" && (a.Operation == Create || a.Operation == Update)
	}
	return a.subresource() == "" && a.Operation == Create
}

// book is the quotas that the write changes, with the usage there will be. It is an error if there is no room in one.
func book(a *Attributes, quotas []*v1.ResourceQuota) ([]*v1.ResourceQuota, error) {
	gr := a.Resource.GroupResource()
	var concerned []*v1.ResourceQuota
	for _, q := range quotas {
		names := quota.Tracked(gr, quota.Names(q.Status.Hard))
		if len(names) == 0 || !quota.Includes(q, a.Object) {
			continue
		}
		if pod, ok := a.Object.(*v1.Pod); ok {
			if err := quota.Demand(pod, names); err != nil {
				return nil, forbidden(a, fmt.Errorf("failed quota: %s: %v", q.Name, err))
			}
		}
		for _, name := range names {
			if _, known := q.Status.Used[name]; !known {
				return nil, forbidden(a, fmt.Errorf("status unknown for quota: %s, resources: %s", q.Name, joined(names)))
			}
		}
		concerned = append(concerned, q)
	}
	usage := quota.Usage(gr, a.Object, a.Now)
	for name, n := range usage {
		if n.Sign() < 0 {
			return nil, forbidden(a, fmt.Errorf("quota usage is negative for resource(s): %s", name))
		}
	}
	var changed []*v1.ResourceQuota
	for _, q := range concerned {
		next, err := charge(a, q, added(a, q, usage))
		if err != nil {
			return nil, err
		}
		if next != nil {
			changed = append(changed, next)
		}
	}
	return changed, nil
}

// added is what the write adds to what the quota counts already.
func added(a *Attributes, q *v1.ResourceQuota, usage v1.ResourceList) v1.ResourceList {
	if old := a.Old; old != nil && a.Operation == Update && stored(old) && quota.Includes(q, old) {
		return quota.Growth(usage, quota.Usage(a.Resource.GroupResource(), old, a.Now))
	}
	return quota.Growth(usage, nil)
}

func stored(old runtime.Object) bool {
	m, ok := old.(metav1.Object)
	return ok && m.GetResourceVersion() != ""
}

// charge is the quota with the addition booked, nil if it is none of the quota's.
func charge(a *Attributes, q *v1.ResourceQuota, addition v1.ResourceList) (*v1.ResourceQuota, error) {
	addition = quota.Only(addition, quota.Names(q.Status.Hard))
	if len(addition) == 0 {
		return nil, nil
	}
	used := quota.Add(q.Status.Used, addition)
	if over := quota.Exceeding(quota.Only(used, quota.Names(addition)), q.Status.Hard); len(over) > 0 && a.subresource() != "status" {
		return nil, forbidden(a, fmt.Errorf("exceeded quota: %s, requested: %s, used: %s, limited: %s", q.Name,
			quota.Text(quota.Only(addition, over)), quota.Text(quota.Only(q.Status.Used, over)), quota.Text(quota.Only(q.Status.Hard, over))))
	}
	next := q.DeepCopy()
	next.Status.Used = used
	return next, nil
}

func joined(names []v1.ResourceName) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = string(n)
	}
	return strings.Join(texts, ",")
}
