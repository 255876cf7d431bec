package clock_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"terrarium/sim/clock"
)

func TestOrder(t *testing.T) {
	start := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	c := clock.New(start)
	var got []string
	say := func(s string) func() {
		return func() { got = append(got, fmt.Sprintf("%s@%s", s, c.Since(start))) }
	}
	c.After(2*time.Second, say("b"))
	c.After(time.Second, say("a"))
	c.After(2*time.Second, say("c"))
	stopped := c.After(time.Second, say("never"))
	c.After(time.Second, func() {
		say("d")()
		c.After(-time.Hour, say("e"))
	})
	if !stopped.Stop() || stopped.Stop() {
		t.Error("Stop reports whether the entry was queued")
	}
	c.Advance(3 * time.Second)
	want := "a@1s d@1s e@1s b@2s c@2s"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("ran %s, want %s", s, want)
	}
	if c.Since(start) != 3*time.Second || c.Len() != 0 {
		t.Errorf("clock at %s with %d entries", c.Since(start), c.Len())
	}
}

func TestStepKeepsToTheLimit(t *testing.T) {
	c := clock.New(time.Unix(0, 0))
	c.After(time.Minute, func() {})
	if c.Step(time.Unix(59, 0)) {
		t.Error("stepped past the limit")
	}
	if at, ok := c.Next(); !ok || !at.Equal(time.Unix(60, 0)) {
		t.Errorf("next entry at %v, %v", at, ok)
	}
}
