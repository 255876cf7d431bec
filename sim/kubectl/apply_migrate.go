package kubectl

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// migrate hands the fields that client-side apply managed over to server-side apply; what goes wrong is only warned about.
func (a *applier) migrate(i *resource.Info, local []byte, opts resource.Options) {
	const notFatal = "This is non-fatal and will be retried next time you apply. Error: %s\n"
	if err := a.keepLastApplied(i, opts); err != nil {
		fmt.Fprintf(a.ErrOut, "Warning: failed to migrate kubectl.kubernetes.io/last-applied-configuration for Server-Side Apply. "+notFatal, err)
		return
	}
	migrated, err := a.upgradeManagers(i, opts)
	if err != nil {
		fmt.Fprintf(a.ErrOut, "Warning: server rejected managed fields migration to Server-Side Apply. "+notFatal, err)
		return
	}
	if !migrated {
		return
	}
	stored, err := i.Patch(rest.ApplyPatch, local, opts)
	if err != nil {
		fmt.Fprintf(a.ErrOut, "Warning: failed to re-apply configuration after performing Server-Side Apply migration. "+notFatal, err)
		return
	}
	i.Refresh(stored)
}

// lastAppliedOwners are the managers of the last-applied annotation that wrote by operation.
func lastAppliedOwners(o object.Object, operation metav1.ManagedFieldsOperationType) []metav1.ManagedFieldsEntry {
	u := unstructured.Unstructured{Object: o}
	path := fieldpath.NewSet(fieldpath.MakePathOrDie("metadata", "annotations", lastApplied))
	return csaupgrade.FindFieldsOwners(u.GetManagedFields(), operation, path)
}

// keepLastApplied makes server-side apply the owner of the annotation that client-side apply left, so that it stays.
func (a *applier) keepLastApplied(i *resource.Info, opts resource.Options) error {
	value, has := object.Get(i.Object, "metadata", "annotations", lastApplied)
	if a.manager != "kubectl" || !has || len(lastAppliedOwners(i.Object, metav1.ManagedFieldsOperationApply)) > 0 {
		return nil
	}
	metadata := object.Object{"name": object.Name(i.Object), "annotations": object.Object{lastApplied: value}}
	if ns := object.Namespace(i.Object); ns != "" {
		metadata["namespace"] = ns
	}
	gvk := i.Resource.GVK()
	body, err := object.Encode(object.Object{"apiVersion": gvk.GroupVersion().String(), "kind": gvk.Kind, "metadata": metadata})
	if err != nil {
		return err
	}
	opts.FieldManager, opts.Force = "kubectl-last-applied", nil
	stored, err := i.Patch(rest.ApplyPatch, body, opts)
	if err != nil {
		return err
	}
	i.Refresh(stored)
	return nil
}

func (a *applier) upgradeManagers(i *resource.Info, opts resource.Options) (bool, error) {
	names := sets.New[string]()
	for _, entry := range lastAppliedOwners(i.Object, metav1.ManagedFieldsOperationUpdate) {
		names.Insert(entry.Manager)
	}
	opts.Force = nil
	var err error
	for range 5 {
		var change []byte
		change, err = csaupgrade.UpgradeManagedFieldsPatch(&unstructured.Unstructured{Object: i.Object}, names, a.manager)
		if err != nil || change == nil {
			return false, err
		}
		var stored object.Object
		if stored, err = i.Patch(rest.JSONPatch, change, opts); err == nil {
			i.Refresh(stored)
			return true, nil
		}
		if !apierrors.IsConflict(err) {
			return false, err
		}
		if err = i.Get(); err != nil {
			return false, err
		}
	}
	return false, err
}
