package shell_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"terrarium/sim/clock"
	"terrarium/sim/shell"
	"terrarium/sim/shell/commands"
	"terrarium/sim/task"
	"terrarium/sim/vfs"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// machine is a shell with its clock.
type machine struct {
	*shell.Shell
	clock *clock.Clock
	tasks *task.Scheduler
}

func newMachine() *machine { return newLimited(shell.Limits{}, vfs.Limits{}) }

func newLimited(l shell.Limits, f vfs.Limits) *machine {
	c := clock.New(start)
	m := &machine{clock: c, tasks: task.New(c)}
	m.Shell = shell.New(shell.Config{FS: vfs.New(c.Now, nil, f), Machine: m.tasks, Commands: commands.All(), Limits: l})
	return m
}

// run runs lines and returns what they print on both streams.
func (m *machine) run(line string) (out string, exit int) {
	var b bytes.Buffer
	exit = m.Run(context.Background(), line, strings.NewReader(""), &b, &b)
	return b.String(), exit
}

// interrupt is run with a Ctrl-C after a while.
func (m *machine) interrupt(line string, after time.Duration, stdin io.Reader) (out string, exit int) {
	var b bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	defer m.clock.After(after, cancel).Stop()
	exit = m.Run(ctx, line, stdin, &b, &b)
	return b.String(), exit
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
