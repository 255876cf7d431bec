//go:build js

package main

import (
	"net/http"
	"strings"
	"syscall/js"
)

// kept serves a handler to package workers in such a way that one program can answer many requests. Package workers
// ends its program when a response's body was read, unless the body is a stream of JavaScript: so each response gets
// one, and the handler writes into it for as long as it likes (a watch).
type kept struct{ handler http.Handler }

// rawBody is what package workers' ResponseWriter can do besides.
type rawBody interface{ WriteRawJSBody(body js.Value) }

func (k kept) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Package workers takes header values apart at each comma, as those of Accept are not meant to be.
	for name, values := range r.Header {
		r.Header[name] = []string{strings.Join(values, ",")}
	}
	r.RequestURI = r.URL.RequestURI()
	b := newBody(r.Context())
	go func() {
		defer b.end()
		k.handler.ServeHTTP(b, r.WithContext(b.ctx))
	}()
	<-b.begun
	for name, values := range b.sent {
		w.Header()[name] = values
	}
	w.(rawBody).WriteRawJSBody(b.stream)
	w.WriteHeader(b.status)
}
