package scheduler

import (
	"math"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/api"
)

// constraint is a topology spread constraint with its selector parsed.
type constraint struct {
	v1.TopologySpreadConstraint
	selector labels.Selector
}

// spreading is the pod's hard constraints and how many matching pods each domain has.
type spreading struct {
	constraints []constraint
	domains     []map[string]int // by constraint: value of the topology key → matching pods
}

func constraintsOf(pod *v1.Pod, action v1.UnsatisfiableConstraintAction) []constraint {
	var out []constraint
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable != action {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(c.LabelSelector)
		if err != nil {
			continue
		}
		for _, key := range c.MatchLabelKeys {
			if value, ok := pod.Labels[key]; ok {
				if r, err := labels.NewRequirement(key, "=", []string{value}); err == nil {
					selector = selector.Add(*r)
				}
			}
		}
		out = append(out, constraint{c, selector})
	}
	return out
}

// counts says whether the pods of a node count for the constraint, as its inclusion policies have it.
func (c *constraint) counts(pod *v1.Pod, node *v1.Node) bool {
	if c.NodeAffinityPolicy == nil || *c.NodeAffinityPolicy == v1.NodeInclusionPolicyHonor {
		if !matchesNode(pod, node) {
			return false
		}
	}
	if c.NodeTaintsPolicy != nil && *c.NodeTaintsPolicy == v1.NodeInclusionPolicyHonor {
		return toleratesNode(pod, node)
	}
	return true
}

func hasTopologies(node *v1.Node, constraints []constraint) bool {
	for _, c := range constraints {
		if _, ok := node.Labels[c.TopologyKey]; !ok {
			return false
		}
	}
	return true
}

// matching counts the pods on the node that the selector takes.
func matching(n *nodeInfo, selector labels.Selector, namespace string) int {
	if selector.Empty() {
		return 0
	}
	total := 0
	for _, p := range n.pods {
		if p.pod.DeletionTimestamp == nil && p.pod.Namespace == namespace && selector.Matches(labels.Set(p.pod.Labels)) {
			total++
		}
	}
	return total
}

func (c *cycle) spreading() *spreading {
	if c.spread != nil {
		return c.spread
	}
	s := &spreading{constraints: constraintsOf(c.pod, v1.DoNotSchedule)}
	for i := range s.constraints {
		k := &s.constraints[i]
		domains := map[string]int{}
		for _, n := range c.nodes {
			if hasTopologies(n.node, s.constraints) && k.counts(c.pod, n.node) {
				domains[n.node.Labels[k.TopologyKey]] += matching(n, k.selector, c.pod.Namespace)
			}
		}
		s.domains = append(s.domains, domains)
	}
	c.spread = s
	return s
}

func filterSpread(c *cycle, n *nodeInfo) *refusal {
	if len(c.pod.Spec.TopologySpreadConstraints) == 0 {
		return nil
	}
	const reason = "node(s) didn't match pod topology spread constraints"
	s := c.spreading()
	for i, k := range s.constraints {
		value, ok := n.node.Labels[k.TopologyKey]
		if !ok {
			return refuse(true, reason+" (missing required label)")
		}
		self := 0
		if k.selector.Matches(labels.Set(c.pod.Labels)) {
			self = 1
		}
		if s.domains[i][value]+self-s.least(i) > int(k.MaxSkew) {
			return refuse(false, reason)
		}
	}
	return nil
}

// least is the number of matching pods in the emptiest domain; 0 where there are fewer domains than asked for.
func (s *spreading) least(i int) int {
	if m := s.constraints[i].MinDomains; m != nil && len(s.domains[i]) < int(*m) {
		return 0
	}
	least := math.MaxInt
	for _, n := range s.domains[i] {
		least = min(least, n)
	}
	if least == math.MaxInt {
		return 0
	}
	return least
}

// softConstraints are those that only score: the pod's own or, where it has none, to be apart from the pods of the
// same service or workload, by host and by zone.
func (c *cycle) softConstraints() []constraint {
	if len(c.pod.Spec.TopologySpreadConstraints) > 0 {
		return constraintsOf(c.pod, v1.ScheduleAnyway)
	}
	selector := c.familySelector()
	if selector.Empty() {
		return nil
	}
	return []constraint{
		{v1.TopologySpreadConstraint{TopologyKey: v1.LabelHostname, MaxSkew: 3}, selector},
		{v1.TopologySpreadConstraint{TopologyKey: v1.LabelTopologyZone, MaxSkew: 5}, selector},
	}
}

// familySelector is what the pod's services and its controller select by, all together.
func (c *cycle) familySelector() labels.Selector {
	set := labels.Set{}
	services, _ := api.List[v1.Service](c.s.client, c.pod.Namespace, nil)
	for _, svc := range services {
		if len(svc.Spec.Selector) > 0 && labels.SelectorFromSet(svc.Spec.Selector).Matches(labels.Set(c.pod.Labels)) {
			for k, v := range svc.Spec.Selector {
				set[k] = v
			}
		}
	}
	selector := labels.NewSelector()
	owner := metav1.GetControllerOf(c.pod)
	var own *metav1.LabelSelector
	switch {
	case owner == nil:
	case owner.Kind == "ReplicationController":
		if rc, err := api.Get[v1.ReplicationController](c.s.client, c.pod.Namespace, owner.Name); err == nil {
			for k, v := range rc.Spec.Selector {
				set[k] = v
			}
		}
	case owner.Kind == "ReplicaSet":
		if rs, err := api.Get[appsv1.ReplicaSet](c.s.client, c.pod.Namespace, owner.Name); err == nil {
			own = rs.Spec.Selector
		}
	case owner.Kind == "StatefulSet":
		if ss, err := api.Get[appsv1.StatefulSet](c.s.client, c.pod.Namespace, owner.Name); err == nil {
			own = ss.Spec.Selector
		}
	}
	if len(set) > 0 {
		selector = set.AsSelector()
	}
	if own != nil {
		if s, err := metav1.LabelSelectorAsSelector(own); err == nil {
			requirements, _ := s.Requirements()
			selector = selector.Add(requirements...)
		}
	}
	return selector
}
