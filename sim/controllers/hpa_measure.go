package controllers

import (
	"errors"
	"fmt"
	"math"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/api"
	"terrarium/sim/metrics"
	"terrarium/sim/resources"
)

const (
	// slack is how far a metric may be from its target without a change.
	slack = 0.1
	// While a Pod is younger than startUp, its CPU counts only when it is ready; firstReady is how long it may take to become
	// ready for the first time.
	startUp    = 5 * time.Minute
	firstReady = 30 * time.Second
)

// proposal is what one metric asks for.
type proposal struct {
	replicas int32
	metric   string // in words
	status   autoscalingv2.MetricStatus
}

// measure brings the target to the size that the metrics ask for.
func (c *autoscalers) measure(hpa *autoscalingv2.HorizontalPodAutoscaler, r *resources.Resource, scale *autoscalingv1.Scale, least int32) {
	current, n := scale.Spec.Replicas, len(hpa.Spec.Metrics)
	statuses := make([]autoscalingv2.MetricStatus, n)
	selector, err := labels.Parse(scale.Status.Selector)
	if scale.Status.Selector == "" || err != nil {
		c.condition(hpa, autoscalingv2.ScalingActive, v1.ConditionFalse, "InvalidSelector", "the HPA target's scale is missing a selector")
		c.status(hpa, current, hpa.Status.DesiredReplicas, nil)
		c.eventf(hpa, v1.EventTypeWarning, "SelectorRequired", "selector is required")
		c.eventf(hpa, v1.EventTypeWarning, "FailedComputeMetricsReplicas", "selector is required")
		return
	}
	var best proposal
	invalid, first, why, reason := 0, "", "", ""
	for i, m := range hpa.Spec.Metrics {
		p, err := c.propose(hpa, m, current, selector)
		if err != nil {
			because, cause, about := unavailableMetric(hpa.Namespace, m, err)
			c.eventf(hpa, v1.EventTypeWarning, because, "%s", cause)
			if invalid++; invalid == 1 {
				reason, why, first = because, cause, about+cause
			}
			continue
		}
		statuses[i] = p.status
		if best.metric == "" || p.replicas > best.replicas {
			best = p
		}
	}
	if invalid == n || invalid > 0 && best.replicas < current {
		c.condition(hpa, autoscalingv2.ScalingActive, v1.ConditionFalse, reason, "the HPA was unable to compute the replica count: "+why)
		c.status(hpa, current, hpa.Status.DesiredReplicas, statuses)
		c.eventf(hpa, v1.EventTypeWarning, "FailedComputeMetricsReplicas", "invalid metrics (%d invalid out of %d), first error is: %s", invalid, n, first)
		return
	}
	c.condition(hpa, autoscalingv2.ScalingActive, v1.ConditionTrue, "ValidMetricFound", "the HPA was able to successfully calculate a replica count from "+best.metric)
	reason = "All metrics below target"
	if best.replicas > current {
		reason = best.metric + " above target"
	}
	desired := c.normalize(hpa, current, best.replicas, least)
	if desired == current {
		c.status(hpa, current, current, statuses)
		return
	}
	c.rescale(hpa, r, scale, desired, reason, statuses)
}

// propose is what a resource metric asks for.
func (c *autoscalers) propose(hpa *autoscalingv2.HorizontalPodAutoscaler, m autoscalingv2.MetricSpec, current int32, selector labels.Selector) (p proposal, err error) {
	var name v1.ResourceName
	var target autoscalingv2.MetricTarget
	container := ""
	switch m.Type {
	case autoscalingv2.ResourceMetricSourceType:
		name, target = m.Resource.Name, m.Resource.Target
	case autoscalingv2.ContainerResourceMetricSourceType:
		name, target, container = m.ContainerResource.Name, m.ContainerResource.Target, m.ContainerResource.Container
	default:
		return p, errors.New(notServed)
	}
	g, err := c.group(hpa.Namespace, name, container, selector)
	if err != nil {
		return p, err
	}
	g.up, g.down = tolerances(hpa)
	average := resource.DecimalSI
	if name == v1.ResourceMemory {
		average = resource.BinarySI
	}
	status := autoscalingv2.MetricValueStatus{}
	if target.AverageValue != nil {
		g.target = target.AverageValue.MilliValue()
		p.metric = fmt.Sprintf("%s resource", name)
	} else {
		if g.requests, err = requests(g.pods, container, name); err != nil {
			return p, err
		}
		g.target = int64(*target.AverageUtilization)
		p.metric = fmt.Sprintf("%s resource utilization (percentage of request)", name)
		if container != "" {
			p.metric = fmt.Sprintf("%s container resource utilization (percentage of request)", name)
		}
	}
	ratio, utilization, raw, err := g.ratio(g.values)
	if err != nil {
		return p, err
	}
	if target.AverageValue == nil {
		status.AverageUtilization = &utilization
	}
	status.AverageValue = resource.NewMilliQuantity(raw, average)
	p.replicas = g.replicas(current, ratio)
	p.status = autoscalingv2.MetricStatus{Type: m.Type}
	if container == "" {
		p.status.Resource = &autoscalingv2.ResourceMetricStatus{Name: name, Current: status}
	} else {
		p.status.ContainerResource = &autoscalingv2.ContainerResourceMetricStatus{Name: name, Container: container, Current: status}
	}
	return p, nil
}

func tolerances(hpa *autoscalingv2.HorizontalPodAutoscaler) (up, down float64) {
	up, down = slack, slack
	if b := hpa.Spec.Behavior; b != nil {
		if b.ScaleUp != nil && b.ScaleUp.Tolerance != nil {
			up = b.ScaleUp.Tolerance.AsApproximateFloat64()
		}
		if b.ScaleDown != nil && b.ScaleDown.Tolerance != nil {
			down = b.ScaleDown.Tolerance.AsApproximateFloat64()
		}
	}
	return up, down
}

// measured is the Pods of a target with what they use, in thousandths.
type measured struct {
	pods             []*v1.Pod
	values           map[string]int64 // of the Pods that count
	requests         map[string]int64 // nil where the target is a value, not a percentage
	ready            int
	unready, missing []string
	target           int64
	up, down         float64 // tolerance
}

// group reads the metrics, and tells the Pods that count from those that do not.
func (c *autoscalers) group(namespace string, name v1.ResourceName, container string, selector labels.Selector) (*measured, error) {
	items, err := api.List[metrics.PodMetrics](c.client, namespace, selector)
	if err != nil {
		return nil, fmt.Errorf("unable to get metrics for resource %s: unable to fetch metrics from resource metrics API: %s (get pods.metrics.k8s.io)", name, notServed)
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("unable to get metrics for resource %s: no metrics returned from resource metrics API", name)
	}
	byPod := map[string]*metrics.PodMetrics{}
	for _, m := range items {
		byPod[m.Name] = m
	}
	g := &measured{values: map[string]int64{}}
	if g.pods, err = api.List[v1.Pod](c.client, namespace, selector); err != nil {
		return nil, err
	}
	if len(g.pods) == 0 {
		return nil, errors.New("no pods returned by selector while calculating replica count")
	}
	for _, pod := range g.pods {
		value, found := valueOf(byPod[pod.Name], name, container)
		switch {
		case pod.DeletionTimestamp != nil || pod.Status.Phase == v1.PodFailed:
		case pod.Status.Phase == v1.PodPending:
			g.unready = append(g.unready, pod.Name)
		case !found:
			g.missing = append(g.missing, pod.Name)
		case name == v1.ResourceCPU && c.startsUp(pod, byPod[pod.Name]):
			g.unready = append(g.unready, pod.Name)
		default:
			g.values[pod.Name] = value
			g.ready++
		}
	}
	if len(g.values) == 0 {
		return nil, errors.New("did not receive metrics for targeted pods (pods might be unready)")
	}
	return g, nil
}

func valueOf(m *metrics.PodMetrics, name v1.ResourceName, container string) (sum int64, found bool) {
	if m == nil {
		return 0, false
	}
	for _, used := range m.Containers {
		if container == "" || used.Name == container {
			q, ok := used.Usage[name]
			if !ok {
				return 0, false
			}
			sum, found = sum+q.MilliValue(), true
		}
	}
	return sum, found
}

// startsUp reports whether a Pod's CPU says nothing yet.
func (c *autoscalers) startsUp(pod *v1.Pod, m *metrics.PodMetrics) bool {
	ready := conditionOf(pod, v1.PodReady)
	if ready == nil || pod.Status.StartTime == nil {
		return true
	}
	if pod.Status.StartTime.Add(startUp).After(c.clock.Now()) {
		return ready.Status == v1.ConditionFalse || m.Timestamp.Time.Before(ready.LastTransitionTime.Add(m.Window.Duration))
	}
	return ready.Status == v1.ConditionFalse && pod.Status.StartTime.Add(firstReady).After(ready.LastTransitionTime.Time)
}

func conditionOf(pod *v1.Pod, kind v1.PodConditionType) *v1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// requests are what the Pods ask for of a resource.
func requests(pods []*v1.Pod, container string, name v1.ResourceName) (map[string]int64, error) {
	out := map[string]int64{}
	for _, pod := range pods {
		if r := pod.Spec.Resources; container == "" && r != nil && len(r.Requests) > 0 {
			q, ok := r.Requests[name]
			if !ok {
				return nil, fmt.Errorf("missing pod-level request for %s in Pod %s", name, pod.Name)
			}
			out[pod.Name] = q.MilliValue()
			continue
		}
		all := append([]v1.Container{}, pod.Spec.Containers...)
		for _, init := range pod.Spec.InitContainers {
			if init.RestartPolicy != nil && *init.RestartPolicy == v1.ContainerRestartPolicyAlways {
				all = append(all, init)
			}
		}
		found := false
		for i := range all {
			if container != "" && all[i].Name != container {
				continue
			}
			q, ok := all[i].Resources.Requests[name]
			if !ok {
				return nil, fmt.Errorf("missing request for %s in container %s of Pod %s", name, all[i].Name, pod.Name)
			}
			out[pod.Name] += q.MilliValue()
			found = true
		}
		if container != "" && !found {
			return nil, fmt.Errorf("container %s not found in Pod %s", container, pod.Name)
		}
	}
	return out, nil
}

// ratio is how far values are from the target, the utilization in percent, and the average.
func (g *measured) ratio(values map[string]int64) (ratio float64, utilization int32, average int64, err error) {
	var total, requested int64
	for name, v := range values { // sums do not depend on the order
		total += v
		requested += g.requests[name]
	}
	average = total / int64(len(values))
	if g.requests == nil {
		return float64(average) / float64(g.target), 0, average, nil
	}
	if requested == 0 {
		return 0, 0, 0, errors.New("no metrics returned matched known pods")
	}
	utilization = int32(total * 100 / requested)
	return float64(utilization) / float64(g.target), utilization, average, nil
}

// replicas is the size that a ratio asks for. Pods without a value are thought to use what makes the change smaller.
func (g *measured) replicas(current int32, ratio float64) int32 {
	within := func(r float64) bool { return 1-g.down <= r && r <= 1+g.up }
	waiting := len(g.unready) > 0 && ratio > 1
	if !waiting && len(g.missing) == 0 {
		if within(ratio) {
			return current
		}
		return int32(math.Ceil(ratio * float64(g.ready)))
	}
	values := map[string]int64{}
	for name, v := range g.values {
		values[name] = v
	}
	for _, name := range g.missing {
		switch {
		case ratio > 1:
			values[name] = 0
		case ratio < 1 && g.requests != nil:
			values[name] = g.requests[name] * max(100, g.target) / 100
		case ratio < 1:
			values[name] = g.target
		}
	}
	if waiting {
		for _, name := range g.unready {
			values[name] = 0
		}
	}
	again, _, _, err := g.ratio(values)
	if err != nil || within(again) || ratio < 1 && again > 1 || ratio > 1 && again < 1 {
		return current
	}
	size := int32(math.Ceil(again * float64(len(values))))
	if again < 1 && size > current || again > 1 && size < current {
		return current
	}
	return size
}
