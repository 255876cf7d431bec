// Package clock is the virtual time of a cluster: one ordered queue of everything that happens later.
//
// It knows nothing of wall-clock time, goroutines or what its entries do. A host (test, browser timer, native
// server) advances it; entries run on the goroutine that advances, one at a time, ordered by time and then by
// the order in which they were added. It is not safe for concurrent use: who steps the cluster holds its lock.
package clock

import (
	"container/heap"
	"time"
)

// Clock holds the present instant and the queue of what comes later.
type Clock struct {
	now     time.Time
	seq     uint64
	entries entryHeap
}

// New returns a clock that stands at start.
func New(start time.Time) *Clock { return &Clock{now: start} }

// Now is the present virtual instant.
func (c *Clock) Now() time.Time { return c.now }

// Since is the virtual time that has passed since t.
func (c *Clock) Since(t time.Time) time.Duration { return c.now.Sub(t) }

// A Timer is one entry of the queue.
type Timer struct {
	at    time.Time
	seq   uint64
	index int // in the heap; -1 when it has run or was stopped
	run   func()
	clock *Clock
}

// At adds an entry that runs f when the clock reaches t; a t that has passed runs at the present instant,
// after what is queued there already. f never runs inside At.
func (c *Clock) At(t time.Time, f func()) *Timer {
	if t.Before(c.now) {
		t = c.now
	}
	c.seq++
	e := &Timer{at: t, seq: c.seq, run: f, clock: c}
	heap.Push(&c.entries, e)
	return e
}

// After is At, d from now; a negative d counts as 0.
func (c *Clock) After(d time.Duration, f func()) *Timer { return c.At(c.now.Add(d), f) }

// Stop takes the entry out of the queue and reports whether it was still there.
func (t *Timer) Stop() bool {
	if t == nil || t.index < 0 {
		return false
	}
	heap.Remove(&t.clock.entries, t.index)
	return true
}

// When is the instant at which the entry runs or ran.
func (t *Timer) When() time.Time { return t.at }

// Next is the instant of the earliest entry; ok is false where the queue is empty.
func (c *Clock) Next() (at time.Time, ok bool) {
	if len(c.entries) == 0 {
		return time.Time{}, false
	}
	return c.entries[0].at, true
}

// Len is the number of entries in the queue.
func (c *Clock) Len() int { return len(c.entries) }

// Step moves to the earliest entry that is due at or before limit and runs it; false where there is none, and
// then the clock has not moved.
func (c *Clock) Step(limit time.Time) bool {
	if len(c.entries) == 0 || c.entries[0].at.After(limit) {
		return false
	}
	e := heap.Pop(&c.entries).(*Timer)
	if e.at.After(c.now) {
		c.now = e.at
	}
	e.run()
	return true
}

// AdvanceTo runs every entry due at or before t, those included that are added on the way, and leaves the clock
// at t. A t that has passed runs only what is due now.
func (c *Clock) AdvanceTo(t time.Time) {
	if t.Before(c.now) {
		t = c.now
	}
	for c.Step(t) {
	}
	c.now = t
}

// Advance is AdvanceTo, d from now.
func (c *Clock) Advance(d time.Duration) { c.AdvanceTo(c.now.Add(d)) }

type entryHeap []*Timer

func (h entryHeap) Len() int { return len(h) }
func (h entryHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}
func (h entryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *entryHeap) Push(x any) {
	e := x.(*Timer)
	e.index = len(*h)
	*h = append(*h, e)
}
func (h *entryHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.index = -1
	return e
}
