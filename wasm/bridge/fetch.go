package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
)

// fetch answers an HTTP request through the cluster's handler; the body follows the answer as `body` events.
func (s *session) fetch(ctx context.Context, f Frame) error {
	d := decode[struct {
		Method, URL string
		Headers     [][2]string
	}](f)
	req, err := http.NewRequestWithContext(ctx, d.Method, d.URL, bytes.NewReader(f.Bytes))
	if err != nil {
		return err
	}
	for _, h := range d.Headers {
		req.Header.Add(h[0], h[1])
	}
	req.RequestURI = req.URL.RequestURI()
	s.pace.sync()
	w := &responseWriter{id: f.ID, send: s.bridge.send, header: http.Header{}}
	s.cluster.Handler().ServeHTTP(w, req)
	w.end(ctx.Err())
	s.changed()
	return errAnswered
}

// bodyPiece is how much of a body is gathered before it is sent without being flushed.
const bodyPiece = 64 << 10

// responseWriter sends a response as frames. It implements http.Flusher, as watches need.
type responseWriter struct {
	id     int
	send   func(Frame)
	header http.Header
	begun  bool
	body   []byte
}

func (w *responseWriter) Header() http.Header { return w.header }

func (w *responseWriter) WriteHeader(status int) {
	if w.begun {
		return
	}
	w.begun = true
	headers := [][2]string{}
	for name, values := range w.header {
		for _, v := range values {
			headers = append(headers, [2]string{name, v})
		}
	}
	data, _ := json.Marshal(map[string]any{"status": status, "headers": headers})
	w.send(Frame{Type: "ok", ID: w.id, Data: data})
}

func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body = append(w.body, p...)
	if len(w.body) >= bodyPiece {
		w.Flush()
	}
	return len(p), nil
}

func (w *responseWriter) Flush() {
	w.WriteHeader(http.StatusOK)
	if len(w.body) > 0 {
		w.send(Frame{Type: "body", ID: w.id, Bytes: w.body})
		w.body = nil
	}
}

func (w *responseWriter) end(err error) {
	w.Flush()
	data := map[string]any{"end": true}
	if err != nil {
		data["error"] = err.Error()
	}
	f := event("body", data, nil)
	f.ID = w.id
	w.send(f)
}
