// Package containers knows what the programs of container images do when they run: servers that stay, shells that end at
// once, tools that do one thing.
//
// It knows no pods and no kubelet. Commands that need a shell and a file system are left to a Runner.
package containers

import (
	"io"
	"slices"
	"strings"
	"time"

	"terrarium/sim/vfs"
)

// A Start is a program that is to run in a container.
type Start struct {
	Image Image
	Argv  []string // never empty
	Env   []string // NAME=value
	Dir   string
	// Files is the container's file system, made when it is first asked for.
	Files    func() *vfs.FS
	Hostname string
	IP       string
	// Main says that it is the container's first process, which the kernel shields from signals it does not handle.
	Main bool

	Stdin          io.Reader // nil: nothing to read
	Stdout, Stderr io.Writer
	TTY            bool

	// Memory is the container's limit in bytes; 0 is none.
	Memory int64
	// Exit is called once, after Start has returned, with how the program ended.
	Exit func(Exit)
}

// Exit is how a program ended.
type Exit struct {
	Code      int
	OOMKilled bool
}

// A Process is a program that runs.
type Process interface {
	// Signal sends SIGTERM (15) or SIGKILL (9). SIGKILL always ends the process.
	Signal(number int)
	// Get asks what listens on a TCP port for a path; it is false where nothing listens.
	Get(port int32, path string) (Page, bool)
}

// A Page is an answer of HTTP. One without a status comes from a program that speaks something else.
type Page struct {
	Status int
	Type   string // of the body: "text/html"
	Body   []byte
}

// The signals that a kubelet sends.
const (
	SIGTERM = 15
	SIGKILL = 9
)

// A Runner runs commands that no table here describes: a shell with the usual tools.
type Runner interface {
	// Start begins the program and returns at once. ErrNotFound says that there is no such command.
	Start(*Start) (Process, error)
}

// NotFound says that a command is not in the container.
type NotFound struct{ Command string }

func (e *NotFound) Error() string {
	if strings.Contains(e.Command, "/") {
		return "exec: \"" + e.Command + "\": stat " + e.Command + ": no such file or directory"
	}
	return "exec: \"" + e.Command + "\": executable file not found in $PATH"
}

// A program is what a table says of a command.
type program struct {
	// needs are alternatives of which one must be in the environment; without, it prints without and exits with 1.
	needs   []string
	without []line
	logs    []line
	// lasts is how long it runs, with forever for servers; then it exits with code.
	lasts time.Duration
	code  int
	// ports it listens on.
	ports []int32
	// get answers HTTP on those ports, where it is not nil. It says itself on which it listens where there are none.
	get func(s *Start, port int32, path string) (Page, bool)
	// deaf programs do not end on SIGTERM; others exit with onTerm after a moment.
	deaf   bool
	onTerm int
	// special decides from the command line; it may change a copy of the program.
	special func(*Start, *program)
}

// line is one line of a log. A Go time layout between « and » stands for the time at which it is written.
type line struct {
	after  time.Duration
	stderr bool
	text   string
}

const forever = time.Duration(-1)

func out(texts ...string) []line {
	lines := make([]line, len(texts))
	for i, t := range texts {
		lines[i] = line{text: t}
	}
	return lines
}

func err(texts ...string) []line {
	lines := out(texts...)
	for i := range lines {
		lines[i].stderr = true
	}
	return lines
}

// stamp puts the time into a line.
func (l line) stamp(now time.Time) string {
	before, rest, ok := strings.Cut(l.text, "«")
	if !ok {
		return l.text
	}
	layout, after, _ := strings.Cut(rest, "»")
	return before + now.Format(layout) + after
}

func (p *program) satisfied(env []string) bool {
	return len(p.needs) == 0 || slices.ContainsFunc(env, func(e string) bool {
		name, value, _ := strings.Cut(e, "=")
		return value != "" && slices.Contains(p.needs, name)
	})
}
