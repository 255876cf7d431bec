package resources

import (
	"time"

	v1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
)

func priorityClasses() *Resource {
	return of(&Resource{
		Group: "scheduling.k8s.io", Version: "v1", Name: "priorityclasses", Singular: "priorityclass", Kind: "PriorityClass", ShortNames: []string{"pc"},
		New: fresh[schedulingv1.PriorityClass], NewList: fresh[schedulingv1.PriorityClassList],
	}, typed[schedulingv1.PriorityClass]{
		Default:        func(p *schedulingv1.PriorityClass) { fillPointer(&p.PreemptionPolicy, v1.PreemptLowerPriority) },
		Changed:        func(_, _ *schedulingv1.PriorityClass) bool { return false },
		Validate:       validatePriorityClass,
		ValidateUpdate: validatePriorityClassUpdate,
		Row: func(p *schedulingv1.PriorityClass, now time.Time) []any {
			return []any{p.Name, int64(p.Value), p.GlobalDefault, age(p.CreationTimestamp, now), string(or(p.PreemptionPolicy, ""))}
		},
	})
}
