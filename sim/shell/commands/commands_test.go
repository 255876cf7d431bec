package commands

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"terrarium/sim/clock"
	"terrarium/sim/shell"
	"terrarium/sim/task"
	"terrarium/sim/vfs"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func world() *shell.Shell {
	c := clock.New(start)
	return shell.New(shell.Config{FS: vfs.New(c.Now, nil, vfs.Limits{}), Machine: task.New(c), Commands: All()})
}

func run(sh *shell.Shell, line, stdin string) string {
	var out bytes.Buffer
	sh.Run(context.Background(), line, bytes.NewBufferString(stdin), &out, &out)
	return out.String()
}

func TestTry(t *testing.T) {
	src, err := os.ReadFile(os.Getenv("TRY"))
	if err != nil {
		t.Skip()
	}
	t.Log("\n" + run(world(), string(src), ""))
}
