package resources

import (
	"maps"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func daemonSets() *Resource {
	return of(&Resource{
		Group: "apps", Version: "v1", Name: "daemonsets", Singular: "daemonset", Kind: "DaemonSet",
		ShortNames: []string{"ds"}, Categories: []string{"all"}, Namespaced: true,
		New: fresh[appsv1.DaemonSet], NewList: fresh[appsv1.DaemonSetList],
	}, typed[appsv1.DaemonSet]{
		Default: defaultDaemonSet,
		Create: func(_ *Context, d *appsv1.DaemonSet) {
			setTemplateGeneration(d, max(templateGeneration(d), 1))
			prepareTemplate(&d.Spec.Template, nil)
		},
		Update: func(_ *Context, d, old *appsv1.DaemonSet) {
			prepareTemplate(&d.Spec.Template, &old.Spec.Template)
			generation := templateGeneration(old)
			if !equality.Semantic.DeepEqual(d.Spec.Template, old.Spec.Template) {
				generation++
			}
			setTemplateGeneration(d, generation)
		},
		Validate: func(d *appsv1.DaemonSet) field.ErrorList {
			var p problems
			validateDaemonSetSpec(&p, field.NewPath("spec"), &d.Spec, nil)
			return p.list()
		},
		ValidateUpdate: func(d, old *appsv1.DaemonSet) field.ErrorList {
			var p problems
			validateSame(&p, field.NewPath("spec", "selector"), d.Spec.Selector, old.Spec.Selector)
			validateDaemonSetSpec(&p, field.NewPath("spec"), &d.Spec, &old.Spec)
			return p.list()
		},
		Warnings: func(d, old *appsv1.DaemonSet) []string {
			if old != nil && templateGeneration(d) == templateGeneration(old) {
				return nil
			}
			return templateWarnings(field.NewPath("spec", "template"), &d.Spec.Template)
		},
		Spec: func(d, from *appsv1.DaemonSet) {
			d.Spec = from.Spec
			setTemplateGeneration(d, templateGeneration(from))
		},
		Status:               func(d, from *appsv1.DaemonSet) { d.Status = from.Status },
		ValidateStatusUpdate: validateDaemonSetStatusUpdate,
		Changed:              func(d, old *appsv1.DaemonSet) bool { return !equality.Semantic.DeepEqual(d.Spec, old.Spec) },
		Row: func(d *appsv1.DaemonSet, now time.Time) []any {
			s := &d.Status
			names, images := containerCells(d.Spec.Template.Spec.Containers)
			return []any{d.Name, int64(s.DesiredNumberScheduled), int64(s.CurrentNumberScheduled), int64(s.NumberReady), int64(s.UpdatedNumberScheduled),
				int64(s.NumberAvailable), labels.FormatLabels(d.Spec.Template.Spec.NodeSelector), age(d.CreationTimestamp, now),
				names, images, metav1.FormatLabelSelector(d.Spec.Selector)}
		},
	})
}

// templateGeneration counts the templates that a daemon set has had; it lives in an annotation.
func templateGeneration(d *appsv1.DaemonSet) int64 {
	generation, _ := strconv.ParseInt(d.Annotations[appsv1.DeprecatedTemplateGeneration], 10, 64)
	return generation
}

func setTemplateGeneration(d *appsv1.DaemonSet, generation int64) {
	annotations := maps.Clone(d.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[appsv1.DeprecatedTemplateGeneration] = strconv.FormatInt(generation, 10)
	d.Annotations = annotations
}

func defaultDaemonSet(d *appsv1.DaemonSet) {
	if _, found := d.Annotations[appsv1.DeprecatedTemplateGeneration]; !found {
		setTemplateGeneration(d, 0)
	}
	defaultPodSpec(&d.Spec.Template.Spec)
	strategy := &d.Spec.UpdateStrategy
	fill(&strategy.Type, appsv1.RollingUpdateDaemonSetStrategyType)
	if strategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		fillPointer(&strategy.RollingUpdate, appsv1.RollingUpdateDaemonSet{})
		fillPointer(&strategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
	}
	if strategy.RollingUpdate != nil {
		fillPointer(&strategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(0))
		fillPointer(&strategy.RollingUpdate.MaxSurge, intstr.FromInt32(0))
	}
	fillPointer(&d.Spec.RevisionHistoryLimit, 10)
}

func validateDaemonSetSpec(p *problems, at *field.Path, spec, old *appsv1.DaemonSetSpec) {
	var before *v1.PodTemplateSpec
	if old != nil {
		before = &old.Template
	}
	validateSelector(p, at.Child("selector"), spec.Selector, old != nil && (badSelector(old.Selector) || templateRules(before).selectorValues))
	if selector, err := metav1.LabelSelectorAsSelector(spec.Selector); err == nil && !selector.Matches(labels.Set(spec.Template.Labels)) {
		p.invalid(at.Child("template", "metadata", "labels"), spec.Template.Labels, templateMismatch)
	}
	if s := spec.Selector; s != nil && len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		p.invalid(at.Child("selector"), s, "empty selector is invalid for daemonset")
	}
	validatePodTemplate(p, at.Child("template"), &spec.Template, before)
	validateLastingTemplate(p, at.Child("template"), &spec.Template, "DaemonSet")
	p.nonNegative(at.Child("minReadySeconds"), int64(spec.MinReadySeconds))
	validateDaemonSetStrategy(p, at.Child("updateStrategy"), &spec.UpdateStrategy)
	p.nonNegative(at.Child("revisionHistoryLimit"), int64(or(spec.RevisionHistoryLimit, 0)))
}

func validateDaemonSetStrategy(p *problems, at *field.Path, s *appsv1.DaemonSetUpdateStrategy) {
	switch s.Type {
	case appsv1.OnDeleteDaemonSetStrategyType:
		return
	case appsv1.RollingUpdateDaemonSetStrategyType:
	default:
		p.add(field.NotSupported(at, inward{s}, []appsv1.DaemonSetUpdateStrategyType{
			appsv1.RollingUpdateDaemonSetStrategyType, appsv1.OnDeleteDaemonSetStrategyType}))
		return
	}
	at = at.Child("rollingUpdate")
	if s.RollingUpdate == nil {
		p.required(at, "")
		return
	}
	unavailable, surge := or(s.RollingUpdate.MaxUnavailable, intstr.IntOrString{}), or(s.RollingUpdate.MaxSurge, intstr.IntOrString{})
	validateShare(p, at.Child("maxUnavailable"), unavailable)
	validateShare(p, at.Child("maxSurge"), surge)
	validateAtMostAll(p, at.Child("maxUnavailable"), unavailable)
	validateAtMostAll(p, at.Child("maxSurge"), surge)
	switch hasUnavailable, hasSurge := shareValue(unavailable) != 0, shareValue(surge) != 0; {
	case hasUnavailable && hasSurge:
		p.invalid(at.Child("maxSurge"), surge, "may not be set when maxUnavailable is non-zero")
	case !hasUnavailable && !hasSurge:
		p.required(at.Child("maxUnavailable"), "cannot be 0 when maxSurge is 0")
	}
}

func validateDaemonSetStatusUpdate(d, old *appsv1.DaemonSet) field.ErrorList {
	var p problems
	s, at := &d.Status, field.NewPath("status")
	validateCounts(&p, at, []count{{"currentNumberScheduled", s.CurrentNumberScheduled}, {"numberMisscheduled", s.NumberMisscheduled},
		{"desiredNumberScheduled", s.DesiredNumberScheduled}, {"numberReady", s.NumberReady}})
	p.nonNegative(at.Child("observedGeneration"), s.ObservedGeneration)
	validateCounts(&p, at, []count{{"updatedNumberScheduled", s.UpdatedNumberScheduled}, {"numberAvailable", s.NumberAvailable},
		{"numberUnavailable", s.NumberUnavailable}, {"collisionCount", or(s.CollisionCount, 0)}})
	validateCollisions(&p, at, s.CollisionCount, old.Status.CollisionCount)
	return p.list()
}
