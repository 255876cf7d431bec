package describe

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// podRequests is what a pod asks of its node: its containers together, or its init containers where they need more,
// restartable ones counted with both; pod-level amounts replace the sums; overhead comes on top. useStatus takes what
// the kubelet has granted into account.
func podRequests(o *corev1.Pod, useStatus bool) corev1.ResourceList {
	total := effective(o, func(c *corev1.Container, s *corev1.ContainerStatus) corev1.ResourceList {
		if !useStatus || s == nil || s.Resources == nil {
			return c.Resources.Requests
		}
		if resizeInfeasible(o) {
			return most(s.Resources.Requests, s.AllocatedResources)
		}
		return most(c.Resources.Requests, s.Resources.Requests, s.AllocatedResources)
	})
	if o.Spec.Resources != nil {
		replaceByPodLevel(total, o.Spec.Resources.Requests)
	}
	add(total, o.Spec.Overhead)
	return total
}

// podLimits is podRequests for limits; overhead is added only to what is limited.
func podLimits(o *corev1.Pod, useStatus bool) corev1.ResourceList {
	total := effective(o, func(c *corev1.Container, s *corev1.ContainerStatus) corev1.ResourceList {
		if !useStatus || s == nil || s.Resources == nil {
			return c.Resources.Limits
		}
		if resizeInfeasible(o) {
			return s.Resources.Limits
		}
		return most(c.Resources.Limits, s.Resources.Limits)
	})
	if o.Spec.Resources != nil {
		replaceByPodLevel(total, o.Spec.Resources.Limits)
	}
	for name, q := range o.Spec.Overhead {
		if value, ok := total[name]; ok && !value.IsZero() {
			value.Add(q)
			total[name] = value
		}
	}
	return total
}

func effective(o *corev1.Pod, of func(*corev1.Container, *corev1.ContainerStatus) corev1.ResourceList) corev1.ResourceList {
	total, restartable, initial := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for i := range o.Spec.Containers {
		add(total, of(&o.Spec.Containers[i], statusOf(o.Spec.Containers[i].Name, o.Status.ContainerStatuses, o.Status.InitContainerStatuses)))
	}
	for i := range o.Spec.InitContainers {
		c := &o.Spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			need := of(c, statusOf(c.Name, o.Status.InitContainerStatuses, o.Status.ContainerStatuses))
			add(total, need)
			add(restartable, need)
			raise(initial, restartable)
			continue
		}
		need := corev1.ResourceList{}
		add(need, of(c, nil))
		add(need, restartable)
		raise(initial, need)
	}
	raise(total, initial)
	return total
}

func statusOf(name string, lists ...[]corev1.ContainerStatus) *corev1.ContainerStatus {
	for _, list := range lists {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

func resizeInfeasible(o *corev1.Pod) bool {
	for _, c := range o.Status.Conditions {
		if c.Type == corev1.PodResizePending {
			return c.Reason == corev1.PodReasonInfeasible
		}
	}
	return false
}

func replaceByPodLevel(total, list corev1.ResourceList) {
	for name, q := range list {
		if name == corev1.ResourceCPU || name == corev1.ResourceMemory || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix) {
			total[name] = q
		}
	}
}

func add(total, list corev1.ResourceList) {
	for name, q := range list {
		sum := q.DeepCopy()
		if value, ok := total[name]; ok {
			sum = value.DeepCopy()
			sum.Add(q)
		}
		total[name] = sum
	}
}

// raise lifts each amount of total to that of list, where list has more.
func raise(total, list corev1.ResourceList) {
	for name, q := range list {
		if value, ok := total[name]; !ok || q.Cmp(value) > 0 {
			total[name] = q.DeepCopy()
		}
	}
}

func most(lists ...corev1.ResourceList) corev1.ResourceList {
	total := corev1.ResourceList{}
	for _, list := range lists {
		raise(total, list)
	}
	return total
}

// qosClass is the pod's class of service as its status says, or as its resources make it.
func qosClass(o *corev1.Pod) corev1.PodQOSClass {
	if o.Status.QOSClass != "" {
		return o.Status.QOSClass
	}
	all := []*corev1.ResourceRequirements{}
	if o.Spec.Resources != nil {
		all = append(all, o.Spec.Resources)
	} else {
		for i := range o.Spec.Containers {
			all = append(all, &o.Spec.Containers[i].Resources)
		}
		for i := range o.Spec.InitContainers {
			all = append(all, &o.Spec.InitContainers[i].Resources)
		}
	}
	requests, limits, guaranteed := corev1.ResourceList{}, corev1.ResourceList{}, true
	for _, r := range all {
		add(requests, computeOf(r.Requests))
		own := computeOf(r.Limits)
		add(limits, own)
		guaranteed = guaranteed && len(own) == 2
	}
	if len(requests)+len(limits) == 0 {
		return corev1.PodQOSBestEffort
	}
	for name, q := range requests {
		limit, ok := limits[name]
		guaranteed = guaranteed && ok && limit.Cmp(q) == 0
	}
	if guaranteed && len(requests) == len(limits) {
		return corev1.PodQOSGuaranteed
	}
	return corev1.PodQOSBurstable
}

// computeOf is what of list is CPU or memory, and more than none.
func computeOf(list corev1.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if q, ok := list[name]; ok && q.Sign() > 0 {
			out[name] = q
		}
	}
	return out
}
