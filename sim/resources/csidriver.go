package resources

import (
	"strings"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const tokensInSecrets = "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes"

func csiDrivers() *Resource {
	return of(&Resource{
		Group: "storage.k8s.io", Version: "v1", Name: "csidrivers", Singular: "csidriver", Kind: "CSIDriver", NeedsVersion: true, ReturnsDeleted: true, FromZero: true,
		New: fresh[storagev1.CSIDriver], NewList: fresh[storagev1.CSIDriverList],
	}, typed[storagev1.CSIDriver]{
		Default: func(d *storagev1.CSIDriver) {
			spec := &d.Spec
			fillPointer(&spec.AttachRequired, true)
			for _, no := range []**bool{&spec.PodInfoOnMount, &spec.StorageCapacity, &spec.RequiresRepublish, &spec.SELinuxMount} {
				fillPointer(no, false)
			}
			fillPointer(&spec.FSGroupPolicy, storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy)
			if len(spec.VolumeLifecycleModes) == 0 {
				spec.VolumeLifecycleModes = append(spec.VolumeLifecycleModes, storagev1.VolumeLifecyclePersistent)
			}
		},
		Create: func(_ *Context, d *storagev1.CSIDriver) { d.Spec.PreventPodSchedulingIfMissing = nil }, // a feature that is off
		Update: func(_ *Context, d, old *storagev1.CSIDriver) {
			if old.Spec.PreventPodSchedulingIfMissing == nil {
				d.Spec.PreventPodSchedulingIfMissing = nil
			}
		},
		Validate: func(d *storagev1.CSIDriver) field.ErrorList {
			var p problems
			validateCSIDriver(&p, &d.Spec)
			return p.list()
		},
		ValidateUpdate: func(d, old *storagev1.CSIDriver) field.ErrorList {
			var p problems
			at := field.NewPath("spec")
			validateCSIDriver(&p, &d.Spec)
			validateSame(&p, at.Child("attachedRequired"), d.Spec.AttachRequired, old.Spec.AttachRequired)
			validateSame(&p, at.Child("volumeLifecycleModes"), d.Spec.VolumeLifecycleModes, old.Spec.VolumeLifecycleModes)
			return p.list()
		},
		Warnings: func(d, old *storagev1.CSIDriver) []string {
			same := old != nil && equality.Semantic.DeepEqual(d.Spec.TokenRequests, old.Spec.TokenRequests)
			if len(d.Spec.TokenRequests) > 0 && d.Spec.ServiceAccountTokenInSecrets == nil && !same {
				return []string{tokensInSecrets}
			}
			return nil
		},
		Changed: func(d, old *storagev1.CSIDriver) bool { return !equality.Semantic.DeepEqual(d.Spec, old.Spec) },
		Row:     csiDriverRow,
	})
}

func csiDriverRow(d *storagev1.CSIDriver, now time.Time) []any {
	var modes, audiences []string
	for _, mode := range d.Spec.VolumeLifecycleModes {
		modes = append(modes, string(mode))
	}
	for _, request := range d.Spec.TokenRequests {
		audiences = append(audiences, request.Audience)
	}
	tokens := "<unset>"
	if d.Spec.TokenRequests != nil {
		tokens = strings.Join(audiences, ",")
	}
	return []any{d.Name, or(d.Spec.AttachRequired, true), or(d.Spec.PodInfoOnMount, false), or(d.Spec.StorageCapacity, false), tokens,
		or(d.Spec.RequiresRepublish, false), orElse(strings.Join(modes, ","), "<none>"), age(d.CreationTimestamp, now)}
}

func validateCSIDriver(p *problems, spec *storagev1.CSIDriverSpec) {
	at := field.NewPath("spec")
	if spec.FSGroupPolicy != nil {
		oneOf(p, at.Child("fsGroupPolicy"), *spec.FSGroupPolicy, storagev1.FileFSGroupPolicy, storagev1.NoneFSGroupPolicy, storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy)
	}
	audiences := map[string]bool{}
	for i, request := range spec.TokenRequests {
		at := at.Child("tokenRequests").Index(i)
		if audiences[request.Audience] {
			p.duplicate(at.Child("audience"), request.Audience)
			continue
		}
		audiences[request.Audience] = true
		seconds := or(request.ExpirationSeconds, 600)
		if seconds < 600 {
			p.invalid(at.Child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes")
		}
		if seconds > 1<<32 {
			p.invalid(at.Child("expirationSeconds"), seconds, "may not specify a duration larger than 2^32 seconds")
		}
	}
	for _, mode := range spec.VolumeLifecycleModes {
		oneOf(p, at.Child("volumeLifecycleModes"), mode, storagev1.VolumeLifecyclePersistent, storagev1.VolumeLifecycleEphemeral)
	}
	if period := or(spec.NodeAllocatableUpdatePeriodSeconds, 10); period < 10 {
		p.invalid(at.Child("nodeAllocatableUpdatePeriodSeconds"), period, "must be greater than or equal to 10 seconds")
	}
	if spec.ServiceAccountTokenInSecrets != nil && len(spec.TokenRequests) == 0 {
		p.invalid(at.Child("serviceAccountTokenInSecrets"), spec.ServiceAccountTokenInSecrets, "serviceAccountTokenInSecrets is set but no tokenRequests are specified")
	}
}
