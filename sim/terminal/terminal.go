// Package terminal is the keyboard's and the screen's side of a shell: a terminal in cooked mode, and in front of the
// prompt a line editor with GNU readline's keys, history and completion.
//
// It knows no commands and draws nothing itself: bytes come in by Input and go out through Config.Out, for whatever
// emulates a screen. Input and Resize are called by the host with the cluster's lock; a command that a line starts
// runs as a task, so the host lets the scheduler run after Input.
package terminal

import (
	"bytes"
	"context"
	"io"
	"strings"

	"terrarium/sim/task"
)

// Shell is what the terminal asks of a shell.
type Shell interface {
	// Run runs a complete input, of one line or more, as a task, and returns its exit status.
	Run(ctx context.Context, text string, stdin io.Reader, stdout, stderr io.Writer) int
	// Incomplete reports whether the text is the beginning of something longer (an open quote, a loop without done).
	Incomplete(text string) bool
	// Exited reports whether the shell has been left by exit.
	Exited() bool
	// Prompt is the primary prompt, with its colours.
	Prompt() string
	// SetSize tells how large the terminal is.
	SetSize(cols, rows int)
}

// Stopper is a Shell that knows Ctrl-Z. Where gone is true, the Run that has been called does not end by itself any
// more: notice is shown, and then the prompt.
type Stopper interface {
	Stop() (notice string, gone bool)
}

// line is one call of Run.
type line struct{ _ byte } // not empty, so that two of them differ

// Config says what a terminal is made of.
type Config struct {
	Shell Shell
	Tasks *task.Scheduler
	// Out takes what is to be drawn. It must not keep the slice.
	Out        func([]byte)
	Cols, Rows int
	// Run is run at once in place of a prompt, and when it has ended the terminal is left.
	Run string
	// Complete finds what the word before the cursor could become; nil completes nothing. It runs as a task.
	Complete func(ctx context.Context, line string, pos int) Completion
	// Line is told each line that is entered at the prompt, before it takes effect; Keys what a running command gets,
	// and Ctrl-C and Ctrl-D at the prompt. Given to Input at the same instants, with a carriage return behind each
	// line, they make the same session. Both may be nil.
	Line func(line string)
	Keys func(keys []byte)
	// Exit is called when the shell has been left; nil starts over with a new prompt.
	Exit func()
}

// Terminal is one terminal with its login shell.
type Terminal struct {
	c          Config
	out        screen
	cols, rows int
	keys       decoder
	edit       editor
	history    history
	search     *search

	pending string // lines of an input that is not complete yet
	running bool   // a command, or a completion, has the terminal
	busy    bool   // a command
	cancel  context.CancelFunc
	line    *line // that runs; nil at the prompt
	tty     tty
	ahead   []byte // keys for the editor that came while it was away
	closed  bool
	tabs    int  // how many Tabs came in a row
	quote   bool // Ctrl-V was pressed: the next key is text
	asking  []Candidate
}

// New returns a terminal that has drawn its first prompt.
func New(c Config) *Terminal {
	t := &Terminal{c: c, cols: 80, rows: 24}
	t.out.write = c.Out
	t.tty.t = t
	t.Resize(c.Cols, c.Rows)
	if c.Run != "" {
		t.run(c.Run)
	} else {
		t.prompt()
	}
	return t
}

// Resize says how large the screen is now. What is not positive is left as it is.
func (t *Terminal) Resize(cols, rows int) {
	if cols > 0 && cols < 10_000 {
		t.cols = cols
	}
	if rows > 0 && rows < 10_000 {
		t.rows = rows
	}
	t.edit.cols = t.cols
	t.c.Shell.SetSize(t.cols, t.rows)
}

// Busy reports whether a command runs, so that keys go to it and not to the prompt.
func (t *Terminal) Busy() bool { return t.busy }

// Close ends the command that runs; nothing is drawn any more.
func (t *Terminal) Close() {
	t.closed = true
	t.out.write = func([]byte) {}
	if t.cancel != nil {
		t.cancel()
	}
}

// AtPrompt reports whether the prompt waits with an empty line.
func (t *Terminal) AtPrompt() bool { return !t.running && len(t.edit.text) == 0 && t.pending == "" }

// History is the lines that were entered, oldest first.
func (t *Terminal) History() []string { return t.history.lines }

// Input takes keys. It returns soon: what they start runs as a task.
func (t *Terminal) Input(keys []byte) {
	if t.closed {
		return
	}
	for i, b := range keys {
		if t.busy {
			rest := keys[i:]
			if t.c.Keys != nil {
				t.c.Keys(rest)
			}
			t.tty.input(rest)
			return
		}
		if t.running { // a completion is being made: as little as one key can wait
			if b == 3 {
				t.cancel()
			}
			t.ahead = append(t.ahead, b)
			continue
		}
		t.keys.feed(b, t.key)
	}
	if !t.running {
		t.keys.settle(t.key)
	}
	t.out.flush()
}

// prompt begins a new line.
func (t *Terminal) prompt() {
	p := "> "
	if t.pending == "" {
		p = t.c.Shell.Prompt()
	} else if s, ok := t.c.Shell.(interface{ Prompt2() string }); ok {
		p = s.Prompt2()
	}
	if end := strings.LastIndexByte(p, '\n') + 1; end > 0 { // what stands above the line is not drawn again
		t.out.writeString(strings.ReplaceAll(p[:end], "\n", "\r\n"))
		p = p[end:]
	}
	t.out.writeString("\x1b[?2004h")
	t.edit.begin(p)
	t.history.rewind()
	t.draw()
	t.out.flush()
}

// enter takes the line that was edited.
func (t *Terminal) enter() {
	line := string(t.edit.text)
	t.edit.moveTo(len(t.edit.text))
	t.draw()
	t.out.writeString("\r\n\x1b[?2004l\r")
	if t.c.Line != nil {
		t.c.Line(line)
	}
	text := t.pending + line
	if t.c.Shell.Incomplete(text) {
		t.pending = text + "\n"
		t.prompt()
		return
	}
	t.pending = ""
	kept := text
	if s, ok := t.c.Shell.(interface{ HistoryLine(string) string }); ok && strings.Count(text, "\n") > strings.Count(line, "\n") {
		kept = s.HistoryLine(text)
	}
	t.history.add(kept)
	if len(bytes.TrimSpace([]byte(text))) == 0 {
		t.prompt()
		return
	}
	t.run(text)
}

// run starts the command.
func (t *Terminal) run(text string) {
	ctx, cancel := context.WithCancel(context.Background())
	t.running, t.busy, t.cancel = true, true, cancel
	t.tty.reset()
	l := &line{}
	t.line = l
	t.c.Tasks.Go(func() {
		t.c.Shell.Run(ctx, text, &t.tty, &t.tty, &t.tty)
		interrupted := ctx.Err() != nil
		cancel()
		if t.line != l {
			return // it was stopped, and went on as a job
		}
		if interrupted {
			t.tty.endLine()
		}
		t.running, t.busy, t.line = false, false, nil
		t.ended()
	})
}

// stop is Ctrl-Z while a command runs.
func (t *Terminal) stop() {
	s, ok := t.c.Shell.(Stopper)
	if !ok || t.c.Run != "" {
		return
	}
	notice, gone := s.Stop()
	if !gone {
		return
	}
	t.running, t.busy, t.line = false, false, nil
	t.tty.raw = false
	t.tty.Write([]byte(notice))
	t.ended()
}

// ended goes back to the prompt and gives it the keys that nobody has read.
func (t *Terminal) ended() {
	if t.closed {
		return
	}
	if (t.c.Shell.Exited() || t.c.Run != "") && t.c.Exit != nil {
		t.out.flush()
		t.c.Exit()
		return
	}
	t.prompt()
	t.replay(t.tty.unread())
}

func (t *Terminal) replay(keys []byte) {
	if len(t.ahead) > 0 {
		keys = append(keys, t.ahead...)
		t.ahead = nil
	}
	if len(keys) > 0 {
		t.Input(keys)
	}
}

// interrupt is Ctrl-C at the prompt: a new line, and what was typed is forgotten.
func (t *Terminal) interrupt() {
	t.edit.moveTo(len(t.edit.text))
	t.draw()
	t.out.writeString("^C\r\n\x1b[?2004l\r")
	t.pending = ""
	t.tell(3)
	t.prompt()
}

// tell reports a key at the prompt that is no part of a line.
func (t *Terminal) tell(key byte) {
	if t.c.Keys != nil {
		t.c.Keys([]byte{key})
	}
}

// endOfInput is Ctrl-D on an empty line.
func (t *Terminal) endOfInput() {
	if t.pending != "" {
		text := t.pending
		t.pending = ""
		t.out.writeString("\r\n\x1b[?2004l\r")
		t.tell(4)
		t.run(text)
		return
	}
	t.out.writeString("logout\r\n\x1b[?2004l\r")
	if t.c.Exit != nil {
		t.out.flush()
		t.c.Exit()
		return
	}
	t.prompt()
}

// screen gathers what is drawn between two flushes.
type screen struct {
	write func([]byte)
	buf   []byte
}

func (s *screen) writeString(text string) { s.buf = append(s.buf, text...) }

func (s *screen) flush() {
	if len(s.buf) > 0 {
		s.write(s.buf)
		s.buf = s.buf[:0]
	}
}
