package apiserver

import (
	"errors"
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/admission"
	"terrarium/sim/auth"
	"terrarium/sim/resources"
)

// optimisticLock is the reason of a conflict.
const optimisticLock = "the object has been modified; please apply your changes to the latest version and try again"

// rules are what a write to an object, or to one of its subresources, obeys.
type rules struct {
	prepare  func(ctx *resources.Context, obj, old runtime.Object)
	validate func(obj, old runtime.Object) field.ErrorList
	warnings func(obj, old runtime.Object) []string
	create   bool // what is not there is created
	finalize bool // a write that takes away what held a deleted object removes it
}

// specRules are those of a write to the object itself.
func (c *call) specRules() rules {
	kind := c.kind
	return rules{
		prepare: func(ctx *resources.Context, obj, old runtime.Object) {
			if kind.HasStatus && kind.ResetStatus != nil {
				kind.ResetStatus(obj, old)
			}
			if kind.PrepareForUpdate != nil {
				kind.PrepareForUpdate(ctx, obj, old)
			}
			if kind.SpecChanged != nil && kind.SpecChanged(obj, old) {
				metaOf(obj).SetGeneration(metaOf(old).GetGeneration() + 1)
			}
		},
		validate: kind.ValidateUpdate,
		warnings: kind.Warnings,
		create:   kind.CreateOnUpdate,
	}
}

// statusRules are those of a write to the status subresource.
func (c *call) statusRules() rules {
	kind := c.kind
	return rules{
		prepare: func(ctx *resources.Context, obj, old runtime.Object) {
			if kind.ResetSpec != nil {
				kind.ResetSpec(obj, old)
			}
			if kind.PrepareForStatusUpdate != nil {
				kind.PrepareForStatusUpdate(ctx, obj, old)
			}
		},
		validate: kind.ValidateStatusUpdate,
	}
}

// put is an update by a whole object.
func (c *call) put(r rules) (runtime.Object, error) {
	obj, err := c.incoming(c.req.Object)
	if err != nil {
		return nil, err
	}
	m := metaOf(obj)
	if err := c.settle(m); err != nil {
		return nil, err
	}
	c.uniteOwners(m, ownersTwice)
	return c.update(r, func(old runtime.Object) (runtime.Object, error) {
		if old != nil {
			if err := c.sameUID(m, metaOf(old)); err != nil {
				return nil, err
			}
		}
		c.manage(obj, old)
		return obj, nil
	})
}

// sameUID refuses to update an object that only bears the name of the one that was read.
func (c *call) sameUID(m, old metav1.Object) error {
	if m.GetUID() == "" || m.GetUID() == old.GetUID() {
		return nil
	}
	root := "/registry"
	if c.req.DryRun {
		root = ""
	}
	return apierrors.NewConflict(c.gr(), c.req.Name, fmt.Errorf(
		"StorageError: invalid object, Code: 4, Key: %s/%s/%s, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: %v, UID in object meta: %v",
		root, registryName(c.kind), c.key(c.req.Name), m.GetUID(), old.GetUID()))
}

// registryName is the folder that the real server keeps a kind's objects in.
func registryName(kind *resources.Resource) string {
	switch {
	case kind.Custom:
		return kind.Group + "/" + kind.Name
	case kind.Kind == "ReplicationController":
		return "controllers"
	case kind.Kind == "Node":
		return "minions"
	case kind.Kind == "Service":
		return "services/specs"
	case kind.Kind == "Endpoints":
		return "services/endpoints"
	case kind.Kind == "Ingress":
		return "ingress"
	}
	return kind.Name
}

// update carries out any change of an existing object. make builds the new object from the old one, which is nil
// where there is none and the rules allow to create; what it returns becomes the server's.
func (c *call) update(r rules, make func(old runtime.Object) (runtime.Object, error)) (runtime.Object, error) {
	old, err := c.existing()
	if err != nil && !r.create {
		return nil, err
	}
	if old == nil {
		return c.createByUpdate(make)
	}
	obj, err := make(old)
	if err != nil {
		return nil, err
	}
	m, oldMeta := metaOf(obj), metaOf(old)
	a := c.attributes(admission.Update, obj, old)
	if err := c.admission.Admit(a); err != nil {
		return nil, err
	}
	c.uniteOwners(m, ownersTwiceAfter)
	if err := c.escalates(obj, old); err != nil {
		return nil, err
	}
	if err := c.lock(m, oldMeta); err != nil {
		return nil, err
	}
	if err := c.begin(obj, old); err != nil {
		return nil, err
	}
	if err := c.settleNamespace(m); err != nil {
		return nil, err
	}
	m.SetGeneration(oldMeta.GetGeneration())
	if r.prepare != nil {
		r.prepare(c.context(), obj, old)
	}
	c.keepMeta(m, oldMeta)
	errs := validateMeta(m, c.kind.Namespaced, pathSegment)
	errs = append(errs, validation.ValidateObjectMetaAccessorUpdate(m, oldMeta, field.NewPath("metadata"))...)
	if r.validate != nil {
		errs = append(errs, r.validate(obj, old)...)
	}
	if len(errs) > 0 {
		return nil, apierrors.NewInvalid(c.kind.GVK().GroupKind(), m.GetName(), errs)
	}
	if r.warnings != nil {
		for _, w := range r.warnings(obj, old) {
			c.warn(w)
		}
	}
	if err := c.admission.Validate(a); err != nil {
		return nil, err
	}
	return c.storeChanged(obj, old)
}

// lock is the optimistic lock: no resourceVersion takes any, where the kind allows it.
func (c *call) lock(m, old metav1.Object) error {
	if err := parsesVersion(m); err != nil {
		return err
	}
	switch v := m.GetResourceVersion(); {
	case v == old.GetResourceVersion():
		return nil
	case v != "" && v != "0":
		return apierrors.NewConflict(c.gr(), c.req.Name, errors.New(optimisticLock))
	case c.kind.NeedsVersion:
		gk := schema.GroupKind{Group: c.gr().Group, Kind: c.gr().Resource}
		return apierrors.NewInvalid(gk, c.req.Name, field.ErrorList{
			field.Invalid(field.NewPath("metadata", "resourceVersion"), uint64(0), "must be specified for an update")})
	}
	m.SetResourceVersion(old.GetResourceVersion())
	return nil
}

// parsesVersion refuses a resourceVersion that is no number.
func parsesVersion(m metav1.Object) error {
	if m.GetResourceVersion() == "" {
		return nil
	}
	_, err := strconv.ParseUint(m.GetResourceVersion(), 10, 64)
	return err
}

// keepMeta keeps what an update cannot change.
func (c *call) keepMeta(m, old metav1.Object) {
	if m.GetUID() == "" {
		m.SetUID(old.GetUID())
	}
	if t := old.GetCreationTimestamp(); !t.IsZero() {
		m.SetCreationTimestamp(t)
	}
	if t := old.GetDeletionTimestamp(); !t.IsZero() {
		m.SetDeletionTimestamp(t)
	}
	if old.GetDeletionGracePeriodSeconds() != nil && m.GetDeletionGracePeriodSeconds() == nil {
		m.SetDeletionGracePeriodSeconds(old.GetDeletionGracePeriodSeconds())
	}
}

// storeChanged stores a finished change; one that changes nothing leaves the object and its resourceVersion alone.
func (c *call) storeChanged(obj, old runtime.Object) (runtime.Object, error) {
	gr, key := c.kind.GroupResource(), c.key(c.req.Name)
	if c.endsDeletion(obj, old) {
		if c.req.DryRun {
			return c.outgoing(obj), nil
		}
		if _, err := c.store.Delete(gr, key, old); err != nil {
			return nil, err
		}
		c.keepAddresses(nil, old)
		delete(c.ledger.notes, c.noteKey(old))
		return c.outgoing(obj), nil
	}
	if equality.Semantic.DeepEqual(obj, old) && c.sameManaged(old) {
		c.note = nil
		return c.outgoing(old), nil
	}
	if c.req.DryRun {
		return c.outgoing(obj), nil
	}
	if err := c.store.Update(gr, key, obj, old); err != nil {
		return nil, err
	}
	c.enter(obj)
	c.keepAddresses(obj, old)
	return c.outgoing(obj), nil
}

// endsDeletion says whether the change takes away the last thing that held an object whose deletion has begun.
func (c *call) endsDeletion(obj, old runtime.Object) bool {
	was := metaOf(old)
	if len(metaOf(obj).GetFinalizers()) > 0 || was.GetDeletionTimestamp() == nil {
		return false
	}
	if g := was.GetDeletionGracePeriodSeconds(); g != nil && *g != 0 {
		return false
	}
	return c.kind.BecomeDeleting == nil || !c.kind.BecomeDeleting(c.context(), obj.DeepCopyObject())
}

func (c *call) createByUpdate(make func(old runtime.Object) (runtime.Object, error)) (runtime.Object, error) {
	obj, err := make(nil)
	if err != nil {
		return nil, err
	}
	if err := parsesVersion(metaOf(obj)); err != nil {
		return nil, err
	}
	a := auth.Attributes{
		User: c.req.User, Verb: "create",
		Group: c.req.Resource.Group, Version: c.req.Resource.Version, Resource: c.req.Resource.Resource,
		Namespace: c.req.Namespace, Name: c.req.Name,
	}
	if allowed, reason := c.authorizer.Authorize(a); !allowed {
		return nil, auth.Denied(a, reason)
	}
	return c.admitAndCreate(obj)
}
