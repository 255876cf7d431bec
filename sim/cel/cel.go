// Package cel compiles and evaluates expressions of the Common Expression Language as Kubernetes' API server takes them:
// the language's macros and types, and the libraries for text, lists, sets, addresses, quantities, versions and formats.
// Its messages are those of cel-go. It knows no objects but values, and no server.
package cel

import "strings"

// CallLimit is what one evaluation may cost.
const CallLimit = 1000000

// Program is a compiled expression.
type Program struct {
	Source string
	// Out is the type of its result.
	Out  *Type
	root *node
	used map[string]bool
}

// Error are the problems of an expression that does not compile.
type Error string

func (e Error) Error() string { return string(e) }

// Compile parses and checks an expression. Errors of type Error carry the expression's lines; others are of an
// expression that is right, but has a constant part that fails.
func (env *Env) Compile(source string) (*Program, error) {
	root, errs := parse(source)
	if len(errs.list) > 0 {
		return nil, Error(errs.String())
	}
	c := &checker{env: env, errs: errs, m: bindings{}, used: map[string]bool{}}
	out := c.check(root)
	r := &review{errs: errs, m: c.m}
	if len(errs.list) == 0 {
		r.walk(root)
	}
	if len(errs.list) > 0 {
		return nil, Error(errs.String())
	}
	if r.fold != nil {
		return nil, r.fold
	}
	return &Program{Source: source, Out: c.m.substitute(out, true), root: root, used: c.used}, nil
}

// Uses says whether an expression names a variable.
func (p *Program) Uses(name string) bool { return p.used[name] }

// Libraries are the functions that ask what is outside of the expression.
type Libraries struct {
	// Authorize decides on a request; nil where expressions have no authorizer.
	Authorize func(Check) (allowed bool, reason string, err error)
}

// CostExceeded is the error of an evaluation that was ended because of its cost.
const CostExceeded = fault("operation cancelled: actual cost limit exceeded")

// Eval evaluates a program. The cost is that of the steps taken, also where there is an error.
func (p *Program) Eval(vars Vars, limit uint64, lib Libraries) (value any, cost uint64, err error) {
	e := &evaluator{vars: vars, limit: limit, foreign: lib}
	defer func() {
		cost = e.cost
		if r := recover(); r != nil {
			if _, ok := r.(tooDear); !ok {
				panic(r)
			}
			value, err = nil, CostExceeded
		}
	}()
	value = e.eval(p.root)
	if err, bad := value.(error); bad {
		return nil, e.cost, err
	}
	return value, e.cost, nil
}

// Escape is the name by which expressions select a property, if there is one.
func Escape(name string) (string, bool) {
	if name == "" || isDigit(rune(name[0])) {
		return "", false
	}
	for _, word := range strings.Fields("true false null in as break const continue else for function if import let loop package namespace return var void while") {
		if name == word {
			return "__" + name + "__", true
		}
	}
	for _, r := range name {
		if !isLetter(r) && !isDigit(r) && !strings.ContainsRune("-./", r) {
			return "", false
		}
	}
	return strings.NewReplacer("__", "__underscores__", ".", "__dot__", "-", "__dash__", "/", "__slash__").Replace(name), true
}
