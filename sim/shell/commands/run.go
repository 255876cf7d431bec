package commands

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"terrarium/sim/shell"
)

func yes(ctx context.Context, p *shell.Proc) int {
	_, words, exit, done := syntax{usage: []string{"NAME [STRING]...", "NAME OPTION"}}.parse(p)
	if done {
		return exit
	}
	line := "y\n"
	if len(words) > 0 {
		line = strings.Join(words, " ") + "\n"
	}
	chunk := strings.Repeat(line, max(1, 4096/len(line)))
	for {
		if _, err := io.WriteString(p.Stdout, chunk); err != nil {
			return 1
		}
		if p.Machine.Spend(ctx, 50*time.Microsecond) != nil {
			return 130
		}
	}
}

func timeout(ctx context.Context, p *shell.Proc) int {
	opts, args, exit, done := syntax{short: "fk:s:v", long: []string{"foreground=f", "kill-after:=k", "signal:=s", "preserve-status", "verbose=v"}, usage: []string{"NAME [OPTION] DURATION COMMAND [ARG]..."}, exit: 125, ordered: true}.parse(p)
	if done {
		return exit
	}
	if len(args) < 2 {
		missingHint(p)
		return 125
	}
	d, ok := duration(args[0])
	if !ok {
		missing(p, "invalid time interval ‘%s’", args[0])
		return 125
	}
	if d == 0 {
		return runOr(ctx, p, args[1:], shell.ExecOptions{}, "‘", "’")
	}
	sig := shell.Terminate
	if s := last(opts, "s", ""); strings.TrimPrefix(s, "SIG") == "KILL" || s == "9" {
		sig = shell.Kill
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	over, timedOut := false, false
	p.Machine.Go(func() {
		if p.Sleep(inner, d) == nil && !over {
			timedOut = true
			cancel(sig)
		}
	})
	status := runOr(inner, p, args[1:], shell.ExecOptions{}, "failed to run command ‘", "’")
	over = true
	switch {
	case timedOut && sig == shell.Kill && !has(opts, "preserve-status"):
		return 137
	case timedOut && !has(opts, "preserve-status"):
		return 124
	}
	return status
}

func timeCommand(ctx context.Context, p *shell.Proc) int {
	args := p.Args[1:]
	posix := len(args) > 0 && args[0] == "-p"
	if posix {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(p.Stderr, "Usage: time [-apvV] [-f format] [-o file] [--append] [--verbose]\n       [--portability] [--format=format] [--output=file] [--version]\n       [--quiet] [--help] command [arg...]")
		return 125
	}
	begun := p.Now()
	status := runOr(ctx, p, args, shell.ExecOptions{}, "cannot run ", "")
	took := p.Now().Sub(begun)
	if posix {
		fmt.Fprintf(p.Stderr, "real %.2f\nuser 0.00\nsys 0.00\n", took.Seconds())
	} else {
		fmt.Fprintf(p.Stderr, "0.00user 0.00system %d:%05.2felapsed 0%%CPU (0avgtext+0avgdata 2048maxresident)k\n0inputs+0outputs (0major+0minor)pagefaults 0swaps\n", int(took.Minutes()), (took % time.Minute).Seconds())
	}
	return status
}

// nohup, nice, stdbuf and setsid only run a program.
func nohup(ctx context.Context, p *shell.Proc) int {
	_, args, exit, done := syntax{short: "n:i:o:e:cfw", long: []string{"adjustment:=n", "input:=i", "output:=o", "error:=e"}, ordered: true, number: true, usage: []string{"NAME [OPTION] COMMAND [ARG]..."}, exit: 125}.parse(p)
	if done {
		return exit
	}
	if len(args) == 0 {
		missing(p, "missing operand")
		return 125
	}
	if p.TTY && p.Name() == "nohup" {
		fmt.Fprintf(p.Stderr, "nohup: ignoring input and appending output to 'nohup.out'\n")
		f, err := p.Create("nohup.out", os.O_CREATE|os.O_APPEND)
		if err == nil {
			defer f.Close()
			return runOr(ctx, p, args, shell.ExecOptions{Stdin: strings.NewReader(""), Stdout: f}, "failed to run command '", "'")
		}
	}
	return runOr(ctx, p, args, shell.ExecOptions{}, "failed to run command ‘", "’")
}

func sudo(ctx context.Context, p *shell.Proc) int {
	args := p.Args[1:]
	var env []string
	login := false
options:
	for len(args) > 0 {
		switch a := args[0]; {
		case a == "--":
			args = args[1:]
			break options
		case a == "-u" || a == "-g" || a == "-h":
			args = args[min(1, len(args)-1):]
		case a == "-i" || a == "-s":
			login = true
		case a == "-l":
			fmt.Fprintf(p.Stdout, "User %s may run the following commands on %s:\n    (ALL : ALL) ALL\n", p.User(), p.Hostname())
			return 0
		case strings.HasPrefix(a, "-"):
		case strings.Contains(a, "=") && !strings.Contains(a[:strings.Index(a, "=")], "/"):
			env = append(env, a)
		default:
			break options
		}
		args = args[1:]
	}
	if len(args) == 0 {
		if login {
			args = []string{"bash"}
		} else {
			fmt.Fprintln(p.Stderr, "usage: sudo -h | -K | -k | -V\nusage: sudo -v [-ABkNnS] [-g group] [-h host] [-p prompt] [-u user]\nusage: sudo -l [-ABkNnS] [-g group] [-h host] [-p prompt] [-U user] [-u user] [command [arg ...]]\nusage: sudo [-ABbEHkNnPS] [-r role] [-t type] [-C num] [-D directory] [-g group] [-h host] [-p prompt] [-R directory] [-T timeout] [-u user] [VAR=value] [-i | -s] [command [arg ...]]\nusage: sudo -e [-ABkNnS] [-r role] [-t type] [-C num] [-D directory] [-g group] [-h host] [-p prompt] [-R directory] [-T timeout] [-u user] file ...")
			return 1
		}
	}
	o := shell.ExecOptions{}
	if env != nil {
		o.Env = append(p.Environ(), env...)
	}
	if p.Lookup(args[0]) == "" {
		p.Errorf("%s: command not found", args[0])
		return 1
	}
	return p.Exec(ctx, args, o)
}

// editor opens an editor of the host's.
func editor(ctx context.Context, p *shell.Proc) int {
	program := p.Name()
	name, line := "", 0
	for i := 1; i < len(p.Args); i++ {
		switch a := p.Args[i]; {
		case strings.HasPrefix(a, "+"):
			line, _ = strconv.Atoi(strings.SplitN(a[1:], ",", 2)[0])
		case a == "--version":
			fmt.Fprintf(p.Stdout, "%s\n", map[string]string{"nano": " GNU nano, version 7.2", "vi": "VIM - Vi IMproved 9.1", "vim": "VIM - Vi IMproved 9.1"}[program])
			return 0
		case strings.HasPrefix(a, "-") && len(a) > 1:
		case name == "":
			name = a
		}
	}
	if name == "" {
		fmt.Fprintf(p.Stderr, "error: terrarium recognises %q but does not simulate it\n", program+" without a file")
		return 1
	}
	at := p.Path(name)
	content, isNew := "", false
	info, err := p.FS.Stat(at)
	switch {
	case err != nil && reason(err) == "No such file or directory":
		isNew = true
		if up, err := p.FS.Stat(path.Dir(at)); err != nil || !up.IsDir() {
			fmt.Fprintf(p.Stderr, "%s: %s: No such file or directory\n", program, name)
			return 1
		}
	case err != nil:
		fmt.Fprintf(p.Stderr, "%s: %s: %s\n", program, name, reason(err))
		return 1
	case info.IsDir():
		fmt.Fprintf(p.Stderr, "\"%s\" is a directory\n", name)
		return 1
	default:
		data, err := p.FS.ReadFile(at)
		if err != nil {
			fmt.Fprintf(p.Stderr, "%s: %s: %s\n", program, name, reason(err))
			return 1
		}
		content = string(data)
	}
	result, ok, err := p.Edit(ctx, shell.EditRequest{Program: program, Name: name, Path: at, Line: max(line, 0), Content: content, New: isNew})
	switch {
	case !ok:
		fmt.Fprintf(p.Stderr, "error: terrarium recognises %q but does not simulate it\n", program+" without a terminal")
		return 1
	case err != nil:
		return 1
	case result.Saved:
		if err := p.FS.WriteFile(at, []byte(result.Content), 0o644); err != nil {
			fmt.Fprintf(p.Stderr, "%s: %s: %s\n", program, name, reason(err))
			return 1
		}
	}
	return 0
}
