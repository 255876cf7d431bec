package apiserver

import (
	"context"
	"time"

	"terrarium/sim/api"
)

// Waiter is how a handler waits. Handlers run with the cluster's lock held and give it up only in Wait, and while they
// read from or write to the client.
type Waiter interface {
	// Wait returns when signal was called, ctx is done or d has passed (virtual time; d <= 0: no limit). The error is
	// that of ctx.
	Wait(ctx context.Context, signal <-chan struct{}, d time.Duration) error
	Lock()
	Unlock()
}

type waiterKey struct{}

// WithWaiter gives the handlers of a request their Waiter. Without one they do not wait: a watch ends with what there
// is.
func WithWaiter(ctx context.Context, w Waiter) context.Context {
	return context.WithValue(ctx, waiterKey{}, w)
}

func waiterOf(ctx context.Context) Waiter {
	w, _ := ctx.Value(waiterKey{}).(Waiter)
	return w
}

// unlocked runs f, which talks to the client, with the cluster's lock given up.
func unlocked(ctx context.Context, f func()) {
	if w := waiterOf(ctx); w != nil {
		w.Unlock()
		defer w.Lock()
	}
	f()
}

type userKey struct{}

// WithUser says who a request is from. Without it a bearer token does; otherwise it is from nobody.
func WithUser(ctx context.Context, u api.User) context.Context {
	return context.WithValue(ctx, userKey{}, u)
}

// Authenticator knows the bearers of tokens.
type Authenticator interface {
	// Authenticate is the user that a token stands for; ok is false where it stands for none.
	Authenticate(token string) (user api.User, ok bool)
}

// Anonymous is who asks without saying who.
func Anonymous() api.User {
	return api.User{Name: "system:anonymous", Groups: []string{"system:unauthenticated"}}
}
