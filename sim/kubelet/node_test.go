package kubelet

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/api"
)

func TestNodeWaitsForItsNetwork(t *testing.T) {
	c := newCluster(t)
	config := c.node.Config
	config.Node = Node{Name: "node02", Address: "172.30.3.2", PodCIDR: "10.244.2.0/24", NetworkAfter: 6 * time.Second}
	k, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Start(); err != nil {
		t.Fatal(err)
	}
	pods := map[string]bool{"on-host": true, "behind": false}
	for name, host := range pods {
		p := &corev1.Pod{}
		p.Name, p.Namespace, p.Spec.NodeName, p.Spec.HostNetwork = name, "default", "node02", host
		p.Spec.Containers = []corev1.Container{{Name: "c", Image: "registry.k8s.io/pause:3.10.1"}}
		p.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		if _, err := api.Create(c.client, p); err != nil {
			t.Fatal(err)
		}
	}
	ready := func() corev1.NodeCondition {
		n, err := api.Get[corev1.Node](c.client, "", "node02")
		if err != nil {
			t.Fatal(err)
		}
		conditions := n.Status.Conditions
		return conditions[len(conditions)-1]
	}
	c.clock.Advance(4 * time.Second)
	if r := ready(); r.Status != corev1.ConditionFalse || r.Reason != "KubeletNotReady" || r.Message != errNetworkNotReady.Error() {
		t.Errorf("before its network is up the node is %+v", r)
	}
	if got, want := c.line("on-host"), "1/1 Running 0"; got != want {
		t.Errorf("a pod of the host's network: %q, want %q", got, want)
	}
	if got, want := c.line("behind"), "0/1 ContainerCreating 0"; got != want {
		t.Errorf("a pod without a network: %q, want %q", got, want)
	}
	c.clock.Advance(5 * time.Second)
	if r := ready(); r.Status != corev1.ConditionTrue {
		t.Errorf("with its network the node is %+v", r)
	}
	if got, want := c.line("behind"), "1/1 Running 0"; got != want {
		t.Errorf("a pod whose network has come up: %q, want %q", got, want)
	}

	n, err := api.Get[corev1.Node](c.client, "", "node02")
	if err != nil {
		t.Fatal(err)
	}
	n = n.DeepCopy()
	n.Spec.Unschedulable = true
	if _, err := api.Update(c.client, n); err != nil {
		t.Fatal(err)
	}
	c.clock.Advance(11 * time.Second)
	want := []string{
		"19s Starting: Starting kubelet.",
		"19s NodeHasSufficientMemory: Node node02 status is now: NodeHasSufficientMemory",
		"19s NodeHasNoDiskPressure: Node node02 status is now: NodeHasNoDiskPressure",
		"19s NodeHasSufficientPID: Node node02 status is now: NodeHasSufficientPID",
		"13s NodeReady: Node node02 status is now: NodeReady",
		"3s NodeNotSchedulable: Node node02 status is now: NodeNotSchedulable",
	}
	if diff := cmp.Diff(want, c.events("node02")); diff != "" {
		t.Errorf("events of the node (-want +got):\n%s", diff)
	}
}
