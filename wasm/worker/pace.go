//go:build js

package main

import (
	"net/http"
	"sync"
	"time"

	"terrarium/sim"
)

const (
	// tick is how often virtual time is brought up to the wall clock while somebody waits for an answer (a watch).
	tick = 50 * time.Millisecond
	// longest is how much of a time without requests is caught up with; what is beyond did not happen.
	longest = 10 * time.Minute
)

// pace lets a cluster's virtual time follow the wall clock. Between requests nothing runs, so each catches up first.
type pace struct {
	cluster *sim.Cluster
	handler http.Handler

	mu   sync.Mutex
	last time.Time
	open int // requests that are being answered
}

func paced(c *sim.Cluster, h http.Handler) *pace {
	return &pace{cluster: c, handler: h, last: time.Now()}
}

func (p *pace) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.follow()
	if p.enter(1) == 1 {
		go p.run()
	}
	defer p.enter(-1)
	p.handler.ServeHTTP(w, r)
}

func (p *pace) enter(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open += n
	return p.open
}

func (p *pace) run() {
	for p.enter(0) > 0 {
		time.Sleep(tick)
		p.follow()
	}
}

func (p *pace) follow() {
	p.mu.Lock()
	now := time.Now()
	d := min(now.Sub(p.last), longest)
	p.last = now
	p.mu.Unlock()
	p.cluster.Advance(d)
}
