package resources

import (
	"errors"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// refRules say which API versions of an object that is referred to pass.
type refRules struct{ emptyGroup, anything bool }

func validateAutoscaler(h *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	var p problems
	validateAutoscalerSpec(&p, &h.Spec, 1, refRules{emptyGroup: h.Spec.ScaleTargetRef.Kind == "ReplicationController"}, refRules{emptyGroup: true})
	return p.list()
}

func validateAutoscalerUpdate(h, old *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	var p problems
	least := int32(1)
	if or(old.Spec.MinReplicas, 1) == 0 {
		least = 0
	}
	target, objects := refRules{}, refRules{emptyGroup: true}
	ref, before := h.Spec.ScaleTargetRef, old.Spec.ScaleTargetRef
	switch {
	case ref.APIVersion == before.APIVersion && ref.Kind == before.Kind:
		target.anything = true
	case ref.Kind == "ReplicationController":
		target.emptyGroup = true
	}
	objects.anything = slices.ContainsFunc(old.Spec.Metrics, func(m autoscalingv2.MetricSpec) bool {
		return m.Type == autoscalingv2.ObjectMetricSourceType && m.Object != nil && refVersion(m.Object.DescribedObject, objects) != nil
	})
	validateAutoscalerSpec(&p, &h.Spec, least, target, objects)
	return p.list()
}

func validateAutoscalerStatusUpdate(h, _ *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	var p problems
	validateCounts(&p, field.NewPath("status"), []count{{"currentReplicas", h.Status.CurrentReplicas}, {"desiredReplicas", h.Status.DesiredReplicas}})
	return p.list()
}

func validateAutoscalerSpec(p *problems, spec *autoscalingv2.HorizontalPodAutoscalerSpec, least int32, target, objects refRules) {
	at := field.NewPath("spec")
	if n := spec.MinReplicas; n != nil && *n < least {
		why := "must be greater than or equal to 1"
		if least == 0 {
			why = notNegative
		}
		p.invalid(at.Child("minReplicas"), *n, why)
	}
	switch most := spec.MaxReplicas; {
	case most == 0:
		p.required(at.Child("maxReplicas"), "must be set and greater than 0")
	case most < 0:
		p.invalid(at.Child("maxReplicas"), most, "must be greater than or equal to 1")
	}
	if spec.MaxReplicas < or(spec.MinReplicas, spec.MaxReplicas) {
		p.invalid(at.Child("maxReplicas"), spec.MaxReplicas, "must be greater than or equal to `minReplicas`")
	}
	validateScaleRef(p, at.Child("scaleTargetRef"), spec.ScaleTargetRef, target)
	for i := range spec.Metrics {
		validateMetric(p, at.Child("metrics").Index(i), &spec.Metrics[i], objects)
	}
	fromOutside := func(m autoscalingv2.MetricSpec) bool {
		return m.Type == autoscalingv2.ObjectMetricSourceType || m.Type == autoscalingv2.ExternalMetricSourceType
	}
	if or(spec.MinReplicas, 1) == 0 && !slices.ContainsFunc(spec.Metrics, fromOutside) {
		p.forbidden(at.Child("metrics"), "must specify at least one Object or External metric to support scaling to zero replicas")
	}
	if spec.Behavior != nil {
		validateScaling(p, at.Child("behavior", "scaleUp"), spec.Behavior.ScaleUp)
		validateScaling(p, at.Child("behavior", "scaleDown"), spec.Behavior.ScaleDown)
	}
}

// pathSegment wants a value that is not empty and can stand between two slashes.
func pathSegment(p *problems, at *field.Path, value string) {
	if p.present(at, value) {
		p.each(at, value, content.IsPathSegmentName(value))
	}
}

func validateScaleRef(p *problems, at *field.Path, ref autoscalingv2.CrossVersionObjectReference, rules refRules) {
	pathSegment(p, at.Child("kind"), ref.Kind)
	pathSegment(p, at.Child("name"), ref.Name)
	if err := refVersion(ref, rules); err != nil {
		p.invalid(at.Child("apiVersion"), ref.APIVersion, err.Error())
	}
}

func refVersion(ref autoscalingv2.CrossVersionObjectReference, rules refRules) error {
	if rules.anything {
		return nil
	}
	version, err := schema.ParseGroupVersion(ref.APIVersion)
	if err == nil && !rules.emptyGroup && version.Group == "" {
		err = errors.New("apiVersion must specify API group")
	}
	return err
}

func validateScaling(p *problems, at *field.Path, rules *autoscalingv2.HPAScalingRules) {
	const longestWindow, longestPeriod = 3600, 1800
	if rules == nil {
		return
	}
	if window := rules.StabilizationWindowSeconds; window != nil && *window < 0 {
		p.invalid(at.Child("stabilizationWindowSeconds"), window, "must be greater than or equal to zero")
	} else if window != nil && *window > longestWindow {
		p.invalid(at.Child("stabilizationWindowSeconds"), window, "must be less than or equal to 3600")
	}
	if choice := rules.SelectPolicy; choice != nil {
		oneOf(p, at.Child("selectPolicy"), *choice, autoscalingv2.DisabledPolicySelect, autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect)
	}
	if len(rules.Policies) == 0 {
		p.required(at.Child("policies"), "must specify at least one Policy")
	}
	for i, policy := range rules.Policies {
		at := at.Child("policies").Index(i)
		oneOf(p, at.Child("type"), policy.Type, autoscalingv2.PercentScalingPolicy, autoscalingv2.PodsScalingPolicy)
		if policy.Value <= 0 {
			p.invalid(at.Child("value"), policy.Value, notPositive)
		}
		if policy.PeriodSeconds <= 0 {
			p.invalid(at.Child("periodSeconds"), policy.PeriodSeconds, notPositive)
		}
		if policy.PeriodSeconds > longestPeriod {
			p.invalid(at.Child("periodSeconds"), policy.PeriodSeconds, "must be less than or equal to 1800")
		}
	}
	if rules.Tolerance != nil {
		p.nonNegativeQuantity(at.Child("tolerance"), *rules.Tolerance)
	}
}

func validateMetric(p *problems, at *field.Path, m *autoscalingv2.MetricSpec, objects refRules) {
	known := []autoscalingv2.MetricSourceType{autoscalingv2.ContainerResourceMetricSourceType, autoscalingv2.ExternalMetricSourceType,
		autoscalingv2.ObjectMetricSourceType, autoscalingv2.PodsMetricSourceType, autoscalingv2.ResourceMetricSourceType}
	if m.Type == "" {
		p.required(at.Child("type"), "must specify a metric source type")
	}
	oneOf(p, at.Child("type"), m.Type, known...)
	sources := []struct {
		of    autoscalingv2.MetricSourceType
		name  string
		is    bool
		check func(at *field.Path)
	}{
		{autoscalingv2.ObjectMetricSourceType, "object", m.Object != nil, func(at *field.Path) {
			validateScaleRef(p, at.Child("describedObject"), m.Object.DescribedObject, objects)
			validateMetricName(p, at, m.Object.Metric)
			validateMetricTarget(p, at.Child("target"), m.Object.Target)
			if m.Object.Target.Value == nil && m.Object.Target.AverageValue == nil {
				p.required(at.Child("target", "averageValue"), "must set either a target value or averageValue")
			}
		}},
		{autoscalingv2.ExternalMetricSourceType, "external", m.External != nil, func(at *field.Path) { validateExternalMetric(p, at, m.External) }},
		{autoscalingv2.PodsMetricSourceType, "pods", m.Pods != nil, func(at *field.Path) {
			validateMetricName(p, at, m.Pods.Metric)
			validateMetricTarget(p, at.Child("target"), m.Pods.Target)
			if m.Pods.Target.AverageValue == nil {
				p.required(at.Child("target", "averageValue"), "must specify a positive target averageValue")
			}
		}},
		{autoscalingv2.ResourceMetricSourceType, "resource", m.Resource != nil, func(at *field.Path) {
			if m.Resource.Name == "" {
				p.required(at.Child("name"), "must specify a resource name")
			}
			validateUtilization(p, at.Child("target"), m.Resource.Target)
		}},
		{autoscalingv2.ContainerResourceMetricSourceType, "containerResource", m.ContainerResource != nil, func(at *field.Path) {
			if m.ContainerResource.Name == "" {
				p.required(at.Child("name"), "must specify a resource name")
			} else {
				containerResourceName(p, at.Child("name"), m.ContainerResource.Name)
			}
			if m.ContainerResource.Container == "" {
				p.required(at.Child("container"), "must specify a container")
			} else {
				p.label(at.Child("container"), m.ContainerResource.Container)
			}
			validateUtilization(p, at.Child("target"), m.ContainerResource.Target)
		}},
	}
	var present []string
	expected := ""
	for _, s := range sources {
		if s.is {
			if present = append(present, s.name); len(present) == 1 {
				s.check(at.Child(s.name))
			}
		}
	}
	for _, s := range sources {
		if s.of != m.Type {
			continue
		}
		if expected = s.name; !s.is {
			p.required(at.Child(s.name), "must populate information for the given metric source")
		}
	}
	if expected == "" {
		oneOf(p, at.Child("type"), m.Type, known...)
	}
	if len(present) == 1 {
		return
	}
	slices.Sort(present)
	for _, name := range present {
		if name != expected {
			p.forbidden(at.Child(name), "must populate the given metric source only")
		}
	}
}

func validateExternalMetric(p *problems, at *field.Path, e *autoscalingv2.ExternalMetricSource) {
	validateMetricName(p, at, e.Metric)
	validateMetricTarget(p, at.Child("target"), e.Target)
	if e.Target.Value == nil && e.Target.AverageValue == nil {
		p.required(at.Child("target", "averageValue"), "must set either a target value for metric or a per-pod target")
	}
	if e.Target.Value != nil && e.Target.AverageValue != nil {
		p.forbidden(at.Child("target", "value"), "may not set both a target value for metric and a per-pod target")
	}
}

func validateMetricName(p *problems, at *field.Path, metric autoscalingv2.MetricIdentifier) {
	at = at.Child("metric", "name")
	if metric.Name == "" {
		p.required(at, "must specify a metric name")
		return
	}
	p.each(at, metric.Name, content.IsPathSegmentName(metric.Name))
}

func validateUtilization(p *problems, at *field.Path, t autoscalingv2.MetricTarget) {
	validateMetricTarget(p, at, t)
	if t.AverageUtilization == nil && t.AverageValue == nil {
		p.required(at.Child("averageUtilization"), "must set either a target raw value or a target utilization")
	}
	if t.AverageUtilization != nil && t.AverageValue != nil {
		p.forbidden(at.Child("averageValue"), "may not set both a target raw value and a target utilization")
	}
}

func validateMetricTarget(p *problems, at *field.Path, t autoscalingv2.MetricTarget) {
	if t.Type == "" {
		p.required(at.Child("type"), "must specify a metric target type")
	}
	switch t.Type {
	case autoscalingv2.UtilizationMetricType, autoscalingv2.ValueMetricType, autoscalingv2.AverageValueMetricType:
	default:
		p.invalid(at.Child("type"), t.Type, "must be either Utilization, Value, or AverageValue")
	}
	if t.Value != nil && t.Value.Sign() != 1 {
		p.invalid(at.Child("value"), t.Value, "must be positive")
	}
	if t.AverageValue != nil && t.AverageValue.Sign() != 1 {
		p.invalid(at.Child("averageValue"), t.AverageValue, "must be positive")
	}
	if t.AverageUtilization != nil && *t.AverageUtilization < 1 {
		p.invalid(at.Child("averageUtilization"), t.AverageUtilization, "must be greater than 0")
	}
}
