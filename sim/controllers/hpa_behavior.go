package controllers

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
)

// calm is how long an autoscaler waits before it makes its target smaller, where it has no behavior of its own.
const calm = 5 * time.Minute

// scaling is what an autoscaler has recommended and done.
type scaling struct {
	recommended []sized
	changes     []sized // positive for more, negative for fewer
}

type sized struct {
	at time.Time
	n  int32
}

// longest is how long anything is remembered: the longest window and the longest period that a behavior may have.
const longest = time.Hour

// remember begins an autoscaler's memory with the size that it finds.
func (c *autoscalers) remember(hpa *autoscalingv2.HorizontalPodAutoscaler, current int32) {
	if key := keyOf(hpa); c.recent[key] == nil {
		c.recent[key] = &scaling{recommended: []sized{{c.clock.Now(), current}}}
	}
}

func (c *autoscalers) rescaled(hpa *autoscalingv2.HorizontalPodAutoscaler, by int32) {
	s := c.recent[keyOf(hpa)]
	s.changes = append(since(s.changes, c.clock.Now().Add(-longest)), sized{c.clock.Now(), by})
}

func since(all []sized, t time.Time) (out []sized) {
	for _, one := range all {
		if one.at.After(t) {
			out = append(out, one)
		}
	}
	return out
}

// limit is a bound of a size, with the words for a size that wants to be beyond it.
type limit struct {
	size            int32
	reason, message string
}

var (
	tooFast = limit{reason: "ScaleUpLimit", message: "the desired replica count is increasing faster than the maximum scale rate"}
	tooMany = limit{reason: "TooManyReplicas", message: "the desired replica count is more than the maximum replica count"}
	tooSoon = limit{reason: "ScaleDownLimit", message: "the desired replica count is decreasing faster than the maximum scale rate"}
	tooFew  = limit{reason: "TooFewReplicas", message: "the desired replica count is less than the minimum replica count"}
)

func (l limit) at(size int32) limit { l.size = size; return l }

// normalize is the size that a recommendation becomes, by what was recommended before and by the limits.
func (c *autoscalers) normalize(hpa *autoscalingv2.HorizontalPodAutoscaler, current, desired, least int32) int32 {
	s, now := c.recent[keyOf(hpa)], c.clock.Now()
	up, down := time.Duration(0), calm
	b := hpa.Spec.Behavior
	if b != nil {
		up, down = window(b.ScaleUp, up), window(b.ScaleDown, down)
	}
	lowest, highest := desired, desired
	for _, r := range since(s.recommended, now.Add(-up)) {
		lowest = min(lowest, r.n)
	}
	for _, r := range since(s.recommended, now.Add(-down)) {
		highest = max(highest, r.n)
	}
	s.recommended = append(since(s.recommended, now.Add(-longest)), sized{now, desired})
	stable := highest
	if b != nil {
		stable = min(max(current, lowest), highest)
	}
	switch {
	case stable == desired:
		c.condition(hpa, autoscalingv2.AbleToScale, v1.ConditionTrue, "ReadyForNewScale", "recommended size matches current size")
	case b != nil && desired >= current:
		c.condition(hpa, autoscalingv2.AbleToScale, v1.ConditionTrue, "ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation")
	default:
		c.condition(hpa, autoscalingv2.AbleToScale, v1.ConditionTrue, "ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation")
	}
	floor, ceiling := c.limits(hpa, s, current, least)
	bound := limit{stable, "DesiredWithinRange", "the desired count is within the acceptable range"}
	switch {
	case stable < floor.size && (b == nil || stable < current):
		bound = floor
	case stable > ceiling.size && (b == nil || stable > current):
		bound = ceiling
	}
	limited := v1.ConditionTrue
	if bound.size == stable {
		limited = v1.ConditionFalse
	}
	c.condition(hpa, autoscalingv2.ScalingLimited, limited, bound.reason, bound.message)
	return bound.size
}

func window(rules *autoscalingv2.HPAScalingRules, otherwise time.Duration) time.Duration {
	if rules == nil || rules.StabilizationWindowSeconds == nil {
		return otherwise
	}
	return time.Duration(*rules.StabilizationWindowSeconds) * time.Second
}

// limits are the least and the most that a target may become in this step.
func (c *autoscalers) limits(hpa *autoscalingv2.HorizontalPodAutoscaler, s *scaling, current, least int32) (floor, ceiling limit) {
	floor, ceiling = tooFew.at(least), tooMany.at(hpa.Spec.MaxReplicas)
	b := hpa.Spec.Behavior
	if b == nil {
		if fastest := max(2*current, 4); ceiling.size > fastest {
			ceiling = tooFast.at(fastest)
		}
		return floor, ceiling
	}
	if fastest := max(current, c.rate(b.ScaleUp, s, current, 1)); ceiling.size > fastest {
		ceiling = tooFast.at(fastest)
	}
	if slowest := min(current, c.rate(b.ScaleDown, s, current, -1)); floor.size < slowest {
		floor = tooSoon.at(slowest)
	}
	return floor, ceiling
}

// rate is the size that the policies allow: direction is 1 for growing, -1 for shrinking.
func (c *autoscalers) rate(rules *autoscalingv2.HPAScalingRules, s *scaling, current int32, direction int32) int32 {
	selected := autoscalingv2.MaxChangePolicySelect
	if rules.SelectPolicy != nil {
		selected = *rules.SelectPolicy
	}
	if selected == autoscalingv2.DisabledPolicySelect {
		return current
	}
	var out int32
	for i, p := range rules.Policies {
		began := current
		for _, change := range since(s.changes, c.clock.Now().Add(-time.Duration(p.PeriodSeconds)*time.Second)) {
			began -= change.n
		}
		allowed := began + direction*p.Value
		if p.Type == autoscalingv2.PercentScalingPolicy {
			exact := float64(began) * (1 + float64(direction)*float64(p.Value)/100)
			if allowed = int32(exact); direction > 0 {
				allowed = int32(math.Ceil(exact))
			}
		}
		further := direction*allowed > direction*out
		if i == 0 || further == (selected == autoscalingv2.MaxChangePolicySelect) {
			out = allowed
		}
	}
	return out
}
