package admission

import (
	"errors"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// PersistentVolumeClaimResize lets claims grow only where their storage class says that volumes can.
type PersistentVolumeClaimResize struct{ validates }

// Name implements Plugin.
func (PersistentVolumeClaimResize) Name() string { return "PersistentVolumeClaimResize" }

// Validate implements Plugin.
func (PersistentVolumeClaimResize) Validate(a *Attributes) error {
	claim, ok := a.Object.(*v1.PersistentVolumeClaim)
	old, both := a.Old.(*v1.PersistentVolumeClaim)
	if !ok || !both || !a.is("", "persistentvolumeclaims", "") || a.Operation != Update {
		return nil
	}
	was := old.Spec.Resources.Requests[v1.ResourceStorage]
	if size := claim.Spec.Resources.Requests[v1.ResourceStorage]; size.Cmp(was) <= 0 {
		return nil
	}
	if old.Status.Phase != v1.ClaimBound {
		return forbidden(a, errors.New("Only bound persistent volume claims can be expanded"))
	}
	expandable, err := expandable(a, classOf(claim), classOf(old))
	if err != nil {
		return err
	}
	if !expandable {
		return forbidden(a, errors.New("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"))
	}
	return nil
}

func classOf(claim *v1.PersistentVolumeClaim) string {
	if class, ok := claim.Annotations[v1.BetaStorageClassAnnotation]; ok {
		return class
	}
	if claim.Spec.StorageClassName == nil {
		return ""
	}
	return *claim.Spec.StorageClassName
}

func expandable(a *Attributes, name, old string) (bool, error) {
	if name == "" || name != old {
		return false, nil
	}
	classes, err := list[storagev1.StorageClass](a, "")
	for _, c := range classes {
		if c.Name == name {
			return c.AllowVolumeExpansion != nil && *c.AllowVolumeExpansion, nil
		}
	}
	return false, err
}
