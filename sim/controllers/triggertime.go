package controllers

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// triggerTimes remembers, by service, when it and its pods last changed in a way that endpoints show, so that endpoints
// can tell what made them change.
type triggerTimes map[string]triggerState

type triggerState struct {
	service time.Time
	pods    map[string]time.Time
}

// next is the instant of the earliest change since the last call, zero where there was none. A service that is new
// counts from its creation.
func (t triggerTimes) next(svc *v1.Service, pods []*v1.Pod) time.Time {
	last, known := t[keyOf(svc)]
	now := triggerState{service: svc.CreationTimestamp.Time, pods: map[string]time.Time{}}
	var first time.Time
	changed := func(at, before time.Time) {
		if at.After(before) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, pod := range pods {
		for _, c := range pod.Status.Conditions {
			if c.Type == v1.PodReady && !c.LastTransitionTime.IsZero() {
				now.pods[pod.Name] = c.LastTransitionTime.Time
				changed(c.LastTransitionTime.Time, last.pods[pod.Name])
			}
		}
	}
	changed(now.service, last.service)
	t[keyOf(svc)] = now
	if !known {
		return now.service
	}
	return first
}

// annotateTrigger writes a trigger time into annotations, or takes an old one out.
func annotateTrigger(annotations map[string]string, at time.Time) map[string]string {
	out := map[string]string{}
	for k, v := range annotations {
		out[k] = v
	}
	delete(out, v1.EndpointsLastChangeTriggerTime)
	if !at.IsZero() {
		out[v1.EndpointsLastChangeTriggerTime] = at.UTC().Format(time.RFC3339Nano)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
