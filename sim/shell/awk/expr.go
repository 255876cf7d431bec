package awk

// Expressions, from the loosest operator to the tightest.

func (p *parser) expr() expr {
	defer p.nest()()
	x := p.assigned(p.ternary())
	if p.assigns() {
		p.fail()
	}
	return x
}

func (p *parser) assigns() bool {
	if p.tok.kind != tOp {
		return false
	}
	switch p.tok.text {
	case "=", "+=", "-=", "*=", "/=", "%=", "^=":
		return true
	}
	return false
}

// assigned reads an assignment to x where one follows; also behind && and ||, as in `NR == 1 && x = $1`.
func (p *parser) assigned(x expr) expr {
	if !lvalue(x) || !p.assigns() {
		return x
	}
	op := p.tok.text[:len(p.tok.text)-1]
	p.advance()
	p.newlines()
	return &assign{op: op, target: x, value: p.expr()}
}

func lvalue(x expr) bool {
	switch x.(type) {
	case *variable, *fieldRef, *element:
		return true
	}
	return false
}

func (p *parser) ternary() expr {
	x := p.or()
	if !p.is("?") {
		return x
	}
	p.advance()
	p.newlines()
	yes := p.expr()
	p.newlines()
	p.expect(":")
	p.newlines()
	return &cond{x, yes, p.expr()}
}

func (p *parser) or() expr {
	x := p.and()
	for p.accept("||") {
		p.newlines()
		x = &logical{false, x, p.assigned(p.and())}
	}
	return x
}

func (p *parser) and() expr {
	x := p.in()
	for p.accept("&&") {
		p.newlines()
		x = &logical{true, x, p.assigned(p.in())}
	}
	return x
}

func (p *parser) in() expr {
	x := p.match()
	for p.word("in") {
		p.advance()
		if p.tok.kind != tName {
			p.fail()
		}
		x = &membership{[]expr{x}, p.array(p.tok.text)}
		p.advance()
	}
	return x
}

func (p *parser) match() expr {
	x := p.comparison()
	for p.is("~") || p.is("!~") {
		not := p.tok.text == "!~"
		p.advance()
		x = &matches{x, p.comparison(), not}
	}
	return x
}

func (p *parser) comparison() expr {
	x := p.concat(true)
	if p.tok.kind != tOp {
		return x
	}
	switch op := p.tok.text; op {
	case "<", "<=", "==", "!=", ">=", ">":
		if op == ">" && p.noGT {
			return x
		}
		p.advance()
		return &binary{op, x, p.concat(true)}
	}
	return x
}

// concat reads a concatenation, and the pipes into getline behind it.
func (p *parser) concat(pipes bool) expr {
	x := p.additive()
	for {
		switch {
		case pipes && p.is("|") && !p.noPipe && p.pipeToGetline():
			p.advance()
			p.advance()
			x = &getline{kind: '|', source: x, target: p.optionalTarget()}
		case p.startsOperand():
			x = &binary{" ", x, p.additive()}
		default:
			return x
		}
	}
}

func (p *parser) pipeToGetline() bool {
	lex := p.lex
	t := lex.next()
	return t.kind == tKeyword && t.text == "getline"
}

// startsOperand reports whether another operand follows, to be concatenated.
func (p *parser) startsOperand() bool {
	switch p.tok.kind {
	case tNumber, tString, tName, tCall, tBuiltin, tRegex:
		return true
	case tOp:
		switch p.tok.text {
		case "$", "(", "++", "--":
			return true
		}
	}
	return false
}

func (p *parser) additive() expr {
	x := p.multiplicative()
	for p.is("+") || p.is("-") {
		op := p.tok.text
		p.advance()
		x = &binary{op, x, p.multiplicative()}
	}
	return x
}

func (p *parser) multiplicative() expr {
	x := p.unary()
	for p.is("*") || p.is("/") || p.is("%") {
		op := p.tok.text
		p.advance()
		x = &binary{op, x, p.unary()}
	}
	return x
}

func (p *parser) unary() expr {
	defer p.nest()()
	if p.is("!") || p.is("-") || p.is("+") {
		op := p.tok.text
		p.advance()
		return &unary{op, p.unary()}
	}
	return p.power()
}

func (p *parser) power() expr {
	x := p.postfix()
	if p.accept("^") {
		if p.is("-") || p.is("+") || p.is("!") {
			return &binary{"^", x, p.unary()}
		}
		return &binary{"^", x, p.power()}
	}
	return x
}

func (p *parser) postfix() expr {
	if p.is("++") || p.is("--") {
		by := 1.0
		if p.tok.text == "--" {
			by = -1
		}
		p.advance()
		x := p.primary()
		if !lvalue(x) {
			p.fail()
		}
		return &step{x, by, true}
	}
	x := p.primary()
	if lvalue(x) && (p.is("++") || p.is("--")) {
		by := 1.0
		if p.tok.text == "--" {
			by = -1
		}
		p.advance()
		return &step{x, by, false}
	}
	return x
}

func (p *parser) primary() expr {
	defer p.nest()()
	t := p.tok
	switch t.kind {
	case tNumber:
		p.advance()
		return &constant{num(t.num)}
	case tString:
		p.advance()
		return &constant{text(t.text)}
	case tRegex:
		p.advance()
		return &regexLit{p.compile(t)}
	case tBuiltin:
		return p.builtin()
	case tCall:
		return p.call()
	case tName:
		p.advance()
		if p.accept("[") {
			e := &element{array: p.array(t.text), index: p.list()}
			p.expect("]")
			return e
		}
		return p.variable(t.text)
	case tKeyword:
		if t.text == "getline" {
			return p.getline()
		}
	case tOp:
		switch t.text {
		case "$":
			p.advance()
			if p.is("++") || p.is("--") {
				return &fieldRef{p.postfix()}
			}
			if p.is("-") || p.is("+") || p.is("!") {
				return &fieldRef{p.unary()}
			}
			return &fieldRef{p.primary()}
		case "(":
			return p.group()
		}
	}
	p.fail()
	return nil
}

func (p *parser) compile(t token) *pattern {
	re, err := compile(t.text)
	if err != nil {
		panic(&syntaxError{t.line, "regular expression compile failed (" + err.Error() + ")\n" + t.text})
	}
	return re
}

// group reads ( … ), or (i, j) in array.
func (p *parser) group() expr {
	p.advance()
	noGT, noPipe := p.noGT, p.noPipe
	p.noGT, p.noPipe = false, false
	list := p.list()
	p.noGT, p.noPipe = noGT, noPipe
	p.expect(")")
	if len(list) == 1 {
		return &group{list[0]}
	}
	if !p.word("in") {
		p.fail()
	}
	p.advance()
	if p.tok.kind != tName {
		p.fail()
	}
	m := &membership{list, p.array(p.tok.text)}
	p.advance()
	return m
}

func (p *parser) args() []expr {
	p.expect("(")
	p.newlines()
	noGT, noPipe := p.noGT, p.noPipe
	p.noGT, p.noPipe = false, false
	var args []expr
	if !p.is(")") {
		args = p.list()
	}
	p.noGT, p.noPipe = noGT, noPipe
	p.newlines()
	p.expect(")")
	return args
}

func (p *parser) call() expr {
	c := &call{name: p.tok.text, line: p.tok.line}
	p.advance()
	c.args = p.args()
	p.calls = append(p.calls, c)
	return c
}

func (p *parser) builtin() expr {
	c := &builtinCall{name: p.tok.text, line: p.tok.line}
	b := builtins[c.name]
	p.advance()
	if p.is("(") {
		c.args = p.args()
	} else if b.min > 0 || c.name != "length" {
		p.fail()
	}
	if len(c.args) < b.min || b.max >= 0 && len(c.args) > b.max {
		panic(&syntaxError{c.line, "wrong number of arguments in call to " + c.name})
	}
	for _, i := range b.arrays {
		if i < len(c.args) {
			v, ok := c.args[i].(*variable)
			if !ok {
				panic(&syntaxError{c.line, "type error in arg(" + string(rune('1'+i)) + ") in call to " + c.name})
			}
			c.args[i] = p.array(v.name)
		}
	}
	return c
}

func (p *parser) getline() expr {
	p.advance()
	g := &getline{target: p.optionalTarget()}
	if p.accept("<") {
		g.kind = '<'
		g.source = p.primary()
	}
	return g
}

// optionalTarget reads the variable that getline fills, where one follows.
func (p *parser) optionalTarget() expr {
	if p.is("$") || p.tok.kind == tName {
		return p.primary()
	}
	return nil
}
