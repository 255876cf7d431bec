package resources

import (
	"fmt"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
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

const (
	systemPriorityPrefix = "system-"
	maxUserPriority      = 1000000000
)

func validatePriorityClass(c *schedulingv1.PriorityClass) field.ErrorList {
	var p problems
	if strings.HasPrefix(c.Name, systemPriorityPrefix) {
		if why := systemPriorityError(c); why != "" {
			p.forbidden(field.NewPath("metadata", "name"), "priority class names with '"+systemPriorityPrefix+"' prefix are reserved for system use only. error: "+why)
		}
	} else if c.Value > maxUserPriority {
		p.forbidden(field.NewPath("value"), fmt.Sprintf("maximum allowed value of a user defined priority is %v", maxUserPriority))
	}
	if c.PreemptionPolicy != nil {
		oneOfRequired(&p, field.NewPath("preemptionPolicy"), *c.PreemptionPolicy, v1.PreemptLowerPriority, v1.PreemptNever)
	}
	return p.list()
}

// systemPriorityError compares with the two classes that every cluster has.
func systemPriorityError(c *schedulingv1.PriorityClass) string {
	known := map[string]int32{"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}
	value, found := known[c.Name]
	switch {
	case !found:
		return fmt.Sprintf("%v is not a known system priority class", c.Name)
	case value != c.Value:
		return fmt.Sprintf("value of %v PriorityClass must be %v", c.Name, value)
	case c.GlobalDefault:
		return fmt.Sprintf("globalDefault of %v PriorityClass must be %v", c.Name, false)
	}
	return ""
}

func validatePriorityClassUpdate(c, old *schedulingv1.PriorityClass) field.ErrorList {
	var p problems
	if c.Value != old.Value {
		p.forbidden(field.NewPath("value"), "may not be changed in an update.")
	}
	validateSame(&p, field.NewPath("preemptionPolicy"), c.PreemptionPolicy, old.PreemptionPolicy)
	return p.list()
}
