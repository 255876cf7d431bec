package resources

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func horizontalPodAutoscalers() *Resource {
	return of(&Resource{
		Group: "autoscaling", Version: "v2", Name: "horizontalpodautoscalers", Singular: "horizontalpodautoscaler", Kind: "HorizontalPodAutoscaler",
		ShortNames: []string{"hpa"}, Categories: []string{"all"}, Namespaced: true,
		New: fresh[autoscalingv2.HorizontalPodAutoscaler], NewList: fresh[autoscalingv2.HorizontalPodAutoscalerList],
	}, typed[autoscalingv2.HorizontalPodAutoscaler]{
		Default: func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Annotations = withoutOldHPA(h.Annotations)
			fillPointer(&h.Spec.MinReplicas, 1)
			if len(h.Spec.Metrics) == 0 {
				h.Spec.Metrics = []autoscalingv2.MetricSpec{cpuMetric(80)}
			}
			if b := h.Spec.Behavior; b != nil {
				defaultScaling(&b.ScaleUp, 0, autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: 15})
				defaultScaling(&b.ScaleDown, -1)
			}
		},
		Validate:             validateAutoscaler,
		ValidateUpdate:       validateAutoscalerUpdate,
		Spec:                 func(h, from *autoscalingv2.HorizontalPodAutoscaler) { h.Spec = from.Spec },
		Status:               func(h, from *autoscalingv2.HorizontalPodAutoscaler) { h.Status = from.Status },
		ValidateStatusUpdate: validateAutoscalerStatusUpdate,
		Row: func(h *autoscalingv2.HorizontalPodAutoscaler, now time.Time) []any {
			least := "<unset>"
			if h.Spec.MinReplicas != nil {
				least = strconv.Itoa(int(*h.Spec.MinReplicas))
			}
			return []any{h.Name, h.Spec.ScaleTargetRef.Kind + "/" + h.Spec.ScaleTargetRef.Name, metricsCell(h.Spec.Metrics, h.Status.CurrentMetrics),
				least, int64(h.Spec.MaxReplicas), int64(h.Status.CurrentReplicas), age(h.CreationTimestamp, now)}
		},
	})
}

// cpuMetric wants the pods to use that share of the processor time that they request.
func cpuMetric(percent int32) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
		Name: v1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent}}}
}

// defaultScaling fills in the rules for one direction; a window below zero is none. Whatever the direction, the
// number of pods may double, or halve, in 15 seconds; before that come the policies of the direction alone.
func defaultScaling(rules **autoscalingv2.HPAScalingRules, window int32, first ...autoscalingv2.HPAScalingPolicy) {
	r := autoscalingv2.HPAScalingRules{}
	if *rules != nil {
		r = **rules
	}
	fillPointer(&r.SelectPolicy, autoscalingv2.MaxChangePolicySelect)
	if window >= 0 {
		fillPointer(&r.StabilizationWindowSeconds, window)
	}
	if r.Policies == nil {
		r.Policies = append(first, autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15})
	}
	*rules = &r
}

// metricsCell shows what two of the metrics are and should be, and how many more there are.
func metricsCell(specs []autoscalingv2.MetricSpec, statuses []autoscalingv2.MetricStatus) string {
	if len(specs) == 0 {
		return "<none>"
	}
	var list []string
	for i := range specs {
		var status autoscalingv2.MetricStatus
		if i < len(statuses) {
			status = statuses[i]
		}
		list = append(list, metricCell(&specs[i], &status))
	}
	if len(list) > 2 {
		return fmt.Sprintf("%s + %d more...", strings.Join(list[:2], ", "), len(list)-2)
	}
	return strings.Join(list, ", ")
}

const unknownMetric = "<unknown>"

func metricCell(spec *autoscalingv2.MetricSpec, status *autoscalingv2.MetricStatus) string {
	switch spec.Type {
	case autoscalingv2.ExternalMetricSourceType:
		var now *autoscalingv2.MetricValueStatus
		if status.External != nil {
			now = &status.External.Current
		}
		return valueCell(spec.External.Target, now)
	case autoscalingv2.ObjectMetricSourceType:
		var now *autoscalingv2.MetricValueStatus
		if status.Object != nil {
			now = &status.Object.Current
		}
		return valueCell(spec.Object.Target, now)
	case autoscalingv2.PodsMetricSourceType:
		current := unknownMetric
		if status.Pods != nil {
			current = quantityCell(status.Pods.Current.AverageValue)
		}
		return current + "/" + quantityCell(spec.Pods.Target.AverageValue)
	case autoscalingv2.ResourceMetricSourceType:
		var now *autoscalingv2.MetricValueStatus
		if status.Resource != nil {
			now = &status.Resource.Current
		}
		return string(spec.Resource.Name) + ": " + utilizationCell(spec.Resource.Target, now)
	case autoscalingv2.ContainerResourceMetricSourceType:
		var now *autoscalingv2.MetricValueStatus
		if status.ContainerResource != nil {
			now = &status.ContainerResource.Current
		}
		return string(spec.ContainerResource.Name) + ": " + utilizationCell(spec.ContainerResource.Target, now)
	}
	return "<unknown type>"
}

func quantityCell(q *resource.Quantity) string {
	if q == nil {
		return "<nil>"
	}
	return q.String()
}

func valueCell(target autoscalingv2.MetricTarget, now *autoscalingv2.MetricValueStatus) string {
	current := unknownMetric
	if target.AverageValue != nil {
		if now != nil && now.AverageValue != nil {
			current = now.AverageValue.String()
		}
		return current + "/" + target.AverageValue.String() + " (avg)"
	}
	if now != nil {
		current = quantityCell(now.Value)
	}
	return current + "/" + quantityCell(target.Value)
}

func utilizationCell(target autoscalingv2.MetricTarget, now *autoscalingv2.MetricValueStatus) string {
	current := unknownMetric
	if target.AverageValue != nil {
		if now != nil {
			current = quantityCell(now.AverageValue)
		}
		return current + "/" + target.AverageValue.String()
	}
	if now != nil && now.AverageUtilization != nil {
		current = fmt.Sprintf("%d%%", *now.AverageUtilization)
	}
	wanted := "<auto>"
	if target.AverageUtilization != nil {
		wanted = fmt.Sprintf("%d%%", *target.AverageUtilization)
	}
	return current + "/" + wanted
}
