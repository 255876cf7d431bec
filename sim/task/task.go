// Package task runs cooperating tasks on virtual time, one at a time: a task has the whole machine to itself until it
// waits. It knows nothing of shells, clusters or wall-clock time.
//
// It is how programs that block (a shell, its pipelines and background jobs, kubectl in front of a watch) live on a
// clock that is stepped. Tasks are coroutines: they run on the goroutine of the host that calls Run, AdvanceTo or
// Until, in the order in which they became ready, so the same input gives the same bytes and nothing needs a lock. A
// task that only computes says so with Spend and thereby gives others, and the host, their turn.
//
// A Scheduler is not safe for concurrent use: one host goroutine drives it and the clock.
package task

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"time"

	"terrarium/sim/clock"
)

// ErrClosed is what every wait returns after Close.
var ErrClosed = errors.New("the machine has been switched off")

// Quantum is the processor time that a task may use up in Spend before it gives way.
const Quantum = time.Millisecond

// A task that computes for longer than a second is simulated more coarsely, so that an endless loop in some container
// does not keep the host busy for as long as it lasts.
const (
	patience = 1000 // quanta
	coarser  = 100
)

// Scheduler holds the tasks that are ready and those that wait.
type Scheduler struct {
	clock   *clock.Clock
	ready   []*Task
	waiting []*Task // in the order in which they began to wait
	current *Task
	closed  bool
}

// New returns a scheduler without tasks on c.
func New(c *clock.Clock) *Scheduler { return &Scheduler{clock: c} }

// A Task is one coroutine.
type Task struct {
	resume func() (struct{}, bool)
	yield  func(struct{}) bool

	wait  wait
	gate  *Gate
	done  bool
	spent time.Duration
	burst int // quanta spent since it last waited for something else
}

// Done reports whether the task's function has returned.
func (t *Task) Done() bool { return t.done }

// A Gate holds the tasks that stand behind it while it is shut: what they wait for happens, and they go on when it is
// opened. A task stands behind the gate of the one that started it.
type Gate struct{ shut bool }

// Shut stops the tasks; Open lets them go on.
func (g *Gate) Shut() { g.shut = true }
func (g *Gate) Open() { g.shut = false }

// NewGate puts the task, and those that it starts from now on, behind a gate of their own.
func (t *Task) NewGate() *Gate {
	t.gate = &Gate{}
	return t.gate
}

func (t *Task) held() bool { return t.gate != nil && t.gate.shut }

// wait is what a parked task waits for; each field that is set can end it.
type wait struct {
	ctx    context.Context
	signal <-chan struct{}
	until  func() bool
	timer  *clock.Timer
	due    bool
}

func (w *wait) over() bool {
	if w.due || w.ctx.Err() != nil {
		return true
	}
	if w.until != nil && w.until() {
		return true
	}
	if w.signal != nil {
		select {
		case <-w.signal:
			return true
		default:
		}
	}
	return false
}

// Panic is what a panic of a task becomes on its way to the host: with the stack of where it began.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Go adds a task that runs f, ready behind those that are ready already. f never runs inside Go.
func (s *Scheduler) Go(f func()) *Task {
	t := &Task{}
	if s.current != nil {
		t.gate = s.current.gate
	}
	t.resume, _ = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		defer func() {
			if v := recover(); v != nil {
				if _, ok := v.(*Panic); !ok {
					v = &Panic{v, debug.Stack()}
				}
				panic(v)
			}
		}()
		f()
	})
	s.ready = append(s.ready, t)
	return t
}

// Now is the present virtual instant.
func (s *Scheduler) Now() time.Time { return s.clock.Now() }

// Current is the running task; nil where the caller is none.
func (s *Scheduler) Current() *Task { return s.current }

// Running reports whether the caller is a task.
func (s *Scheduler) Running() bool { return s.current != nil }

// Lock and Unlock do nothing: the running task has the machine to itself until it waits. They are there for
// interfaces that are also met by a mutex.
func (s *Scheduler) Lock()   {}
func (s *Scheduler) Unlock() {}

// Sleep parks the running task for d of virtual time; a d that is not positive only gives way to the tasks that are
// ready. It returns ctx's error where that ends first.
func (s *Scheduler) Sleep(ctx context.Context, d time.Duration) error {
	w := wait{ctx: ctx}
	if d <= 0 {
		w.due = true
	}
	return s.park(w, d)
}

// Wait parks the running task until signal can be received from, ctx is done (its error is returned) or d of virtual
// time has passed; d <= 0 sets no limit.
func (s *Scheduler) Wait(ctx context.Context, signal <-chan struct{}, d time.Duration) error {
	return s.park(wait{ctx: ctx, signal: signal}, d)
}

// WaitOr is Wait that ends also where ready, which must be cheap and free of effects, returns true; the signal is then
// not received.
func (s *Scheduler) WaitOr(ctx context.Context, signal <-chan struct{}, ready func() bool, d time.Duration) error {
	return s.park(wait{ctx: ctx, signal: signal, until: ready}, d)
}

// WaitUntil parks the running task until ready, which must be cheap and free of effects, returns true, or ctx is done.
// Where ready is true at once, the task runs on.
func (s *Scheduler) WaitUntil(ctx context.Context, ready func() bool) error {
	if err := s.err(ctx); err != nil {
		return err
	}
	if ready() {
		return nil
	}
	return s.park(wait{ctx: ctx, until: ready}, 0)
}

// Spend adds d of processor time to the running task's account; each Quantum of it passes as virtual time, in which
// others run. It returns ctx's error where that is done, so that a loop which spends can be interrupted.
func (s *Scheduler) Spend(ctx context.Context, d time.Duration) error {
	t := s.current
	if t == nil {
		return s.err(ctx)
	}
	if t.spent += d; t.spent < Quantum {
		return s.err(ctx)
	}
	d, t.spent = t.spent, 0
	if t.burst++; t.burst > patience {
		d *= coarser
	}
	burst := t.burst
	err := s.Sleep(ctx, d)
	t.burst = burst
	return err
}

func (s *Scheduler) err(ctx context.Context) error {
	if s.closed {
		return ErrClosed
	}
	return ctx.Err()
}

func (s *Scheduler) park(w wait, d time.Duration) error {
	if err := s.err(w.ctx); err != nil {
		return err
	}
	if s.current == nil {
		return s.drive(w, d)
	}
	t := s.current
	t.wait, t.burst = w, 0
	if d > 0 {
		t.wait.timer = s.clock.After(d, func() { t.wait.due = true })
	}
	s.waiting = append(s.waiting, t)
	t.yield(struct{}{})
	t.wait.timer.Stop()
	t.wait = wait{}
	return s.err(w.ctx)
}

// drive is park for a caller that is no task: it runs the machine itself until the wait is over.
func (s *Scheduler) drive(w wait, d time.Duration) error {
	var timer *clock.Timer
	if d > 0 {
		timer = s.clock.After(d, func() { w.due = true })
	}
	defer timer.Stop()
	if !s.Until(w.over) {
		return errors.New("nothing is left that could end this wait")
	}
	return s.err(w.ctx)
}

// poll moves the tasks whose wait is over to the ready ones.
func (s *Scheduler) poll() {
	kept := s.waiting[:0]
	for _, t := range s.waiting {
		if s.closed || !t.held() && t.wait.over() {
			s.ready = append(s.ready, t)
		} else {
			kept = append(kept, t)
		}
	}
	clear(s.waiting[len(kept):])
	s.waiting = kept
}

// step runs the first ready task until it waits; false where none is ready.
func (s *Scheduler) step() bool {
	s.poll()
	if len(s.ready) == 0 {
		return false
	}
	t := s.ready[0]
	s.ready[0] = nil
	s.ready = s.ready[1:]
	if t.held() && !s.closed { // its gate was shut while it stood in line
		t.wait.due = true
		s.waiting = append(s.waiting, t)
		return true
	}
	s.current = t
	defer func() { s.current = nil }()
	if _, more := t.resume(); !more {
		t.done = true
	}
	return true
}

// Run runs tasks until each waits or pause, asked between two turns (nil: never), returns true. It reports whether a
// task is still ready. Time does not pass.
func (s *Scheduler) Run(pause func() bool) (more bool) {
	for s.step() {
		if pause != nil && pause() {
			s.poll()
			return len(s.ready) > 0
		}
	}
	return false
}

// AdvanceTo moves the clock to t, running on the way what is due and every task that becomes ready. Where pause
// (nil: never) returns true it stops early and returns false; the clock then stands where it has come to.
func (s *Scheduler) AdvanceTo(t time.Time, pause func() bool) (arrived bool) {
	for {
		if s.Run(pause) {
			return false
		}
		if !s.clock.Step(t) {
			break
		}
		if pause != nil && pause() {
			return false
		}
	}
	s.clock.AdvanceTo(t)
	return true
}

// Until runs tasks, and lets time jump whenever all of them wait, until done returns true. It returns false where
// nothing is left that could happen.
func (s *Scheduler) Until(done func() bool) bool {
	for !done() {
		if s.step() {
			continue
		}
		if done() {
			break
		}
		at, ok := s.clock.Next()
		if !ok {
			return false
		}
		s.clock.Step(at)
	}
	return true
}

// Close ends every wait with ErrClosed and runs the tasks until they have returned, so that none of them is left
// behind. A task that goes on without waiting or spending cannot be ended.
func (s *Scheduler) Close() {
	s.closed = true
	for s.step() {
	}
}
