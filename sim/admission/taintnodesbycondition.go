package admission

import v1 "k8s.io/api/core/v1"

// TaintNodesByCondition keeps pods off a new node until it has said that it is ready.
type TaintNodesByCondition struct{ admits }

// Name implements Plugin.
func (TaintNodesByCondition) Name() string { return "TaintNodesByCondition" }

// Admit implements Plugin.
func (TaintNodesByCondition) Admit(a *Attributes) error {
	node, ok := a.Object.(*v1.Node)
	if !ok || !a.is("", "nodes", "") || a.Operation != Create {
		return nil
	}
	taint := v1.Taint{Key: v1.TaintNodeNotReady, Effect: v1.TaintEffectNoSchedule}
	for _, t := range node.Spec.Taints {
		if t.MatchTaint(&taint) {
			return nil
		}
	}
	node.Spec.Taints = append(node.Spec.Taints, taint)
	return nil
}
