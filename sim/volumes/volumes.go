// Package volumes says which persistent volumes suit a claim.
//
// It only compares objects: who binds them, and when, is the volume binder's and the scheduler's matter.
package volumes

import (
	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Annotations by which the volume binder, the scheduler and provisioners talk to each other.
const (
	BindCompleted      = "pv.kubernetes.io/bind-completed"
	BoundByController  = "pv.kubernetes.io/bound-by-controller"
	SelectedNode       = "volume.kubernetes.io/selected-node"
	StorageProvisioner = "volume.kubernetes.io/storage-provisioner"
	ProvisionedBy      = "pv.kubernetes.io/provisioned-by"

	// NoProvisioner is the provisioner of classes whose volumes are made by hand.
	NoProvisioner = "kubernetes.io/no-provisioner"
)

// ClassOf is the name of the claim's storage class, "" where it has none.
func ClassOf(claim *v1.PersistentVolumeClaim) string {
	if class, ok := claim.Annotations[v1.BetaStorageClassAnnotation]; ok {
		return class
	}
	if claim.Spec.StorageClassName != nil {
		return *claim.Spec.StorageClassName
	}
	return ""
}

// VolumeClassOf is the name of the volume's storage class, "" where it has none.
func VolumeClassOf(pv *v1.PersistentVolume) string {
	if class, ok := pv.Annotations[v1.BetaStorageClassAnnotation]; ok {
		return class
	}
	return pv.Spec.StorageClassName
}

// Waits says that claims of the class are bound only when a pod that uses them is scheduled.
func Waits(class *storagev1.StorageClass) bool {
	return class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
}

// Bound says that the claim's binding is complete.
func Bound(claim *v1.PersistentVolumeClaim) bool {
	_, complete := claim.Annotations[BindCompleted]
	return claim.Spec.VolumeName != "" && complete
}

// BelongsTo says that the volume names the claim as its own.
func BelongsTo(pv *v1.PersistentVolume, claim *v1.PersistentVolumeClaim) bool {
	ref := pv.Spec.ClaimRef
	return ref != nil && ref.Name == claim.Name && ref.Namespace == claim.Namespace && (ref.UID == "" || ref.UID == claim.UID)
}

// Modes says whether the volume offers every access mode that the claim wants.
func Modes(claim *v1.PersistentVolumeClaim, pv *v1.PersistentVolume) bool {
	for _, want := range claim.Spec.AccessModes {
		found := false
		for _, have := range pv.Spec.AccessModes {
			found = found || have == want
		}
		if !found {
			return false
		}
	}
	return true
}

// SameMode says whether both are file systems or both block devices.
func SameMode(claim *v1.PersistentVolumeClaim, pv *v1.PersistentVolume) bool {
	return modeOf(claim.Spec.VolumeMode) == modeOf(pv.Spec.VolumeMode)
}

func modeOf(mode *v1.PersistentVolumeMode) v1.PersistentVolumeMode {
	if mode == nil {
		return v1.PersistentVolumeFilesystem
	}
	return *mode
}

// Options narrow the search for a volume.
type Options struct {
	// Reachable says whether the node can use the volume; nil where no node is known yet.
	Reachable func(pv *v1.PersistentVolume) bool
	// Taken are volumes that are spoken for.
	Taken map[string]bool
	// Waits: only volumes that belong to the claim already are bound before a node is known.
	Waits bool
}

// Match is the volume made for the claim, or else the smallest free one that suits it; nil where there is none.
func Match(claim *v1.PersistentVolumeClaim, all []*v1.PersistentVolume, o Options) *v1.PersistentVolume {
	selector := labels.Everything()
	if claim.Spec.Selector != nil {
		s, err := metav1.LabelSelectorAsSelector(claim.Spec.Selector)
		if err != nil {
			return nil
		}
		selector = s
	}
	want := claim.Spec.Resources.Requests[v1.ResourceStorage]
	var smallest *v1.PersistentVolume
	for _, pv := range all {
		has := pv.Spec.Capacity[v1.ResourceStorage]
		if o.Taken[pv.Name] || pv.DeletionTimestamp != nil || has.Cmp(want) < 0 || !SameMode(claim, pv) || !Modes(claim, pv) {
			continue
		}
		if attributes(claim.Spec.VolumeAttributesClassName) != attributes(pv.Spec.VolumeAttributesClassName) {
			continue
		}
		reachable := o.Reachable == nil || o.Reachable(pv)
		if pv.Spec.ClaimRef != nil {
			if !BelongsTo(pv, claim) {
				continue
			}
			if !reachable {
				return nil
			}
			return pv
		}
		if o.Reachable == nil && o.Waits || !reachable {
			continue
		}
		if pv.Status.Phase != v1.VolumeAvailable || !selector.Matches(labels.Set(pv.Labels)) || VolumeClassOf(pv) != ClassOf(claim) {
			continue
		}
		if smallest == nil || has.Cmp(smallest.Spec.Capacity[v1.ResourceStorage]) < 0 {
			smallest = pv
		}
	}
	return smallest
}

func attributes(name *string) string {
	if name == nil {
		return ""
	}
	return *name
}
