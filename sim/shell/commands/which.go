package commands

import (
	"context"
	"fmt"
	"strings"

	"terrarium/sim/shell"
)

func which(_ context.Context, p *shell.Proc) int {
	args, all := p.Args[1:], false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-a":
			all = true
		case "-s", "--":
		default:
			fmt.Fprintf(p.Stderr, "Illegal option %s\nUsage: %s [-as] args\n", args[0], p.Args[0])
			return 2
		}
		args = args[1:]
	}
	exit := 0
	for _, name := range args {
		at := p.Lookup(name)
		if at == "" {
			exit = 1
			continue
		}
		fmt.Fprintln(p.Stdout, at)
		if all && strings.HasPrefix(at, "/usr/bin/") {
			fmt.Fprintln(p.Stdout, strings.TrimPrefix(at, "/usr"))
		}
	}
	return exit
}
