package shell

import (
	"fmt"
	"strings"
	"time"

	"mvdan.cc/sh/v3/syntax"
)

// top runs what was typed at the prompt.
func (p *process) top(text string) int {
	p.flow, p.loops, p.frames = goOn, 0, nil
	kind, left := p.catch(func() { p.runSource(&source{text: text}) })
	p.flow = goOn
	if left && kind == leaveProcess {
		p.sh.exited = p.sh.exited || p.job == nil
		p.catch(func() { p.runTrap("EXIT") })
	}
	return p.status
}

func (p *process) stmts(list []*syntax.Stmt) {
	for _, st := range list {
		if p.flow != goOn {
			return
		}
		p.stmt(st)
	}
}

// stmt runs one statement; a failure ends the process where set -e asks for it.
func (p *process) stmt(st *syntax.Stmt) {
	p.tick()
	if line := int(st.Pos().Line()); line > 0 {
		p.line = line
	}
	if p.opts.set["noexec"] {
		return
	}
	if st.Background || st.Disown {
		p.background(st)
		return
	}
	if st.Negated {
		p.quiet++
		p.bare(st)
		p.quiet--
		if p.flow == goOn {
			p.status = int(truth(p.status == 0))
		}
		return
	}
	p.bare(st)
	if p.status == 0 || p.quiet > 0 || p.flow != goOn {
		return
	}
	switch cmd := st.Cmd.(type) {
	case *syntax.BinaryCmd:
		if cmd.Op == syntax.AndStmt || cmd.Op == syntax.OrStmt {
			return
		}
	case *syntax.Block, *syntax.IfClause, *syntax.WhileClause, *syntax.ForClause, *syntax.CaseClause, *syntax.FuncDecl:
		if len(st.Redirs) == 0 {
			return
		}
	}
	p.runTrap("ERR")
	if p.opts.set["errexit"] {
		panic(unwind{leaveProcess, p.status})
	}
}

// bare runs a statement's command with its redirections.
func (p *process) bare(st *syntax.Stmt) {
	if call, ok := st.Cmd.(*syntax.CallExpr); ok {
		p.simple(call, st.Redirs)
		return
	}
	if len(st.Redirs) == 0 {
		p.compound(st.Cmd)
		return
	}
	p.redirected(st.Redirs, func() {
		if st.Cmd != nil {
			p.compound(st.Cmd)
		} else {
			p.status = 0
		}
	})
}

// redirected runs f with redirections in force; one that fails makes the status 1 and f does not run.
func (p *process) redirected(redirs []*syntax.Redirect, f func()) {
	if len(redirs) == 0 {
		f()
		return
	}
	outer := p.files
	p.files = outer.fork()
	defer func() {
		p.files.closeAll()
		p.files = outer
	}()
	for _, rd := range redirs {
		if !p.redirect(rd) {
			p.status = 1
			return
		}
	}
	f()
}

func (p *process) compound(cmd syntax.Command) {
	switch cmd := cmd.(type) {
	case *syntax.Block:
		p.stmts(cmd.Stmts)
	case *syntax.Subshell:
		p.status = p.inline(nil, func(c *process) { c.stmts(cmd.Stmts) })
	case *syntax.BinaryCmd:
		p.binary(cmd)
	case *syntax.IfClause:
		p.ifClause(cmd)
	case *syntax.WhileClause:
		p.whileClause(cmd)
	case *syntax.ForClause:
		p.forClause(cmd)
	case *syntax.CaseClause:
		p.caseClause(cmd)
	case *syntax.FuncDecl:
		p.declareFunction(cmd)
	case *syntax.ArithmCmd:
		if p.opts.set["xtrace"] {
			p.trace("((  " + strings.TrimSpace(p.src.slice(cmd.X)) + "  ))")
		}
		p.status = int(truth(p.arithmetic(cmd.X, "((: ") == 0))
	case *syntax.LetClause:
		n := int64(0)
		for _, x := range cmd.Exprs {
			n = p.arithmetic(x, "let: ")
		}
		p.status = int(truth(n == 0))
	case *syntax.TestClause:
		p.status = p.testClause(cmd)
	case *syntax.DeclClause:
		p.declClause(cmd)
	case *syntax.TimeClause:
		p.timeClause(cmd)
	case *syntax.CoprocClause:
		p.errorf("coproc: terrarium recognises coprocesses but does not simulate them")
		p.status = 1
	default:
		p.fail(1, "unexpected %T", cmd)
	}
}

func (p *process) binary(cmd *syntax.BinaryCmd) {
	switch cmd.Op {
	case syntax.AndStmt, syntax.OrStmt:
		p.quiet++
		p.stmt(cmd.X)
		p.quiet--
		if p.flow == goOn && (p.status == 0) == (cmd.Op == syntax.AndStmt) {
			p.stmt(cmd.Y)
		}
	default:
		p.pipeline(cmd)
	}
}

// stage is one command of a pipeline; both says that its stderr goes into the pipe too.
type stage struct {
	stmt *syntax.Stmt
	both bool
}

func stages(st *syntax.Stmt) []stage {
	b, ok := st.Cmd.(*syntax.BinaryCmd)
	if !ok || b.Op != syntax.Pipe && b.Op != syntax.PipeAll || len(st.Redirs) > 0 || st.Negated {
		return []stage{{stmt: st}}
	}
	left := stages(b.X)
	left[len(left)-1].both = b.Op == syntax.PipeAll
	return append(left, stages(b.Y)...)
}

// pipeline runs its stages as processes of their own, the last in this task; they take turns as the pipes fill.
func (p *process) pipeline(cmd *syntax.BinaryCmd) {
	list := stages(&syntax.Stmt{Cmd: cmd})
	n := len(list)
	status := make([]int, n)
	running := n - 1
	var in *stream
	for i, sg := range list[:n-1] {
		r, w := newPipe(p.sh.machine)
		input := in
		p.spawn(p.ctx, func(c *process) {
			if input != nil {
				c.files.set(0, input)
			}
			c.files.set(1, w)
			if sg.both {
				c.files.set(2, w)
			}
		}, func(c *process) { c.stmt(sg.stmt) }, func(s int) {
			status[i] = s
			running--
		})
		in = r
	}
	// The first stages go first, as they would.
	p.sh.machine.Sleep(p.ctx, 0)
	status[n-1] = p.inline(func(c *process) { c.files.set(0, in) }, func(c *process) { c.stmt(list[n-1].stmt) })
	p.await(func() bool { return running == 0 })
	p.check()
	p.pipes = status
	p.status = status[n-1]
	if p.opts.set["pipefail"] {
		for _, s := range status {
			if s != 0 {
				p.status = s
			}
		}
	}
}

func (p *process) ifClause(c *syntax.IfClause) {
	for c != nil {
		if len(c.Cond) == 0 { // else
			p.stmts(c.Then)
			return
		}
		p.quiet++
		p.stmts(c.Cond)
		p.quiet--
		if p.flow != goOn {
			return
		}
		if p.status == 0 {
			p.stmts(c.Then)
			return
		}
		c = c.Else
	}
	p.status = 0
}

// body runs a loop's body; false where the loop ends.
func (p *process) body(list []*syntax.Stmt) bool {
	p.stmts(list)
	return p.goesOn()
}

// goesOn takes notice of break and continue; false where the loop ends.
func (p *process) goesOn() bool {
	switch p.flow {
	case breaking, continuing:
		if p.levels--; p.levels > 0 {
			return false
		}
		on := p.flow == continuing
		p.flow = goOn
		return on
	case returning:
		return false
	}
	return true
}

func (p *process) whileClause(c *syntax.WhileClause) {
	p.loops++
	defer func() { p.loops-- }()
	status := 0
	for {
		p.tick()
		p.quiet++
		p.stmts(c.Cond)
		p.quiet--
		if p.flow != goOn {
			if !p.goesOn() {
				break
			}
			continue
		}
		if (p.status == 0) == c.Until {
			break
		}
		on := p.body(c.Do)
		status = p.status
		if !on {
			break
		}
	}
	if p.flow == goOn {
		p.status = status
	}
}

func (p *process) forClause(c *syntax.ForClause) {
	p.loops++
	defer func() { p.loops-- }()
	switch loop := c.Loop.(type) {
	case *syntax.WordIter:
		items := p.params
		if loop.InPos.IsValid() {
			items = p.fields(loop.Items)
		}
		if c.Select {
			p.selectLoop(loop.Name.Value, items, c.Do)
			return
		}
		p.status = 0
		for _, item := range items {
			p.tick()
			if p.opts.set["xtrace"] {
				p.trace("for " + loop.Name.Value + " in " + strings.TrimSpace(wordsSource(p, loop.Items)))
			}
			p.set(loop.Name.Value, item)
			if !p.body(c.Do) {
				break
			}
		}
	case *syntax.CStyleLoop:
		p.cStyle(loop, c.Do)
	}
}

func wordsSource(p *process, words []*syntax.Word) string {
	var out []string
	for _, w := range words {
		out = append(out, p.src.slice(w))
	}
	return strings.Join(out, " ")
}

func (p *process) cStyle(loop *syntax.CStyleLoop, do []*syntax.Stmt) {
	eval := func(x syntax.ArithmExpr, empty int64) int64 {
		if x == nil {
			return empty
		}
		return p.arithmetic(x, "((: ")
	}
	p.status = 0
	eval(loop.Init, 0)
	for eval(loop.Cond, 1) != 0 {
		p.tick()
		if !p.body(do) {
			break
		}
		eval(loop.Post, 0)
	}
}

func (p *process) selectLoop(name string, items []string, do []*syntax.Stmt) {
	if len(items) == 0 {
		p.status = 0
		return
	}
	show := true
	for {
		p.tick()
		if show {
			width := len(fmt.Sprint(len(items)))
			for i, item := range items {
				p.write(2, fmt.Sprintf("%*d) %s\n", width, i+1, item))
			}
		}
		prompt := "#? "
		if s, ok := p.lookup("PS3"); ok {
			prompt = s
		}
		p.write(2, prompt)
		line, ok := p.readLine('\n')
		if !ok {
			p.write(1, "\n")
			p.status = 1
			return
		}
		p.set("REPLY", line)
		if show = line == ""; show {
			continue
		}
		choice := ""
		for i, item := range items {
			if line == fmt.Sprint(i+1) {
				choice = item
			}
		}
		p.set(name, choice)
		if !p.body(do) {
			return
		}
	}
}

func (p *process) caseClause(c *syntax.CaseClause) {
	s := p.word(c.Word)
	if p.opts.set["xtrace"] {
		p.trace("case " + p.src.slice(c.Word) + " in")
	}
	p.status = 0
	fall := false
	for _, item := range c.Items {
		hit := fall
		for _, w := range item.Patterns {
			if hit {
				break
			}
			hit = pattern{p.patternOf(w), true, p.opts.shopt["nocasematch"]}.match(s)
		}
		if !hit {
			continue
		}
		p.stmts(item.Stmts)
		switch item.Op {
		case syntax.Fallthrough:
			fall = true
		case syntax.Resume:
			fall = false
		default:
			return
		}
	}
}

func (p *process) declareFunction(c *syntax.FuncDecl) {
	if p.posix && syntaxSpecial[c.Name.Value] {
		p.fatal(2, "`%s': is a special builtin", c.Name.Value)
	}
	p.funcs[c.Name.Value] = &function{body: c.Body, src: p.src}
	p.status = 0
}

var syntaxSpecial = map[string]bool{"break": true, ":": true, "continue": true, ".": true, "eval": true, "exec": true, "exit": true, "export": true, "readonly": true, "return": true, "set": true, "shift": true, "trap": true, "unset": true}

// timeClause reports on stderr how much virtual time a command took.
func (p *process) timeClause(c *syntax.TimeClause) {
	begun := p.sh.machine.Now()
	if c.Stmt != nil {
		p.stmt(c.Stmt)
	} else {
		p.status = 0
	}
	took := p.sh.machine.Now().Sub(begun)
	if c.PosixFormat {
		p.write(2, fmt.Sprintf("real %.2f\nuser 0.00\nsys 0.00\n", took.Seconds()))
		return
	}
	format := "\nreal\t%lR\nuser\t%lU\nsys\t%lS"
	if s, ok := p.lookup("TIMEFORMAT"); ok {
		if s == "" {
			return
		}
		format = unescapeANSI(s)
	}
	p.write(2, timeFormat(format, took)+"\n")
}

func timeFormat(format string, took time.Duration) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		digits, long := 3, false
		if c := format[i]; c >= '0' && c <= '9' && i+1 < len(format) {
			digits = min(int(c-'0'), 3)
			i++
		}
		if format[i] == 'l' && i+1 < len(format) {
			long = true
			i++
		}
		d := time.Duration(0)
		switch format[i] {
		case '%':
			b.WriteByte('%')
			continue
		case 'P':
			b.WriteString("0.00")
			continue
		case 'R':
			d = took
		case 'U', 'S':
		default:
			b.WriteString(format[i-1 : i+1])
			continue
		}
		if long {
			fmt.Fprintf(&b, "%dm%.*fs", int(d.Minutes()), digits, (d % time.Minute).Seconds())
		} else {
			fmt.Fprintf(&b, "%.*f", digits, d.Seconds())
		}
	}
	return b.String()
}

// trace prints a line of set -x.
func (p *process) trace(line string) {
	ps4 := p.get("PS4")
	if strings.Contains(ps4, "$") {
		ps4 = p.promptVars(ps4)
	}
	if ps4 != "" {
		ps4 = strings.Repeat(ps4[:1], p.indirection) + ps4
	}
	p.write(2, ps4+line+"\n")
}
