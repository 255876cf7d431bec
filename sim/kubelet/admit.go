package kubelet

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"terrarium/sim/requests"
)

// admit reports whether the node can take a pod, with the reason and message of its failure where it cannot. The scheduler
// has seen to that, unless somebody has put the pod on the node by hand.
func (k *Kubelet) admit(pod *corev1.Pod) (why, message string, ok bool) {
	if os := pod.Spec.OS; os != nil && os.Name != corev1.Linux {
		return "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS", false
	}
	used := corev1.ResourceList{}
	pods := int64(0)
	for _, p := range k.active() {
		if p.UID == pod.UID {
			continue
		}
		pods++
		for name, q := range requests.Pod(p, nil) {
			sum := used[name]
			sum.Add(q)
			used[name] = sum
		}
	}
	have := k.Node.allocatable()
	if most := have[corev1.ResourcePods]; pods+1 > most.Value() {
		return "OutOfpods", insufficient(corev1.ResourcePods, 1, pods, most.Value()), false
	}
	want := requests.Pod(pod, nil)
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		w, u, h := amount(name, want[name]), amount(name, used[name]), amount(name, have[name])
		if w > 0 && w > h-u {
			return "OutOf" + string(name), insufficient(name, w, u, h), false
		}
	}
	for key, v := range pod.Spec.NodeSelector {
		if k.newNode().Labels[key] != v && k.nodeLabel(key) != v {
			return "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector", false
		}
	}
	return "", "", true
}

func amount(name corev1.ResourceName, q resource.Quantity) int64 {
	if name == corev1.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}

func insufficient(name corev1.ResourceName, requested, used, capacity int64) string {
	return fmt.Sprintf("Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d", name, requested, used, capacity)
}
