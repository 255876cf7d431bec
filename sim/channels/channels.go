// Package channels carries the streams of exec and attach, several over one: frames of a channel's number, a length and
// that many bytes. It knows neither HTTP nor processes.
//
// A client that asks the API server for exec or attach with a POST whose Content-Type is ContentType sends and gets
// frames as bodies; other clients upgrade to WebSocket, which package websocket turns into the same.
package channels

import (
	"encoding/binary"
	"errors"
	"io"
)

// ContentType is that of a body of frames.
const ContentType = "application/vnd.terrarium.channels"

// The channels, as remote command protocols number them. An empty frame on Stdin ends it. Status is a v1.Status as
// JSON and the last frame.
const (
	Stdin byte = iota
	Stdout
	Stderr
	Status
	Resize
)

// maxFrame is the longest frame that is read.
const maxFrame = 16 << 20

var errLong = errors.New("a frame is too long")

// Write sends one frame.
func Write(w io.Writer, channel byte, data []byte) error {
	frame := make([]byte, 5, 5+len(data))
	frame[0] = channel
	binary.BigEndian.PutUint32(frame[1:], uint32(len(data)))
	_, err := w.Write(append(frame, data...))
	return err
}

// Read receives one frame; io.EOF where there is none.
func Read(r io.Reader) (channel byte, data []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, errLong
	}
	data = make([]byte, n)
	_, err = io.ReadFull(r, data)
	return head[0], data, err
}

// Writer is one channel of a stream of frames.
type Writer struct {
	To      io.Writer
	Channel byte
}

// Write implements io.Writer: each call is one frame.
func (w Writer) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := Write(w.To, w.Channel, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Reader is the Stdin channel of a stream of frames. What comes on Resize is dropped.
type Reader struct {
	From io.Reader
	left []byte
	err  error
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		channel, data, err := Read(r.From)
		switch {
		case err != nil:
			r.err = io.EOF
		case channel == Stdin && len(data) == 0:
			r.err = io.EOF
		case channel == Stdin:
			r.left = data
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}
