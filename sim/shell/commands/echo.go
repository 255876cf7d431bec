package commands

import (
	"context"
	"fmt"
	"io"

	"terrarium/sim/shell"
)

func echo(_ context.Context, p *shell.Proc) int {
	io.WriteString(p.Stdout, shell.Echo(p.Args[1:], false))
	return 0
}

func printfCommand(_ context.Context, p *shell.Proc) int {
	if len(p.Args) < 2 {
		return missing(p, "missing operand")
	}
	f := shell.Printf{Now: p.Now, Start: p.Booted(), Complain: func(msg string) { p.Errorf("%s", msg) }}
	out, exit := f.Format(p.Args[1], p.Args[2:])
	io.WriteString(p.Stdout, out)
	return exit
}

func trueCommand(context.Context, *shell.Proc) int  { return 0 }
func falseCommand(context.Context, *shell.Proc) int { return 1 }

func clearScreen(_ context.Context, p *shell.Proc) int {
	io.WriteString(p.Stdout, "\x1b[H\x1b[2J\x1b[3J")
	return 0
}

func pwd(_ context.Context, p *shell.Proc) int {
	fmt.Fprintln(p.Stdout, p.Dir)
	return 0
}
