package controllers

import (
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/chance"
	"terrarium/sim/clock"
)

// The rules of the real replica calculator: Pods without a value make the change smaller, and never turn it round.
func TestReplicasOfARatio(t *testing.T) {
	pods := func(values ...int64) map[string]int64 {
		out := map[string]int64{}
		for i, v := range values {
			out[string(rune('a'+i))] = v
		}
		return out
	}
	same := func(n int) map[string]int64 {
		out := map[string]int64{}
		for _, name := range []string{"a", "b", "c", "d", "x", "y", "z"}[:n] {
			out[name] = 100
		}
		return out
	}
	for _, c := range []struct {
		name             string
		values           map[string]int64
		unready, missing []string
		current, want    int32
	}{
		{"at the target", pods(50, 50), nil, nil, 2, 2},
		{"within the tolerance", pods(54, 55), nil, nil, 2, 2},
		{"above", pods(100, 100), nil, nil, 2, 4},
		{"below", pods(10, 10, 10), nil, nil, 3, 1},
		{"above, one not ready", pods(100, 100), []string{"c"}, nil, 3, 4},
		{"above, as many not ready", pods(100), []string{"x"}, nil, 2, 2},
		{"below, one missing", pods(10, 10), nil, []string{"c"}, 3, 3},
		{"far below, one missing", pods(1, 1, 1), nil, []string{"d"}, 4, 2},
		{"above, one missing", pods(200), nil, []string{"x"}, 2, 4},
	} {
		g := &measured{values: c.values, requests: same(7), ready: len(c.values), unready: c.unready, missing: c.missing, target: 50, up: slack, down: slack}
		ratio, _, _, err := g.ratio(g.values)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.replicas(c.current, ratio); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestNormalize(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	policy := func(kind autoscalingv2.HPAScalingPolicyType, value, period int32) autoscalingv2.HPAScalingPolicy {
		return autoscalingv2.HPAScalingPolicy{Type: kind, Value: value, PeriodSeconds: period}
	}
	window := func(s int32) *int32 { return &s }
	least, disabled := autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect
	quick := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: window(0), Policies: []autoscalingv2.HPAScalingPolicy{policy("Percent", 100, 15)}}
	type step struct {
		after            time.Duration
		current, desired int32
		want             int32
		limited          string
	}
	for name, c := range map[string]struct {
		behavior *autoscalingv2.HorizontalPodAutoscalerBehavior
		steps    []step
	}{
		"without behavior": {nil, []step{
			{0, 1, 20, 4, "ScaleUpLimit"}, {15 * time.Second, 4, 20, 8, "ScaleUpLimit"}, {15 * time.Second, 8, 20, 10, "TooManyReplicas"},
			{time.Minute, 10, 1, 10, "TooManyReplicas"}, {5 * time.Minute, 10, 1, 2, "TooFewReplicas"},
		}},
		"two Pods a minute": {&autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleUp:   &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: window(0), Policies: []autoscalingv2.HPAScalingPolicy{policy("Pods", 2, 60)}},
			ScaleDown: quick,
		}, []step{{0, 2, 9, 4, "ScaleUpLimit"}, {15 * time.Second, 4, 9, 4, "ScaleUpLimit"}, {46 * time.Second, 4, 9, 6, "ScaleUpLimit"}}},
		"the smaller of two policies": {&autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleUp: quick,
			ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: window(0), SelectPolicy: &least,
				Policies: []autoscalingv2.HPAScalingPolicy{policy("Pods", 4, 60), policy("Percent", 10, 60)}},
		}, []step{{0, 10, 2, 9, "ScaleDownLimit"}}},
		"never down": {&autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleUp: quick, ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: window(0), SelectPolicy: &disabled},
		}, []step{{0, 8, 2, 8, "ScaleDownLimit"}}},
	} {
		clk := clock.New(start)
		a := &autoscalers{recent: map[string]*scaling{}}
		a.clock, a.chance = clk, chance.New(1)
		hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "h"}}
		hpa.Spec.MaxReplicas, hpa.Spec.Behavior = 10, c.behavior
		for i, s := range c.steps {
			clk.Advance(s.after)
			if i == 0 {
				a.recent[keyOf(hpa)] = &scaling{}
			}
			got := a.normalize(hpa, s.current, s.desired, 2)
			if got != s.current {
				a.rescaled(hpa, got-s.current)
			}
			reason := ""
			for _, cond := range hpa.Status.Conditions {
				if cond.Type == autoscalingv2.ScalingLimited {
					reason = cond.Reason
				}
			}
			if got != s.want || reason != s.limited {
				t.Errorf("%s, step %d: %d %s, want %d %s", name, i, got, reason, s.want, s.limited)
			}
		}
	}
}
