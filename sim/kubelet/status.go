package kubelet

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"terrarium/sim/requests"
)

// makeStatus says what the pod's status is, from what was last seen of it and the status before. over says that no
// container will run any more.
func (k *Kubelet) makeStatus(pod *corev1.Pod, seen *podStatus, over bool) corev1.PodStatus {
	old := pod.Status
	if s, ok := k.statuses.get(pod.UID); ok {
		old = s
	}
	s := corev1.PodStatus{QOSClass: qosOf(pod)}
	for _, ip := range seen.ips {
		s.PodIPs = append(s.PodIPs, corev1.PodIP{IP: ip})
	}
	if len(s.PodIPs) > 0 {
		s.PodIP = s.PodIPs[0].IP
	}
	k.containerStatuses(&s, pod, seen, &old)
	s.Resources = podResources(pod)
	s.AllocatedResources = requests.Pod(pod, nil)
	if len(s.AllocatedResources) == 0 {
		s.AllocatedResources = nil
	}
	all := append(append([]corev1.ContainerStatus{}, s.ContainerStatuses...), s.InitContainerStatuses...)
	s.Phase = phaseOf(pod, all, over, anyStarted(pod, seen))
	keepTerminal(&s, &old, pod)
	k.deadline(pod, &s, &old)
	k.probes.updateStatus(pod, &s)
	k.conditions(&s, pod, seen, &old)
	k.addresses(&s, pod)
	return s
}

// keepTerminal sees to it that a pod which has ended stays ended, with the reason for which it did.
func keepTerminal(s, old *corev1.PodStatus, pod *corev1.Pod) {
	for _, before := range []corev1.PodPhase{old.Phase, pod.Status.Phase} {
		if isTerminal(before) && !isTerminal(s.Phase) {
			s.Phase = before
		}
	}
	if isTerminal(pod.Status.Phase) {
		s.Phase = pod.Status.Phase
	}
	if s.Phase == old.Phase {
		s.Reason, s.Message = old.Reason, old.Message
		if s.Reason == "" {
			s.Reason = pod.Status.Reason
		}
		if s.Message == "" {
			s.Message = pod.Status.Message
		}
	}
}

func (k *Kubelet) addresses(s *corev1.PodStatus, pod *corev1.Pod) {
	s.HostIP = k.Node.Address
	s.HostIPs = []corev1.HostIP{{IP: s.HostIP}}
	if pod.Spec.HostNetwork && s.PodIP == "" {
		s.PodIP = s.HostIP
		s.PodIPs = []corev1.PodIP{{IP: s.PodIP}}
	}
}

// podResources is the pod's resources as a whole: its own where it names any, else the sum of its containers'.
func podResources(pod *corev1.Pod) *corev1.ResourceRequirements {
	out := &corev1.ResourceRequirements{}
	if pod.Spec.Resources != nil {
		return pod.Spec.Resources.DeepCopy()
	}
	only := func(list corev1.ResourceList) corev1.ResourceList {
		for name := range list {
			if name != corev1.ResourceCPU && name != corev1.ResourceMemory {
				delete(list, name)
			}
		}
		if len(list) == 0 {
			return nil
		}
		return list
	}
	out.Requests = only(requests.Pod(pod, nil))
	out.Limits = only(requests.Limits(pod))
	return out
}

// qosOf is the class that decides whom a full node throws out first.
func qosOf(pod *corev1.Pod) corev1.PodQOSClass {
	if pod.Status.QOSClass != "" {
		return pod.Status.QOSClass
	}
	some, guaranteed := false, true
	sum := func(list corev1.ResourceList, name corev1.ResourceName) resource.Quantity { return list[name] }
	all := append(append([]corev1.Container{}, pod.Spec.Containers...), pod.Spec.InitContainers...)
	for _, c := range all {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			request, limit := sum(c.Resources.Requests, name), sum(c.Resources.Limits, name)
			if !request.IsZero() || !limit.IsZero() {
				some = true
			}
			if limit.IsZero() || !request.IsZero() && request.Cmp(limit) != 0 {
				guaranteed = false
			}
		}
	}
	switch {
	case !some:
		return corev1.PodQOSBestEffort
	case guaranteed:
		return corev1.PodQOSGuaranteed
	}
	return corev1.PodQOSBurstable
}

func anyStarted(pod *corev1.Pod, seen *podStatus) bool {
	for _, c := range pod.Spec.Containers {
		if s := seen.find(c.Name); s != nil && s.state == stateRunning {
			return true
		}
	}
	return false
}
