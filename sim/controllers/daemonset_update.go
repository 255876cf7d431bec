package controllers

import (
	"sort"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"terrarium/sim/api"
)

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// surge is how many nodes may have a second pod during a rolling update.
func (s *daemonStep) surge(desired int) int {
	u := s.ds.Spec.UpdateStrategy.RollingUpdate
	if s.ds.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType || u == nil {
		return 0
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(u.MaxSurge, intstr.FromInt32(0)), desired, true)
	if err != nil {
		return 0
	}
	return n
}

func (s *daemonStep) unavailable(desired int) int {
	u := s.ds.Spec.UpdateStrategy.RollingUpdate
	if u == nil {
		return 0
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(u.MaxUnavailable, intstr.FromInt32(0)), desired, true)
	if err != nil {
		return 0
	}
	return n
}

// roll makes one step of a rolling update.
func (s *daemonStep) roll() error {
	pods, err := s.pods(false)
	if err != nil {
		return err
	}
	desired := 0
	for _, node := range s.nodes {
		if run, _ := s.suits(node); run {
			desired++
			if _, ok := pods[node.Name]; !ok {
				pods[node.Name] = nil
			}
		}
	}
	maxSurge, maxUnavailable := s.surge(desired), s.unavailable(desired)
	if desired > 0 && maxSurge == 0 && maxUnavailable == 0 {
		maxUnavailable = 1
	}
	if maxSurge == 0 {
		return s.rollByDeleting(pods, maxUnavailable)
	}
	return s.rollBySurging(pods, maxSurge)
}

// pair is the pod of the present template and the one of an older template on a node; ok is false where there are more.
func (s *daemonStep) pair(pods []*v1.Pod) (newPod, oldPod *v1.Pod, ok bool) {
	for _, p := range pods {
		if p.DeletionTimestamp != nil {
			continue
		}
		if s.current(p) {
			if newPod != nil {
				return nil, nil, false
			}
			newPod = p
			continue
		}
		if oldPod != nil {
			return nil, nil, false
		}
		oldPod = p
	}
	return newPod, oldPod, true
}

func (s *daemonStep) rollByDeleting(pods map[string][]*v1.Pod, maxUnavailable int) error {
	unavailable := 0
	var allowed, candidates []*v1.Pod
	for _, node := range sortedKeys(pods) {
		newPod, oldPod, ok := s.pair(pods[node])
		switch {
		case !ok || (oldPod == nil) == (newPod == nil):
			unavailable++
		case newPod != nil:
			if !s.available(newPod) {
				unavailable++
			}
		case !s.available(oldPod):
			allowed = append(allowed, oldPod)
			unavailable++
		case unavailable < maxUnavailable:
			candidates = append(candidates, oldPod)
		}
	}
	more := min(max(maxUnavailable-unavailable, 0), len(candidates))
	return s.sync(append(allowed, candidates[:more]...), nil)
}

func (s *daemonStep) rollBySurging(pods map[string][]*v1.Pod, maxSurge int) error {
	surging := 0
	var doomed []*v1.Pod
	var allowed, candidates []string
	for _, node := range sortedKeys(pods) {
		newPod, oldPod, ok := s.pair(pods[node])
		switch {
		case !ok:
			surging++
		case oldPod == nil:
		case newPod == nil:
			if !s.runsOn(node) {
				if !s.available(oldPod) {
					doomed = append(doomed, oldPod)
				}
				continue
			}
			if !s.available(oldPod) {
				allowed = append(allowed, node)
			} else if surging < maxSurge {
				candidates = append(candidates, node)
			}
		case !s.available(newPod):
			surging++
		default:
			doomed = append(doomed, oldPod)
		}
	}
	more := min(max(maxSurge-surging, 0), len(candidates))
	return s.sync(doomed, append(allowed, candidates[:more]...))
}

func (s *daemonStep) runsOn(name string) bool {
	for _, node := range s.nodes {
		if node.Name == name {
			run, _ := s.suits(node)
			return run
		}
	}
	return false
}

func (s *daemonStep) updateStatus() error {
	pods, err := s.pods(false)
	if err != nil {
		return err
	}
	ds, err := api.Get[appsv1.DaemonSet](s.client, s.ds.Namespace, s.ds.Name)
	if err != nil || ds.UID != s.ds.UID {
		return ignoreMissing(err)
	}
	status := appsv1.DaemonSetStatus{
		ObservedGeneration: s.ds.Generation, CollisionCount: ds.Status.CollisionCount, Conditions: ds.Status.Conditions,
	}
	for _, node := range s.nodes {
		run, _ := s.suits(node)
		onNode := pods[node.Name]
		switch {
		case !run && len(onNode) > 0:
			status.NumberMisscheduled++
		case run:
			status.DesiredNumberScheduled++
			if len(onNode) == 0 {
				continue
			}
			status.CurrentNumberScheduled++
			sortDaemonPods(onNode)
			if podReady(onNode[0]) {
				status.NumberReady++
				if s.available(onNode[0]) {
					status.NumberAvailable++
				}
			}
			if s.current(onNode[0]) {
				status.UpdatedNumberScheduled++
			}
		}
	}
	status.NumberUnavailable = status.DesiredNumberScheduled - status.NumberAvailable
	if same(ds.Status, status) {
		return nil
	}
	ds = ds.DeepCopy()
	ds.Status = status
	_, err = api.UpdateStatus(s.client, ds)
	return err
}
