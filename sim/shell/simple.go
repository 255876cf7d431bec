package shell

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"terrarium/sim/vfs"
)

// simple runs a simple command: expand, redirect, assign, find, run.
func (p *process) simple(call *syntax.CallExpr, redirs []*syntax.Redirect) {
	p.substed = false
	before := p.status
	args := p.fields(call.Args)
	if len(args) == 0 {
		p.assignments(call, redirs)
		return
	}
	p.trap("DEBUG")
	if p.opts.set["xtrace"] {
		p.traceCall(call, args)
	}
	name := args[0]
	p.status = before
	if name == "exec" && p.funcs[name] == nil {
		p.execBuiltin(call, args, redirs)
		return
	}
	opened := p.substituted
	p.substituted = nil
	defer func() {
		for _, fd := range opened {
			p.files.set(fd, nil)
		}
	}()
	p.redirected(redirs, func() { p.call(call.Assigns, args) })
	if !slices.Contains([]string{"return", "exit"}, name) {
		p.pipes = []int{p.status}
	}
	p.last = args[len(args)-1]
}

// assignments runs a command that consists of assignments and redirections alone.
func (p *process) assignments(call *syntax.CallExpr, redirs []*syntax.Redirect) {
	failed := false
	if len(redirs) > 0 {
		p.status = 0
		p.redirected(redirs, func() {})
		failed = p.status != 0
	}
	for _, as := range call.Assigns {
		p.assign(as, nil)
		if p.opts.set["xtrace"] && as.Array == nil {
			p.trace(as.Name.Value + "=" + quoteIfNeeded(p.get(as.Name.Value)))
		} else if p.opts.set["xtrace"] {
			p.trace(p.src.slice(as))
		}
	}
	switch {
	case failed:
		p.status = 1
	case !p.substed:
		p.status = 0
	}
	p.pipes = []int{p.status}
}

func (p *process) traceCall(call *syntax.CallExpr, args []string) {
	var words []string
	for _, as := range call.Assigns {
		words = append(words, as.Name.Value+"="+quoteIfNeeded(p.word(as.Value)))
	}
	for _, arg := range args {
		words = append(words, quoteIfNeeded(arg))
	}
	p.trace(strings.Join(words, " "))
}

// call runs a command whose words are expanded: a function, a builtin or a program. Assignments hold for it alone.
func (p *process) call(assigns []*syntax.Assign, args []string) {
	name := args[0]
	fn, isFunc := p.funcs[name]
	b, isBuiltin := p.sh.builtins[name]
	if isBuiltin && p.opts.disabled[name] {
		isBuiltin = false
	}
	if !isFunc && !isBuiltin {
		if len(assigns) == 0 {
			p.status = p.program(args, p.vars.environ())
			return
		}
		c := p.scratch()
		for _, as := range assigns {
			if v := c.vars.find(as.Name.Value); v != nil && v.readonly {
				p.errorf("%s: readonly variable", as.Name.Value)
				continue
			}
			c.assign(as, nil)
			c.vars.find(as.Name.Value).exported = true
		}
		p.status = p.program(args, c.vars.environ())
		return
	}
	if isBuiltin && !isFunc && specialBuiltins[name] && p.posix {
		for _, as := range assigns {
			p.assign(as, nil)
		}
		assigns = nil
	}
	if len(assigns) > 0 {
		// They live in a scope of their own, which goes away with the call.
		scope := map[string]*variable{}
		p.vars.locals = append(p.vars.locals, scope)
		n := len(p.vars.locals)
		defer func() { p.vars.locals = slices.Delete(p.vars.locals, n-1, n) }()
		for _, as := range assigns {
			if v := p.vars.find(as.Name.Value); v != nil {
				if v.readonly {
					p.errorf("%s: readonly variable", as.Name.Value)
					continue
				}
				scope[as.Name.Value] = v.clone()
			} else {
				scope[as.Name.Value] = &variable{}
			}
			p.assign(as, scope[as.Name.Value])
			scope[as.Name.Value].exported = true
		}
	}
	if isFunc {
		p.status = p.function(name, fn, args[1:])
		return
	}
	p.status = b(p, args)
}

// scratch is a copy of the process for expansions that must leave no trace in its variables.
func (p *process) scratch() *process {
	c := *p
	c.vars = p.vars.fork()
	return &c
}

var specialBuiltins = syntaxSpecial

// function calls a function.
func (p *process) function(name string, fn *function, args []string) int {
	limit := p.sh.limits.Depth
	nested := 0
	for _, f := range p.frames {
		if f.name != "source" {
			nested++
		}
	}
	if n := p.evaluate(p.get("FUNCNEST"), ""); n > 0 {
		limit = int(n)
	}
	if nested >= limit {
		p.fail(1, "%s: maximum function nesting level exceeded (%d)", name, limit)
	}
	file := fn.src.name
	if file == "" && len(p.frames) > 0 {
		file = p.frames[len(p.frames)-1].file
	}
	p.frames = append(p.frames, frame{name: name, file: file, line: p.lineNumber()})
	p.vars.locals = append(p.vars.locals, map[string]*variable{})
	params, loops, src, line := p.params, p.loops, p.src, p.line
	depth := len(p.vars.locals)
	defer func() {
		p.frames = p.frames[:len(p.frames)-1]
		p.vars.locals = p.vars.locals[:depth-1]
		p.params, p.loops, p.src, p.line = params, loops, src, line
	}()
	p.params, p.loops, p.src = args, 0, fn.src
	p.stmt(fn.body)
	if p.flow == returning {
		p.flow = goOn
	}
	p.runTrap("RETURN")
	return p.status
}

// program finds a program and runs it with the environment given.
func (p *process) program(args, env []string) int {
	name := args[0]
	at, status := p.findProgram(name)
	if status != 0 {
		return status
	}
	return p.runFile(at, args, env)
}

// findProgram looks a program up as exec would, and tells why there is none.
func (p *process) findProgram(name string) (at string, status int) {
	if !strings.Contains(name, "/") {
		at := p.which(name)
		if at == "" {
			return "", p.notFound(name)
		}
		return at, 0
	}
	at = p.abs(name)
	info, err := p.sh.fs.Stat(at)
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		p.errorf("%s: No such file or directory", name)
		return "", 127
	case err != nil:
		p.errorf("%s: %s", name, vfs.Reason(err))
		return "", 126
	case info.IsDir():
		p.errorf("%s: Is a directory", name)
		return "", 126
	case info.Mode()&0o111 == 0:
		p.errorf("%s: Permission denied", name)
		return "", 126
	}
	return at, 0
}

// notFound says that there is no such program and returns the exit status.
func (p *process) notFound(name string) int {
	if unsimulated[name] && (p.sh.has == nil || p.sh.has(name)) {
		p.write(2, fmt.Sprintf("error: terrarium recognises %q but does not simulate it\n", name))
		return 1
	}
	if f, ok := p.funcs["command_not_found_handle"]; ok && p.sh.interactive {
		return p.function("command_not_found_handle", f, []string{name})
	}
	if p.isPosix() {
		p.errorf("%s: not found", name)
	} else {
		p.errorf("%s: command not found", name)
	}
	return 127
}

// which is the path of a program in PATH, "" where there is none.
func (p *process) which(name string) string { return firstIn(p.sh.fs, p.dir, p.get("PATH"), name) }

func (p *process) whichAll(name string) []string { return allIn(p.sh.fs, p.dir, p.get("PATH"), name) }

func firstIn(f *vfs.FS, dir, paths, name string) string {
	found := allIn(f, dir, paths, name)
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

// allIn lists where a program is in the directories of paths.
func allIn(f *vfs.FS, dir, paths, name string) (found []string) {
	if name == "" {
		return nil
	}
	for in := range strings.SplitSeq(paths, ":") {
		if in == "" {
			in = "."
		}
		at := strings.TrimSuffix(in, "/") + "/" + name
		full := at
		if !strings.HasPrefix(at, "/") {
			full = strings.TrimSuffix(dir, "/") + "/" + at
		}
		if info, err := f.Stat(full); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			found = append(found, at)
		}
	}
	return found
}

// runFile executes a file: a program of the table, or a script.
func (p *process) runFile(at string, args, env []string) int {
	data, err := p.sh.fs.ReadFile(at)
	if err != nil {
		p.errorf("%s: %s", args[0], vfs.Reason(err))
		return 126
	}
	content := string(data)
	if name, ok := strings.CutPrefix(content, stubMagic); ok {
		name = strings.TrimSuffix(name, "\n")
		c, known := p.sh.commands[name]
		switch {
		case name == "bash" || name == "sh":
			return p.bash(args, env)
		case !known || c == nil:
			p.errorf("%s: cannot execute binary file: Exec format error", args[0])
			return 126
		}
		return p.runCommand(c, args, env)
	}
	line, _, _ := strings.Cut(content, "\n")
	if interpreter, ok := strings.CutPrefix(line, "#!"); ok {
		return p.interpreted(interpreter, at, args, env)
	}
	if strings.Contains(line, "\x00") {
		p.errorf("%s: cannot execute binary file: Exec format error", args[0])
		return 126
	}
	return p.script(args[0], content, args[1:], env, false)
}

// interpreted runs a script by the program that its first line names.
func (p *process) interpreted(line, at string, args, env []string) int {
	words := strings.Fields(line)
	if len(words) == 0 {
		return p.script(args[0], "", args[1:], env, false)
	}
	if path.Base(words[0]) == "env" && len(words) > 1 {
		words = words[1:]
		if words[0] == "-S" && len(words) > 1 {
			words = words[1:]
		}
		if found := p.which(words[0]); found != "" {
			words[0] = found
		}
	}
	if _, err := p.sh.fs.Stat(p.abs(words[0])); err != nil {
		p.errorf("%s: cannot execute: required file not found", args[0])
		return 127
	}
	name := args[0]
	if !strings.Contains(name, "/") {
		name = at
	}
	return p.runFile(p.abs(words[0]), append(append(slices.Clone(words), name), args[1:]...), env)
}
