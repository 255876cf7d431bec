package shell

import (
	"fmt"
	"slices"
	"strings"

	"terrarium/sim/vfs"
)

// script runs a text in a new shell process with nothing but the environment and the open files.
func (p *process) script(name, text string, params, env []string, command bool) int {
	return p.newShell(name, params, env, func(c *process) {
		c.command = command
		c.runSource(&source{text: text, name: scriptName(name, command)})
	})
}

func scriptName(name string, command bool) string {
	if command {
		return ""
	}
	return name
}

func (p *process) newShell(name string, params, env []string, run func(c *process)) int {
	return p.inline(func(c *process) {
		c.vars, c.funcs, c.aliases = newVariables(), map[string]*function{}, map[string]string{}
		umask := c.opts.umask
		c.opts = defaultOptions()
		c.opts.typed, c.opts.umask, c.opts.extra = false, umask, ""
		c.name, c.params, c.frames, c.dirs = name, params, nil, nil
		c.quiet, c.loops, c.status, c.lastJob = 0, 0, 0, 0
		c.pid = p.sh.nextPID()
		c.shellPID = c.pid
		c.begun = p.sh.machine.Now()
		c.posix, c.command = false, false
		c.subshells, c.indirection, c.evals = 0, 0, 0
		c.traps = map[string]string{}
		c.inTrap, c.line = false, 0
		c.importEnv(env)
		level := int(c.evaluate(c.get("SHLVL"), "")) + 1
		c.vars.make("SHLVL").str = fmt.Sprint(level)
		c.vars.make("SHLVL").set, c.vars.make("SHLVL").exported = true, true
		c.vars.make("PPID").str = fmt.Sprint(p.shellPID)
	}, run)
}

const bashVersion = `GNU bash, version 5.2.21(1)-release (x86_64-pc-linux-gnu)
Copyright (C) 2022 Free Software Foundation, Inc.
License GPLv3+: GNU GPL version 3 or later <http://gnu.org/licenses/gpl.html>

This is free software; you are free to change and redistribute it.
There is NO WARRANTY, to the extent permitted by law.
`

// bash is the program bash or sh.
func (p *process) bash(args, env []string) int {
	posix := strings.HasSuffix(args[0], "sh") && !strings.HasSuffix(args[0], "bash")
	var set []string
	name, rest := args[0], args[1:]
	command, stdin := false, false
	for len(rest) > 0 && len(rest[0]) > 1 && (rest[0][0] == '-' || rest[0][0] == '+') {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			break
		}
		switch {
		case arg == "--version":
			p.print("%s", bashVersion)
			return 0
		case arg == "--posix":
			posix = true
		case slices.Contains([]string{"--norc", "--noprofile", "--login", "--noediting", "--verbose"}, arg):
		case arg == "--rcfile" || arg == "--init-file":
			rest = rest[min(1, len(rest)):]
		case strings.HasPrefix(arg, "--"):
			p.write(2, fmt.Sprintf("%s: %s: invalid option\n", name, arg))
			return 2
		case arg == "-o" || arg == "+o" || arg == "-O" || arg == "+O":
			if len(rest) > 0 {
				set = append(set, arg, rest[0])
				rest = rest[1:]
			}
		default:
			for _, c := range arg[1:] {
				switch c {
				case 'c':
					command = true
				case 's':
					stdin = true
				case 'i', 'l', 'r':
				case 'o':
					if len(rest) > 0 {
						set = append(set, arg[:1]+"o", rest[0])
						rest = rest[1:]
					}
				default:
					set = append(set, arg[:1]+string(c))
				}
			}
		}
	}
	return p.runBash(name, rest, set, env, command, stdin || len(rest) == 0, posix)
}

func (p *process) runBash(name string, rest, set, env []string, command, stdin, posix bool) int {
	text, file := "", ""
	switch {
	case command:
		if len(rest) == 0 {
			p.write(2, name+": -c: option requires an argument\n")
			return 2
		}
		text, rest = rest[0], rest[1:]
		if len(rest) > 0 {
			name, rest = rest[0], rest[1:]
		}
	case stdin:
	default:
		file, rest = rest[0], rest[1:]
		data, status, ok := p.readScript(name, file)
		if !ok {
			return status
		}
		text, name = data, file
	}
	return p.newShell(name, rest, env, func(c *process) {
		c.command, c.posix = command, posix
		if c.isDash() && !slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "SHLVL=") }) {
			c.vars.make("SHLVL").exported = false
		}
		if command {
			c.opts.extra = "c"
		} else if stdin {
			c.opts.extra = "s"
		}
		for i := 0; i < len(set); i++ {
			if strings.HasSuffix(set[i], "O") {
				c.sh.builtins["shopt"](c, []string{"shopt", map[bool]string{true: "-s", false: "-u"}[set[i] == "-O"], set[i+1]})
				i++
				continue
			}
			if status := c.sh.builtins["set"](c, append([]string{"set"}, set[i:min(i+1+len(set[i])/2*strings.Count(set[i], "o"), len(set))]...)); status != 0 {
				panic(unwind{leaveProcess, 2})
			}
			if strings.HasSuffix(set[i], "o") {
				i++
			}
		}
		if stdin && !command {
			text = string(c.readAll(0))
		}
		c.runSource(&source{text: text, name: file})
	})
}

func (p *process) readScript(shell, file string) (text string, status int, ok bool) {
	at := p.abs(file)
	if s, isFD := descriptorPath(at); isFD && p.files.files[s] != nil {
		return string(p.readAll(s)), 0, true
	}
	data, err := p.sh.fs.ReadFile(at)
	if err != nil && !strings.Contains(file, "/") {
		if found := p.which(file); found != "" {
			data, err = p.sh.fs.ReadFile(p.abs(found))
		}
	}
	if err != nil {
		status = 127
		if vfs.Reason(err) != "No such file or directory" {
			status = 126
		}
		p.write(2, fmt.Sprintf("%s: %s: %s\n", shell, file, vfs.Reason(err)))
		return "", status, false
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if strings.Contains(line, "\x00") || strings.HasPrefix(string(data), stubMagic) {
		p.write(2, fmt.Sprintf("%s: %s: cannot execute binary file\n", file, file))
		return "", 126, false
	}
	return string(data), 0, true
}

// sourceFile runs a file in this process.
func (p *process) sourceFile(name, text string, params []string) int {
	if len(p.frames) >= p.sh.limits.Depth {
		p.fail(1, "%s: maximum source nesting level exceeded (%d)", name, p.sh.limits.Depth)
	}
	p.frames = append(p.frames, frame{name: "source", file: name, line: p.lineNumber()})
	old, n := p.params, len(p.frames)
	if len(params) > 0 {
		p.params = params
	}
	defer func() {
		p.frames = p.frames[:n-1]
		if len(params) > 0 {
			p.params = old
		}
	}()
	p.status = 0
	p.runSource(&source{text: text, name: name})
	if p.flow == returning {
		p.flow = goOn
	}
	return p.status
}

// evalText runs a text in this process, as eval and traps do.
func (p *process) evalText(text string) int {
	if p.evals >= p.sh.limits.Depth {
		p.fail(1, "eval: maximum eval nesting level exceeded (%d)", p.sh.limits.Depth)
	}
	p.evals++
	p.indirection++
	defer func() { p.evals--; p.indirection-- }()
	base := 0
	if p.src != nil {
		base = max(p.lineNumber()-1, 0)
	}
	name := ""
	if p.src != nil {
		name = p.src.name
	}
	p.status = 0
	p.runSource(&source{text: text, name: name, base: base})
	return p.status
}

// runTrap runs the action of a trap; the status stays.
func (p *process) runTrap(name string) {
	action := p.traps[name]
	if action == "" || p.inTrap {
		return
	}
	if name == "EXIT" {
		delete(p.traps, name)
	}
	p.inTrap = true
	defer func() { p.inTrap = false }()
	status, flow := p.status, p.flow
	p.flow = goOn
	p.evalTrap(action, status)
	if p.flow != returning {
		p.flow = flow
	}
	p.status = status
}

func (p *process) evalTrap(action string, status int) {
	p.status = status
	base := max(p.lineNumber()-1, 0)
	p.runSource(&source{text: action, base: base})
}

// trap runs a trap that precedes or follows commands.
func (p *process) trap(name string) {
	if _, ok := p.traps[name]; ok {
		p.runTrap(name)
	}
}
