package admission

import (
	"time"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// DefaultStorageClass gives claims that name no class the default one.
type DefaultStorageClass struct{ admits }

// Name implements Plugin.
func (DefaultStorageClass) Name() string { return "DefaultStorageClass" }

// Admit implements Plugin.
func (DefaultStorageClass) Admit(a *Attributes) error {
	claim, ok := a.Object.(*v1.PersistentVolumeClaim)
	if !ok || !a.is("", "persistentvolumeclaims", "") || a.Operation != Create {
		return nil
	}
	if _, named := claim.Annotations[v1.BetaStorageClassAnnotation]; named || claim.Spec.StorageClassName != nil {
		return nil
	}
	classes, err := list[storagev1.StorageClass](a, "")
	if err != nil {
		return forbidden(a, err)
	}
	var newest *storagev1.StorageClass
	for _, c := range classes {
		if isDefaultStorageClass(c) && (newest == nil || newer(c.CreationTimestamp.Time, c.Name, newest.CreationTimestamp.Time, newest.Name)) {
			newest = c
		}
	}
	if newest != nil {
		name := newest.Name
		claim.Spec.StorageClassName = &name
	}
	return nil
}

func isDefaultStorageClass(c *storagev1.StorageClass) bool {
	return c.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" ||
		c.Annotations["storageclass.beta.kubernetes.io/is-default-class"] == "true"
}

// newer says that the first of two defaults counts: the younger, of one age the first by name.
func newer(t time.Time, name string, u time.Time, other string) bool {
	if t.Equal(u) {
		return name < other
	}
	return t.After(u)
}
