//go:build js

package main

import (
	"context"
	"net/http"
	"sync"
	"syscall/js"
)

// body is a response as the handler writes it: status and headers, and a ReadableStream that is fed.
type body struct {
	ctx    context.Context // ends where nobody reads the stream any more
	cancel context.CancelFunc
	begun  chan struct{} // closed when status and sent are known
	once   sync.Once

	header, sent http.Header
	status       int

	stream, controller js.Value
	callbacks          [2]js.Func
	gone               bool
}

func newBody(ctx context.Context) *body {
	b := &body{begun: make(chan struct{}), header: http.Header{}}
	b.ctx, b.cancel = context.WithCancel(ctx)
	b.callbacks[0] = js.FuncOf(func(_ js.Value, args []js.Value) any {
		b.controller = args[0]
		return nil
	})
	b.callbacks[1] = js.FuncOf(func(js.Value, []js.Value) any {
		b.gone = true
		b.cancel()
		return nil
	})
	b.stream = js.Global().Get("ReadableStream").New(map[string]any{"start": b.callbacks[0], "cancel": b.callbacks[1]})
	return b
}

func (b *body) Header() http.Header { return b.header }

func (b *body) WriteHeader(status int) {
	b.once.Do(func() {
		b.status, b.sent = status, b.header.Clone()
		close(b.begun)
	})
}

func (b *body) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	if b.gone {
		return 0, context.Canceled
	}
	if len(p) > 0 {
		chunk := js.Global().Get("Uint8Array").New(len(p))
		js.CopyBytesToJS(chunk, p)
		b.controller.Call("enqueue", chunk)
	}
	return len(p), nil
}

// Flush implements http.Flusher: what was written is on its way already.
func (b *body) Flush() { b.WriteHeader(http.StatusOK) }

func (b *body) end() {
	b.WriteHeader(http.StatusOK)
	b.cancel()
	if !b.gone {
		b.controller.Call("close")
	}
	// The stream may still call its callbacks in this turn of the event loop.
	b.callbacks[0].Release()
}
