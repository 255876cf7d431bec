package cel

import (
	"slices"
	"strconv"
	"strings"
)

// op is what a node does.
type op byte

const (
	opConst  op = iota
	opIdent     // name
	opSelect    // args[0].name
	opHas       // has(args[0].name)
	opCall      // name(args...), or args[0].name(args[1:]...) where member
	opList      // [args...], opt says which are optional
	opMap       // {args[0]: args[1], ...}, opt one an entry
	opStruct    // name{field: args[i]}
	opFold      // see fold
)

type node struct {
	op     op
	member bool
	pos    int
	name   string
	value  any
	args   []*node
	fields []string
	opt    []bool
	fold   *fold
	typ    *Type
	forms  []overload
	ident  string // the variable that a qualified name turned out to be
}

// fold is a loop over args[0]: init is the accumulator's first value, and while cond holds step gives its next.
type fold struct {
	v1, v2, accu             string
	init, cond, step, result *node
}

const accumulator = "@result"

// also is what may stand where an operand begins, behind some brackets.
type also struct{ bracket, brace, paren, comma, question string }

// operandStart is what an operand begins with.
func operandStart(a also) string {
	return "{'[', " + a.bracket + "'{', " + a.brace + "'(', " + a.paren + "'.', " + a.comma + "'-', '!', " + a.question + "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
}

var reserved = strings.Fields("as break const continue else false for function if import in let loop package namespace null return true var void while")

type parser struct {
	toks  []token
	i     int
	errs  *errors
	depth int
}

// giveUp ends parsing after an error from which one cannot go on.
type giveUp struct{}

const maxDepth = 250

func parse(src string) (root *node, errs *errors) {
	runes := []rune(src)
	errs = &errors{src: runes}
	p := &parser{errs: errs}
	if len(runes) > 100_000 {
		errs.addf(-1, "expression code point size exceeds limit: size: %d, limit %d", len(runes), 100_000)
		return nil, errs
	}
	p.toks = (&lexer{src: runes, errs: errs}).tokens()
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(giveUp); !ok {
				panic(r)
			}
		}
	}()
	root = p.expr()
	p.expect(eof)
	return root, errs
}

func (p *parser) cur() token { return p.toks[p.i] }
func (p *parser) peek(n int) token {
	return p.toks[min(p.i+n, len(p.toks)-1)]
}

func (p *parser) take(kinds ...string) (token, bool) {
	t := p.cur()
	if !slices.Contains(kinds, t.kind) {
		return token{}, false
	}
	if t.kind != eof {
		p.i++
	}
	return t, true
}

func (p *parser) syntax(pos int, text string) { p.errs.add(pos, "Syntax error: "+text) }

// expect takes a token that must come, and goes on where another stands before it or where only it is missing.
func (p *parser) expect(kind string, others ...string) token {
	t := p.cur()
	if got, ok := p.take(kind); ok {
		return got
	}
	wanted := shownKind(kind)
	if len(others) > 0 {
		wanted = "{" + wanted
		for _, k := range others {
			wanted += ", " + shownKind(k)
		}
		wanted += "}"
	}
	switch {
	case t.kind != eof && p.peek(1).kind == kind:
		p.syntax(t.pos, "extraneous input "+t.shown()+" expecting "+wanted)
		p.i++
		got, _ := p.take(kind)
		return got
	case kind != eof && len(others) == 0 && p.follows(kind, t):
		p.syntax(t.pos, "missing "+wanted+" at "+t.shown())
		return token{kind, "", t.pos}
	}
	p.syntax(t.pos, "mismatched input "+t.shown()+" expecting "+wanted)
	panic(giveUp{})
}

// follows says whether a token can stand behind one of a kind.
func (p *parser) follows(kind string, t token) bool {
	switch kind {
	case ":":
		return startsOperand(t)
	case ident:
		return false
	}
	return slices.Contains(strings.Fields("<EOF> == != in < <= >= > && || . , - ? : + * / % ["), t.kind)
}

func startsOperand(t token) bool {
	switch t.kind {
	case "[", "{", "(", ".", "-", "!", "true", "false", "null", floatNum, intNum, uintNum, text, byteText, ident:
		return true
	}
	return false
}

func (p *parser) expr() *node {
	if p.depth++; p.depth > maxDepth {
		p.errs.addf(-1, "expression recursion limit exceeded: %d", maxDepth)
		panic(giveUp{})
	}
	defer func() { p.depth-- }()
	n := p.logical("||")
	q, ok := p.take("?")
	if !ok {
		return n
	}
	yes := p.logical("||")
	p.expect(":")
	no := p.expr()
	return call(q.pos, "_?_:_", n, yes, no)
}

func call(pos int, name string, args ...*node) *node {
	return &node{op: opCall, pos: pos, name: name, args: args}
}

// logical reads a chain of || or &&, as a balanced tree.
func (p *parser) logical(operator string) *node {
	next := func() *node {
		if operator == "||" {
			return p.logical("&&")
		}
		return p.relation()
	}
	terms, at := []*node{next()}, []int{}
	for {
		t, ok := p.take(operator)
		if !ok {
			return balanced("_"+operator+"_", terms, at)
		}
		at = append(at, t.pos)
		terms = append(terms, next())
	}
}

func balanced(name string, terms []*node, at []int) *node {
	if len(terms) == 1 {
		return terms[0]
	}
	mid := len(at) / 2
	return call(at[mid], name, balanced(name, terms[:mid+1], at[:mid]), balanced(name, terms[mid+1:], at[mid+1:]))
}

func (p *parser) relation() *node {
	n := p.sum()
	for {
		t, ok := p.take("<", "<=", ">=", ">", "==", "!=", "in")
		if !ok {
			return n
		}
		name := "_" + t.kind + "_"
		if t.kind == "in" {
			name = "@in"
		}
		n = call(t.pos, name, n, p.sum())
	}
}

func (p *parser) sum() *node {
	n := p.product()
	for {
		t, ok := p.take("+", "-")
		if !ok {
			return n
		}
		n = call(t.pos, "_"+t.kind+"_", n, p.product())
	}
}

func (p *parser) product() *node {
	n := p.unary()
	for {
		t, ok := p.take("*", "/", "%")
		if !ok {
			return n
		}
		n = call(t.pos, "_"+t.kind+"_", n, p.unary())
	}
}

// begin demands that an operand comes.
func (p *parser) begin(a also) {
	t := p.cur()
	switch {
	case startsOperand(t):
	case t.kind != eof && (startsOperand(p.peek(1)) || a.paren != "" && p.peek(1).kind == ")"):
		p.syntax(t.pos, "extraneous input "+t.shown()+" expecting "+operandStart(a))
		p.i++
	default:
		p.syntax(t.pos, "mismatched input "+t.shown()+" expecting "+operandStart(a))
		panic(giveUp{})
	}
}

func (p *parser) unary() *node {
	p.begin(also{})
	first := p.cur()
	if first.kind != "!" && first.kind != "-" {
		return p.members()
	}
	if next := p.peek(1); first.kind == "-" && (next.kind == intNum || next.kind == floatNum) {
		return p.members()
	}
	count := 0
	for ; ; count++ {
		if _, ok := p.take(first.kind); !ok {
			break
		}
	}
	if t := p.cur(); first.kind == "!" && !startsOperand(t) {
		p.syntax(t.pos, "extraneous input "+t.shown()+" expecting "+operandStart(also{}))
		panic(giveUp{})
	} else if !startsOperand(t) || t.kind == "!" {
		p.syntax(t.pos, "no viable alternative at input '"+first.text+strings.TrimPrefix(t.text, eof)+"'")
		p.begin(also{})
		panic(giveUp{})
	}
	n := p.members()
	if count%2 == 0 {
		return n
	}
	if first.kind == "!" {
		return call(first.pos, "!_", n)
	}
	return call(first.pos, "-_", n)
}

func (p *parser) members() *node {
	n := p.primary()
	for steps := 0; ; steps++ {
		if steps > maxDepth {
			p.errs.addf(-1, "max recursion depth exceeded")
			panic(giveUp{})
		}
		if dot, ok := p.take("."); ok {
			n = p.selector(n, dot)
			continue
		}
		open, ok := p.take("[")
		if !ok {
			return n
		}
		name := "_[_]"
		if _, opt := p.take("?"); opt {
			name = "_[?_]"
		} else {
			p.begin(also{question: "'?', "})
		}
		index := p.expr()
		p.expect("]")
		n = call(open.pos, name, n, index)
	}
}

func (p *parser) selector(n *node, dot token) *node {
	_, opt := p.take("?")
	id, ok := p.take(ident, escIdent)
	if !ok {
		t := p.cur()
		switch {
		case opt:
			p.syntax(t.pos, "mismatched input "+t.shown()+" expecting {IDENTIFIER, ESC_IDENTIFIER}")
			p.errs.add(t.pos, "unsupported ident kind")
		case t.kind == "true" || t.kind == "false" || t.kind == "null":
			p.syntax(t.pos, "mismatched input "+t.shown()+" expecting IDENTIFIER")
		default:
			shown := t.text
			if t.kind == eof {
				shown = ""
			}
			p.syntax(t.pos, "no viable alternative at input '."+shown+"'")
		}
		panic(giveUp{})
	}
	name := id.text
	if id.kind == escIdent {
		p.errs.add(id.pos, "unsupported syntax: '`'")
	}
	if opt {
		return call(dot.pos, "_?._", n, &node{op: opConst, pos: id.pos, value: name})
	}
	if open, ok := p.take("("); ok && id.kind == ident {
		args := append([]*node{n}, p.arguments()...)
		c := &node{op: opCall, pos: open.pos, name: name, args: args, member: true}
		return p.macro(c)
	}
	return &node{op: opSelect, pos: dot.pos, name: name, args: []*node{n}}
}

// arguments reads what stands between parentheses, and the closing one.
func (p *parser) arguments() (out []*node) {
	if _, ok := p.take(")"); ok {
		return nil
	}
	p.begin(also{paren: "')', "})
	if _, ok := p.take(")"); ok {
		return nil
	}
	for {
		out = append(out, p.expr())
		if _, ok := p.take(","); !ok {
			p.expect(")")
			return out
		}
	}
}

func (p *parser) primary() *node {
	t := p.cur()
	switch t.kind {
	case "(":
		p.i++
		n := p.expr()
		p.expect(")")
		return n
	case "[":
		p.i++
		return p.list(t)
	case "{":
		p.i++
		return p.mapping(t)
	case ".", ident:
		return p.name()
	}
	p.i++
	sign := ""
	if t.kind == "-" {
		sign = "-"
		t.kind, t.text = p.cur().kind, p.cur().text
		p.i++
	}
	return &node{op: opConst, pos: t.pos, value: p.literal(t, sign)}
}

func (p *parser) literal(t token, sign string) any {
	base, digits := 10, t.text
	if strings.HasPrefix(digits, "0x") {
		base, digits = 16, digits[2:]
	}
	switch t.kind {
	case "true":
		return true
	case "false":
		return false
	case intNum:
		v, err := strconv.ParseInt(sign+digits, base, 64)
		if err != nil {
			p.errs.add(t.pos, "invalid int literal")
		}
		return v
	case uintNum:
		v, err := strconv.ParseUint(digits[:len(digits)-1], base, 64)
		if err != nil {
			p.errs.add(t.pos, "invalid uint literal")
		}
		return v
	case floatNum:
		v, err := strconv.ParseFloat(sign+t.text, 64)
		if err != nil {
			p.errs.add(t.pos, "invalid double literal")
		}
		return v
	case text:
		s, ok := unquote(t.text, false)
		if !ok {
			p.errs.add(t.pos, "invalid unicode code point")
		}
		return s
	case byteText:
		s, ok := unquote(t.text[1:], true)
		if !ok {
			p.errs.add(t.pos, "unable to unescape string")
		}
		return Bytes(s)
	}
	return nil
}

func (p *parser) list(open token) *node {
	n := &node{op: opList, pos: open.pos}
	if p.cur().kind == "," && p.peek(1).kind == "]" {
		p.i++
	} else if k := p.cur().kind; k != "]" && k != "?" {
		p.begin(also{bracket: "']', ", comma: "',', ", question: "'?', "})
	}
	for {
		if _, ok := p.take("]"); ok {
			return n
		}
		_, opt := p.take("?")
		n.args, n.opt = append(n.args, p.expr()), append(n.opt, opt)
		if _, ok := p.take(","); !ok {
			p.expect("]", ",")
			return n
		}
	}
}

func (p *parser) mapping(open token) *node {
	n := &node{op: opMap, pos: open.pos}
	if p.cur().kind == "," && p.peek(1).kind == "}" {
		p.i++
	} else if k := p.cur().kind; k != "}" && k != "?" {
		p.begin(also{brace: "'}', ", comma: "',', ", question: "'?', "})
	}
	for {
		if _, ok := p.take("}"); ok {
			return n
		}
		_, opt := p.take("?")
		key := p.expr()
		p.expect(":")
		n.args, n.opt = append(n.args, key, p.expr()), append(n.opt, opt)
		if _, ok := p.take(","); !ok {
			p.expect("}", ",")
			return n
		}
	}
}

// name reads a variable, a call or a message.
func (p *parser) name() *node {
	start := p.cur()
	_, dotted := p.take(".")
	if t := p.cur(); t.kind != ident {
		p.syntax(t.pos, "no viable alternative at input '."+strings.TrimPrefix(t.text, eof)+"'")
		panic(giveUp{})
	}
	id := p.expect(ident)
	name := id.text
	if dotted {
		name = "." + name
	}
	// a.b.c{ is a message
	n := 0
	for p.peek(n).kind == "." && p.peek(n+1).kind == ident {
		n += 2
	}
	if p.peek(n).kind == "{" {
		for ; n > 0; n -= 2 {
			name += "." + p.peek(1).text
			p.i += 2
		}
		open, _ := p.take("{")
		return p.message(open, name)
	}
	if open, ok := p.take("("); ok {
		c := call(open.pos, name, p.arguments()...)
		if slices.Contains(reserved, id.text) {
			p.errs.addf(start.pos, "reserved identifier: %s", id.text)
		}
		return p.macro(c)
	}
	if slices.Contains(reserved, id.text) {
		p.errs.addf(start.pos, "reserved identifier: %s", id.text)
	}
	return &node{op: opIdent, pos: id.pos, name: name}
}

func (p *parser) message(open token, name string) *node {
	n := &node{op: opStruct, pos: open.pos, name: name}
	for {
		if _, ok := p.take("}"); ok {
			return n
		}
		_, opt := p.take("?")
		field, ok := p.take(ident, escIdent)
		if !ok {
			field = p.expect(ident)
		}
		p.expect(":")
		v := p.expr()
		n.fields, n.args, n.opt = append(n.fields, field.text), append(n.args, v), append(n.opt, opt)
		if _, ok := p.take(","); !ok {
			p.expect("}", ",")
			return n
		}
	}
}
