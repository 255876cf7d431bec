package controllers

import (
	"fmt"
	"slices"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/resources"
)

// autoscalerPeriod is how often an autoscaler is looked at.
const autoscalerPeriod = 15 * time.Second

// autoscalers keep the size of their targets within bounds and, where the metrics API is served, near their targets for
// CPU and memory. What they have recommended and done they remember, as the real ones do.
type autoscalers struct {
	base
	resources func() []*resources.Resource
	recent    map[string]*scaling // by the autoscaler's key
}

func startHPA(cfg Config) error {
	if cfg.Resources == nil {
		return nil
	}
	c := &autoscalers{resources: cfg.Resources, recent: map[string]*scaling{}}
	c.base = newBase(cfg, "horizontal-pod-autoscaler", "horizontal-pod-autoscaler", c.reconcile)
	return watch1(&c.base, func(kind watch.EventType, hpa, _ *autoscalingv2.HorizontalPodAutoscaler) {
		if kind == watch.Deleted {
			delete(c.recent, keyOf(hpa))
			return
		}
		c.loop.AddAfter(keyOf(hpa), autoscalerPeriod)
	})
}

func (c *autoscalers) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	old, err := api.Get[autoscalingv2.HorizontalPodAutoscaler](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	hpa := old.DeepCopy()
	c.step(hpa)
	if !same(old.Status, hpa.Status) {
		if _, err := api.UpdateStatus(c.client, hpa); err != nil {
			return 0, ignoreMissing(err)
		}
	}
	return autoscalerPeriod, nil
}

// condition puts the condition where it was, or last.
func (c *autoscalers) condition(hpa *autoscalingv2.HorizontalPodAutoscaler, kind autoscalingv2.HorizontalPodAutoscalerConditionType, is v1.ConditionStatus, reason, message string) {
	next := autoscalingv2.HorizontalPodAutoscalerCondition{Type: kind, Status: is, Reason: reason, Message: message, LastTransitionTime: c.now()}
	at := slices.IndexFunc(hpa.Status.Conditions, func(o autoscalingv2.HorizontalPodAutoscalerCondition) bool { return o.Type == kind })
	if at < 0 {
		hpa.Status.Conditions = append(hpa.Status.Conditions, next)
		return
	}
	if had := hpa.Status.Conditions[at]; had.Status == is {
		next.LastTransitionTime = had.LastTransitionTime
	}
	hpa.Status.Conditions[at] = next
}

func (c *autoscalers) step(hpa *autoscalingv2.HorizontalPodAutoscaler) {
	r, scale, err := c.target(hpa)
	if err != nil {
		c.eventf(hpa, v1.EventTypeWarning, "FailedGetScale", "%s", err.Error())
		c.condition(hpa, autoscalingv2.AbleToScale, v1.ConditionFalse, "FailedGetScale", fmt.Sprintf("the HPA controller was unable to get the target's current scale: %v", err))
		return
	}
	c.condition(hpa, autoscalingv2.AbleToScale, v1.ConditionTrue, "SucceededGetScale", "the HPA controller was able to get the target's current scale")
	least := int32(1)
	if hpa.Spec.MinReplicas != nil {
		least = *hpa.Spec.MinReplicas
	}
	c.remember(hpa, scale.Spec.Replicas)
	switch current := scale.Spec.Replicas; {
	case current == 0 && least != 0:
		c.condition(hpa, autoscalingv2.ScalingActive, v1.ConditionFalse, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
		c.status(hpa, current, current, nil)
	case current > hpa.Spec.MaxReplicas:
		c.rescale(hpa, r, scale, hpa.Spec.MaxReplicas, "Current number of replicas above Spec.MaxReplicas", nil)
	case current < least:
		c.rescale(hpa, r, scale, least, "Current number of replicas below Spec.MinReplicas", nil)
	default:
		c.measure(hpa, r, scale, least)
	}
}

// target is the resource of what the autoscaler scales, and its size.
func (c *autoscalers) target(hpa *autoscalingv2.HorizontalPodAutoscaler) (*resources.Resource, *autoscalingv1.Scale, error) {
	ref := hpa.Spec.ScaleTargetRef
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range c.resources() {
		if r.Group != gv.Group || r.Kind != ref.Kind || r.View != nil {
			continue
		}
		obj, err := c.client.Door.Do(&api.Request{
			User: c.client.User, Verb: "get", Resource: r.GVR(), Subresource: "scale", Namespace: hpa.Namespace, Name: ref.Name,
		})
		if err != nil {
			return nil, nil, err
		}
		return r, obj.(*autoscalingv1.Scale), nil
	}
	return nil, nil, fmt.Errorf("no matches for kind %q in group %q", ref.Kind, gv.Group)
}

func (c *autoscalers) rescale(hpa *autoscalingv2.HorizontalPodAutoscaler, r *resources.Resource, scale *autoscalingv1.Scale, size int32, reason string, metrics []autoscalingv2.MetricStatus) {
	current := scale.Spec.Replicas
	next := scale.DeepCopy()
	next.Spec.Replicas = size
	_, err := c.client.Door.Do(&api.Request{
		User: c.client.User, Verb: "update", Resource: r.GVR(), Subresource: "scale", Namespace: hpa.Namespace, Name: hpa.Spec.ScaleTargetRef.Name, Object: next,
	})
	if err != nil {
		c.eventf(hpa, v1.EventTypeWarning, "FailedRescale", "New size: %d; reason: %s; error: %v", size, reason, err.Error())
		c.condition(hpa, autoscalingv2.AbleToScale, v1.ConditionFalse, "FailedUpdateScale", fmt.Sprintf("the HPA controller was unable to update the target scale: %v", err))
		c.status(hpa, current, hpa.Status.DesiredReplicas, metrics)
		return
	}
	c.rescaled(hpa, size-current)
	c.condition(hpa, autoscalingv2.AbleToScale, v1.ConditionTrue, "SucceededRescale", fmt.Sprintf("the HPA controller was able to update the target scale to %d", size))
	c.eventf(hpa, v1.EventTypeNormal, "SuccessfulRescale", "New size: %d; reason: %s", size, reason)
	c.status(hpa, current, size, metrics)
	now := c.now()
	hpa.Status.LastScaleTime = &now
}

func (c *autoscalers) status(hpa *autoscalingv2.HorizontalPodAutoscaler, current, desired int32, metrics []autoscalingv2.MetricStatus) {
	hpa.Status = autoscalingv2.HorizontalPodAutoscalerStatus{
		CurrentReplicas: current, DesiredReplicas: desired, LastScaleTime: hpa.Status.LastScaleTime,
		CurrentMetrics: metrics, Conditions: hpa.Status.Conditions,
	}
}

const notServed = "the server could not find the requested resource"

// unavailableMetric is how it is said that a metric has no value: the reason, the cause and how that is introduced. problem
// is why a resource metric has none; the others never have one, as no API serves them.
func unavailableMetric(namespace string, m autoscalingv2.MetricSpec, problem error) (reason, cause, about string) {
	resource := func(name v1.ResourceName, t autoscalingv2.MetricTarget) string {
		what := "utilization"
		if t.AverageValue != nil {
			what = "usage"
		}
		return fmt.Sprintf("failed to get %s %s: %v", name, what, problem)
	}
	const custom = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
	switch m.Type {
	case autoscalingv2.ResourceMetricSourceType:
		return "FailedGetResourceMetric", resource(m.Resource.Name, m.Resource.Target), fmt.Sprintf("failed to get %s resource metric value: ", m.Resource.Name)
	case autoscalingv2.ContainerResourceMetricSourceType:
		return "FailedGetContainerResourceMetric", resource(m.ContainerResource.Name, m.ContainerResource.Target), fmt.Sprintf("failed to get %s container metric value: ", m.ContainerResource.Container)
	case autoscalingv2.PodsMetricSourceType:
		return "FailedGetPodsMetric", fmt.Sprintf("unable to get metric %s: %s", m.Pods.Metric.Name, custom), "failed to get pods metric value: "
	case autoscalingv2.ObjectMetricSourceType:
		// The real message has its parts in this order.
		o := m.Object.DescribedObject
		return "FailedGetObjectMetric", fmt.Sprintf("unable to get metric %s: %s on %s %s/%s", m.Object.Metric.Name, o.Kind, namespace, o.Name, custom), "failed to get object metric value: "
	}
	name := ""
	if m.External != nil {
		name = m.External.Metric.Name
	}
	selector := (*metav1.LabelSelector)(nil)
	if m.External != nil {
		selector = m.External.Metric.Selector
	}
	return "FailedGetExternalMetric",
		fmt.Sprintf("unable to get external metric %s/%s/%+v: unable to fetch metrics from external metrics API: %s (get %s.external.metrics.k8s.io)", namespace, name, selector, notServed, name),
		fmt.Sprintf("failed to get %s external metric value: failed to get %s external metric: ", name, name)
}
