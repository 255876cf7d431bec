package shell

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// arithmetic evaluates an expression: what is expanded in it becomes part of its text first, as in bash. prefix stands
// before the expression in messages.
func (p *process) arithmetic(x syntax.ArithmExpr, prefix string) int64 {
	if w, ok := x.(*syntax.Word); ok {
		if lit, ok := plainWord(w); ok {
			if n, err := strconv.ParseInt(lit, 10, 64); err == nil && (lit[0] != '0' || len(lit) == 1) {
				return n
			}
		}
	}
	return p.evaluate(p.arithmeticText(x), prefix)
}

// arithmeticText is the source of an expression with its words expanded.
func (p *process) arithmeticText(x syntax.ArithmExpr) string {
	if x == nil {
		return ""
	}
	var words []*syntax.Word
	syntax.Walk(x, func(n syntax.Node) bool {
		w, ok := n.(*syntax.Word)
		if !ok {
			return true
		}
		if pe := nakedIndex(w); pe != nil {
			syntax.Walk(pe.Index, func(n syntax.Node) bool {
				if w, ok := n.(*syntax.Word); ok {
					words = append(words, w)
					return false
				}
				return true
			})
			return false
		}
		words = append(words, w)
		return false
	})
	text := p.src.text
	at, end := int(x.Pos().Offset()), int(x.End().Offset())
	var b strings.Builder
	for _, w := range words {
		from, to := int(w.Pos().Offset()), int(w.End().Offset())
		if from < at || to > end || to > len(text) {
			continue
		}
		b.WriteString(text[at:from])
		b.WriteString(joinPieces(p.pieces(w.Parts, true, false)))
		at = to
	}
	if at <= end && end <= len(text) {
		b.WriteString(text[at:end])
	}
	return b.String()
}

// nakedIndex is the a[i] of an expression, written without a dollar.
func nakedIndex(w *syntax.Word) *syntax.ParamExp {
	if len(w.Parts) != 1 {
		return nil
	}
	pe, ok := w.Parts[0].(*syntax.ParamExp)
	if !ok || !pe.Short || pe.Index == nil || pe.Dollar.IsValid() {
		return nil
	}
	return pe
}

// evaluate computes the value of an expression's text.
func (p *process) evaluate(text, prefix string) int64 {
	a := &arith{p: p, text: text}
	n, err := a.run()
	if err != nil {
		p.fail(1, "%s%s: %v", prefix, strings.TrimLeft(a.outer(), " \t\n"), err)
	}
	return n
}

// arithmSyntax is the message for an expression that cannot be read, "" where it can.
func arithmSyntax(text string) string {
	a := &arith{text: text, skip: 1}
	if _, err := a.run(); err != nil {
		return err.Error()
	}
	return ""
}

// arith evaluates one expression by precedence climbing. Errors are panics of type arithError within it.
type arith struct {
	p     *process
	text  string
	pos   int
	tok   string
	start int // of tok
	prev  int // of the token before
	skip  int // >0: read, but do not evaluate
	depth int
	fault string // the text that an inner expression failed in
}

type arithError string

func (a *arith) outer() string {
	if a.fault != "" {
		return a.fault
	}
	return a.text
}

func (a *arith) fail(at int, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	panic(arithError(fmt.Sprintf("%s (error token is \"%s\")", msg, strings.TrimLeft(a.text[min(at, len(a.text)):], " "))))
}

func (e arithError) Error() string { return string(e) }

func (a *arith) run() (n int64, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case arithError:
			err = e
		default:
			panic(e)
		}
	}()
	if strings.TrimSpace(a.text) == "" {
		return 0, nil
	}
	a.next()
	n = a.comma()
	if a.tok != "" {
		a.fail(a.start, "syntax error in expression")
	}
	return n, nil
}

var arithOperators = []string{"<<=", ">>=", "**", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="}

func isNameByte(c byte, first bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9'
}

func (a *arith) next() {
	for a.pos < len(a.text) && strings.IndexByte(" \t\n", a.text[a.pos]) >= 0 {
		a.pos++
	}
	a.prev, a.start = a.start, a.pos
	if a.pos == len(a.text) {
		a.tok = ""
		return
	}
	c := a.text[a.pos]
	switch {
	case isNameByte(c, true):
		for a.pos < len(a.text) && isNameByte(a.text[a.pos], false) {
			a.pos++
		}
		if a.pos < len(a.text) && a.text[a.pos] == '[' {
			a.subscript()
		}
	case c >= '0' && c <= '9':
		for a.pos < len(a.text) && (isNameByte(a.text[a.pos], false) || a.text[a.pos] == '#' || a.text[a.pos] == '@') {
			a.pos++
		}
	default:
		a.pos++
		for _, op := range arithOperators {
			if strings.HasPrefix(a.text[a.start:], op) {
				a.pos = a.start + len(op)
				break
			}
		}
	}
	a.tok = a.text[a.start:a.pos]
}

func (a *arith) subscript() {
	depth := 0
	for i := a.pos; i < len(a.text); i++ {
		switch a.text[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				a.pos = i + 1
				return
			}
		}
	}
	a.start = a.pos
	a.fail(a.start, "bad array subscript")
}

func (a *arith) comma() int64 {
	n := a.assign()
	for a.tok == "," {
		a.next()
		n = a.assign()
	}
	return n
}

func (a *arith) isName() bool { return a.tok != "" && isNameByte(a.tok[0], true) }

// assign reads an assignment or a conditional expression.
func (a *arith) assign() int64 {
	if a.isName() {
		name, save := a.tok, *a
		a.next()
		switch op := a.tok; op {
		case "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=":
			a.next()
			at := a.start
			n := a.assign()
			if op != "=" {
				n = a.binary(strings.TrimSuffix(op, "="), a.value(name), n, at)
			}
			a.store(name, n)
			return n
		}
		*a = save
	}
	n := a.conditional()
	switch a.tok {
	case "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=":
		a.fail(a.start, "attempted assignment to non-variable")
	}
	return n
}

func (a *arith) conditional() int64 {
	cond := a.level(0)
	if a.tok != "?" {
		return cond
	}
	a.next()
	if a.tok == "" || a.tok == ":" {
		a.fail(a.start, "expression expected")
	}
	a.hold(cond == 0)
	yes := a.comma()
	a.release(cond == 0)
	if a.tok != ":" {
		a.fail(a.start, "`:' expected for conditional expression")
	}
	a.next()
	if a.tok == "" {
		a.fail(a.start, "expression expected")
	}
	a.hold(cond != 0)
	no := a.assign()
	a.release(cond != 0)
	if cond != 0 {
		return yes
	}
	return no
}

func (a *arith) hold(on bool) {
	if on {
		a.skip++
	}
}

func (a *arith) release(on bool) {
	if on {
		a.skip--
	}
}

var arithLevels = [][]string{{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}}

// level reads the binary operators of one precedence and those that bind more tightly.
func (a *arith) level(l int) int64 {
	if l == len(arithLevels) {
		return a.power()
	}
	n := a.level(l + 1)
	for a.isOneOf(arithLevels[l]) {
		op := a.tok
		a.next()
		at := a.start
		short := op == "||" && n != 0 || op == "&&" && n == 0
		a.hold(short)
		m := a.level(l + 1)
		a.release(short)
		n = a.binary(op, n, m, at)
	}
	return n
}

func (a *arith) isOneOf(ops []string) bool {
	for _, op := range ops {
		if a.tok == op {
			return true
		}
	}
	return false
}

func (a *arith) power() int64 {
	n := a.unary()
	if a.tok == "**" {
		a.next()
		m := a.power()
		if m < 0 && a.skip == 0 {
			a.fail(a.prev, "exponent less than 0")
		}
		r := int64(1)
		for ; m > 0 && a.skip == 0; m >>= 1 {
			if m&1 != 0 {
				r *= n
			}
			n *= n
		}
		return r
	}
	return n
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (a *arith) binary(op string, n, m int64, at int) int64 {
	switch op {
	case "||":
		return truth(n != 0 || m != 0)
	case "&&":
		return truth(n != 0 && m != 0)
	case "|":
		return n | m
	case "^":
		return n ^ m
	case "&":
		return n & m
	case "==":
		return truth(n == m)
	case "!=":
		return truth(n != m)
	case "<":
		return truth(n < m)
	case ">":
		return truth(n > m)
	case "<=":
		return truth(n <= m)
	case ">=":
		return truth(n >= m)
	case "<<":
		return n << uint(m&63)
	case ">>":
		return n >> uint(m&63)
	case "+":
		return n + m
	case "-":
		return n - m
	case "*":
		return n * m
	}
	if m == 0 {
		if a.skip > 0 {
			return 0
		}
		a.fail(at, "division by 0")
	}
	if n == math.MinInt64 && m == -1 {
		return map[string]int64{"/": n, "%": 0}[op]
	}
	if op == "/" {
		return n / m
	}
	return n % m
}

func (a *arith) unary() int64 {
	switch op := a.tok; op {
	case "!", "~", "-", "+":
		a.next()
		n := a.unary()
		switch op {
		case "!":
			return truth(n == 0)
		case "~":
			return ^n
		case "-":
			return -n
		}
		return n
	case "++", "--":
		a.next()
		if !a.isName() {
			n := a.unary()
			return n
		}
		name := a.tok
		a.next()
		n := a.value(name) + map[string]int64{"++": 1, "--": -1}[op]
		a.store(name, n)
		return n
	}
	return a.primary()
}

func (a *arith) primary() int64 {
	switch {
	case a.tok == "(":
		a.next()
		n := a.comma()
		if a.tok != ")" {
			a.fail(a.start, "missing `)'")
		}
		a.next()
		return n
	case a.isName():
		name := a.tok
		a.next()
		if a.tok == "++" || a.tok == "--" {
			n := a.value(name)
			a.store(name, n+map[string]int64{"++": 1, "--": -1}[a.tok])
			a.next()
			return n
		}
		return a.value(name)
	case a.tok != "" && a.tok[0] >= '0' && a.tok[0] <= '9':
		n := a.number(a.tok)
		a.next()
		return n
	}
	at := a.start
	if a.tok == "" {
		at = a.prev
	}
	a.fail(at, "syntax error: operand expected")
	return 0
}

func (a *arith) number(s string) int64 {
	base, digits := int64(10), s
	if b, d, ok := strings.Cut(s, "#"); ok {
		n, err := strconv.ParseInt(b, 10, 64)
		if err != nil || n < 2 || n > 64 {
			a.fail(a.start, "invalid arithmetic base")
		}
		if d == "" {
			a.fail(a.start, "invalid integer constant")
		}
		base, digits = n, d
	} else if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		base, digits = 16, s[2:]
	} else if s[0] == '0' && len(s) > 1 {
		base, digits = 8, s[1:]
	}
	n := int64(0)
	for i := range len(digits) {
		c := digits[i]
		var d int64
		switch {
		case c >= '0' && c <= '9':
			d = int64(c - '0')
		case c >= 'a' && c <= 'z':
			d = int64(c-'a') + 10
		case c >= 'A' && c <= 'Z' && base <= 36:
			d = int64(c-'A') + 10
		case c >= 'A' && c <= 'Z':
			d = int64(c-'A') + 36
		case c == '@':
			d = 62
		case c == '_':
			d = 63
		default:
			a.fail(a.start, "invalid number")
		}
		if d >= base {
			a.fail(a.start, "value too great for base")
		}
		n = n*base + d
	}
	return n
}

// value is what a variable is worth: its text is an expression again.
func (a *arith) value(name string) int64 {
	if a.skip > 0 || a.p == nil {
		return 0
	}
	var s string
	var set bool
	if base, sub, ok := strings.Cut(name, "["); ok {
		s, set = a.indexed(base, strings.TrimSuffix(sub, "]"))
	} else {
		s, set = a.p.lookup(name)
		if !set && a.p.opts.set["nounset"] {
			a.p.unbound(name, nil)
		}
	}
	if !set || s == "" {
		return 0
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && (s[0] != '0' || s == "0") {
		return n
	}
	if a.depth > 500 {
		a.fail(a.start, "expression recursion level exceeded")
	}
	inner := &arith{p: a.p, text: s, depth: a.depth + 1}
	n, err := inner.run()
	if err != nil {
		a.fault = inner.outer()
		panic(err)
	}
	return n
}

func (a *arith) indexed(name, sub string) (string, bool) {
	v := a.p.resolve(name)
	if c := a.p.computed(name); c != nil {
		v = c
	}
	if v != nil && v.kind == associative {
		s, ok := v.assoc[strings.Trim(sub, `"'`)]
		return s, ok
	}
	inner := &arith{p: a.p, text: sub, depth: a.depth + 1}
	n, err := inner.run()
	if err != nil {
		a.fault = inner.outer()
		panic(err)
	}
	if v == nil {
		return "", false
	}
	if v.kind == scalar {
		return v.str, n == 0
	}
	if n < 0 {
		n += int64(v.next())
	}
	return v.at(int(n))
}

func (a *arith) store(name string, n int64) {
	if a.skip > 0 || a.p == nil {
		return
	}
	value := strconv.FormatInt(n, 10)
	if base, sub, ok := strings.Cut(name, "["); ok {
		a.p.setElement(base, strings.TrimSuffix(sub, "]"), value, false)
		return
	}
	a.p.set(name, value)
}
