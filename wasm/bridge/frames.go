// Package bridge answers the page's frames with a cluster, and keeps its virtual time beside the wall clock.
//
// It knows neither JavaScript nor what a cluster does: frames come in by Receive and go out by send, whatever
// carries them. The frames are those of web/src/protocol.ts.
package bridge

// A Frame is a request, an answer or an event. Data is JSON text; either of Data and Bytes may be empty.
type Frame struct {
	Type  string
	ID    int
	Data  []byte
	Bytes []byte
}
