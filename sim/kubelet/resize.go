package kubelet

import (
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/requests"
)

// resizeTime is what it takes the runtime to change the resources of a running container.
const resizeTime = 40 * time.Millisecond

// resized looks at a pod whose spec has changed: where that is its resources, and the node has them, they are given to its
// containers; else the pod waits for them.
func (k *Kubelet) resized(before, pod *corev1.Pod) {
	same := true
	for i := range pod.Spec.Containers {
		if i < len(before.Spec.Containers) && !equality.Semantic.DeepEqual(before.Spec.Containers[i].Resources, pod.Spec.Containers[i].Resources) {
			same = false
		}
	}
	if same || isTerminal(pod.Status.Phase) {
		return
	}
	if k.allocated[pod.UID] == nil {
		k.allocate(before)
	}
	if why, message := k.resizeRefused(pod); why != "" {
		k.statuses.setResize(pod, &corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: why, Message: message})
		k.event(aboutPod(pod), corev1.EventTypeWarning, "Resize"+why, resizeText(pod, "Pod resize "+why, message))
		return
	}
	k.allocate(pod)
	k.resizing[pod.UID] = true
	k.statuses.setResize(pod, &corev1.PodCondition{Type: corev1.PodResizeInProgress, Status: corev1.ConditionTrue})
	k.event(aboutPod(pod), corev1.EventTypeNormal, "ResizeStarted", resizeText(pod, "Pod resize started", ""))
}

// allocate notes what the containers of a pod are given.
func (k *Kubelet) allocate(pod *corev1.Pod) {
	a := map[string]corev1.ResourceRequirements{}
	for _, c := range pod.Spec.Containers {
		a[c.Name] = *c.Resources.DeepCopy()
	}
	k.allocated[pod.UID] = a
}

// resizeRefused says why the node cannot give a pod what it asks for: never (Infeasible), or not now (Deferred).
func (k *Kubelet) resizeRefused(pod *corev1.Pod) (why, message string) {
	want, have := requests.Pod(pod, nil), k.Node.allocatable()
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if w, h := amount(name, want[name]), amount(name, have[name]); w > h {
			return corev1.PodReasonInfeasible, fmt.Sprintf("Node didn't have enough capacity: %s, requested: %d, capacity: %d", name, w, h)
		}
	}
	var others []*corev1.Pod
	for _, p := range k.active() {
		if p.UID != pod.UID {
			others = append(others, p)
		}
	}
	if _, message := k.lacks(pod, others); message != "" {
		return corev1.PodReasonDeferred, message
	}
	return "", ""
}

// resizeActuated gives the containers of a pod the resources that they have been allocated, after a sync.
func (k *Kubelet) resizeActuated(pod *corev1.Pod) {
	if !k.resizing[pod.UID] {
		return
	}
	k.Clock.After(resizeTime, func() {
		if !k.resizing[pod.UID] {
			return
		}
		delete(k.resizing, pod.UID)
		for _, c := range k.running(pod.UID) {
			if r, ok := k.allocated[pod.UID][c.name]; ok {
				c.resources = *r.DeepCopy()
			}
		}
		now := k.pods[pod.UID]
		if now == nil {
			return
		}
		k.statuses.setResize(now, nil)
		k.event(aboutPod(now), corev1.EventTypeNormal, "ResizeCompleted", resizeText(now, "Pod resize completed", ""))
		k.pleg.refresh(pod.UID)
	})
}

// resizeRestarts reports that a container's resources have changed in a way that its resize policy answers with a restart.
func (k *Kubelet) resizeRestarts(pod *corev1.Pod, c *corev1.Container, s *containerStatus) bool {
	a, ok := k.allocated[pod.UID][c.Name]
	if !ok {
		return false
	}
	for _, p := range c.ResizePolicy {
		if p.RestartPolicy != corev1.RestartContainer {
			continue
		}
		for _, lists := range [][2]corev1.ResourceList{{a.Requests, s.resources.Requests}, {a.Limits, s.resources.Limits}} {
			x, y := lists[0][p.ResourceName], lists[1][p.ResourceName]
			if x.Cmp(y) != 0 {
				return true
			}
		}
	}
	return false
}

// allocation is what a container is given, which is what it asks for unless a resize waits.
func (k *Kubelet) allocation(pod *corev1.Pod, c *corev1.Container) corev1.ResourceRequirements {
	if a, ok := k.allocated[pod.UID][c.Name]; ok {
		return a
	}
	return c.Resources
}

func resizeText(pod *corev1.Pod, what, problem string) string {
	type allocation struct {
		Name      string                      `json:"name"`
		Resources corev1.ResourceRequirements `json:"resources,omitempty"`
	}
	summary := struct {
		InitContainers []allocation `json:"initContainers,omitempty"`
		Containers     []allocation `json:"containers,omitempty"`
		Generation     int64        `json:"generation"`
		Error          string       `json:"error,omitempty"`
	}{Generation: pod.Generation, Error: problem}
	for _, c := range pod.Spec.InitContainers {
		summary.InitContainers = append(summary.InitContainers, allocation{c.Name, c.Resources})
	}
	for _, c := range pod.Spec.Containers {
		summary.Containers = append(summary.Containers, allocation{c.Name, c.Resources})
	}
	text, err := json.Marshal(summary)
	if err != nil {
		return what
	}
	return what + ": " + string(text)
}

// setResize replaces the pod's condition about a resize; nil takes it away.
func (m *statusManager) setResize(pod *corev1.Pod, c *corev1.PodCondition) {
	e := m.entries[pod.UID]
	if e == nil {
		return
	}
	e.resize = nil
	if c != nil {
		c.ObservedGeneration = pod.Generation
		c.LastTransitionTime = metav1.NewTime(m.k.Clock.Now()).Rfc3339Copy()
		e.resize = []corev1.PodCondition{*c}
	}
}
