package controllers

import (
	"math"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"

	"terrarium/sim/api"
)

// scaled says that the deployment's size was changed since the replica sets in use were sized.
func (r *rollout) scaled() bool {
	for _, rs := range r.all() {
		if *rs.Spec.Replicas == 0 {
			continue
		}
		if desired, ok := numberAnnotation(rs, desiredReplicasAnnotation); ok && desired != *r.d.Spec.Replicas {
			return true
		}
	}
	return false
}

// rescale makes one step for a deployment whose size was changed or that is paused: sizes follow, templates do not.
func (r *rollout) rescale() error {
	if err := r.find(false); err != nil {
		return err
	}
	if err := r.distribute(); err != nil {
		return err
	}
	if r.d.Spec.Paused {
		if err := r.cleanUp(); err != nil {
			return err
		}
	}
	return r.updateStatusTo(r.status())
}

func (r *rollout) distribute() error {
	want := *r.d.Spec.Replicas
	if only := r.activeOrLatest(); only != nil {
		_, err := r.scaleTo(only, want, false)
		return err
	}
	if r.saturated() {
		for _, rs := range r.old {
			if *rs.Spec.Replicas == 0 {
				continue
			}
			if _, err := r.scaleTo(rs, 0, false); err != nil {
				return err
			}
		}
		return nil
	}
	if r.d.Spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		return r.proportion()
	}
	return nil
}

// activeOrLatest is the one replica set that has replicas; where none has, the newest; nil where several have.
func (r *rollout) activeOrLatest() *appsv1.ReplicaSet {
	active := activeOnly(r.all())
	switch {
	case len(active) == 1:
		return active[0]
	case len(active) > 1:
		return nil
	case r.new != nil:
		return r.new
	case len(r.old) == 0:
		return nil
	}
	return slices.MaxFunc(r.old, byCreation)
}

func (r *rollout) saturated() bool {
	if r.new == nil {
		return false
	}
	want := *r.d.Spec.Replicas
	desired, ok := numberAnnotation(r.new, desiredReplicasAnnotation)
	return ok && desired == want && *r.new.Spec.Replicas == want && r.new.Status.AvailableReplicas == want
}

// proportion spreads the change of size over the replica sets in use by their shares; the first, which is the
// largest, takes what rounding leaves over.
func (r *rollout) proportion() error {
	sets := activeOnly(r.all())
	most := int32(0)
	if *r.d.Spec.Replicas > 0 {
		most = *r.d.Spec.Replicas + maxSurge(r.d)
	}
	toAdd := most - wanted(sets)
	slices.SortFunc(sets, func(a, b *appsv1.ReplicaSet) int {
		if *a.Spec.Replicas != *b.Spec.Replicas {
			return int(*b.Spec.Replicas) - int(*a.Spec.Replicas)
		}
		if toAdd > 0 {
			return byCreation(b, a)
		}
		return byCreation(a, b)
	})
	sizes := make([]int32, len(sets))
	added := int32(0)
	for i, rs := range sets {
		share := r.share(rs, toAdd, added)
		sizes[i] = *rs.Spec.Replicas + share
		added += share
	}
	for i, rs := range sets {
		if i == 0 {
			sizes[0] = max(sizes[0]+toAdd-added, 0)
		}
		if _, err := r.scaleTo(rs, sizes[i], true); err != nil {
			return err
		}
	}
	return nil
}

func (r *rollout) share(rs *appsv1.ReplicaSet, toAdd, added int32) int32 {
	if toAdd == 0 || toAdd == added {
		return 0
	}
	fraction := r.fraction(rs)
	if toAdd > 0 {
		return min(fraction, toAdd-added)
	}
	return max(fraction, toAdd-added)
}

func (r *rollout) fraction(rs *appsv1.ReplicaSet) int32 {
	have := *rs.Spec.Replicas
	if *r.d.Spec.Replicas == 0 {
		return -have
	}
	before, ok := numberAnnotation(rs, maxReplicasAnnotation)
	if !ok || before == 0 {
		if before = r.d.Status.Replicas; before == 0 {
			return 0
		}
	}
	after := *r.d.Spec.Replicas + maxSurge(r.d)
	return int32(math.Round(float64(have*after)/float64(before))) - have
}

// scaleTo sets the size of a replica set and tells whether that changed anything; force writes its annotations
// even where the size is right.
func (r *rollout) scaleTo(rs *appsv1.ReplicaSet, size int32, force bool) (bool, error) {
	had := *rs.Spec.Replicas
	if had == size && !force {
		return false, nil
	}
	next := rs.DeepCopy()
	annotated := annotateSize(next, r.d)
	if had == size && !annotated {
		return false, nil
	}
	next.Spec.Replicas = &size
	stored, err := api.Update(r.client, next)
	if err != nil {
		return false, err
	}
	for i, o := range r.owned {
		if o.UID == stored.UID {
			r.owned[i] = stored
		}
	}
	if had == size {
		return false, nil
	}
	direction := "up"
	if had > size {
		direction = "down"
	}
	r.eventf(r.d, v1.EventTypeNormal, "ScalingReplicaSet", "Scaled %s replica set %s from %d to %d", direction, rs.Name, had, size)
	return true, nil
}

func activeOnly(sets []*appsv1.ReplicaSet) []*appsv1.ReplicaSet {
	return slices.DeleteFunc(sets, func(rs *appsv1.ReplicaSet) bool { return *rs.Spec.Replicas == 0 })
}

func wanted(sets []*appsv1.ReplicaSet) int32 {
	return sum(sets, func(rs *appsv1.ReplicaSet) int32 { return *rs.Spec.Replicas })
}

func available(sets []*appsv1.ReplicaSet) int32 {
	return sum(sets, func(rs *appsv1.ReplicaSet) int32 { return rs.Status.AvailableReplicas })
}

func sum(sets []*appsv1.ReplicaSet, of func(*appsv1.ReplicaSet) int32) int32 {
	total := int32(0)
	for _, rs := range sets {
		total += of(rs)
	}
	return total
}
