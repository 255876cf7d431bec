package scheduler

import (
	"math"
	"strings"

	v1 "k8s.io/api/core/v1"
)

const mostScore = 100

// best is the node with the highest score; of several, chance picks one.
func (c *cycle) best(fit []*nodeInfo) *nodeInfo {
	total := make([]int64, len(fit))
	for _, s := range []struct {
		weight int64
		score  func(*cycle, []*nodeInfo) []int64
	}{
		{3, scoreTaints},
		{2, scoreNodeAffinity},
		{1, scoreLeastAllocated},
		{2, scoreSpread},
		{2, scorePodAffinity},
		{1, scoreBalance},
		{1, scoreImages},
	} {
		for i, n := range s.score(c, fit) {
			total[i] += s.weight * n
		}
	}
	var top []*nodeInfo
	most := int64(math.MinInt64)
	for i, n := range fit {
		if total[i] > most {
			most, top = total[i], nil
		}
		if total[i] == most {
			top = append(top, n)
		}
	}
	return top[c.s.chance.IntN(len(top))]
}

// normalize scales scores so that the highest is 100; reverse turns them round, then 0 becomes 100.
func normalize(scores []int64, reverse bool) []int64 {
	most := int64(0)
	for _, s := range scores {
		most = max(most, s)
	}
	for i, s := range scores {
		if most > 0 {
			s = mostScore * s / most
		}
		if reverse {
			s = mostScore - s
		}
		scores[i] = s
	}
	return scores
}

func scoreTaints(c *cycle, fit []*nodeInfo) []int64 {
	scores := make([]int64, len(fit))
	for i, n := range fit {
		for j := range n.node.Spec.Taints {
			if t := &n.node.Spec.Taints[j]; t.Effect == v1.TaintEffectPreferNoSchedule && !tolerates(c.pod, t) {
				scores[i]++
			}
		}
	}
	return normalize(scores, true)
}

func scoreNodeAffinity(c *cycle, fit []*nodeInfo) []int64 {
	scores := make([]int64, len(fit))
	a := c.pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil {
		return scores
	}
	for i, n := range fit {
		for j := range a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			p := &a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution[j]
			if matchesTerm(&p.Preference, n.node) {
				scores[i] += int64(p.Weight)
			}
		}
	}
	return normalize(scores, false)
}

func scoreLeastAllocated(c *cycle, fit []*nodeInfo) []int64 {
	free := func(wanted, has int64) int64 {
		if has == 0 || wanted > has {
			return 0
		}
		return (has - wanted) * mostScore / has
	}
	scores := make([]int64, len(fit))
	for i, n := range fit {
		cpu := free(n.counted.cpu+c.info.counted.cpu, n.allocatable.cpu)
		memory := free(n.counted.memory+c.info.counted.memory, n.allocatable.memory)
		scores[i] = (cpu + memory) / 2
	}
	return scores
}

// scoreBalance favours nodes whose use of CPU and memory the pod makes more alike.
func scoreBalance(c *cycle, fit []*nodeInfo) []int64 {
	scores := make([]int64, len(fit))
	if c.info.requests.cpu == 0 && c.info.requests.memory == 0 {
		return scores
	}
	balance := func(n *nodeInfo, with amounts) int64 {
		cpu := fraction(n.requested.cpu+with.cpu, n.allocatable.cpu)
		memory := fraction(n.requested.memory+with.memory, n.allocatable.memory)
		return int64((1 - math.Abs(cpu-memory)/2) * mostScore)
	}
	for i, n := range fit {
		scores[i] = mostScore/2 + (mostScore/2+balance(n, c.info.requests)-balance(n, amounts{}))/2
	}
	return scores
}

func fraction(used, has int64) float64 {
	if has == 0 {
		return 0
	}
	return min(float64(used)/float64(has), 1)
}

func scoreSpread(c *cycle, fit []*nodeInfo) []int64 {
	scores := make([]int64, len(fit))
	constraints := c.softConstraints()
	if len(constraints) == 0 {
		return scores
	}
	all := len(c.pod.Spec.TopologySpreadConstraints) > 0
	ignored := make([]bool, len(fit))
	eligible := 0
	for i, n := range fit {
		if ignored[i] = all && !hasTopologies(n.node, constraints); !ignored[i] {
			eligible++
		}
	}
	raw := make([]float64, len(fit))
	for _, k := range constraints {
		domains := c.softDomains(&k, fit, ignored, all, constraints)
		size := len(domains)
		if k.TopologyKey == v1.LabelHostname {
			size = eligible
		}
		weight := math.Log(float64(size + 2))
		for i, n := range fit {
			value, ok := n.node.Labels[k.TopologyKey]
			if ignored[i] || !ok {
				continue
			}
			have := domains[value]
			if k.TopologyKey == v1.LabelHostname {
				have = matching(n, k.selector, c.pod.Namespace)
			}
			raw[i] += float64(have)*weight + float64(k.MaxSkew-1)
		}
	}
	least, most := int64(math.MaxInt64), int64(0)
	for i := range fit {
		scores[i] = int64(math.Round(raw[i]))
		if !ignored[i] {
			least, most = min(least, scores[i]), max(most, scores[i])
		}
	}
	for i := range fit {
		switch {
		case ignored[i]:
			scores[i] = 0
		case most == 0:
			scores[i] = mostScore
		default:
			scores[i] = mostScore * (most + least - scores[i]) / most
		}
	}
	return scores
}

func (c *cycle) softDomains(k *constraint, fit []*nodeInfo, ignored []bool, all bool, constraints []constraint) map[string]int {
	domains := map[string]int{}
	if k.TopologyKey == v1.LabelHostname {
		return domains
	}
	for i, n := range fit {
		if !ignored[i] {
			domains[n.node.Labels[k.TopologyKey]] = 0
		}
	}
	for _, n := range c.nodes {
		value := n.node.Labels[k.TopologyKey]
		if _, ok := domains[value]; !ok || all && !hasTopologies(n.node, constraints) || !k.counts(c.pod, n.node) {
			continue
		}
		domains[value] += matching(n, k.selector, c.pod.Namespace)
	}
	return domains
}

func scorePodAffinity(c *cycle, fit []*nodeInfo) []int64 {
	scores := make([]int64, len(fit))
	sums := map[place]int64{}
	note := func(terms []term, about *v1.Pod, node *v1.Node, sign int64, fixed int64) {
		for i := range terms {
			value, ok := node.Labels[terms[i].topology]
			if !ok || !terms[i].takes(c, about) {
				continue
			}
			weight := int64(terms[i].weight)
			if fixed > 0 {
				weight = fixed
			}
			sums[place{terms[i].topology, value}] += sign * weight
		}
	}
	for _, n := range c.nodes {
		for _, p := range n.pods {
			if c.info.terms.empty() && p.terms.empty() {
				continue
			}
			note(c.info.terms.likes, p.pod, n.node, 1, 0)
			note(c.info.terms.avoids, p.pod, n.node, -1, 0)
			note(p.terms.near, c.pod, n.node, 1, 1)
			note(p.terms.likes, c.pod, n.node, 1, 0)
			note(p.terms.avoids, c.pod, n.node, -1, 0)
		}
	}
	if len(sums) == 0 {
		return scores
	}
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	for i, n := range fit {
		for p, sum := range sums {
			if value, ok := n.node.Labels[p.topology]; ok && value == p.value {
				scores[i] += sum
			}
		}
		least, most = min(least, scores[i]), max(most, scores[i])
	}
	for i := range fit {
		if most == least {
			scores[i] = 0
		} else {
			scores[i] = int64(mostScore * float64(scores[i]-least) / float64(most-least))
		}
	}
	return scores
}

// scoreImages favours nodes that have large images of the pod already, less so where few nodes have them.
func scoreImages(c *cycle, fit []*nodeInfo) []int64 {
	const lower, upper = 23 << 20, 1000 << 20
	var images []string
	for _, containers := range [][]v1.Container{c.pod.Spec.InitContainers, c.pod.Spec.Containers} {
		for _, container := range containers {
			images = append(images, withTag(container.Image))
		}
	}
	scores := make([]int64, len(fit))
	for i, n := range fit {
		sum := int64(0)
		for _, image := range images {
			if size := imageSize(n.node, image); size > 0 {
				sum += int64(float64(size) * float64(c.nodesWith(image)) / float64(len(c.nodes)))
			}
		}
		most := int64(upper * len(images))
		scores[i] = mostScore * (min(max(sum, lower), most) - lower) / (most - lower)
	}
	return scores
}

func withTag(image string) string {
	if strings.LastIndex(image, ":") <= strings.LastIndex(image, "/") {
		return image + ":latest"
	}
	return image
}

func (c *cycle) nodesWith(image string) int {
	total := 0
	for _, n := range c.nodes {
		if imageSize(n.node, image) > 0 {
			total++
		}
	}
	return total
}

func imageSize(node *v1.Node, image string) int64 {
	for i := range node.Status.Images {
		if contains(node.Status.Images[i].Names, image) {
			return node.Status.Images[i].SizeBytes
		}
	}
	return 0
}
