package events

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
)

// sink keeps events as an API server would.
type sink struct {
	order  []string
	events map[string]*corev1.Event
}

var gvr = schema.GroupVersionResource{Version: "v1", Resource: "events"}

func (s *sink) Watch(schema.GroupVersionResource, func(api.Event)) func() { return func() {} }
func (s *sink) ResourceFor(reflect.Type) (schema.GroupVersionResource, error) {
	return gvr, nil
}

func (s *sink) Do(req *api.Request) (runtime.Object, error) {
	if req.Verb == "create" {
		e := req.Object.(*corev1.Event).DeepCopy()
		if s.events[e.Name] != nil {
			return nil, apierrors.NewAlreadyExists(gvr.GroupResource(), e.Name)
		}
		s.order = append(s.order, e.Name)
		s.events[e.Name] = e
		return e, nil
	}
	e := s.events[req.Name]
	if e == nil {
		return nil, apierrors.NewNotFound(gvr.GroupResource(), req.Name)
	}
	e = e.DeepCopy()
	if err := json.Unmarshal(req.Patch, e); err != nil {
		return nil, err
	}
	s.events[e.Name] = e
	return e, nil
}

// lines are the events as `kubectl describe` would show them: count, first and last age, reason, message.
func (s *sink) lines(now time.Time) []string {
	var out []string
	for _, name := range s.order {
		if e := s.events[name]; e != nil {
			out = append(out, fmt.Sprintf("%s x%d over %v %s: %s", now.Sub(e.LastTimestamp.Time).Round(time.Second), e.Count, now.Sub(e.FirstTimestamp.Time).Round(time.Second), e.Reason, e.Message))
		}
	}
	return out
}

func setUp() (*clock.Clock, *sink, *Recorder) {
	c := clock.New(time.Date(2026, 11, 22, 5, 40, 0, 0, time.UTC))
	s := &sink{events: map[string]*corev1.Event{}}
	return c, s, New(Config{Clock: c, Chance: chance.New(1), Client: api.Client{Door: s}, Component: "kubelet", Host: "node01"})
}

var pod = corev1.ObjectReference{Kind: "Pod", Namespace: "ns", Name: "typo", UID: "u", APIVersion: "v1"}

func TestRepeatedEventsAreCounted(t *testing.T) {
	c, s, r := setUp()
	for range 3 {
		r.Event(pod, "Normal", "Pulling", `Pulling image "ngnix"`)
		r.Event(pod, "Warning", "Failed", "Error: ErrImagePull")
		c.Advance(10 * time.Second)
	}
	r.Event(pod, "Normal", "BackOff", "Back-off")
	want := []string{
		`10s x3 over 30s Pulling: Pulling image "ngnix"`,
		"10s x3 over 30s Failed: Error: ErrImagePull",
		"0s x1 over 0s BackOff: Back-off",
	}
	if d := cmp.Diff(want, s.lines(c.Now())); d != "" {
		t.Error(d)
	}
}

func TestADeletedEventIsWrittenAgain(t *testing.T) {
	c, s, r := setUp()
	r.Event(pod, "Normal", "Pulling", "a")
	clear(s.events)
	s.order = nil
	r.Event(pod, "Normal", "Pulling", "a")
	if d := cmp.Diff([]string{"0s x2 over 0s Pulling: a"}, s.lines(c.Now())); d != "" {
		t.Error(d)
	}
}

func TestManyMessagesAreCombined(t *testing.T) {
	c, s, r := setUp()
	for i := range 13 {
		r.Eventf(pod, "Warning", "Unhealthy", "probe %d", i)
	}
	got := s.lines(c.Now())
	if len(got) != 10 || got[8] != "0s x1 over 0s Unhealthy: probe 8" || got[9] != "0s x4 over 0s Unhealthy: (combined from similar events): probe 12" {
		t.Error(got)
	}
}

func TestTooManyAreDropped(t *testing.T) {
	c, s, r := setUp()
	for range 40 {
		r.Event(pod, "Warning", "Failed", "again")
	}
	r.Event(pod, "Normal", "Pulled", "other type")
	if d := cmp.Diff([]string{"0s x25 over 0s Failed: again", "0s x1 over 0s Pulled: other type"}, s.lines(c.Now())); d != "" {
		t.Error(d)
	}
	c.Advance(refill + time.Second)
	r.Event(pod, "Warning", "Failed", "again")
	if got := s.lines(c.Now())[0]; got != "0s x41 over 5m1s Failed: again" {
		t.Error(got)
	}
}

func TestNames(t *testing.T) {
	_, s, r := setUp()
	for i := range 5 {
		r.Eventf(pod, "Normal", "R", "m%d", i)
	}
	for i := 1; i < len(s.order); i++ {
		if s.order[i] <= s.order[i-1] {
			t.Errorf("names out of order: %q", s.order)
		}
	}
	r.Event(corev1.ObjectReference{Kind: "Thing", Name: "No_DNS", APIVersion: "v1"}, "Normal", "R", "m")
	if last := s.events[s.order[len(s.order)-1]]; len(last.Name) != 36 || last.Namespace != "default" {
		t.Errorf("an object whose name is no DNS name: event %s/%s", last.Namespace, last.Name)
	}
}
