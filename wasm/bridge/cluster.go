package bridge

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Cluster is what the page needs of a simulated cluster. All methods may be called from any goroutine: the cluster
// takes its own lock. Those without a context return soon.
type Cluster interface {
	// Exec runs a line as a script would, apart from the terminal; waiting lets virtual time jump.
	Exec(ctx context.Context, line string) (Result, error)
	Handler() http.Handler
	Now() time.Time
	// Next is when the earliest thing is due; the page's timer sleeps until then.
	Next() (at time.Time, ok bool)
	Advance(d time.Duration)
	WriteFile(path string, content []byte) error
	ReadFile(path string) ([]byte, error)
	// Terminal is the login shell's, which the cluster started with.
	Terminal() Terminal
	// Log is the whole session so far. Tail is what brings the journal, which knows of no time without input, up to
	// the present instant.
	Log() []byte
	Tail() []byte
	// Close ends what still runs; Out, Edit and Journal are not called after it.
	Close()
}

// Terminal is the keyboard's side of the login shell.
type Terminal interface {
	// Input takes keys at the present instant and never blocks; Ctrl-C reaches a command that is computing.
	Input(keys []byte)
	Resize(cols, rows int)
	// Busy reports whether a command runs, so that keys go to it and not to the prompt.
	Busy() bool
}

// Result is what a line printed.
type Result struct {
	Stdout, Stderr string
	Exit           int
	Time           time.Time
}

// Options is what a session is started with.
type Options struct {
	Seed     uint64
	Scenario []byte            // scenario.yaml; nil is the default cluster
	Files    map[string][]byte // of the lesson's folder, for what the scenario names and for setup.sh
	Start    time.Time

	// Out gets everything that the terminal draws, in order, what a restored log draws included. It blocks while the
	// page is behind, as a pseudo-terminal does.
	Out        func([]byte)
	Cols, Rows int

	// Edit opens an editor in the page and blocks until it is closed or ctx ends. Its outcome is the session's
	// input, so it belongs into the log; a replay takes it from there and does not call Edit.
	Edit func(ctx context.Context, r EditRequest) (EditResult, error)
	// Journal gets each entry of the log before it takes effect, so that a crash leaves the log that leads to it.
	Journal func(entry []byte)
	// Yield is to be called, without the cluster's lock, every few milliseconds of long work (a shell statement, a
	// clock entry, a line of `yes`): it gives the browser's event loop a turn, without which Ctrl-C never arrives.
	Yield func()
}

// EditRequest is an editor to be opened.
type EditRequest struct {
	Program string // argv[0]: nano, vi, vim
	Name    string // the file as it was called
	Path    string
	Line    int // 1-based; 0 where not asked for
	Content []byte
	Fresh   bool // the file does not exist yet
}

// EditResult is how it was closed.
type EditResult struct {
	Content []byte
	Saved   bool
}

// World makes clusters and knows lessons: package sim and package lessons, seen from here.
type World interface {
	New(Options) (Cluster, error)
	// Restore plays a log, up to and including its last entry, or without its last command where undo is set;
	// undone is that command's line. fresh is an unused cluster of the same options, to play the log in, or nil.
	Restore(o Options, log []byte, undo bool, fresh Cluster) (c Cluster, undone string, err error)
	// Lesson parses the files of a lesson folder. Its JSON form is protocol.ts's Lesson.
	Lesson(files map[string][]byte) (Lesson, error)
}

// Lesson is a parsed lesson.
type Lesson interface {
	json.Marshaler
	// Check is protocol.ts's Progress: what the cluster's state says of checkpoints and flow.
	Check(c Cluster) (json.RawMessage, error)
}
