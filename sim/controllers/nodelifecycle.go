package controllers

import (
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// nodeMonitorGrace is how long a node may be silent before it counts as unreachable.
const nodeMonitorGrace = 50 * time.Second

// nodeLifecycle turns what is known of a node's health into conditions and taints.
type nodeLifecycle struct {
	base
	heard map[string]time.Time // when a node was last heard of: its lease or its status
	known map[string]types.UID // nodes that were announced
}

func startNodeLifecycle(cfg Config) error {
	c := &nodeLifecycle{heard: map[string]time.Time{}, known: map[string]types.UID{}}
	c.base = newBase(cfg, "node-controller", "node-controller", c.reconcile)
	if err := watch1(&c.base, func(_ watch.EventType, lease, _ *coordinationv1.Lease) {
		if lease.Namespace == v1.NamespaceNodeLease {
			c.hear(lease.Name)
		}
	}); err != nil {
		return err
	}
	return watch1(&c.base, func(kind watch.EventType, node, old *v1.Node) {
		if kind == watch.Deleted {
			c.nodeEvent(node, "RemovingNode", "Removing Node "+node.Name+" from Controller")
			delete(c.heard, node.Name)
			delete(c.known, node.Name)
			return
		}
		if old == nil || heartbeat(node) != heartbeat(old) {
			c.hear(node.Name)
		}
		c.loop.Add(node.Name)
		if old == nil || nodeReady(node) != nodeReady(old) {
			c.others()
		}
	})
}

// others looks at all nodes again: whether one is tainted depends on how the others are.
func (c *nodeLifecycle) others() {
	nodes, err := api.List[v1.Node](c.client, "", nil)
	if err != nil {
		return // the nodes are looked at again anyway
	}
	for _, n := range nodes {
		c.loop.Add(n.Name)
	}
}

// disrupted reports whether no node is ready. Then it is rather the network of the control plane that is at fault, and
// no Pod is driven away.
func (c *nodeLifecycle) disrupted() (bool, error) {
	nodes, err := api.List[v1.Node](c.client, "", nil)
	return !slices.ContainsFunc(nodes, nodeReady), err
}

func nodeReady(node *v1.Node) bool {
	c := nodeCondition(node, v1.NodeReady)
	return c != nil && c.Status == v1.ConditionTrue
}

func heartbeat(node *v1.Node) time.Time {
	if c := nodeCondition(node, v1.NodeReady); c != nil {
		return c.LastHeartbeatTime.Time
	}
	return time.Time{}
}

func nodeCondition(node *v1.Node, kind v1.NodeConditionType) *v1.NodeCondition {
	for i := range node.Status.Conditions {
		if node.Status.Conditions[i].Type == kind {
			return &node.Status.Conditions[i]
		}
	}
	return nil
}

func (c *nodeLifecycle) hear(node string) { c.heard[node] = c.clock.Now() }

func (c *nodeLifecycle) nodeEvent(node *v1.Node, reason, message string) {
	c.events.Event(v1.ObjectReference{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID},
		v1.EventTypeNormal, reason, "Node "+node.Name+" event: "+message)
}

func (c *nodeLifecycle) reconcile(name string) (time.Duration, error) {
	node, err := api.Get[v1.Node](c.client, "", name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	if c.known[name] != node.UID {
		c.known[name] = node.UID
		c.nodeEvent(node, "RegisteredNode", "Registered Node "+name+" in Controller")
	}
	silent := c.clock.Since(c.heard[name])
	if silent > nodeMonitorGrace {
		if node, err = c.markSilent(node); err != nil {
			return 0, err
		}
	}
	if err := c.taint(node); err != nil {
		return 0, err
	}
	if ready := nodeCondition(node, v1.NodeReady); ready != nil && ready.Status != v1.ConditionTrue {
		if err := c.markPodsNotReady(node); err != nil {
			return 0, err
		}
	}
	if silent > nodeMonitorGrace {
		return 0, nil
	}
	return nodeMonitorGrace - silent + time.Second, nil
}

// markSilent says that nothing is known any more about a node that has stopped talking.
func (c *nodeLifecycle) markSilent(node *v1.Node) (*v1.Node, error) {
	next := node.DeepCopy()
	for _, kind := range []v1.NodeConditionType{v1.NodeReady, v1.NodeMemoryPressure, v1.NodeDiskPressure, v1.NodePIDPressure} {
		had := nodeCondition(next, kind)
		switch {
		case had == nil:
			next.Status.Conditions = append(next.Status.Conditions, v1.NodeCondition{
				Type: kind, Status: v1.ConditionUnknown, Reason: "NodeStatusNeverUpdated", Message: "Kubelet never posted node status.",
				LastHeartbeatTime: node.CreationTimestamp, LastTransitionTime: c.now(),
			})
		case had.Status != v1.ConditionUnknown:
			had.Status, had.Reason, had.Message = v1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status."
			had.LastTransitionTime = c.now()
		}
	}
	if equality.Semantic.DeepEqual(node.Status.Conditions, next.Status.Conditions) {
		return node, nil
	}
	stored, err := api.UpdateStatus(c.client, next)
	if err != nil {
		return nil, err
	}
	c.events.Event(v1.ObjectReference{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID},
		v1.EventTypeNormal, "NodeNotReady", "Node "+node.Name+" status is now: NodeNotReady")
	return stored, nil
}

// nodeTaints are the taints that a node's condition and spec ask for.
func nodeTaints(node *v1.Node) []v1.Taint {
	var taints []v1.Taint
	add := func(key string, effects ...v1.TaintEffect) {
		for _, effect := range effects {
			taints = append(taints, v1.Taint{Key: key, Effect: effect})
		}
	}
	for _, c := range node.Status.Conditions {
		switch bad := c.Status == v1.ConditionTrue; {
		case c.Type == v1.NodeReady && c.Status == v1.ConditionFalse:
			add(v1.TaintNodeNotReady, v1.TaintEffectNoSchedule, v1.TaintEffectNoExecute)
		case c.Type == v1.NodeReady && c.Status == v1.ConditionUnknown:
			add(v1.TaintNodeUnreachable, v1.TaintEffectNoSchedule, v1.TaintEffectNoExecute)
		case c.Type == v1.NodeMemoryPressure && bad:
			add(v1.TaintNodeMemoryPressure, v1.TaintEffectNoSchedule)
		case c.Type == v1.NodeDiskPressure && bad:
			add(v1.TaintNodeDiskPressure, v1.TaintEffectNoSchedule)
		case c.Type == v1.NodePIDPressure && bad:
			add(v1.TaintNodePIDPressure, v1.TaintEffectNoSchedule)
		case c.Type == v1.NodeNetworkUnavailable && bad:
			add(v1.TaintNodeNetworkUnavailable, v1.TaintEffectNoSchedule)
		}
	}
	if node.Spec.Unschedulable {
		add(v1.TaintNodeUnschedulable, v1.TaintEffectNoSchedule)
	}
	return taints
}

// ownTaint says that the taint is one of those that this controller sets and takes away.
func ownTaint(t v1.Taint) bool {
	switch t.Key {
	case v1.TaintNodeNotReady, v1.TaintNodeUnreachable:
		return t.Effect == v1.TaintEffectNoSchedule || t.Effect == v1.TaintEffectNoExecute
	case v1.TaintNodeUnschedulable, v1.TaintNodeMemoryPressure, v1.TaintNodeDiskPressure, v1.TaintNodePIDPressure, v1.TaintNodeNetworkUnavailable:
		return t.Effect == v1.TaintEffectNoSchedule
	}
	return false
}

func (c *nodeLifecycle) taint(node *v1.Node) error {
	if nodeCondition(node, v1.NodeReady) == nil && !node.Spec.Unschedulable {
		return nil // it has not spoken yet: it keeps the taint that it was admitted with
	}
	want := nodeTaints(node)
	disrupted, err := c.disrupted()
	if err != nil {
		return err
	}
	if disrupted {
		want = slices.DeleteFunc(want, func(t v1.Taint) bool { return t.Effect == v1.TaintEffectNoExecute })
	}
	has := func(taints []v1.Taint, t v1.Taint) bool {
		return slices.ContainsFunc(taints, func(o v1.Taint) bool { return o.Key == t.Key && o.Effect == t.Effect })
	}
	var next []v1.Taint
	for _, t := range node.Spec.Taints {
		if !ownTaint(t) || has(want, t) {
			next = append(next, t)
		}
	}
	changed := len(next) != len(node.Spec.Taints)
	for _, t := range want {
		if !has(next, t) {
			now := c.now()
			t.TimeAdded = &now
			next = append(next, t)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	n := node.DeepCopy()
	n.Spec.Taints = next
	_, err = api.Update(c.client, n)
	return err
}

// markPodsNotReady takes the pods of a node that is not ready out of their services.
func (c *nodeLifecycle) markPodsNotReady(node *v1.Node) error {
	pods, err := api.List[v1.Pod](c.client, "", nil)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if pod.Spec.NodeName != node.Name || !podReady(pod) {
			continue
		}
		next := pod.DeepCopy()
		ready := podCondition(next, v1.PodReady)
		ready.Status, ready.LastTransitionTime = v1.ConditionFalse, c.now()
		if _, err := api.UpdateStatus(c.client, next); ignoreMissing(err) != nil {
			return err
		}
		c.eventf(pod, v1.EventTypeWarning, "NodeNotReady", "Node is not ready")
	}
	return nil
}
