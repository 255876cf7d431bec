package resources

import (
	"math"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func volumeAttachments() *Resource {
	return of(&Resource{
		Group: "storage.k8s.io", Version: "v1", Name: "volumeattachments", Singular: "volumeattachment", Kind: "VolumeAttachment",
		StatusResets: []string{"metadata"},
		NeedsVersion: true, ReturnsDeleted: true,
		New: fresh[storagev1.VolumeAttachment], NewList: fresh[storagev1.VolumeAttachmentList],
	}, typed[storagev1.VolumeAttachment]{
		MetaAgain: "m|",
		Default: func(a *storagev1.VolumeAttachment) {
			if inline := a.Spec.Source.InlineVolumeSpec; inline != nil {
				roundResources(inline.Capacity)
				defaultVolumeSource(&inline.PersistentVolumeSource)
			}
		},
		Validate:       validateAttachment,
		ValidateUpdate: validateAttachmentUpdate,
		Spec: func(a, from *storagev1.VolumeAttachment) {
			a.Spec = from.Spec
			metav1.ResetObjectMetaForStatus(&a.ObjectMeta, &from.ObjectMeta)
		},
		Status:               func(a, from *storagev1.VolumeAttachment) { a.Status = from.Status },
		ValidateStatusUpdate: validateAttachmentUpdate,
		Row: func(a *storagev1.VolumeAttachment, now time.Time) []any {
			return []any{a.Name, a.Spec.Attacher, or(a.Spec.Source.PersistentVolumeName, ""), a.Spec.NodeName, a.Status.Attached, age(a.CreationTimestamp, now)}
		},
	})
}

func validateAttachmentUpdate(a, old *storagev1.VolumeAttachment) field.ErrorList {
	p := problems(validateAttachment(a))
	validateSameInward(&p, field.NewPath("spec"), a.Spec, old.Spec)
	return p.list()
}

const oneAttachmentSource = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"

func validateAttachment(a *storagev1.VolumeAttachment) field.ErrorList {
	var p problems
	at := field.NewPath("spec")
	validateDriverName(&p, at.Child("attacher"), a.Spec.Attacher)
	name, inline := a.Spec.Source.PersistentVolumeName, a.Spec.Source.InlineVolumeSpec
	switch {
	case inline == nil && name == nil:
		p.required(at.Child("source"), oneAttachmentSource)
	case inline != nil && name != nil:
		p.forbidden(at.Child("source"), oneAttachmentSource)
	case name != nil && *name == "":
		p.required(at.Child("source", "persistentVolumeName"), "must specify non empty persistentVolumeName")
	case inline != nil:
		validateInlineVolume(&p, at.Child("source", "inlineVolumeSpec"), inline)
	}
	p.subdomain(at.Child("nodeName"), a.Spec.NodeName)
	at = field.NewPath("status")
	size := 0
	for key, value := range a.Status.AttachmentMetadata {
		size += len(key) + len(value)
	}
	if size > 256<<10 {
		p.tooLong(at.Child("attachmentMetadata"), 256<<10)
	}
	validateVolumeError(&p, at.Child("attachError"), a.Status.AttachError)
	validateVolumeError(&p, at.Child("detachError"), a.Status.DetachError)
	if name != nil {
		p.subdomain(field.NewPath("spec.source.persistentVolumeName"), *name)
	}
	return p.list()
}

func validateVolumeError(p *problems, at *field.Path, e *storagev1.VolumeError) {
	if e == nil {
		return
	}
	if len(e.Message) > 1024 {
		p.tooLong(at.Child("message"), 256<<10)
	}
	if code := or(e.ErrorCode, 0); code < 0 {
		p.invalid(at.Child("errorCode"), code, validation.InclusiveRangeError(0, math.MaxInt32))
	}
}
