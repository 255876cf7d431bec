package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"terrarium/sim/task"
	"terrarium/sim/vfs"
)

// endpoint is what a file descriptor leads to.
type endpoint interface {
	read(ctx context.Context, b []byte) (int, error)
	write(ctx context.Context, b []byte) (int, error)
	close()
}

// stream is an open endpoint that several descriptors, of several processes, can share.
type stream struct {
	endpoint
	refs int
	tty  bool
	name string // where it was opened by one
}

func newStream(e endpoint) *stream { return &stream{endpoint: e} }

// table is one process's descriptors.
type table struct{ files map[int]*stream }

func newTable() *table { return &table{files: map[int]*stream{}} }

func (t *table) fork() *table {
	c := &table{files: maps.Clone(t.files)}
	for _, s := range c.files {
		s.refs++
	}
	return c
}

// set makes fd lead to s, closing what it led to; nil only closes.
func (t *table) set(fd int, s *stream) {
	if s != nil {
		s.refs++
	}
	if old := t.files[fd]; old != nil {
		if old.refs--; old.refs == 0 {
			old.close()
		}
	}
	if s == nil {
		delete(t.files, fd)
		return
	}
	t.files[fd] = s
}

func (t *table) closeAll() {
	for _, fd := range slices.Sorted(maps.Keys(t.files)) {
		t.set(fd, nil)
	}
}

// free is the first descriptor from 10 on that is not in use.
func (t *table) free() int {
	fd := 10
	for t.files[fd] != nil {
		fd++
	}
	return fd
}

// freeDown is the highest descriptor up to 63 that is not in use: process substitutions get these.
func (t *table) freeDown() int {
	fd := 63
	for t.files[fd] != nil {
		fd--
	}
	return fd
}

// errBroken is what a write to a pipe without readers gives.
var errBroken = errors.New("Broken pipe")

const pipeSize = 64 << 10

// pipe is a bounded buffer between processes.
type pipe struct {
	machine *task.Scheduler
	buf     []byte
	readers int
	writers int
}

type pipeReader struct{ *pipe }
type pipeWriter struct{ *pipe }

func newPipe(m *task.Scheduler) (r, w *stream) {
	p := &pipe{machine: m, readers: 1, writers: 1}
	return newStream(pipeReader{p}), newStream(pipeWriter{p})
}

func (r pipeReader) close() { r.readers-- }
func (w pipeWriter) close() { w.writers-- }

func (r pipeReader) read(ctx context.Context, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if err := r.machine.WaitUntil(ctx, func() bool { return len(r.buf) > 0 || r.writers == 0 }); err != nil {
		return 0, err
	}
	if len(r.buf) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}

func (r pipeReader) write(context.Context, []byte) (int, error) { return 0, vfs.ErrBadFile }
func (w pipeWriter) read(context.Context, []byte) (int, error)  { return 0, vfs.ErrBadFile }

func (w pipeWriter) write(ctx context.Context, b []byte) (int, error) {
	done := 0
	for {
		if w.readers == 0 {
			return done, errBroken
		}
		n := min(len(b)-done, pipeSize-len(w.buf))
		w.buf = append(w.buf, b[done:done+n]...)
		if done += n; done == len(b) {
			return done, nil
		}
		if err := w.machine.WaitUntil(ctx, func() bool { return len(w.buf) < pipeSize || w.readers == 0 }); err != nil {
			return done, err
		}
	}
}

// openFile is a file of the file system.
type openFile struct{ *vfs.File }

func (f openFile) read(_ context.Context, b []byte) (int, error)  { return f.Read(b) }
func (f openFile) write(_ context.Context, b []byte) (int, error) { return f.Write(b) }
func (f openFile) close()                                         { f.Close() }

// ContextReader is a reader whose reads can be given up; a terminal is one.
type ContextReader interface {
	ReadContext(ctx context.Context, b []byte) (int, error)
}

// hostReader and hostWriter are what the host gave to Run.
type hostReader struct{ r io.Reader }

func (h hostReader) read(ctx context.Context, b []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if r, ok := h.r.(ContextReader); ok {
		return r.ReadContext(ctx, b)
	}
	return h.r.Read(b)
}
func (hostReader) write(context.Context, []byte) (int, error) { return 0, vfs.ErrBadFile }
func (hostReader) close()                                     {}

// hostWriter counts what goes to the host against the limit of the line.
type hostWriter struct {
	w     io.Writer
	limit *outputLimit
}

// errOutput ends a line that prints without end.
var errOutput = errors.New("output limit exceeded")

type outputLimit struct {
	left, limit int
	stderr      io.Writer
	cancel      context.CancelCauseFunc
}

func (h hostWriter) read(context.Context, []byte) (int, error) { return 0, vfs.ErrBadFile }
func (h hostWriter) close()                                    {}
func (h hostWriter) write(ctx context.Context, b []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(b) > h.limit.left {
		b = b[:max(h.limit.left, 0)]
		h.w.Write(b)
		if h.limit.left >= 0 {
			h.limit.left = -1
			fmt.Fprintf(h.limit.stderr, "\nbash: more than %d bytes of output; the command was stopped\n", h.limit.limit)
			h.limit.cancel(errOutput)
		}
		return len(b), errOutput
	}
	h.limit.left -= len(b)
	return h.w.Write(b)
}

// text is a here-document or here-string.
type text struct{ left []byte }

func (t *text) read(_ context.Context, b []byte) (int, error) {
	if len(t.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, t.left)
	t.left = t.left[n:]
	return n, nil
}
func (*text) write(context.Context, []byte) (int, error) { return 0, vfs.ErrBadFile }
func (*text) close()                                     {}

// captured collects the output of a command substitution.
type captured struct {
	buf   []byte
	limit int
	over  bool
}

func (*captured) read(context.Context, []byte) (int, error) { return 0, vfs.ErrBadFile }
func (*captured) close()                                    {}
func (c *captured) write(ctx context.Context, b []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(c.buf)+len(b) > c.limit {
		c.over = true
		return 0, fmt.Errorf("command substitution: %w", errOutput)
	}
	c.buf = append(c.buf, b...)
	return len(b), nil
}
