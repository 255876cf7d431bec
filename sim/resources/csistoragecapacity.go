package resources

import (
	"time"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func csiStorageCapacities() *Resource {
	return of(&Resource{
		Group: "storage.k8s.io", Version: "v1", Name: "csistoragecapacities", Singular: "csistoragecapacity", Kind: "CSIStorageCapacity",
		Namespaced: true, NeedsVersion: true,
		New: fresh[storagev1.CSIStorageCapacity], NewList: fresh[storagev1.CSIStorageCapacityList],
	}, typed[storagev1.CSIStorageCapacity]{
		MetaAgain: "m|u",
		Validate: func(c *storagev1.CSIStorageCapacity) field.ErrorList {
			var p problems
			validateStorageCapacity(&p, c, false)
			return p.list()
		},
		ValidateUpdate: func(c, old *storagev1.CSIStorageCapacity) field.ErrorList {
			var p problems
			validateStorageCapacity(&p, c, badSelector(old.NodeTopology))
			validateSame(&p, field.NewPath("nodeTopology"), c.NodeTopology, old.NodeTopology)
			validateSame(&p, field.NewPath("storageClassName"), c.StorageClassName, old.StorageClassName)
			return p.list()
		},
		Warnings: func(c, _ *storagev1.CSIStorageCapacity) []string {
			var w warnings
			if c.NodeTopology == nil {
				return nil
			}
			at := field.NewPath("nodeTopology")
			for i, e := range c.NodeTopology.MatchExpressions {
				if text := deprecatedNodeLabel(e.Key); text != "" {
					w.say(at.Child("matchExpressions").Index(i).Child("key"), "%s is %s", e.Key, text)
				}
			}
			for _, label := range sorted(c.NodeTopology.MatchLabels) {
				if text := deprecatedNodeLabel(label); text != "" {
					w.say(at.Child("matchLabels").Child(label), "%s", text)
				}
			}
			return w
		},
		Row: func(c *storagev1.CSIStorageCapacity, _ time.Time) []any {
			capacity := "<unset>"
			if c.Capacity != nil {
				capacity = c.Capacity.String()
			}
			return []any{c.Name, c.StorageClassName, capacity}
		},
	})
}

func validateStorageCapacity(p *problems, c *storagev1.CSIStorageCapacity, anyValues bool) {
	validateSelector(p, field.NewPath("nodeTopology"), c.NodeTopology, anyValues)
	p.subdomain(field.NewPath("storageClassName"), c.StorageClassName)
	if c.Capacity != nil {
		p.nonNegativeQuantity(field.NewPath("capacity"), *c.Capacity)
	}
}
