package resources

import (
	"strings"
	"time"

	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// No devices are handed out here: claims are stored, shown and kept as they are, and the devices that they ask for
// are not looked at.

func resourceClaims() *Resource {
	return of(&Resource{
		Group: deviceGroup, Version: "v1", Name: "resourceclaims", Singular: "resourceclaim", Kind: "ResourceClaim", Namespaced: true, ReturnsDeleted: true,
		StatusResets: []string{"metadata"},
		New:          fresh[resourcev1.ResourceClaim], NewList: fresh[resourcev1.ResourceClaimList],
	}, typed[resourcev1.ResourceClaim]{
		MetaAgain: "mu|",
		Default:   func(c *resourcev1.ResourceClaim) { defaultDevices(&c.Spec.Devices) },
		ValidateUpdate: func(c, old *resourcev1.ResourceClaim) field.ErrorList {
			var p problems
			validateSameInward(&p, field.NewPath("spec"), c.Spec, old.Spec)
			return p.list()
		},
		Spec: func(c, from *resourcev1.ResourceClaim) {
			c.Spec = from.Spec
			metav1.ResetObjectMetaForStatus(&c.ObjectMeta, &from.ObjectMeta)
		},
		Status: func(c, from *resourcev1.ResourceClaim) { c.Status = from.Status },
		Row: func(c *resourcev1.ResourceClaim, now time.Time) []any {
			return []any{c.Name, claimStateCell(c), age(c.CreationTimestamp, now)}
		},
	})
}

func resourceClaimTemplates() *Resource {
	return of(&Resource{
		Group: deviceGroup, Version: "v1", Name: "resourceclaimtemplates", Singular: "resourceclaimtemplate", Kind: "ResourceClaimTemplate",
		Namespaced: true, ReturnsDeleted: true,
		New: fresh[resourcev1.ResourceClaimTemplate], NewList: fresh[resourcev1.ResourceClaimTemplateList],
	}, typed[resourcev1.ResourceClaimTemplate]{
		MetaAgain: "m|u",
		Default:   func(t *resourcev1.ResourceClaimTemplate) { defaultDevices(&t.Spec.Spec.Devices) },
		ValidateUpdate: func(t, old *resourcev1.ResourceClaimTemplate) field.ErrorList {
			var p problems
			validateSameInward(&p, field.NewPath("spec"), t.Spec, old.Spec)
			return p.list()
		},
		Row: func(t *resourcev1.ResourceClaimTemplate, now time.Time) []any {
			return []any{t.Name, age(t.CreationTimestamp, now)}
		},
	})
}

func claimStateCell(c *resourcev1.ResourceClaim) string {
	var states []string
	if c.DeletionTimestamp != nil {
		states = append(states, "deleted")
	}
	switch {
	case c.Status.Allocation != nil && len(c.Status.ReservedFor) > 0:
		states = append(states, "allocated", "reserved")
	case c.Status.Allocation != nil:
		states = append(states, "allocated")
	case c.DeletionTimestamp == nil:
		states = append(states, "pending")
	}
	return strings.Join(states, ",")
}

// defaultDevices asks for one device where it is not said how many.
func defaultDevices(d *resourcev1.DeviceClaim) {
	one := func(mode *resourcev1.DeviceAllocationMode, count *int64) {
		fill(mode, resourcev1.DeviceAllocationModeExactCount)
		if *mode == resourcev1.DeviceAllocationModeExactCount {
			fill(count, 1)
		}
	}
	for i := range d.Requests {
		r := &d.Requests[i]
		if r.Exactly != nil {
			one(&r.Exactly.AllocationMode, &r.Exactly.Count)
		}
		for k := range r.FirstAvailable {
			one(&r.FirstAvailable[k].AllocationMode, &r.FirstAvailable[k].Count)
		}
	}
}
