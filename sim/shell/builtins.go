package shell

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"terrarium/sim/vfs"
)

// builtin is a command that is part of the shell; args begin with its name.
type builtin func(p *process, args []string) int

func builtinTable() map[string]builtin {
	return map[string]builtin{
		":": yes, "true": yes, "false": func(*process, []string) int { return 1 },
		"echo": echoBuiltin, "printf": printfBuiltin, "test": testBuiltin, "[": testBuiltin,
		"cd": cdBuiltin, "pwd": pwdBuiltin, "pushd": pushdBuiltin, "popd": popdBuiltin, "dirs": dirsBuiltin,
		"exit": exitBuiltin, "logout": exitBuiltin, "return": returnBuiltin, "break": breakBuiltin, "continue": breakBuiltin,
		"eval": evalBuiltin, "source": sourceBuiltin, ".": sourceBuiltin, "exec": nil, "command": commandBuiltin, "builtin": builtinBuiltin,
		"type": typeBuiltin, "hash": hashBuiltin, "help": helpBuiltin, "enable": enableBuiltin,
		"export": declareBuiltin, "readonly": declareBuiltin, "declare": declareBuiltin, "typeset": declareBuiltin, "local": declareBuiltin,
		"unset": unsetBuiltin, "set": setBuiltin, "shopt": shoptBuiltin, "shift": shiftBuiltin, "let": letBuiltin, "getopts": getoptsBuiltin,
		"read": readBuiltin, "mapfile": mapfileBuiltin, "readarray": mapfileBuiltin,
		"alias": aliasBuiltin, "unalias": unaliasBuiltin, "history": historyBuiltin, "fc": historyBuiltin,
		"jobs": jobsBuiltin, "wait": waitBuiltin, "kill": killBuiltin, "fg": fgBuiltin, "bg": bgBuiltin, "disown": disownBuiltin,
		"trap": trapBuiltin, "times": timesBuiltin, "umask": umaskBuiltin, "ulimit": ulimitBuiltin, "caller": callerBuiltin,
		"complete": yes, "compgen": compgenBuiltin, "compopt": yes, "bind": yes, "suspend": suspendBuiltin,
	}
}

func yes(*process, []string) int { return 0 }

func suspendBuiltin(p *process, _ []string) int {
	if p.login {
		p.errorf("suspend: cannot suspend a login shell")
	} else {
		p.errorf("suspend: cannot suspend: no job control")
	}
	return 1
}

// usage prints what bash prints about an option that a builtin does not have.
func (p *process) usage(name, option, usage string) int {
	p.errorf("%s: %s: invalid option", name, option)
	p.write(2, name+": usage: "+usage+"\n")
	return 2
}

// flagsOf takes the options off a builtin's arguments: each letter that occurs, in order. bad is the first that is not
// in allowed.
func flagsOf(args []string, allowed string) (flags string, rest []string, bad string) {
	rest = args[1:]
	for len(rest) > 0 && len(rest[0]) > 1 && rest[0][0] == '-' {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			break
		}
		for _, c := range arg[1:] {
			if !strings.ContainsRune(allowed, c) {
				return flags, rest, "-" + string(c)
			}
			flags += string(c)
		}
	}
	return flags, rest, ""
}

func exitBuiltin(p *process, args []string) int {
	if args[0] == "logout" && !p.login {
		p.errorf("logout: not login shell: use `exit'")
		return 1
	}
	if p.login && p.sh.refuseExit() {
		p.write(2, "There are stopped jobs.\n")
		return 1
	}
	status := p.status
	if len(args) > 1 {
		n, err := strconv.Atoi(args[1])
		switch {
		case err != nil:
			p.errorf("%s: %s: numeric argument required", args[0], args[1])
			panic(unwind{leaveProcess, 2})
		case len(args) > 2:
			p.errorf("%s: too many arguments", args[0])
			return 1
		}
		status = n & 255
	}
	panic(unwind{leaveProcess, status})
}

func returnBuiltin(p *process, args []string) int {
	status := p.status
	if len(args) > 1 {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			p.errorf("return: %s: numeric argument required", args[1])
			n = 2
		}
		status = n & 255
	}
	if len(p.frames) == 0 {
		p.errorf("return: can only `return' from a function or sourced script")
		return 2
	}
	p.flow = returning
	return status
}

func breakBuiltin(p *process, args []string) int {
	n := 1
	if len(args) > 1 {
		var err error
		if n, err = strconv.Atoi(args[1]); err != nil {
			p.errorf("%s: %s: numeric argument required", args[0], args[1])
			panic(unwind{leaveUnit, 128})
		}
		if len(args) > 2 {
			p.errorf("%s: too many arguments", args[0])
			return 1
		}
	}
	if p.loops == 0 {
		p.errorf("%s: only meaningful in a `for', `while', or `until' loop", args[0])
		return 0
	}
	if n < 1 {
		p.errorf("%s: %d: loop count out of range", args[0], n)
		p.flow, p.levels = breaking, p.loops
		return 1
	}
	p.levels = min(n, p.loops)
	p.flow = breaking
	if args[0] == "continue" {
		p.flow = continuing
	}
	return 0
}

func evalBuiltin(p *process, args []string) int {
	_, rest, bad := flagsOf(args, "")
	if bad != "" {
		return p.usage("eval", bad, "eval [arg ...]")
	}
	return p.evalText(strings.Join(rest, " "))
}

func sourceBuiltin(p *process, args []string) int {
	_, rest, bad := flagsOf(args, "")
	if bad != "" {
		return p.usage(args[0], bad, args[0]+" filename [arguments]")
	}
	if len(rest) == 0 {
		p.errorf("%s: filename argument required", args[0])
		p.write(2, args[0]+": usage: "+args[0]+" filename [arguments]\n")
		return 2
	}
	name := rest[0]
	at := p.abs(name)
	if !strings.Contains(name, "/") {
		for _, dir := range strings.Split(p.get("PATH"), ":") {
			if info, err := p.sh.fs.Stat(p.abs(dir) + "/" + name); err == nil && !info.IsDir() {
				at = p.abs(dir) + "/" + name
				break
			}
		}
	}
	if fd, ok := descriptorPath(at); ok && p.files.files[fd] != nil {
		return p.sourceFile(name, string(p.readAll(fd)), rest[1:])
	}
	info, err := p.sh.fs.Stat(at)
	switch {
	case err != nil:
		p.errorf("%s: %s", name, vfs.Reason(err))
		return 1
	case info.IsDir():
		p.errorf("%s: %s: is a directory", args[0], name)
		return 1
	}
	data, err := p.sh.fs.ReadFile(at)
	if err != nil {
		p.errorf("%s: %s", name, vfs.Reason(err))
		return 1
	}
	if strings.HasPrefix(string(data), "\x7fELF") {
		p.errorf("%s: %s: cannot execute binary file", args[0], name)
		return 126
	}
	return p.sourceFile(name, string(data), rest[1:])
}

func commandBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "pvV")
	if bad != "" {
		return p.usage("command", bad, "command [-pVv] command [arg ...]")
	}
	if len(rest) == 0 {
		return 0
	}
	if strings.ContainsAny(flags, "vV") {
		status := 0
		for _, name := range rest {
			if !p.describe(name, strings.Contains(flags, "V"), "") {
				if strings.Contains(flags, "V") {
					p.errorf("command: %s: not found", name)
				}
				status = 1
			}
		}
		return status
	}
	if b, ok := p.sh.builtins[rest[0]]; ok && b != nil {
		return b(p, rest)
	}
	return p.program(rest, p.vars.environ())
}

func builtinBuiltin(p *process, args []string) int {
	if len(args) < 2 {
		return 0
	}
	b, ok := p.sh.builtins[args[1]]
	if !ok || b == nil {
		p.errorf("builtin: %s: not a shell builtin", args[1])
		return 1
	}
	return b(p, args[1:])
}

func letBuiltin(p *process, args []string) int {
	if len(args) == 1 {
		p.errorf("let: expression expected")
		return 1
	}
	n := int64(0)
	for _, x := range args[1:] {
		n = p.evaluate(x, "let: ")
	}
	return int(truth(n == 0))
}

func shiftBuiltin(p *process, args []string) int {
	n := 1
	if len(args) > 1 {
		var err error
		if n, err = strconv.Atoi(args[1]); err != nil {
			p.errorf("shift: %s: numeric argument required", args[1])
			return 1
		}
		if n < 0 {
			p.errorf("shift: %s: shift count out of range", args[1])
			return 1
		}
	}
	if n > len(p.params) {
		if p.opts.shopt["shift_verbose"] {
			p.errorf("shift: %d: shift count out of range", n)
		}
		return 1
	}
	p.params = p.params[n:]
	return 0
}

func evalTimes(d time.Duration) string {
	return fmt.Sprintf("%dm%.3fs", int(d.Minutes()), (d % time.Minute).Seconds())
}

func timesBuiltin(p *process, _ []string) int {
	p.print("%[1]s %[1]s\n%[1]s %[1]s\n", evalTimes(0))
	return 0
}

func umaskBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "pS")
	if bad != "" {
		return p.usage("umask", bad, "umask [-p] [-S] [mode]")
	}
	if len(rest) == 0 {
		if strings.Contains(flags, "S") {
			m := ^p.opts.umask
			show := func(shift int) string {
				s := ""
				for i, c := range "rwx" {
					if m>>shift&(4>>i) != 0 {
						s += string(c)
					}
				}
				return s
			}
			p.print("u=%s,g=%s,o=%s\n", show(6), show(3), show(0))
			return 0
		}
		if strings.Contains(flags, "p") {
			p.print("umask ")
		}
		p.print("%04o\n", uint32(p.opts.umask))
		return 0
	}
	if n, err := strconv.ParseUint(rest[0], 8, 32); err == nil && n <= 0o777 {
		p.opts.umask = iofsMode(n)
		return 0
	}
	if rest[0][0] >= '0' && rest[0][0] <= '9' {
		p.errorf("umask: %s: octal number out of range", rest[0])
		return 1
	}
	mode, wrong := SymbolicMode(rest[0], ^p.opts.umask&0o777, false, 0)
	if wrong != 0 {
		p.errorf("umask: `%c': invalid symbolic mode operator", wrong)
		return 1
	}
	p.opts.umask = ^mode & 0o777
	return 0
}

func ulimitBuiltin(p *process, args []string) int {
	if slices.Contains(args, "-a") {
		p.print("%s", `real-time non-blocking time  (microseconds, -R) unlimited
core file size              (blocks, -c) 0
data seg size               (kbytes, -d) unlimited
file size                   (blocks, -f) unlimited
max memory size             (kbytes, -m) unlimited
open files                          (-n) 1024
stack size                  (kbytes, -s) 8192
cpu time                   (seconds, -t) unlimited
max user processes                  (-u) `+strconv.Itoa(p.sh.limits.Processes)+`
virtual memory              (kbytes, -v) unlimited
`)
		return 0
	}
	if len(args) > 2 || len(args) == 2 && !strings.HasPrefix(args[1], "-") {
		return 0
	}
	value := "unlimited"
	if len(args) == 2 {
		switch args[1] {
		case "-n":
			value = "1024"
		case "-u":
			value = strconv.Itoa(p.sh.limits.Processes)
		case "-s":
			value = "8192"
		case "-c":
			value = "0"
		}
	}
	p.print("%s\n", value)
	return 0
}

func callerBuiltin(p *process, args []string) int {
	n := 0
	if len(args) > 1 {
		n, _ = strconv.Atoi(args[1])
	} else if len(p.frames) == 0 {
		p.print("0 NULL\n")
		return 0
	}
	if n >= len(p.frames) {
		return 1
	}
	f := p.frames[len(p.frames)-1-n]
	name := "main"
	if i := len(p.frames) - 2 - n; i >= 0 {
		name = p.frames[i].name
	}
	file := f.file
	if file == "" {
		file = "NULL"
	}
	if len(args) > 1 {
		p.print("%d %s %s\n", f.line, name, file)
	} else {
		p.print("%d %s\n", f.line, file)
	}
	return 0
}

func trapBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "lp")
	if bad != "" {
		return p.usage("trap", bad, "trap [-lp] [[arg] signal_spec ...]")
	}
	if strings.Contains(flags, "l") {
		p.listSignals()
		return 0
	}
	if len(rest) == 0 || strings.Contains(flags, "p") {
		for _, name := range trapOrder(p.traps) {
			shown := name
			if !slices.Contains([]string{"EXIT", "ERR", "DEBUG", "RETURN"}, name) {
				shown = "SIG" + name
			}
			if len(rest) == 0 || slices.ContainsFunc(rest, func(s string) bool { n, _ := trapName(s); return n == name }) {
				p.print("trap -- %s %s\n", singleQuote(p.traps[name]), shown)
			}
		}
		return 0
	}
	action, names := rest[0], rest[1:]
	reset := action == "-"
	if _, ok := trapName(action); len(names) == 0 && (ok || reset) {
		reset, names = true, rest
	}
	if len(names) == 0 {
		p.write(2, "trap: usage: trap [-lp] [[arg] signal_spec ...]\n")
		return 2
	}
	status := 0
	for _, spec := range names {
		name, ok := trapName(spec)
		switch {
		case !ok:
			p.errorf("trap: %s: invalid signal specification", spec)
			status = 1
		case reset:
			delete(p.traps, name)
		default:
			p.traps[name] = action
		}
	}
	return status
}

func trapOrder(traps map[string]string) []string {
	var out []string
	if _, ok := traps["EXIT"]; ok {
		out = append(out, "EXIT")
	}
	for _, s := range signals {
		if _, ok := traps[s.name]; ok {
			out = append(out, s.name)
		}
	}
	for _, s := range []string{"DEBUG", "ERR", "RETURN"} {
		if _, ok := traps[s]; ok {
			out = append(out, s)
		}
	}
	return out
}

var signals = []struct {
	number int
	name   string
}{
	{1, "HUP"}, {2, "INT"}, {3, "QUIT"}, {4, "ILL"}, {5, "TRAP"}, {6, "ABRT"}, {7, "BUS"}, {8, "FPE"}, {9, "KILL"}, {10, "USR1"},
	{11, "SEGV"}, {12, "USR2"}, {13, "PIPE"}, {14, "ALRM"}, {15, "TERM"}, {16, "STKFLT"}, {17, "CHLD"}, {18, "CONT"}, {19, "STOP"}, {20, "TSTP"},
	{21, "TTIN"}, {22, "TTOU"}, {23, "URG"}, {24, "XCPU"}, {25, "XFSZ"}, {26, "VTALRM"}, {27, "PROF"}, {28, "WINCH"}, {29, "IO"}, {30, "PWR"}, {31, "SYS"},
}

// signalNumber reads a signal's number or name.
func signalNumber(s string) (int, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, n >= 0 && n <= 64
	}
	s = strings.TrimPrefix(strings.ToUpper(s), "SIG")
	for _, sig := range signals {
		if sig.name == s {
			return sig.number, true
		}
	}
	return 0, false
}

func trapName(s string) (string, bool) {
	switch up := strings.ToUpper(s); up {
	case "0", "EXIT":
		return "EXIT", true
	case "ERR", "DEBUG", "RETURN":
		return up, true
	}
	n, ok := signalNumber(s)
	if !ok {
		return "", false
	}
	for _, sig := range signals {
		if sig.number == n {
			return sig.name, true
		}
	}
	return "", false
}

func (p *process) listSignals() {
	for i, s := range signals {
		sep := "\t"
		if i%5 == 4 || i == len(signals)-1 {
			sep = "\n"
		}
		p.print("%2d) SIG%s%s", s.number, s.name, sep)
	}
}
