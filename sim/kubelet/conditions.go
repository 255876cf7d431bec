package kubelet

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// conditions fills in the pod's conditions: those of others as they are, then the kubelet's own.
func (k *Kubelet) conditions(s *corev1.PodStatus, pod *corev1.Pod, seen *podStatus, old *corev1.PodStatus) {
	for _, c := range pod.Status.Conditions {
		if !ownCondition(c.Type) {
			s.Conditions = append(s.Conditions, c)
		}
	}
	s.Conditions = append(s.Conditions, k.statuses.resizeConditions(pod.UID)...)
	add := func(c corev1.PodCondition) {
		c.ObservedGeneration = pod.Generation
		s.Conditions = append(s.Conditions, c)
	}
	newSandbox, _ := seen.sandboxChanged()
	add(corev1.PodCondition{Type: corev1.PodReadyToStartContainers, Status: truth(!newSandbox)})
	all := append(append([]corev1.ContainerStatus{}, s.InitContainerStatuses...), s.ContainerStatuses...)
	add(initializedCondition(pod, all, s.Phase))
	containers := containersReady(pod, all, s.Phase)
	add(readyCondition(pod, s.Conditions, containers))
	add(containers)
	add(corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue})
}

func ownCondition(t corev1.PodConditionType) bool {
	switch t {
	case corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled,
		corev1.PodResizePending, corev1.PodResizeInProgress:
		return true
	}
	return false
}

func truth(b bool) corev1.ConditionStatus {
	if b {
		return corev1.ConditionTrue
	}
	return corev1.ConditionFalse
}

func statusNamed(list []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

func initializedCondition(pod *corev1.Pod, statuses []corev1.ContainerStatus, phase corev1.PodPhase) corev1.PodCondition {
	out := corev1.PodCondition{Type: corev1.PodInitialized, Status: corev1.ConditionTrue}
	var unknown, incomplete []string
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		s := statusNamed(statuses, c.Name)
		switch {
		case s == nil:
			unknown = append(unknown, c.Name)
		case isSidecar(c) && (s.Started == nil || !*s.Started), !isSidecar(c) && !s.Ready:
			incomplete = append(incomplete, c.Name)
		}
	}
	if phase == corev1.PodSucceeded && len(unknown) == 0 {
		out.Reason = "PodCompleted"
		return out
	}
	for _, c := range pod.Spec.Containers {
		if s := statusNamed(statuses, c.Name); s != nil && (s.State.Running != nil || s.State.Terminated != nil || s.LastTerminationState.Terminated != nil) {
			return out
		}
	}
	if text := joined("unknown", unknown, "incomplete", incomplete); text != "" {
		out.Status, out.Reason, out.Message = corev1.ConditionFalse, "ContainersNotInitialized", text
	}
	return out
}

func containersReady(pod *corev1.Pod, statuses []corev1.ContainerStatus, phase corev1.PodPhase) corev1.PodCondition {
	out := corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionTrue}
	var unknown, unready []string
	look := func(name string) {
		switch s := statusNamed(statuses, name); {
		case s == nil:
			unknown = append(unknown, name)
		case !s.Ready:
			unready = append(unready, name)
		}
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; isSidecar(c) {
			look(c.Name)
		}
	}
	for _, c := range pod.Spec.Containers {
		look(c.Name)
	}
	switch {
	case phase == corev1.PodSucceeded && len(unknown) == 0:
		out.Status, out.Reason = corev1.ConditionFalse, "PodCompleted"
		return out
	case phase == corev1.PodFailed:
		out.Status, out.Reason = corev1.ConditionFalse, "PodFailed"
		return out
	}
	if text := joined("unknown", unknown, "unready", unready); text != "" {
		out.Status, out.Reason, out.Message = corev1.ConditionFalse, "ContainersNotReady", text
	}
	return out
}

func joined(one string, ones []string, other string, others []string) string {
	var parts []string
	if len(ones) > 0 {
		parts = append(parts, fmt.Sprintf("containers with %s status: %s", one, ones))
	}
	if len(others) > 0 {
		parts = append(parts, fmt.Sprintf("containers with %s status: %s", other, others))
	}
	return strings.Join(parts, ", ")
}

// readyCondition is that of the containers and of the pod's readiness gates.
func readyCondition(pod *corev1.Pod, conditions []corev1.PodCondition, containers corev1.PodCondition) corev1.PodCondition {
	out := corev1.PodCondition{Type: corev1.PodReady, Status: containers.Status, Reason: containers.Reason, Message: containers.Message}
	if out.Status != corev1.ConditionTrue {
		return out
	}
	var texts []string
	for _, gate := range pod.Spec.ReadinessGates {
		c := conditionOf(conditions, gate.ConditionType)
		if c == nil {
			texts = append(texts, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", string(gate.ConditionType)))
		} else if c.Status != corev1.ConditionTrue {
			texts = append(texts, fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %v", string(gate.ConditionType), c.Status))
		}
	}
	if len(texts) > 0 {
		out.Status, out.Reason, out.Message = corev1.ConditionFalse, "ReadinessGatesNotReady", strings.Join(texts, ", ")
	}
	return out
}

func conditionOf(list []corev1.PodCondition, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range list {
		if list[i].Type == t {
			return &list[i]
		}
	}
	return nil
}
