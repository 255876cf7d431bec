// Package loop is the reconcile queue that every controller, the scheduler and the kubelet run on: keys that wait
// for their turn on the virtual clock, each at most once.
//
// It knows no objects and no API: a key is a string, what it means is its owner's matter.
package loop

import (
	"time"

	"terrarium/sim/chance"
	"terrarium/sim/clock"
)

const (
	firstBackOff = 5 * time.Millisecond
	lastBackOff  = 1000 * time.Second

	leastLatency = 1 * time.Millisecond
	mostLatency  = 5 * time.Millisecond
)

// Reconcile makes one step for key. A positive after asks for another step that much later; an error asks for one
// after the key's back-off, which starts at 5 ms, doubles up to 1000 s and is forgotten at the next success.
type Reconcile func(key string) (after time.Duration, err error)

// Loop hands keys to its Reconcile one at a time, in the order in which they were added, a few milliseconds apart.
type Loop struct {
	clock     *clock.Clock
	chance    *chance.Source
	reconcile Reconcile

	ready   []string // in order of arrival
	waiting map[string]bool
	later   map[string]*clock.Timer
	fails   map[string]int
	next    *clock.Timer // the turn of ready[0]
	running bool         // inside reconcile
	stopped bool
}

// New returns an empty loop. name picks its stream of chance, so that no loop's latency depends on another's work.
func New(c *clock.Clock, source *chance.Source, name string, reconcile Reconcile) *Loop {
	return &Loop{
		clock:     c,
		chance:    source.Fork("loop/" + name),
		reconcile: reconcile,
		waiting:   map[string]bool{},
		later:     map[string]*clock.Timer{},
		fails:     map[string]int{},
	}
}

// Add puts key in the queue; a key that waits there already keeps its place, one that was due later comes now.
func (l *Loop) Add(key string) {
	if l.stopped || l.waiting[key] {
		return
	}
	l.cancel(key)
	l.waiting[key] = true
	l.ready = append(l.ready, key)
	l.plan()
}

// AddAfter is Add, d from now. Of several instants for one key the earliest counts.
func (l *Loop) AddAfter(key string, d time.Duration) {
	if d <= 0 {
		l.Add(key)
		return
	}
	if l.stopped || l.waiting[key] {
		return
	}
	if t := l.later[key]; t != nil && !t.When().After(l.clock.Now().Add(d)) {
		return
	}
	l.cancel(key)
	l.later[key] = l.clock.After(d, func() {
		delete(l.later, key)
		l.Add(key)
	})
}

// Retry is AddAfter with the key's back-off, which grows by this call.
func (l *Loop) Retry(key string) {
	n := l.fails[key]
	l.fails[key] = n + 1
	l.AddAfter(key, backOff(n))
}

// Forget resets the key's back-off.
func (l *Loop) Forget(key string) { delete(l.fails, key) }

// Failures is how often in a row the key's step failed.
func (l *Loop) Failures(key string) int { return l.fails[key] }

// Stop empties the queue for good.
func (l *Loop) Stop() {
	l.stopped = true
	l.next.Stop()
	for _, t := range l.later {
		t.Stop()
	}
	l.ready, l.waiting, l.later = nil, map[string]bool{}, map[string]*clock.Timer{}
}

func (l *Loop) cancel(key string) {
	if t := l.later[key]; t != nil {
		t.Stop()
		delete(l.later, key)
	}
}

func (l *Loop) plan() {
	if l.next != nil || l.running || len(l.ready) == 0 {
		return
	}
	l.next = l.clock.After(l.chance.Between(leastLatency, mostLatency), l.turn)
}

func (l *Loop) turn() {
	l.next = nil
	key := l.ready[0]
	l.ready = l.ready[1:]
	delete(l.waiting, key)

	l.running = true
	after, err := l.reconcile(key)
	l.running = false

	if l.stopped {
		return
	}
	if err != nil {
		l.Retry(key)
	} else {
		l.Forget(key)
		if after > 0 {
			l.AddAfter(key, after)
		}
	}
	l.plan()
}

func backOff(failures int) time.Duration {
	d := firstBackOff
	for range failures {
		if d *= 2; d >= lastBackOff {
			return lastBackOff
		}
	}
	return d
}
