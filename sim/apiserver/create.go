package apiserver

import (
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"terrarium/sim/admission"
	"terrarium/sim/store"
)

func (c *call) create() (runtime.Object, error) {
	obj, err := c.incoming(c.req.Object)
	if err != nil {
		return nil, err
	}
	m := metaOf(obj)
	if c.req.Name == "" {
		c.req.Name = m.GetName()
	}
	if c.kind.Namespaced && c.req.Namespace == "" {
		return nil, apierrors.NewBadRequest("an empty namespace may not be set during creation")
	}
	wipe(m)
	if err := c.settleNamespace(m); err != nil {
		return nil, err
	}
	if answer, ok, err := c.review(obj); ok {
		c.created = true
		return answer, err
	}
	return c.admitAndCreate(obj)
}

// maxNameAttempts is how often a generated name that is taken is replaced by another.
const maxNameAttempts = 8

// admitAndCreate is the part of a create that an apply, or an update of what is not there, shares with it.
func (c *call) admitAndCreate(obj runtime.Object) (runtime.Object, error) {
	m := metaOf(obj)
	if err := c.creatable(m.GetName()); err != nil {
		return nil, err
	}
	c.uniteOwners(m, ownersTwice)
	if c.note == nil {
		c.manage(obj, nil)
	}
	if err := c.admission.Admit(c.attributes(admission.Create, obj, nil)); err != nil {
		return nil, err
	}
	c.uniteOwners(m, ownersTwiceAfter)
	if m.GetGenerateName() == "" || m.GetName() != "" {
		return c.createOnce(obj)
	}
	for attempt := 1; ; attempt++ {
		out, err := c.createOnce(obj.DeepCopyObject())
		if attempt == maxNameAttempts || !apierrors.IsAlreadyExists(err) {
			return out, err
		}
	}
}

func (c *call) createOnce(obj runtime.Object) (runtime.Object, error) {
	m, kind, ctx := metaOf(obj), c.kind, c.context()
	c.become(m)
	if err := c.escalates(obj, nil); err != nil {
		return nil, err
	}
	if err := c.begin(obj, nil); err != nil {
		return nil, err
	}
	if kind.HasStatus && kind.ResetStatus != nil {
		kind.ResetStatus(obj, nil)
	}
	if kind.PrepareForCreate != nil {
		kind.PrepareForCreate(ctx, obj)
	}
	if kind.SpecChanged != nil {
		m.SetGeneration(1)
		if kind.FromZero {
			m.SetGeneration(0)
		}
	}
	errs := validateMeta(m, kind.Namespaced, c.nameError)
	if kind.Validate != nil {
		errs = append(errs, kind.Validate(obj)...)
	}
	if len(errs) > 0 {
		return nil, apierrors.NewInvalid(kind.GVK().GroupKind(), m.GetName(), errs)
	}
	if kind.Warnings != nil {
		for _, w := range kind.Warnings(obj, nil) {
			c.warn(w)
		}
	}
	a := c.attributes(admission.Create, obj, nil)
	a.Name = m.GetName()
	if err := c.admission.Validate(a); err != nil {
		return nil, err
	}
	if m.GetResourceVersion() != "" && m.GetResourceVersion() != "0" && !c.req.DryRun {
		return nil, errors.New("resourceVersion should not be set on objects to be created")
	}
	return c.storeNew(obj)
}

// storeNew stores a finished object, or says that its name is taken.
func (c *call) storeNew(obj runtime.Object) (runtime.Object, error) {
	m := metaOf(obj)
	gr, key := c.kind.GroupResource(), store.Key(m.GetNamespace(), m.GetName())
	if old := c.store.Get(gr, key); old != nil {
		err := apierrors.NewAlreadyExists(c.gr(), m.GetName())
		if m.GetGenerateName() != "" {
			err = apierrors.NewGenerateNameConflict(c.gr(), m.GetName(), 1)
		}
		if metaOf(old).GetDeletionTimestamp() != nil {
			err.ErrStatus.Message = "object is being deleted: " + err.ErrStatus.Message
		}
		return nil, err
	}
	if !c.req.DryRun {
		if err := c.store.Create(gr, key, obj); err != nil {
			return nil, err
		}
		c.enter(obj)
		c.keepAddresses(obj, nil)
	}
	c.created = true
	return c.outgoing(obj), nil
}
