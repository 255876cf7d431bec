package kubelet

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var errNetworkNotReady = errors.New("container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized")

// nodeCondition is a condition that the kubelet answers for, with the reason of the event that tells of it.
type nodeCondition struct {
	corev1.NodeCondition
	event string
}

// nodeConditions are those of the node's new status, given the one that stands: nil before the node is known. What has become
// of a condition is told in an event.
func (k *Kubelet) nodeConditions(old *corev1.NodeStatus) []corev1.NodeCondition {
	ready := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status"}
	readyEvent := "NodeReady"
	if err := k.networkError(); err != nil {
		ready.Status, ready.Reason, ready.Message = corev1.ConditionFalse, "KubeletNotReady", err.Error()
		readyEvent = "NodeNotReady"
	}
	own := []nodeCondition{
		{corev1.NodeCondition{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory", Message: "kubelet has sufficient memory available"}, "NodeHasSufficientMemory"},
		{corev1.NodeCondition{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure", Message: "kubelet has no disk pressure"}, "NodeHasNoDiskPressure"},
		{corev1.NodeCondition{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID", Message: "kubelet has sufficient PID available"}, "NodeHasSufficientPID"},
		{ready, readyEvent},
	}
	before := map[corev1.NodeConditionType]corev1.NodeCondition{}
	var out []corev1.NodeCondition
	if old != nil {
		for _, c := range old.Conditions {
			before[c.Type] = c
		}
		out = foreignConditions(old)
	}
	now := metav1.NewTime(k.Clock.Now()).Rfc3339Copy()
	for _, c := range own {
		c.LastHeartbeatTime, c.LastTransitionTime = now, now
		was, known := before[c.Type]
		switch {
		case known && was.Status == c.Status:
			c.LastTransitionTime = was.LastTransitionTime
		case known || c.Type != corev1.NodeReady: // that a new node is ready is no news
			k.nodeStatusEvent(c.event)
		}
		out = append(out, c.NodeCondition)
	}
	return out
}

// foreignConditions are those that others answer for.
func foreignConditions(old *corev1.NodeStatus) []corev1.NodeCondition {
	var out []corev1.NodeCondition
	for _, c := range old.Conditions {
		switch c.Type {
		case corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure, corev1.NodeReady:
		default:
			out = append(out, c)
		}
	}
	return out
}

// networkError says why pods cannot have an address yet.
func (k *Kubelet) networkError() error {
	if k.Node.NetworkAfter > 0 && k.Clock.Since(k.began) < k.Node.NetworkAfter {
		return errNetworkNotReady
	}
	return nil
}

// networkUp reports at once that the node has become ready.
func (k *Kubelet) networkUp() {
	if !k.stopped {
		k.seenNode = nil
		k.reportNode()
	}
}

func (k *Kubelet) nodeStatusEvent(reason string) {
	k.nodeEvent(reason, "Node "+k.Node.Name+" status is now: "+reason)
}

// nodeEvent tells of the node itself. It names no uid: the kubelet knows its node by name alone.
func (k *Kubelet) nodeEvent(reason, message string) {
	k.event(corev1.ObjectReference{APIVersion: "v1", Kind: "Node", Name: k.Node.Name}, corev1.EventTypeNormal, reason, message)
}
