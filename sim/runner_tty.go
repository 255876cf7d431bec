package sim

import (
	"bytes"
	"context"
	"path"
	"strings"

	"terrarium/sim/containers"
	"terrarium/sim/shell"
	"terrarium/sim/terminal"
)

// asksForLines says that a command is a shell which reads what is typed.
func asksForLines(argv []string) bool {
	for _, a := range argv[1:] {
		if !strings.HasPrefix(a, "-") || strings.ContainsRune(a, 'c') && !strings.HasPrefix(a, "--") {
			return false
		}
	}
	switch path.Base(argv[0]) {
	case "sh", "ash", "bash", "dash":
		return true
	}
	return false
}

// converse lets somebody talk, over a terminal, with a container's shell or with the one line that it runs, until one of
// them has enough.
func (r runner) converse(ctx context.Context, sh *shell.Shell, s *containers.Start, line string, exit func(int)) {
	sh.SetInteractive(line == "")
	muted, over := false, false
	var t *terminal.Terminal
	finish := func() {
		if !over {
			over = true
			t.Close()
			exit(sh.Status())
		}
	}
	t = terminal.New(terminal.Config{
		Shell: containerShell{sh, s}, Tasks: r.c.tasks, Run: line, Exit: finish,
		Out: func(b []byte) {
			if !muted {
				orDiscard(s.Stdout).Write(bytes.Clone(b))
			}
		},
	})
	if in, ok := s.Stdin.(*containers.Input); ok {
		in.Attached = t.Redraw
	}
	r.c.tasks.Go(func() {
		r.c.tasks.WaitUntil(ctx, func() bool { return over })
		finish()
	})
	keys := make([]byte, 4096)
	for !over {
		n, err := s.Stdin.Read(keys)
		if n > 0 && !over {
			// Whole lines come from a terminal that has shown them already; single keys want to be seen.
			muted = keys[n-1] == '\n' && !bytes.ContainsAny(keys[:n], "\r\x1b")
			t.Input(bytes.ReplaceAll(keys[:n], []byte("\n"), []byte("\r")))
			muted = false
		}
		if err != nil {
			r.c.tasks.WaitUntil(ctx, func() bool { return over || !t.Busy() })
			finish()
		}
	}
}

// containerShell is a container's shell as its terminal wants it.
type containerShell struct {
	*shell.Shell
	start *containers.Start
}

// Prompt is that of the image's shell.
func (s containerShell) Prompt() string {
	switch {
	case path.Base(s.start.Argv[0]) == "bash":
		return "root@" + s.start.Hostname + ":" + s.tilde() + "# "
	case s.start.Image.Busybox():
		return s.tilde() + " # "
	}
	return "# "
}

func (s containerShell) tilde() string {
	if rest, ok := strings.CutPrefix(s.Dir()+"/", "/root/"); ok {
		return strings.TrimSuffix("~/"+rest, "/")
	}
	return s.Dir()
}
