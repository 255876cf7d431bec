package scheduler

import (
	"strconv"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func filterUnschedulable(c *cycle, n *nodeInfo) *refusal {
	if !n.node.Spec.Unschedulable || tolerates(c.pod, unschedulableTaint()) {
		return nil
	}
	return refuse(true, "node(s) were unschedulable")
}

func unschedulableTaint() *v1.Taint {
	return &v1.Taint{Key: v1.TaintNodeUnschedulable, Effect: v1.TaintEffectNoSchedule}
}

func filterTaints(c *cycle, n *nodeInfo) *refusal {
	if toleratesNode(c.pod, n.node) {
		return nil
	}
	return refuse(true, "node(s) had untolerated taint(s)")
}

// toleratesNode says that no taint keeps the pod off the node.
func toleratesNode(pod *v1.Pod, node *v1.Node) bool {
	for i := range node.Spec.Taints {
		taint := &node.Spec.Taints[i]
		if taint.Effect != v1.TaintEffectPreferNoSchedule && !tolerates(pod, taint) {
			return false
		}
	}
	return true
}

func tolerates(pod *v1.Pod, taint *v1.Taint) bool {
	for i := range pod.Spec.Tolerations {
		if toleration(&pod.Spec.Tolerations[i], taint) {
			return true
		}
	}
	return false
}

func toleration(t *v1.Toleration, taint *v1.Taint) bool {
	if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
		return false
	}
	switch t.Operator {
	case "", v1.TolerationOpEqual:
		return t.Value == taint.Value
	case v1.TolerationOpExists:
		return true
	}
	return false
}

func filterNodeAffinity(c *cycle, n *nodeInfo) *refusal {
	if matchesNode(c.pod, n.node) {
		return nil
	}
	return refuse(true, "node(s) didn't match Pod's node affinity/selector")
}

// matchesNode says that the pod's node selector and required node affinity take the node.
func matchesNode(pod *v1.Pod, node *v1.Node) bool {
	for key, value := range pod.Spec.NodeSelector {
		if have, ok := node.Labels[key]; !ok || have != value {
			return false
		}
	}
	required := requiredNodes(pod)
	return required == nil || matchesSelector(required, node)
}

func requiredNodes(pod *v1.Pod) *v1.NodeSelector {
	if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil {
		return a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}

// matchesSelector: one of the terms must match; an empty one matches nothing.
func matchesSelector(selector *v1.NodeSelector, node *v1.Node) bool {
	for i := range selector.NodeSelectorTerms {
		if matchesTerm(&selector.NodeSelectorTerms[i], node) {
			return true
		}
	}
	return false
}

func matchesTerm(term *v1.NodeSelectorTerm, node *v1.Node) bool {
	if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
		return false
	}
	for i := range term.MatchExpressions {
		if !matchesRequirement(&term.MatchExpressions[i], node.Labels) {
			return false
		}
	}
	for i := range term.MatchFields {
		if !matchesRequirement(&term.MatchFields[i], map[string]string{metav1.ObjectNameField: node.Name}) {
			return false
		}
	}
	return true
}

func matchesRequirement(r *v1.NodeSelectorRequirement, values map[string]string) bool {
	have, ok := values[r.Key]
	switch r.Operator {
	case v1.NodeSelectorOpIn:
		return ok && contains(r.Values, have)
	case v1.NodeSelectorOpNotIn:
		return !ok || !contains(r.Values, have)
	case v1.NodeSelectorOpExists:
		return ok
	case v1.NodeSelectorOpDoesNotExist:
		return !ok
	case v1.NodeSelectorOpGt, v1.NodeSelectorOpLt:
		if !ok || len(r.Values) != 1 {
			return false
		}
		left, err := strconv.ParseInt(have, 10, 64)
		right, err2 := strconv.ParseInt(r.Values[0], 10, 64)
		if err != nil || err2 != nil {
			return false
		}
		if r.Operator == v1.NodeSelectorOpGt {
			return left > right
		}
		return left < right
	}
	return false
}

func contains(values []string, v string) bool {
	for _, x := range values {
		if x == v {
			return true
		}
	}
	return false
}

// fieldNames are the nodes that the pod's affinity names by metadata.name; limited is false where one of its terms
// names none.
func fieldNames(pod *v1.Pod) (names []string, limited bool) {
	required := requiredNodes(pod)
	if required == nil || len(required.NodeSelectorTerms) == 0 {
		return nil, false
	}
	for _, term := range required.NodeSelectorTerms {
		var own []string
		first := true
		for _, r := range term.MatchFields {
			if r.Key != metav1.ObjectNameField || r.Operator != v1.NodeSelectorOpIn {
				continue
			}
			if first {
				own, first = r.Values, false
				continue
			}
			own = intersect(own, r.Values)
		}
		if first {
			return nil, false
		}
		names = append(names, own...)
	}
	return names, true
}

func intersect(a, b []string) []string {
	var both []string
	for _, x := range a {
		if contains(b, x) {
			both = append(both, x)
		}
	}
	return both
}

// Fits says whether the pod's node name, selector, affinity and tolerations of NoSchedule and NoExecute taints let it
// be on the node; nodeOnly leaves the taints out.
func Fits(pod *v1.Pod, node *v1.Node, nodeOnly bool) bool {
	if pod.Spec.NodeName != "" && pod.Spec.NodeName != node.Name || !matchesNode(pod, node) {
		return false
	}
	return nodeOnly || toleratesNode(pod, node)
}

// Tolerates says whether one of the pod's tolerations takes the taint.
func Tolerates(pod *v1.Pod, taint *v1.Taint) bool { return tolerates(pod, taint) }
