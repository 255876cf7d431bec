package resources

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func deployments() *Resource {
	return of(&Resource{
		Group: "apps", Version: "v1", Name: "deployments", Singular: "deployment", Kind: "Deployment",
		StatusResets: []string{"metadata.labels"},
		ShortNames:   []string{"deploy"}, Categories: []string{"all"}, Namespaced: true,
		New: fresh[appsv1.Deployment], NewList: fresh[appsv1.DeploymentList],
		Scale: &Scale{
			Replicas: func(obj runtime.Object) (int32, int32, string) {
				d := obj.(*appsv1.Deployment)
				return or(d.Spec.Replicas, 0), d.Status.Replicas, selectorText(d.Spec.Selector)
			},
			Set: func(obj runtime.Object, replicas int32) { obj.(*appsv1.Deployment).Spec.Replicas = &replicas },
		},
	}, typed[appsv1.Deployment]{
		Default:        defaultDeployment,
		Create:         func(_ *Context, d *appsv1.Deployment) { prepareTemplate(&d.Spec.Template, nil) },
		Update:         func(_ *Context, d, old *appsv1.Deployment) { prepareTemplate(&d.Spec.Template, &old.Spec.Template) },
		Validate:       validateDeployment,
		ValidateUpdate: validateDeploymentUpdate,
		Warnings: func(d, old *appsv1.Deployment) []string {
			if old == nil {
				return append(hostNameWarning(d.Name), templateWarnings(field.NewPath("spec", "template"), &d.Spec.Template)...)
			}
			if d.Generation == old.Generation {
				return nil
			}
			return templateWarnings(field.NewPath("spec", "template"), &d.Spec.Template)
		},
		Spec: func(d, from *appsv1.Deployment) { d.Spec, d.Labels = from.Spec, from.Labels },
		Status: func(d, from *appsv1.Deployment) {
			d.Status = from.Status
		},
		ValidateStatusUpdate: validateDeploymentStatusUpdate,
		Changed: func(d, old *appsv1.Deployment) bool { // annotations are copied to the replica sets
			return !equality.Semantic.DeepEqual(d.Spec, old.Spec) || !equality.Semantic.DeepEqual(d.Annotations, old.Annotations)
		},
		Row: func(d *appsv1.Deployment, now time.Time) []any {
			names, images := containerCells(d.Spec.Template.Spec.Containers)
			return []any{d.Name, fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, or(d.Spec.Replicas, 0)), int64(d.Status.UpdatedReplicas),
				int64(d.Status.AvailableReplicas), age(d.CreationTimestamp, now), names, images, orElseInvalid(d.Spec.Selector)}
		},
	})
}

func defaultDeployment(d *appsv1.Deployment) {
	spec := &d.Spec
	fillPointer(&spec.Replicas, 1)
	fill(&spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		fillPointer(&spec.Strategy.RollingUpdate, appsv1.RollingUpdateDeployment{})
		fillPointer(&spec.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
		fillPointer(&spec.Strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
	}
	fillPointer(&spec.RevisionHistoryLimit, 10)
	fillPointer(&spec.ProgressDeadlineSeconds, 600)
	defaultPodSpec(&spec.Template.Spec)
}

// selectorText is the selector as a scale shows it; "" where there is none or it is wrong.
func selectorText(s *metav1.LabelSelector) string {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return ""
	}
	return selector.String()
}

func orElseInvalid(s *metav1.LabelSelector) string {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return "<invalid>"
	}
	return selector.String()
}

// containerCells are the names and the images of the containers, as wide tables show them.
func containerCells(containers []v1.Container) (names, images string) {
	n, i := make([]string, len(containers)), make([]string, len(containers))
	for k := range containers {
		n[k], i[k] = containers[k].Name, containers[k].Image
	}
	return strings.Join(n, ","), strings.Join(i, ",")
}
