package bridge

import (
	"bytes"
	"sync"
)

// highWater is how many bytes may be under way to a page that has not drawn them yet.
const highWater = 256 << 10

// screen carries the terminal's output to the page and makes its writers wait while the page is behind.
type screen struct {
	send func(Frame)

	mu      sync.Mutex
	room    *sync.Cond
	pending int
	closed  bool
	held    []byte // what was printed before begin: its end
	begun   bool
}

func newScreen(send func(Frame)) *screen {
	s := &screen{send: send}
	s.room = sync.NewCond(&s.mu)
	return s
}

// write sends bytes in pieces of at most an eighth of highWater.
func (s *screen) write(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 && !s.closed {
		n := min(len(p), highWater/8)
		piece := append([]byte(nil), p[:n]...)
		p = p[n:]
		if !s.begun {
			s.hold(piece)
			continue
		}
		for s.pending >= highWater && !s.closed {
			s.room.Wait()
		}
		if s.closed {
			return
		}
		s.pending += n
		s.send(Frame{Type: "output", Bytes: piece})
	}
}

// begin lets through what was held back while the session was being made.
func (s *screen) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
	if len(s.held) > 0 {
		s.pending += len(s.held)
		s.send(Frame{Type: "output", Bytes: s.held})
	}
	s.held = nil
}

// hold keeps the last highWater bytes, and a little more, from the beginning of a line on.
func (s *screen) hold(p []byte) {
	s.held = append(s.held, p...)
	if len(s.held) < 2*highWater {
		return
	}
	tail := s.held[len(s.held)-highWater:]
	tail = tail[bytes.IndexByte(tail, '\n')+1:]
	s.held = append([]byte(nil), tail...)
}

func (s *screen) drawn(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = max(0, s.pending-n)
	s.room.Broadcast()
}

func (s *screen) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.room.Broadcast()
}
