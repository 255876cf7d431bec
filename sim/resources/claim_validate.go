package resources

import (
	v1 "k8s.io/api/core/v1"
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
