package sim

import (
	"context"
	"io"
	"path"
	"strings"

	"terrarium/sim/containers"
	"terrarium/sim/shell"
	"terrarium/sim/shell/commands"
)

// runner runs the commands of containers in a shell over the container's own files.
type runner struct{ c *Cluster }

// Start implements containers.Runner.
func (r runner) Start(s *containers.Start) (containers.Process, error) {
	sh := shell.New(shell.Config{
		FS: s.Files(), Machine: r.c.tasks, Commands: commands.All(), Env: s.Env, Home: "/root", Dir: dirOf(s.Dir),
		Hostname: s.Hostname, Name: "sh", Random: r.c.chance.Fork("container/" + s.Hostname).Uint64,
	})
	if !has(sh, s.Argv[0]) {
		sh.Close()
		return nil, &containers.NotFound{Command: s.Argv[0]}
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{start: s, cancel: cancel}
	words := make([]string, len(s.Argv))
	for i, a := range s.Argv {
		words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	r.c.tasks.Go(func() {
		code := sh.Run(ctx, strings.Join(words, " "), orEmpty(s.Stdin), orDiscard(s.Stdout), orDiscard(s.Stderr))
		sh.Close()
		cancel()
		if p.signal != 0 {
			code = 128 + p.signal
		}
		s.Exit(containers.Exit{Code: code})
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
	start  *containers.Start
	cancel context.CancelFunc
	signal int
}

// Signal implements containers.Process. The kernel shields a container's first process from a SIGTERM that it does
// not handle, and none of these handles it.
func (p *program) Signal(number int) {
	if number == containers.SIGTERM && p.start.Main {
		return
	}
	p.signal = number
	p.cancel()
}

// Serves implements containers.Process: none of these listens.
func (p *program) Serves(int32, string) (bool, int) { return false, 0 }
