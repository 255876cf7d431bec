package loop

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim/chance"
	"terrarium/sim/clock"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestKeysRunInOrderOnce(t *testing.T) {
	c := clock.New(start)
	var got []string
	l := New(c, chance.New(1), "test", func(key string) (time.Duration, error) {
		got = append(got, key)
		return 0, nil
	})
	for _, key := range []string{"b", "a", "b", "c"} {
		l.Add(key)
	}
	if len(got) > 0 {
		t.Fatal("a step ran inside Add")
	}
	c.Advance(time.Second)
	if diff := cmp.Diff([]string{"b", "a", "c"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAddInsideAStepRunsAgain(t *testing.T) {
	c := clock.New(start)
	steps := 0
	var l *Loop
	l = New(c, chance.New(1), "test", func(key string) (time.Duration, error) {
		if steps++; steps < 3 {
			l.Add(key)
		}
		return 0, nil
	})
	l.Add("a")
	c.Advance(time.Second)
	if steps != 3 {
		t.Errorf("%d steps, want 3", steps)
	}
}

func TestEarliestInstantCounts(t *testing.T) {
	c := clock.New(start)
	var at []time.Duration
	l := New(c, chance.New(1), "test", func(string) (time.Duration, error) {
		at = append(at, c.Since(start).Truncate(time.Second))
		return 0, nil
	})
	l.AddAfter("a", 10*time.Second)
	l.AddAfter("a", 3*time.Second)
	l.AddAfter("a", 20*time.Second)
	c.Advance(time.Minute)
	l.AddAfter("a", time.Hour)
	l.Add("a")
	c.Advance(2 * time.Hour)
	if diff := cmp.Diff([]time.Duration{3 * time.Second, time.Minute}, at); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsBackOff(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		0:  5 * time.Millisecond,
		1:  10 * time.Millisecond,
		10: 5120 * time.Millisecond,
		17: 655360 * time.Millisecond,
		18: 1000 * time.Second,
		90: 1000 * time.Second,
	} {
		if got := backOff(failures); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}

	c := clock.New(start)
	steps := 0
	var l *Loop
	l = New(c, chance.New(1), "test", func(string) (time.Duration, error) {
		if steps++; steps < 4 {
			return 0, errors.New("not yet")
		}
		return time.Hour, nil
	})
	l.Add("a")
	c.Advance(time.Second)
	if steps != 4 || l.Failures("a") != 0 {
		t.Errorf("%d steps and %d failures, want 4 and 0", steps, l.Failures("a"))
	}
	c.Advance(time.Hour)
	if steps != 5 {
		t.Errorf("%d steps, want the fifth an hour later", steps)
	}
}

func TestStop(t *testing.T) {
	c := clock.New(start)
	l := New(c, chance.New(1), "test", func(string) (time.Duration, error) {
		t.Error("a step ran after Stop")
		return 0, nil
	})
	l.Add("a")
	l.AddAfter("b", time.Second)
	l.Stop()
	l.Add("c")
	c.Advance(time.Hour)
}
