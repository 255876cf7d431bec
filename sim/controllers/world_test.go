package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/yaml"

	"terrarium/sim/admission"
	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/auth"
	"terrarium/sim/bootstrap"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/pki"
	"terrarium/sim/resources"
)

// world is an API server with the controllers, and nodes that start every pod after half a second.
type world struct {
	*testing.T
	clock  *clock.Clock
	admin  api.Client
	broken func(pod *v1.Pod) bool // pods that never become ready
	pods   int

	authority *pki.Authority
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c, source := clock.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), chance.New(1)
	server := apiserver.New(apiserver.Config{Clock: c, Chance: source, Resources: resources.All(), Admission: admission.Default()})
	w := &world{T: t, clock: c, admin: api.Client{Door: server, User: api.User{Name: "kubernetes-admin", Groups: []string{"system:masters"}}}}
	loopback := api.Client{Door: server, User: apiserver.Loopback()}
	if err := bootstrap.APIServer(bootstrap.Config{Client: loopback, Now: c.Now(), Address: "172.30.1.2", Hex: source.Hex}); err != nil {
		t.Fatal(err)
	}
	server.SetAuthorizer(strict{t, auth.NewStandard(loopback)})
	authority, err := pki.NewAuthority(source.Fork("pki").Bytes, c.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.authority = authority
	if err := Start(Config{Clock: c, Chance: source, Door: server, Resources: server.Resources, RootCA: "the root", Authority: authority}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.Watch(w.admin, w.kubelet); err != nil {
		t.Fatal(err)
	}
	w.wait(time.Second)
	return w
}

// strict fails the test when a controller is refused something.
type strict struct {
	t *testing.T
	auth.Authorizer
}

func (s strict) Authorize(a auth.Attributes) (bool, string) {
	allowed, reason := s.Authorizer.Authorize(a)
	if !allowed {
		s.t.Errorf("%s may not %s %s/%s of %q", a.User.Name, a.Verb, a.Resource, a.Subresource, a.Group)
	}
	return allowed, reason
}

// kubelet binds and starts new pods, and ends deleted ones.
func (w *world) kubelet(kind watch.EventType, pod, _ *v1.Pod) {
	switch {
	case kind == watch.Deleted:
	case pod.DeletionTimestamp != nil:
		w.clock.After(300*time.Millisecond, func() {
			zero := int64(0)
			_ = api.Delete[v1.Pod](w.admin, pod.Namespace, pod.Name, &metav1.DeleteOptions{GracePeriodSeconds: &zero})
		})
	case kind == watch.Added:
		w.clock.After(500*time.Millisecond, func() {
			p, err := api.Get[v1.Pod](w.admin, pod.Namespace, pod.Name)
			if err != nil || p.DeletionTimestamp != nil {
				return
			}
			ready := v1.ConditionTrue
			if w.broken != nil && w.broken(p) {
				ready = v1.ConditionFalse
			}
			if p.Spec.NodeName == "" {
				w.bind(p)
				if p, err = api.Get[v1.Pod](w.admin, p.Namespace, p.Name); err != nil {
					w.Error(err)
					return
				}
			}
			p = p.DeepCopy()
			p.Status.Phase = v1.PodRunning
			w.pods++
			p.Status.PodIP = fmt.Sprintf("10.244.1.%d", w.pods)
			p.Status.PodIPs = []v1.PodIP{{IP: p.Status.PodIP}}
			p.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: ready, LastTransitionTime: metav1.NewTime(w.clock.Now().Truncate(time.Second))}}
			if _, err := api.UpdateStatus(w.admin, p); err != nil {
				w.Error(err)
			}
		})
	}
}

func (w *world) bind(p *v1.Pod) {
	if _, err := w.admin.Door.Do(&api.Request{
		User: w.admin.User, Verb: "create", Resource: v1.SchemeGroupVersion.WithResource("pods"), Subresource: "binding",
		Namespace: p.Namespace, Name: p.Name,
		Object: &v1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name}, Target: v1.ObjectReference{Kind: "Node", Name: "node01"}},
	}); err != nil {
		w.Error(err)
	}
}

func (w *world) wait(d time.Duration) { w.clock.Advance(d) }

func create[T any, P api.Object[T]](w *world, obj P) P {
	w.Helper()
	made, err := api.Create(w.admin, obj)
	if err != nil {
		w.Fatal(err)
	}
	return made
}

func (w *world) create(ns *v1.Namespace) { create(w, ns) }

// manifest creates the object of a YAML document.
func manifest[T any, P api.Object[T]](w *world, doc string) P {
	w.Helper()
	obj := P(new(T))
	if err := yaml.UnmarshalStrict([]byte(doc), obj); err != nil {
		w.Fatal(err)
	}
	if obj.GetNamespace() == "" {
		obj.SetNamespace("default")
	}
	return create(w, obj)
}

// change updates an object.
func change[T any, P api.Object[T]](w *world, name string, edit func(P)) {
	w.Helper()
	obj := get[T, P](w, name).DeepCopyObject().(P)
	edit(obj)
	if _, err := api.Update(w.admin, obj); err != nil {
		w.Fatal(err)
	}
}

func get[T any, P api.Object[T]](w *world, name string) P {
	w.Helper()
	obj, err := api.Get[T, P](w.admin, "default", name)
	if err != nil {
		w.Fatal(err)
	}
	return obj
}

func gone[T any, P api.Object[T]](w *world, name string) bool {
	w.Helper()
	_, err := api.Get[T, P](w.admin, "default", name)
	return errors.IsNotFound(err)
}

func list[T any, P api.Object[T]](w *world) []P {
	w.Helper()
	all, err := api.List[T, P](w.admin, "default", nil)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// events are the Events of one kind of object, in their order: "Reason: message".
func (w *world) events(kind string) string {
	var lines []string
	for _, e := range list[v1.Event](w) {
		if e.InvolvedObject.Kind == kind {
			lines = append(lines, fmt.Sprintf("%s: %s", e.Reason, e.Message))
		}
	}
	return strings.Join(lines, "\n")
}
