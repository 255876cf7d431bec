package awk

import "slices"

type parser struct {
	lex    lexer
	tok    token
	prog   *program
	fn     *function // that is being read
	noGT   bool      // in print: > is a redirection
	noPipe bool
	calls  []*call
	depth  int
}

// parse reads a program.
func parse(src string) (prog *program, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *syntaxError:
			prog, err = nil, r
		default:
			panic(r)
		}
	}()
	makeBuiltins()
	p := &parser{lex: lexer{src: src, line: 1}, prog: &program{functions: map[string]*function{}}}
	p.advance()
	p.program()
	for _, c := range p.calls {
		if c.fn = p.prog.functions[c.name]; c.fn == nil {
			panic(&syntaxError{c.line, "function " + c.name + " never defined"})
		}
		if len(c.args) > len(c.fn.params) {
			panic(&syntaxError{c.line, "too many arguments in call to " + c.name})
		}
	}
	return p.prog, nil
}

func (p *parser) advance() { p.tok = p.lex.next() }

func (p *parser) fail() {
	near := p.tok.String()
	panic(&syntaxError{p.tok.line, "syntax error at or near " + near})
}

func (p *parser) is(op string) bool { return p.tok.kind == tOp && p.tok.text == op }

func (p *parser) word(w string) bool { return p.tok.kind == tKeyword && p.tok.text == w }

func (p *parser) accept(op string) bool {
	if p.is(op) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(op string) {
	if !p.accept(op) {
		p.fail()
	}
}

func (p *parser) newlines() {
	for p.tok.kind == tNewline {
		p.advance()
	}
}

// terminators skips what may stand between statements and rules.
func (p *parser) terminators() {
	for p.tok.kind == tNewline || p.is(";") {
		p.advance()
	}
}

func (p *parser) nest() func() {
	if p.depth++; p.depth > 500 {
		panic(&syntaxError{p.tok.line, "program is nested too deeply"})
	}
	return func() { p.depth-- }
}

func (p *parser) program() {
	p.terminators()
	for p.tok.kind != tEOF {
		if p.word("function") {
			p.function()
		} else {
			p.rule()
		}
		p.terminators()
	}
}

func (p *parser) rule() {
	r := &rule{}
	switch {
	case p.word("BEGIN"):
		r.begin = true
		p.advance()
	case p.word("END"):
		r.end = true
		p.advance()
	case !p.is("{"):
		r.from = p.expr()
		if p.accept(",") {
			p.newlines()
			r.to = p.expr()
		}
	}
	if p.is("{") {
		r.body = p.block()
	} else if r.begin || r.end {
		p.fail()
	}
	switch {
	case r.begin:
		p.prog.begin = append(p.prog.begin, r)
	case r.end:
		p.prog.end = append(p.prog.end, r)
	default:
		p.prog.main = append(p.prog.main, r)
	}
}

func (p *parser) function() {
	p.advance()
	if p.tok.kind != tName && p.tok.kind != tCall {
		p.fail()
	}
	f := &function{name: p.tok.text}
	p.advance()
	p.expect("(")
	for !p.is(")") {
		if p.tok.kind != tName {
			p.fail()
		}
		f.params = append(f.params, p.tok.text)
		p.advance()
		if !p.accept(",") {
			break
		}
		p.newlines()
	}
	p.expect(")")
	p.newlines()
	f.arrays = make([]bool, len(f.params))
	p.prog.functions[f.name] = f
	p.fn = f
	f.body = p.block()
	p.fn = nil
}

func (p *parser) block() *block {
	defer p.nest()()
	p.expect("{")
	b := &block{}
	p.terminators()
	for !p.is("}") {
		if p.tok.kind == tEOF {
			p.fail()
		}
		b.list = append(b.list, p.stmt())
		p.terminators()
	}
	p.advance()
	return b
}

// end reads what closes a simple statement.
func (p *parser) end() {
	switch {
	case p.tok.kind == tNewline || p.is(";"):
		p.advance()
	case p.is("}") || p.tok.kind == tEOF:
	default:
		p.fail()
	}
}

// body is the statement that a loop or a condition governs.
func (p *parser) body() stmt {
	p.newlines()
	if p.accept(";") {
		return &block{}
	}
	return p.stmt()
}

func (p *parser) stmt() stmt {
	defer p.nest()()
	if p.is("{") {
		return p.block()
	}
	if p.tok.kind != tKeyword {
		return p.simpleEnd()
	}
	switch p.tok.text {
	case "if":
		return p.ifStmt()
	case "while":
		p.advance()
		l := &loopStmt{test: p.paren()}
		if p.accept(";") {
			l.body = &block{}
			return l
		}
		l.body = p.body()
		return l
	case "do":
		p.advance()
		l := &loopStmt{late: true, body: p.body()}
		p.terminators()
		if !p.word("while") {
			p.fail()
		}
		p.advance()
		l.test = p.paren()
		p.end()
		return l
	case "for":
		return p.forStmt()
	case "switch":
		return p.switchStmt()
	case "break", "continue", "next", "nextfile":
		j := &jump{kind: p.tok.text}
		p.advance()
		p.end()
		return j
	case "exit", "return":
		j := &jump{kind: p.tok.text}
		if j.kind == "return" && p.fn == nil {
			panic(&syntaxError{p.tok.line, "return outside function body"})
		}
		p.advance()
		if p.tok.kind != tNewline && !p.is(";") && !p.is("}") && p.tok.kind != tEOF {
			j.value = p.expr()
		}
		p.end()
		return j
	}
	return p.simpleEnd()
}

func (p *parser) paren() expr {
	p.expect("(")
	x := p.expr()
	p.expect(")")
	return x
}

func (p *parser) ifStmt() stmt {
	p.advance()
	s := &ifStmt{test: p.paren()}
	s.yes = p.body()
	lex, tok := p.lex, p.tok
	p.terminators()
	if !p.word("else") {
		p.lex, p.tok = lex, tok
		return s
	}
	p.advance()
	s.no = p.body()
	return s
}

func (p *parser) forStmt() stmt {
	p.advance()
	p.expect("(")
	lex, tok := p.lex, p.tok
	if p.tok.kind == tName {
		name := p.tok.text
		p.advance()
		if p.word("in") {
			p.advance()
			if p.tok.kind == tName {
				array := p.tok.text
				p.advance()
				if p.accept(")") {
					return &forIn{name: p.variable(name), array: p.array(array), body: p.body()}
				}
			}
		}
		p.lex, p.tok = lex, tok
	}
	l := &loopStmt{}
	if !p.is(";") {
		l.init = p.simple()
	}
	p.expect(";")
	p.newlines()
	if !p.is(";") {
		l.test = p.expr()
	}
	p.expect(";")
	p.newlines()
	if !p.is(")") {
		l.post = p.simple()
	}
	p.expect(")")
	l.body = p.body()
	return l
}

func (p *parser) switchStmt() stmt {
	p.advance()
	s := &switchStmt{x: p.paren()}
	p.newlines()
	p.expect("{")
	p.terminators()
	for !p.accept("}") {
		var c switchCase
		switch {
		case p.word("case"):
			p.advance()
			c.value = p.ternary()
		case p.word("default"):
			p.advance()
		default:
			p.fail()
		}
		p.expect(":")
		p.terminators()
		for !p.word("case") && !p.word("default") && !p.is("}") {
			if p.tok.kind == tEOF {
				p.fail()
			}
			c.body = append(c.body, p.stmt())
			p.terminators()
		}
		s.cases = append(s.cases, c)
	}
	return s
}

func (p *parser) simpleEnd() stmt {
	s := p.simple()
	p.end()
	return s
}

func (p *parser) simple() stmt {
	switch {
	case p.word("print"), p.word("printf"):
		return p.print()
	case p.word("delete"):
		p.advance()
		if p.tok.kind != tName {
			p.fail()
		}
		d := &deleteStmt{array: p.array(p.tok.text)}
		p.advance()
		if p.accept("[") {
			d.index = p.list()
			p.expect("]")
		}
		return d
	}
	return &exprStmt{p.expr()}
}

func (p *parser) print() stmt {
	s := &printStmt{format: p.tok.text == "printf"}
	p.advance()
	noGT := p.noGT
	p.noGT = true
	if !p.printEnds() {
		s.args = p.printArgs()
	}
	p.noGT = noGT
	if p.is(">") || p.is(">>") || p.is("|") {
		s.to = p.tok.text
		p.advance()
		p.noGT, p.noPipe = true, true
		s.dest = p.concat(false)
		p.noGT, p.noPipe = noGT, false
	}
	if s.format && len(s.args) == 0 {
		p.fail()
	}
	return s
}

// printArgs reads the arguments of print. `(a, b) > "file"` and `(a)(b)` both begin with a parenthesis: what is
// inside one is a list only where nothing but an end or a redirection follows it.
func (p *parser) printArgs() []expr {
	if !p.is("(") {
		return p.list()
	}
	lex, tok := p.lex, p.tok
	p.advance()
	noGT := p.noGT
	p.noGT = false
	args := p.list()
	p.noGT = noGT
	if p.accept(")") && (p.printEnds() || p.is(">") || p.is(">>") || p.is("|")) {
		return args
	}
	p.lex, p.tok = lex, tok
	return p.list()
}

func (p *parser) printEnds() bool {
	return p.tok.kind == tNewline || p.tok.kind == tEOF || p.is(";") || p.is("}") || p.is(">") || p.is(">>") || p.is("|")
}

func (p *parser) list() []expr {
	out := []expr{p.expr()}
	for p.accept(",") {
		p.newlines()
		out = append(out, p.expr())
	}
	return out
}

func (p *parser) variable(name string) *variable {
	v := &variable{name: name, local: -1}
	if p.fn != nil {
		v.local = slices.Index(p.fn.params, name)
	}
	return v
}

func (p *parser) array(name string) *variable {
	v := p.variable(name)
	if v.local >= 0 {
		p.fn.arrays[v.local] = true
	}
	return v
}
