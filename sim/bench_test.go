package sim_test

import (
	"context"
	"testing"
	"time"

	"terrarium/sim"
)

// BenchmarkNew is what a page waits for before its first prompt.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		c, err := sim.New(sim.Config{Seed: 1})
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}

// BenchmarkGetNodes is one `kubectl get nodes`.
func BenchmarkGetNodes(b *testing.B) {
	c, err := sim.New(sim.Config{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for b.Loop() {
		if r, err := c.Exec(context.Background(), "kubectl get nodes"); err != nil || r.Exit != 0 {
			b.Fatal(err, r)
		}
	}
}

// BenchmarkIdleHour is an hour in which nothing happens.
func BenchmarkIdleHour(b *testing.B) {
	c, err := sim.New(sim.Config{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for b.Loop() {
		c.Advance(time.Hour)
	}
}
