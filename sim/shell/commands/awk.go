package commands

import (
	"context"
	"io"
	"os"
	"time"

	"terrarium/sim/shell"
	"terrarium/sim/shell/awk"
)

func awkCommand(ctx context.Context, p *shell.Proc) int {
	return awk.Run(awk.Config{
		Args: p.Args[1:], Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, Environ: p.Environ(),
		Open: p.Open,
		Create: func(name string, appendTo bool) (io.WriteCloser, error) {
			if appendTo {
				return p.Create(name, os.O_CREATE|os.O_APPEND)
			}
			return p.Create(name, os.O_CREATE|os.O_TRUNC)
		},
		System: func(line string, in io.Reader, out io.Writer) int {
			return p.Exec(ctx, []string{"sh", "-c", line}, shell.ExecOptions{Stdin: in, Stdout: out})
		},
		Step:     func() error { return p.Machine.Spend(ctx, 10*time.Microsecond) },
		Seed:     p.Random,
		Now:      func() int64 { return p.Now().Unix() },
		ReadFile: p.ReadFile,
	})
}
