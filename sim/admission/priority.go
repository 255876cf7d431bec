package admission

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/api"
)

// Priority turns the name of a pod's priority class into a number.
type Priority struct{}

// Name implements Plugin.
func (Priority) Name() string { return "Priority" }

// Admit implements Plugin.
func (Priority) Admit(a *Attributes) error {
	pod, ok := a.Object.(*v1.Pod)
	if !ok || !a.is("", "pods", "") {
		return nil
	}
	if a.Operation == Update {
		keepPriority(pod, a.Old.(*v1.Pod))
		return nil
	}
	class, err := priorityClass(a, pod.Spec.PriorityClassName)
	if err != nil {
		return err
	}
	if pod.Spec.Priority != nil && *pod.Spec.Priority != class.Value {
		return forbidden(a, fmt.Errorf("the integer value of priority (%d) must not be provided in pod spec; priority admission controller computed %d from the given PriorityClass name", *pod.Spec.Priority, class.Value))
	}
	pod.Spec.PriorityClassName = class.Name
	pod.Spec.Priority = &class.Value
	if class.PreemptionPolicy == nil {
		return nil
	}
	if p := pod.Spec.PreemptionPolicy; p != nil && *p != *class.PreemptionPolicy {
		return forbidden(a, fmt.Errorf("the string value of PreemptionPolicy (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name", *p, *class.PreemptionPolicy))
	}
	pod.Spec.PreemptionPolicy = class.PreemptionPolicy
	return nil
}

func keepPriority(pod, old *v1.Pod) {
	if pod.Spec.Priority == nil {
		pod.Spec.Priority = old.Spec.Priority
	}
	if pod.Spec.PreemptionPolicy == nil {
		pod.Spec.PreemptionPolicy = old.Spec.PreemptionPolicy
	}
}

// priorityClass is a copy of the named class; without a name the default one, or what stands for it where there is none.
func priorityClass(a *Attributes, name string) (*schedulingv1.PriorityClass, error) {
	if name == "" {
		class, err := defaultPriorityClass(a)
		if err != nil {
			return nil, fmt.Errorf("error occurred while retrieving default priority class: %w", err)
		}
		if class == nil {
			policy := v1.PreemptLowerPriority
			class = &schedulingv1.PriorityClass{PreemptionPolicy: &policy}
		}
		return class.DeepCopy(), nil
	}
	class, err := api.Get[schedulingv1.PriorityClass](a.Client, "", name)
	if errors.IsNotFound(err) {
		return nil, forbidden(a, fmt.Errorf("no PriorityClass with name %v was found", name))
	}
	if err != nil {
		return nil, fmt.Errorf("failed to resolve PriorityClass with name %s: %w", name, err)
	}
	return class.DeepCopy(), nil
}

func defaultPriorityClass(a *Attributes) (*schedulingv1.PriorityClass, error) {
	classes, err := list[schedulingv1.PriorityClass](a, "")
	if err != nil {
		return nil, err
	}
	var lowest *schedulingv1.PriorityClass
	for _, c := range classes {
		if c.GlobalDefault && (lowest == nil || c.Value < lowest.Value) {
			lowest = c
		}
	}
	return lowest, nil
}

// Validate implements Plugin.
func (Priority) Validate(a *Attributes) error {
	class, ok := a.Object.(*schedulingv1.PriorityClass)
	if !ok || !a.is("scheduling.k8s.io", "priorityclasses", "") || !class.GlobalDefault {
		return nil
	}
	other, err := defaultPriorityClass(a)
	if err != nil {
		return fmt.Errorf("failed to get default priority class: %v", err)
	}
	if other != nil && (a.Operation == Create || other.Name != class.Name) {
		return forbidden(a, fmt.Errorf("PriorityClass %v is already marked as default. Only one default can exist", other.Name))
	}
	return nil
}
