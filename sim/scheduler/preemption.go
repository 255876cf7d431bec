package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/api"
)

// candidate is a node on which the pod would fit without the victims.
type candidate struct {
	node       *nodeInfo
	victims    []*v1.Pod // most important first
	violations int       // of disruption budgets
}

// makeRoom deletes pods of lower priority where that lets the pod fit, and returns the node that it then waits
// for. Where it does not help, why says so.
func (s *Scheduler) makeRoom(c *cycle, why *unfit) (nominated string) {
	if why.before != "" || why.total == 0 {
		return ""
	}
	const noClaims = "no new claims to deallocate, preemption: "
	if reason := c.mayNotPreempt(why); reason != "" {
		why.postscript = noClaims + reason
		return c.pod.Status.NominatedNodeName
	}
	candidates, refusals := c.candidates(why)
	if len(candidates) == 0 {
		why.postscript = noClaims + fmt.Sprintf("0/%d nodes are available: %s.", len(c.nodes),
			histogram(refusals, "Preemption is not helpful for scheduling", len(c.nodes)))
		return ""
	}
	best := pick(candidates)
	for _, victim := range best.victims {
		if err := s.preempt(c.pod, victim, best.node.node.Name); err != nil {
			why.postscript = noClaims + err.Error()
			return ""
		}
	}
	return best.node.node.Name
}

func (c *cycle) mayNotPreempt(why *unfit) string {
	if p := c.pod.Spec.PreemptionPolicy; p != nil && *p == v1.PreemptNever {
		return "not eligible due to preemptionPolicy=Never."
	}
	nominated := c.pod.Status.NominatedNodeName
	if r := why.byNode[nominated]; nominated == "" || r != nil && r.hopeless {
		return ""
	}
	for _, n := range c.nodes {
		if n.node.Name != nominated {
			continue
		}
		for _, p := range n.pods {
			if priorityOf(p.pod) < priorityOf(c.pod) && preempted(p.pod) {
				return "not eligible due to a terminating pod on the nominated node."
			}
		}
	}
	return ""
}

func preempted(pod *v1.Pod) bool {
	if pod.DeletionTimestamp == nil {
		return false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == v1.DisruptionTarget {
			return c.Status == v1.ConditionTrue && c.Reason == v1.PodReasonPreemptionByScheduler
		}
	}
	return false
}

// candidates are the nodes where preemption would help, and why it would not on others that seemed promising.
func (c *cycle) candidates(why *unfit) ([]candidate, map[string]*refusal) {
	budgets, _ := api.List[policyv1.PodDisruptionBudget](c.s.client, "", nil)
	var out []candidate
	refusals := map[string]*refusal{}
	for _, n := range c.nodes {
		if r := why.byNode[n.node.Name]; r == nil || r.hopeless {
			continue
		}
		found, r := c.victimsOn(n, budgets)
		if r != nil {
			refusals[n.node.Name] = r
			continue
		}
		out = append(out, *found)
	}
	return out, refusals
}

// victimsOn is the fewest and least important pods whose removal lets the pod fit on the node.
func (c *cycle) victimsOn(n *nodeInfo, budgets []*policyv1.PodDisruptionBudget) (*candidate, *refusal) {
	var kept, lower []*podInfo
	for _, p := range n.pods {
		if priorityOf(p.pod) < priorityOf(c.pod) {
			lower = append(lower, p)
		} else {
			kept = append(kept, p)
		}
	}
	if len(lower) == 0 {
		return nil, refuse(true, "No preemption victims found for incoming pod")
	}
	fits := func(pods []*podInfo) *refusal {
		m := n.filled(pods)
		other := c.with(m)
		return other.ask(m)
	}
	if r := fits(kept); r != nil {
		return nil, r
	}
	slices.SortStableFunc(lower, func(a, b *podInfo) int { return moreImportant(a.pod, b.pod) })
	violating, others := splitByBudget(lower, budgets)
	found := &candidate{node: n}
	for i, group := range [][]*podInfo{violating, others} {
		for _, p := range group {
			if with := append(kept[:len(kept):len(kept)], p); fits(with) == nil {
				kept = with
				continue
			}
			found.victims = append(found.victims, p.pod)
			if i == 0 {
				found.violations++
			}
		}
	}
	slices.SortStableFunc(found.victims, moreImportant)
	if len(found.victims) == 0 {
		return nil, refuse(true, fmt.Sprintf("expected at least one victim pod on node %q", n.node.Name))
	}
	return found, nil
}

// moreImportant puts pods of higher priority first, then those that have run longer.
func moreImportant(a, b *v1.Pod) int {
	if c := cmp.Compare(priorityOf(b), priorityOf(a)); c != 0 {
		return c
	}
	return startOf(a).Compare(startOf(b))
}

func startOf(pod *v1.Pod) time.Time {
	if pod.Status.StartTime == nil {
		return pod.CreationTimestamp.Time
	}
	return pod.Status.StartTime.Time
}

// splitByBudget parts the pods whose deletion would break a disruption budget from the others.
func splitByBudget(pods []*podInfo, budgets []*policyv1.PodDisruptionBudget) (violating, others []*podInfo) {
	allowed := make([]int32, len(budgets))
	for i, b := range budgets {
		allowed[i] = b.Status.DisruptionsAllowed
	}
	for _, p := range pods {
		breaks := false
		for i, b := range budgets {
			if !covers(b, p.pod) {
				continue
			}
			if _, counted := b.Status.DisruptedPods[p.pod.Name]; counted {
				continue
			}
			allowed[i]--
			breaks = breaks || allowed[i] < 0
		}
		if breaks {
			violating = append(violating, p)
		} else {
			others = append(others, p)
		}
	}
	return violating, others
}

func covers(b *policyv1.PodDisruptionBudget, pod *v1.Pod) bool {
	if b.Namespace != pod.Namespace || len(pod.Labels) == 0 {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
	return err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels))
}

// pick is the node on which preemption does least harm.
func pick(candidates []candidate) candidate {
	const offset = int64(1) << 31
	sum := func(c candidate) (total int64) {
		for _, v := range c.victims {
			total += int64(priorityOf(v)) + offset
		}
		return total
	}
	return slices.MinFunc(candidates, func(a, b candidate) int {
		if c := cmp.Compare(a.violations, b.violations); c != 0 {
			return c
		}
		if c := cmp.Compare(priorityOf(a.victims[0]), priorityOf(b.victims[0])); c != 0 {
			return c
		}
		if c := cmp.Compare(sum(a), sum(b)); c != 0 {
			return c
		}
		if c := cmp.Compare(len(a.victims), len(b.victims)); c != 0 {
			return c
		}
		return earliest(b).Compare(earliest(a))
	})
}

// earliest is when the longest running of the most important victims began.
func earliest(c candidate) time.Time {
	first := startOf(c.victims[0])
	for _, v := range c.victims[1:] {
		if priorityOf(v) == priorityOf(c.victims[0]) && startOf(v).Before(first) {
			first = startOf(v)
		}
	}
	return first
}

func (s *Scheduler) preempt(pod, victim *v1.Pod, node string) error {
	if victim.DeletionTimestamp != nil {
		return nil
	}
	marked := victim.DeepCopy()
	if setCondition(marked, v1.PodCondition{
		Type: v1.DisruptionTarget, Status: v1.ConditionTrue, Reason: v1.PodReasonPreemptionByScheduler,
		ObservedGeneration: victim.Generation,
		Message:            name + ": preempting to accommodate a higher priority pod",
		LastTransitionTime: metav1.NewTime(s.clock.Now().Truncate(time.Second)),
	}) {
		if _, err := api.UpdateStatus(s.client, marked); err != nil {
			return err
		}
	}
	if err := api.Delete[v1.Pod](s.client, victim.Namespace, victim.Name, nil); err != nil {
		return err
	}
	s.events.Event(victim, v1.EventTypeNormal, "Preempted", "Preempting", fmt.Sprintf("Preempted by pod %s on node %s", pod.UID, node))
	return nil
}
