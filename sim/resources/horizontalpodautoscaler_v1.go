package resources

import (
	"encoding/json"
	"maps"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Where version 1 keeps what it has no fields for.
const (
	hpaMetrics        = "autoscaling.alpha.kubernetes.io/metrics"
	hpaCurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics"
	hpaConditions     = "autoscaling.alpha.kubernetes.io/conditions"
	hpaBehavior       = "autoscaling.alpha.kubernetes.io/behavior"
	hpaToleranceDown  = "autoscaling.alpha.kubernetes.io/scale-down-tolerance"
	hpaToleranceUp    = "autoscaling.alpha.kubernetes.io/scale-up-tolerance"
)

// horizontalPodAutoscalersV1 is the view of those who know only of processor time.
func horizontalPodAutoscalersV1() *Resource {
	return &Resource{
		Group: "autoscaling", Version: "v1", Name: "horizontalpodautoscalers", Singular: "horizontalpodautoscaler", Kind: "HorizontalPodAutoscaler",
		ShortNames: []string{"hpa"}, Categories: []string{"all"}, Namespaced: true, HasStatus: true,
		New: fresh[autoscalingv1.HorizontalPodAutoscaler], NewList: fresh[autoscalingv1.HorizontalPodAutoscalerList],
		Default: func(obj runtime.Object) {
			fillPointer(&obj.(*autoscalingv1.HorizontalPodAutoscaler).Spec.MinReplicas, 1)
		},
		View: &View{
			Of: schema.GroupResource{Group: "autoscaling", Resource: "horizontalpodautoscalers"},
			FromStored: func(obj runtime.Object) runtime.Object {
				return showHPA(obj.(*autoscalingv2.HorizontalPodAutoscaler).DeepCopy())
			},
			ToStored: func(obj runtime.Object) runtime.Object {
				return storeHPA(obj.(*autoscalingv1.HorizontalPodAutoscaler).DeepCopy())
			},
		},
	}
}

func withoutOldHPA(annotations map[string]string) map[string]string {
	keys := []string{hpaMetrics, hpaCurrentMetrics, hpaConditions, hpaBehavior, hpaToleranceDown, hpaToleranceUp}
	for _, key := range keys {
		if _, found := annotations[key]; found {
			annotations = maps.Clone(annotations)
			for _, key := range keys {
				delete(annotations, key)
			}
			break
		}
	}
	return annotations
}

// isCPU says whether the metric is the one that version 1 has a field for.
func isCPU(m *autoscalingv2.MetricSpec) bool {
	return m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource != nil && m.Resource.Name == v1.ResourceCPU && m.Resource.Target.AverageUtilization != nil
}

func showHPA(h *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv1.HorizontalPodAutoscaler {
	old := &autoscalingv1.HorizontalPodAutoscaler{ObjectMeta: h.ObjectMeta}
	old.TypeMeta = metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "HorizontalPodAutoscaler"}
	old.Spec = autoscalingv1.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv1.CrossVersionObjectReference(h.Spec.ScaleTargetRef), MinReplicas: h.Spec.MinReplicas, MaxReplicas: h.Spec.MaxReplicas,
	}
	s := &h.Status
	old.Status = autoscalingv1.HorizontalPodAutoscalerStatus{ObservedGeneration: s.ObservedGeneration, LastScaleTime: s.LastScaleTime,
		CurrentReplicas: s.CurrentReplicas, DesiredReplicas: s.DesiredReplicas}
	annotations := withoutOldHPA(old.Annotations)
	note := func(key string, value any) {
		text, err := json.Marshal(value)
		if err != nil {
			return
		}
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[key] = string(text)
	}
	var others []autoscalingv1.MetricSpec
	for i := range h.Spec.Metrics {
		m := &h.Spec.Metrics[i]
		if !isCPU(m) {
			others = append(others, showMetric(m))
		} else if old.Spec.TargetCPUUtilizationPercentage == nil {
			old.Spec.TargetCPUUtilizationPercentage = m.Resource.Target.AverageUtilization
		}
	}
	if len(others) > 0 {
		note(hpaMetrics, others)
	}
	var current []autoscalingv1.MetricStatus
	for i := range s.CurrentMetrics {
		m := &s.CurrentMetrics[i]
		current = append(current, showMetricStatus(m))
		if m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource != nil && m.Resource.Name == v1.ResourceCPU && m.Resource.Current.AverageUtilization != nil {
			old.Status.CurrentCPUUtilizationPercentage = m.Resource.Current.AverageUtilization
		}
	}
	if len(current) > 0 {
		note(hpaCurrentMetrics, current)
	}
	if h.Spec.Behavior != nil {
		note(hpaBehavior, inward{h.Spec.Behavior})
	}
	if len(s.Conditions) > 0 {
		note(hpaConditions, s.Conditions) // which are written alike in both versions
	}
	old.Annotations = annotations
	return old
}

// amountOf is *q, or zero.
func amountOf(q *resource.Quantity) resource.Quantity { return or(q, resource.Quantity{}) }

func showMetric(m *autoscalingv2.MetricSpec) autoscalingv1.MetricSpec {
	out := autoscalingv1.MetricSpec{Type: autoscalingv1.MetricSourceType(m.Type)}
	if o := m.Object; o != nil {
		out.Object = &autoscalingv1.ObjectMetricSource{Target: autoscalingv1.CrossVersionObjectReference(o.DescribedObject), MetricName: o.Metric.Name,
			TargetValue: amountOf(o.Target.Value), Selector: o.Metric.Selector, AverageValue: o.Target.AverageValue}
	}
	if p := m.Pods; p != nil {
		out.Pods = &autoscalingv1.PodsMetricSource{MetricName: p.Metric.Name, TargetAverageValue: amountOf(p.Target.AverageValue), Selector: p.Metric.Selector}
	}
	if r := m.Resource; r != nil {
		out.Resource = &autoscalingv1.ResourceMetricSource{Name: r.Name, TargetAverageUtilization: r.Target.AverageUtilization, TargetAverageValue: r.Target.AverageValue}
	}
	if r := m.ContainerResource; r != nil {
		out.ContainerResource = &autoscalingv1.ContainerResourceMetricSource{Name: r.Name, TargetAverageUtilization: r.Target.AverageUtilization,
			TargetAverageValue: r.Target.AverageValue, Container: r.Container}
	}
	if e := m.External; e != nil {
		out.External = &autoscalingv1.ExternalMetricSource{MetricName: e.Metric.Name, MetricSelector: e.Metric.Selector,
			TargetValue: e.Target.Value, TargetAverageValue: e.Target.AverageValue}
	}
	return out
}

func showMetricStatus(m *autoscalingv2.MetricStatus) autoscalingv1.MetricStatus {
	out := autoscalingv1.MetricStatus{Type: autoscalingv1.MetricSourceType(m.Type)}
	if o := m.Object; o != nil {
		out.Object = &autoscalingv1.ObjectMetricStatus{Target: autoscalingv1.CrossVersionObjectReference(o.DescribedObject), MetricName: o.Metric.Name,
			CurrentValue: amountOf(o.Current.Value), Selector: o.Metric.Selector, AverageValue: o.Current.AverageValue}
	}
	if p := m.Pods; p != nil {
		out.Pods = &autoscalingv1.PodsMetricStatus{MetricName: p.Metric.Name, CurrentAverageValue: amountOf(p.Current.AverageValue), Selector: p.Metric.Selector}
	}
	if r := m.Resource; r != nil {
		out.Resource = &autoscalingv1.ResourceMetricStatus{Name: r.Name, CurrentAverageUtilization: r.Current.AverageUtilization,
			CurrentAverageValue: amountOf(r.Current.AverageValue)}
	}
	if r := m.ContainerResource; r != nil {
		out.ContainerResource = &autoscalingv1.ContainerResourceMetricStatus{Name: r.Name, CurrentAverageUtilization: r.Current.AverageUtilization,
			CurrentAverageValue: amountOf(r.Current.AverageValue), Container: r.Container}
	}
	if e := m.External; e != nil {
		out.External = &autoscalingv1.ExternalMetricStatus{MetricName: e.Metric.Name, MetricSelector: e.Metric.Selector,
			CurrentValue: amountOf(e.Current.Value), CurrentAverageValue: e.Current.AverageValue}
	}
	return out
}

func storeHPA(old *autoscalingv1.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscaler {
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: old.ObjectMeta}
	h.TypeMeta = metav1.TypeMeta{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"}
	h.Spec = autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference(old.Spec.ScaleTargetRef), MinReplicas: old.Spec.MinReplicas, MaxReplicas: old.Spec.MaxReplicas,
	}
	s := &old.Status
	h.Status = autoscalingv2.HorizontalPodAutoscalerStatus{ObservedGeneration: s.ObservedGeneration, LastScaleTime: s.LastScaleTime,
		CurrentReplicas: s.CurrentReplicas, DesiredReplicas: s.DesiredReplicas}
	noted := func(key string, value any) bool {
		text, found := old.Annotations[key]
		return found && json.Unmarshal([]byte(text), value) == nil
	}
	var others []autoscalingv1.MetricSpec
	if noted(hpaMetrics, &others) {
		for i := range others {
			h.Spec.Metrics = append(h.Spec.Metrics, storeMetric(&others[i]))
		}
	}
	if percent := old.Spec.TargetCPUUtilizationPercentage; percent != nil {
		h.Spec.Metrics = append(h.Spec.Metrics, cpuMetric(*percent))
	}
	if len(h.Spec.Metrics) == 0 {
		h.Spec.Metrics = []autoscalingv2.MetricSpec{cpuMetric(80)}
	}
	var behavior autoscalingv2.HorizontalPodAutoscalerBehavior
	if noted(hpaBehavior, &behavior) && behavior != (autoscalingv2.HorizontalPodAutoscalerBehavior{}) {
		h.Spec.Behavior = &behavior
	}
	var current []autoscalingv1.MetricStatus
	if noted(hpaCurrentMetrics, &current) {
		for i := range current {
			h.Status.CurrentMetrics = append(h.Status.CurrentMetrics, storeMetricStatus(&current[i]))
		}
	} else if percent := s.CurrentCPUUtilizationPercentage; percent != nil {
		h.Status.CurrentMetrics = []autoscalingv2.MetricStatus{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricStatus{
			Name: v1.ResourceCPU, Current: autoscalingv2.MetricValueStatus{AverageUtilization: percent}}}}
	}
	noted(hpaConditions, &h.Status.Conditions)
	h.Annotations = withoutOldHPA(h.Annotations)
	return h
}

// average is the target of a metric that is an average or, where it has percent, a share of what is requested.
func average(percent *int32, value *resource.Quantity) autoscalingv2.MetricTarget {
	kind := autoscalingv2.UtilizationMetricType
	if percent == nil {
		kind = autoscalingv2.AverageValueMetricType
	}
	return autoscalingv2.MetricTarget{Type: kind, AverageUtilization: percent, AverageValue: value}
}

func storeMetric(m *autoscalingv1.MetricSpec) autoscalingv2.MetricSpec {
	out := autoscalingv2.MetricSpec{Type: autoscalingv2.MetricSourceType(m.Type)}
	if o := m.Object; o != nil {
		target := average(nil, o.AverageValue)
		if o.AverageValue == nil {
			target.Type = autoscalingv2.ValueMetricType
		}
		if o.AverageValue == nil || !o.TargetValue.IsZero() {
			target.Value = &o.TargetValue
		}
		out.Object = &autoscalingv2.ObjectMetricSource{DescribedObject: autoscalingv2.CrossVersionObjectReference(o.Target), Target: target,
			Metric: autoscalingv2.MetricIdentifier{Name: o.MetricName, Selector: o.Selector}}
	}
	if p := m.Pods; p != nil {
		out.Pods = &autoscalingv2.PodsMetricSource{Metric: autoscalingv2.MetricIdentifier{Name: p.MetricName, Selector: p.Selector},
			Target: average(nil, &p.TargetAverageValue)}
	}
	if r := m.Resource; r != nil {
		out.Resource = &autoscalingv2.ResourceMetricSource{Name: r.Name, Target: average(r.TargetAverageUtilization, r.TargetAverageValue)}
	}
	if r := m.ContainerResource; r != nil {
		out.ContainerResource = &autoscalingv2.ContainerResourceMetricSource{Name: r.Name, Container: r.Container,
			Target: average(r.TargetAverageUtilization, r.TargetAverageValue)}
	}
	if e := m.External; e != nil {
		target := average(nil, e.TargetAverageValue)
		if target.Value = e.TargetValue; e.TargetValue != nil {
			target.Type = autoscalingv2.ValueMetricType
		}
		out.External = &autoscalingv2.ExternalMetricSource{Metric: autoscalingv2.MetricIdentifier{Name: e.MetricName, Selector: e.MetricSelector}, Target: target}
	}
	return out
}

func storeMetricStatus(m *autoscalingv1.MetricStatus) autoscalingv2.MetricStatus {
	out := autoscalingv2.MetricStatus{Type: autoscalingv2.MetricSourceType(m.Type)}
	if o := m.Object; o != nil {
		out.Object = &autoscalingv2.ObjectMetricStatus{DescribedObject: autoscalingv2.CrossVersionObjectReference(o.Target),
			Metric:  autoscalingv2.MetricIdentifier{Name: o.MetricName, Selector: o.Selector},
			Current: autoscalingv2.MetricValueStatus{Value: &o.CurrentValue, AverageValue: o.AverageValue}}
	}
	if p := m.Pods; p != nil {
		out.Pods = &autoscalingv2.PodsMetricStatus{Metric: autoscalingv2.MetricIdentifier{Name: p.MetricName, Selector: p.Selector},
			Current: autoscalingv2.MetricValueStatus{AverageValue: &p.CurrentAverageValue}}
	}
	if r := m.Resource; r != nil {
		out.Resource = &autoscalingv2.ResourceMetricStatus{Name: r.Name,
			Current: autoscalingv2.MetricValueStatus{AverageUtilization: r.CurrentAverageUtilization, AverageValue: &r.CurrentAverageValue}}
	}
	if r := m.ContainerResource; r != nil {
		out.ContainerResource = &autoscalingv2.ContainerResourceMetricStatus{Name: r.Name, Container: r.Container,
			Current: autoscalingv2.MetricValueStatus{AverageUtilization: r.CurrentAverageUtilization, AverageValue: &r.CurrentAverageValue}}
	}
	if e := m.External; e != nil {
		out.External = &autoscalingv2.ExternalMetricStatus{Metric: autoscalingv2.MetricIdentifier{Name: e.MetricName, Selector: e.MetricSelector},
			Current: autoscalingv2.MetricValueStatus{Value: &e.CurrentValue, AverageValue: e.CurrentAverageValue}}
	}
	return out
}
