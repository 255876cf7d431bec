package controllers

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"terrarium/sim/api"
)

var statefulSetKind = appsv1.SchemeGroupVersion.WithKind("StatefulSet")

// statefulSets keeps each StatefulSet's pods, which have numbers, names and volumes of their own.
type statefulSets struct{ base }

func startStatefulSet(cfg Config) error {
	c := &statefulSets{}
	c.base = newBase(cfg, "statefulset-controller", "statefulset-controller", c.reconcile)
	if err := watchAll[appsv1.StatefulSet](&c.base); err != nil {
		return err
	}
	return watchOwned(&c.base, "StatefulSet", c.enqueueFor)
}

func (c *statefulSets) enqueueFor(pod *v1.Pod) {
	if len(pod.Labels) == 0 {
		return
	}
	all, _ := api.List[appsv1.StatefulSet](c.client, pod.Namespace, nil)
	for _, set := range all {
		if s, err := metav1.LabelSelectorAsSelector(set.Spec.Selector); err == nil && !s.Empty() && s.Matches(labels.Set(pod.Labels)) {
			c.loop.Add(keyOf(set))
		}
	}
}

// statefulStep is one step for one StatefulSet.
type statefulStep struct {
	*statefulSets
	set             *appsv1.StatefulSet
	selector        labels.Selector
	current, update *appsv1.ControllerRevision
	templates       map[string]v1.PodTemplateSpec // of current and update, by name of the revision
	collisions      int32

	replicas  []*v1.Pod // by ordinal from the first; those that do not exist yet have no phase
	condemned []*v1.Pod // beyond the wanted ones, highest ordinal first
	next      time.Duration
}

func (c *statefulSets) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	set, err := api.Get[appsv1.StatefulSet](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	s := &statefulStep{statefulSets: c, set: set}
	if s.selector, err = metav1.LabelSelectorAsSelector(set.Spec.Selector); err != nil {
		return 0, nil
	}
	revisions, err := s.history()
	if err != nil {
		return 0, err
	}
	pods, err := s.pods()
	if err != nil {
		return 0, err
	}
	s.sort(pods)
	stepErr := error(nil)
	if set.DeletionTimestamp == nil {
		stepErr = s.step()
	}
	if err := s.updateStatus(); err != nil {
		return 0, err
	}
	if stepErr != nil {
		return 0, stepErr
	}
	return s.next, s.truncateHistory(revisions, set.Spec.RevisionHistoryLimit, func(r *appsv1.ControllerRevision) bool {
		return r.Name == s.current.Name || r.Name == s.update.Name ||
			slices.ContainsFunc(pods, func(p *v1.Pod) bool { return podRevision(p) == r.Name })
	})
}

func podRevision(p *v1.Pod) string { return p.Labels[appsv1.ControllerRevisionHashLabelKey] }

// history finds or makes the revision of the present template.
func (s *statefulStep) history() ([]*appsv1.ControllerRevision, error) {
	all, err := s.revisions(s.set, statefulSetKind, s.selector)
	if err != nil {
		return nil, err
	}
	if s.set.Status.CollisionCount != nil {
		s.collisions = *s.set.Status.CollisionCount
	}
	patch, err := templatePatch(&s.set.Spec.Template)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if bytes.Equal(r.Data.Raw, patch) {
			s.update = r
		}
		if r.Name == s.set.Status.CurrentRevision {
			s.current = r
		}
	}
	next := int64(1)
	if len(all) > 0 {
		next = all[len(all)-1].Revision + 1
	}
	switch {
	case s.update == nil:
		s.update, err = s.create(patch, next)
	case s.update != all[len(all)-1]:
		s.update, err = s.setRevisionNumber(s.update, next)
	}
	if err != nil {
		return nil, err
	}
	if s.current == nil {
		s.current = s.update
	}
	s.templates = map[string]v1.PodTemplateSpec{}
	for _, r := range []*appsv1.ControllerRevision{s.current, s.update} {
		if s.templates[r.Name], err = templateOf(r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *statefulStep) create(patch []byte, number int64) (*appsv1.ControllerRevision, error) {
	for {
		hash := revisionHash(patch, s.collisions)
		labels := withLabel(s.set.Spec.Template.Labels, "controller.kubernetes.io/hash", hash)
		r, err := api.Create(s.client, newRevision(s.set, statefulSetKind, revisionName(s.set.Name, hash), labels, s.set.Annotations, patch, number))
		if !apierrors.IsAlreadyExists(err) {
			return r, err
		}
		existing, getErr := api.Get[appsv1.ControllerRevision](s.client, s.set.Namespace, revisionName(s.set.Name, hash))
		if getErr != nil {
			return nil, getErr
		}
		if bytes.Equal(existing.Data.Raw, patch) {
			return existing, nil
		}
		s.collisions++
	}
}

func (s *statefulStep) pods() ([]*v1.Pod, error) {
	all, err := api.List[v1.Pod](s.client, s.set.Namespace, nil)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p *v1.Pod) bool { return parentOf(p) != s.set.Name })
	return claim(s.client, s.set, statefulSetKind, s.selector, all)
}

// ordinalOf is the number at the end of the pod's name; -1 where there is none.
func ordinalOf(p *v1.Pod) int {
	at := strings.LastIndexByte(p.Name, '-')
	n, err := strconv.ParseInt(p.Name[at+1:], 10, 32)
	if at < 0 || err != nil || n < 0 {
		return -1
	}
	return int(n)
}

func parentOf(p *v1.Pod) string {
	if ordinalOf(p) < 0 {
		return ""
	}
	return p.Name[:strings.LastIndexByte(p.Name, '-')]
}

func (s *statefulStep) firstOrdinal() int {
	if o := s.set.Spec.Ordinals; o != nil {
		return int(o.Start)
	}
	return 0
}

// sort puts the pods in their places and makes those that are missing.
func (s *statefulStep) sort(pods []*v1.Pod) {
	start := s.firstOrdinal()
	s.replicas = make([]*v1.Pod, *s.set.Spec.Replicas)
	for _, p := range pods {
		if at := ordinalOf(p) - start; at >= 0 && at < len(s.replicas) {
			s.replicas[at] = p
		} else {
			s.condemned = append(s.condemned, p)
		}
	}
	slices.SortFunc(s.condemned, func(a, b *v1.Pod) int { return ordinalOf(b) - ordinalOf(a) })
	for i, p := range s.replicas {
		if p == nil {
			s.replicas[i] = s.newPod(start + i)
		}
	}
}

func created(p *v1.Pod) bool { return p.Status.Phase != "" }

func (s *statefulStep) available(p *v1.Pod) bool {
	ok, wait := podAvailable(p, s.set.Spec.MinReadySeconds, s.clock.Now())
	if wait > 0 && (s.next == 0 || wait < s.next) {
		s.next = wait
	}
	return ok
}

func (s *statefulStep) unavailable(p *v1.Pod) bool {
	return !s.available(p) || p.DeletionTimestamp != nil
}

// step does what can be done now: missing pods first, then those that are too many, then those of an old template.
func (s *statefulStep) step() error {
	ordered := s.set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement
	waiting := false
	for _, p := range s.replicas {
		wait, err := s.keep(p, ordered)
		if err != nil {
			return err
		}
		if wait && ordered {
			return nil
		}
		waiting = waiting || wait
	}
	if waiting {
		return nil
	}
	if err := s.adjustClaims(); err != nil {
		return err
	}
	unhealthy := s.firstUnhealthy()
	for _, p := range s.condemned {
		wait, err := s.condemn(p, unhealthy, ordered)
		if err != nil {
			return err
		}
		if wait && ordered {
			return nil
		}
		waiting = waiting || wait
	}
	if waiting || s.set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return nil
	}
	return s.roll()
}

func (s *statefulStep) firstUnhealthy() *v1.Pod {
	for _, p := range s.replicas {
		if s.unavailable(p) {
			return p
		}
	}
	for _, p := range slices.Backward(s.condemned) {
		if s.unavailable(p) {
			return p
		}
	}
	return nil
}

// keep brings a wanted pod into being; wait says that those after it have to wait for it.
func (s *statefulStep) keep(p *v1.Pod, ordered bool) (wait bool, err error) {
	if podEnded(p) {
		if p.DeletionTimestamp == nil {
			return true, s.delete(p)
		}
		return true, nil
	}
	if !created(p) {
		err := s.createPod(p)
		return ordered, err
	}
	if p.Status.Phase == v1.PodPending {
		if err := s.createClaims(p); err != nil {
			return true, err
		}
	}
	if ordered && (p.DeletionTimestamp != nil || p.Status.Phase != v1.PodRunning || !s.available(p)) {
		return true, nil
	}
	return false, s.repair(p)
}

// condemn deletes a pod that is not wanted; where order matters it waits until no other pod is unhealthy.
func (s *statefulStep) condemn(p, unhealthy *v1.Pod, ordered bool) (wait bool, err error) {
	if p.DeletionTimestamp != nil {
		return ordered, nil
	}
	if ordered && p != unhealthy && (p.Status.Phase != v1.PodRunning || !s.available(p)) {
		return true, nil
	}
	return true, s.delete(p)
}

// roll replaces pods of an old template, from the highest ordinal down to the partition.
func (s *statefulStep) roll() error {
	partition, most := 0, 1
	if u := s.set.Spec.UpdateStrategy.RollingUpdate; u != nil {
		if u.Partition != nil {
			partition = int(*u.Partition)
		}
		n, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(u.MaxUnavailable, intstr.FromInt32(1)), len(s.replicas), false)
		if err != nil {
			return err
		}
		most = max(n, 1)
	}
	down := 0
	for _, p := range s.replicas {
		if s.unavailable(p) {
			down++
		}
	}
	for at := len(s.replicas) - 1; at >= partition && down < most; at-- {
		if p := s.replicas[at]; podRevision(p) != s.update.Name && p.DeletionTimestamp == nil {
			if err := s.delete(p); err != nil {
				return err
			}
			down++
		}
	}
	return nil
}

func (s *statefulStep) updateStatus() error {
	set, err := api.Get[appsv1.StatefulSet](s.client, s.set.Namespace, s.set.Name)
	if err != nil || set.UID != s.set.UID {
		return ignoreMissing(err)
	}
	status := appsv1.StatefulSetStatus{
		ObservedGeneration: s.set.Generation, CurrentRevision: s.current.Name, UpdateRevision: s.update.Name,
		CollisionCount: &s.collisions, Conditions: set.Status.Conditions,
	}
	for _, p := range slices.Concat(s.replicas, s.condemned) {
		if fresh, err := api.Get[v1.Pod](s.client, p.Namespace, p.Name); err == nil {
			p = fresh
		} else {
			continue
		}
		if !metav1.IsControlledBy(p, s.set) {
			continue
		}
		status.Replicas++
		if p.Status.Phase == v1.PodRunning && podReady(p) {
			status.ReadyReplicas++
			if s.available(p) {
				status.AvailableReplicas++
			}
		}
		if p.DeletionTimestamp == nil {
			if podRevision(p) == s.current.Name {
				status.CurrentReplicas++
			}
			if podRevision(p) == s.update.Name {
				status.UpdatedReplicas++
			}
		}
	}
	want := *s.set.Spec.Replicas
	if s.set.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType &&
		status.UpdatedReplicas == want && status.ReadyReplicas == want && status.Replicas == want {
		status.CurrentReplicas, status.CurrentRevision = status.UpdatedReplicas, status.UpdateRevision
	}
	if same(set.Status, status) {
		return nil
	}
	set = set.DeepCopy()
	set.Status = status
	_, err = api.UpdateStatus(s.client, set)
	return err
}

// oldBelow is the ordinal below which new pods get the old template.
func (s *statefulStep) oldBelow() int {
	set := s.set
	if set.Spec.UpdateStrategy.Type != appsv1.RollingUpdateStatefulSetStrategyType {
		return math.MinInt
	}
	if u := set.Spec.UpdateStrategy.RollingUpdate; u != nil && u.Partition != nil {
		return s.firstOrdinal() + int(*u.Partition)
	}
	return s.firstOrdinal() + int(set.Status.CurrentReplicas)
}
