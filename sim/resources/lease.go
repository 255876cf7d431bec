package resources

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
)

func leases() *Resource {
	return of(&Resource{
		Group: "coordination.k8s.io", Version: "v1", Name: "leases", Singular: "lease", Kind: "Lease", Namespaced: true,
		New: fresh[coordinationv1.Lease], NewList: fresh[coordinationv1.LeaseList],
		CreateOnUpdate: true, NeedsVersion: true,
	}, typed[coordinationv1.Lease]{
		Validate:       validateLease,
		ValidateUpdate: validateLeaseUpdate,
		Row: func(l *coordinationv1.Lease, now time.Time) []any {
			return []any{l.Name, or(l.Spec.HolderIdentity, ""), age(l.CreationTimestamp, now)}
		},
	})
}
