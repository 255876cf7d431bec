package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"terrarium/sim/shell"
)

func env(ctx context.Context, p *shell.Proc) int {
	opts, args, exit, done := syntax{
		short: "iu:C:S:v0", long: []string{"ignore-environment=i", "unset:=u", "chdir:=C", "split-string:=S", "debug=v", "null=0"},
		usage: []string{"NAME [OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]"}, exit: 125, ordered: true,
	}.parse(p)
	if done {
		return exit
	}
	environ := p.Environ()
	if len(args) > 0 && args[0] == "-" {
		args = args[1:]
		opts = append(opts, given{"i", ""})
	}
	if has(opts, "i") {
		environ = []string{}
	}
	drop := func(name string) {
		environ = slices.DeleteFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
	}
	for _, o := range opts {
		switch o.name {
		case "u":
			drop(o.value)
		case "S":
			args = append(strings.Fields(o.value), args...)
		}
	}
	for len(args) > 0 && strings.Contains(args[0], "=") {
		name, _, _ := strings.Cut(args[0], "=")
		drop(name)
		environ = append(environ, args[0])
		args = args[1:]
	}
	if len(args) == 0 {
		end := "\n"
		if has(opts, "0") {
			end = "\x00"
		}
		for _, kv := range environ {
			fmt.Fprint(p.Stdout, kv, end)
		}
		return 0
	}
	dir := ""
	if has(opts, "C") {
		dir = p.Path(last(opts, "C", ""))
		if info, err := p.FS.Stat(dir); err != nil || !info.IsDir() {
			p.Errorf("cannot change directory to '%s': No such file or directory", last(opts, "C", ""))
			return 125
		}
	}
	return runOr(ctx, p, args, shell.ExecOptions{Env: environ, Dir: dir}, "‘", "’")
}

// runOr runs a program, or says why it cannot.
func runOr(ctx context.Context, p *shell.Proc, args []string, o shell.ExecOptions, open, closing string) int {
	if p.Lookup(args[0]) == "" {
		if info, err := p.FS.Stat(p.Path(args[0])); err == nil && strings.Contains(args[0], "/") {
			if info.IsDir() || info.Mode()&0o111 == 0 {
				p.Errorf("%s%s%s: Permission denied", open, args[0], closing)
				return 126
			}
		}
		p.Errorf("%s%s%s: No such file or directory", open, args[0], closing)
		return 127
	}
	return p.Exec(ctx, args, o)
}

func printenv(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "0", long: []string{"null=0"}, usage: []string{"NAME [OPTION]... [VARIABLE]..."}, exit: 2}.parse(p)
	if done {
		return exit
	}
	end := "\n"
	if has(opts, "0") {
		end = "\x00"
	}
	if len(names) == 0 {
		for _, kv := range p.Environ() {
			fmt.Fprint(p.Stdout, kv, end)
		}
		return 0
	}
	for _, name := range names {
		value, ok := p.LookupEnv(name)
		if !ok {
			exit = 1
			continue
		}
		fmt.Fprint(p.Stdout, value, end)
	}
	return exit
}
