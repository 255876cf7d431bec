package scheduler

import (
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"terrarium/sim/requests"
)

// amounts are resources: milliCPU, bytes of memory and of disk, and all others by name.
type amounts struct {
	cpu, memory, disk int64
	others            map[v1.ResourceName]int64
}

func amountsOf(list v1.ResourceList) amounts {
	var a amounts
	for name, q := range list {
		switch name {
		case v1.ResourceCPU:
			a.cpu = q.MilliValue()
		case v1.ResourceMemory:
			a.memory = q.Value()
		case v1.ResourceEphemeralStorage:
			a.disk = q.Value()
		case v1.ResourcePods:
		default:
			if a.others == nil {
				a.others = map[v1.ResourceName]int64{}
			}
			a.others[name] = q.Value()
		}
	}
	return a
}

func (a *amounts) add(b amounts) {
	a.cpu += b.cpu
	a.memory += b.memory
	a.disk += b.disk
	for name, n := range b.others {
		if a.others == nil {
			a.others = map[v1.ResourceName]int64{}
		}
		a.others[name] += n
	}
}

// podInfo is a pod with what is asked of it again and again.
type podInfo struct {
	pod      *v1.Pod
	requests amounts
	// counted is requests for scoring, where a container without a request counts as a small one.
	counted amounts
	ports   []v1.ContainerPort // host ports
	terms   affinityTerms
}

// small is what a container that requests nothing is taken for when nodes are scored.
func small() v1.ResourceList {
	return v1.ResourceList{
		v1.ResourceCPU:    *resource.NewMilliQuantity(100, resource.DecimalSI),
		v1.ResourceMemory: *resource.NewQuantity(200*1024*1024, resource.BinarySI),
	}
}

// infoOf remembers the infos of stored pods, which never change.
func (s *Scheduler) infoOf(pod *v1.Pod) *podInfo {
	if info := s.infos[pod]; info != nil {
		return info
	}
	missing := small()
	if r := pod.Spec.Resources; r != nil {
		for name := range r.Requests {
			delete(missing, name)
		}
	}
	info := &podInfo{
		pod:      pod,
		requests: amountsOf(requests.Pod(pod, nil)),
		counted:  amountsOf(requests.Pod(pod, missing)),
		ports:    hostPorts(pod),
		terms:    termsOf(pod),
	}
	s.infos[pod] = info
	return info
}

// nodeInfo is a node with the pods on it.
type nodeInfo struct {
	node        *v1.Node
	allocatable amounts
	mostPods    int64
	pods        []*podInfo
	requested   amounts
	counted     amounts
	// nominated are the pods, at least as important as the one in question, that are to come here when room is made.
	nominated []*podInfo
}

func newNodeInfo(node *v1.Node) *nodeInfo {
	pods := node.Status.Allocatable[v1.ResourcePods]
	return &nodeInfo{node: node, allocatable: amountsOf(node.Status.Allocatable), mostPods: pods.Value()}
}

func (n *nodeInfo) add(p *podInfo) {
	n.pods = append(n.pods, p)
	n.requested.add(p.requests)
	n.counted.add(p.counted)
}

// plus is the node with more pods.
func (n *nodeInfo) plus(more []*podInfo) *nodeInfo {
	return n.filled(append(n.pods[:len(n.pods):len(n.pods)], more...))
}

// filled is the node with these pods and no others.
func (n *nodeInfo) filled(pods []*podInfo) *nodeInfo {
	other := &nodeInfo{node: n.node, allocatable: n.allocatable, mostPods: n.mostPods, nominated: n.nominated}
	for _, p := range pods {
		other.add(p)
	}
	return other
}

// snapshot is the nodes with their pods as they concern pod. It forgets the infos of pods that are no more.
func (s *Scheduler) snapshot(nodes []*v1.Node, pods []*v1.Pod, pod *v1.Pod) []*nodeInfo {
	infos := make([]*nodeInfo, 0, len(nodes))
	byName := make(map[string]*nodeInfo, len(nodes))
	for _, node := range nodes {
		n := newNodeInfo(node)
		infos = append(infos, n)
		byName[node.Name] = n
	}
	kept := make(map[*v1.Pod]*podInfo, len(pods))
	for _, p := range pods {
		if ended(p) {
			continue
		}
		info := s.infoOf(p)
		kept[p] = info
		if p.Spec.NodeName != "" {
			if n := byName[p.Spec.NodeName]; n != nil {
				n.add(info)
			}
			continue
		}
		if n := byName[p.Status.NominatedNodeName]; n != nil && p.UID != pod.UID && priorityOf(p) >= priorityOf(pod) {
			n.nominated = append(n.nominated, info)
		}
	}
	s.infos = kept
	return infos
}
