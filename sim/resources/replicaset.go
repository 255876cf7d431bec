package resources

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func replicaSets() *Resource {
	return of(&Resource{
		Group: "apps", Version: "v1", Name: "replicasets", Singular: "replicaset", Kind: "ReplicaSet",
		ShortNames: []string{"rs"}, Categories: []string{"all"}, Namespaced: true,
		New: fresh[appsv1.ReplicaSet], NewList: fresh[appsv1.ReplicaSetList],
		Scale: &Scale{
			Replicas: func(obj runtime.Object) (int32, int32, string) {
				rs := obj.(*appsv1.ReplicaSet)
				return or(rs.Spec.Replicas, 0), rs.Status.Replicas, selectorText(rs.Spec.Selector)
			},
			Set: func(obj runtime.Object, replicas int32) { obj.(*appsv1.ReplicaSet).Spec.Replicas = &replicas },
		},
	}, typed[appsv1.ReplicaSet]{
		Default: func(rs *appsv1.ReplicaSet) {
			fillPointer(&rs.Spec.Replicas, 1)
			defaultPodSpec(&rs.Spec.Template.Spec)
		},
		Create:         func(_ *Context, rs *appsv1.ReplicaSet) { prepareTemplate(&rs.Spec.Template, nil) },
		Update:         func(_ *Context, rs, old *appsv1.ReplicaSet) { prepareTemplate(&rs.Spec.Template, &old.Spec.Template) },
		Validate:       validateReplicaSet,
		ValidateUpdate: validateReplicaSetUpdate,
		Warnings: func(rs, old *appsv1.ReplicaSet) []string {
			if old == nil {
				return append(hostNameWarning(rs.Name), templateWarnings(field.NewPath("spec", "template"), &rs.Spec.Template)...)
			}
			if rs.Generation == old.Generation {
				return nil
			}
			return templateWarnings(field.NewPath("spec", "template"), &rs.Spec.Template)
		},
		Spec:                 func(rs, from *appsv1.ReplicaSet) { rs.Spec = from.Spec },
		Status:               func(rs, from *appsv1.ReplicaSet) { rs.Status = from.Status },
		ValidateStatusUpdate: validateReplicaSetStatusUpdate,
		Changed:              func(rs, old *appsv1.ReplicaSet) bool { return !equality.Semantic.DeepEqual(rs.Spec, old.Spec) },
		Row: func(rs *appsv1.ReplicaSet, now time.Time) []any {
			names, images := containerCells(rs.Spec.Template.Spec.Containers)
			return []any{rs.Name, int64(or(rs.Spec.Replicas, 0)), int64(rs.Status.Replicas), int64(rs.Status.ReadyReplicas),
				age(rs.CreationTimestamp, now), names, images, metav1.FormatLabelSelector(rs.Spec.Selector)}
		},
	})
}
