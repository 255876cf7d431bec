package scheduler

import (
	"slices"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/api"
)

// affinityTerms are a pod's rules about its neighbours.
type affinityTerms struct {
	near, far     []term // required
	likes, avoids []term // preferred, with weights
}

func (t *affinityTerms) empty() bool { return len(t.near)+len(t.far)+len(t.likes)+len(t.avoids) == 0 }

// term is one rule: pods of these namespaces that the selector takes, near meaning the same value of topologyKey.
type term struct {
	selector   labels.Selector
	namespaces []string
	nsSelector labels.Selector
	topology   string
	weight     int32
}

func termsOf(pod *v1.Pod) affinityTerms {
	var t affinityTerms
	a := pod.Spec.Affinity
	if a == nil {
		return t
	}
	if p := a.PodAffinity; p != nil {
		t.near = required(pod, p.RequiredDuringSchedulingIgnoredDuringExecution)
		t.likes = weighted(pod, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if p := a.PodAntiAffinity; p != nil {
		t.far = required(pod, p.RequiredDuringSchedulingIgnoredDuringExecution)
		t.avoids = weighted(pod, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return t
}

func required(pod *v1.Pod, terms []v1.PodAffinityTerm) []term {
	var out []term
	for i := range terms {
		out = append(out, newTerm(pod, &terms[i], 0))
	}
	return out
}

func weighted(pod *v1.Pod, terms []v1.WeightedPodAffinityTerm) []term {
	var out []term
	for i := range terms {
		out = append(out, newTerm(pod, &terms[i].PodAffinityTerm, terms[i].Weight))
	}
	return out
}

func newTerm(pod *v1.Pod, t *v1.PodAffinityTerm, weight int32) term {
	out := term{topology: t.TopologyKey, weight: weight, namespaces: t.Namespaces}
	out.selector, _ = metav1.LabelSelectorAsSelector(t.LabelSelector)
	if out.selector == nil {
		out.selector = labels.Nothing()
	}
	if t.NamespaceSelector == nil {
		out.nsSelector = labels.Nothing()
		if len(out.namespaces) == 0 {
			out.namespaces = []string{pod.Namespace}
		}
		return out
	}
	out.nsSelector, _ = metav1.LabelSelectorAsSelector(t.NamespaceSelector)
	if out.nsSelector == nil {
		out.nsSelector = labels.Nothing()
	}
	return out
}

func (t *term) takes(c *cycle, pod *v1.Pod) bool {
	if !t.selector.Matches(labels.Set(pod.Labels)) {
		return false
	}
	if slices.Contains(t.namespaces, pod.Namespace) {
		return true
	}
	if requirements, selectable := t.nsSelector.Requirements(); !selectable || len(requirements) == 0 && t.nsSelector.String() != "" {
		return false
	}
	return t.nsSelector.Matches(c.namespaceLabels(pod.Namespace))
}

func (c *cycle) namespaceLabels(namespace string) labels.Set {
	ns, err := api.Get[v1.Namespace](c.s.client, "", namespace)
	if err != nil {
		return nil
	}
	return ns.Labels
}

type place struct{ topology, value string }

// neighbours counts, by place, the pods that required rules are about.
type neighbours struct {
	near, far map[place]int // pods that the pod's own rules take
	unwelcome map[place]int // pods whose rules keep the pod away
}

func (c *cycle) neighbours() *neighbours {
	if c.near != nil {
		return c.near
	}
	n := &neighbours{near: map[place]int{}, far: map[place]int{}, unwelcome: map[place]int{}}
	for _, node := range c.nodes {
		for _, other := range node.pods {
			if c.takesAll(c.info.terms.near, other.pod) {
				count(n.near, c.info.terms.near, node.node)
			}
			for i := range c.info.terms.far {
				if t := &c.info.terms.far[i]; t.takes(c, other.pod) {
					count(n.far, c.info.terms.far[i:i+1], node.node)
				}
			}
			for i := range other.terms.far {
				if t := &other.terms.far[i]; t.takes(c, c.pod) {
					count(n.unwelcome, other.terms.far[i:i+1], node.node)
				}
			}
		}
	}
	c.near = n
	return n
}

func (c *cycle) takesAll(terms []term, pod *v1.Pod) bool {
	for i := range terms {
		if !terms[i].takes(c, pod) {
			return false
		}
	}
	return len(terms) > 0
}

func count(in map[place]int, terms []term, node *v1.Node) {
	for _, t := range terms {
		if value, ok := node.Labels[t.topology]; ok {
			in[place{t.topology, value}]++
		}
	}
}

func filterPodAffinity(c *cycle, n *nodeInfo) *refusal {
	near := c.neighbours()
	if !c.nearOthers(near, n.node) {
		return refuse(true, "node(s) didn't match pod affinity rules")
	}
	for _, t := range c.info.terms.far {
		if value, ok := n.node.Labels[t.topology]; ok && near.far[place{t.topology, value}] > 0 {
			return refuse(false, "node(s) didn't match pod anti-affinity rules")
		}
	}
	for p := range near.unwelcome {
		if value, ok := n.node.Labels[p.topology]; ok && value == p.value {
			return refuse(false, "node(s) didn't satisfy existing pods anti-affinity rules")
		}
	}
	return nil
}

// nearOthers says that the node lies where the pod's affinity wants it. The first of a group that wants to be near
// itself may go anywhere.
func (c *cycle) nearOthers(near *neighbours, node *v1.Node) bool {
	found := true
	for _, t := range c.info.terms.near {
		value, ok := node.Labels[t.topology]
		if !ok {
			return false
		}
		found = found && near.near[place{t.topology, value}] > 0
	}
	return found || len(near.near) == 0 && c.takesAll(c.info.terms.near, c.pod)
}
