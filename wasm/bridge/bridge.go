package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
)

// Bridge holds one session at a time, for one page.
type Bridge struct {
	world World
	send  func(Frame)
	yield func()
	wake  chan struct{}

	mu      sync.Mutex // guards what follows; never held while a cluster is asked
	inbox   []Frame
	session *session
	spare   *prepared                  // made ahead of being asked for
	running map[int]context.CancelFunc // requests that can be given up
}

// New returns a bridge that makes sessions from world. send must not block and may be called from any goroutine;
// yield gives the host's event loop a turn (see Options.Yield) and may be nil.
func New(world World, send func(Frame), yield func()) *Bridge {
	b := &Bridge{world: world, send: send, yield: yield,
		wake: make(chan struct{}, 1), running: map[int]context.CancelFunc{}}
	go b.dispatch()
	return b
}

// Receive takes a frame from the page and returns at once. Frames are handled in the order in which they came.
func (b *Bridge) Receive(f Frame) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if f.Type == "drawn" { // overtakes the queue: what waits there may be waiting for this
		if b.session != nil {
			b.session.screen.drawn(decode[struct{ Bytes int }](f).Bytes)
		}
		return
	}
	b.inbox = append(b.inbox, f)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *Bridge) dispatch() {
	for range b.wake {
		for f, ok := b.next(); ok; f, ok = b.next() {
			b.handle(f)
		}
	}
}

func (b *Bridge) next() (f Frame, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.inbox) == 0 {
		return f, false
	}
	f = b.inbox[0]
	b.inbox = b.inbox[1:]
	return f, true
}

// handle answers one request. What may take long goes to a goroutine of its own and answers later.
func (b *Bridge) handle(f Frame) {
	switch f.Type {
	case "open":
		o := decode[openOptions](f)
		b.answer(f, func() (any, error) { return b.open(o, f.Bytes, o.Undo) })
		return
	case "prepare":
		b.answer(f, func() (any, error) { return nil, b.prepare(decode[openOptions](f)) })
		return
	case "parse":
		b.answer(f, func() (any, error) {
			return b.world.Lesson(contents(decode[struct{ Files map[string]string }](f).Files))
		})
		return
	case "cancel":
		b.cancel(decode[struct{ Of int }](f).Of)
		b.answer(f, func() (any, error) { return nil, nil })
		return
	}
	s := b.current()
	if s == nil {
		b.fail(f, errors.New("no session is open"))
		return
	}
	switch f.Type {
	case "exec":
		b.start(f, func(ctx context.Context) (any, error) { return s.exec(ctx, decode[struct{ Line string }](f).Line) })
	case "fetch":
		b.start(f, func(ctx context.Context) (any, error) { return nil, s.fetch(ctx, f) })
	case "advance":
		b.start(f, func(context.Context) (any, error) { return s.advance(decode[struct{ MS float64 }](f).MS), nil })
	case "log":
		b.send(Frame{Type: "ok", ID: f.ID, Bytes: s.cluster.Log()})
	case "readFile":
		content, err := s.cluster.ReadFile(decode[struct{ Path string }](f).Path)
		if err != nil {
			b.fail(f, err)
			return
		}
		b.send(Frame{Type: "ok", ID: f.ID, Bytes: content})
	default:
		b.answer(f, func() (any, error) { return b.quick(s, f) })
	}
}

// quick carries out the requests that neither block nor bring bytes back.
func (b *Bridge) quick(s *session, f Frame) (any, error) {
	switch f.Type {
	case "input":
		s.input(f.Bytes)
	case "resize":
		d := decode[struct{ Cols, Rows int }](f)
		s.resize(d.Cols, d.Rows)
	case "speed":
		s.setSpeed(decode[struct{ Factor float64 }](f).Factor)
	case "writeFile":
		s.pace.sync()
		err := s.cluster.WriteFile(decode[struct{ Path string }](f).Path, f.Bytes)
		s.changed()
		return nil, err
	case "progress":
		return s.progress()
	case "restore":
		return b.open(s.options, f.Bytes, false)
	case "undo":
		return b.open(s.options, s.cluster.Log(), true)
	case "edited":
		d := decode[struct {
			Edit  int
			Saved bool
		}](f)
		return nil, s.edits.close(d.Edit, EditResult{Content: f.Bytes, Saved: d.Saved})
	default:
		return nil, errors.New("unknown request " + f.Type)
	}
	return nil, nil
}

func (b *Bridge) current() *session {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.session
}

// open starts a session in place of the present one, from a log where there is one, without its last command
// where undo is set. Where that fails, the present session goes on.
func (b *Bridge) open(o openOptions, log []byte, undo bool) (any, error) {
	s, opened, err := newSession(b, o, log, undo, b.takeSpare(o))
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	old := b.session
	b.session = s
	for _, cancel := range b.running {
		cancel()
	}
	b.mu.Unlock()
	if old != nil {
		old.close()
		b.send(Frame{Type: "clear"})
	}
	s.begin()
	return opened, nil
}

// start runs do apart from the queue, so that others are answered meanwhile and `cancel` can end it.
func (b *Bridge) start(f Frame, do func(context.Context) (any, error)) {
	ctx, cancel := context.WithCancel(context.Background())
	b.mu.Lock()
	b.running[f.ID] = cancel
	b.mu.Unlock()
	go func() {
		b.answer(f, func() (any, error) { return do(ctx) })
		b.cancel(f.ID)
	}()
}

func (b *Bridge) cancel(id int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if cancel := b.running[id]; cancel != nil {
		cancel()
		delete(b.running, id)
	}
}

// errAnswered is returned by what has sent its answer itself.
var errAnswered = errors.New("answered")

// answer sends what do returns, unless nobody asked (id 0).
func (b *Bridge) answer(f Frame, do func() (any, error)) {
	v, err := do()
	if err == nil && f.ID != 0 {
		var data []byte
		if v != nil {
			data, err = json.Marshal(v)
		}
		if err == nil {
			b.send(Frame{Type: "ok", ID: f.ID, Data: data})
		}
	}
	if err != nil && err != errAnswered {
		b.fail(f, err)
	}
}

func (b *Bridge) fail(f Frame, err error) {
	data, _ := json.Marshal(map[string]string{"message": err.Error()})
	b.send(Frame{Type: "error", ID: f.ID, Data: data})
}
