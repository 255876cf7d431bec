package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"terrarium/sim/task"
	"terrarium/sim/vfs"
)

// Proc is what a running program has: its arguments, streams, files and the machine.
type Proc struct {
	Args    []string // with the program's name first
	Dir     string   // working directory
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	FS      *vfs.FS
	Machine *task.Scheduler

	TTY      bool // stdout is a terminal
	StdinTTY bool // stdin is a terminal
	Cols     int  // of the terminal
	Rows     int

	process *process
	env     []string
	killed  int   // the exit status, where a signal has ended the program
	failed  error // of the first write that failed
	ctx     context.Context
}

// Now is the present virtual instant.
func (p *Proc) Now() time.Time { return p.Machine.Now() }

// Sleep lets virtual time pass.
func (p *Proc) Sleep(ctx context.Context, d time.Duration) error { return p.Machine.Sleep(ctx, d) }

// Step says that the program has worked for a moment; it returns an error where the program should end. Loops that
// may be long call it.
func (p *Proc) Step(ctx context.Context) error { return p.Machine.Spend(ctx, 2*time.Microsecond) }

// Getenv is the value of an environment variable, "" where it is not set.
func (p *Proc) Getenv(name string) string {
	value, _ := p.LookupEnv(name)
	return value
}

// LookupEnv is Getenv that tells an empty value from none.
func (p *Proc) LookupEnv(name string) (string, bool) {
	for _, kv := range p.env {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v, true
		}
	}
	return "", false
}

// Environ lists the environment as NAME=value, sorted by name.
func (p *Proc) Environ() []string { return slices.Clone(p.env) }

// Name is the program's name as messages show it.
func (p *Proc) Name() string { return path.Base(p.Args[0]) }

// Hostname and User are the machine's name and the user's.
func (p *Proc) Hostname() string { return p.process.sh.hostname }
func (p *Proc) User() string     { return p.process.sh.user }

// Booted is when the machine was switched on.
func (p *Proc) Booted() time.Time { return p.process.sh.start }

// Random is a random number.
func (p *Proc) Random() uint64 { return p.process.sh.random() }

// Umask is the permission bits that new files lack.
func (p *Proc) Umask() iofs.FileMode { return p.process.opts.umask }

// PID and ParentPID are the process's number and its shell's.
func (p *Proc) PID() int       { return p.process.sh.lastPID }
func (p *Proc) ParentPID() int { return p.process.shellPID }

// Path makes a name absolute.
func (p *Proc) Path(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return strings.TrimSuffix(p.Dir, "/") + "/" + name
}

// Errorf prints "NAME: message" on stderr.
func (p *Proc) Errorf(format string, args ...any) {
	fmt.Fprintf(p.Stderr, "%s: %s\n", p.Name(), fmt.Sprintf(format, args...))
}

// Open opens a file for reading; /dev/stdin and /dev/fd/N are the process's own. The error's Reason is the C
// library's.
func (p *Proc) Open(name string) (io.ReadCloser, error) {
	if fd, ok := descriptorPath(p.Path(name)); ok {
		s := p.process.files.files[fd]
		if s == nil {
			return nil, &iofs.PathError{Op: "open", Path: name, Err: vfs.ErrNotExist}
		}
		return io.NopCloser(&reader{p, s}), nil
	}
	if p.Path(name) == "/dev/tty" {
		s, err := p.process.open(name, os.O_RDONLY)
		if err != nil {
			return nil, &iofs.PathError{Op: "open", Path: name, Err: err}
		}
		return keyboard{&reader{p, s}}, nil
	}
	f, err := p.FS.OpenFile(p.Path(name), os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// StatStdin tells about the file that stdin is, nil where it is none.
func (p *Proc) StatStdin() iofs.FileInfo {
	if s := p.process.files.files[0]; s != nil {
		if f, ok := s.endpoint.(openFile); ok {
			info, _ := f.Stat()
			return info
		}
	}
	return nil
}

// Create opens a file for writing with the flags of os.OpenFile; /dev/stdout and its sisters are the process's own.
func (p *Proc) Create(name string, flag int) (io.WriteCloser, error) {
	if fd, ok := descriptorPath(p.Path(name)); ok {
		s := p.process.files.files[fd]
		if s == nil {
			return nil, &iofs.PathError{Op: "open", Path: name, Err: vfs.ErrNotExist}
		}
		return nopWriteCloser{&writer{p, s}}, nil
	}
	return p.FS.OpenFile(p.Path(name), flag|os.O_WRONLY, 0o666&^p.process.opts.umask)
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

// ReadFile reads a whole file, or stdin where the name is "-".
func (p *Proc) ReadFile(name string) ([]byte, error) {
	if name == "-" {
		return p.readAll(p.Stdin)
	}
	f, err := p.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return p.readAll(f)
}

func (p *Proc) readAll(r io.Reader) ([]byte, error) {
	limit := int64(p.process.sh.limits.Memory)
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(data)) > limit {
		return nil, errors.New("memory exhausted")
	}
	return data, err
}

// ExecOptions say how a program that another one starts differs from it.
type ExecOptions struct {
	Stdin          io.Reader // nil: the same
	Stdout, Stderr io.Writer // nil: the same
	Env            []string  // nil: the same
	Dir            string    // "": the same
}

// Lookup finds a program in PATH, "" where there is none.
func (p *Proc) Lookup(name string) string {
	if strings.Contains(name, "/") {
		if info, err := p.FS.Stat(p.Path(name)); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return ""
		}
		return name
	}
	return firstIn(p.FS, p.Dir, p.Getenv("PATH"), name)
}

func (p *Proc) child(o ExecOptions) *process {
	c := p.process.fork()
	c.ctx = p.ctx
	c.dir = p.Dir
	if o.Dir != "" {
		c.dir = o.Dir
	}
	env := o.Env
	if env == nil {
		env = p.env
	}
	c.vars = newVariables()
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		*c.vars.make(name) = variable{set: true, exported: true, str: value}
	}
	return c
}

// Exec runs a program and returns its exit status: 127 where it cannot be found, 126 where it cannot be run; nothing
// is printed about that.
func (p *Proc) Exec(ctx context.Context, args []string, o ExecOptions) int {
	c := p.child(o)
	c.ctx = ctx
	defer c.files.closeAll()
	limit := &outputLimit{left: p.process.sh.limits.Output, limit: p.process.sh.limits.Output, stderr: io.Discard, cancel: func(error) {}}
	if o.Stdin != nil {
		c.files.set(0, newStream(hostReader{o.Stdin}))
	}
	if o.Stdout != nil {
		c.files.set(1, newStream(hostWriter{o.Stdout, limit}))
	}
	if o.Stderr != nil {
		c.files.set(2, newStream(hostWriter{o.Stderr, limit}))
	}
	at := p.Lookup(args[0])
	if at == "" {
		if _, err := p.FS.Stat(p.Path(args[0])); err == nil && strings.Contains(args[0], "/") {
			return 126
		}
		return 127
	}
	env := o.Env
	if env == nil {
		env = p.env
	}
	return c.guard(func() { c.status = c.runFile(c.abs(at), args, env) })
}

// Start is Exec in a task of its own, for programs that go on meanwhile; done reports whether it has ended and with
// which status.
func (p *Proc) Start(ctx context.Context, args []string, o ExecOptions) (done func() (status int, ended bool)) {
	status, ended := 0, false
	p.Machine.Go(func() {
		status = p.Exec(ctx, args, o)
		ended = true
	})
	return func() (int, bool) { return status, ended }
}

// Edit opens an editor; false where this shell has none.
func (p *Proc) Edit(ctx context.Context, r EditRequest) (EditResult, bool, error) {
	if p.process.sh.edit == nil {
		return EditResult{}, false, nil
	}
	result, err := p.process.sh.edit(ctx, r)
	return result, true, err
}

// History lists the lines that were typed, oldest first.
func (p *Proc) History() []string { return slices.Clone(p.process.sh.history) }

// reader and writer are a program's ends of its descriptors.
type reader struct {
	p *Proc
	s *stream
}

func (r *reader) Read(b []byte) (int, error) {
	if r.s == nil {
		return 0, vfs.ErrBadFile
	}
	return r.s.read(r.p.ctx, b)
}

// IsTerminal implements TTY.
func (r *reader) IsTerminal() bool { return r.s != nil && r.s.tty }

// Raw switches a terminal to raw mode, or back; anything else has none.
func (r *reader) Raw(on bool) {
	if r.s == nil {
		return
	}
	if h, ok := r.s.endpoint.(hostReader); ok {
		if t, ok := h.r.(interface{ Raw(bool) }); ok {
			t.Raw(on)
		}
	}
}

// keyboard is the terminal's keys: a reader that can be Raw.
type keyboard struct{ *reader }

func (keyboard) Close() error { return nil }

// LastWords writes to a terminal what has to be put right there, even after Ctrl-C.
func (p *Proc) LastWords(text string) {
	if s := p.process.files.files[1]; s != nil && s.tty {
		s.write(context.Background(), []byte(text))
	}
}

// Size is how large the terminal is now.
func (p *Proc) Size() (cols, rows int) { return p.process.sh.cols, p.process.sh.rows }

type writer struct {
	p *Proc
	s *stream
}

// IsTerminal implements TTY.
func (w *writer) IsTerminal() bool { return w.s != nil && w.s.tty }

// brokenPipe is the panic that ends a program which writes where nobody reads.
type brokenPipe struct{}

func (w *writer) Write(b []byte) (int, error) {
	if w.s == nil {
		return 0, vfs.ErrBadFile
	}
	n, err := w.s.write(w.p.ctx, b)
	if err != nil && w.p.failed == nil && w.p.ctx.Err() == nil {
		w.p.failed = err
	}
	if errors.Is(err, errBroken) {
		w.p.killed = 128 + int(BrokenEnd)
		panic(brokenPipe{})
	}
	if errors.Is(err, errOutput) {
		w.p.killed = 1
		panic(brokenPipe{})
	}
	return n, err
}

// runCommand runs a program of the table.
func (p *process) runCommand(c Command, args, env []string) (status int) {
	p.sh.nextPID()
	if p.sh.machine.Spend(p.ctx, 300*time.Microsecond) != nil {
		p.die()
	}
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	f := p.files.files
	proc := &Proc{
		Args: args, Dir: p.dir, FS: p.sh.fs, Machine: p.sh.machine, Cols: p.sh.cols, Rows: p.sh.rows,
		process: p, env: env, ctx: ctx,
	}
	proc.Stdin, proc.Stdout, proc.Stderr = &reader{proc, f[0]}, &writer{proc, f[1]}, &writer{proc, f[2]}
	proc.TTY = f[1] != nil && f[1].tty
	proc.StdinTTY = f[0] != nil && f[0].tty
	status = proc.run(ctx, c)
	p.check()
	var no vfs.Errno
	if proc.killed == 0 && errors.As(proc.failed, &no) {
		proc.Errorf("write error: %s", vfs.Reason(no))
		status = max(status, 1)
	}
	return status
}

func (p *Proc) run(ctx context.Context, c Command) (status int) {
	defer func() {
		if p.killed != 0 {
			recover() // whatever the writer's panic has become on its way
			status = p.killed
		}
	}()
	return c(ctx, p)
}

// readLine reads from stdin up to a delimiter, a byte at a time where others may read on; false at the end.
func (p *process) readLine(delim byte) (string, bool) {
	s := p.files.files[0]
	if s == nil {
		return "", false
	}
	var b []byte
	one := make([]byte, 1)
	for {
		n, err := s.read(p.ctx, one)
		if n > 0 {
			if one[0] == delim {
				return string(b), true
			}
			b = append(b, one[0])
		}
		if err != nil {
			p.check()
			return string(b), len(b) > 0
		}
	}
}

// Test evaluates the arguments of the program test, or of [ with its closing bracket; message is why they make no
// sense.
func (p *Proc) Test(args []string, bracket bool) (result bool, message string) {
	return p.process.condition().evaluate(args, bracket)
}
