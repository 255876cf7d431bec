package apiserver

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/admission"
	"terrarium/sim/resources"
)

// bind assigns a pod to a node.
func (c *call) bind() (runtime.Object, error) {
	sent, ok := c.req.Object.(*corev1.Binding)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a Binding object: %#v", c.req.Object))
	}
	b := sent.DeepCopy()
	if err := c.settleNamespace(b); err != nil {
		return nil, err
	}
	if c.req.Name == "" {
		c.req.Name = b.Name
	}
	a := c.attributes(admission.Create, b, nil)
	if err := c.admission.Admit(a); err != nil {
		return nil, err
	}
	if c.req.Name != b.Name {
		return nil, apierrors.NewBadRequest("name in URL does not match name in Binding object")
	}
	if errs := validateBinding(b); len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	if err := c.admission.Validate(a); err != nil {
		return nil, err
	}
	_, err := c.change(func(obj runtime.Object) error { return c.assign(obj.(*corev1.Pod), b) })
	if err != nil {
		return nil, err
	}
	return success(), nil
}

// bindAlone is a binding that is not created below its Pod.
func (c *call) bindAlone(b *corev1.Binding) (runtime.Object, error) {
	pods := *c
	pods.kind = c.kinds[schema.GroupVersionResource{Version: "v1", Resource: "pods"}]
	pods.view = pods.kind
	pods.req.Resource, pods.req.Subresource, pods.req.Name, pods.req.Object = pods.kind.GVR(), "binding", b.Name, b
	return pods.bind()
}

func validateBinding(b *corev1.Binding) field.ErrorList {
	var errs field.ErrorList
	target := field.NewPath("target")
	if b.Target.Kind != "" && b.Target.Kind != "Node" {
		errs = append(errs, field.NotSupported(target.Child("kind"), b.Target.Kind, []string{"Node", "<empty>"}))
	}
	if b.Target.Name == "" {
		errs = append(errs, field.Required(target.Child("name"), ""))
	}
	return errs
}

func (c *call) assign(pod *corev1.Pod, b *corev1.Binding) error {
	refuse := func(format string, args ...any) error {
		return apierrors.NewConflict(schema.GroupResource{Resource: "pods/binding"}, pod.Name, fmt.Errorf(format, args...))
	}
	if err := c.sameUID(b, pod); err != nil {
		return err
	}
	switch {
	case b.ResourceVersion != "" && b.ResourceVersion != pod.ResourceVersion:
		return apierrors.NewConflict(c.gr(), pod.Name, errors.New(optimisticLock))
	case pod.DeletionTimestamp != nil:
		return refuse("pod %s is being deleted, cannot be assigned to a host", pod.Name)
	case pod.Spec.NodeName != "":
		return refuse("pod %v is already assigned to node %q", pod.Name, pod.Spec.NodeName)
	case len(pod.Spec.SchedulingGates) > 0:
		return refuse("pod %v has non-empty .spec.schedulingGates", pod.Name)
	}
	pod.Spec.NodeName = b.Target.Name
	pod.Status.NominatedNodeName = ""
	for key, value := range b.Annotations {
		metav1.SetMetaDataAnnotation(&pod.ObjectMeta, key, value)
	}
	for key, value := range b.Labels {
		metav1.SetMetaDataLabel(&pod.ObjectMeta, key, value)
	}
	setPodCondition(pod, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, c.now())
	return nil
}

// setPodCondition sets a condition; its time changes with its status only.
func setPodCondition(pod *corev1.Pod, cond corev1.PodCondition, now metav1.Time) {
	cond.LastTransitionTime = now
	for i, have := range pod.Status.Conditions {
		if have.Type != cond.Type {
			continue
		}
		if have.Status == cond.Status {
			cond.LastTransitionTime = have.LastTransitionTime
		}
		pod.Status.Conditions[i] = cond
		return
	}
	pod.Status.Conditions = append(pod.Status.Conditions, cond)
}

// change is an internal write to the object that the request names, without admission or validation.
func (c *call) change(fn func(obj runtime.Object) error) (runtime.Object, error) {
	old, err := c.existing()
	if err != nil {
		return nil, err
	}
	obj := old.DeepCopyObject()
	if err := fn(obj); err != nil {
		return nil, err
	}
	return c.storeChanged(obj, old)
}

// success is the answer to a request that has nothing to show.
func success() *metav1.Status {
	return &metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess}
}

// finalize writes a namespace's spec.finalizers.
func (c *call) finalize() (runtime.Object, error) {
	return c.put(rules{prepare: func(_ *resources.Context, obj, old runtime.Object) {
		finalizers := obj.(*corev1.Namespace).Spec.Finalizers
		m := metaOf(obj).GetResourceVersion()
		old.(*corev1.Namespace).DeepCopyInto(obj.(*corev1.Namespace))
		obj.(*corev1.Namespace).Spec.Finalizers = finalizers
		metaOf(obj).SetResourceVersion(m)
	}})
}
