package controllers

import (
	"encoding/json"
	"slices"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// watchOwned queues the controllers (of the given kind) of the objects that change, before and after the change.
// orphan is called for an object that nobody controls, when it is new or its labels or owners have changed.
func watchOwned[T any, P api.Object[T]](b *base, kind string, orphan func(obj P)) error {
	return watch1(b, func(event watch.EventType, obj, old P) {
		was, is := metav1.GetControllerOf(old2(old, obj)), metav1.GetControllerOf(obj)
		if was != nil && was.Kind == kind && (is == nil || is.UID != was.UID) {
			b.loop.Add(obj.GetNamespace() + "/" + was.Name)
		}
		if is != nil {
			if is.Kind == kind {
				b.loop.Add(obj.GetNamespace() + "/" + is.Name)
			}
			return
		}
		fresh := old == nil || was != nil || !labels.Equals(old.GetLabels(), obj.GetLabels())
		if orphan != nil && fresh && event != watch.Deleted {
			orphan(obj)
		}
	})
}

func old2[T any, P api.Object[T]](old, obj P) metav1.Object {
	if old == nil {
		return obj
	}
	return old
}

// claim returns the candidates that belong to owner. Those that it controls but selects no more are released,
// those that nobody controls and that it selects are adopted; owner may be in deletion, then nothing is adopted.
func claim[T any, P api.Object[T]](c api.Client, owner metav1.Object, kind schema.GroupVersionKind, selector labels.Selector, candidates []P) ([]P, error) {
	var claimed []P
	for _, obj := range candidates {
		ref := metav1.GetControllerOf(obj)
		matches := selector.Matches(labels.Set(obj.GetLabels()))
		switch {
		case ref != nil && ref.UID != owner.GetUID():
		case ref != nil && matches:
			claimed = append(claimed, obj)
		case ref != nil:
			if owner.GetDeletionTimestamp() != nil {
				continue
			}
			if err := release(c, owner, obj); err != nil {
				return nil, err
			}
		case matches && !selector.Empty() && owner.GetDeletionTimestamp() == nil && obj.GetDeletionTimestamp() == nil:
			adopted, err := adopt(c, owner, kind, obj)
			if errors.IsNotFound(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			claimed = append(claimed, adopted)
		}
	}
	return claimed, nil
}

func adopt[T any, P api.Object[T]](c api.Client, owner metav1.Object, kind schema.GroupVersionKind, obj P) (P, error) {
	return patchMeta(c, obj, "ownerReferences", append(obj.GetOwnerReferences(), *metav1.NewControllerRef(owner, kind)))
}

func release[T any, P api.Object[T]](c api.Client, owner metav1.Object, obj P) error {
	refs := slices.DeleteFunc(slices.Clone(obj.GetOwnerReferences()), func(r metav1.OwnerReference) bool { return r.UID == owner.GetUID() })
	_, err := patchMeta(c, obj, "ownerReferences", refs)
	return ignoreMissing(err)
}

// patchMeta replaces one field of the object's metadata, if it is still the object that was read.
func patchMeta[T any, P api.Object[T]](c api.Client, obj P, field string, value any) (P, error) {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		field: value, "uid": obj.GetUID(), "resourceVersion": obj.GetResourceVersion(),
	}})
	if err != nil {
		return nil, err
	}
	return api.Patch[T, P](c, obj.GetNamespace(), obj.GetName(), "", types.MergePatchType, patch)
}

func controlledBy(obj metav1.Object, uid types.UID) bool {
	ref := metav1.GetControllerOf(obj)
	return ref != nil && ref.UID == uid
}
