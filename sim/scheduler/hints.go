package scheduler

import (
	"maps"
	"sort"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// watch keeps the queue up to date: pods come and go, and changes that could help a refused pod give it another turn.
func (s *Scheduler) watch() error {
	if _, err := api.Watch(s.client, s.podChanged); err != nil {
		return err
	}
	if _, err := api.Watch(s.client, s.nodeChanged); err != nil {
		return err
	}
	for _, start := range []func() error{
		func() error {
			_, err := api.Watch(s.client, func(_ watch.EventType, claim, _ *v1.PersistentVolumeClaim) { s.claimChanged(claim) })
			return err
		},
		func() error {
			_, err := api.Watch(s.client, func(_ watch.EventType, _, _ *v1.PersistentVolume) { s.volumesChanged() })
			return err
		},
		func() error {
			_, err := api.Watch(s.client, func(_ watch.EventType, _, _ *storagev1.StorageClass) { s.volumesChanged() })
			return err
		},
	} {
		_ = start() // where a kind is not served, no pod can wait for it
	}
	return nil
}

// reconsider gives a turn to the refused pods for which helps holds against one of the plugins that refused them.
func (s *Scheduler) reconsider(helps func(plugin string, pod *v1.Pod) bool) {
	keys := make([]string, 0, len(s.queue.entries))
	for key, e := range s.queue.entries {
		if !e.active && len(e.plugins) > 0 {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	for _, key := range keys {
		e := s.queue.entries[key]
		pod, err := api.Get[v1.Pod](s.client, e.namespace, e.name)
		if err != nil {
			continue
		}
		for plugin := range e.plugins {
			if helps(plugin, pod) {
				s.queue.retry(e)
				break
			}
		}
	}
}

func (s *Scheduler) podChanged(kind watch.EventType, pod, old *v1.Pod) {
	key := pod.Namespace + "/" + pod.Name
	switch {
	case kind == watch.Deleted:
		if e := s.queue.entries[key]; e != nil && e.uid == pod.UID {
			s.queue.forget(e)
		}
		if pod.Spec.NodeName != "" || pod.Status.NominatedNodeName != "" {
			s.podGone(pod)
		}
	case pending(pod):
		known := s.queue.entries[key]
		e := s.queue.add(pod)
		if known == e && old != nil && !e.active && ownChange(pod, old) {
			s.queue.retry(e)
		}
	default:
		if e := s.queue.entries[key]; e != nil {
			s.queue.forget(e)
		}
		switch {
		case pod.Spec.NodeName == "":
		case ended(pod) && old != nil && !ended(old):
			s.podGone(pod)
		case old == nil || old.Spec.NodeName == "" || !maps.Equal(old.Labels, pod.Labels):
			s.podArrived(pod)
		}
	}
}

// ownChange says that a refused pod was changed in what it asks for.
func ownChange(pod, old *v1.Pod) bool {
	return !maps.Equal(pod.Labels, old.Labels) || !equality.Semantic.DeepEqual(pod.Spec, old.Spec)
}

func (s *Scheduler) podGone(gone *v1.Pod) {
	s.reconsider(func(plugin string, pod *v1.Pod) bool {
		switch plugin {
		case "NodeResourcesFit":
			return true
		case "NodePorts":
			for _, want := range hostPorts(pod) {
				for _, used := range hostPorts(gone) {
					if conflict(want, used) {
						return true
					}
				}
			}
		case "PodTopologySpread":
			return spreadAmong(pod, gone)
		case "InterPodAffinity":
			return s.minds(pod, gone)
		case "VolumeRestrictions":
			return pod.Namespace == gone.Namespace && len(intersect(claimNames(pod), claimNames(gone))) > 0
		}
		return false
	})
}

func (s *Scheduler) podArrived(other *v1.Pod) {
	s.reconsider(func(plugin string, pod *v1.Pod) bool {
		switch plugin {
		case "PodTopologySpread":
			return spreadAmong(pod, other)
		case "InterPodAffinity":
			c := &cycle{s: s, pod: pod}
			for _, t := range termsOf(pod).near {
				if t.takes(c, other) {
					return true
				}
			}
		}
		return false
	})
}

// minds says that one of the two pods keeps away from the other.
func (s *Scheduler) minds(pod, other *v1.Pod) bool {
	c := &cycle{s: s, pod: pod}
	for _, t := range termsOf(pod).far {
		if t.takes(c, other) {
			return true
		}
	}
	for _, t := range termsOf(other).far {
		if t.takes(c, pod) {
			return true
		}
	}
	return false
}

func spreadAmong(pod, other *v1.Pod) bool {
	if pod.Namespace != other.Namespace {
		return false
	}
	for _, k := range constraintsOf(pod, v1.DoNotSchedule) {
		if k.selector.Matches(labels.Set(other.Labels)) {
			return true
		}
	}
	return false
}

func (s *Scheduler) nodeChanged(kind watch.EventType, node, old *v1.Node) {
	if kind == watch.Deleted {
		return
	}
	if old == nil {
		old = &v1.Node{}
	}
	relabelled := !maps.Equal(node.Labels, old.Labels)
	resized := !equality.Semantic.DeepEqual(node.Status.Allocatable, old.Status.Allocatable)
	tainted := !equality.Semantic.DeepEqual(node.Spec.Taints, old.Spec.Taints) || node.Spec.Unschedulable != old.Spec.Unschedulable
	if !relabelled && !resized && !tainted {
		return
	}
	fresh := kind == watch.Added
	s.reconsider(func(plugin string, pod *v1.Pod) bool {
		switch plugin {
		case "NodeUnschedulable":
			return !node.Spec.Unschedulable && (fresh || old.Spec.Unschedulable)
		case "TaintToleration":
			return toleratesNode(pod, node) && (fresh || !toleratesNode(pod, old))
		case "NodeAffinity":
			return matchesNode(pod, node) && (fresh || !matchesNode(pod, old))
		case "NodeResourcesFit":
			c := &cycle{s: s, pod: pod, info: s.infoOf(pod)}
			return (fresh || resized) && filterResources(c, newNodeInfo(node)) == nil
		case "NodePorts":
			return fresh
		case "PodTopologySpread", "InterPodAffinity", "VolumeBinding", "VolumeZone":
			return fresh || relabelled
		}
		return false
	})
}

func (s *Scheduler) claimChanged(claim *v1.PersistentVolumeClaim) {
	s.reconsider(func(plugin string, pod *v1.Pod) bool {
		switch plugin {
		case "VolumeBinding", "VolumeRestrictions", "VolumeZone":
			return pod.Namespace == claim.Namespace && contains(claimNames(pod), claim.Name)
		}
		return false
	})
}

func (s *Scheduler) volumesChanged() {
	s.reconsider(func(plugin string, _ *v1.Pod) bool { return plugin == "VolumeBinding" || plugin == "VolumeZone" })
}
