package gotemplate

import (
	"slices"
	"strings"
	"text/template/parse"
)

func sortStrings(s []string) { slices.Sort(s) }

// pipeline evaluates commands, each getting the result of the one before as its last argument, and declares variables.
func (s *state) pipeline(dot value, pipe *parse.PipeNode) value {
	if pipe == nil {
		return value{}
	}
	s.at(pipe)
	v := missing
	for _, cmd := range pipe.Cmds {
		v = s.command(dot, cmd, v)
		if v.iface {
			v = v.elem()
		}
	}
	for _, d := range pipe.Decl {
		if pipe.IsAssign {
			s.set(d.Ident[0], v)
		} else {
			s.push(d.Ident[0], v)
		}
	}
	return v
}

func (s *state) notAFunction(args []parse.Node, final value) {
	if len(args) > 1 || !final.isMissing() {
		s.fail("can't give argument to non-function %s", args[0])
	}
}

func (s *state) command(dot value, cmd *parse.CommandNode, final value) value {
	switch n := cmd.Args[0].(type) {
	case *parse.FieldNode:
		return s.fieldNode(dot, n, cmd.Args, final)
	case *parse.ChainNode:
		return s.chainNode(dot, n, cmd.Args, final)
	case *parse.IdentifierNode:
		return s.function(dot, n, cmd, cmd.Args, final)
	case *parse.PipeNode:
		s.notAFunction(cmd.Args, final)
		return s.pipeline(dot, n)
	case *parse.VariableNode:
		return s.variableNode(dot, n, cmd.Args, final)
	}
	s.at(cmd.Args[0])
	s.notAFunction(cmd.Args, final)
	switch word := cmd.Args[0].(type) {
	case *parse.BoolNode:
		return of(word.True)
	case *parse.DotNode:
		return dot
	case *parse.NilNode:
		s.fail("nil is not a command")
	case *parse.NumberNode:
		return s.number(word)
	case *parse.StringNode:
		return of(word.Text)
	}
	s.fail("can't evaluate command %q", cmd.Args[0])
	return value{}
}

func (s *state) number(n *parse.NumberNode) value {
	s.at(n)
	switch {
	case n.IsComplex:
		return of(n.Complex128)
	case n.IsFloat && !isHexInt(n.Text) && !strings.HasPrefix(n.Text, "'") && strings.ContainsAny(n.Text, ".eEpP"):
		return of(n.Float64)
	case n.IsInt:
		if int64(int(n.Int64)) != n.Int64 {
			s.fail("%s overflows int", n.Text)
		}
		return of(int(n.Int64))
	case n.IsUint:
		s.fail("%s overflows int", n.Text)
	}
	return value{}
}

func (s *state) fieldNode(dot value, n *parse.FieldNode, args []parse.Node, final value) value {
	s.at(n)
	return s.chain(dot, n.Ident, args, final)
}

func (s *state) chainNode(dot value, n *parse.ChainNode, args []parse.Node, final value) value {
	s.at(n)
	if len(n.Field) == 0 {
		s.fail("internal error: no fields in evalChainNode")
	}
	if n.Node.Type() == parse.NodeNil {
		s.fail("indirection through explicit nil in %s", n)
	}
	return s.chain(s.arg(dot, "", n.Node), n.Field, args, final)
}

func (s *state) variableNode(dot value, n *parse.VariableNode, args []parse.Node, final value) value {
	s.at(n)
	v := s.lookup(n.Ident[0])
	if len(n.Ident) == 1 {
		s.notAFunction(args, final)
		return v
	}
	return s.chain(v, n.Ident[1:], args, final)
}

func (s *state) chain(receiver value, names []string, args []parse.Node, final value) value {
	last := len(names) - 1
	for _, name := range names[:last] {
		receiver = s.field(receiver, name, false)
	}
	return s.field(receiver, names[last], len(args) > 1 || !final.isMissing())
}

func (s *state) field(receiver value, name string, hasArgs bool) value {
	if !receiver.valid {
		if s.t.FailOnMissing {
			s.fail("nil data; no entry for key %q", name)
		}
		return value{}
	}
	if receiver.isNil() {
		s.fail("nil pointer evaluating %s.%s", receiver.typeName(), name)
	}
	m, ok := receiver.v.(map[string]any)
	if !ok {
		s.fail("can't evaluate field %s in type %s", name, receiver.typeName())
	}
	if hasArgs {
		s.fail("%s is not a method but has arguments", name)
	}
	v, ok := m[name]
	if !ok {
		if s.t.FailOnMissing {
			s.fail("map has no entry for key %q", name)
		}
		return value{}
	}
	return value{v: v, valid: true, iface: true}
}

// arg evaluates an argument of a parameter type: "string", or "" for anything.
func (s *state) arg(dot value, typ string, n parse.Node) value {
	s.at(n)
	switch n := n.(type) {
	case *parse.DotNode:
		return s.assign(dot, typ)
	case *parse.NilNode:
		if typ == "string" {
			s.fail("cannot assign nil to %s", typ)
		}
		return value{}
	case *parse.FieldNode:
		return s.assign(s.fieldNode(dot, n, []parse.Node{n}, missing), typ)
	case *parse.VariableNode:
		return s.assign(s.variableNode(dot, n, nil, missing), typ)
	case *parse.PipeNode:
		return s.assign(s.pipeline(dot, n), typ)
	case *parse.IdentifierNode:
		return s.assign(s.function(dot, n, n, nil, missing), typ)
	case *parse.ChainNode:
		return s.assign(s.chainNode(dot, n, nil, missing), typ)
	}
	if typ == "string" {
		text, ok := n.(*parse.StringNode)
		if !ok {
			s.fail("expected string; found %s", n)
		}
		return of(text.Text)
	}
	switch n := n.(type) {
	case *parse.BoolNode:
		return of(n.True)
	case *parse.NumberNode:
		return s.number(n)
	case *parse.StringNode:
		return of(n.Text)
	}
	s.fail("can't handle assignment of %s to empty interface argument", n)
	return value{}
}

// assign checks that v can be passed where typ is wanted.
func (s *state) assign(v value, typ string) value {
	if typ != "string" {
		return v
	}
	if !v.valid {
		s.fail("invalid value; expected %s", typ)
	}
	if _, ok := v.v.(string); ok {
		return of(v.v)
	}
	if !v.isNil() {
		v = v.elem()
	}
	s.fail("wrong type for value; expected %s; got %s", typ, v.typeName())
	return value{}
}

func (s *state) function(dot value, n *parse.IdentifierNode, cmd parse.Node, args []parse.Node, final value) value {
	s.at(n)
	fn, ok := functions[n.Ident]
	if !ok {
		s.fail("%q is not a defined function", n.Ident)
	}
	if len(args) > 0 {
		args = args[1:]
	}
	count := len(args)
	if !final.isMissing() {
		count++
	}
	switch {
	case fn.variadic && count < fn.fixed:
		s.fail("wrong number of args for %s: want at least %d got %d", n.Ident, fn.fixed, len(args))
	case !fn.variadic && count != fn.fixed:
		s.fail("wrong number of args for %s: want %d got %d", n.Ident, fn.fixed, count)
	}
	if n.Ident == "and" || n.Ident == "or" {
		return s.shortCircuit(dot, n.Ident == "or", args, final)
	}
	typ := func(i int) string {
		if i == 0 {
			return fn.first
		}
		return ""
	}
	argv := make([]value, 0, count)
	for i, a := range args {
		argv = append(argv, s.arg(dot, typ(i), a))
	}
	if !final.isMissing() {
		argv = append(argv, s.assign(final, typ(len(argv))))
	}
	if n.Ident == "call" {
		s.call(cmd, argv[0].elem(), args)
	}
	v, err := fn.call(argv)
	if err != nil {
		s.at(cmd)
		s.fail("error calling %s: %v", n.Ident, err)
	}
	return v
}

// call fails: no JSON value is a function.
func (s *state) call(cmd parse.Node, fn value, args []parse.Node) {
	s.at(cmd)
	if !fn.valid {
		s.fail("error calling call: call of nil")
	}
	name := fn.text()
	if len(args) > 0 {
		name = args[0].String()
	}
	s.fail("error calling call: non-function %s of type %s", name, fn.typeName())
}

// shortCircuit evaluates arguments until one decides.
func (s *state) shortCircuit(dot value, or bool, args []parse.Node, final value) value {
	var v value
	for _, a := range args {
		v = s.arg(dot, "", a)
		if v.truth() == or {
			return v
		}
	}
	if !final.isMissing() {
		v = final
	}
	return v
}
