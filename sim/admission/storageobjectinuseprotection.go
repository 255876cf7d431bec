package admission

import (
	"slices"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StorageObjectInUseProtection keeps volumes and claims in being while somebody uses them.
type StorageObjectInUseProtection struct{ admits }

// Name implements Plugin.
func (StorageObjectInUseProtection) Name() string { return "StorageObjectInUseProtection" }

// Admit implements Plugin.
func (StorageObjectInUseProtection) Admit(a *Attributes) error {
	if a.Operation != Create || a.subresource() != "" {
		return nil
	}
	var finalizer string
	switch a.Object.(type) {
	case *v1.PersistentVolume:
		finalizer = "kubernetes.io/pv-protection"
	case *v1.PersistentVolumeClaim:
		finalizer = "kubernetes.io/pvc-protection"
	case *storagev1.VolumeAttributesClass:
		finalizer = "kubernetes.io/vac-protection"
	default:
		return nil
	}
	m := a.Object.(metav1.Object)
	if !slices.Contains(m.GetFinalizers(), finalizer) {
		m.SetFinalizers(append(m.GetFinalizers(), finalizer))
	}
	return nil
}
