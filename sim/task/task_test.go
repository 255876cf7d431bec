package task

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"terrarium/sim/clock"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

type record struct {
	s     *Scheduler
	lines []string
}

func (r *record) say(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf("%v ", r.s.Now().Sub(start))+fmt.Sprintf(format, args...))
}

func (r *record) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := strings.Join(r.lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

func TestTasksTakeTurnsAndTimeJumps(t *testing.T) {
	s := New(clock.New(start))
	r := &record{s: s}
	ctx := context.Background()
	for _, name := range []string{"a", "b"} {
		s.Go(func() {
			r.say("%s starts", name)
			s.Sleep(ctx, time.Second)
			r.say("%s goes on", name)
			s.Sleep(ctx, 0)
			r.say("%s ends", name)
		})
	}
	if s.Until(func() bool { return false }) {
		t.Error("Until reports that an impossible condition came true")
	}
	r.expect(t, "0s a starts", "0s b starts", "1s a goes on", "1s a ends", "1s b goes on", "1s b ends")
}

func TestWaitEndsBySignalTimeOrContext(t *testing.T) {
	s := New(clock.New(start))
	r := &record{s: s}
	ctx, cancel := context.WithCancel(context.Background())
	signal := make(chan struct{}, 1)
	full := false
	s.Go(func() { r.say("signal %v", s.Wait(ctx, signal, 0)) })
	s.Go(func() { r.say("limit %v", s.Wait(ctx, nil, 3*time.Second)) })
	s.Go(func() { r.say("context %v", s.Wait(ctx, nil, time.Hour)) })
	s.Go(func() { r.say("condition %v", s.WaitUntil(ctx, func() bool { return full })) })
	s.Go(func() {
		s.Sleep(ctx, time.Second)
		full = true
		s.Sleep(ctx, time.Second)
		signal <- struct{}{}
		s.Sleep(ctx, 2*time.Second)
		cancel()
	})
	s.Until(func() bool { return false })
	r.expect(t, "1s condition <nil>", "2s signal <nil>", "3s limit <nil>", "4s context context canceled")
}

func TestSpendLetsOthersInterruptALoop(t *testing.T) {
	s := New(clock.New(start))
	r := &record{s: s}
	ctx, cancel := context.WithCancel(context.Background())
	s.Go(func() {
		for s.Spend(ctx, 10*time.Microsecond) == nil {
		}
		r.say("interrupted")
	})
	s.Go(func() {
		s.Sleep(context.Background(), 8*time.Second)
		cancel()
	})
	s.Until(func() bool { return false })
	r.expect(t, "8s interrupted")
}

func TestRunPausesAndAdvanceToStopsInTime(t *testing.T) {
	s := New(clock.New(start))
	ctx := context.Background()
	turns := 0
	s.Go(func() {
		for {
			turns++
			if s.Sleep(ctx, 0) != nil {
				return
			}
		}
	})
	if more := s.Run(func() bool { return turns >= 3 }); !more || turns != 3 {
		t.Errorf("more %v after %d turns", more, turns)
	}
	s.Close()
	if s.Run(nil) {
		t.Error("a task is ready after Close")
	}

	s = New(clock.New(start))
	r := &record{s: s}
	s.Go(func() {
		for range 3 {
			s.Sleep(ctx, time.Second)
			r.say("tick")
		}
	})
	s.AdvanceTo(start.Add(2500*time.Millisecond), nil)
	r.say("host")
	r.expect(t, "1s tick", "2s tick", "2.5s host")
}

func TestSleepOutsideATaskDrivesTheMachine(t *testing.T) {
	s := New(clock.New(start))
	r := &record{s: s}
	s.Go(func() { s.Sleep(context.Background(), time.Second); r.say("task") })
	if err := s.Sleep(context.Background(), 2*time.Second); err != nil {
		t.Error(err)
	}
	r.say("caller")
	r.expect(t, "1s task", "2s caller")
}
