package sim

import (
	"context"
	"net/http"
	"time"

	"terrarium/sim/apiserver"
)

// host serves requests that come on goroutines of their own: each holds the cluster's lock while it works and gives
// it up while it waits. Virtual time is moved by somebody else.
type host struct{ c *Cluster }

func (h host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.c.mu.Lock()
	defer h.c.mu.Unlock()
	defer h.c.tasks.Run(nil) // what the request has made ready
	h.c.server.ServeHTTP(w, r.WithContext(apiserver.WithWaiter(r.Context(), h)))
}

func (h host) Lock()   { h.c.mu.Lock() }
func (h host) Unlock() { h.c.mu.Unlock() }

// Wait implements apiserver.Waiter.
func (h host) Wait(ctx context.Context, signal <-chan struct{}, d time.Duration) error {
	var due chan struct{}
	if d > 0 {
		due = make(chan struct{})
		timer := h.c.clock.After(d, func() { close(due) })
		defer timer.Stop()
	}
	h.c.mu.Unlock()
	defer h.c.mu.Lock()
	select {
	case <-signal:
	case <-due:
	case <-ctx.Done():
	}
	return ctx.Err()
}
