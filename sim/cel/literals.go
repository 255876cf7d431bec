package cel

import (
	"regexp"
	"strings"
	"time"
)

// review checks what can be told of a checked expression before anything runs: literals, and the clauses of formats.
type review struct {
	errs    *errors
	m       bindings
	formats int // how many calls of format stand around
	// fold is the problem of a part that is constant and fails; it is told where there is no other.
	fold error
}

func (r *review) walk(n *node) {
	if n == nil {
		return
	}
	switch n.op {
	case opCall:
		r.call(n)
		if n.name == "format" {
			r.formats++
			defer func() { r.formats-- }()
		}
	case opList:
		r.same(n, 0, 1)
	case opMap:
		r.same(n, 0, 2)
		r.same(n, 1, 2)
	}
	for _, a := range n.args {
		r.walk(a)
	}
	if f := n.fold; f != nil {
		for _, a := range []*node{f.init, f.cond, f.step, f.result} {
			r.walk(a)
		}
	}
}

// same demands that the elements of a literal are of one type.
func (r *review) same(n *node, from, step int) {
	var first *Type
	for i := from; i < len(n.args) && r.formats == 0; i += step {
		t := r.m.substitute(n.args[i].typ, true)
		if (step == 1 || from == 1) && n.opt[i/step] && len(t.Params) > 0 {
			t = t.Params[0]
		}
		if first == nil {
			first = t
		} else if !equivalent(first, t) {
			r.errs.addf(n.args[i].pos, "expected type '%s' but found '%s'", first, t)
			if step == 1 {
				return
			}
		}
	}
}

func equivalent(a, b *Type) bool {
	if a.Kind != b.Kind || a.Name != b.Name || len(a.Params) != len(b.Params) {
		return false
	}
	for i := range a.Params {
		if !equivalent(a.Params[i], b.Params[i]) {
			return false
		}
	}
	return true
}

func (r *review) call(n *node) {
	if n.name == "format" && len(n.args) == 2 {
		r.format(n)
		return
	}
	at := 0
	switch n.name {
	case "matches", "find", "findAll":
		at = 1
	}
	if at >= len(n.args) || n.args[at].op != opConst {
		return
	}
	arg := n.args[at]
	s, isText := arg.value.(string)
	switch {
	case isText && n.name == "duration":
		if _, err := time.ParseDuration(s); err != nil {
			r.errs.add(arg.pos, "invalid duration argument")
			return
		}
	case isText && n.name == "timestamp":
		if _, bad := toTime(s).(error); bad {
			r.errs.add(arg.pos, "invalid timestamp argument")
			return
		}
	case isText && at == 1:
		if _, err := regexp.Compile(s); err != nil && n.name == "matches" && n.member {
			r.errs.add(arg.pos, "invalid matches argument")
		} else if err != nil {
			r.fold = err
		}
		return
	}
	if out, ok := convert(n.name, arg.value); ok && len(n.args) == 1 {
		if bad, failed := out.(error); failed {
			r.fold = bad
			if arg.value == nil {
				r.fold = mismatch(n.name, []any{nil})
			}
		}
	}
}

// format checks a literal format with literal arguments.
func (r *review) format(n *node) {
	s, ok := n.args[0].value.(string)
	list := n.args[1]
	if !ok || list.op != opList {
		return
	}
	next := 0
	out := clauses(s, func(verb byte, _ int) (string, error) {
		if next >= len(list.args) {
			return "", failf("index %d out of range", next)
		}
		arg := list.args[next]
		next++
		return "", r.clause(verb, arg)
	})
	if err, bad := out.(error); bad {
		pos := n.pos
		if strings.Contains(err.Error(), ", was given ") && next > 0 {
			pos = list.args[next-1].pos
		}
		r.errs.add(pos, err.Error())
	} else if next < len(list.args) {
		r.errs.addf(n.pos, "too many arguments supplied to string.format (expected %d, got %d)", next, len(list.args))
	}
}

// takes are the kinds of values that a clause takes.
var takes = map[byte]string{'d': "iu", 'f': "ds", 'e': "ds", 'b': "iub", 'x': "iusy", 'X': "iusy", 'o': "iu", 's': "LMiudbsTyDtn"}

func (r *review) clause(verb byte, arg *node) error {
	kinds, ok := takes[verb]
	if !ok {
		return wrongClause(verb, "")
	}
	if t := r.m.substitute(arg.typ, true); t.Kind != KindDyn && !strings.ContainsRune(kinds, rune(t.Kind)) {
		name := names[t.Kind]
		switch t.Kind {
		case KindNull:
			name = "null_type"
		case KindTimestamp:
			name = "google.protobuf.Timestamp"
		case KindDuration:
			name = "google.protobuf.Duration"
		case KindObject:
			name = t.Name
		}
		return wrongClause(verb, name)
	}
	return nil
}
