package resources

import (
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func replicationControllers() *Resource {
	return of(&Resource{
		Version: "v1", Name: "replicationcontrollers", Singular: "replicationcontroller", Kind: "ReplicationController",
		ShortNames: []string{"rc"}, Categories: []string{"all"}, Namespaced: true, OrphanByDefault: true,
		NameError: func(name string, prefix bool) []string {
			if prefix {
				return nil // the real server looks at names only
			}
			return longName(name, prefix)
		},
		New: fresh[v1.ReplicationController], NewList: fresh[v1.ReplicationControllerList],
		Scale: &Scale{
			Replicas: func(obj runtime.Object) (int32, int32, string) {
				rc := obj.(*v1.ReplicationController)
				return or(rc.Spec.Replicas, 0), rc.Status.Replicas, labels.SelectorFromSet(rc.Spec.Selector).String()
			},
			Set: func(obj runtime.Object, replicas int32) { obj.(*v1.ReplicationController).Spec.Replicas = &replicas },
		},
	}, typed[v1.ReplicationController]{
		Default: defaultReplicationController,
		Create: func(_ *Context, rc *v1.ReplicationController) {
			if rc.Spec.Template != nil {
				prepareTemplate(rc.Spec.Template, nil)
			}
		},
		Update: func(_ *Context, rc, old *v1.ReplicationController) {
			if rc.Spec.Template != nil {
				prepareTemplate(rc.Spec.Template, old.Spec.Template)
			}
		},
		Validate: func(rc *v1.ReplicationController) field.ErrorList {
			return validateReplicationController(&rc.Spec, nil)
		},
		ValidateUpdate: func(rc, old *v1.ReplicationController) field.ErrorList {
			return validateReplicationController(&rc.Spec, old.Spec.Template)
		},
		Warnings: func(rc, old *v1.ReplicationController) []string {
			at := field.NewPath("spec", "template")
			switch {
			case old == nil && rc.Spec.Template != nil:
				return append(hostNameWarning(rc.Name), templateWarnings(at, rc.Spec.Template)...)
			case old != nil && old.Generation != rc.Generation: // the real server warns of the old one
				return templateWarnings(at, old.Spec.Template)
			}
			return nil
		},
		Spec:                 func(rc, from *v1.ReplicationController) { rc.Spec = from.Spec },
		Status:               func(rc, from *v1.ReplicationController) { rc.Status = from.Status },
		ValidateStatusUpdate: validateReplicationControllerStatusUpdate,
		Changed:              func(rc, old *v1.ReplicationController) bool { return !equality.Semantic.DeepEqual(rc.Spec, old.Spec) },
		Fields: func(rc *v1.ReplicationController) fields.Set {
			return fields.Set{"status.replicas": strconv.Itoa(int(rc.Status.Replicas))}
		},
		Row: func(rc *v1.ReplicationController, now time.Time) []any {
			var containers []v1.Container
			if rc.Spec.Template != nil {
				containers = rc.Spec.Template.Spec.Containers
			}
			names, images := containerCells(containers)
			return []any{rc.Name, int64(or(rc.Spec.Replicas, 0)), int64(rc.Status.Replicas), int64(rc.Status.ReadyReplicas),
				age(rc.CreationTimestamp, now), names, images, labels.FormatLabels(rc.Spec.Selector)}
		},
	})
}

// longName is apimachinery's check of a subdomain in its newer wording.
func longName(name string, prefix bool) []string {
	if prefix && name != "" {
		name = strings.TrimSuffix(name, "-") + "a"
	}
	return content.IsDNS1123Subdomain(name)
}

func defaultReplicationController(rc *v1.ReplicationController) {
	fillPointer(&rc.Spec.Replicas, 1)
	t := rc.Spec.Template
	if t == nil {
		return
	}
	if len(rc.Spec.Selector) == 0 && t.Labels != nil {
		rc.Spec.Selector = t.Labels
	}
	if len(rc.Labels) == 0 && t.Labels != nil {
		rc.Labels = t.Labels
	}
	defaultPodSpec(&t.Spec)
}

func validateReplicationController(spec *v1.ReplicationControllerSpec, old *v1.PodTemplateSpec) field.ErrorList {
	var p problems
	at := field.NewPath("spec")
	p.nonNegative(at.Child("minReadySeconds"), int64(spec.MinReadySeconds))
	if len(spec.Selector) == 0 {
		p.required(at.Child("selector"), "")
	}
	p.nonNegative(at.Child("replicas"), int64(or(spec.Replicas, 0)))
	if spec.Template == nil {
		p.required(at.Child("template"), "")
		return p.list()
	}
	at = at.Child("template")
	matchTemplate(&p, at, labels.SelectorFromSet(spec.Selector), spec.Template)
	validatePodTemplate(&p, at, spec.Template, old)
	validateLastingTemplate(&p, at, spec.Template, "ReplicationController")
	return p.list()
}

func validateReplicationControllerStatusUpdate(rc, _ *v1.ReplicationController) field.ErrorList {
	var p problems
	s, at := &rc.Status, field.NewPath("status")
	validateCounts(&p, at, []count{{"replicas", s.Replicas}, {"fullyLabeledReplicas", s.FullyLabeledReplicas}, {"readyReplicas", s.ReadyReplicas},
		{"availableReplicas", s.AvailableReplicas}})
	p.nonNegative(at.Child("observedGeneration"), s.ObservedGeneration)
	validateAtMost(&p, at, s.Replicas, "cannot be greater than status.replicas", []count{{"fullyLabeledReplicas", s.FullyLabeledReplicas},
		{"readyReplicas", s.ReadyReplicas}, {"availableReplicas", s.AvailableReplicas}})
	validateAtMost(&p, at, s.ReadyReplicas, "cannot be greater than readyReplicas", []count{{"availableReplicas", s.AvailableReplicas}})
	return p.list()
}
