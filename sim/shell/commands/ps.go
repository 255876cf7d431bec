package commands

import (
	"context"
	"fmt"
	"strings"

	"terrarium/sim/shell"
)

// ps lists the processes that there are: the shell, its background jobs and itself.
func ps(_ context.Context, p *shell.Proc) int {
	options := strings.ReplaceAll(strings.Join(p.Args[1:], ""), "-", "")
	list := append(p.Processes(), shell.Process{PID: p.PID(), Parent: p.ParentPID(), Command: strings.Join(p.Args, " ")})
	begun := p.Booted().UTC().Format("15:04")
	switch {
	case strings.Contains(options, "u"):
		fmt.Fprintln(p.Stdout, "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND")
	case strings.Contains(options, "f"):
		fmt.Fprintln(p.Stdout, "UID          PID    PPID  C STIME TTY          TIME CMD")
	default:
		fmt.Fprintln(p.Stdout, "    PID TTY          TIME CMD")
	}
	for _, x := range list {
		name, _, _ := strings.Cut(x.Command, " ")
		switch {
		case strings.Contains(options, "u"):
			fmt.Fprintf(p.Stdout, "%-8s %7d  0.0  0.1   8968  5248 pts/0    S    %s   0:00 %s\n", p.User(), x.PID, begun, x.Command)
		case strings.Contains(options, "f"):
			fmt.Fprintf(p.Stdout, "%-8s %7d %7d  0 %s pts/0    00:00:00 %s\n", p.User(), x.PID, x.Parent, begun, x.Command)
		default:
			fmt.Fprintf(p.Stdout, "%7d pts/0    00:00:00 %s\n", x.PID, name)
		}
	}
	return 0
}
