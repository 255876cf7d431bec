// Package scheduler finds a node for each pod that has none and says why where there is none.
//
// It knows nothing of running pods: it reads nodes, pods and volumes through api.Client, and its verdict is a
// binding or the condition PodScheduled. One filter is one file; reasons and scores are those of kube-scheduler's
// default plugins.
package scheduler

import (
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/leader"
	"terrarium/sim/loop"
)

// name is the scheduler that pods name when they name none.
const name = "default-scheduler"

// Recorder makes Events about objects in the newer style, in which an Event also has an action.
type Recorder interface {
	Event(pod *v1.Pod, kind, reason, action, note string)
}

// Config is what a scheduler stands on.
type Config struct {
	Clock  *clock.Clock
	Chance *chance.Source
	Door   api.Door
	Host   string // where it runs, for its Events; "" leaves out its lease
	// Recorder overrides how Events are made; nil for the scheduler's own way.
	Recorder Recorder
}

// Scheduler is the loop that binds pods to nodes.
type Scheduler struct {
	clock  *clock.Clock
	chance *chance.Source
	client api.Client
	events Recorder
	queue  *queue
	infos  map[*v1.Pod]*podInfo
	lead   func() // takes the lease; nil for none
}

// User is the identity under which the scheduler writes.
func User() api.User {
	return api.User{Name: "system:kube-scheduler", Groups: []string{"system:authenticated"}}
}

// New returns a scheduler that does nothing before Start.
func New(cfg Config) *Scheduler {
	s := &Scheduler{
		clock:  cfg.Clock,
		chance: cfg.Chance.Fork("scheduler"),
		client: api.Client{Door: cfg.Door, User: User()},
		events: cfg.Recorder,
		infos:  map[*v1.Pod]*podInfo{},
	}
	if s.events == nil {
		s.events = newRecorder(cfg, s.client)
	}
	s.queue = newQueue(cfg.Clock)
	s.queue.loop = loop.New(cfg.Clock, cfg.Chance, "scheduler", s.turn)
	if cfg.Host != "" {
		s.lead = func() {
			leader.Lead(leader.Config{Clock: cfg.Clock, Chance: cfg.Chance, Client: s.client, Host: cfg.Host}, "kube-scheduler")
		}
	}
	return s
}

// Start watches what matters to pending pods. Nothing is bound before the clock advances.
func (s *Scheduler) Start() error {
	if s.lead != nil {
		s.lead()
	}
	return s.watch()
}

// turn moves a pod whose back-off has ended to the active queue, or, for the empty key, takes the first from there.
func (s *Scheduler) turn(key string) (time.Duration, error) {
	if key != "" {
		s.queue.activate(key)
		return 0, nil
	}
	if e := s.queue.pop(); e != nil {
		s.attempt(e)
	}
	return 0, nil
}

// attempt is one scheduling cycle for one pod.
func (s *Scheduler) attempt(e *entry) {
	pod, err := api.Get[v1.Pod](s.client, e.namespace, e.name)
	if err != nil || pod.UID != e.uid || !pending(pod) {
		s.queue.forget(e)
		return
	}
	e.attempts++
	e.tried = s.clock.Now()
	c, err := s.newCycle(pod)
	if err != nil {
		s.fail(e, pod, &unfit{fatal: err.Error()}, "")
		return
	}
	if target := e.bindingTo; target != "" {
		s.finish(e, c, target)
		return
	}
	target, why := c.choose()
	if why != nil {
		s.refuse(e, c, why)
		return
	}
	s.assign(e, c, target)
}

// pending says that this scheduler is to find a node for the pod.
func pending(pod *v1.Pod) bool {
	return pod.Spec.NodeName == "" && pod.Spec.SchedulerName == name && len(pod.Spec.SchedulingGates) == 0 &&
		pod.DeletionTimestamp == nil && !ended(pod)
}

func ended(pod *v1.Pod) bool {
	return pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed
}

// assign binds the pod's volumes and, as soon as they are bound, the pod.
func (s *Scheduler) assign(e *entry, c *cycle, target *nodeInfo) {
	if err := c.bindVolumes(target); err != nil {
		s.fail(e, c.pod, &unfit{fatal: fmt.Sprintf("running PreBind plugin %q: %v", "VolumeBinding", err)}, "")
		return
	}
	s.finish(e, c, target.node.Name)
}

// finish binds the pod to its node; where volumes are still to be bound, it comes back later.
func (s *Scheduler) finish(e *entry, c *cycle, node string) {
	if !c.volumesBound() {
		if e.bindingTo == "" {
			e.bindingTo, e.bindingSince = node, s.clock.Now()
		}
		if s.clock.Since(e.bindingSince) < volumeBindingTimeout {
			s.queue.park(e, nil, volumeBindingPoll)
			return
		}
		e.bindingTo = ""
		s.fail(e, c.pod, &unfit{fatal: `running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded`}, "")
		return
	}
	e.bindingTo = ""
	if err := s.bind(c.pod, node); err != nil {
		if errors.IsNotFound(err) {
			s.queue.forget(e)
			return
		}
		s.fail(e, c.pod, &unfit{fatal: "binding rejected: " + err.Error()}, "")
		return
	}
	s.queue.forget(e)
	s.events.Event(c.pod, v1.EventTypeNormal, "Scheduled", "Binding",
		fmt.Sprintf("Successfully assigned %s/%s to %s", c.pod.Namespace, c.pod.Name, node))
}

func (s *Scheduler) bind(pod *v1.Pod, node string) error {
	_, err := s.client.Door.Do(&api.Request{
		User: s.client.User, Verb: "create", Resource: v1.SchemeGroupVersion.WithResource("pods"), Subresource: "binding",
		Namespace: pod.Namespace, Name: pod.Name,
		Object: &v1.Binding{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Binding"},
			ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
			Target:     v1.ObjectReference{Kind: "Node", Name: node},
		},
	})
	return err
}

// refuse looks for pods that could make room and then reports the failure.
func (s *Scheduler) refuse(e *entry, c *cycle, why *unfit) {
	nominated := ""
	if why.fatal == "" {
		nominated = s.makeRoom(c, why)
	}
	s.fail(e, c.pod, why, nominated)
}

// fail reports that the pod has no node, and puts it aside until something changes that could help.
func (s *Scheduler) fail(e *entry, pod *v1.Pod, why *unfit, nominated string) {
	message := why.message()
	s.queue.park(e, why.plugins, 0)
	if why.fatal != "" {
		s.queue.retry(e)
	}
	const longest = 1024
	note := message
	if len(note) > longest {
		note = note[:longest-len(" ...")] + " ..."
	}
	s.events.Event(pod, v1.EventTypeWarning, "FailedScheduling", "Scheduling", note)
	s.markUnscheduled(pod, why.reason(), message, nominated)
}

func (s *Scheduler) markUnscheduled(pod *v1.Pod, reason, message, nominated string) {
	next := pod.DeepCopy()
	condition := v1.PodCondition{
		Type: v1.PodScheduled, Status: v1.ConditionFalse, Reason: reason, Message: message,
		ObservedGeneration: pod.Generation,
		LastTransitionTime: metav1.NewTime(s.clock.Now().Truncate(time.Second)),
	}
	changed := setCondition(next, condition)
	if next.Status.NominatedNodeName != nominated {
		next.Status.NominatedNodeName, changed = nominated, true
	}
	if changed {
		_, _ = api.UpdateStatus(s.client, next)
	}
}

// setCondition says whether the pod's conditions have changed.
func setCondition(pod *v1.Pod, c v1.PodCondition) bool {
	for i := range pod.Status.Conditions {
		had := &pod.Status.Conditions[i]
		if had.Type != c.Type {
			continue
		}
		if had.Status == c.Status {
			c.LastTransitionTime = had.LastTransitionTime
		}
		if *had == c {
			return false
		}
		*had = c
		return true
	}
	pod.Status.Conditions = append(pod.Status.Conditions, c)
	return true
}
