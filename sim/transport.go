package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"
)

// door is an http.RoundTripper that serves requests in process: the handler runs as a coroutine of whoever reads the
// response, so that nothing is concurrent and a watch that has nothing to say lets virtual time pass.
type door struct {
	handler http.Handler
	// wait is how the reader waits where the handler waits, or until there is something to read.
	wait func(ctx context.Context, signal <-chan struct{}, ready func() bool, d time.Duration) error
	now  func() time.Time
	// context prepares the handler's context: who asks, and how it waits.
	context func(ctx context.Context, w waitFunc) context.Context
}

// waitFunc waits for a signal, for d of virtual time (d <= 0: no limit) or for the end of ctx.
type waitFunc func(ctx context.Context, signal <-chan struct{}, d time.Duration) error

// Wait, Lock and Unlock make a waitFunc what the API server's handler asks for; the reader holds the lock already.
func (f waitFunc) Wait(ctx context.Context, signal <-chan struct{}, d time.Duration) error {
	return f(ctx, signal, d)
}
func (waitFunc) Lock()   {}
func (waitFunc) Unlock() {}

// turn is why the handler gave way to the reader: it has written, or it waits.
type turn struct {
	waits  bool
	ctx    context.Context
	signal <-chan struct{}
	d      time.Duration
}

// conversation is one request and its response.
type conversation struct {
	door   *door
	next   func() (turn, bool)
	stop   func()
	header http.Header // as the handler fills it
	sent   http.Header // as it stood at WriteHeader
	status int
	buffer bytes.Buffer
	waited error // what the last wait brought
	waits  *turn // the handler's wait, where something was written meanwhile
	until  time.Time
	within bool // the handler runs
	ended  bool
	yield  func(turn) bool
}

var errGone = errors.New("the reader has gone away")

// RoundTrip implements http.RoundTripper.
func (d *door) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	c := &conversation{door: d, header: http.Header{}}
	in := r.Clone(d.context(r.Context(), c.wait))
	in.RequestURI = r.URL.RequestURI()
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	c.next, c.stop = iter.Pull(func(yield func(turn) bool) {
		c.yield = yield
		d.handler.ServeHTTP(c, in)
	})
	for c.status == 0 && !c.ended {
		if err := c.proceed(); err != nil {
			c.stop()
			return nil, err
		}
	}
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	return &http.Response{
		Status: http.StatusText(c.status), StatusCode: c.status,
		Proto: "HTTP/2.0", ProtoMajor: 2,
		Header: c.sent, Body: c, ContentLength: -1, Request: r,
	}, nil
}

// proceed lets the handler run until it gives way, and waits for it where it waits.
func (c *conversation) proceed() error {
	if c.waits == nil {
		c.within = true
		t, more := c.next()
		c.within = false
		if !more {
			c.ended = true
			return nil
		}
		if !t.waits {
			return nil
		}
		c.waits, c.until = &t, c.door.now().Add(t.d)
	}
	t := *c.waits
	d := t.d
	if d > 0 {
		d = max(1, c.until.Sub(c.door.now()))
	}
	before := c.buffer.Len()
	c.waited = c.door.wait(t.ctx, t.signal, func() bool { return c.buffer.Len() > before }, d)
	// What others have written while the handler waited goes to the reader first, and the handler waits on.
	if c.waited == nil && c.buffer.Len() > before && (t.d <= 0 || c.door.now().Before(c.until)) {
		return nil
	}
	c.waits = nil
	return nil
}

// wait is the handler's: it gives way to the reader, who waits in its place.
func (c *conversation) wait(ctx context.Context, signal <-chan struct{}, d time.Duration) error {
	if !c.yield(turn{waits: true, ctx: ctx, signal: signal, d: d}) {
		return errGone
	}
	return c.waited
}

// Header implements http.ResponseWriter.
func (c *conversation) Header() http.Header { return c.header }

// WriteHeader implements http.ResponseWriter.
func (c *conversation) WriteHeader(status int) {
	if c.status == 0 {
		c.status, c.sent = status, c.header.Clone()
	}
}

// Write implements http.ResponseWriter.
func (c *conversation) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.buffer.Write(p)
}

// Flush implements http.Flusher: the reader gets what was written.
func (c *conversation) Flush() {
	c.WriteHeader(http.StatusOK)
	if c.within {
		c.yield(turn{})
	}
}

// Read implements the response's body.
func (c *conversation) Read(p []byte) (int, error) {
	for c.buffer.Len() == 0 && !c.ended {
		if err := c.proceed(); err != nil {
			return 0, err
		}
		if c.buffer.Len() == 0 && c.waited != nil && c.waited != errGone && c.ended {
			return 0, c.waited
		}
	}
	if c.buffer.Len() == 0 {
		return 0, io.EOF
	}
	return c.buffer.Read(p)
}

// Close implements the response's body; a handler that has not ended is told that its reader has gone away.
func (c *conversation) Close() error {
	if !c.ended {
		c.ended = true
		c.stop()
	}
	return nil
}
