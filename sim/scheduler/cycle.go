package scheduler

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	v1 "k8s.io/api/core/v1"

	"terrarium/sim/api"
)

// cycle is the world as one attempt sees it.
type cycle struct {
	s     *Scheduler
	pod   *v1.Pod
	info  *podInfo
	nodes []*nodeInfo // by name

	claims *claims // the pod's, once looked up
	near   *neighbours
	spread *spreading
}

// refusal is why a filter takes no pod on a node.
type refusal struct {
	plugin   string
	reasons  []string
	hopeless bool // removing pods would not help
}

// filter is one of the questions that every node is asked, in this order; the first refusal counts.
type filter struct {
	plugin string
	run    func(c *cycle, n *nodeInfo) *refusal
}

func filters() []filter {
	return []filter{
		{"NodeUnschedulable", filterUnschedulable},
		{"TaintToleration", filterTaints},
		{"NodeAffinity", filterNodeAffinity},
		{"NodePorts", filterPorts},
		{"NodeResourcesFit", filterResources},
		{"VolumeRestrictions", filterVolumeConflicts},
		{"VolumeBinding", filterVolumes},
		{"VolumeZone", filterVolumeZone},
		{"PodTopologySpread", filterSpread},
		{"InterPodAffinity", filterPodAffinity},
	}
}

func refuse(hopeless bool, reasons ...string) *refusal {
	return &refusal{reasons: reasons, hopeless: hopeless}
}

// unfit is why no node takes the pod.
type unfit struct {
	fatal      string              // something else went wrong; nothing else is set
	total      int                 // nodes
	before     string              // the reason that holds for all nodes, found before any was asked
	byNode     map[string]*refusal // of the nodes that were asked
	absent     string              // the reason of the others
	plugins    map[string]bool
	postscript string
}

func (u *unfit) reason() string {
	if u.fatal != "" {
		return v1.PodReasonSchedulerError
	}
	return v1.PodReasonUnschedulable
}

func (u *unfit) message() string {
	if u.fatal != "" {
		return u.fatal
	}
	if u.total == 0 {
		return "no nodes available to schedule pods"
	}
	text := fmt.Sprintf("0/%d nodes are available:", u.total)
	if u.before != "" {
		text += " " + u.before + "."
	} else if reasons := histogram(u.byNode, u.absent, u.total); reasons != "" {
		text += " " + reasons + "."
	}
	if u.postscript != "" {
		text += " " + u.postscript
	}
	return text
}

// histogram counts the reasons, sorted as text. absent is the reason of the nodes that are not in byNode.
func histogram(byNode map[string]*refusal, absent string, total int) string {
	counts := map[string]int{}
	for _, r := range byNode {
		for _, reason := range r.reasons {
			counts[reason]++
		}
	}
	if missing := total - len(byNode); missing > 0 && absent != "" {
		counts[absent] += missing
	}
	var lines []string
	for reason, n := range counts {
		lines = append(lines, fmt.Sprintf("%d %s", n, reason))
	}
	sort.Strings(lines)
	return strings.Join(lines, ", ")
}

// newCycle takes a picture of the cluster for pod.
func (s *Scheduler) newCycle(pod *v1.Pod) (*cycle, error) {
	nodes, err := api.List[v1.Node](s.client, "", nil)
	if err != nil {
		return nil, err
	}
	pods, err := api.List[v1.Pod](s.client, "", nil)
	if err != nil {
		return nil, err
	}
	return &cycle{s: s, pod: pod, info: s.infoOf(pod), nodes: s.snapshot(nodes, pods, pod)}, nil
}

// choose is the node that the pod is to have, or why there is none.
func (c *cycle) choose() (*nodeInfo, *unfit) {
	if len(c.nodes) == 0 {
		return nil, &unfit{}
	}
	why := &unfit{total: len(c.nodes), byNode: map[string]*refusal{}, plugins: map[string]bool{}}
	if r := c.prefilter(); r != nil {
		why.before = strings.Join(r.reasons, ", ")
		why.plugins[r.plugin] = true
		why.postscript = "not found"
		return nil, why
	}
	asked := c.nodes
	if names, limited := fieldNames(c.pod); limited {
		asked = nil
		for _, n := range c.nodes {
			if slices.Contains(names, n.node.Name) {
				asked = append(asked, n)
			}
		}
		why.absent = "node(s) didn't satisfy plugin(s) [NodeAffinity]"
		why.plugins["NodeAffinity"] = true
	}
	var fit []*nodeInfo
	for _, n := range asked {
		if r := c.ask(n); r != nil {
			why.byNode[n.node.Name] = r
			why.plugins[r.plugin] = true
			continue
		}
		fit = append(fit, n)
	}
	switch len(fit) {
	case 0:
		return nil, why
	case 1:
		return fit[0], nil
	}
	return c.best(fit), nil
}

// prefilter asks what does not depend on a node.
func (c *cycle) prefilter() *refusal {
	names, limited := fieldNames(c.pod)
	if limited && len(names) == 0 {
		return &refusal{plugin: "NodeAffinity", reasons: []string{"pod affinity terms conflict"}, hopeless: true}
	}
	if r := c.lookUpClaims(); r != nil {
		r.plugin = "VolumeBinding"
		return r
	}
	return nil
}

// ask is the first refusal of a node, nil where it takes the pod, also with the pods that are to come there.
func (c *cycle) ask(n *nodeInfo) *refusal {
	if len(n.nominated) > 0 {
		if r := c.with(n.plus(n.nominated)).askAlone(n.node.Name); r != nil {
			return r
		}
	}
	return c.askInfo(n)
}

func (c *cycle) askAlone(name string) *refusal {
	for _, n := range c.nodes {
		if n.node.Name == name {
			return c.askInfo(n)
		}
	}
	return nil
}

func (c *cycle) askInfo(n *nodeInfo) *refusal {
	for _, f := range filters() {
		if r := f.run(c, n); r != nil {
			r.plugin = f.plugin
			return r
		}
	}
	return nil
}

// with is the cycle with another picture of one node.
func (c *cycle) with(n *nodeInfo) *cycle {
	other := &cycle{s: c.s, pod: c.pod, info: c.info, claims: c.claims}
	for _, m := range c.nodes {
		if m.node.Name == n.node.Name {
			m = n
		}
		other.nodes = append(other.nodes, m)
	}
	return other
}
