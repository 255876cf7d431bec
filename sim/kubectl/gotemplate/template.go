// Package gotemplate executes Go templates over JSON values: text/template's language, functions and error texts, without its
// reflection. It knows no Kubernetes.
package gotemplate

import (
	"fmt"
	"io"
	"strings"
	"text/template/parse"
)

// maxDepth bounds templates that invoke each other, maxSteps what one execution may walk through.
const (
	maxDepth = 1000
	maxSteps = 20_000_000
)

// Template is a parsed template.
type Template struct {
	name  string
	trees map[string]*parse.Tree
	// FailOnMissing makes a missing map key an error instead of "<no value>".
	FailOnMissing bool
}

// Parse reads a template; errors call it name.
func Parse(name, text string) (*Template, error) {
	known := map[string]any{}
	for fn := range functions {
		known[fn] = true
	}
	trees, err := parse.Parse(name, text, "", "", known)
	if err != nil {
		return nil, err
	}
	return &Template{name: name, trees: trees}, nil
}

// Execute applies t to data (nil, bool, float64, string, []any, map[string]any) and writes the result to w; what was written before
// an error stays.
func (t *Template) Execute(w io.Writer, data any) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case execError:
			err = e.err
		default:
			panic(e)
		}
	}()
	tree := t.trees[t.name]
	s := &state{t: t, tree: tree, w: w, steps: new(int)}
	dot := value{v: data, valid: data != nil}
	s.vars = []variable{{"$", dot}}
	if tree == nil || tree.Root == nil {
		s.fail("%q is an incomplete or empty template", t.name)
	}
	s.walk(dot, tree.Root)
	return nil
}

// value is a JSON value, or one that a template made (int, byte, complex128).
type value struct {
	v     any
	valid bool // false: there is no value
	iface bool // it was read out of a map or list: its type is interface {}
}

func of(v any) value { return value{v: v, valid: true} }

// missing marks the absence of a piped argument.
var missing = value{v: missingMark{}, valid: true}

type missingMark struct{}

func (v value) isMissing() bool {
	_, is := v.v.(missingMark)
	return is
}

// elem forgets that v came out of a map or list; a null is then no value.
func (v value) elem() value {
	if !v.valid || v.v == nil {
		return value{}
	}
	return of(v.v)
}

func (v value) isNil() bool { return v.valid && v.v == nil }

func (v value) typeName() string {
	if v.iface {
		return "interface {}"
	}
	return fmt.Sprintf("%T", v.v)
}

// text is how error messages show v.
func (v value) text() string {
	if !v.valid {
		return "<invalid reflect.Value>"
	}
	return fmt.Sprint(v.v)
}

func (v value) truth() bool {
	switch x := v.v.(type) {
	case bool:
		return x
	case string:
		return x != ""
	case float64:
		return x != 0
	case int:
		return x != 0
	case byte:
		return x != 0
	case complex128:
		return x != 0
	case []any:
		return len(x) > 0
	case map[string]any:
		return len(x) > 0
	}
	return false
}

type variable struct {
	name  string
	value value
}

// state is one execution of one template.
type state struct {
	t     *Template
	tree  *parse.Tree
	w     io.Writer
	node  parse.Node // for errors
	vars  []variable
	depth int
	steps *int
}

type execError struct{ err error }

// fail ends the execution.
func (s *state) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	name := s.t.name
	if s.tree != nil {
		name = s.tree.Name
	}
	if s.node == nil {
		panic(execError{fmt.Errorf("template: %s: %s", name, text)})
	}
	location, context := s.tree.ErrorContext(s.node)
	panic(execError{fmt.Errorf("template: %s: executing %q at <%s>: %s", location, name, context, text)})
}

func (s *state) at(n parse.Node) { s.node = n }

func (s *state) push(name string, v value) { s.vars = append(s.vars, variable{name, v}) }

func (s *state) pop(mark int) { s.vars = s.vars[:mark] }

func (s *state) set(name string, v value) {
	for i := len(s.vars) - 1; i >= 0; i-- {
		if s.vars[i].name == name {
			s.vars[i].value = v
			return
		}
	}
	s.fail("undefined variable: %s", name)
}

func (s *state) lookup(name string) value {
	for i := len(s.vars) - 1; i >= 0; i-- {
		if s.vars[i].name == name {
			return s.vars[i].value
		}
	}
	s.fail("undefined variable: %s", name)
	return value{}
}

// flow is how a list of nodes ended.
type flow int

const (
	goOn flow = iota
	breakLoop
	continueLoop
)

func (s *state) walk(dot value, n parse.Node) flow {
	if *s.steps++; *s.steps > maxSteps {
		s.fail("exceeded the maximum of %d steps", maxSteps)
	}
	s.at(n)
	switch n := n.(type) {
	case *parse.ActionNode:
		v := s.pipeline(dot, n.Pipe)
		if len(n.Pipe.Decl) == 0 {
			s.print(n, v)
		}
	case *parse.BreakNode:
		return breakLoop
	case *parse.ContinueNode:
		return continueLoop
	case *parse.CommentNode:
	case *parse.IfNode:
		return s.branch(dot, n.Pipe, n.List, n.ElseList, false)
	case *parse.WithNode:
		return s.branch(dot, n.Pipe, n.List, n.ElseList, true)
	case *parse.ListNode:
		for _, child := range n.Nodes {
			if f := s.walk(dot, child); f != goOn {
				return f
			}
		}
	case *parse.RangeNode:
		return s.loop(dot, n)
	case *parse.TemplateNode:
		s.invoke(dot, n)
	case *parse.TextNode:
		s.w.Write(n.Text)
	default:
		s.fail("unknown node: %s", n)
	}
	return goOn
}

func (s *state) branch(dot value, pipe *parse.PipeNode, list, elseList *parse.ListNode, with bool) flow {
	defer s.pop(len(s.vars))
	v := s.pipeline(dot, pipe)
	switch {
	case v.truth() && with:
		return s.walk(v, list)
	case v.truth():
		return s.walk(dot, list)
	case elseList != nil:
		return s.walk(dot, elseList)
	}
	return goOn
}

func (s *state) loop(dot value, r *parse.RangeNode) flow {
	s.at(r)
	defer s.pop(len(s.vars))
	v := s.pipeline(dot, r.Pipe)
	if s.iterate(v, r) || r.ElseList == nil {
		return goOn
	}
	return s.walk(dot, r.ElseList)
}

// iterate runs the body of r for each member of v and says whether there was one.
func (s *state) iterate(v value, r *parse.RangeNode) (ran bool) {
	switch x := v.v.(type) {
	case int:
		if len(r.Pipe.Decl) > 1 {
			s.fail("can't use %v to iterate over more than one variable", v.text())
		}
		for i := range x {
			if s.once(value{}, of(i), r) {
				break
			}
		}
		return x > 0
	case []any:
		for i, e := range x {
			if s.once(of(i), value{v: e, valid: true, iface: true}, r) {
				break
			}
		}
		return len(x) > 0
	case map[string]any:
		for _, k := range sortedKeys(x) {
			if s.once(of(k), value{v: x[k], valid: true, iface: true}, r) {
				break
			}
		}
		return len(x) > 0
	case nil:
		return false
	}
	s.fail("range can't iterate over %v", v.text())
	return false
}

// once runs the body for one member and says whether it broke out of the loop.
func (s *state) once(index, elem value, r *parse.RangeNode) bool {
	mark := len(s.vars)
	decl := r.Pipe.Decl
	switch {
	case len(decl) == 0:
	case r.Pipe.IsAssign && len(decl) > 1:
		s.set(decl[0].Ident[0], index)
		s.set(decl[1].Ident[0], elem)
	case r.Pipe.IsAssign:
		s.set(decl[0].Ident[0], elem)
	default:
		s.vars[mark-1].value = elem
		if len(decl) > 1 {
			s.vars[mark-2].value = index
		}
	}
	f := s.walk(elem, r.List)
	s.pop(mark)
	return f == breakLoop
}

func (s *state) invoke(dot value, n *parse.TemplateNode) {
	s.at(n)
	tree := s.t.trees[n.Name]
	if tree == nil {
		s.fail("template %q not defined", n.Name)
	}
	if s.depth == maxDepth {
		s.fail("exceeded maximum template depth (%v)", maxDepth)
	}
	dot = s.pipeline(dot, n.Pipe)
	inner := &state{t: s.t, tree: tree, w: s.w, depth: s.depth + 1, steps: s.steps, vars: []variable{{"$", dot}}}
	inner.walk(dot, tree.Root)
}

func (s *state) print(n parse.Node, v value) {
	s.at(n)
	if !v.valid {
		io.WriteString(s.w, "<no value>")
		return
	}
	fmt.Fprint(s.w, v.v)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sortStrings(keys)
	return keys
}

func isHexInt(s string) bool {
	return len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && !strings.ContainsAny(s, "pP")
}
