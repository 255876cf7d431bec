package kubelet

import (
	"sort"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Why a container waits that nothing is known of yet.
const (
	containerCreating = "ContainerCreating"
	podInitializing   = "PodInitializing"
	statusUnknown     = "ContainerStatusUnknown"
)

// containerStatuses fills in the statuses of all containers.
func (k *Kubelet) containerStatuses(s *corev1.PodStatus, pod *corev1.Pod, seen *podStatus, old *corev1.PodStatus) {
	var ephemeral []corev1.Container
	for _, c := range pod.Spec.EphemeralContainers {
		ephemeral = append(ephemeral, corev1.Container(c.EphemeralContainerCommon))
	}
	s.ContainerStatuses = k.statusesOf(pod, seen, pod.Spec.Containers, old.ContainerStatuses, false)
	s.InitContainerStatuses = k.statusesOf(pod, seen, pod.Spec.InitContainers, old.InitContainerStatuses, true)
	s.EphemeralContainerStatuses = k.statusesOf(pod, seen, ephemeral, old.EphemeralContainerStatuses, false)
	sort.SliceStable(s.ContainerStatuses, func(i, j int) bool { return s.ContainerStatuses[i].Name < s.ContainerStatuses[j].Name })
	sort.SliceStable(s.EphemeralContainerStatuses, func(i, j int) bool {
		return s.EphemeralContainerStatuses[i].Name < s.EphemeralContainerStatuses[j].Name
	})
}

func (k *Kubelet) statusesOf(pod *corev1.Pod, seen *podStatus, list []corev1.Container, old []corev1.ContainerStatus, initial bool) []corev1.ContainerStatus {
	out := make([]corev1.ContainerStatus, 0, len(list))
	for i := range list {
		c := &list[i]
		var before *corev1.ContainerStatus
		for j := range old {
			if old[j].Name == c.Name {
				before = &old[j]
			}
		}
		s := k.statusOf(pod, seen, c, before)
		k.showWaiting(&s, pod, seen, c, initial)
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// statusOf is a container's status from what was seen of it; before, which may be nil, is the one before.
func (k *Kubelet) statusOf(pod *corev1.Pod, seen *podStatus, c *corev1.Container, before *corev1.ContainerStatus) corev1.ContainerStatus {
	var runs []*containerStatus
	for i := range seen.containers {
		if seen.containers[i].name == c.Name && len(runs) < 2 {
			runs = append(runs, &seen.containers[i])
		}
	}
	if len(runs) == 0 {
		return unseenStatus(pod, c, before)
	}
	s := k.convert(pod, c, runs[0], before)
	if len(runs) > 1 {
		s.LastTerminationState = k.convert(pod, c, runs[1], nil).State
	}
	return s
}

// unseenStatus is the status of a container that the runtime does not have.
func unseenStatus(pod *corev1.Pod, c *corev1.Container, before *corev1.ContainerStatus) corev1.ContainerStatus {
	wait := containerCreating
	if len(pod.Spec.InitContainers) > 0 {
		wait = podInitializing
	}
	s := corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, VolumeMounts: mountStatuses(c),
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: wait}},
	}
	if before == nil {
		return s
	}
	if before.State.Terminated != nil {
		return *before.DeepCopy()
	}
	s.RestartCount, s.LastTerminationState = before.RestartCount, before.LastTerminationState
	if before.State.Running != nil && s.LastTerminationState.Terminated == nil {
		s.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
			Reason: statusUnknown, ExitCode: 137,
			Message: "The container could not be located when the pod was deleted.  The container used to be Running",
		}
		if pod.DeletionTimestamp == nil {
			s.RestartCount++
		}
	}
	return s
}

// convert puts one run of a container into the API's words.
func (k *Kubelet) convert(pod *corev1.Pod, c *corev1.Container, run *containerStatus, before *corev1.ContainerStatus) corev1.ContainerStatus {
	id := string(k.Runtime) + "://" + run.id
	given := k.allocation(pod, c)
	s := corev1.ContainerStatus{
		Name: c.Name, RestartCount: int32(run.restarts), Image: run.image, ImageID: run.imageID, ContainerID: id,
		VolumeMounts: mountStatuses(c), Resources: run.resources.DeepCopy(), AllocatedResources: given.Requests.DeepCopy(),
	}
	if run.user != nil {
		s.User = &corev1.ContainerUser{Linux: run.user.DeepCopy()}
	}
	if before != nil {
		s.RestartCount = max(s.RestartCount, before.RestartCount)
		switch {
		case before.ContainerID != id && before.State.Terminated != nil:
			s.LastTerminationState.Terminated = before.State.Terminated
		case before.LastTerminationState.Terminated != nil:
			s.LastTerminationState.Terminated = before.LastTerminationState.Terminated
		}
	}
	switch run.state {
	case stateRunning:
		s.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(run.started)}
	case stateExited:
		s.State.Terminated = &corev1.ContainerStateTerminated{
			ExitCode: run.exitCode, Reason: run.reason, Message: run.message, ContainerID: id,
			StartedAt: metav1.NewTime(run.started), FinishedAt: metav1.NewTime(run.finished),
		}
	default:
		s.State.Waiting = &corev1.ContainerStateWaiting{}
	}
	return s
}

// showWaiting shows a container that is to be started, and could not be, as waiting.
func (k *Kubelet) showWaiting(s *corev1.ContainerStatus, pod *corev1.Pod, seen *podStatus, c *corev1.Container, initial bool) {
	if run := seen.find(c.Name); initial {
		if run != nil && run.state == stateExited && run.exitCode == 0 && !isSidecar(c) {
			return
		}
		if run == nil && anyCreated(pod, seen) && !isSidecar(c) && s.State.Waiting != nil {
			s.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				Reason:  "Completed",
				Message: "Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally",
			}}
			return
		}
	}
	if !shouldRestart(pod, c, seen) {
		return
	}
	why, ok := k.reasons[reasonKey{pod.UID, c.Name}]
	if !ok {
		return
	}
	if s.State.Terminated != nil {
		s.LastTerminationState = s.State
	}
	s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: why.reason, Message: why.message}}
}

func mountStatuses(c *corev1.Container) []corev1.VolumeMountStatus {
	var out []corev1.VolumeMountStatus
	for _, m := range c.VolumeMounts {
		s := corev1.VolumeMountStatus{Name: m.Name, MountPath: m.MountPath, ReadOnly: m.ReadOnly}
		if m.ReadOnly {
			mode := corev1.RecursiveReadOnlyDisabled
			if r := m.RecursiveReadOnly; r != nil && *r != corev1.RecursiveReadOnlyDisabled {
				mode = corev1.RecursiveReadOnlyEnabled
			}
			s.RecursiveReadOnly = &mode
		}
		out = append(out, s)
	}
	return out
}
