package kubelet

import corev1 "k8s.io/api/core/v1"

// tally counts what the containers of a pod are doing.
type tally struct {
	pendingInit, pendingSidecars, failedInit          int
	unknown, running, waiting, stopped, final, failed int
}

// phaseOf sums up the statuses of a pod's containers. over says that nothing will run any more; initialized, that a
// regular container has been started.
func phaseOf(pod *corev1.Pod, statuses []corev1.ContainerStatus, over, initialized bool) corev1.PodPhase {
	find := func(name string) *corev1.ContainerStatus {
		for i := range statuses {
			if statuses[i].Name == name {
				return &statuses[i]
			}
		}
		return nil
	}
	var t tally
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; isSidecar(c) {
			t.sidecar(find(c.Name))
		} else {
			t.init(pod, c, find(c.Name))
		}
	}
	for i := range pod.Spec.Containers {
		t.regular(pod, &pod.Spec.Containers[i], find(pod.Spec.Containers[i].Name))
	}
	return t.phase(over, initialized)
}

func (t *tally) init(pod *corev1.Pod, c *corev1.Container, s *corev1.ContainerStatus) {
	var last *corev1.ContainerStateTerminated
	switch {
	case s == nil || s.State.Running != nil:
	case s.State.Terminated != nil:
		last = s.State.Terminated
	case s.State.Waiting != nil:
		last = s.LastTerminationState.Terminated
	}
	switch {
	case last == nil:
		t.pendingInit++
	case last.ExitCode != 0 && !restartsAfter(pod, c, last.ExitCode):
		t.failedInit++
	}
}

func (t *tally) sidecar(s *corev1.ContainerStatus) {
	switch {
	case s == nil:
		t.unknown++
	case s.State.Running != nil:
		if s.Started == nil || !*s.Started {
			t.pendingSidecars++
		}
		t.running++
	case s.State.Terminated != nil:
	case s.State.Waiting != nil:
		if s.LastTerminationState.Terminated == nil {
			t.pendingSidecars++
			t.waiting++
		}
	default:
		t.pendingSidecars++
		t.unknown++
	}
}

func (t *tally) regular(pod *corev1.Pod, c *corev1.Container, s *corev1.ContainerStatus) {
	switch {
	case s == nil:
		t.unknown++
	case s.State.Running != nil:
		t.running++
	case s.State.Terminated != nil:
		t.stopped++
		if !restartsAfter(pod, c, s.State.Terminated.ExitCode) {
			t.final++
		}
		if s.State.Terminated.ExitCode != 0 {
			t.failed++
		}
	case s.State.Waiting != nil:
		last := s.LastTerminationState.Terminated
		if last == nil {
			t.waiting++
			return
		}
		t.stopped++
		t.failed++ // it is about to run again: not a success
		if !restartsAfter(pod, c, last.ExitCode) {
			t.final++
		}
	default:
		t.unknown++
	}
}

func (t *tally) phase(over, initialized bool) corev1.PodPhase {
	ended := corev1.PodSucceeded
	if t.failed > 0 {
		ended = corev1.PodFailed
	}
	switch {
	case t.failedInit > 0:
		return corev1.PodFailed
	case t.pendingInit > 0, t.pendingSidecars > 0 && !initialized, t.waiting > 0:
		return corev1.PodPending
	case t.running > 0 && t.unknown == 0:
		return corev1.PodRunning
	case t.running == 0 && t.stopped > 0 && t.unknown == 0:
		if over || t.stopped == t.final {
			return ended
		}
		return corev1.PodRunning
	}
	return corev1.PodPending
}
