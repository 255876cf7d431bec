package controllers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"

	"terrarium/sim/api"
)

const web = `
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
`

func setImage(image string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = image }
}

func sizes(w *world) string {
	var out []string
	for _, rs := range list[appsv1.ReplicaSet](w) {
		out = append(out, fmt.Sprintf("%s %d/%d rev %s", rs.Name, *rs.Spec.Replicas, rs.Status.ReadyReplicas, rs.Annotations[revisionAnnotation]))
	}
	return strings.Join(out, "\n")
}

// The names, events and conditions are those of workloads-01-rolling-update.
func TestRollingUpdate(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	if diff := cmp.Diff("web-7d876db474 4/4 rev 1", sizes(w)); diff != "" {
		t.Fatal(diff)
	}
	change(w, "web", setImage("nginx:1.28"))
	w.wait(5 * time.Second)
	if diff := cmp.Diff("web-697578869 4/4 rev 2\nweb-7d876db474 0/0 rev 1", sizes(w)); diff != "" {
		t.Error(diff)
	}
	events := strings.Split(w.events("Deployment"), "\n")
	want := []string{
		"ScalingReplicaSet: Scaled up replica set web-7d876db474 from 0 to 4",
		"ScalingReplicaSet: Scaled up replica set web-697578869 from 0 to 1",
		"ScalingReplicaSet: Scaled down replica set web-7d876db474 from 4 to 3",
		"ScalingReplicaSet: Scaled up replica set web-697578869 from 1 to 2",
	}
	if diff := cmp.Diff(want, events[:len(want)]); diff != "" {
		t.Error(diff)
	}
	d := get[appsv1.Deployment](w, "web")
	if d.Annotations[revisionAnnotation] != "2" {
		t.Errorf("annotations %v", d.Annotations)
	}
	var conditions []string
	for _, c := range d.Status.Conditions {
		conditions = append(conditions, fmt.Sprintf("%s %s %s: %s", c.Type, c.Status, c.Reason, c.Message))
	}
	if diff := cmp.Diff([]string{
		"Available True MinimumReplicasAvailable: Deployment has minimum availability.",
		`Progressing True NewReplicaSetAvailable: ReplicaSet "web-697578869" has successfully progressed.`,
	}, conditions); diff != "" {
		t.Error(diff)
	}
	if d.Status.ObservedGeneration != 2 || d.Status.UpdatedReplicas != 4 || *d.Status.TerminatingReplicas != 0 {
		t.Errorf("status %+v", d.Status)
	}

	change(w, "web", setImage("nginx:1.27"))
	w.wait(5 * time.Second)
	if diff := cmp.Diff("web-697578869 0/0 rev 2\nweb-7d876db474 4/4 rev 3", sizes(w)); diff != "" {
		t.Error("back to the first template:", diff)
	}
}

// Never are fewer pods ready than the strategy allows, nor more there than it allows.
func TestRollingUpdateKeepsItsLimits(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	change(w, "web", setImage("nginx:1.28"))
	for range 500 {
		w.wait(10 * time.Millisecond)
		ready, total := 0, 0
		for _, p := range list[v1.Pod](w) {
			if p.DeletionTimestamp != nil {
				continue
			}
			total++
			if podReady(p) {
				ready++
			}
		}
		if ready < 3 || total > 5 {
			t.Fatalf("%d ready of %d pods", ready, total)
		}
	}
}

func TestStuckRolloutTimesOut(t *testing.T) {
	w := newWorld(t)
	w.addNode("node01", func() bool { return true })
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	w.broken = func(p *v1.Pod) bool { return p.Spec.Containers[0].Image == "nginx:bad" }
	change(w, "web", setImage("nginx:bad"))
	w.wait(9 * time.Minute)
	if c := condition(get[appsv1.Deployment](w, "web").Status, appsv1.DeploymentProgressing); c.Reason != "ReplicaSetUpdated" {
		t.Errorf("after 9 minutes: %+v", c)
	}
	w.wait(2 * time.Minute)
	d := get[appsv1.Deployment](w, "web")
	c := condition(d.Status, appsv1.DeploymentProgressing)
	if c.Status != v1.ConditionFalse || c.Reason != "ProgressDeadlineExceeded" || !strings.HasSuffix(c.Message, `has timed out progressing.`) {
		t.Errorf("after 11 minutes: %+v", c)
	}
	if d.Status.AvailableReplicas != 3 || d.Status.UpdatedReplicas != 2 || d.Status.UnavailableReplicas != 2 {
		t.Errorf("status %+v", d.Status)
	}
}

func TestScaleDuringRolloutIsProportional(t *testing.T) {
	w := newWorld(t)
	w.broken = func(p *v1.Pod) bool { return p.Spec.Containers[0].Image == "nginx:bad" }
	d := manifest[appsv1.Deployment](w, strings.Replace(web, "replicas: 4", "replicas: 10", 1))
	w.wait(5 * time.Second)
	change(w, d.Name, setImage("nginx:bad"))
	w.wait(5 * time.Second)
	change(w, d.Name, func(d *appsv1.Deployment) { n := int32(15); d.Spec.Replicas = &n })
	w.wait(5 * time.Second)
	got := []int32{}
	for _, rs := range list[appsv1.ReplicaSet](w) {
		got = append(got, *rs.Spec.Replicas)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]int32{7, 12}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPausedDeploymentOnlyScales(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	change(w, "web", func(d *appsv1.Deployment) { d.Spec.Paused = true })
	change(w, "web", setImage("nginx:1.28"))
	change(w, "web", func(d *appsv1.Deployment) { n := int32(2); d.Spec.Replicas = &n })
	w.wait(5 * time.Second)
	if diff := cmp.Diff("web-7d876db474 2/2 rev 1", sizes(w)); diff != "" {
		t.Error(diff)
	}
	if c := condition(get[appsv1.Deployment](w, "web").Status, appsv1.DeploymentProgressing); c.Reason != "DeploymentPaused" || c.Status != v1.ConditionUnknown {
		t.Errorf("%+v", c)
	}
	change(w, "web", func(d *appsv1.Deployment) { d.Spec.Paused = false })
	w.wait(5 * time.Second)
	if diff := cmp.Diff("web-697578869 2/2 rev 2\nweb-7d876db474 0/0 rev 1", sizes(w)); diff != "" {
		t.Error(diff)
	}
}

func TestRecreateWaitsForTheOldPods(t *testing.T) {
	w := newWorld(t)
	d := manifest[appsv1.Deployment](w, web+"  strategy: {type: Recreate}\n")
	w.wait(5 * time.Second)
	change(w, d.Name, setImage("nginx:1.28"))
	for range 300 {
		w.wait(10 * time.Millisecond)
		images := map[string]bool{}
		for _, p := range list[v1.Pod](w) {
			images[p.Spec.Containers[0].Image] = true
		}
		if len(images) > 1 {
			t.Fatalf("pods of both templates at %v", w.clock.Now())
		}
	}
	if diff := cmp.Diff("web-697578869 4/4 rev 2\nweb-7d876db474 0/0 rev 1", sizes(w)); diff != "" {
		t.Error(diff)
	}
}

func TestRevisionHistoryLimit(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, web+"  revisionHistoryLimit: 2\n")
	for _, tag := range []string{"1", "2", "3", "4"} {
		w.wait(5 * time.Second)
		change(w, "web", setImage("nginx:"+tag))
	}
	w.wait(5 * time.Second)
	if n := len(list[appsv1.ReplicaSet](w)); n != 3 {
		t.Errorf("%d replica sets, want the present one and 2 old", n)
	}
}

func TestHashCollisionFindsAnotherName(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.ReplicaSet](w, `
metadata: {name: web-7d876db474}
spec:
  replicas: 0
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {containers: [{name: x, image: x}]}
`)
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	d := get[appsv1.Deployment](w, "web")
	if d.Status.CollisionCount == nil || *d.Status.CollisionCount != 1 || d.Status.AvailableReplicas != 4 {
		t.Errorf("status %+v", d.Status)
	}
}

func TestReplicaSetReplacesPods(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	doomed := list[v1.Pod](w)[0]
	if err := api.Delete[v1.Pod](w.admin, "default", doomed.Name, nil); err != nil {
		t.Fatal(err)
	}
	w.wait(20 * time.Millisecond)
	rs := list[appsv1.ReplicaSet](w)[0]
	if rs.Status.Replicas != 4 || rs.Status.ReadyReplicas != 3 || *rs.Status.TerminatingReplicas != 1 {
		t.Errorf("status %+v", rs.Status)
	}
	w.wait(2 * time.Second)
	if pods := list[v1.Pod](w); len(pods) != 4 || !gone[v1.Pod](w, doomed.Name) {
		t.Errorf("%d pods", len(pods))
	}
}

func TestAdoptionAndRelease(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	released := list[v1.Pod](w)[0].Name
	change(w, released, func(p *v1.Pod) { p.Labels = map[string]string{"app": "other"} })
	w.wait(5 * time.Second)
	if p := get[v1.Pod](w, released); len(p.OwnerReferences) > 0 {
		t.Errorf("still owned: %v", p.OwnerReferences)
	}
	if n := len(list[v1.Pod](w)); n != 5 {
		t.Errorf("%d pods, want 4 and the released one", n)
	}
	rs := list[appsv1.ReplicaSet](w)[0]
	change(w, released, func(p *v1.Pod) { p.Labels = rs.Spec.Template.Labels })
	w.wait(5 * time.Second)
	if n := len(list[v1.Pod](w)); n != 4 {
		t.Errorf("%d pods, want 4: the one that came back counts", n)
	}
}

func TestFailedCreateIsReported(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, strings.Replace(web, "spec: {containers", "spec: {serviceAccountName: nosuch, containers", 1))
	w.wait(5 * time.Second)
	const message = `pods "web-68777447df-" is forbidden: error looking up service account default/nosuch: serviceaccount "nosuch" not found`
	events := strings.Split(w.events("ReplicaSet"), "\n")
	if !strings.HasPrefix(events[0], "FailedCreate: Error creating: pods \"web-") || !strings.HasSuffix(events[0], message[24:]) {
		t.Errorf("events %v", events)
	}
	c := condition(get[appsv1.Deployment](w, "web").Status, appsv1.DeploymentReplicaFailure)
	if c == nil || c.Reason != "FailedCreate" || c.Status != v1.ConditionTrue {
		t.Errorf("condition %+v", c)
	}
}
