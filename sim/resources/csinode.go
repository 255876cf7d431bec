package resources

import (
	"fmt"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func csiNodes() *Resource {
	return of(&Resource{
		Group: "storage.k8s.io", Version: "v1", Name: "csinodes", Singular: "csinode", Kind: "CSINode", NeedsVersion: true, ReturnsDeleted: true,
		New: fresh[storagev1.CSINode], NewList: fresh[storagev1.CSINodeList],
	}, typed[storagev1.CSINode]{
		MetaAgain: "m|",
		Validate: func(n *storagev1.CSINode) field.ErrorList {
			var p problems
			validateCSINode(&p, n)
			return p.list()
		},
		ValidateUpdate: func(n, old *storagev1.CSINode) field.ErrorList {
			var p problems
			validateCSINode(&p, n)
			for _, before := range old.Spec.Drivers {
				for _, now := range n.Spec.Drivers {
					if now.Name == before.Name {
						now.Allocatable, before.Allocatable = nil, nil
						validateSameInward(&p, field.NewPath("spec", "drivers"), now, before)
					}
				}
			}
			return p.list()
		},
		Row: func(n *storagev1.CSINode, now time.Time) []any {
			return []any{n.Name, int64(len(n.Spec.Drivers)), age(n.CreationTimestamp, now)}
		},
	})
}

func validateCSINode(p *problems, n *storagev1.CSINode) {
	const longestID = 256
	names := map[string]bool{}
	for i, driver := range n.Spec.Drivers {
		at := field.NewPath("spec", "drivers").Index(i)
		validateDriverName(p, at.Child("name"), driver.Name)
		p.present(at.Child("nodeID"), driver.NodeID)
		if len(driver.NodeID) > longestID {
			p.invalid(at.Child("nodeID"), driver.NodeID, fmt.Sprintf("must be %d characters or less", longestID))
		}
		if driver.Allocatable != nil {
			p.nonNegative(at.Child("allocatable", "count"), int64(or(driver.Allocatable.Count, 0)))
		}
		if names[driver.Name] {
			p.duplicate(at.Child("name"), driver.Name)
		}
		names[driver.Name] = true
		keys := map[string]bool{}
		for _, key := range driver.TopologyKeys {
			p.present(at, key)
			if keys[key] {
				p.duplicate(at, key)
			}
			keys[key] = true
			p.qualified(at, key)
		}
	}
}
