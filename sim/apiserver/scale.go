package apiserver

import (
	"fmt"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var scaleKind = schema.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "Scale"}

// scale reads and writes the replicas of an object, as a Scale.
func (c *call) scale() (runtime.Object, error) {
	sh := shape{
		fresh: func() runtime.Object { return &autoscalingv1.Scale{} },
		view:  func(obj runtime.Object) runtime.Object { return c.scaleOf(obj) },
		merge: c.setScale,
	}
	var out runtime.Object
	var err error
	switch c.req.Verb {
	case "get":
		out, err = c.existing()
	case "update":
		sent, ok := c.req.Object.(*autoscalingv1.Scale)
		if !ok {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("wrong object passed to Scale update: %v", c.req.Object))
		}
		out, err = c.update(c.scaleRules(), func(old runtime.Object) (runtime.Object, error) {
			obj, err := c.setScale(sent, old.DeepCopyObject())
			if err == nil {
				c.manage(obj, old)
			}
			return obj, err
		})
	case "patch":
		out, err = c.patchShape(c.scaleRules(), sh)
	default:
		return nil, errMethod()
	}
	if err != nil {
		return nil, err
	}
	return c.scaleOf(out), nil
}

func (c *call) scaleRules() rules {
	r := c.specRules()
	r.create = false
	return r
}

func (c *call) scaleOf(obj runtime.Object) *autoscalingv1.Scale {
	m := metaOf(obj)
	spec, status, selector := c.kind.Scale.Replicas(obj)
	return &autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: metav1.ObjectMeta{
			Name: m.GetName(), Namespace: m.GetNamespace(), UID: m.GetUID(),
			ResourceVersion: m.GetResourceVersion(), CreationTimestamp: m.GetCreationTimestamp(),
		},
		Spec:   autoscalingv1.ScaleSpec{Replicas: spec},
		Status: autoscalingv1.ScaleStatus{Replicas: status, Selector: selector},
	}
}

func scaleColumns() []metav1.TableColumnDefinition {
	doc := metav1.ObjectMeta{}.SwaggerDoc()
	return []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name", Description: doc["name"]},
		{Name: "Desired", Type: "integer", Description: autoscalingv1.ScaleSpec{}.SwaggerDoc()["replicas"]},
		{Name: "Available", Type: "integer", Description: autoscalingv1.ScaleStatus{}.SwaggerDoc()["replicas"]},
		{Name: "Age", Type: "string", Description: doc["creationTimestamp"]},
	}
}

func scaleRow(obj runtime.Object, now time.Time) []any {
	s := obj.(*autoscalingv1.Scale)
	return []any{s.Name, int64(s.Spec.Replicas), int64(s.Status.Replicas), duration.HumanDuration(now.Sub(s.CreationTimestamp.Time))}
}

// setScale puts a Scale's replicas on the object.
func (c *call) setScale(sent, obj runtime.Object) (runtime.Object, error) {
	scale := sent.(*autoscalingv1.Scale)
	m := metaOf(obj)
	var errs field.ErrorList
	if scale.Spec.Replicas < 0 {
		errs = append(errs, field.Invalid(field.NewPath("spec", "replicas"), scale.Spec.Replicas, "must be greater than or equal to 0").WithOrigin("minimum"))
	}
	if len(errs) > 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Group: "autoscaling", Kind: "Scale"}, c.req.Name, errs)
	}
	if scale.UID != "" && scale.UID != m.GetUID() {
		return nil, apierrors.NewConflict(schema.GroupResource{Group: c.gr().Group, Resource: c.gr().Resource + "/scale"}, c.req.Name,
			fmt.Errorf("Precondition failed: UID in precondition: %v, UID in object meta: %v", scale.UID, m.GetUID()))
	}
	c.kind.Scale.Set(obj, scale.Spec.Replicas)
	if scale.ResourceVersion != "" {
		m.SetResourceVersion(scale.ResourceVersion)
	}
	return obj, nil
}
