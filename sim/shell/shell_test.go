package shell

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"
	"time"

	"terrarium/sim/clock"
	"terrarium/sim/task"
	"terrarium/sim/vfs"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func world() *Shell {
	c := clock.New(start)
	return New(Config{
		FS: vfs.New(c.Now, nil, vfs.Limits{}), Machine: task.New(c),
		Commands: map[string]Command{
			"cat": func(ctx context.Context, p *Proc) int { io.Copy(p.Stdout, p.Stdin); return 0 },
			"sleep": func(ctx context.Context, p *Proc) int {
				d, _ := time.ParseDuration(p.Args[1] + "s")
				p.Sleep(ctx, d)
				return 0
			},
			"env": func(ctx context.Context, p *Proc) int {
				for _, kv := range p.Environ() {
					io.WriteString(p.Stdout, kv+"\n")
				}
				return 0
			},
			"yes": func(ctx context.Context, p *Proc) int {
				for {
					if _, err := io.WriteString(p.Stdout, "y\n"); err != nil || p.Step(ctx) != nil {
						return 1
					}
				}
			},
		},
	})
}

func run(t *testing.T, sh *Shell, line string) string {
	var out bytes.Buffer
	sh.Run(context.Background(), line, nil, &out, &out)
	return out.String()
}

func TestTry(t *testing.T) {
	src, err := os.ReadFile(os.Getenv("TRY"))
	if err != nil {
		t.Skip()
	}
	t.Log("\n" + run(t, world(), string(src)))
}
