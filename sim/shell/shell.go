// Package shell is bash: it runs command lines and scripts over an in-memory file system, with a table of commands.
// It knows nothing of Kubernetes, of keyboards or of screens.
//
// The syntax tree is mvdan.cc/sh's; expansion and execution are our own, so that every process is a task on virtual
// time, nothing runs at once, and messages are bash's.
//
// A program that waits parks its task (see package task): reading a terminal or a pipe, writing to a full one,
// sleeping. Everything else has the whole machine to itself. The context that is given to Run stands for Ctrl-C: when
// it is done, every foreground process ends.
package shell

import (
	"context"
	"io"
	iofs "io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"terrarium/sim/task"
	"terrarium/sim/vfs"
)

// A Command is a program. It returns its exit status. It should end soon after ctx is done; a write to a pipe that
// nobody reads ends it by a panic that the shell catches, as SIGPIPE would.
type Command func(ctx context.Context, p *Proc) (exit int)

// Config says what a shell is made of. FS and Machine are needed, the rest has defaults.
type Config struct {
	FS       *vfs.FS
	Machine  *task.Scheduler
	Commands map[string]Command // programs by name; each gets a file in /usr/bin, where there is none
	Env      []string           // NAME=value, added to (and in place of) the default environment
	Home     string             // default /root
	Dir      string             // working directory; default Home
	User     string             // default root
	Hostname string             // default controlplane
	Name     string             // what messages begin with; default bash
	Edit     EditFunc           // opens an editor; nil where there is none
	Random   func() uint64      // default: a fixed sequence
	// Has reports which programs that are recognised and not simulated the machine has; nil is all.
	Has func(name string) bool
	// Bare leaves the environment at Env, in its order.
	Bare bool
	// Posix is the shell that sh is, dash (the default) or ash: which words its errors have. Where Name is sh, the
	// shell itself is one.
	Posix  string
	Limits Limits
}

// Limits bound what a line may use. A zero field takes the default.
type Limits struct {
	Output    int // bytes that one line may print; 4 MiB
	Processes int // background and pipeline processes alive at once; 400
	Memory    int // bytes of all variables of one process; 64 MiB
	Depth     int // nesting of functions, subshells and scripts; 1000
}

// EditRequest asks for an editor over the terminal.
type EditRequest struct {
	Program string // nano, vi, vim …
	Name    string // the file as it was called
	Path    string // absolute
	Line    int    // to begin at, from 1; 0 where none was given
	Content string
	New     bool // there is no such file yet
}

// EditResult is what the user left in the editor.
type EditResult struct {
	Content string
	Saved   bool
}

// EditFunc opens an editor and returns when it is closed. It is called by a running task.
type EditFunc func(ctx context.Context, r EditRequest) (EditResult, error)

// Shell is one login shell with everything that lives as long as it: variables, functions, aliases, history, jobs.
// It is not safe for concurrent use.
type Shell struct {
	fs       *vfs.FS
	machine  *task.Scheduler
	commands map[string]Command
	builtins map[string]builtin
	edit     EditFunc
	random   func() uint64
	limits   Limits
	hostname string
	user     string
	ash      bool // sh is busybox's
	has      func(name string) bool
	start    time.Time

	main    *process
	front   *front     // the typed line that runs
	waited  *job       // what fg waits for
	warned  int        // how long the history was when exit was refused
	tty     [2]*stream // the terminal's keys and screen, for /dev/tty; nil where there is none
	history []string
	base    context.Context // ends with the shell
	stop    context.CancelFunc
	live    int // processes that have a task of their own
	lastPID int
	cols    int
	rows    int
	exited  bool

	interactive bool
	forkTold    bool
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// New returns a shell that stands in its directory, which it makes where it is missing.
func New(c Config) *Shell {
	or := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	or(&c.Home, "/root")
	or(&c.Dir, c.Home)
	or(&c.User, "root")
	or(&c.Hostname, "controlplane")
	or(&c.Name, "bash")
	c.Limits.fill()
	sh := &Shell{
		fs: c.FS, machine: c.Machine, commands: maps.Clone(c.Commands), edit: c.Edit, random: c.Random, limits: c.Limits,
		hostname: c.Hostname, user: c.User, start: c.Machine.Now(), lastPID: 1000, cols: 80, rows: 24,
		ash: c.Posix == "ash", has: c.Has,
	}
	if sh.commands == nil {
		sh.commands = map[string]Command{}
	}
	if sh.random == nil {
		sh.random = xorshift(1)
	}
	sh.base, sh.stop = context.WithCancel(context.Background())
	sh.builtins = builtinTable()
	sh.commands["bash"] = nil // runs in the shell itself
	sh.commands["sh"] = nil
	sh.install(c)
	sh.main = sh.newProcess(c)
	return sh
}

func (l *Limits) fill() {
	or := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	or(&l.Output, 4<<20)
	or(&l.Processes, 400)
	or(&l.Memory, 64<<20)
	or(&l.Depth, 1000)
}

func xorshift(x uint64) func() uint64 {
	return func() uint64 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		return x
	}
}

const stubMagic = "\x7fELF\x02\x01\x01\x00"

// install makes the directories that a Unix machine has and a file for each command.
func (sh *Shell) install(c Config) {
	for _, dir := range []string{"/usr/bin", "/usr/local/bin", "/usr/local/sbin", "/usr/sbin", "/etc", "/tmp", "/dev/fd", "/var/log", "/home", c.Home, c.Dir} {
		sh.fs.MkdirAll(dir, 0o755)
	}
	sh.fs.Chmod("/tmp", 0o777|iofs.ModeSticky)
	for _, l := range [][2]string{{"/bin", "usr/bin"}, {"/sbin", "usr/sbin"}, {"/usr/sbin", ""}} {
		if _, err := sh.fs.Lstat(l[0]); err == nil {
			continue
		}
		if l[1] == "" {
			sh.fs.Mkdir(l[0], 0o755)
		} else {
			sh.fs.Symlink(l[1], l[0])
		}
	}
	for _, d := range []struct {
		name string
		kind vfs.Device
	}{{"null", vfs.Null}, {"zero", vfs.Zero}, {"full", vfs.Full}, {"random", vfs.Random}, {"urandom", vfs.Random}, {"tty", vfs.Null}, {"stdin", vfs.Null}, {"stdout", vfs.Null}, {"stderr", vfs.Null}} {
		if _, err := sh.fs.Stat("/dev/" + d.name); err != nil {
			sh.fs.Mknod("/dev/"+d.name, d.kind, 0o666)
		}
	}
	for _, f := range [][2]string{
		{"/etc/hostname", c.Hostname + "\n"},
		{"/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"},
		{"/etc/group", "root:x:0:\n"},
		{"/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 " + c.Hostname + "\n"},
	} {
		if _, err := sh.fs.Stat(f[0]); err != nil {
			sh.fs.WriteFile(f[0], []byte(f[1]), 0o644)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sh.commands)) {
		sh.stub(name)
	}
}

func (sh *Shell) stub(name string) {
	path := "/usr/bin/" + name
	if _, err := sh.fs.Lstat(path); err != nil {
		sh.fs.WriteFile(path, []byte(stubMagic+name+"\n"), 0o755)
	}
}

// AddCommand adds a program, or takes the place of one.
func (sh *Shell) AddCommand(name string, c Command) {
	sh.commands[name] = c
	sh.stub(name)
}

// Dir is the working directory.
func (sh *Shell) Dir() string { return sh.main.dir }

// FS is the file system.
func (sh *Shell) FS() *vfs.FS { return sh.fs }

// Getenv is the value of a variable, "" where it is not set.
func (sh *Shell) Getenv(name string) string { return sh.main.get(name) }

// Setenv sets and exports a variable.
func (sh *Shell) Setenv(name, value string) {
	v := sh.main.vars.make(name)
	v.set, v.str, v.exported = true, value, true
}

// SetSize says how large the terminal is.
func (sh *Shell) SetSize(cols, rows int) { sh.cols, sh.rows = cols, rows }

// SetInteractive makes the shell behave as one that a person types into: it tells about background jobs, keeps a
// history and expands !.
func (sh *Shell) SetInteractive(on bool) { sh.interactive = on }

// Exited reports whether the shell has been left by exit.
func (sh *Shell) Exited() bool { return sh.exited }

// Status is $?.
func (sh *Shell) Status() int { return sh.main.status }

// Run runs a line, or several with their here-documents, as typed at the prompt, and returns its exit status. What
// it changes (directory, variables, functions, aliases, options) stays. Background processes go on after it.
//
// Called by a task, it runs as part of that task. Called by anyone else, it drives the machine until the line is
// done, time jumping whenever everyone waits.
func (sh *Shell) Run(ctx context.Context, line string, stdin io.Reader, stdout, stderr io.Writer) (exit int) {
	if !sh.machine.Running() {
		done := false
		sh.machine.Go(func() {
			defer func() { done = true }()
			exit = sh.Run(ctx, line, stdin, stdout, stderr)
		})
		if !sh.machine.Until(func() bool { return done }) {
			return 1
		}
		return exit
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sh.forkTold = false
	p := sh.main
	g := sh.newGroup(cancel)
	defer g.close()
	p.ctx = context.WithValue(ctx, groupKey{}, g)
	p.attach(stdin, stdout, stderr, &outputLimit{left: sh.limits.Output, limit: sh.limits.Output, stderr: stderr, cancel: cancel})
	defer sh.takeFront(p, cancel)()
	if sh.interactive {
		expanded, changed, err := sh.ExpandHistory(line)
		if err != nil {
			io.WriteString(stderr, sh.main.name+": "+err.Error()+"\n")
			p.status = 1
			return 1
		}
		if changed {
			io.WriteString(stderr, expanded+"\n")
		}
		line = expanded
		sh.AddHistory(sh.HistoryLine(line))
		sh.front.text = line
	}
	p.top(line)
	if p.job != nil {
		p.job.done, p.job.status = true, p.status
	}
	return p.status
}

// Close ends everything that the shell has started.
func (sh *Shell) Close() { sh.stop() }

// CommandNames lists the programs, builtins, functions, aliases and keywords that begin with prefix, sorted.
func (sh *Shell) CommandNames(prefix string) []string {
	names := map[string]bool{}
	add := func(name string) {
		if strings.HasPrefix(name, prefix) {
			names[name] = true
		}
	}
	for name := range sh.builtins {
		add(name)
	}
	for name := range sh.main.funcs {
		add(name)
	}
	for name := range sh.main.aliases {
		add(name)
	}
	for _, name := range keywords {
		add(name)
	}
	for _, dir := range strings.Split(sh.main.get("PATH"), ":") {
		entries, _ := sh.fs.ReadDir(sh.main.abs(dir))
		for _, e := range entries {
			if !e.IsDir() {
				add(e.Name())
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

var keywords = []string{"!", "[[", "]]", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then", "time", "until", "while", "{", "}"}

// VariableNames lists the set variables that begin with prefix, sorted.
func (sh *Shell) VariableNames(prefix string) []string {
	var names []string
	for _, name := range sh.main.vars.names() {
		if strings.HasPrefix(name, prefix) && sh.main.vars.find(name).set {
			names = append(names, name)
		}
	}
	return names
}

// Alias is what name is an alias for.
func (sh *Shell) Alias(name string) (string, bool) {
	s, ok := sh.main.aliases[name]
	return s, ok
}
