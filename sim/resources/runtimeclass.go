package resources

import (
	"time"

	v1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func runtimeClasses() *Resource {
	return of(&Resource{
		Group: "node.k8s.io", Version: "v1", Name: "runtimeclasses", Singular: "runtimeclass", Kind: "RuntimeClass", CreateOnUpdate: true, NeedsVersion: true,
		New: fresh[nodev1.RuntimeClass], NewList: fresh[nodev1.RuntimeClassList],
	}, typed[nodev1.RuntimeClass]{
		MetaAgain:     "m|u",
		AnyFinalizers: true,
		Validate: func(c *nodev1.RuntimeClass) field.ErrorList {
			var p problems
			validateRuntimeClass(&p, c)
			return p.list()
		},
		ValidateUpdate: func(c, old *nodev1.RuntimeClass) field.ErrorList {
			var p problems
			validateRuntimeClass(&p, c)
			validateSame(&p, field.NewPath("handler"), c.Handler, old.Handler)
			return p.list()
		},
		Warnings: func(c, _ *nodev1.RuntimeClass) []string {
			var w warnings
			if c.Scheduling == nil {
				return nil
			}
			for _, label := range sorted(c.Scheduling.NodeSelector) {
				if text := deprecatedNodeLabel(label); text != "" {
					w.say(field.NewPath("scheduling", "nodeSelector"), "%s", text)
				}
			}
			return w
		},
		Row: func(c *nodev1.RuntimeClass, now time.Time) []any {
			return []any{c.Name, c.Handler, age(c.CreationTimestamp, now)}
		},
	})
}

func validateRuntimeClass(p *problems, c *nodev1.RuntimeClass) {
	if at := field.NewPath("handler"); p.present(at, c.Handler) {
		p.label(at, c.Handler)
	}
	if c.Overhead != nil {
		checks := podChecks{problems: p, spec: &v1.PodSpec{}}
		checks.validateResources(field.NewPath("overhead"), &v1.ResourceRequirements{Limits: c.Overhead.PodFixed}, containerResourceName)
	}
	if c.Scheduling == nil {
		return
	}
	validateLabels(p, field.NewPath("scheduling", "nodeSelector"), c.Scheduling.NodeSelector)
	at := field.NewPath("scheduling", "tolerations")
	validateTolerations(p, at, c.Scheduling.Tolerations, podRules{})
	seen := map[v1.Toleration]bool{}
	for i, t := range c.Scheduling.Tolerations {
		key := t
		key.TolerationSeconds = nil
		if seen[key] {
			p.duplicate(at.Index(i), inward{t})
		}
		seen[key] = true
	}
}
