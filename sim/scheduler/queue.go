package scheduler

import (
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/clock"
	"terrarium/sim/loop"
)

const (
	firstBackOff = 1 * time.Second
	lastBackOff  = 10 * time.Second
	// flushAfter is when a pod that nothing has helped is tried all the same.
	flushAfter = 5*time.Minute + 30*time.Second
)

// queue holds the pods that have no node: active ones by priority and age, and the others, which wait for their
// back-off or for a change that could help.
type queue struct {
	clock   *clock.Clock
	loop    *loop.Loop
	entries map[string]*entry
	active  []*entry
}

type entry struct {
	namespace, name string
	uid             types.UID
	priority        int32
	added           time.Time

	active   bool
	attempts int
	tried    time.Time
	plugins  map[string]bool // whose refusals put it aside; nil while it waits for nothing but its back-off

	bindingTo    string // the node it is bound to as soon as its volumes are
	bindingSince time.Time
}

func (e *entry) key() string { return e.namespace + "/" + e.name }

func newQueue(c *clock.Clock) *queue {
	return &queue{clock: c, entries: map[string]*entry{}}
}

// add takes a pending pod in. One that is there already keeps its back-off.
func (q *queue) add(pod *v1.Pod) *entry {
	e := q.entries[pod.Namespace+"/"+pod.Name]
	if e != nil && e.uid == pod.UID {
		return e
	}
	if e != nil {
		q.forget(e)
	}
	e = &entry{namespace: pod.Namespace, name: pod.Name, uid: pod.UID, added: q.clock.Now(), priority: priorityOf(pod)}
	q.entries[e.key()] = e
	q.activate(e.key())
	return e
}

// activate makes the pod's turn come.
func (q *queue) activate(key string) {
	e := q.entries[key]
	if e == nil || e.active {
		return
	}
	e.active, e.plugins = true, nil
	q.active = append(q.active, e)
	q.loop.Add("")
}

// pop takes the pod of the highest priority that has waited longest.
func (q *queue) pop() *entry {
	if len(q.active) == 0 {
		return nil
	}
	best := 0
	for i, e := range q.active {
		if e.priority > q.active[best].priority {
			best = i
		}
	}
	e := q.active[best]
	q.active = append(q.active[:best], q.active[best+1:]...)
	e.active = false
	if len(q.active) > 0 {
		q.loop.Add("")
	}
	return e
}

// park puts a pod aside until a change could help against the refusals of plugins, or for at most d.
func (q *queue) park(e *entry, plugins map[string]bool, d time.Duration) {
	e.plugins = plugins
	if d == 0 {
		d = flushAfter
	}
	q.loop.AddAfter(e.key(), d)
}

// retry makes a pod's turn come after what is left of its back-off.
func (q *queue) retry(e *entry) {
	if e.active {
		return
	}
	wait := e.tried.Add(backOff(e.attempts)).Sub(q.clock.Now())
	if e.attempts == 0 {
		wait = 0
	}
	e.plugins = nil
	q.loop.AddAfter(e.key(), wait)
}

func (q *queue) forget(e *entry) {
	if q.entries[e.key()] == e {
		delete(q.entries, e.key())
	}
	for i, a := range q.active {
		if a == e {
			q.active = append(q.active[:i:i], q.active[i+1:]...)
			break
		}
	}
	e.active = false
}

func backOff(attempts int) time.Duration {
	d := firstBackOff
	for range attempts - 1 {
		if d *= 2; d >= lastBackOff {
			return lastBackOff
		}
	}
	return d
}

func priorityOf(pod *v1.Pod) int32 {
	if pod.Spec.Priority == nil {
		return 0
	}
	return *pod.Spec.Priority
}
