package commands

import (
	"context"
	"fmt"
	"path"
	"strings"

	"terrarium/sim/shell"
)

func basename(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "as:z", long: []string{"multiple=a", "suffix:=s", "zero=z"}, ordered: true,
		usage: []string{"NAME NAME [SUFFIX]", "NAME OPTION... NAME..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		return missing(p, "missing operand")
	}
	suffix := last(opts, "s", "")
	if !has(opts, "a", "s") {
		if len(names) > 2 {
			return missing(p, "extra operand ‘%s’", names[2])
		}
		if len(names) == 2 {
			suffix, names = names[1], names[:1]
		}
	}
	end := "\n"
	if has(opts, "z") {
		end = "\x00"
	}
	for _, name := range names {
		base := path.Base(name)
		if name == "" {
			base = ""
		}
		if base != suffix {
			base = strings.TrimSuffix(base, suffix)
		}
		fmt.Fprint(p.Stdout, base, end)
	}
	return 0
}

func dirname(_ context.Context, p *shell.Proc) int {
	opts, names, exit, done := syntax{short: "z", long: []string{"zero=z"}, usage: []string{"NAME [OPTION] NAME..."}}.parse(p)
	if done {
		return exit
	}
	if len(names) == 0 {
		return missing(p, "missing operand")
	}
	end := "\n"
	if has(opts, "z") {
		end = "\x00"
	}
	for _, name := range names {
		trimmed := strings.TrimRight(name, "/")
		dir := "."
		if i := strings.LastIndexByte(trimmed, '/'); i >= 0 {
			if dir = strings.TrimRight(trimmed[:i], "/"); dir == "" {
				dir = "/"
			}
		} else if trimmed == "" && name != "" {
			dir = "/"
		}
		fmt.Fprint(p.Stdout, dir, end)
	}
	return 0
}
