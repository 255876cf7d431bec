package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"mvdan.cc/sh/v3/syntax"

	"terrarium/sim/task"
)

// A Signal ends a process; as the cause of a context it says by which one.
type Signal int

const (
	Interrupt Signal = 2
	Kill      Signal = 9
	BrokenEnd Signal = 13
	Terminate Signal = 15
)

func (s Signal) Error() string { return fmt.Sprintf("signal %d", int(s)) }

// statusOf is the exit status of a process whose context is done.
func statusOf(ctx context.Context) int {
	cause := context.Cause(ctx)
	var s Signal
	switch {
	case errors.As(cause, &s):
		return 128 + int(s)
	case errors.Is(cause, errOutput), errors.Is(cause, errFork):
		return 1
	}
	return 128 + int(Interrupt)
}

// unwind is the panic by which a process leaves what it is doing.
type unwind struct {
	kind   unwindKind
	status int
}

type unwindKind int

const (
	leaveUnit    unwindKind = iota // give up the command that was being read
	leaveProcess                   // exit
	dieBySignal
)

// flow is why statements are being skipped.
type flow int

const (
	goOn flow = iota
	breaking
	continuing
	returning
)

// process is the login shell, a script or a subshell.
type process struct {
	sh  *Shell
	ctx context.Context

	vars    *variables
	funcs   map[string]*function
	aliases map[string]string
	opts    options
	traps   map[string]string
	name    string // $0
	params  []string
	dir     string
	dirs    []string // below dir, for pushd
	files   *table

	login       bool // the shell that a person types into
	command     bool // bash -c
	flow        flow
	levels      int // left to break out of or continue
	loops       int
	status      int
	pipes       []int // PIPESTATUS
	pid         int
	shellPID    int // $$
	lastJob     int // $!
	task        *task.Task
	job         *job // what a typed line has become by Ctrl-Z
	jobs        []*job
	outerJobs   []*job // of the process that this one was copied from, to be listed
	quiet       int    // >0: a failure does not end the process under set -e
	depth       int    // of forks, functions aside
	subshells   int    // BASH_SUBSHELL
	indirection int    // command substitutions and evals, for set -x
	frames      []frame
	src         *source
	line        int
	inTrap      bool
	last        string // $_
	evals       int
	substituted []int // descriptors of process substitutions, to be closed after the command
	begun       time.Time
	getopt      int    // position within a cluster of options
	substed     bool   // the command's words ran a command substitution
	posix       bool   // runs as sh
	hashSeed    uint64 // of RANDOM
}

// function is a declared function.
type function struct {
	body *syntax.Stmt
	src  *source
}

// frame is one function or sourced file that runs.
type frame struct {
	name   string // "source" for a file
	file   string
	line   int // of the call
	params []string
}

// source is the text that syntax positions point into.
type source struct {
	text string
	name string // of the file, "" for what is typed
	base int    // lines before text
}

func (s *source) slice(n syntax.Node) string {
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	if s == nil || from < 0 || to > len(s.text) || from > to {
		return ""
	}
	return s.text[from:to]
}

func (sh *Shell) newProcess(c Config) *process {
	p := &process{
		sh: sh, ctx: sh.base, vars: newVariables(), funcs: map[string]*function{}, aliases: map[string]string{"k": "kubectl"},
		traps: map[string]string{}, name: c.Name, dir: c.Dir, files: newTable(), login: true, pid: sh.nextPID(), begun: sh.machine.Now(),
		opts: defaultOptions(), src: &source{},
	}
	p.shellPID = p.pid
	p.opts.shopt["expand_aliases"] = true
	env := append([]string{
		"HOME=" + c.Home, "USER=" + c.User, "LOGNAME=" + c.User, "SHELL=/bin/bash", "PATH=" + defaultPath, "TERM=xterm-256color",
		"LANG=C.UTF-8", "HOSTNAME=" + c.Hostname, "SHLVL=1",
	}, c.Env...)
	if c.Bare {
		env = c.Env
	}
	p.importEnv(env)
	if c.Bare {
		p.vars.make("PWD").exported = false
		for _, kv := range env {
			name, _, _ := strings.Cut(kv, "=")
			p.vars.order = append(p.vars.order, name)
		}
	}
	return p
}

// importEnv takes over an environment and sets the variables that every shell has.
func (p *process) importEnv(env []string) {
	for _, kv := range env {
		name, value, ok := strings.Cut(kv, "=")
		if ok && syntax.ValidName(name) {
			v := p.vars.make(name)
			*v = variable{set: true, str: value, exported: true}
		}
	}
	plain := func(name, value string) *variable {
		v := p.vars.make(name)
		v.set, v.str = true, value
		return v
	}
	plain("PWD", p.dir).exported = true
	plain("IFS", " \t\n")
	plain("OPTIND", "1")
	plain("BASH", "/bin/bash")
	plain("BASH_VERSION", "5.2.21(1)-release")
	plain("HOSTTYPE", "x86_64")
	plain("OSTYPE", "linux-gnu")
	plain("MACHTYPE", "x86_64-pc-linux-gnu")
	for _, name := range []string{"UID", "EUID"} {
		v := plain(name, "0")
		v.readonly, v.integer = true, true
	}
	parent := plain("PPID", "1")
	parent.readonly, parent.integer = true, true
	plain("PS4", "+ ")
}

func (sh *Shell) nextPID() int {
	sh.lastPID++
	return sh.lastPID
}

// attach connects what the login shell has not redirected with exec to the host's streams.
func (p *process) attach(stdin io.Reader, stdout, stderr io.Writer, limit *outputLimit) {
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	if stdout == nil {
		stdout = io.Discard
	}
	if stderr == nil {
		stderr = io.Discard
	}
	limit.stderr = stderr
	for fd, e := range []endpoint{hostReader{stdin}, hostWriter{stdout, limit}, hostWriter{stderr, limit}} {
		switch old := p.files.files[fd]; {
		case old == nil:
		case isHost(old.endpoint):
		default:
			continue
		}
		s := newStream(e)
		s.tty = isTTY([]any{stdin, stdout, stderr}[fd])
		p.files.set(fd, s)
		if s.tty && fd < 2 {
			p.sh.tty[fd] = s
		}
	}
}

func isHost(e endpoint) bool {
	switch e.(type) {
	case hostReader, hostWriter:
		return true
	}
	return false
}

// TTY is implemented by the readers and writers of a terminal.
type TTY interface{ IsTerminal() bool }

func isTTY(x any) bool {
	t, ok := x.(TTY)
	return ok && t.IsTerminal()
}

// fork copies the process for a subshell, which runs in the same task or, from spawn, in its own.
func (p *process) fork() *process {
	if p.depth >= p.sh.limits.Depth {
		p.forkFailed()
		panic(unwind{leaveUnit, 254})
	}
	c := *p
	c.vars = p.vars.fork()
	c.funcs = maps.Clone(p.funcs)
	c.aliases = maps.Clone(p.aliases)
	c.opts = p.opts.clone()
	c.traps = map[string]string{}
	for name, action := range p.traps {
		if action == "" {
			c.traps[name] = ""
		}
	}
	c.dirs = slices.Clone(p.dirs)
	c.files = p.files.fork()
	c.frames = slices.Clone(p.frames)
	c.jobs, c.outerJobs = nil, p.jobs
	c.login = false
	c.flow, c.levels = goOn, 0
	c.depth++
	c.subshells++
	c.hashSeed = 0
	return &c
}

// guard runs f and turns a way out of the process into its exit status. The EXIT trap runs.
func (p *process) guard(f func()) (status int) {
	p.catch(func() {
		p.catch(f)
		p.runTrap("EXIT")
	})
	return p.status
}

// catch runs f; it reports how f was left, false where it ended by itself.
func (p *process) catch(f func()) (kind unwindKind, left bool) {
	defer func() {
		switch u := recover().(type) {
		case nil:
		case unwind:
			kind, left = u.kind, true
			p.status = u.status
		default:
			panic(u)
		}
	}()
	f()
	return 0, false
}

// tick lets time pass for one small step and ends the process where its context is done.
func (p *process) tick() {
	if p.sh.machine.Spend(p.ctx, 5*time.Microsecond) != nil {
		p.die()
	}
}

// check ends the process where its context is done.
func (p *process) check() {
	if p.ctx.Err() != nil {
		p.die()
	}
}

func (p *process) die() {
	status := 130
	if p.ctx.Err() != nil {
		status = statusOf(p.ctx)
	}
	if action, ok := p.traps["INT"]; ok && action != "" && status == 130 && !p.inTrap {
		p.ctx = context.WithoutCancel(p.ctx)
		p.runTrap("INT")
	}
	panic(unwind{dieBySignal, status})
}

// await parks the process until done.
func (p *process) await(done func() bool) {
	if p.sh.machine.WaitUntil(p.ctx, done) == nil {
		return
	}
	// The others end by the same context; they get some turns to do so.
	for range 100 {
		if done() || p.sh.machine.Sleep(context.Background(), 0) != nil {
			break
		}
	}
	p.die()
}

var errFork = errors.New("fork: retry: Resource temporarily unavailable")

// spawn runs f in a copy of the process, which prepare has changed, and in a task of its own; done is called with its
// status when it has ended.
func (p *process) spawn(ctx context.Context, prepare, f func(c *process), done func(status int)) *process {
	if p.sh.live >= p.sh.limits.Processes {
		if g := groupOf(p.ctx); g != nil && !p.login {
			// What multiplies like this is ended as a whole.
			p.forkFailed()
			g.kill(errFork)
			p.die()
		}
		p.forkFailed()
		panic(unwind{leaveUnit, 254})
	}
	c := p.fork()
	c.ctx = ctx
	if prepare != nil {
		prepare(c)
	}
	c.pid = p.sh.nextPID()
	p.sh.live++
	c.task = p.sh.machine.Go(func() {
		status := c.guard(func() { f(c) })
		c.files.closeAll()
		p.sh.live--
		done(status)
	})
	return c
}

// group is what one typed line, or one background job of it, has started: its background processes live on when the
// process that started them has ended, and they can be ended together.
type group struct {
	ctx     context.Context // of the background processes
	cancel  context.CancelCauseFunc
	line    context.CancelCauseFunc // of the foreground; nil for a job
	members int
	closed  bool // nothing in the foreground is left
}

type groupKey struct{}

func (sh *Shell) newGroup(line context.CancelCauseFunc) *group {
	g := &group{line: line}
	g.ctx, g.cancel = context.WithCancelCause(sh.base)
	g.ctx = context.WithValue(g.ctx, groupKey{}, g)
	return g
}

func groupOf(ctx context.Context) *group {
	g, _ := ctx.Value(groupKey{}).(*group)
	return g
}

func (g *group) kill(cause error) {
	if g.line != nil {
		g.line(cause)
	}
	g.cancel(cause)
}

// leave says that a member has ended.
func (g *group) leave() {
	if g.members--; g.members == 0 && g.closed {
		g.cancel(nil)
	}
}

// close says that the foreground has ended.
func (g *group) close() {
	if g.closed = true; g.members == 0 {
		g.cancel(nil)
	}
}

// forkFailed complains that there are too many processes, once for each line that is typed.
func (p *process) forkFailed() {
	if !p.sh.forkTold {
		p.sh.forkTold = true
		p.errorf("%v", errFork)
	}
}

// inline runs f in a copy of the process, which prepare (nil: nothing) has changed, within this task and returns its
// status.
func (p *process) inline(prepare, f func(c *process)) int {
	c := p.fork()
	defer c.files.closeAll()
	if prepare != nil {
		prepare(c)
	}
	status := c.guard(func() { f(c) })
	p.check()
	return status
}

// abs makes a path absolute.
func (p *process) abs(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	if name == "" {
		return p.dir
	}
	if p.dir == "/" {
		return "/" + name
	}
	return p.dir + "/" + name
}

// write sends s to a descriptor. A pipe without readers ends the process.
func (p *process) write(fd int, s string) error {
	f := p.files.files[fd]
	if f == nil {
		return fmt.Errorf("Bad file descriptor")
	}
	_, err := f.write(p.ctx, []byte(s))
	switch {
	case err == nil:
	case errors.Is(err, errBroken):
		panic(unwind{dieBySignal, 128 + int(BrokenEnd)})
	case errors.Is(err, errOutput):
		panic(unwind{dieBySignal, 1})
	case p.ctx.Err() != nil:
		p.die()
	}
	return err
}

func (p *process) print(format string, args ...any) error {
	return p.write(1, fmt.Sprintf(format, args...))
}

// prefix is what a message begins with: the shell's name and, in scripts, the line.
func (p *process) prefix() string {
	switch {
	case p.isAsh():
		return path.Base(p.name) + ": "
	case p.isDash():
		return fmt.Sprintf("%s: %d: ", p.name, p.lineNumber())
	}
	if p.interactive() {
		return path.Base(p.sh.main.name) + ": "
	}
	name := p.name
	if n := len(p.frames); n > 0 && p.frames[n-1].file != "" {
		name = p.frames[n-1].file
	}
	return fmt.Sprintf("%s: line %d: ", name, p.lineNumber())
}

func (p *process) lineNumber() int {
	if p.src != nil {
		return p.line + p.src.base
	}
	return p.line
}

// isPosix reports whether the process runs as sh; isDash and isAsh, which of the shells that are called so it is.
func (p *process) isPosix() bool { return p.posix && !p.opts.typed || p.login && p.name == "sh" }
func (p *process) isDash() bool  { return p.isPosix() && !p.sh.ash }
func (p *process) isAsh() bool   { return p.isPosix() && p.sh.ash }

// interactive reports whether the process belongs to the login shell, not to a script.
func (p *process) interactive() bool { return p.pid == p.sh.main.pid || p.typed() }

func (p *process) typed() bool { return p.opts.typed }

// errorf prints a message as the shell itself.
func (p *process) errorf(format string, args ...any) {
	p.write(2, p.prefix()+fmt.Sprintf(format, args...)+"\n")
}

// fail prints a message and gives the command up that was being read.
func (p *process) fail(status int, format string, args ...any) {
	p.errorf(format, args...)
	panic(unwind{leaveUnit, status})
}

// fatal is fail where a person types, but ends a script.
func (p *process) fatal(status int, format string, args ...any) {
	p.errorf(format, args...)
	kind := leaveProcess
	if p.login {
		kind = leaveUnit
	}
	panic(unwind{kind, status})
}
