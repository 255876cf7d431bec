package controllers

import (
	"slices"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// clusterRoleAggregation fills the rules of cluster roles that are made up of others.
type clusterRoleAggregation struct{ base }

func startClusterRoleAggregation(cfg Config) error {
	c := &clusterRoleAggregation{}
	c.base = newBase(cfg, "clusterrole-aggregation-controller", "clusterrole-aggregation-controller", c.reconcile)
	return watch1(&c.base, func(_ watch.EventType, role, old *rbacv1.ClusterRole) {
		if old != nil && same(role.Rules, old.Rules) && same(role.Labels, old.Labels) && same(role.AggregationRule, old.AggregationRule) {
			return
		}
		all, _ := api.List[rbacv1.ClusterRole](c.client, "", nil)
		for _, r := range all {
			if r.AggregationRule != nil {
				c.loop.Add(r.Name)
			}
		}
	})
}

func (c *clusterRoleAggregation) reconcile(name string) (time.Duration, error) {
	role, err := api.Get[rbacv1.ClusterRole](c.client, "", name)
	if err != nil || role.AggregationRule == nil {
		return 0, ignoreMissing(err)
	}
	all, err := api.List[rbacv1.ClusterRole](c.client, "", nil)
	if err != nil {
		return 0, err
	}
	var rules []rbacv1.PolicyRule
	taken := map[string]bool{name: true}
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			return 0, nil
		}
		for _, r := range all {
			if taken[r.Name] || !selector.Matches(labels.Set(r.Labels)) {
				continue
			}
			taken[r.Name] = true
			for _, rule := range r.Rules {
				if !slices.ContainsFunc(rules, func(o rbacv1.PolicyRule) bool { return same(o, rule) }) {
					rules = append(rules, rule)
				}
			}
		}
	}
	if same(role.Rules, rules) {
		return 0, nil
	}
	role = role.DeepCopy()
	role.Rules = rules
	_, err = api.Update(c.client, role)
	return 0, err
}
