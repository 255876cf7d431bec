package controllers

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"terrarium/sim/api"
)

// roll makes one step of a rolling update: the new replica set grows as far as maxSurge lets it, or else the old
// ones shrink as far as maxUnavailable lets them, or else, when all is done, old history is cleaned up.
func (r *rollout) roll() (time.Duration, error) {
	if err := r.find(true); err != nil {
		return 0, err
	}
	grown, err := r.grow()
	if err != nil {
		return 0, err
	}
	if grown {
		return r.progress()
	}
	if r.shrink() {
		return r.progress()
	}
	if complete(r.d, &r.d.Status) {
		if err := r.cleanUp(); err != nil {
			return 0, err
		}
	}
	return r.progress()
}

func (r *rollout) grow() (bool, error) {
	switch have, want := *r.new.Spec.Replicas, *r.d.Spec.Replicas; {
	case have == want:
		return false, nil
	case have > want:
		return r.scaleTo(r.new, want, false)
	}
	return r.scaleTo(r.new, r.newSize(r.all(), r.new), false)
}

// newSize is how large the new replica set may be now, beside all that exist.
func (r *rollout) newSize(all []*appsv1.ReplicaSet, rs *appsv1.ReplicaSet) int32 {
	want := *r.d.Spec.Replicas
	if r.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return want
	}
	most := want + maxSurge(r.d)
	have := wanted(all)
	if have >= most {
		return *rs.Spec.Replicas
	}
	return *rs.Spec.Replicas + min(most-have, want-*rs.Spec.Replicas)
}

// shrink scales down old replica sets, those pods first that are not available. What fails is tried again at the
// next step.
func (r *rollout) shrink() bool {
	old := slices.DeleteFunc(slices.Clone(r.old), func(rs *appsv1.ReplicaSet) bool { return *rs.Spec.Replicas == 0 })
	if len(old) == 0 {
		return false
	}
	minAvailable := *r.d.Spec.Replicas - maxUnavailable(r.d)
	newUnavailable := *r.new.Spec.Replicas - r.new.Status.AvailableReplicas
	room := wanted(r.all()) - minAvailable - newUnavailable
	if room <= 0 {
		return false
	}
	slices.SortFunc(old, byCreation)
	cleaned, err := r.shrinkUnhealthy(old, room)
	if err != nil {
		return false
	}
	// A replica set that was scaled down a moment ago may still count pods that it is about to delete: room knows.
	spare := min(available(append(slices.Clone(old), r.new))-minAvailable, room-cleaned)
	shrunk := int32(0)
	for _, rs := range old {
		if shrunk >= spare {
			break
		}
		if *rs.Spec.Replicas == 0 {
			continue
		}
		by := min(*rs.Spec.Replicas, spare-shrunk)
		if _, err := r.scaleTo(rs, *rs.Spec.Replicas-by, false); err != nil {
			return false
		}
		shrunk += by
	}
	return cleaned+shrunk > 0
}

// shrinkUnhealthy takes up to room unavailable replicas off the old replica sets; old then holds them as stored.
func (r *rollout) shrinkUnhealthy(old []*appsv1.ReplicaSet, room int32) (int32, error) {
	total := int32(0)
	for i, rs := range old {
		if total >= room {
			break
		}
		by := min(room-total, *rs.Spec.Replicas-rs.Status.AvailableReplicas)
		if *rs.Spec.Replicas == 0 || by <= 0 {
			continue
		}
		if _, err := r.scaleTo(rs, *rs.Spec.Replicas-by, false); err != nil {
			return total, err
		}
		total += by
		old[i] = r.stored(rs)
	}
	return total, nil
}

func (r *rollout) stored(rs *appsv1.ReplicaSet) *appsv1.ReplicaSet {
	for _, s := range r.owned {
		if s.UID == rs.UID {
			return s
		}
	}
	return rs
}

// recreate makes one step of a rollout in which no old pod may run beside a new one.
func (r *rollout) recreate() (time.Duration, error) {
	if err := r.find(false); err != nil {
		return 0, err
	}
	scaled := false
	for _, rs := range r.old {
		if *rs.Spec.Replicas == 0 {
			continue
		}
		ok, err := r.scaleTo(rs, 0, false)
		if err != nil {
			return 0, err
		}
		scaled = scaled || ok
	}
	if scaled {
		return r.progress()
	}
	running, err := r.oldPodsRunning()
	if err != nil {
		return 0, err
	}
	if running {
		return r.progress()
	}
	if r.new == nil {
		if err := r.find(true); err != nil {
			return 0, err
		}
	}
	if _, err := r.scaleTo(r.new, *r.d.Spec.Replicas, false); err != nil {
		return 0, err
	}
	if complete(r.d, &r.d.Status) {
		if err := r.cleanUp(); err != nil {
			return 0, err
		}
	}
	return r.progress()
}

func (r *rollout) oldPodsRunning() (bool, error) {
	for _, rs := range r.old {
		if rs.Status.Replicas > 0 {
			return true, nil
		}
	}
	pods, err := api.List[v1.Pod](r.client, r.d.Namespace, nil)
	if err != nil {
		return false, err
	}
	for _, pod := range pods {
		if podEnded(pod) {
			continue
		}
		for _, rs := range r.old {
			if controlledBy(pod, rs.UID) {
				return true, nil
			}
		}
	}
	return false, nil
}

func maxSurge(d *appsv1.Deployment) int32 {
	surge, _ := fenceposts(d)
	return surge
}

func maxUnavailable(d *appsv1.Deployment) int32 {
	_, unavailable := fenceposts(d)
	return min(unavailable, *d.Spec.Replicas)
}

// fenceposts are how many pods a rolling update may have too many and too few; never are both 0.
func fenceposts(d *appsv1.Deployment) (surge, unavailable int32) {
	if d.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType || d.Spec.Strategy.RollingUpdate == nil {
		return 0, 0
	}
	zero := intstr.FromInt32(0)
	replicas := int(*d.Spec.Replicas)
	s, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(d.Spec.Strategy.RollingUpdate.MaxSurge, zero), replicas, true)
	if err != nil {
		return 0, 0
	}
	u, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(d.Spec.Strategy.RollingUpdate.MaxUnavailable, zero), replicas, false)
	if err != nil {
		return 0, 0
	}
	if s == 0 && u == 0 {
		u = 1
	}
	return int32(s), int32(u)
}

// cleanUp deletes the oldest empty replica sets beyond the history limit.
func (r *rollout) cleanUp() error {
	limit := r.d.Spec.RevisionHistoryLimit
	if limit == nil {
		return nil
	}
	alive := slices.DeleteFunc(slices.Clone(r.old), func(rs *appsv1.ReplicaSet) bool { return rs.DeletionTimestamp != nil })
	excess := len(alive) - int(*limit)
	if excess <= 0 {
		return nil
	}
	slices.SortFunc(alive, byRevision)
	for _, rs := range alive[:excess] {
		if rs.Status.Replicas != 0 || *rs.Spec.Replicas != 0 || rs.Generation > rs.Status.ObservedGeneration {
			continue
		}
		if err := api.Delete[appsv1.ReplicaSet](r.client, rs.Namespace, rs.Name, nil); ignoreMissing(err) != nil {
			return err
		}
	}
	return nil
}
