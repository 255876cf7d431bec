package admission

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	v1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/api"
)

// RuntimeClass gives pods the overhead, the node selector and the tolerations of their runtime class.
type RuntimeClass struct{}

// Name implements Plugin.
func (RuntimeClass) Name() string { return "RuntimeClass" }

// Admit implements Plugin.
func (RuntimeClass) Admit(a *Attributes) error {
	pod, class, err := runtimeClass(a)
	if pod == nil || class == nil || err != nil {
		return err
	}
	if class.Overhead != nil {
		if len(pod.Spec.Overhead) > 0 && !equality.Semantic.DeepEqual(class.Overhead.PodFixed, pod.Spec.Overhead) {
			return forbidden(a, errors.New("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"))
		}
		pod.Spec.Overhead = class.Overhead.PodFixed.DeepCopy()
	}
	if class.Scheduling == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(class.Scheduling.NodeSelector)) {
		value := class.Scheduling.NodeSelector[key]
		if has, ok := pod.Spec.NodeSelector[key]; ok && has != value {
			return forbidden(a, fmt.Errorf("conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s", key, value, key, has))
		}
		if pod.Spec.NodeSelector == nil {
			pod.Spec.NodeSelector = map[string]string{}
		}
		pod.Spec.NodeSelector[key] = value
	}
	pod.Spec.Tolerations = mergeTolerations(append(slices.Clone(pod.Spec.Tolerations), class.Scheduling.Tolerations...))
	return nil
}

// mergeTolerations leaves out what another toleration tolerates already; of equal ones the first stays.
func mergeTolerations(all []v1.Toleration) []v1.Toleration {
	var merged []v1.Toleration
	for i, t := range all {
		needless := slices.ContainsFunc(merged, func(o v1.Toleration) bool { return toleratesAll(o, t) }) ||
			slices.ContainsFunc(all[i+1:], func(o v1.Toleration) bool { return !equality.Semantic.DeepEqual(o, t) && toleratesAll(o, t) })
		if !needless {
			merged = append(merged, t)
		}
	}
	return merged
}

// toleratesAll says whether the first toleration tolerates whatever the second does.
func toleratesAll(a, b v1.Toleration) bool {
	if equality.Semantic.DeepEqual(a, b) {
		return true
	}
	if a.Key != b.Key && (a.Key != "" || a.Operator != v1.TolerationOpExists) || a.Effect != b.Effect && a.Effect != "" {
		return false
	}
	if a.Effect == v1.TaintEffectNoExecute && a.TolerationSeconds != nil &&
		(b.TolerationSeconds == nil || *b.TolerationSeconds > *a.TolerationSeconds) {
		return false
	}
	if a.Operator == v1.TolerationOpExists {
		return true
	}
	return (a.Operator == v1.TolerationOpEqual || a.Operator == "") && b.Operator == v1.TolerationOpEqual && a.Value == b.Value
}

// Validate implements Plugin.
func (RuntimeClass) Validate(a *Attributes) error {
	pod, class, err := runtimeClass(a)
	if pod == nil || err != nil {
		return err
	}
	switch {
	case class != nil && class.Overhead != nil:
		if !equality.Semantic.DeepEqual(class.Overhead.PodFixed, pod.Spec.Overhead) {
			return forbidden(a, errors.New("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"))
		}
	case pod.Spec.Overhead != nil:
		return forbidden(a, errors.New("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"))
	}
	return nil
}

// runtimeClass is the pod that is created and the class it names, nil for what there is not.
func runtimeClass(a *Attributes) (*v1.Pod, *nodev1.RuntimeClass, error) {
	pod, ok := a.Object.(*v1.Pod)
	if !ok || !a.is("", "pods", "") || a.Operation != Create {
		return nil, nil, nil
	}
	if pod.Spec.RuntimeClassName == nil {
		return pod, nil, nil
	}
	missing := forbidden(a, fmt.Errorf("pod rejected: RuntimeClass %q not found", *pod.Spec.RuntimeClassName))
	if _, err := a.Client.Door.ResourceFor(reflect.TypeFor[nodev1.RuntimeClass]()); err != nil {
		return pod, nil, missing
	}
	class, err := api.Get[nodev1.RuntimeClass](a.Client, "", *pod.Spec.RuntimeClassName)
	if apierrors.IsNotFound(err) {
		return pod, nil, missing
	}
	return pod, class, err
}
