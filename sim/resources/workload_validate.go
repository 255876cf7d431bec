package resources

import (
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateOwnSelector wants a selector that selects something; kind is what the message calls the workload.
func validateOwnSelector(p *problems, at *field.Path, s *metav1.LabelSelector, kind string) {
	if s == nil {
		p.required(at, "")
		return
	}
	validateSelector(p, at, s, false)
	if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		p.invalid(at, s, "empty selector is invalid for "+kind)
	}
}

const templateMismatch = "`selector` does not match template `labels`"

// validateOwnTemplate checks the template of a deployment or replica set against the selector.
func validateOwnTemplate(p *problems, spec *field.Path, s *metav1.LabelSelector, t, old *v1.PodTemplateSpec) {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		p.invalid(spec.Child("selector"), s, "invalid label selector")
		return
	}
	at := spec.Child("template")
	matchTemplate(p, at, selector, t)
	validatePodTemplate(p, at, t, old)
	validateLastingTemplate(p, at, t, "ReplicaSet")
}

// matchTemplate wants the template to be one that the workload finds again.
func matchTemplate(p *problems, at *field.Path, selector labels.Selector, t *v1.PodTemplateSpec) {
	if !selector.Empty() && !selector.Matches(labels.Set(t.Labels)) {
		p.invalid(at.Child("metadata", "labels"), t.Labels, templateMismatch)
	}
}

// validateLastingTemplate wants pods that are started again and have no end.
func validateLastingTemplate(p *problems, at *field.Path, t *v1.PodTemplateSpec, kind string) {
	oneOf(p, at.Child("spec", "restartPolicy"), t.Spec.RestartPolicy, v1.RestartPolicyAlways)
	if t.Spec.ActiveDeadlineSeconds != nil {
		p.forbidden(at.Child("spec", "activeDeadlineSeconds"), "activeDeadlineSeconds in "+kind+" is not Supported")
	}
}

func validateDeployment(d *appsv1.Deployment) field.ErrorList {
	var p problems
	validateDeploymentSpec(&p, field.NewPath("spec"), &d.Spec, nil)
	return p.list()
}

func validateDeploymentUpdate(d, old *appsv1.Deployment) field.ErrorList {
	var p problems
	validateDeploymentSpec(&p, field.NewPath("spec"), &d.Spec, &old.Spec)
	validateSame(&p, field.NewPath("spec", "selector"), d.Spec.Selector, old.Spec.Selector)
	return p.list()
}

// validateSame refuses a change; the value is shown as it is now.
func validateSame(p *problems, at *field.Path, now, old any) {
	if !equality.Semantic.DeepEqual(now, old) {
		p.invalid(at, now, immutable)
	}
}

// validateSameInward is validateSame for an API object, which is shown in its inward form.
func validateSameInward(p *problems, at *field.Path, now, old any) {
	if !equality.Semantic.DeepEqual(now, old) {
		p.invalid(at, inward{now}, immutable)
	}
}

func validateDeploymentSpec(p *problems, at *field.Path, spec, old *appsv1.DeploymentSpec) {
	p.nonNegative(at.Child("replicas"), int64(or(spec.Replicas, 0)))
	validateOwnSelector(p, at.Child("selector"), spec.Selector, "deployment")
	var template *v1.PodTemplateSpec
	if old != nil {
		template = &old.Template
	}
	validateOwnTemplate(p, at, spec.Selector, &spec.Template, template)
	validateStrategy(p, at.Child("strategy"), &spec.Strategy)
	p.nonNegative(at.Child("minReadySeconds"), int64(spec.MinReadySeconds))
	if limit := spec.RevisionHistoryLimit; limit != nil {
		p.nonNegative(at.Child("revisionHistoryLimit"), int64(*limit))
	}
	if deadline := spec.ProgressDeadlineSeconds; deadline != nil {
		p.nonNegative(at.Child("progressDeadlineSeconds"), int64(*deadline))
		if *deadline <= spec.MinReadySeconds {
			p.invalid(at.Child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds")
		}
	}
}

func validateStrategy(p *problems, at *field.Path, s *appsv1.DeploymentStrategy) {
	switch s.Type {
	case appsv1.RecreateDeploymentStrategyType:
		if s.RollingUpdate != nil {
			p.forbidden(at.Child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'")
		}
	case appsv1.RollingUpdateDeploymentStrategyType:
		at := at.Child("rollingUpdate")
		if s.RollingUpdate == nil {
			p.required(at, "this should be defaulted and never be nil")
			return
		}
		unavailable, surge := or(s.RollingUpdate.MaxUnavailable, intstr.IntOrString{}), or(s.RollingUpdate.MaxSurge, intstr.IntOrString{})
		validateShare(p, at.Child("maxUnavailable"), unavailable)
		validateShare(p, at.Child("maxSurge"), surge)
		if shareValue(unavailable) == 0 && shareValue(surge) == 0 {
			p.invalid(at.Child("maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0")
		}
		validateAtMostAll(p, at.Child("maxUnavailable"), unavailable)
	default:
		p.add(field.NotSupported(at, inward{s}, []appsv1.DeploymentStrategyType{
			appsv1.RecreateDeploymentStrategyType, appsv1.RollingUpdateDeploymentStrategyType}))
	}
}

// validateShare wants a number or a percentage.
func validateShare(p *problems, at *field.Path, share intstr.IntOrString) {
	if share.Type == intstr.String {
		p.each(at, share, validation.IsValidPercent(share.StrVal))
		return
	}
	p.nonNegative(at, int64(share.IntValue()))
}

func validateAtMostAll(p *problems, at *field.Path, share intstr.IntOrString) {
	if percent, is := percentage(share); is && percent > 100 {
		p.invalid(at, share, "must not be greater than 100%")
	}
}

func percentage(share intstr.IntOrString) (int, bool) {
	if share.Type != intstr.String || len(validation.IsValidPercent(share.StrVal)) > 0 {
		return 0, false
	}
	percent, _ := strconv.Atoi(strings.TrimSuffix(share.StrVal, "%"))
	return percent, true
}

func shareValue(share intstr.IntOrString) int {
	if percent, is := percentage(share); is {
		return percent
	}
	return share.IntValue()
}

func validateDeploymentStatusUpdate(d, old *appsv1.Deployment) field.ErrorList {
	var p problems
	s, at := &d.Status, field.NewPath("status")
	p.nonNegative(at.Child("observedGeneration"), s.ObservedGeneration)
	validateCounts(&p, at, []count{{"replicas", s.Replicas}, {"updatedReplicas", s.UpdatedReplicas}, {"readyReplicas", s.ReadyReplicas},
		{"availableReplicas", s.AvailableReplicas}, {"unavailableReplicas", s.UnavailableReplicas}, {"terminatingReplicas", or(s.TerminatingReplicas, 0)},
		{"collisionCount", or(s.CollisionCount, 0)}})
	validateAtMost(&p, at, s.Replicas, "cannot be greater than status.replicas",
		[]count{{"updatedReplicas", s.UpdatedReplicas}, {"readyReplicas", s.ReadyReplicas}, {"availableReplicas", s.AvailableReplicas}})
	validateAtMost(&p, at, s.ReadyReplicas, "cannot be greater than readyReplicas", []count{{"availableReplicas", s.AvailableReplicas}})
	validateCollisions(&p, at, s.CollisionCount, old.Status.CollisionCount)
	return p.list()
}

// count is one number of a status.
type count struct {
	name  string
	value int32
}

func validateCounts(p *problems, at *field.Path, counts []count) {
	for _, c := range counts {
		p.nonNegative(at.Child(c.name), int64(c.value))
	}
}

func validateAtMost(p *problems, at *field.Path, most int32, why string, counts []count) {
	for _, c := range counts {
		if c.value > most {
			p.invalid(at.Child(c.name), c.value, why)
		}
	}
}

func validateCollisions(p *problems, at *field.Path, now, old *int32) {
	if old != nil && or(now, *old-1) < *old {
		p.invalid(at.Child("collisionCount"), or(now, 0), "cannot be decremented")
	}
}

func validateReplicaSet(rs *appsv1.ReplicaSet) field.ErrorList {
	var p problems
	validateReplicaSetSpec(&p, &rs.Spec, nil)
	return p.list()
}

func validateReplicaSetUpdate(rs, old *appsv1.ReplicaSet) field.ErrorList {
	var p problems
	validateReplicaSetSpec(&p, &rs.Spec, &old.Spec.Template)
	validateSame(&p, field.NewPath("spec", "selector"), rs.Spec.Selector, old.Spec.Selector)
	return p.list()
}

func validateReplicaSetSpec(p *problems, spec *appsv1.ReplicaSetSpec, old *v1.PodTemplateSpec) {
	at := field.NewPath("spec")
	p.nonNegative(at.Child("replicas"), int64(or(spec.Replicas, 0)))
	p.nonNegative(at.Child("minReadySeconds"), int64(spec.MinReadySeconds))
	validateOwnSelector(p, at.Child("selector"), spec.Selector, "deployment")
	validateOwnTemplate(p, at, spec.Selector, &spec.Template, old)
}

func validateReplicaSetStatusUpdate(rs, _ *appsv1.ReplicaSet) field.ErrorList {
	var p problems
	s, at := &rs.Status, field.NewPath("status")
	validateCounts(&p, at, []count{{"replicas", s.Replicas}, {"fullyLabeledReplicas", s.FullyLabeledReplicas}, {"readyReplicas", s.ReadyReplicas},
		{"availableReplicas", s.AvailableReplicas}})
	p.nonNegative(at.Child("observedGeneration"), s.ObservedGeneration)
	validateCounts(&p, at, []count{{"terminatingReplicas", or(s.TerminatingReplicas, 0)}})
	validateAtMost(&p, at, s.Replicas, "cannot be greater than status.replicas", []count{{"fullyLabeledReplicas", s.FullyLabeledReplicas},
		{"readyReplicas", s.ReadyReplicas}, {"availableReplicas", s.AvailableReplicas}})
	validateAtMost(&p, at, s.ReadyReplicas, "cannot be greater than readyReplicas", []count{{"availableReplicas", s.AvailableReplicas}})
	return p.list()
}
