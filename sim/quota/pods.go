package quota

import (
	"errors"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"

	"terrarium/sim/requests"
)

const requested = v1.DefaultResourceRequestsPrefix

// podResource says whether pods use the resource, apart from being stored.
func podResource(name v1.ResourceName) bool {
	switch name {
	case v1.ResourcePods, v1.ResourceCPU, v1.ResourceMemory, v1.ResourceEphemeralStorage,
		v1.ResourceRequestsCPU, v1.ResourceRequestsMemory, v1.ResourceRequestsEphemeralStorage,
		v1.ResourceLimitsCPU, v1.ResourceLimitsMemory, v1.ResourceLimitsEphemeralStorage:
		return true
	}
	text := string(name)
	return strings.HasPrefix(text, v1.ResourceHugePagesPrefix) || strings.HasPrefix(text, v1.ResourceRequestsHugePagesPrefix) ||
		strings.HasPrefix(text, requested) && (foreign(name) || strings.HasPrefix(text, requested+deviceClass))
}

const deviceClass = "deviceclass.resource.kubernetes.io/"

// foreign says that the resource is none of Kubernetes' own.
func foreign(name v1.ResourceName) bool {
	return strings.Contains(string(name), "/") && !strings.Contains(string(name), v1.ResourceDefaultNamespacePrefix)
}

// alive says whether the pod still counts: it has not ended, nor is it overdue to be gone.
func alive(pod *v1.Pod, now time.Time) bool {
	if pod.Status.Phase == v1.PodFailed || pod.Status.Phase == v1.PodSucceeded {
		return false
	}
	if pod.DeletionTimestamp == nil || pod.DeletionGracePeriodSeconds == nil {
		return true
	}
	return !now.After(pod.DeletionTimestamp.Add(time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second))
}

// Alive says whether the pod counts towards more than the number of stored pods.
func Alive(pod *v1.Pod, now time.Time) bool { return alive(pod, now) }

func podUsage(pod *v1.Pod) v1.ResourceList {
	return compute(requests.Pod(pod, nil), requests.Limits(pod))
}

// compute names requests and limits as quotas do.
func compute(requests, limits v1.ResourceList) v1.ResourceList {
	used := v1.ResourceList{v1.ResourcePods: whole(1)}
	for _, name := range []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory, v1.ResourceEphemeralStorage} {
		if q, ok := requests[name]; ok {
			used[name], used[requested+name] = q, q
		}
		if q, ok := limits[name]; ok {
			used["limits."+name] = q
		}
	}
	for name, q := range requests {
		switch {
		case strings.HasPrefix(string(name), v1.ResourceHugePagesPrefix):
			used[name], used[requested+name] = q, q
		case foreign(name) && !strings.HasPrefix(string(name), requested) || strings.HasPrefix(string(name), deviceClass):
			used[requested+name] = q
		}
	}
	return used
}

// Demand is an error if a container leaves out what the limits are about: who limits cpu or memory wants every
// container to say what it needs, unless the pod as a whole does.
func Demand(pod *v1.Pod, limits []v1.ResourceName) error {
	if r := pod.Spec.Resources; r != nil && (len(r.Requests) > 0 || len(r.Limits) > 0) {
		return nil
	}
	var demands []string
	for _, name := range slices.Sorted(slices.Values(limits)) {
		switch name {
		case v1.ResourceCPU, v1.ResourceMemory, v1.ResourceRequestsCPU, v1.ResourceRequestsMemory, v1.ResourceLimitsCPU, v1.ResourceLimitsMemory:
			if silent := without(pod, name); len(silent) > 0 {
				demands = append(demands, string(name)+" for: "+strings.Join(silent, ","))
			}
		}
	}
	if len(demands) == 0 {
		return nil
	}
	return errors.New("must specify " + strings.Join(demands, "; "))
}

// without are the names of the containers that use nothing of the resource.
func without(pod *v1.Pod, name v1.ResourceName) []string {
	var names []string
	for _, list := range [][]v1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			c := &list[i]
			if _, ok := compute(c.Resources.Requests, c.Resources.Limits)[name]; !ok {
				names = append(names, c.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Limited says whether the pod ends by itself after a time it was given.
func Limited(pod *v1.Pod) bool {
	return pod.Spec.ActiveDeadlineSeconds != nil && *pod.Spec.ActiveDeadlineSeconds >= 0
}

func podIn(pod *v1.Pod, s v1.ScopedResourceSelectorRequirement) bool {
	switch s.ScopeName {
	case v1.ResourceQuotaScopeTerminating:
		return Limited(pod)
	case v1.ResourceQuotaScopeNotTerminating:
		return !Limited(pod)
	case v1.ResourceQuotaScopeBestEffort:
		return bestEffort(pod)
	case v1.ResourceQuotaScopeNotBestEffort:
		return !bestEffort(pod)
	case v1.ResourceQuotaScopePriorityClass:
		return chosen(s, pod.Spec.PriorityClassName)
	case v1.ResourceQuotaScopeCrossNamespacePodAffinity:
		return looksAbroad(pod)
	}
	return false
}

func bestEffort(pod *v1.Pod) bool {
	if pod.Status.QOSClass != "" {
		return pod.Status.QOSClass == v1.PodQOSBestEffort
	}
	asks := func(lists ...v1.ResourceList) bool {
		for _, l := range lists {
			for name, q := range l {
				if (name == v1.ResourceCPU || name == v1.ResourceMemory) && q.Sign() > 0 {
					return true
				}
			}
		}
		return false
	}
	if r := pod.Spec.Resources; r != nil && asks(r.Requests, r.Limits) {
		return false
	}
	for _, list := range [][]v1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			if asks(list[i].Resources.Requests, list[i].Resources.Limits) {
				return false
			}
		}
	}
	return true
}

// looksAbroad says whether the pod's affinity is about pods of other namespaces.
func looksAbroad(pod *v1.Pod) bool {
	if pod.Spec.Affinity == nil {
		return false
	}
	var terms []v1.PodAffinityTerm
	add := func(required []v1.PodAffinityTerm, preferred []v1.WeightedPodAffinityTerm) {
		terms = append(terms, required...)
		for _, w := range preferred {
			terms = append(terms, w.PodAffinityTerm)
		}
	}
	if a := pod.Spec.Affinity.PodAffinity; a != nil {
		add(a.RequiredDuringSchedulingIgnoredDuringExecution, a.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a := pod.Spec.Affinity.PodAntiAffinity; a != nil {
		add(a.RequiredDuringSchedulingIgnoredDuringExecution, a.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return slices.ContainsFunc(terms, func(t v1.PodAffinityTerm) bool { return len(t.Namespaces) > 0 || t.NamespaceSelector != nil })
}
