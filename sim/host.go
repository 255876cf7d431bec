package sim

import (
	"context"
	"net/http"
	"time"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
)

// AdminHandler is Handler for a host whose every client is the cluster's administrator, as through `kubectl proxy`:
// who brings no token of their own is kubernetes-admin.
func (c *Cluster) AdminHandler() http.Handler {
	h, user := c.Handler(), api.User{Name: admin.CommonName, Groups: append(admin.Organization, "system:authenticated")}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			r = r.WithContext(apiserver.WithUser(r.Context(), user))
		}
		h.ServeHTTP(w, r)
	})
}

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
