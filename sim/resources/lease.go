package resources

import (
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func leases() *Resource {
	return of(&Resource{
		Group: "coordination.k8s.io", Version: "v1", Name: "leases", Singular: "lease", Kind: "Lease", Namespaced: true,
		New: fresh[coordinationv1.Lease], NewList: fresh[coordinationv1.LeaseList],
		CreateOnUpdate: true, NeedsVersion: true,
	}, typed[coordinationv1.Lease]{
		AnyFinalizers: true,
		Create:        func(_ *Context, l *coordinationv1.Lease) { l.Spec.Strategy, l.Spec.PreferredHolder = nil, nil },
		Update: func(_ *Context, l, old *coordinationv1.Lease) { // coordinated leader election is off
			if old.Spec.Strategy == nil {
				l.Spec.Strategy = nil
			}
			if old.Spec.PreferredHolder == nil {
				l.Spec.PreferredHolder = nil
			}
		},
		Validate:       validateLease,
		ValidateUpdate: validateLeaseUpdate,
		Row: func(l *coordinationv1.Lease, now time.Time) []any {
			return []any{l.Name, or(l.Spec.HolderIdentity, ""), age(l.CreationTimestamp, now)}
		},
	})
}

func validateLease(l *coordinationv1.Lease) field.ErrorList {
	var p problems
	at, spec := field.NewPath("spec"), &l.Spec
	if spec.LeaseDurationSeconds != nil && *spec.LeaseDurationSeconds <= 0 {
		p.invalid(at.Child("leaseDurationSeconds"), spec.LeaseDurationSeconds, "must be greater than 0")
	}
	if spec.LeaseTransitions != nil && *spec.LeaseTransitions < 0 {
		p.invalid(at.Child("leaseTransitions"), spec.LeaseTransitions, notNegative)
	}
	if spec.Strategy != nil {
		validateLeaseStrategy(&p, at.Child("strategy"), *spec.Strategy)
	}
	if or(spec.PreferredHolder, "") != "" && or(spec.Strategy, "") == "" {
		p.forbidden(at.Child("preferredHolder"), "may only be specified if `strategy` is defined")
	}
	return p.list()
}

// validateLeaseStrategy knows one name; others are somebody's own and have a domain.
func validateLeaseStrategy(p *problems, at *field.Path, strategy coordinationv1.CoordinatedLeaseStrategy) {
	name, at := string(strategy), at.Child("strategy") // twice, as in the real server
	if !strings.Contains(name, "/") {
		oneOf(p, at, strategy, coordinationv1.OldestEmulationVersion)
		return
	}
	p.qualified(at, name)
}

func validateLeaseUpdate(l, _ *coordinationv1.Lease) field.ErrorList { return validateLease(l) }
