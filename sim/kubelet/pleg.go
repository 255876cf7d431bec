package kubelet

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/clock"
)

// pleg looks at the runtime once a second and tells the workers of pods in which something has changed. Between two looks
// the kubelet knows only what it saw at the last one.
//
// Nothing is looked at while nothing changes: the ticks are only planned when a pod is touched or somebody waits.
type pleg struct {
	k     *Kubelet
	start time.Time // the ticks are whole seconds from here
	tick  *clock.Timer

	touched []types.UID
	cache   map[types.UID]*seen
	waiting []waiter
}

const relistPeriod = time.Second

// seen is a pod as it was at the last look.
type seen struct {
	status podStatus
	at     time.Time
	states map[string]containerState // of containers and sandboxes, by id
}

type waiter struct {
	uid    types.UID
	newer  time.Time
	resume func(*podStatus)
}

func newPLEG(k *Kubelet) *pleg {
	return &pleg{k: k, start: k.Clock.Now().Add(k.chance.Between(0, relistPeriod)), cache: map[types.UID]*seen{}}
}

// touch notes that something has changed in a pod.
func (p *pleg) touch(uid types.UID) {
	for _, t := range p.touched {
		if t == uid {
			return
		}
	}
	p.touched = append(p.touched, uid)
	p.plan()
}

func (p *pleg) plan() {
	if p.tick == nil {
		p.tick = p.k.Clock.At(nextTick(p.start, p.k.Clock.Now()), p.relist)
	}
}

// nextTick is the first whole second from start that is later than now.
func nextTick(start, now time.Time) time.Time {
	if now.Before(start) {
		return start
	}
	return start.Add(now.Sub(start).Truncate(time.Second) + time.Second)
}

// lastTick is the last look that was due, whether or not there was anything to see.
func (p *pleg) lastTick() time.Time {
	now := p.k.Clock.Now()
	if now.Before(p.start) {
		return time.Time{}
	}
	return p.start.Add(now.Sub(p.start).Truncate(relistPeriod))
}

func (p *pleg) relist() {
	p.tick = nil
	touched := p.touched
	p.touched = nil
	for _, uid := range touched {
		p.look(uid)
	}
	p.notify("")
}

// relistNow looks at one pod out of turn.
func (p *pleg) relistNow(uid types.UID) {
	p.k.Clock.After(time.Millisecond, func() {
		for i, t := range p.touched {
			if t == uid {
				p.touched = append(p.touched[:i:i], p.touched[i+1:]...)
				break
			}
		}
		p.look(uid)
		if s := p.cache[uid]; s != nil {
			s.at = p.k.Clock.Now()
		}
		p.notify(uid)
	})
}

// refresh looks at a pod out of turn and asks for a sync whatever it sees.
func (p *pleg) refresh(uid types.UID) {
	p.relistNow(uid)
	p.k.Clock.After(2*time.Millisecond, func() { p.k.syncPod(uid) })
}

// look compares a pod with what was seen of it, and asks for a sync where something has started or ended, and for
// another where several things have.
func (p *pleg) look(uid types.UID) {
	now := p.k.Clock.Now()
	if p.k.runtime.pods[uid] == nil {
		delete(p.cache, uid)
		return
	}
	s := &seen{status: p.k.runtime.status(uid), at: now, states: map[string]containerState{}}
	for _, b := range s.status.sandboxes {
		s.states[b.id] = stateExited
		if b.ready {
			s.states[b.id] = stateRunning
		}
	}
	for _, c := range s.status.containers {
		s.states[c.id] = c.state
	}
	before := p.cache[uid]
	events := 0
	for id, state := range s.states {
		if state != stateCreated && (before == nil || before.states[id] != state) {
			events++
		}
	}
	if before != nil {
		if len(s.status.ips) == 0 {
			s.status.ips = before.status.ips // a pod that has ended keeps its address in its status
		}
	}
	p.cache[uid] = s
	if events > 0 || before == nil {
		p.k.syncPod(uid)
	}
	if events > 1 {
		// Each event asks for a sync; what comes while a worker is at it makes for one more. That is how a container
		// which ends at once is found waiting for its restart within about a second.
		p.k.Clock.After(wakeTime+time.Millisecond, func() { p.k.syncPod(uid) })
	}
}

// whenNewer calls f with what is known of a pod as soon as that is newer than the given instant.
func (p *pleg) whenNewer(uid types.UID, newer time.Time, f func(*podStatus)) {
	s := p.cache[uid]
	switch {
	case s != nil && (s.at.After(newer) || p.lastTick().After(newer)):
		f(&s.status)
	case s == nil && (newer.IsZero() || p.lastTick().After(newer)):
		f(&podStatus{})
	default:
		p.waiting = append(p.waiting, waiter{uid, newer, f})
		p.plan()
	}
}

// notify resumes those who waited for a look; uid is the pod that was looked at, or empty for all.
func (p *pleg) notify(uid types.UID) {
	waiting := p.waiting
	p.waiting = nil
	for _, w := range waiting {
		if uid != "" && w.uid != uid {
			p.waiting = append(p.waiting, w)
			continue
		}
		s := p.cache[w.uid]
		if s == nil {
			s = &seen{}
		}
		w.resume(&s.status)
	}
}
