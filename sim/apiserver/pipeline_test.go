package apiserver_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/resources"
)

var admin = api.User{Name: "kubernetes-admin", Groups: []string{"kubeadm:cluster-admins", "system:authenticated"}}

// pods is a kind with a status, a generation and a grace period.
func pods() *resources.Resource {
	return &resources.Resource{
		Version: "v1", Name: "pods", Singular: "pod", Kind: "Pod", ShortNames: []string{"po"}, Namespaced: true,
		New:       func() runtime.Object { return &corev1.Pod{} },
		NewList:   func() runtime.Object { return &corev1.PodList{} },
		HasStatus: true,
		ResetStatus: func(obj, old runtime.Object) {
			obj.(*corev1.Pod).Status = corev1.PodStatus{Phase: corev1.PodPending}
			if old != nil {
				obj.(*corev1.Pod).Status = old.(*corev1.Pod).Status
			}
		},
		ResetSpec: func(obj, old runtime.Object) {
			obj.(*corev1.Pod).Spec = old.(*corev1.Pod).Spec
		},
		SpecChanged: func(obj, old runtime.Object) bool {
			return obj.(*corev1.Pod).Spec.NodeName != old.(*corev1.Pod).Spec.NodeName
		},
		GracePeriod: func(obj runtime.Object) *int64 {
			n := int64(30)
			if obj.(*corev1.Pod).Spec.NodeName == "" {
				n = 0
			}
			return &n
		},
		ReturnsDeleted: true,
	}
}

type world struct {
	*apiserver.Server
	clock  *clock.Clock
	client api.Client
}

func newWorld() world {
	c := clock.New(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	s := apiserver.New(apiserver.Config{Clock: c, Chance: chance.New(1), Resources: []*resources.Resource{pods()}})
	return world{s, c, api.Client{Door: s, User: admin}}
}

func pod(name string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}}
}

func TestLifeOfAnObject(t *testing.T) {
	w := newWorld()
	var heard []string
	stop, err := api.Watch(w.client, func(kind watch.EventType, p, old *corev1.Pod) {
		heard = append(heard, string(kind)+" "+p.Name+" "+p.ResourceVersion)
	})
	if err != nil {
		t.Fatal(err)
	}
	made := pod("a")
	made.Status.Phase = corev1.PodRunning
	p, err := api.Create(w.client, made)
	if err != nil {
		t.Fatal(err)
	}
	if p.UID == "" || p.CreationTimestamp.IsZero() || p.Generation != 1 || p.Status.Phase != corev1.PodPending || p.Kind != "Pod" {
		t.Errorf("created %+v", p)
	}
	if _, err := api.Create(w.client, made); !apierrors.IsAlreadyExists(err) || err.Error() != `pods "a" already exists` {
		t.Errorf("created twice: %v", err)
	}
	if same, err := api.Update(w.client, p.DeepCopy()); err != nil || same.ResourceVersion != p.ResourceVersion {
		t.Errorf("an update that changes nothing: %v, %v", same, err)
	}
	changed := p.DeepCopy()
	changed.Spec.NodeName = "node01"
	changed.Status.Phase = corev1.PodRunning
	q, err := api.Update(w.client, changed)
	if err != nil || q.Generation != 2 || q.Status.Phase != corev1.PodPending {
		t.Errorf("updated %+v, %v", q, err)
	}
	if _, err := api.Update(w.client, changed); !apierrors.IsConflict(err) {
		t.Errorf("updated an old version: %v", err)
	}
	changed = q.DeepCopy()
	changed.Spec.NodeName = ""
	changed.Status.Phase = corev1.PodRunning
	q, err = api.UpdateStatus(w.client, changed)
	if err != nil || q.Status.Phase != corev1.PodRunning || q.Spec.NodeName != "node01" {
		t.Errorf("status updated %+v, %v", q, err)
	}
	if err := api.Delete[corev1.Pod](w.client, "default", "a", nil); err != nil {
		t.Fatal(err)
	}
	q, err = api.Get[corev1.Pod](w.client, "default", "a")
	if err != nil || q.DeletionTimestamp.Sub(w.clock.Now()) != 30*time.Second || *q.DeletionGracePeriodSeconds != 30 {
		t.Errorf("deleting %+v, %v", q, err)
	}
	if err := api.Delete[corev1.Pod](w.client, "default", "a", metav1.NewDeleteOptions(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := api.Get[corev1.Pod](w.client, "default", "a"); err == nil || err.Error() != `pods "a" not found` {
		t.Errorf("deleted: %v", err)
	}
	if len(heard) != 0 {
		t.Errorf("heard inside a write: %q", heard)
	}
	w.clock.Advance(time.Second)
	stop()
	if len(heard) != 0 {
		t.Errorf("a watcher that came before and heard later: %q", heard)
	}
}

func TestWatch(t *testing.T) {
	w := newWorld()
	if _, err := api.Create(w.client, pod("a")); err != nil {
		t.Fatal(err)
	}
	var heard []string
	if _, err := api.Watch(w.client, func(kind watch.EventType, p, old *corev1.Pod) {
		heard = append(heard, string(kind)+" "+p.Name)
	}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	for _, name := range []string{"c", "b"} {
		if _, err := api.Create(w.client, pod(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := api.Delete[corev1.Pod](w.client, "default", "a", nil); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	want := "ADDED a, ADDED c, ADDED b, MODIFIED a, DELETED a"
	if got := strings.Join(heard, ", "); got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
}

func TestErrors(t *testing.T) {
	w := newWorld()
	generated := pod("")
	generated.GenerateName = "web-"
	p, err := api.Create(w.client, generated)
	if err != nil || len(p.Name) != len("web-xxxxx") {
		t.Fatalf("generated %v, %v", p, err)
	}
	for _, c := range []struct {
		name string
		do   func() error
		want string
	}{
		{"no name", func() error { _, err := api.Create(w.client, pod("")); return err },
			`Pod "" is invalid: metadata.name: Required value: name or generateName is required`},
		{"bad name", func() error { _, err := api.Create(w.client, pod("A_b")); return err },
			`Pod "A_b" is invalid: metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`},
		{"uid precondition", func() error {
			return api.Delete[corev1.Pod](w.client, "default", p.Name, metav1.NewPreconditionDeleteOptions("other"))
		}, `Operation cannot be fulfilled on Pod "` + p.Name + `": the UID in the precondition (other) does not match the UID in record (` + string(p.UID) + `). The object might have been deleted and then recreated`},
	} {
		if err := c.do(); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
}

func TestFinalizers(t *testing.T) {
	w := newWorld()
	held := pod("a")
	held.Finalizers = []string{"example.com/hold"}
	if _, err := api.Create(w.client, held); err != nil {
		t.Fatal(err)
	}
	if err := api.Delete[corev1.Pod](w.client, "default", "a", nil); err != nil {
		t.Fatal(err)
	}
	p, err := api.Get[corev1.Pod](w.client, "default", "a")
	if err != nil || p.DeletionTimestamp == nil || *p.DeletionGracePeriodSeconds != 0 {
		t.Fatalf("held %+v, %v", p, err)
	}
	p = p.DeepCopy()
	p.Finalizers = nil
	if _, err := api.Update(w.client, p); err != nil {
		t.Fatal(err)
	}
	if _, err := api.Get[corev1.Pod](w.client, "default", "a"); !apierrors.IsNotFound(err) {
		t.Errorf("released: %v", err)
	}
}
