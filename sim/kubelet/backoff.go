package kubelet

import (
	"time"

	"terrarium/sim/clock"
)

// backOff counts up the waits of its keys: initial, doubled each time, at most max, and from the start again after twice
// max without a failure.
type backOff struct {
	clock        *clock.Clock
	initial, max time.Duration
	entries      map[string]backOffEntry
}

type backOffEntry struct {
	wait    time.Duration
	updated time.Time
}

func newBackOff(c *clock.Clock, initial, max time.Duration) *backOff {
	return &backOff{clock: c, initial: initial, max: max, entries: map[string]backOffEntry{}}
}

// next moves the key to its next wait, for a failure at the given instant.
func (b *backOff) next(key string, at time.Time) {
	e, ok := b.entries[key]
	if !ok || b.expired(e, at) {
		e.wait = b.initial
	} else {
		e.wait = min(2*e.wait, b.max)
	}
	e.updated = b.clock.Now()
	b.entries[key] = e
}

// get is the key's present wait.
func (b *backOff) get(key string) time.Duration { return b.entries[key].wait }

// waitsSince reports whether the wait, counted from at, still lasts.
func (b *backOff) waitsSince(key string, at time.Time) bool {
	e, ok := b.entries[key]
	return ok && !b.expired(e, at) && b.clock.Since(at) < e.wait
}

// waits reports whether the wait, counted from the last next, still lasts.
func (b *backOff) waits(key string) bool {
	e, ok := b.entries[key]
	return ok && b.clock.Since(e.updated) < e.wait
}

// collect forgets the keys that have been quiet for long.
func (b *backOff) collect() {
	for key, e := range b.entries {
		if b.expired(e, b.clock.Now()) {
			delete(b.entries, key)
		}
	}
}

func (b *backOff) expired(e backOffEntry, at time.Time) bool { return at.Sub(e.updated) > 2*b.max }
