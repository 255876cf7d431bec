// Package bridge answers the page's frames with a cluster, and keeps its virtual time beside the wall clock.
//
// It knows neither JavaScript nor what a cluster does: frames come in by Receive and go out by send, whatever
// carries them. The frames are those of web/src/protocol.ts.
package bridge

import "encoding/json"

// A Frame is a request, an answer or an event. Data is JSON text; either of Data and Bytes may be empty.
type Frame struct {
	Type  string
	ID    int
	Data  []byte
	Bytes []byte
}

// openOptions is protocol.ts's OpenOptions.
type openOptions struct {
	Scenario   string
	Seed       string
	Start      string
	Lesson     map[string]string
	Cols, Rows int
	Undo       bool
	Speed      *float64
}

// decode reads the data of a request; what the page sent amiss is left at its zero value.
func decode[T any](f Frame) (v T) {
	_ = json.Unmarshal(f.Data, &v)
	return v
}

func event(kind string, data any, bytes []byte) Frame {
	f := Frame{Type: kind, Bytes: bytes}
	if data != nil {
		f.Data, _ = json.Marshal(data)
	}
	return f
}

func contents(files map[string]string) map[string][]byte {
	out := make(map[string][]byte, len(files))
	for name, text := range files {
		out[name] = []byte(text)
	}
	return out
}
