package awk

import (
	"bufio"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// fatal is an error while the program runs.
type fatal struct{ text string }

// leave is how next, exit and return leave what they are in.
type leave struct {
	kind string
	v    value
}

func fail(format string, args ...any) { panic(&fatal{fmt.Sprintf(format, args...)}) }

func newInterp(c Config, prog *program, args []string) *interp {
	in := &interp{
		c: c, prog: prog, globals: map[string]*cell{}, args: args,
		readers: map[string]*source{}, writers: map[string]*sink{}, out: bufio.NewWriter(c.Stdout),
		regexes: map[string]*pattern{}, split: true, recordNow: true,
	}
	for name, v := range map[string]value{
		"FS": text(" "), "OFS": text(" "), "ORS": text("\n"), "RS": text("\n"), "SUBSEP": text("\x1c"),
		"CONVFMT": text("%.6g"), "OFMT": text("%.6g"), "RSTART": num(0), "RLENGTH": num(-1), "FILENAME": text(""),
		"ARGC": num(float64(len(args) + 1)),
	} {
		in.setGlobal(name, v)
	}
	argv := in.global("ARGV").toArray()
	argv["0"] = text("awk")
	for i, a := range args {
		argv[strconv.Itoa(i+1)] = input(a)
	}
	env := in.global("ENVIRON").toArray()
	for _, kv := range c.Environ {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = input(v)
	}
	if c.Seed != nil {
		in.rand = c.Seed()
	}
	return in
}

// run plays BEGIN, the main rules over the input, and END.
func (in *interp) run() (status int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *fatal:
			in.out.Flush()
			fmt.Fprintf(in.c.Stderr, "awk: %s\n", r.text)
			in.finish()
			status = 2
		default:
			panic(r)
		}
	}()
	if in.phase(func() { in.rules(in.prog.begin) }) {
		if len(in.prog.main) > 0 || len(in.prog.end) > 0 {
			if in.phase(in.input) {
				in.phase(func() { in.rules(in.prog.end) })
			}
		}
	}
	in.finish()
	return in.exit
}

// phase runs f; false where the program has ended in it. `exit` in BEGIN or a main rule still runs END.
func (in *interp) phase(f func()) (on bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *leave:
			on = false
			if r.kind == "exit" {
				in.endAfterExit()
			}
		case *fatal:
			panic(r)
		default:
			panic(r)
		}
	}()
	f()
	return true
}

func (in *interp) endAfterExit() {
	end := in.prog.end
	in.prog.end = nil
	if len(end) > 0 {
		in.phase(func() { in.rules(end) })
	}
}

func (in *interp) rules(rules []*rule) {
	for _, r := range rules {
		in.block(r.body)
	}
}

// input runs the main rules for each record.
func (in *interp) input() {
	for {
		line, ok := in.nextMain()
		if !ok {
			return
		}
		in.setRecord(line)
		in.record1()
	}
}

func (in *interp) record1() {
	defer func() {
		if r := recover(); r != nil {
			l, ok := r.(*leave)
			if !ok || l.kind != "next" && l.kind != "nextfile" {
				panic(r)
			}
			if l.kind == "nextfile" {
				in.closeMain()
			}
		}
	}()
	for _, r := range in.prog.main {
		if !in.applies(r) {
			continue
		}
		if r.body == nil {
			in.print(in.out, in.text(), in.getText("ORS"))
			continue
		}
		in.block(r.body)
	}
}

func (in *interp) applies(r *rule) bool {
	switch {
	case r.from == nil:
		return true
	case r.to == nil:
		return in.eval(r.from).bool()
	case !r.active:
		if !in.eval(r.from).bool() {
			return false
		}
		r.active = true
	}
	if in.eval(r.to).bool() {
		r.active = false
	}
	return true
}

// tick lets others run, and ends a program that has been interrupted.
func (in *interp) tick() {
	if in.steps++; in.steps%64 == 0 && in.c.Step != nil {
		if err := in.c.Step(); err != nil {
			in.exit = 130
			in.prog.end = nil
			panic(&leave{kind: "exit"})
		}
	}
}

func (in *interp) block(b *block) {
	for _, s := range b.list {
		in.stmt(s)
	}
}

// loop is how break and continue leave a loop's body.
type loop struct{ again bool }

func (in *interp) stmt(s stmt) {
	in.tick()
	switch s := s.(type) {
	case *exprStmt:
		in.eval(s.x)
	case *printStmt:
		in.printStmt(s)
	case *block:
		in.block(s)
	case *switchBody:
		for _, c := range s.cases {
			for _, x := range c.body {
				in.stmt(x)
			}
		}
	case *ifStmt:
		if in.eval(s.test).bool() {
			in.stmt(s.yes)
		} else if s.no != nil {
			in.stmt(s.no)
		}
	case *loopStmt:
		in.loop(s)
	case *forIn:
		array := in.array(s.array)
		for _, k := range sortedKeys(array) {
			if _, still := array[k]; !still {
				continue
			}
			in.store(s.name, input(k))
			if !in.body(s.body) {
				break
			}
		}
	case *switchStmt:
		in.switchStmt(s)
	case *jump:
		in.jump(s)
	case *deleteStmt:
		array := in.array(s.array)
		if s.index == nil {
			clear(array)
		} else {
			delete(array, in.subscript(s.index))
		}
	}
}

func (in *interp) loop(s *loopStmt) {
	if s.init != nil {
		in.stmt(s.init)
	}
	for first := true; ; first = false {
		in.tick()
		if !(first && s.late) && s.test != nil && !in.eval(s.test).bool() {
			return
		}
		if !in.body(s.body) {
			return
		}
		if s.post != nil {
			in.stmt(s.post)
		}
	}
}

// body runs a loop's body; false where it was left by break.
func (in *interp) body(s stmt) (more bool) {
	defer func() {
		if r := recover(); r != nil {
			l, ok := r.(*loop)
			if !ok {
				panic(r)
			}
			more = l.again
		}
	}()
	in.stmt(s)
	return true
}

func (in *interp) switchStmt(s *switchStmt) {
	v := in.eval(s.x)
	at := -1
	for i, c := range s.cases {
		if c.value == nil {
			continue
		}
		if re, ok := c.value.(*regexLit); ok {
			if re.re.Match(in.str(v)) {
				at = i
				break
			}
		} else if compare(v, in.eval(c.value), in.getText("CONVFMT")) == 0 {
			at = i
			break
		}
	}
	for i, c := range s.cases {
		if at < 0 && c.value == nil {
			at = i
		}
	}
	if at < 0 {
		return
	}
	in.body(&switchBody{s.cases[at:]})
}

// switchBody is the cases from the one that fits.
type switchBody struct{ cases []switchCase }

func (in *interp) jump(s *jump) {
	var v value
	if s.value != nil {
		v = in.eval(s.value)
	}
	switch s.kind {
	case "break", "continue":
		panic(&loop{s.kind == "continue"})
	case "exit":
		if s.value != nil {
			in.exit = int(v.num()) & 255
		}
	}
	panic(&leave{s.kind, v})
}

func (in *interp) str(v value) string { return v.str(in.getText("CONVFMT")) }

func (in *interp) eval(x expr) value {
	switch x := x.(type) {
	case *constant:
		return x.v
	case *group:
		return in.eval(x.x)
	case *variable:
		return in.load(x)
	case *fieldRef:
		return in.field(in.fieldIndex(x))
	case *element:
		array := in.array(x.array)
		k := in.subscript(x.index)
		v, ok := array[k]
		if !ok {
			array[k] = value{}
		}
		return v
	case *assign:
		v := in.eval(x.value)
		if x.op != "" {
			v = num(arithmetic(x.op, in.eval(x.target).num(), v.num()))
		}
		in.store(x.target, v)
		return v
	case *step:
		old := in.eval(x.target).num()
		in.store(x.target, num(old+x.by))
		if x.before {
			return num(old + x.by)
		}
		return num(old)
	case *unary:
		v := in.eval(x.x)
		switch x.op {
		case "!":
			return truth(!v.bool())
		case "-":
			return num(-v.num())
		}
		return num(v.num())
	case *binary:
		return in.binary(x)
	case *logical:
		if in.eval(x.x).bool() != x.and {
			return truth(!x.and)
		}
		return truth(in.eval(x.y).bool())
	case *cond:
		if in.eval(x.test).bool() {
			return in.eval(x.yes)
		}
		return in.eval(x.no)
	case *regexLit:
		return truth(x.re.Match(in.text()))
	case *matches:
		return truth(in.regex(x.re).Match(in.str(in.eval(x.x))) != x.not)
	case *membership:
		_, ok := in.array(x.array)[in.subscript(x.index)]
		return truth(ok)
	case *call:
		return in.call(x)
	case *builtinCall:
		return builtins[x.name].run(in, x.args)
	case *getline:
		return in.getline(x)
	}
	panic(fmt.Sprintf("awk: no evaluation for %T", x)) // the parser makes no other
}

func (in *interp) binary(x *binary) value {
	a, b := in.eval(x.x), in.eval(x.y)
	switch x.op {
	case " ":
		s := in.str(a) + in.str(b)
		if len(s) > 64<<20 {
			fail("program limit exceeded: a string of %d bytes", len(s))
		}
		return text(s)
	case "<", "<=", "==", "!=", ">=", ">":
		c := compare(a, b, in.getText("CONVFMT"))
		return truth(map[string]bool{"<": c < 0, "<=": c <= 0, "==": c == 0, "!=": c != 0, ">=": c >= 0, ">": c > 0}[x.op])
	}
	return num(arithmetic(x.op, a.num(), b.num()))
}

func arithmetic(op string, a, b float64) float64 {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		if b == 0 {
			fail("division by zero")
		}
		return a / b
	case "%":
		if b == 0 {
			fail("division by zero in %%")
		}
		return math.Mod(a, b)
	}
	return math.Pow(a, b)
}

// regex is the expression that x stands for: a literal, or a text that is compiled once.
func (in *interp) regex(x expr) *pattern {
	if g, ok := x.(*group); ok {
		x = g.x
	}
	if lit, ok := x.(*regexLit); ok {
		return lit.re
	}
	s := in.str(in.eval(x))
	re := in.regexes[s]
	if re == nil {
		var err error
		if re, err = compile(s); err != nil {
			fail("regular expression compile failed (%v)\n%s", err, s)
		}
		in.regexes[s] = re
	}
	return re
}

func (in *interp) subscript(index []expr) string {
	if len(index) == 1 {
		return in.str(in.eval(index[0]))
	}
	parts := make([]string, len(index))
	for i, x := range index {
		parts[i] = in.str(in.eval(x))
	}
	return strings.Join(parts, in.getText("SUBSEP"))
}

// deepest bounds the nesting of functions.
const deepest = 1000

func (in *interp) call(x *call) (result value) {
	if in.depth++; in.depth > deepest {
		fail("function call nesting too deep: %s", x.name)
	}
	defer func() { in.depth-- }()
	f := &frame{locals: make([]*cell, len(x.fn.params))}
	for i := range f.locals {
		f.locals[i] = &cell{}
		if i >= len(x.args) {
			continue
		}
		if v, ok := x.args[i].(*variable); ok {
			c := in.cell(v)
			if x.fn.arrays[i] || c.array != nil {
				f.locals[i].array = c.toArray()
				continue
			}
			f.locals[i].from = c
		}
		f.locals[i].v = in.eval(x.args[i])
	}
	in.frames = append(in.frames, f)
	defer func() {
		in.frames = in.frames[:len(in.frames)-1]
		if r := recover(); r != nil {
			l, ok := r.(*leave)
			if !ok || l.kind != "return" {
				panic(r)
			}
			result = l.v
		}
	}()
	in.block(x.fn.body)
	return value{}
}
