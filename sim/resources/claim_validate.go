package resources

import (
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/api/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// claimRules say what a claim's spec may keep from before.
type claimRules struct {
	selectorValues bool
	dataGroups     bool
}

func validateAccessModes(p *problems, at *field.Path, modes []v1.PersistentVolumeAccessMode) {
	alone, shared := false, false
	for _, mode := range modes {
		before := len(*p)
		oneOf(p, at, mode, v1.ReadOnlyMany, v1.ReadWriteMany, v1.ReadWriteOnce, v1.ReadWriteOncePod)
		switch {
		case mode == v1.ReadWriteOncePod:
			alone = true
		case len(*p) == before:
			shared = true
		}
	}
	if alone && shared {
		p.forbidden(at, "may not use ReadWriteOncePod with other access modes")
	}
}

func validateClaimSpec(p *problems, at *field.Path, spec *v1.PersistentVolumeClaimSpec, rules claimRules) {
	if len(spec.AccessModes) == 0 {
		p.required(at.Child("accessModes"), "at least 1 access mode is required")
	}
	validateSelector(p, at.Child("selector"), spec.Selector, rules.selectorValues)
	validateAccessModes(p, at.Child("accessModes"), spec.AccessModes)
	storage := at.Child("resources").Key(string(v1.ResourceStorage))
	if size, found := spec.Resources.Requests[v1.ResourceStorage]; found {
		p.positiveQuantity(storage, size)
	} else {
		p.required(storage, "")
	}
	if class := or(spec.StorageClassName, ""); class != "" {
		p.subdomain(at.Child("storageClassName"), class)
	}
	if spec.VolumeMode != nil {
		oneOf(p, at.Child("volumeMode"), *spec.VolumeMode, v1.PersistentVolumeBlock, v1.PersistentVolumeFilesystem)
	}
	source, ref := spec.DataSource, spec.DataSourceRef
	if source != nil {
		validateDataSource(p, at.Child("dataSource"), source.Name, source.Kind, source.APIGroup, rules)
	}
	if ref != nil {
		at := at.Child("dataSourceRef")
		validateDataSource(p, at, ref.Name, ref.Kind, ref.APIGroup, rules)
		if namespace := or(ref.Namespace, ""); namespace != "" {
			p.each(at.Child("namespace"), namespace, validation.ValidateNamespaceName(namespace, false))
		}
	}
	if ref != nil && source != nil {
		if or(ref.Namespace, "") != "" {
			p.invalid(at, at.Child("dataSource"), "may not be specified when dataSourceRef.namespace is specified")
		} else if source.Kind != ref.Kind || source.Name != ref.Name || !equalPointers(source.APIGroup, ref.APIGroup) {
			p.invalid(at, at.Child("dataSource"), "must match dataSourceRef")
		}
	}
	if class := or(spec.VolumeAttributesClassName, ""); class != "" {
		p.subdomain(at.Child("volumeAttributesClassName"), class)
	}
}

func validateDataSource(p *problems, at *field.Path, name, kind string, group *string, rules claimRules) {
	p.present(at.Child("name"), name)
	p.present(at.Child("kind"), kind)
	switch g := or(group, ""); {
	case g == "" && kind != "PersistentVolumeClaim":
		p.invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
	case g != "" && !rules.dataGroups:
		p.each(at.Child("apiGroup"), g, utilvalidation.IsDNS1123Subdomain(g))
	}
}

const claimImmutable = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"

func validateClaimUpdate(c, old *v1.PersistentVolumeClaim) field.ErrorList {
	var p problems
	at := field.NewPath("spec")
	validateClaimSpec(&p, at, &c.Spec, claimRules{
		selectorValues: badSelector(old.Spec.Selector),
		dataGroups: old.Spec.DataSource != nil && old.Spec.DataSource.APIGroup != nil ||
			old.Spec.DataSourceRef != nil && old.Spec.DataSourceRef.APIGroup != nil,
	})
	now, before := c.DeepCopy().Spec, old.DeepCopy().Spec
	agreeDataSources(&before, &before)
	if before.VolumeName == "" {
		before.VolumeName = now.VolumeName
	}
	validateClassChange(&p, c, old, &now, &before)
	if bound := c.Status.Phase == v1.ClaimBound; bound {
		if now.Resources.Requests != nil {
			now.Resources.Requests[v1.ResourceStorage] = before.Resources.Requests[v1.ResourceStorage]
		}
		now.VolumeAttributesClassName = before.VolumeAttributesClassName
	}
	if !equality.Semantic.DeepEqual(now, before) {
		p.forbidden(at, claimImmutable+difference(before, now))
	}
	size := c.Spec.Resources.Requests[v1.ResourceStorage]
	if size.Cmp(old.Spec.Resources.Requests[v1.ResourceStorage]) < 0 && size.Cmp(old.Status.Capacity[v1.ResourceStorage]) <= 0 {
		p.forbidden(at.Child("resources", "requests", "storage"), "field can not be less than status.capacity")
	}
	validateSame(&p, field.NewPath("volumeMode"), c.Spec.VolumeMode, old.Spec.VolumeMode)
	if attributes := c.Spec.VolumeAttributesClassName; old.Status.CurrentVolumeAttributesClassName != nil && or(attributes, "") == "" &&
		!equalPointers(attributes, old.Spec.VolumeAttributesClassName) {
		what := "nil"
		if attributes != nil {
			what = "empty string"
		}
		p.forbidden(at.Child("volumeAttributesClassName"), "update to "+what+" is forbidden when status.currentVolumeAttributesClassName is not nil")
	}
	return p.list()
}

// validateClassChange lets the storage class be said by the field instead of the annotation, and be chosen late.
func validateClassChange(p *problems, c, old *v1.PersistentVolumeClaim, now, before *v1.PersistentVolumeClaimSpec) {
	class, annotated := old.Annotations[v1.BetaStorageClassAnnotation]
	kept, still := c.Annotations[v1.BetaStorageClassAnnotation]
	late := before.StorageClassName == nil && now.StorageClassName != nil
	if late && annotated && *now.StorageClassName == class && (!still || kept == class) {
		now.StorageClassName = nil
		return
	}
	if kept != class {
		p.invalid(field.NewPath("metadata", "annotations", v1.BetaStorageClassAnnotation), kept, immutable)
	}
	if late && (!annotated || *now.StorageClassName == class) {
		now.StorageClassName = nil
	}
}

func validateClaimStatusUpdate(c, _ *v1.PersistentVolumeClaim) field.ErrorList {
	var p problems
	p.present(field.NewPath("resourceVersion"), c.ResourceVersion)
	if len(c.Spec.AccessModes) == 0 {
		p.required(field.NewPath("Spec", "accessModes"), "")
	}
	s, at := &c.Status, field.NewPath("status")
	for _, name := range sorted(s.Capacity) {
		validateSize(&p, at.Child("capacity").Key(string(name)), s.Capacity[name])
	}
	for _, name := range sorted(s.AllocatedResourceStatuses) {
		at := at.Child("allocatedResourceStatuses")
		validateClaimResource(&p, at, name)
		if state := s.AllocatedResourceStatuses[name]; !slices.Contains(resizeStates, state) {
			p.add(field.NotSupported(at, name, resizeStates))
		}
	}
	for _, name := range sorted(s.AllocatedResources) {
		at, size := at.Child("allocatedResources"), s.AllocatedResources[name]
		if validateClaimResource(&p, at, name) && validateSize(&p, at.Key(string(name)), size) {
			amount(&p, at.Key(string(name)), v1.ResourceStorage, size)
		}
	}
	return p.list()
}

var resizeStates = []v1.ClaimResourceStatus{v1.PersistentVolumeClaimControllerResizeInProgress, v1.PersistentVolumeClaimControllerResizeInfeasible,
	v1.PersistentVolumeClaimNodeResizeInProgress, v1.PersistentVolumeClaimNodeResizeInfeasible, v1.PersistentVolumeClaimNodeResizePending}

// validateClaimResource wants storage or a resource of one's own.
func validateClaimResource(p *problems, at *field.Path, name v1.ResourceName) bool {
	before := len(*p)
	p.qualified(at, string(name))
	if len(*p) == before && isNative(name) && name != v1.ResourceStorage {
		p.add(field.NotSupported(at, string(name), []v1.ResourceName{v1.ResourceStorage}))
	}
	return len(*p) == before
}

func validateSize(p *problems, at *field.Path, size resource.Quantity) bool {
	if size.Value() < 0 {
		p.invalid(at, size.Value(), "must be a valid resource quantity")
	}
	return size.Value() >= 0
}
