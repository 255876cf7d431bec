package kubelet

import (
	"bytes"
	"io"
	"slices"
	"time"

	"terrarium/sim/clock"
)

// containerLog is what a container has printed. It keeps the last megabyte.
type containerLog struct {
	lines   []logLine
	dropped int // lines that are gone
	size    int
	partial map[string]*logLine // by stream, not yet ended by a newline
	closed  bool
	changed []chan struct{}
	taps    []*tap
}

type logLine struct {
	at      time.Time
	stream  string
	text    string
	newline bool
}

const logLimit = 1 << 20

func newContainerLog() *containerLog { return &containerLog{partial: map[string]*logLine{}} }

// stream returns a writer for stdout or stderr.
func (l *containerLog) stream(c *clock.Clock, name string) io.Writer {
	return logWriter{log: l, clock: c, stream: name}
}

type logWriter struct {
	log    *containerLog
	clock  *clock.Clock
	stream string
}

func (w logWriter) Write(p []byte) (int, error) {
	n := len(p)
	for _, t := range w.log.taps {
		t.take(w.stream, p)
	}
	for len(p) > 0 {
		line := w.log.partial[w.stream]
		if line == nil {
			line = &logLine{at: w.clock.Now(), stream: w.stream}
		}
		delete(w.log.partial, w.stream)
		i := bytes.IndexByte(p, '\n')
		if i < 0 && len(line.text)+len(p) < 16<<10 {
			line.text += string(p)
			w.log.partial[w.stream] = line
			break
		}
		if i < 0 {
			i = len(p) - 1
			line.text += string(p)
		} else {
			line.text += string(p[:i])
			line.newline = true
		}
		w.log.add(*line)
		p = p[i+1:]
	}
	w.log.notify()
	return n, nil
}

func (l *containerLog) add(line logLine) {
	l.lines = append(l.lines, line)
	l.size += len(line.text) + 1
	for l.size > logLimit && len(l.lines) > 1 {
		l.size -= len(l.lines[0].text) + 1
		l.lines = l.lines[1:]
		l.dropped++
	}
}

// close ends the log: the container has ended.
func (l *containerLog) close() {
	for _, stream := range []string{"stdout", "stderr"} {
		if line := l.partial[stream]; line != nil {
			l.add(*line)
			delete(l.partial, stream)
		}
	}
	l.closed = true
	l.notify()
}

func (l *containerLog) notify() {
	for _, c := range l.changed {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// listen returns a channel that gets something whenever the log changes, until stop is called.
func (l *containerLog) listen() (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	l.changed = append(l.changed, c)
	return c, func() {
		for i, x := range l.changed {
			if x == c {
				l.changed = append(l.changed[:i:i], l.changed[i+1:]...)
				return
			}
		}
	}
}

// A tap gets what is printed as it is printed, lines or not.
type tap struct {
	chunks  []logLine // stream and text
	size    int
	changed <-chan struct{}
}

func (t *tap) take(stream string, p []byte) {
	if t.size += len(p); t.size > logLimit {
		return // nobody looks
	}
	if last := len(t.chunks) - 1; last >= 0 && t.chunks[last].stream == stream {
		t.chunks[last].text += string(p)
		return
	}
	t.chunks = append(t.chunks, logLine{stream: stream, text: string(p)})
}

// tap opens a tap, which is to be stopped.
func (l *containerLog) tap() (t *tap, stop func()) {
	changed, unlisten := l.listen()
	t = &tap{changed: changed}
	l.taps = append(l.taps, t)
	return t, func() {
		unlisten()
		l.taps = slices.DeleteFunc(l.taps, func(o *tap) bool { return o == t })
	}
}

// tail is the end of the log: so many lines and bytes at most.
func (l *containerLog) tail(lines, size int) string {
	var b bytes.Buffer
	all := append([]logLine{}, l.lines...)
	for _, stream := range []string{"stdout", "stderr"} {
		if line := l.partial[stream]; line != nil {
			all = append(all, *line)
		}
	}
	for _, line := range all[max(0, len(all)-lines):] {
		b.WriteString(line.text)
		if line.newline {
			b.WriteByte('\n')
		}
	}
	text := b.Bytes()
	return string(text[max(0, len(text)-size):])
}
