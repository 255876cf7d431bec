package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// execBuiltin replaces the process by a program or, without one, makes redirections last.
func (p *process) execBuiltin(call *syntax.CallExpr, args []string, redirs []*syntax.Redirect) {
	name := ""
	rest := args[1:]
	clean := false
	for len(rest) > 0 && len(rest[0]) > 1 && rest[0][0] == '-' {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			break
		}
		if arg == "-a" && len(rest) > 0 {
			name, rest = rest[0], rest[1:]
			continue
		}
		if strings.Trim(arg[1:], "cl") != "" {
			p.status = p.usage("exec", arg[:2], "exec [-cl] [-a name] [command [argument ...]] [redirection ...]")
			return
		}
		clean = strings.Contains(arg, "c")
	}
	if len(rest) == 0 {
		for _, rd := range redirs {
			if !p.redirect(rd) {
				p.fatalStatus(1)
				return
			}
		}
		p.substituted = nil
		p.status = 0
		return
	}
	p.redirected(redirs, func() {
		at, status := p.findExec(rest[0])
		if status != 0 {
			p.fatalStatus(status)
			return
		}
		env := p.vars.environ()
		if clean {
			env = nil
		}
		for _, as := range call.Assigns {
			env = append(env, as.Name.Value+"="+p.word(as.Value))
		}
		if name != "" {
			rest = append([]string{name}, rest[1:]...)
		}
		p.status = p.runFile(at, rest, env)
		panic(unwind{leaveProcess, p.status})
	})
}

// findExec is findProgram with exec's message.
func (p *process) findExec(name string) (string, int) {
	if !strings.Contains(name, "/") && p.which(name) == "" {
		p.errorf("exec: %s: not found", name)
		return "", 127
	}
	return p.findProgram(name)
}

// fatalStatus ends a script with a status; at the prompt it only sets it.
func (p *process) fatalStatus(status int) {
	p.status = status
	if !p.login {
		panic(unwind{leaveProcess, status})
	}
}
