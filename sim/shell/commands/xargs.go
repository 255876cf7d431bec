package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"terrarium/sim/shell"
)

// gathering is one run of xargs.
type gathering struct {
	p       *shell.Proc
	command []string
	replace string
	perRun  int
	lines   bool
	trace   bool
	exit    int
	stop    bool
}

func xargs(ctx context.Context, p *shell.Proc) int {
	opts, command, exit, done := syntax{
		short: "0a:d:E:I:i::L:l::n:oprs:tP:x", long: []string{"null=0", "arg-file:=a", "delimiter:=d", "replace::=i", "max-lines::=l", "max-args:=n", "interactive=p", "no-run-if-empty=r", "verbose=t", "max-procs:=P", "max-chars:=s", "exit=x"},
		usage: []string{"NAME [OPTION]... COMMAND [INITIAL-ARGS]..."}, ordered: true,
	}.parse(p)
	if done {
		return exit
	}
	g := &gathering{p: p, command: command, trace: has(opts, "t", "p")}
	if len(command) == 0 {
		g.command = []string{"echo"}
	}
	delimiter := ""
	for _, o := range opts {
		switch o.name {
		case "I":
			g.replace, g.lines = o.value, true
		case "i":
			if g.replace, g.lines = o.value, true; o.value == "" {
				g.replace = "{}"
			}
		case "n", "L", "l":
			n, err := strconv.Atoi(o.value)
			if o.name == "l" && o.value == "" {
				n, err = 1, nil
			}
			if err != nil || n < 1 {
				p.Errorf("value %s for -%s option should be >= 1", o.value, o.name)
				return 1
			}
			g.perRun, g.replace = n, ""
			g.lines = o.name != "n"
		case "0":
			delimiter = "\x00"
		case "d":
			delimiter = o.value
			if len(delimiter) > 1 && delimiter[0] == '\\' {
				delimiter = strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\0`, "\x00", `\\`, `\`).Replace(delimiter)
			}
		}
	}
	data, err := p.ReadFile(last(opts, "a", "-"))
	if err != nil {
		if has(opts, "a") {
			p.Errorf("Cannot open input file ‘%s’: %s", last(opts, "a", ""), reason(err))
		}
		return 1
	}
	items, msg := split(string(data), delimiter, g.lines && g.replace != "", g.lines && g.replace == "")
	if msg != "" {
		p.Errorf("%s", msg)
		return 1
	}
	if len(items) == 0 && (has(opts, "r") || g.replace != "") {
		return 0
	}
	return g.runAll(ctx, items)
}

// split makes items of the input: at blanks with quotes and backslashes, at a delimiter, or by lines.
func split(s, delimiter string, whole, byLine bool) (items []string, msg string) {
	if delimiter != "" {
		s = strings.TrimSuffix(s, delimiter)
		if s == "" {
			return nil, ""
		}
		return strings.Split(s, delimiter), ""
	}
	if byLine {
		for line := range strings.Lines(s) {
			if strings.TrimSpace(line) != "" {
				items = append(items, strings.TrimSpace(line))
			}
		}
		return items, ""
	}
	var cur strings.Builder
	open := false
	flush := func() {
		if open {
			items = append(items, cur.String())
		}
		cur.Reset()
		open = false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n':
			flush()
		case (c == ' ' || c == '\t') && (!whole || !open):
			flush()
		case c == '\'' || c == '"':
			end := strings.IndexByte(s[i+1:], c)
			if end < 0 || strings.IndexByte(s[i+1:i+1+end], '\n') >= 0 {
				name := "single"
				if c == '"' {
					name = "double"
				}
				return items, "unmatched " + name + " quote; by default quotes are special to xargs unless you use the -0 option"
			}
			cur.WriteString(s[i+1 : i+1+end])
			open = true
			i += end + 1
		case c == '\\' && i+1 < len(s):
			i++
			cur.WriteByte(s[i])
			open = true
		default:
			cur.WriteByte(c)
			open = true
		}
	}
	flush()
	return items, ""
}

func (g *gathering) runAll(ctx context.Context, items []string) int {
	if g.replace != "" {
		for _, item := range items {
			args := make([]string, len(g.command))
			for i, a := range g.command {
				args[i] = strings.ReplaceAll(a, g.replace, item)
			}
			if g.run(ctx, args); g.stop {
				break
			}
		}
		return g.exit
	}
	n := g.perRun
	if n == 0 {
		n = 5000
	}
	for first := true; first || len(items) > 0; first = false {
		n := min(n, len(items))
		args := append([]string{}, g.command...)
		for _, item := range items[:n] {
			if g.lines {
				args = append(args, strings.Fields(item)...)
			} else {
				args = append(args, item)
			}
		}
		items = items[n:]
		if g.run(ctx, args); g.stop {
			break
		}
	}
	return g.exit
}

func (g *gathering) run(ctx context.Context, args []string) {
	if ctx.Err() != nil {
		g.exit, g.stop = 130, true
		return
	}
	if g.trace {
		fmt.Fprintln(g.p.Stderr, strings.Join(args, " "))
	}
	if g.p.Lookup(args[0]) == "" {
		g.p.Errorf("%s: No such file or directory", args[0])
		g.exit, g.stop = 127, true
		return
	}
	switch exit := g.p.Exec(ctx, args, shell.ExecOptions{Stdin: strings.NewReader("")}); {
	case exit == 255:
		g.p.Errorf("%s: exited with status 255; aborting", args[0])
		g.exit, g.stop = 124, true
	case exit == 126 || exit == 127:
		g.exit, g.stop = exit, true
	case exit > 128:
		g.p.Errorf("%s: terminated by signal %d", args[0], exit-128)
		g.exit, g.stop = 125, true
	case exit != 0:
		g.exit = 123
	}
}
