package apiserver

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/admission"
	"terrarium/sim/api"
)

const jobsOrphan = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"

func (c *call) delete() (runtime.Object, error) {
	options := c.deleteOptions()
	if errs := metavalidation.ValidateDeleteOptions(options); len(errs) > 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "DeleteOptions"}, "", errs)
	}
	if c.kind.OrphanByDefault && c.kind.Name == "jobs" && options.PropagationPolicy == nil && options.OrphanDependents == nil {
		c.warn(jobsOrphan)
	}
	return c.deleteOne(options)
}

// deleteOptions are a copy of the request's, and never nil.
func (c *call) deleteOptions() *metav1.DeleteOptions {
	options := c.req.Delete.DeepCopy()
	if options == nil {
		options = &metav1.DeleteOptions{}
	}
	if len(options.DryRun) > 0 {
		c.req.DryRun = true
	}
	if g := options.GracePeriodSeconds; g != nil && *g < 0 {
		one := int64(1)
		options.GracePeriodSeconds = &one
	}
	return options
}

func (c *call) deleteOne(options *metav1.DeleteOptions) (runtime.Object, error) {
	old, err := c.existing()
	if err != nil {
		return nil, err
	}
	if err := c.precondition(metaOf(old), options.Preconditions); err != nil {
		return nil, err
	}
	obj := old.DeepCopyObject()
	graceful, pending := c.becomeGraceful(obj, options)
	if pending {
		return c.deleted(old), nil
	}
	m := metaOf(obj)
	m.SetFinalizers(c.finalizers(m.GetFinalizers(), options))
	a := c.attributes(admission.Delete, nil, old)
	if err := c.admission.Admit(a); err != nil {
		return nil, err
	}
	if err := c.admission.Validate(a); err != nil {
		return nil, err
	}
	stays := c.kind.BecomeDeleting != nil && c.kind.BecomeDeleting(c.context(), obj)
	if graceful && *m.GetDeletionGracePeriodSeconds() > 0 || stays || len(m.GetFinalizers()) > 0 {
		if !graceful {
			c.becomeDeleting(m, !stays)
		}
		return c.storeMarked(obj, old)
	}
	if c.req.DryRun {
		return c.deleted(old), nil
	}
	if graceful {
		// What ends at once has its deletion marked first: watchers see both.
		if err := c.store.Update(c.kind.GroupResource(), c.key(c.req.Name), obj, old); err != nil {
			return nil, err
		}
		old = obj
	}
	last, err := c.store.Delete(c.kind.GroupResource(), c.key(c.req.Name), old)
	if err != nil {
		return nil, err
	}
	c.keepAddresses(nil, old)
	delete(c.ledger.notes, c.noteKey(old))
	return c.deleted(last), nil
}

func (c *call) precondition(m metav1.Object, p *metav1.Preconditions) error {
	if p == nil {
		return nil
	}
	gr := schema.GroupResource{Group: c.view.Group, Resource: c.view.Kind}
	if p.UID != nil && *p.UID != m.GetUID() {
		return apierrors.NewConflict(gr, m.GetName(), fmt.Errorf("the UID in the precondition (%s) does not match the UID in record (%s). The object might have been deleted and then recreated", *p.UID, m.GetUID()))
	}
	if p.ResourceVersion != nil && *p.ResourceVersion != m.GetResourceVersion() {
		return apierrors.NewConflict(gr, m.GetName(), fmt.Errorf("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified", *p.ResourceVersion, m.GetResourceVersion()))
	}
	return nil
}

// becomeGraceful begins a deletion with a grace period, or shortens one. pending says that one is under way already
// and nothing changes.
func (c *call) becomeGraceful(obj runtime.Object, options *metav1.DeleteOptions) (graceful, pending bool) {
	if c.kind.GracePeriod == nil {
		return false, false
	}
	m := metaOf(obj)
	if began := m.GetDeletionTimestamp(); began != nil {
		left := m.GetDeletionGracePeriodSeconds()
		switch {
		case left == nil || *left == 0:
			return false, false
		case options.GracePeriodSeconds == nil || *options.GracePeriodSeconds >= *left:
			return false, true
		}
		period := *options.GracePeriodSeconds
		at := metav1.NewTime(began.Add(time.Duration(period-*left) * time.Second))
		if now := c.now(); at.Before(&now) {
			at = now
			if period != 0 {
				period = 1
			}
		}
		m.SetDeletionTimestamp(&at)
		m.SetDeletionGracePeriodSeconds(&period)
		return true, false
	}
	period := c.kind.GracePeriod(obj)
	if period == nil {
		return false, false
	}
	if options.GracePeriodSeconds != nil && *period != 0 {
		period = options.GracePeriodSeconds
	}
	seconds := *period
	at := metav1.NewTime(c.now().Add(time.Duration(seconds) * time.Second))
	m.SetDeletionTimestamp(&at)
	m.SetDeletionGracePeriodSeconds(&seconds)
	if m.GetGeneration() > 0 {
		m.SetGeneration(m.GetGeneration() + 1)
	}
	return true, false
}

// becomeDeleting begins, or ends, the deletion of an object that waits for its finalizers alone, with a grace period of
// none; kinds whose deletion is a write of their own have no such thing, and count no generation.
func (c *call) becomeDeleting(m metav1.Object, grace bool) {
	now := c.now()
	if at := m.GetDeletionTimestamp(); at == nil {
		if grace && m.GetGeneration() > 0 {
			m.SetGeneration(m.GetGeneration() + 1)
		}
		m.SetDeletionTimestamp(&now)
	} else if at.After(now.Time) {
		m.SetDeletionTimestamp(&now)
	}
	if grace {
		zero := int64(0)
		m.SetDeletionGracePeriodSeconds(&zero)
	}
}

// finalizers adds and removes the garbage collector's finalizers as the propagation policy asks.
func (c *call) finalizers(have []string, options *metav1.DeleteOptions) []string {
	policy := metav1.DeletePropagationBackground
	if c.kind.OrphanByDefault {
		policy = metav1.DeletePropagationOrphan
	}
	switch {
	case options.OrphanDependents != nil && *options.OrphanDependents:
		policy = metav1.DeletePropagationOrphan
	case options.OrphanDependents != nil:
		policy = metav1.DeletePropagationBackground
	case options.PropagationPolicy != nil:
		policy = *options.PropagationPolicy
	case slices.Contains(have, metav1.FinalizerOrphanDependents):
		policy = metav1.DeletePropagationOrphan
	case slices.Contains(have, metav1.FinalizerDeleteDependents):
		policy = metav1.DeletePropagationForeground
	}
	var out []string
	for _, f := range have {
		if f != metav1.FinalizerOrphanDependents && f != metav1.FinalizerDeleteDependents {
			out = append(out, f)
		}
	}
	switch policy {
	case metav1.DeletePropagationOrphan:
		out = append(out, metav1.FinalizerOrphanDependents)
	case metav1.DeletePropagationForeground:
		out = append(out, metav1.FinalizerDeleteDependents)
	}
	return out
}

// storeMarked stores an object whose deletion has begun and which stays for now.
func (c *call) storeMarked(obj, old runtime.Object) (runtime.Object, error) {
	if c.req.DryRun {
		return c.outgoing(obj), nil
	}
	if equality.Semantic.DeepEqual(obj, old) {
		return c.outgoing(old), nil
	}
	if err := c.store.Update(c.kind.GroupResource(), c.key(c.req.Name), obj, old); err != nil {
		return nil, err
	}
	return c.outgoing(obj), nil
}

// deleted is the answer to a delete: the object, or a Status that names it.
func (c *call) deleted(obj runtime.Object) runtime.Object {
	if c.kind.ReturnsDeleted {
		return c.outgoing(obj)
	}
	m := metaOf(obj)
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusSuccess,
		Details:  &metav1.StatusDetails{Name: m.GetName(), Group: c.gr().Group, Kind: c.gr().Resource, UID: m.GetUID()},
	}
}

// deleteCollection deletes what a list of the same request shows, and answers with it.
func (c *call) deleteCollection() (runtime.Object, error) {
	options := c.deleteOptions()
	if errs := metavalidation.ValidateDeleteOptions(options); len(errs) > 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "DeleteOptions"}, "", errs)
	}
	list, err := c.list()
	if err != nil {
		return nil, err
	}
	for _, item := range list.(*api.Listed).Items {
		one := *c
		m := metaOf(item)
		one.req.Namespace, one.req.Name = m.GetNamespace(), m.GetName()
		if _, err := one.deleteOne(options.DeepCopy()); err != nil && !apierrors.IsNotFound(err) {
			return nil, err
		}
	}
	return list, nil
}
