package bridge

import (
	"sync"
	"time"
)

const (
	// tick is how often the cluster is looked after while a command runs: within one frame of the screen.
	tick = 15 * time.Millisecond
	// rest is the longest sleep while nothing is due.
	rest = 500 * time.Millisecond
	// suspended is a gap of the wall clock that is taken for a computer that slept, and not followed.
	suspended = 5 * time.Second
	// slice is how much virtual time is advanced at once while nobody computes, busySlice while a command may; after
	// effort of wall clock the event loop gets a turn.
	slice     = 50 * time.Millisecond
	busySlice = 5 * time.Millisecond
	effort    = 10 * time.Millisecond
	// behind is how much work for one step is worth: where a tab cannot keep up, its virtual time goes slower.
	behind = 200 * time.Millisecond
)

// pace lets a cluster's virtual time follow the wall clock, faster by a factor.
type pace struct {
	cluster Cluster
	busy    func() bool // a command runs
	yield   func()
	after   func(moved bool) // after each step; moved where something was due

	step sync.Mutex // held by who moves time

	mu     sync.Mutex
	factor float64
	last   time.Time // wall clock up to which virtual time has followed
	nudge  chan struct{}
	stop   chan struct{}
}

func newPace(c Cluster, busy func() bool, yield func(), after func(bool)) *pace {
	return &pace{cluster: c, busy: busy, yield: yield, after: after, factor: 1, last: time.Now(),
		nudge: make(chan struct{}, 1), stop: make(chan struct{})}
}

// run follows the wall clock until close.
func (p *pace) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-timer.C:
		case <-p.nudge:
		}
		p.after(p.sync())
		timer.Reset(p.wait())
	}
}

// wait is how long nothing needs to be done.
func (p *pace) wait() time.Duration {
	if p.busy() {
		return tick
	}
	factor := p.speed()
	next, ok := p.cluster.Next()
	if !ok || factor == 0 {
		return rest
	}
	d := time.Duration(float64(next.Sub(p.cluster.Now())) / factor)
	return min(max(d, tick), rest)
}

// sync brings virtual time up to the wall clock and reports whether something was due on the way. Where somebody is at
// that already it returns at once, so that keys need not wait for what they are to interrupt.
func (p *pace) sync() (moved bool) {
	if !p.step.TryLock() {
		return false
	}
	defer p.step.Unlock()
	d, most := p.take(), slice
	if p.busy() {
		most = busySlice
	}
	now := p.cluster.Now()
	end := now.Add(d)
	begun := time.Now()
	for turn := begun; now.Before(end); now = p.cluster.Now() {
		next, ok := p.cluster.Next()
		if !ok || next.After(end) {
			p.cluster.Advance(end.Sub(now))
			break
		}
		moved = true
		p.cluster.Advance(min(end.Sub(now), max(most, next.Sub(now))))
		if time.Since(turn) > effort {
			p.yield()
			turn = time.Now()
		}
		if time.Since(begun) > behind {
			p.forgive()
			break
		}
	}
	return moved
}

// forgive gives up what could not be followed of the wall clock.
func (p *pace) forgive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = time.Now()
}

// take is the virtual time that has become due since it was last asked.
func (p *pace) take() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	gap := now.Sub(p.last)
	p.last = now
	if gap > suspended {
		gap = suspended
	}
	return time.Duration(float64(gap) * p.factor)
}

func (p *pace) speed() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.factor
}

// maxFactor keeps an eager caller from asking for more than a tab can compute.
const maxFactor = 1000

func (p *pace) setFactor(f float64) {
	p.sync()
	p.mu.Lock()
	p.factor = bounded(f)
	p.mu.Unlock()
	p.hurry()
}

func bounded(f float64) float64 { return min(max(f, 0), maxFactor) }

// hurry looks after the cluster soon: something may have become due.
func (p *pace) hurry() {
	select {
	case p.nudge <- struct{}{}:
	default:
	}
}

func (p *pace) close() { close(p.stop) }
