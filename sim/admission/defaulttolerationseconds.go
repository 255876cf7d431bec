package admission

import v1 "k8s.io/api/core/v1"

// DefaultTolerationSeconds lets pods stay for five minutes on a node that is not ready or cannot be reached.
type DefaultTolerationSeconds struct{ admits }

// Name implements Plugin.
func (DefaultTolerationSeconds) Name() string { return "DefaultTolerationSeconds" }

// Admit implements Plugin.
func (DefaultTolerationSeconds) Admit(a *Attributes) error {
	pod, ok := a.Object.(*v1.Pod)
	if !ok || !a.is("", "pods", "") {
		return nil
	}
	given := pod.Spec.Tolerations
	for _, key := range []string{v1.TaintNodeNotReady, v1.TaintNodeUnreachable} {
		if toleratesNoExecute(given, key) {
			continue
		}
		seconds := int64(300)
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, v1.Toleration{
			Key: key, Operator: v1.TolerationOpExists, Effect: v1.TaintEffectNoExecute, TolerationSeconds: &seconds,
		})
	}
	return nil
}

func toleratesNoExecute(tolerations []v1.Toleration, key string) bool {
	for _, t := range tolerations {
		if (t.Key == key || t.Key == "") && (t.Effect == v1.TaintEffectNoExecute || t.Effect == "") {
			return true
		}
	}
	return false
}
