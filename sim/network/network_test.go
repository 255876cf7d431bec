package network

import (
	"testing"

	"terrarium/sim/chance"
)

func TestPodsComeInOrder(t *testing.T) {
	p, err := NewPods("10.244.1.0/29") // .2 to .6 are for pods
	if err != nil {
		t.Fatal(err)
	}
	next := func(want string) {
		t.Helper()
		if got, _ := p.Allocate(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	next("10.244.1.2")
	next("10.244.1.3")
	p.Release("10.244.1.2")
	next("10.244.1.4")
	next("10.244.1.5")
	next("10.244.1.6")
	next("10.244.1.2")
	next("")
	p.Release("10.244.1.4")
	next("10.244.1.4")
}

func TestServices(t *testing.T) {
	s, err := NewServices("10.96.0.0/28", chance.New(1))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Take("10.96.0.1") || s.Take("10.96.0.1") || s.Take("10.97.0.1") {
		t.Error("Take does not tell free, used and foreign addresses apart")
	}
	seen := map[string]bool{"10.96.0.1": true}
	for range 13 {
		ip, ok := s.Allocate()
		if !ok || seen[ip] || !s.Contains(ip) {
			t.Fatalf("%q %v after %v", ip, ok, seen)
		}
		seen[ip] = true
	}
	if ip, ok := s.Allocate(); ok {
		t.Errorf("one more than there are: %q", ip)
	}
	s.Release("10.96.0.1")
	if ip, _ := s.Allocate(); ip != "10.96.0.1" {
		t.Errorf("the one that is free: %q", ip)
	}
}
