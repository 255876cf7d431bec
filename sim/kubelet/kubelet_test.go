package kubelet

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/yaml"

	"terrarium/sim/api"
)

// reasons are the reasons of a pod's events with their counts, newest last.
func (c *cluster) reasons(name string) string {
	c.Helper()
	list, err := api.List[corev1.Event](c.client, "default", nil)
	if err != nil {
		c.Fatal(err)
	}
	var out []string
	for _, e := range list {
		if e.InvolvedObject.Name == name {
			r := e.Reason
			if e.Reason == "Failed" {
				r += "(" + strings.TrimPrefix(strings.SplitN(e.Message, " image", 2)[0], "Error: ") + ")"
			}
			if e.Count > 1 {
				r += "x" + string(rune('0'+e.Count))
			}
			out = append(out, r)
		}
	}
	return strings.Join(out, " ")
}

func (c *cluster) want(name, line, reasons string) {
	c.Helper()
	if got := c.line(name); got != line {
		c.Errorf("%s is %q, want %q", name, got, line)
	}
	if got := c.reasons(name); reasons != "" && got != reasons {
		c.Errorf("events of %s:\n got %s\nwant %s", name, got, reasons)
	}
}

func (c *cluster) delete(name string, options *metav1.DeleteOptions) {
	c.Helper()
	if err := api.Delete[corev1.Pod](c.client, "default", name, options); err != nil {
		c.Fatal(err)
	}
}

// basics-27: the states in the order in which a watcher sees them.
func TestStatusesAsWatched(t *testing.T) {
	c := newCluster(t)
	var seen []string
	stop, err := api.Watch(c.client, func(kind watch.EventType, p, _ *corev1.Pod) {
		state := string(p.Status.Phase)
		if s := p.Status.ContainerStatuses; len(s) > 0 {
			switch {
			case s[0].State.Waiting != nil:
				state = s[0].State.Waiting.Reason
			case s[0].State.Terminated != nil:
				state = s[0].State.Terminated.Reason
			}
		}
		if p.DeletionTimestamp != nil && state == "Running" {
			state = "Terminating"
		}
		if kind == watch.Deleted {
			state += " (deleted)"
		}
		seen = append(seen, state)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	c.pod("web", `containers: [{name: nginx, image: "nginx:1.28"}]`)
	c.clock.Advance(10 * time.Second)
	c.delete("web", nil)
	c.clock.Advance(5 * time.Second)
	want := []string{"Pending", "ContainerCreating", "ContainerCreating", "Running", "Terminating", "Terminating", "Completed", "Completed", "Completed (deleted)"}
	if d := cmp.Diff(want, seen); d != "" {
		t.Error(d)
	}
	if n := len(c.node.workers) + len(c.node.pods) + len(c.node.runtime.pods) + len(c.node.statuses.entries); n != 0 {
		t.Errorf("%d things are left of the pod", n)
	}
}

// The yaml of pull-secrets-03, without what the API server adds.
func TestRunningStatus(t *testing.T) {
	c := newCluster(t)
	c.secret("regcred", "registry.example.com", "myuser", "mypassword")
	c.pod("private-reg", `containers:
- {name: private-reg-container, image: "registry.example.com/rightapp:1.0", volumeMounts: [{name: v, mountPath: /v, readOnly: true}]}
imagePullSecrets: [{name: regcred}]
volumes: [{name: v, emptyDir: {}}]`)
	c.clock.Advance(5 * time.Second)
	s := c.get("private-reg").Status
	s.ContainerStatuses[0].ContainerID, s.ContainerStatuses[0].ImageID = "", ""
	got, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `conditions:
- lastProbeTime: null
  lastTransitionTime: "2026-11-22T05:37:03Z"
  observedGeneration: 1
  status: "True"
  type: PodReadyToStartContainers
- lastProbeTime: null
  lastTransitionTime: "2026-11-22T05:37:03Z"
  observedGeneration: 1
  status: "True"
  type: Initialized
- lastProbeTime: null
  lastTransitionTime: "2026-11-22T05:37:05Z"
  observedGeneration: 1
  status: "True"
  type: Ready
- lastProbeTime: null
  lastTransitionTime: "2026-11-22T05:37:05Z"
  observedGeneration: 1
  status: "True"
  type: ContainersReady
- lastProbeTime: null
  lastTransitionTime: "2026-11-22T05:37:03Z"
  observedGeneration: 1
  status: "True"
  type: PodScheduled
containerStatuses:
- image: registry.example.com/rightapp:1.0
  imageID: ""
  lastState: {}
  name: private-reg-container
  ready: true
  resources: {}
  restartCount: 0
  started: true
  state:
    running:
      startedAt: "2026-11-22T05:37:05Z"
  user:
    linux:
      gid: 0
      supplementalGroups:
      - 0
      uid: 0
  volumeMounts:
  - mountPath: /v
    name: v
    readOnly: true
    recursiveReadOnly: Disabled
hostIP: 172.30.2.2
hostIPs:
- ip: 172.30.2.2
observedGeneration: 1
phase: Running
podIP: 10.244.1.2
podIPs:
- ip: 10.244.1.2
qosClass: BestEffort
resources: {}
startTime: "2026-11-22T05:37:03Z"
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
}

// basics-21: a container that keeps failing.
func TestCrashLoop(t *testing.T) {
	c := newCluster(t)
	c.pod("crash", `containers: [{name: crash, image: "busybox:1.36", args: [sh, -c, "echo starting; echo boom >&2; exit 1"]}]`)
	c.clock.Advance(4 * time.Second)
	c.want("crash", "0/1 CrashLoopBackOff 1", "")
	p := c.get("crash")
	s := p.Status.ContainerStatuses[0]
	want := "back-off 10s restarting failed container=crash pod=crash_default(" + string(p.UID) + ")"
	if s.State.Waiting.Message != want || s.LastTerminationState.Terminated.ExitCode != 1 || p.Status.Phase != corev1.PodRunning {
		t.Errorf("%+v, phase %s", s, p.Status.Phase)
	}
	for _, previous := range []bool{false, true} {
		r, err := c.node.Logs(context.Background(), p, &corev1.PodLogOptions{Container: "crash", Previous: previous})
		if err != nil {
			t.Fatal(err)
		}
		if log, _ := io.ReadAll(r); string(log) != "starting\nboom\n" {
			t.Errorf("log %q", log)
		}
	}
	c.clock.Advance(2 * time.Minute)
	if got := c.get("crash").Status.ContainerStatuses[0].RestartCount; got < 3 || got > 4 {
		t.Errorf("%d restarts after two minutes", got)
	}
}

func TestOneShot(t *testing.T) {
	c := newCluster(t)
	c.pod("done", "restartPolicy: Never\ncontainers: [{name: done, image: \"busybox:1.36\", args: [echo, finished]}]")
	c.pod("fails", "restartPolicy: Never\ncontainers: [{name: x, image: \"busybox:1.36\", command: [\"false\"]}]")
	c.pod("retries", "restartPolicy: OnFailure\ncontainers: [{name: x, image: \"busybox:1.36\", command: [\"true\"]}]")
	c.clock.Advance(6 * time.Second)
	c.want("done", "0/1 Completed 0", "Pulling Pulled Created Started")
	c.want("fails", "0/1 Error 0", "")
	c.want("retries", "0/1 Completed 0", "")
	for name, phase := range map[string]corev1.PodPhase{"done": corev1.PodSucceeded, "fails": corev1.PodFailed, "retries": corev1.PodSucceeded} {
		p := c.get(name)
		if p.Status.Phase != phase {
			t.Errorf("%s: %s", name, p.Status.Phase)
		}
		ready := conditionOf(p.Status.Conditions, corev1.PodReady)
		if phase == corev1.PodSucceeded && ready.Reason != "PodCompleted" || phase == corev1.PodFailed && ready.Reason != "PodFailed" {
			t.Errorf("%s: %+v", name, ready)
		}
	}
}

// basics-28: what a container cannot start without.
func TestMissingConfiguration(t *testing.T) {
	c := newCluster(t)
	if _, err := api.Create(c.client, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: "default"}, Data: map[string]string{"color": "blue"}}); err != nil {
		t.Fatal(err)
	}
	c.pod("missing-cm", `containers: [{name: a, image: "busybox:1.36", command: [sleep, "9"], envFrom: [{configMapRef: {name: nosuch}}]}]`)
	c.pod("missing-key", `containers: [{name: a, image: "busybox:1.36", command: [sleep, "9"], env: [{name: X, valueFrom: {configMapKeyRef: {name: settings, key: nosuch}}}]}]`)
	c.pod("missing-secret", `containers: [{name: a, image: "busybox:1.36", command: [sleep, "9"], env: [{name: X, valueFrom: {secretKeyRef: {name: nosuch, key: k}}}]}]`)
	c.pod("missing-vol", `containers: [{name: a, image: "busybox:1.36", command: [sleep, "9"], volumeMounts: [{name: v, mountPath: /v}]}]
volumes: [{name: v, configMap: {name: nosuch}}]`)
	c.pod("root", `securityContext: {runAsNonRoot: true}
containers: [{name: a, image: "busybox:1.36", command: [sleep, "9"]}]`)
	c.clock.Advance(9 * time.Second)
	for name, want := range map[string]string{
		"missing-cm": `configmap "nosuch" not found`, "missing-key": "couldn't find key nosuch in ConfigMap default/settings", "missing-secret": `secret "nosuch" not found`,
	} {
		c.want(name, "0/1 CreateContainerConfigError 0", "")
		if got := c.get(name).Status.ContainerStatuses[0].State.Waiting.Message; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	c.want("missing-vol", "0/1 ContainerCreating 0", "FailedMountx5")
	if got := strings.Join(c.events("missing-vol"), "\n"); !strings.HasSuffix(got, `FailedMount: MountVolume.SetUp failed for volume "v" : configmap "nosuch" not found`) {
		t.Error(got)
	}
	if p := c.get("missing-vol"); p.Status.PodIP != "" || conditionOf(p.Status.Conditions, corev1.PodReadyToStartContainers).Status != corev1.ConditionFalse {
		t.Error("a pod without its volumes has a sandbox")
	}
	if got := c.get("root").Status.ContainerStatuses[0].State.Waiting.Message; !strings.HasPrefix(got, `container has runAsNonRoot and image will run as root (pod: "root_default(`) {
		t.Error(got)
	}
	if _, err := api.Create(c.client, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "nosuch", Namespace: "default"}}); err != nil {
		t.Fatal(err)
	}
	c.clock.Advance(15 * time.Second)
	for _, name := range []string{"missing-cm", "missing-vol"} {
		if got := c.line(name); !strings.HasPrefix(got, "1/1 Running ") {
			t.Errorf("%s with its config map is %s", name, got)
		}
	}
}

// workloads-11: init containers in order, a sidecar beside the others.
func TestInitContainersAndSidecar(t *testing.T) {
	c := newCluster(t)
	c.pod("mc", `
terminationGracePeriodSeconds: 1
initContainers:
- {name: one, image: "busybox:1.36", command: [sh, -c, "echo one; sleep 1"]}
- {name: sidecar, image: "busybox:1.36", restartPolicy: Always, command: [sh, -c, "sleep 3600"]}
- {name: two, image: "busybox:1.36", command: [sh, -c, "echo two"]}
containers:
- {name: app, image: "nginx:1.28"}
- {name: log, image: "busybox:1.36", command: [sleep, "5"]}`)
	c.clock.Advance(1500 * time.Millisecond)
	if c := conditionOf(c.get("mc").Status.Conditions, corev1.PodInitialized); c.Message != "containers with incomplete status: [one sidecar two]" {
		t.Errorf("%+v", c)
	}
	c.clock.Advance(7 * time.Second)
	c.want("mc", "2/2 Running 0", "")
	p := c.get("mc")
	for i, want := range []string{"one Completed", "sidecar ready", "two Completed"} {
		s := p.Status.InitContainerStatuses[i]
		got := s.Name
		if s.State.Terminated != nil {
			got += " " + s.State.Terminated.Reason
		} else if s.Ready {
			got += " ready"
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	c.clock.Advance(6 * time.Second)
	c.want("mc", "2/2 Running 1", "")
	c.delete("mc", nil)
	c.clock.Advance(8 * time.Second)
	c.want("mc", `pods "mc" not found`, "")
}

func TestInitContainerFails(t *testing.T) {
	c := newCluster(t)
	c.pod("again", `
initContainers: [{name: i, image: "busybox:1.36", command: ["false"]}]
containers: [{name: app, image: "nginx:1.28"}]`)
	c.pod("never", `
restartPolicy: Never
initContainers: [{name: i, image: "busybox:1.36", command: ["false"]}]
containers: [{name: app, image: "nginx:1.28"}]`)
	c.clock.Advance(10 * time.Second)
	s := c.get("again").Status
	if s.Phase != corev1.PodPending || s.InitContainerStatuses[0].State.Waiting == nil || s.InitContainerStatuses[0].State.Waiting.Reason != "CrashLoopBackOff" || s.ContainerStatuses[0].State.Waiting.Reason != "PodInitializing" {
		t.Errorf("%+v", s)
	}
	if s := c.get("never").Status; s.Phase != corev1.PodFailed {
		t.Errorf("phase %s", s.Phase)
	}
}

func TestCommandNotFound(t *testing.T) {
	c := newCluster(t)
	c.pod("p", `containers: [{name: a, image: "busybox:1.36", command: [nosuch]}]`)
	c.clock.Advance(2 * time.Second)
	s := c.get("p").Status.ContainerStatuses[0]
	const want = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "nosuch": executable file not found in $PATH`
	if s.State.Waiting == nil || s.State.Waiting.Reason != "RunContainerError" || s.State.Waiting.Message != want || s.LastTerminationState.Terminated.ExitCode != 128 {
		t.Errorf("%+v", s)
	}
}

// A main process without handlers gets its whole grace period; a shorter one, asked for later, counts.
func TestGracePeriods(t *testing.T) {
	c := newCluster(t)
	for _, name := range []string{"stubborn", "now", "shortened", "forced"} {
		c.pod(name, `containers: [{name: a, image: "busybox:1.36", command: [sleep, "3600"]}]`)
	}
	c.clock.Advance(5 * time.Second)
	c.delete("stubborn", nil)
	one, zero := int64(1), int64(0)
	c.delete("now", &metav1.DeleteOptions{GracePeriodSeconds: &one})
	c.delete("shortened", nil)
	c.delete("forced", &metav1.DeleteOptions{GracePeriodSeconds: &zero})
	c.want("forced", `pods "forced" not found`, "")
	c.clock.Advance(5 * time.Second)
	c.want("stubborn", "1/1 Terminating 0", "Pulling Pulled Created Started Killing")
	c.want("now", `pods "now" not found`, "")
	c.delete("shortened", &metav1.DeleteOptions{GracePeriodSeconds: &one})
	c.clock.Advance(5 * time.Second)
	c.want("shortened", `pods "shortened" not found`, "")
	c.clock.Advance(15 * time.Second)
	c.want("stubborn", "1/1 Terminating 0", "")
	c.clock.Advance(10 * time.Second)
	c.want("stubborn", `pods "stubborn" not found`, "")
	if n := len(c.node.runtime.pods); n != 0 {
		t.Errorf("%d pods still in the runtime", n)
	}
}

func TestProbes(t *testing.T) {
	c := newCluster(t)
	c.pod("good", `containers: [{name: web, image: "nginx:1.28", readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}, livenessProbe: {tcpSocket: {port: 80}}, startupProbe: {exec: {command: ["true"]}, periodSeconds: 1}}]`)
	c.pod("unready", `containers: [{name: web, image: "nginx:1.28", readinessProbe: {httpGet: {path: /nosuch, port: 80}}}]`)
	c.pod("dying", `containers: [{name: web, image: "nginx:1.28", livenessProbe: {tcpSocket: {port: 8080}, periodSeconds: 2, failureThreshold: 2}}]`)
	c.clock.Advance(9 * time.Second)
	c.want("good", "1/1 Running 0", "Pulling Pulled Created Started")
	c.want("unready", "0/1 Running 0", "")
	if got := strings.Join(c.events("unready"), "\n"); !strings.Contains(got, "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404") {
		t.Error(got)
	}
	if c := conditionOf(c.get("unready").Status.Conditions, corev1.PodReady); c.Reason != "ContainersNotReady" {
		t.Errorf("%+v", c)
	}
	c.clock.Advance(5 * time.Second)
	if s := c.get("dying").Status.ContainerStatuses[0]; s.RestartCount == 0 {
		t.Errorf("%+v", s)
	}
	got := strings.Join(c.events("dying"), "\n")
	for _, want := range []string{"Killing: Container web failed liveness probe, will be restarted", ":8080: connect: connection refused"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestChangedImageRestarts(t *testing.T) {
	c := newCluster(t)
	c.pod("typo", `containers: [{name: typo, image: ngnix}]`)
	c.clock.Advance(15 * time.Second)
	p := c.get("typo").DeepCopy()
	p.Spec.Containers[0].Image = "nginx"
	if _, err := api.Update(c.client, p); err != nil {
		t.Fatal(err)
	}
	c.clock.Advance(6 * time.Second)
	c.want("typo", "1/1 Running 0", "")
	p = c.get("typo").DeepCopy()
	p.Spec.Containers[0].Image = "nginx:1.28"
	if _, err := api.Update(c.client, p); err != nil {
		t.Fatal(err)
	}
	c.clock.Advance(8 * time.Second)
	c.want("typo", "1/1 Running 1", "")
	if got := strings.Join(c.events("typo"), "\n"); !strings.Contains(got, "Killing: Container typo definition changed, will be restarted") {
		t.Error(got)
	}
}

func TestRejectedPods(t *testing.T) {
	c := newCluster(t)
	c.pod("big", `containers: [{name: a, image: nginx, resources: {requests: {cpu: "100"}}}]`)
	c.clock.Advance(time.Second)
	s := c.get("big").Status
	if s.Phase != corev1.PodFailed || s.Reason != "OutOfcpu" || s.Message != "Pod was rejected: Node didn't have enough resource: cpu, requested: 100000, used: 0, capacity: 2000" {
		t.Errorf("%+v", s)
	}
	c.pod("elsewhere", "nodeSelector: {disk: ssd}\ncontainers: [{name: a, image: nginx}]")
	c.pod("port", "containers: [{name: a, image: nginx, ports: [{containerPort: 80, hostPort: 80}]}]")
	c.clock.Advance(time.Second)
	c.pod("same-port", "containers: [{name: a, image: nginx, ports: [{containerPort: 80, hostPort: 80}]}]")
	c.clock.Advance(time.Second)
	for name, want := range map[string]string{
		"elsewhere": "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
		"same-port": "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
	} {
		if s := c.get(name).Status; s.Message != want {
			t.Errorf("%s: %q", name, s.Message)
		}
	}
	c.delete("big", nil)
	c.clock.Advance(time.Second)
	c.want("big", `pods "big" not found`, "")
}

func TestDeadline(t *testing.T) {
	c := newCluster(t)
	c.pod("p", "activeDeadlineSeconds: 20\ncontainers: [{name: a, image: nginx}]")
	c.clock.Advance(15 * time.Second)
	c.want("p", "1/1 Running 0", "")
	c.clock.Advance(15 * time.Second)
	if s := c.get("p").Status; s.Phase != corev1.PodFailed || s.Reason != "DeadlineExceeded" || s.Message != "Pod was active on the node longer than the specified deadline" {
		t.Errorf("%s %s %s", s.Phase, s.Reason, s.Message)
	}
}

// workloads-12: resources of a running container change in place.
func TestResize(t *testing.T) {
	c := newCluster(t)
	c.pod("rs", `containers: [{name: app, image: "nginx:1.28", resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 128Mi}}}]`)
	c.clock.Advance(6 * time.Second)
	if _, err := api.Patch[corev1.Pod](c.client, "default", "rs", "resize", types.StrategicMergePatchType, []byte(`{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"150m"},"limits":{"cpu":"300m"}}}]}}`)); err != nil {
		t.Skip(err) // the API server has no resize yet
	}
	c.clock.Advance(time.Second)
	s := c.get("rs").Status
	if q := s.ContainerStatuses[0].Resources.Requests[corev1.ResourceCPU]; q.String() != "150m" {
		t.Errorf("%+v", s.ContainerStatuses[0].Resources)
	}
	got := strings.Join(c.events("rs"), "\n")
	for _, want := range []string{"ResizeStarted: Pod resize started: ", `ResizeCompleted: Pod resize completed: {"containers":[{"name":"app","resources":{"limits":{"cpu":"300m","memory":"128Mi"},"requests":{"cpu":"150m","memory":"64Mi"}}}],"generation":2}`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestNode(t *testing.T) {
	c := newCluster(t)
	c.pod("p", `containers: [{name: web, image: "nginx:1.28"}]`)
	c.clock.Advance(50 * time.Second)
	node, err := api.Get[corev1.Node](c.client, "", "node01")
	if err != nil {
		t.Fatal(err)
	}
	memory, disk := node.Status.Allocatable[corev1.ResourceMemory], node.Status.Allocatable[corev1.ResourceEphemeralStorage]
	if memory.String() != "3913472Ki" || disk.String() != "18566299239" {
		t.Errorf("allocatable %s %s", memory.String(), disk.String())
	}
	var images []string
	for _, i := range node.Status.Images {
		images = append(images, i.Names[len(i.Names)-1])
	}
	want := []string{"docker.io/library/nginx:1.28", "registry.k8s.io/kube-proxy:v1.36.3", "registry.k8s.io/pause:3.10.1"}
	if d := cmp.Diff(want, images); d != "" {
		t.Error(d)
	}
}
