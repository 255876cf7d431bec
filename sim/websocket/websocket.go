// Package websocket lets clients on a real network talk to exec and attach as kubectl does, by WebSocket (RFC 6455) with
// the subprotocols v4 and v5.channel.k8s.io, before a handler that speaks the frames of package channels.
//
// It knows no API. It is for hosts: a connection has two goroutines of its own, for what comes and what goes.
package websocket

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"terrarium/sim/channels"
)

// The opcodes of frames.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// closeChannel tells, in v5, that the channel that follows has ended.
const closeChannel = 255

// maxMessage is the longest message that is read, maxWaiting the most that waits to be written.
const maxMessage, maxWaiting = 16 << 20, 64 << 20

// Handler upgrades requests for exec and attach and passes all others on.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol := subprotocol(r)
		if protocol == "" || !converses(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		in := r.Clone(ctx)
		in.Header.Set("Content-Type", channels.ContentType)
		stdin := newPipe()
		in.Body = stdin
		c := &connection{w: w, r: r, header: http.Header{}, protocol: protocol, stdin: stdin, cancel: cancel}
		next.ServeHTTP(c, in)
		c.end()
	})
}

func converses(path string) bool {
	return strings.HasSuffix(path, "/exec") || strings.HasSuffix(path, "/attach")
}

// subprotocol is the one that is spoken; "" where the request is not for a WebSocket with one that is known.
func subprotocol(r *http.Request) string {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || r.Header.Get("Sec-WebSocket-Key") == "" {
		return ""
	}
	offered := strings.Split(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",")
	for _, known := range []string{"v5.channel.k8s.io", "v4.channel.k8s.io"} {
		for _, p := range offered {
			if strings.TrimSpace(p) == known {
				return known
			}
		}
	}
	return ""
}

// connection is the http.ResponseWriter of a handler that writes frames of channels, and becomes a WebSocket when the
// handler begins to.
type connection struct {
	w        http.ResponseWriter
	r        *http.Request
	header   http.Header
	protocol string
	stdin    *pipe
	cancel   context.CancelFunc

	status int
	conn   net.Conn
	frames bytes.Buffer // written and not yet whole

	mu      sync.Mutex
	more    *sync.Cond
	waiting []byte // to be written to the network
	closed  bool
	written chan struct{}
}

// Header implements http.ResponseWriter.
func (c *connection) Header() http.Header { return c.header }

// WriteHeader implements http.ResponseWriter.
func (c *connection) WriteHeader(status int) {
	if c.status != 0 {
		return
	}
	c.status = status
	if c.header.Get("Content-Type") == channels.ContentType && status == http.StatusOK {
		if c.upgrade() == nil {
			return
		}
		status = http.StatusInternalServerError
	}
	for key, values := range c.header {
		c.w.Header()[key] = values
	}
	c.w.WriteHeader(status)
}

// Flush implements http.Flusher: what is written goes out at once anyway.
func (c *connection) Flush() {}

// Write implements http.ResponseWriter.
func (c *connection) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	if c.conn == nil {
		return c.w.Write(p)
	}
	c.frames.Write(p)
	for {
		rest := bytes.NewReader(c.frames.Bytes())
		channel, data, err := channels.Read(rest)
		if err != nil {
			return len(p), nil
		}
		c.frames.Next(c.frames.Len() - rest.Len())
		if err := c.send(opBinary, append([]byte{channel}, data...)); err != nil {
			return 0, err
		}
	}
}

const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

func (c *connection) upgrade() error {
	hijacker, ok := c.w.(http.Hijacker)
	if !ok {
		return errors.New("the connection cannot be taken over")
	}
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		return err
	}
	c.conn, c.written = conn, make(chan struct{})
	c.more = sync.NewCond(&c.mu)
	sum := sha1.Sum([]byte(c.r.Header.Get("Sec-WebSocket-Key") + magic))
	io.WriteString(buffered, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
		base64.StdEncoding.EncodeToString(sum[:])+"\r\nSec-WebSocket-Protocol: "+c.protocol+"\r\n\r\n")
	if err := buffered.Flush(); err != nil {
		return err
	}
	go c.write()
	go c.read(buffered.Reader)
	return nil
}

// send queues one message.
func (c *connection) send(op byte, data []byte) error {
	frame := []byte{0x80 | op}
	switch n := len(data); {
	case n < 126:
		frame = append(frame, byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 127), uint64(n))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.waiting) > maxWaiting {
		return net.ErrClosed
	}
	c.waiting = append(append(c.waiting, frame...), data...)
	c.more.Signal()
	return nil
}

func (c *connection) write() {
	defer close(c.written)
	for {
		c.mu.Lock()
		for len(c.waiting) == 0 && !c.closed {
			c.more.Wait()
		}
		data := c.waiting
		c.waiting = nil
		c.mu.Unlock()
		if len(data) == 0 {
			return
		}
		if _, err := c.conn.Write(data); err != nil {
			c.cancel()
			return
		}
	}
}

// end closes the connection when everything has been written.
func (c *connection) end() {
	if c.conn == nil {
		return
	}
	c.send(opClose, binary.BigEndian.AppendUint16(nil, 1000))
	c.mu.Lock()
	c.closed = true
	c.more.Signal()
	c.mu.Unlock()
	<-c.written
	c.conn.Close()
}

// read takes what the client sends until it goes away.
func (c *connection) read(r *bufio.Reader) {
	defer c.cancel()
	defer c.stdin.Close()
	for {
		op, data, err := message(r, c)
		if err != nil || op == opClose {
			return
		}
		if len(data) == 0 {
			continue
		}
		switch {
		case data[0] == closeChannel && len(data) > 1 && data[1] == channels.Stdin:
			channels.Write(c.stdin, channels.Stdin, nil)
		case data[0] == channels.Stdin && len(data) > 1, data[0] == channels.Resize:
			channels.Write(c.stdin, data[0], data[1:])
		}
	}
}

var errLong = errors.New("a message is too long")

// message reads one message, answers pings and puts fragments together.
func message(r *bufio.Reader, c *connection) (op byte, data []byte, err error) {
	for {
		final, code, payload, err := frame(r)
		if err != nil {
			return 0, nil, err
		}
		switch code {
		case opPing:
			c.send(opPong, payload)
			continue
		case opPong:
			continue
		case opClose:
			return opClose, nil, nil
		case opText, opBinary:
			op = code
		}
		if data = append(data, payload...); len(data) > maxMessage {
			return 0, nil, errLong
		}
		if final {
			return op, data, nil
		}
	}
}

func frame(r *bufio.Reader) (final bool, op byte, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return
	}
	final, op = head[0]&0x80 != 0, head[0]&0x0f
	length := uint64(head[1] & 0x7f)
	switch length {
	case 126:
		var n [2]byte
		_, err = io.ReadFull(r, n[:])
		length = uint64(binary.BigEndian.Uint16(n[:]))
	case 127:
		var n [8]byte
		_, err = io.ReadFull(r, n[:])
		length = binary.BigEndian.Uint64(n[:])
	}
	if err == nil && length > maxMessage {
		err = errLong
	}
	if err != nil {
		return
	}
	var mask [4]byte
	if head[1]&0x80 != 0 {
		if _, err = io.ReadFull(r, mask[:]); err != nil {
			return
		}
	}
	payload = make([]byte, length)
	if _, err = io.ReadFull(r, payload); err != nil {
		return
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return
}

// pipe is what is typed, kept until it is read.
type pipe struct {
	mu     sync.Mutex
	more   *sync.Cond
	data   bytes.Buffer
	closed bool
}

func newPipe() *pipe {
	p := &pipe{}
	p.more = sync.NewCond(&p.mu)
	return p
}

// Read implements io.Reader.
func (p *pipe) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.data.Len() == 0 && !p.closed {
		p.more.Wait()
	}
	return p.data.Read(b)
}

// Write implements io.Writer. Who types more than is ever read is cut off.
func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.data.Len() > maxWaiting {
		return 0, io.ErrClosedPipe
	}
	p.more.Broadcast()
	return p.data.Write(b)
}

// Close implements io.Closer.
func (p *pipe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.more.Broadcast()
	return nil
}
