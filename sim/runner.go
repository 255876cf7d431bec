package sim

import (
	"bytes"
	"context"
	"io"
	"path"
	"slices"
	"strings"

	"terrarium/sim/containers"
	"terrarium/sim/shell"
	"terrarium/sim/shell/commands"
)

// runner runs the commands of containers in a shell over the container's own files.
type runner struct{ c *Cluster }

// containerOutput is what a command in a container may print in all; logs keep far less of it.
const containerOutput = 1 << 40

// Start implements containers.Runner.
func (r runner) Start(s *containers.Start) (containers.Process, error) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{runner: r, start: s, cancel: cancel}
	name := "sh"
	if asksForLines(s.Argv) {
		name = path.Base(s.Argv[0])
	}
	sh := shell.New(shell.Config{
		FS: s.Files(), Machine: r.c.tasks, Commands: p.commands(), Env: s.Env, Home: "/root", Dir: dirOf(s.Dir),
		Hostname: s.Hostname, Name: name, Random: r.c.chance.Fork("container/" + s.Hostname).Uint64,
		Limits: shell.Limits{Output: containerOutput}, Bare: true, Posix: map[bool]string{true: "ash"}[s.Image.Busybox()],
		Has: s.Image.Has,
	})
	if asksForLines(s.Argv) {
		sh.Setenv("PWD", dirOf(s.Dir))
		if name != "dash" && (name != "sh" || s.Image.Busybox()) {
			sh.Setenv("SHLVL", "1")
		}
	}
	words := make([]string, len(s.Argv))
	for i, a := range s.Argv {
		words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	if program := path.Base(s.Argv[0]); slices.Contains(s.Image.Programs(), program) {
		words[0] = program
	} else if !has(sh, s.Argv[0]) && !(s.Image.Has(program) && slices.Contains(shell.Unsimulated(), program)) {
		sh.Close()
		cancel()
		return nil, &containers.NotFound{Command: s.Argv[0]}
	}
	if in, ok := s.Stdin.(*containers.Input); ok {
		in.Wait = func(signal <-chan struct{}) error { return r.c.tasks.Wait(ctx, signal, 0) }
	}
	exit := func(code int) {
		sh.Close()
		cancel()
		if p.signal != 0 {
			code = 128 + p.signal
		}
		s.Exit(containers.Exit{Code: code, OOMKilled: p.oom})
	}
	if s.TTY && s.Stdin != nil {
		line := strings.Join(words, " ")
		if asksForLines(s.Argv) {
			line = ""
		}
		r.c.tasks.Go(func() { r.converse(ctx, sh, s, line, exit) })
		return p, nil
	}
	r.c.tasks.Go(func() {
		exit(sh.Run(ctx, strings.Join(words, " "), orEmpty(s.Stdin), orDiscard(s.Stdout), orDiscard(s.Stderr)))
	})
	return p, nil
}

func dirOf(dir string) string {
	if dir == "" {
		return "/"
	}
	return dir
}

func has(sh *shell.Shell, name string) bool {
	if strings.Contains(name, "/") {
		info, err := sh.FS().Stat(path.Join("/", name))
		return err == nil && !info.IsDir()
	}
	for _, dir := range []string{"/usr/local/bin", "/usr/bin", "/bin"} {
		if _, err := sh.FS().Stat(path.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

func orEmpty(r io.Reader) io.Reader {
	if r == nil {
		return strings.NewReader("")
	}
	return r
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// program is a command that runs in a container.
type program struct {
	runner   runner
	start    *containers.Start
	cancel   context.CancelFunc
	children []containers.Process // programs of the image that the shell has started
	signal   int
	oom      bool
}

// Signal implements containers.Process. The kernel shields a container's first process from a SIGTERM that it does
// not handle; no shell does, and a program of the image only where it has taken the shell's place.
func (p *program) Signal(number int) {
	if number == containers.SIGTERM && p.start.Main {
		if len(p.children) > 0 && p.givesWay() {
			p.children[len(p.children)-1].Signal(number)
		}
		return
	}
	p.signal = number
	p.cancel()
}

// givesWay says that the shell's last command takes its place: it is the only one, or says exec.
func (p *program) givesWay() bool {
	if len(p.start.Argv) < 3 || p.start.Argv[1] != "-c" {
		return false
	}
	script, only := lastCommand(p.start.Argv[2])
	return only || strings.HasPrefix(script, "exec ")
}

// lastCommand is what stands behind a script's last ; & | or newline outside of quotes; only says that it is all there is.
func lastCommand(script string) (last string, only bool) {
	script = strings.TrimRight(script, " \t\n;")
	begin, quote := 0, rune(0)
	for i, c := range script {
		switch {
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case strings.ContainsRune(";&|\n", c):
			begin = i + 1
		}
	}
	return strings.TrimSpace(script[begin:]), begin == 0
}

// Get implements containers.Process: programs of the image answer.
func (p *program) Get(port int32, path string) (containers.Page, bool) {
	for _, c := range p.children {
		if page, ok := c.Get(port, path); ok {
			return page, true
		}
	}
	return containers.Page{}, false
}

// commands are the tools of every system, and what the image brings.
func (p *program) commands() map[string]shell.Command {
	all := commands.All()
	if p.start.Image.Busybox() {
		for name, run := range all {
			all[name] = inBusybox(name, run)
		}
	}
	for _, name := range p.start.Image.Programs() {
		all[name] = p.play
	}
	return all
}

// play runs a program of the image under the shell until it ends.
func (p *program) play(ctx context.Context, proc *shell.Proc) int {
	out := &printed{} // what it prints comes from the clock, which cannot wait for a pipe
	ended, code := false, 0
	inner := *p.start
	inner.Argv, inner.Env, inner.Dir, inner.Main, inner.TTY = proc.Args, proc.Environ(), proc.Dir, false, false
	inner.Stdin, inner.Stdout, inner.Stderr = proc.Stdin, printer{out, false}, printer{out, true}
	inner.Exit = func(e containers.Exit) { ended, code, p.oom = true, e.Code, p.oom || e.OOMKilled }
	child, failed := (&containers.Engine{Clock: p.runner.c.clock, Runner: p.runner}).Start(&inner)
	if failed != nil {
		proc.Errorf("%v", failed)
		return 127
	}
	p.children = append(p.children, child)
	defer func() {
		p.children = slices.DeleteFunc(p.children, func(c containers.Process) bool { return c == child })
	}()
	for {
		waiting := proc.Machine.WaitUntil(ctx, func() bool { return ended || len(out.pieces) > 0 })
		out.writeTo(proc)
		if waiting != nil {
			child.Signal(containers.SIGKILL)
			return 128 + containers.SIGKILL
		}
		if ended {
			return code
		}
	}
}

// printed is what a program has printed on both its streams, in the order in which it did.
type printed struct{ pieces []piece }

type piece struct {
	text   []byte
	stderr bool
}

// printer is one of the streams.
type printer struct {
	to     *printed
	stderr bool
}

func (w printer) Write(b []byte) (int, error) {
	w.to.pieces = append(w.to.pieces, piece{bytes.Clone(b), w.stderr})
	return len(b), nil
}

func (o *printed) writeTo(proc *shell.Proc) {
	pieces := o.pieces
	o.pieces = nil
	for _, p := range pieces {
		if p.stderr {
			proc.Stderr.Write(p.text)
		} else {
			proc.Stdout.Write(p.text)
		}
	}
}
