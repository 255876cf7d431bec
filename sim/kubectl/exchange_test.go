package kubectl_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"time"
)

// An exchange is a line of a *.jsonl: the start of a command, or one request of it with its answer.
type exchange struct {
	Command string    `json:"command,omitempty"`
	Now     time.Time `json:"now,omitzero"`

	Verb     string   `json:"verb,omitempty"`
	Path     string   `json:"path,omitempty"` // with the query
	Sent     string   `json:"sent,omitempty"`
	Status   int      `json:"status,omitempty"`
	Type     string   `json:"type,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Body     string   `json:"body,omitempty"`
}

// newExchange is the asking half of an exchange; req can still be sent.
func newExchange(req *http.Request) (exchange, error) {
	e := exchange{Verb: req.Method, Path: req.URL.RequestURI()}
	if req.Body != nil {
		sent, err := io.ReadAll(req.Body)
		if err != nil {
			return e, err
		}
		e.Sent = string(sent)
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	return e, nil
}

func loadExchanges(name string) ([]exchange, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []exchange
	dec := json.NewDecoder(bufio.NewReader(f))
	for dec.More() {
		var e exchange
		if err := dec.Decode(&e); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func saveExchanges(name string, list []exchange) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, e := range list {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
