package describe

import (
	"fmt"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
)

func horizontalPodAutoscaler(c *call, p *page) error {
	var o autoscalingv2.HorizontalPodAutoscaler
	if err := c.get(resource("autoscaling", "v2", "horizontalpodautoscalers"), &o); err != nil {
		return horizontalPodAutoscalerV1(c, p)
	}
	p.metadata(&o.ObjectMeta)
	p.field(0, "CreationTimestamp", "%s", stamp(o.CreationTimestamp.Time))
	p.field(0, "Reference", "%s/%s", o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name)
	p.field(0, "Metrics", "( current / target )")
	for i := range o.Spec.Metrics {
		var current autoscalingv2.MetricStatus
		if i < len(o.Status.CurrentMetrics) {
			current = o.Status.CurrentMetrics[i]
		}
		p.metric(&o.Spec.Metrics[i], &current)
	}
	p.field(0, "Min replicas", "%s", or(o.Spec.MinReplicas, "%d", "<unset>"))
	p.field(0, "Max replicas", "%d", o.Spec.MaxReplicas)
	if b := o.Spec.Behavior; b != nil {
		p.head(0, "Behavior")
		p.scaling("Scale Up", b.ScaleUp)
		p.scaling("Scale Down", b.ScaleDown)
	}
	p.field(0, o.Spec.ScaleTargetRef.Kind+" pods", "%d current / %d desired", o.Status.CurrentReplicas, o.Status.DesiredReplicas)
	if len(o.Status.Conditions) > 0 {
		p.head(0, "Conditions")
		p.columns(1, "Type", "Status", "Reason", "Message")
		for _, x := range o.Status.Conditions {
			p.put(1, "%v\t%v\t%v\t%v\n", x.Type, x.Status, x.Reason, x.Message)
		}
	}
	c.events(p, "HorizontalPodAutoscaler", &o.ObjectMeta)
	return nil
}

// metric writes what one metric is and what it should be.
func (p *page) metric(m *autoscalingv2.MetricSpec, now *autoscalingv2.MetricStatus) {
	switch {
	case m.Type == autoscalingv2.ExternalMetricSourceType && m.External != nil:
		current := external(now)
		if want := m.External.Target.AverageValue; want != nil {
			p.field(1, fmt.Sprintf("%q (target average value)", m.External.Metric.Name), "%s / %s", unknown(current != nil && current.AverageValue != nil, func() *apiresource.Quantity { return current.AverageValue }), want.String())
			return
		}
		p.field(1, fmt.Sprintf("%q (target value)", m.External.Metric.Name), "%s / %s", unknown(current != nil, func() *apiresource.Quantity { return current.Value }), m.External.Target.Value.String())
	case m.Type == autoscalingv2.PodsMetricSourceType && m.Pods != nil:
		current := unknown(now.Pods != nil, func() *apiresource.Quantity { return now.Pods.Current.AverageValue })
		p.field(1, fmt.Sprintf("%q on pods", m.Pods.Metric.Name), "%s / %s", current, m.Pods.Target.AverageValue.String())
	case m.Type == autoscalingv2.ObjectMetricSourceType && m.Object != nil:
		p.put(1, "\"%s\" on %s/%s ", m.Object.Metric.Name, m.Object.DescribedObject.Kind, m.Object.DescribedObject.Name)
		if m.Object.Target.Type == autoscalingv2.AverageValueMetricType {
			current := unknown(now.Object != nil, func() *apiresource.Quantity { return now.Object.Current.AverageValue })
			p.field(0, "(target average value)", "%s / %s", current, m.Object.Target.AverageValue.String())
			return
		}
		current := unknown(now.Object != nil, func() *apiresource.Quantity { return now.Object.Current.Value })
		p.field(0, "(target value)", "%s / %s", current, m.Object.Target.Value.String())
	case m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource != nil:
		p.put(1, "resource %s on pods", m.Resource.Name)
		var current *autoscalingv2.MetricValueStatus
		if now.Resource != nil {
			current = &now.Resource.Current
		}
		p.utilization(&m.Resource.Target, current)
	case m.Type == autoscalingv2.ContainerResourceMetricSourceType && m.ContainerResource != nil:
		p.put(1, "resource %s of container \"%s\" on pods", m.ContainerResource.Name, m.ContainerResource.Container)
		var current *autoscalingv2.MetricValueStatus
		if now.ContainerResource != nil {
			current = &now.ContainerResource.Current
		}
		p.utilization(&m.ContainerResource.Target, current)
	default:
		p.put(1, "<unknown metric type %q>\n", string(m.Type))
	}
}

func external(now *autoscalingv2.MetricStatus) *autoscalingv2.MetricValueStatus {
	if now.External == nil {
		return nil
	}
	return &now.External.Current
}

func unknown(known bool, value func() *apiresource.Quantity) string {
	if !known {
		return "<unknown>"
	}
	return value().String()
}

// utilization ends the line of a resource metric.
func (p *page) utilization(target *autoscalingv2.MetricTarget, now *autoscalingv2.MetricValueStatus) {
	if target.AverageValue != nil {
		current := unknown(now != nil, func() *apiresource.Quantity { return now.AverageValue })
		p.put(0, ":\t%s / %s\n", current, target.AverageValue.String())
		return
	}
	current := "<unknown>"
	if now != nil && now.AverageUtilization != nil {
		current = fmt.Sprintf("%d%% (%s)", *now.AverageUtilization, now.AverageValue.String())
	}
	p.field(1, "(as a percentage of request)", "%s / %s", current, or(target.AverageUtilization, "%d%%", "<auto>"))
}

func (p *page) scaling(title string, r *autoscalingv2.HPAScalingRules) {
	if r == nil {
		return
	}
	p.head(1, title)
	if r.StabilizationWindowSeconds != nil {
		p.put(2, "Stabilization Window: %d seconds\n", *r.StabilizationWindowSeconds)
	}
	if len(r.Policies) == 0 {
		return
	}
	p.put(2, "Select Policy: %s\n", or(r.SelectPolicy, "%s", string(autoscalingv2.MaxChangePolicySelect)))
	p.head(2, "Policies")
	for _, x := range r.Policies {
		p.put(3, "- Type: %s\tValue: %d\tPeriod: %d seconds\n", x.Type, x.Value, x.PeriodSeconds)
	}
}

// horizontalPodAutoscalerV1 is for servers without the second version.
func horizontalPodAutoscalerV1(c *call, p *page) error {
	var o autoscalingv1.HorizontalPodAutoscaler
	if err := c.get(resource("autoscaling", "v1", "horizontalpodautoscalers"), &o); err != nil {
		return err
	}
	p.metadata(&o.ObjectMeta)
	p.field(0, "CreationTimestamp", "%s", stamp(o.CreationTimestamp.Time))
	p.field(0, "Reference", "%s/%s", o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name)
	if want := o.Spec.TargetCPUUtilizationPercentage; want != nil {
		p.field(0, "Target CPU utilization", "%d%%", *want)
		p.field(0, "Current CPU utilization", "%s%%", or(o.Status.CurrentCPUUtilizationPercentage, "%d", "<unknown>"))
	}
	p.field(0, "Min replicas", "%s", or(o.Spec.MinReplicas, "%d", "<unset>"))
	p.field(0, "Max replicas", "%d", o.Spec.MaxReplicas)
	p.field(0, o.Spec.ScaleTargetRef.Kind+" pods", "%d current / %d desired", o.Status.CurrentReplicas, o.Status.DesiredReplicas)
	c.events(p, "HorizontalPodAutoscaler", &o.ObjectMeta)
	return nil
}
