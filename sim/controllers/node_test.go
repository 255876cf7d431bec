package controllers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// addNode registers a node and renews its lease for as long as alive answers true.
func (w *world) addNode(name string, alive func() bool) {
	w.Helper()
	n := create(w, &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
	w.wait(100 * time.Millisecond)
	n, err := api.Get[v1.Node](w.admin, "", n.Name)
	if err != nil {
		w.Fatal(err)
	}
	n = n.DeepCopy()
	n.Status.Conditions = []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue, LastHeartbeatTime: metav1.NewTime(w.clock.Now())}}
	if _, err := api.UpdateStatus(w.admin, n); err != nil {
		w.Fatal(err)
	}
	if _, err := api.Create(w.admin, &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: v1.NamespaceNodeLease}}); err != nil && !errors.IsAlreadyExists(err) {
		w.Fatal(err)
	}
	lease := create(w, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: v1.NamespaceNodeLease, Name: name}})
	var renew func()
	renew = func() {
		if alive() {
			l, err := api.Get[coordinationv1.Lease](w.admin, lease.Namespace, lease.Name)
			if err != nil {
				w.Fatal(err)
			}
			l = l.DeepCopy()
			now := metav1.NewMicroTime(w.clock.Now())
			l.Spec.RenewTime = &now
			if _, err := api.Update(w.admin, l); err != nil {
				w.Error(err)
			}
		}
		w.clock.After(10*time.Second, renew)
	}
	w.clock.After(10*time.Second, renew)
}

func (w *world) taints(node string) string {
	w.Helper()
	n, err := api.Get[v1.Node](w.admin, "", node)
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, t := range n.Spec.Taints {
		out = append(out, t.ToString())
	}
	return strings.Join(out, " ")
}

func TestNodeTaints(t *testing.T) {
	w := newWorld(t)
	alive := true
	w.addNode("node01", func() bool { return alive })
	others := true
	w.addNode("node02", func() bool { return others })
	w.wait(time.Minute)
	if got := w.taints("node01"); got != "" {
		t.Errorf("a healthy node has %s", got)
	}
	n, _ := api.Get[v1.Node](w.admin, "", "node01")
	if n.Spec.PodCIDR != "10.244.0.0/24" || n.Annotations["node.alpha.kubernetes.io/ttl"] != "0" {
		t.Errorf("%s %v", n.Spec.PodCIDR, n.Annotations)
	}
	n = n.DeepCopy()
	n.Spec.Unschedulable = true
	if _, err := api.Update(w.admin, n); err != nil {
		t.Fatal(err)
	}
	w.wait(time.Second)
	if got := w.taints("node01"); got != "node.kubernetes.io/unschedulable:NoSchedule" {
		t.Errorf("a cordoned node has %s", got)
	}
	alive = false
	w.wait(2 * time.Minute)
	if diff := cmp.Diff("node.kubernetes.io/unschedulable:NoSchedule node.kubernetes.io/unreachable:NoSchedule node.kubernetes.io/unreachable:NoExecute", w.taints("node01")); diff != "" {
		t.Error(diff)
	}
	others = false
	w.wait(2 * time.Minute)
	if diff := cmp.Diff("node.kubernetes.io/unreachable:NoSchedule", w.taints("node02")); diff != "" {
		t.Errorf("where no node is ready, nobody is driven away: %s", diff)
	}
	if got := w.taints("node01"); strings.Contains(got, "NoExecute") {
		t.Errorf("where no node is ready, %s", got)
	}
	if !strings.Contains(w.events("Node"), "RegisteredNode: Node node01 event: Registered Node node01 in Controller") {
		t.Error(w.events("Node"))
	}
}

func TestPodsLeaveASilentNode(t *testing.T) {
	w := newWorld(t)
	alive := true
	w.addNode("node01", func() bool { return alive })
	w.addNode("node02", func() bool { return true })
	manifest[v1.Pod](w, `{metadata: {name: p}, spec: {containers: [{name: a, image: b}]}}`)
	w.wait(5 * time.Second)
	alive = false
	w.wait(90 * time.Second)
	if podReady(get[v1.Pod](w, "p")) {
		t.Error("ready on a silent node")
	}
	w.wait(4 * time.Minute)
	get[v1.Pod](w, "p")
	w.wait(time.Minute)
	if !gone[v1.Pod](w, "p") {
		t.Error("still there after the five minutes that it tolerates")
	}
}

func TestNoExecuteTaintEvicts(t *testing.T) {
	w := newWorld(t)
	w.addNode("node01", func() bool { return true })
	manifest[v1.Pod](w, `{metadata: {name: p}, spec: {containers: [{name: a, image: b}]}}`)
	manifest[v1.Pod](w, `{metadata: {name: stays}, spec: {tolerations: [{key: db, operator: Exists}], containers: [{name: a, image: b}]}}`)
	manifest[v1.Pod](w, `{metadata: {name: later}, spec: {tolerations: [{key: db, operator: Exists, effect: NoExecute, tolerationSeconds: 60}], containers: [{name: a, image: b}]}}`)
	w.wait(5 * time.Second)
	n, _ := api.Get[v1.Node](w.admin, "", "node01")
	n = n.DeepCopy()
	n.Spec.Taints = append(n.Spec.Taints, v1.Taint{Key: "db", Effect: v1.TaintEffectNoExecute})
	if _, err := api.Update(w.admin, n); err != nil {
		t.Fatal(err)
	}
	w.wait(10 * time.Second)
	if !gone[v1.Pod](w, "p") || gone[v1.Pod](w, "stays") || gone[v1.Pod](w, "later") {
		t.Error("wrong pods after 10 seconds")
	}
	w.wait(time.Minute)
	if !gone[v1.Pod](w, "later") || gone[v1.Pod](w, "stays") {
		t.Error("wrong pods after a minute")
	}
}

func TestPodsOfADeletedNode(t *testing.T) {
	w := newWorld(t)
	w.addNode("node01", func() bool { return true })
	manifest[v1.Pod](w, `{metadata: {name: p}, spec: {containers: [{name: a, image: b}]}}`)
	w.wait(5 * time.Second)
	if err := api.Delete[v1.Node](w.admin, "", "node01", nil); err != nil {
		t.Fatal(err)
	}
	w.wait(30 * time.Second)
	get[v1.Pod](w, "p")
	w.wait(time.Minute)
	if !gone[v1.Pod](w, "p") {
		t.Error("still there")
	}
}
