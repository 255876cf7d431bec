package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"terrarium/sim/admission"
	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/resources"
)

type world struct {
	*testing.T
	clock *clock.Clock
	admin api.Client
}

// newWorld has the three nodes of the recordings: a tainted control plane and two workers with 2 CPUs.
func newWorld(t *testing.T) *world {
	t.Helper()
	c, source := clock.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), chance.New(1)
	server := apiserver.New(apiserver.Config{Clock: c, Chance: source, Resources: resources.All(), Admission: admission.Default()})
	w := &world{T: t, clock: c, admin: api.Client{Door: server, User: api.User{Name: "kubernetes-admin"}}}
	create(w, &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}})
	create(w, &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "system-cluster-critical"}, Value: 2000000000})
	w.node("controlplane", v1.Taint{Key: "node-role.kubernetes.io/control-plane", Effect: v1.TaintEffectNoSchedule})
	w.node("node01")
	w.node("node02")
	if err := New(Config{Clock: c, Chance: source, Door: server, Host: "controlplane"}).Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) node(name string, taints ...v1.Taint) {
	w.Helper()
	n := create(w, &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1.LabelHostname: name}}})
	n = n.DeepCopy()
	n.Spec.Taints = taints
	n, err := api.Update(w.admin, n)
	if err != nil {
		w.Fatal(err)
	}
	n = n.DeepCopy()
	n.Status.Allocatable = v1.ResourceList{
		v1.ResourceCPU: resource.MustParse("2"), v1.ResourceMemory: resource.MustParse("3913472Ki"),
		v1.ResourceEphemeralStorage: resource.MustParse("18566299239"), v1.ResourcePods: resource.MustParse("110"),
	}
	if _, err := api.UpdateStatus(w.admin, n); err != nil {
		w.Fatal(err)
	}
}

func create[T any, P api.Object[T]](w *world, obj P) P {
	w.Helper()
	made, err := api.Create(w.admin, obj)
	if err != nil {
		w.Fatal(err)
	}
	return made
}

// pod creates a pod from YAML: more of its spec, and more of its container.
func (w *world) pod(name, spec, container string) {
	w.Helper()
	doc := fmt.Sprintf("{metadata: {name: %s, namespace: default, labels: {app: %s}}, spec: {containers: [{name: a, image: 'nginx:1.28'%s}]%s}}",
		name, strings.TrimRight(name, "0123456789"), prefix(container), prefix(spec))
	var p v1.Pod
	if err := yaml.UnmarshalStrict([]byte(doc), &p); err != nil {
		w.Fatal(err)
	}
	create(w, &p)
}

func prefix(s string) string {
	if s == "" {
		return ""
	}
	return ", " + s
}

func (w *world) get(name string) *v1.Pod {
	w.Helper()
	p, err := api.Get[v1.Pod](w.admin, "default", name)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func (w *world) message(name string) string {
	w.Helper()
	for _, c := range w.get(name).Status.Conditions {
		if c.Type == v1.PodScheduled && c.Status == v1.ConditionFalse {
			return c.Message
		}
	}
	return ""
}

func (w *world) changeNode(name string, edit func(*v1.Node)) {
	w.Helper()
	n, err := api.Get[v1.Node](w.admin, "", name)
	if err != nil {
		w.Fatal(err)
	}
	n = n.DeepCopy()
	edit(n)
	if _, err := api.Update(w.admin, n); err != nil {
		w.Fatal(err)
	}
}

const notHelpful = " no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."

// The texts are those of workloads-06-scheduling.
func TestMessages(t *testing.T) {
	for name, test := range map[string]struct{ spec, container, want string }{
		"selector": {"nodeSelector: {disk: ssd}", "",
			"1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector." + notHelpful},
		"cpu": {"", `resources: {requests: {cpu: "100"}}`,
			"1 node(s) had untolerated taint(s), 2 Insufficient cpu." + notHelpful},
		"both": {"", `resources: {requests: {cpu: "100", memory: 1Ti}}`,
			"1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient memory." + notHelpful},
		"gpu": {"", `resources: {limits: {nvidia.com/gpu: 1}}`,
			"1 node(s) had untolerated taint(s), 2 Insufficient nvidia.com/gpu." + notHelpful},
		"disk": {"", `resources: {requests: {ephemeral-storage: 1Ti}}`,
			"1 node(s) had untolerated taint(s), 2 Insufficient ephemeral-storage." + notHelpful},
		"podaffinity": {"affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: nosuch}}, topologyKey: kubernetes.io/hostname}]}}", "",
			"1 node(s) had untolerated taint(s), 2 node(s) didn't match pod affinity rules." + notHelpful},
		"spread": {"topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}]", "",
			"1 node(s) had untolerated taint(s), 2 node(s) didn't match pod topology spread constraints (missing required label)." + notHelpful},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.pod("p", test.spec, test.container)
			w.clock.Advance(time.Second)
			if got, want := w.message("p"), "0/3 nodes are available: "+test.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestPortsAndAntiAffinity(t *testing.T) {
	w := newWorld(t)
	const port = "ports: [{containerPort: 80, hostPort: 8080}]"
	w.pod("port1", "nodeSelector: {kubernetes.io/hostname: node01}", port)
	w.clock.Advance(time.Second)
	w.pod("port2", "nodeSelector: {kubernetes.io/hostname: node01}", port)
	const apart = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: anti}}, topologyKey: kubernetes.io/hostname}]}}"
	for _, name := range []string{"anti1", "anti2", "anti3"} {
		w.pod(name, apart, "")
		w.clock.Advance(time.Second)
	}
	for name, want := range map[string]string{
		"port2": "0/3 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
		"anti3": "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules. no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
	} {
		if got := w.message(name); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestClaimsThatAreMissing(t *testing.T) {
	w := newWorld(t)
	w.pod("p", "volumes: [{name: v, persistentVolumeClaim: {claimName: nosuch}}]", "")
	w.clock.Advance(time.Second)
	if got, want := w.message("p"), `0/3 nodes are available: persistentvolumeclaim "nosuch" not found. not found`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPendingPodGetsItsNode(t *testing.T) {
	w := newWorld(t)
	w.pod("selector", "nodeSelector: {disk: ssd}", "")
	w.clock.Advance(9 * time.Second)
	w.changeNode("node02", func(n *v1.Node) { n.Labels["disk"] = "ssd" })
	w.clock.Advance(time.Second)
	if p := w.get("selector"); p.Spec.NodeName != "node02" {
		t.Errorf("on %q: %s", p.Spec.NodeName, w.message("selector"))
	}
	events, err := api.List[v1.Event](w.admin, "default", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last := events[len(events)-1]; last.Reason != "Scheduled" || last.Message != "Successfully assigned default/selector to node02" {
		t.Errorf("%s: %s", last.Reason, last.Message)
	}
}

func TestUnhelpfulChangesCauseNoAttempts(t *testing.T) {
	w := newWorld(t)
	w.pod("big", "", `resources: {requests: {cpu: "100"}}`)
	w.clock.Advance(time.Minute)
	w.changeNode("node01", func(n *v1.Node) { n.Labels["x"] = "y" })
	w.clock.Advance(time.Minute)
	events, _ := api.List[v1.Event](w.admin, "default", nil)
	if len(events) != 1 || events[0].Series != nil {
		t.Fatalf("%d events, series %v", len(events), events[0].Series)
	}
	w.clock.Advance(5 * time.Minute)
	events, _ = api.List[v1.Event](w.admin, "default", nil)
	if len(events) != 1 || events[0].Series == nil || events[0].Series.Count != 2 {
		t.Fatalf("%d events, series %v", len(events), events[0].Series)
	}
}

func TestPodsSpreadOverNodes(t *testing.T) {
	w := newWorld(t)
	for i := range 6 {
		w.pod(fmt.Sprintf("web%d", i), "", `resources: {requests: {cpu: 100m}}`)
		w.clock.Advance(100 * time.Millisecond)
	}
	on := map[string]int{}
	for i := range 6 {
		on[w.get(fmt.Sprintf("web%d", i)).Spec.NodeName]++
	}
	if on["node01"] != 3 || on["node02"] != 3 {
		t.Errorf("pods by node: %v", on)
	}
}

func TestPreemption(t *testing.T) {
	w := newWorld(t)
	for i := range 4 {
		w.pod(fmt.Sprintf("low%d", i), "", `resources: {requests: {cpu: 900m}}`)
		w.clock.Advance(time.Second)
	}
	w.pod("high", "priorityClassName: system-cluster-critical", `resources: {requests: {cpu: 800m}}`)
	w.clock.Advance(50 * time.Millisecond)
	if got, want := w.message("high"), "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	victims := 0
	for i := range 4 {
		p := w.get(fmt.Sprintf("low%d", i))
		if p.DeletionTimestamp == nil {
			continue
		}
		victims++
		if p.Spec.NodeName != w.get("high").Status.NominatedNodeName {
			t.Errorf("a victim on %s, the pod waits for %s", p.Spec.NodeName, w.get("high").Status.NominatedNodeName)
		}
		zero := int64(0)
		if err := api.Delete[v1.Pod](w.admin, "default", p.Name, &metav1.DeleteOptions{GracePeriodSeconds: &zero}); err != nil {
			t.Fatal(err)
		}
	}
	if victims != 1 {
		t.Errorf("%d victims, want 1", victims)
	}
	w.clock.Advance(3 * time.Second)
	if p := w.get("high"); p.Spec.NodeName == "" {
		t.Errorf("not scheduled: %s", w.message("high"))
	}
}
