package kubelet

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"terrarium/sim/api"
	"terrarium/sim/requests"
)

// admit reports whether the node can take a pod, with the reason and message of its failure where it cannot. The scheduler
// has seen to that, unless somebody has put the pod on the node by hand.
func (k *Kubelet) admit(pod *corev1.Pod) (why, message string, ok bool) {
	if os := pod.Spec.OS; os != nil && os.Name != corev1.Linux {
		return "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS", false
	}
	var others []*corev1.Pod
	for _, p := range k.active() {
		if p.UID != pod.UID {
			others = append(others, p)
		}
	}
	if why, message := k.lacks(pod, others); why != "" {
		return why, message, false
	}
	node, err := api.Get[corev1.Node](k.Client, "", k.Node.Name)
	if err != nil {
		return "InvalidNodeInfo", "Kubelet cannot get node info.", false
	}
	failed := func(predicate, text string) (string, string, bool) {
		return predicate, fmt.Sprintf("Predicate %s failed: %s", predicate, text), false
	}
	switch {
	case !selects(pod, node):
		return failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
	case portsTaken(pod, others):
		return failed("NodePorts", "node(s) didn't have free ports for the requested pod ports")
	case !isMirror(pod) && !toleratesNode(pod, node):
		return failed("TaintToleration", "node(s) had taints that the pod didn't tolerate")
	}
	return "", "", true
}

// lacks says which resource the node has too little of.
func (k *Kubelet) lacks(pod *corev1.Pod, others []*corev1.Pod) (why, message string) {
	used := corev1.ResourceList{}
	for _, p := range others {
		for name, q := range requests.Pod(p, nil) {
			sum := used[name]
			sum.Add(q)
			used[name] = sum
		}
	}
	have, want := k.Node.allocatable(), requests.Pod(pod, nil)
	if most, n := have[corev1.ResourcePods], int64(len(others)); n+1 > most.Value() {
		return "OutOfpods", insufficient(corev1.ResourcePods, 1, n, most.Value())
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		w, u, h := amount(name, want[name]), amount(name, used[name]), amount(name, have[name])
		if w > 0 && w > h-u {
			return "OutOf" + string(name), insufficient(name, w, u, h)
		}
	}
	return "", ""
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

// selects reports whether the pod's node selector and required affinity take the node.
func selects(pod *corev1.Pod, node *corev1.Node) bool {
	for key, v := range pod.Spec.NodeSelector {
		if node.Labels[key] != v {
			return false
		}
	}
	a := pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return true
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		if len(term.MatchExpressions)+len(term.MatchFields) > 0 && termSelects(term, node) {
			return true
		}
	}
	return false
}

func termSelects(term corev1.NodeSelectorTerm, node *corev1.Node) bool {
	for _, r := range term.MatchExpressions {
		value, there := node.Labels[r.Key]
		if !meets(r, value, there) {
			return false
		}
	}
	for _, r := range term.MatchFields {
		if !meets(r, node.Name, true) {
			return false
		}
	}
	return true
}

func meets(r corev1.NodeSelectorRequirement, value string, there bool) bool {
	in := false
	for _, v := range r.Values {
		in = in || there && v == value
	}
	switch r.Operator {
	case corev1.NodeSelectorOpIn:
		return in
	case corev1.NodeSelectorOpNotIn:
		return !in
	case corev1.NodeSelectorOpExists:
		return there
	case corev1.NodeSelectorOpDoesNotExist:
		return !there
	}
	a, err := strconv.ParseInt(value, 10, 64)
	if err != nil || len(r.Values) != 1 {
		return false
	}
	b, err := strconv.ParseInt(r.Values[0], 10, 64)
	if err != nil {
		return false
	}
	return r.Operator == corev1.NodeSelectorOpGt && a > b || r.Operator == corev1.NodeSelectorOpLt && a < b
}

// portsTaken reports whether another pod has one of the host ports that the pod wants.
func portsTaken(pod *corev1.Pod, others []*corev1.Pod) bool {
	type port struct {
		number   int32
		protocol corev1.Protocol
	}
	taken := map[port]bool{}
	each := func(p *corev1.Pod, f func(port)) {
		for _, c := range p.Spec.Containers {
			for _, cp := range c.Ports {
				if cp.HostPort > 0 {
					f(port{cp.HostPort, cp.Protocol})
				}
			}
		}
	}
	for _, p := range others {
		each(p, func(x port) { taken[x] = true })
	}
	clash := false
	each(pod, func(x port) { clash = clash || taken[x] })
	return clash
}

// toleratesNode reports whether the pod may stay in spite of the node's NoExecute taints.
func toleratesNode(pod *corev1.Pod, node *corev1.Node) bool {
	for i := range node.Spec.Taints {
		taint := &node.Spec.Taints[i]
		if taint.Effect != corev1.TaintEffectNoExecute {
			continue
		}
		tolerated := false
		for _, t := range pod.Spec.Tolerations {
			tolerated = tolerated || (t.Effect == "" || t.Effect == taint.Effect) && (t.Key == "" || t.Key == taint.Key) &&
				(t.Operator == corev1.TolerationOpExists || t.Value == taint.Value)
		}
		if !tolerated {
			return false
		}
	}
	return true
}
