package cel

// macro turns a call of a macro into what it stands for; other calls stay.
func (p *parser) macro(c *node) *node {
	if !c.member {
		if c.name != "has" || len(c.args) != 1 {
			return c
		}
		if field := c.args[0]; field.op == opSelect {
			return &node{op: opHas, pos: c.pos, name: field.name, args: field.args}
		}
		return p.wrong(c, c.args[0], "invalid argument to has() macro")
	}
	m := &expansion{p, c}
	n := len(c.args) - 1
	switch c.name {
	case "all", "exists", "exists_one", "existsOne":
		if n == 2 && c.name != "existsOne" || n == 3 {
			return m.quantifier()
		}
	case "map":
		if n == 2 || n == 3 {
			return m.mapped()
		}
	case "filter":
		if n == 2 {
			return m.filtered()
		}
	case "transformList", "transformMap", "transformMapEntry":
		if n == 3 || n == 4 {
			return m.transformed()
		}
	case "sortBy":
		if n == 2 {
			return m.sorted()
		}
	case "optMap", "optFlatMap":
		if n == 2 {
			return m.optional()
		}
	}
	return c
}

// wrong notes a problem with a macro's argument.
func (p *parser) wrong(c, arg *node, text string) *node {
	p.errs.add(arg.pos, text)
	return c
}

type expansion struct {
	p *parser
	c *node
}

func (m *expansion) call(name string, args ...*node) *node { return call(m.c.pos, name, args...) }
func (m *expansion) constant(v any) *node                  { return &node{op: opConst, pos: m.c.pos, value: v} }
func (m *expansion) accu() *node                           { return m.ident(accumulator) }
func (m *expansion) ident(name string) *node {
	return &node{op: opIdent, pos: m.c.pos, name: name}
}
func (m *expansion) list(args ...*node) *node {
	return &node{op: opList, pos: m.c.pos, args: args, opt: make([]bool, len(args))}
}

func (m *expansion) fold(over *node, f *fold) *node {
	if f.accu == "" {
		f.accu = accumulator
	}
	return &node{op: opFold, pos: m.c.pos, args: []*node{over}, fold: f}
}

// bind gives a value a name within a body.
func (m *expansion) bind(name string, value, body *node) *node {
	return m.fold(m.list(), &fold{v1: "#unused", accu: name, init: value, cond: m.constant(false), step: m.ident(name), result: body})
}

// variable is the name that an argument gives.
func (m *expansion) variable(arg *node, otherwise string) (string, bool) {
	switch {
	case arg.op != opIdent:
		m.p.errs.add(arg.pos, otherwise)
		return "", false
	case arg.name == "__result__":
		m.p.errs.add(arg.pos, "iteration variable overwrites accumulator variable")
		return "", false
	}
	return arg.name, true
}

func (m *expansion) two() (v1, v2 string, ok bool) {
	args := m.c.args
	if v1, ok = m.variable(args[1], "argument must be a simple name"); !ok {
		return
	}
	if v2, ok = m.variable(args[2], "argument must be a simple name"); ok && v1 == v2 {
		m.p.errs.add(args[2].pos, "duplicate variable name: "+v1)
		ok = false
	}
	return
}

func (m *expansion) quantifier() *node {
	f := &fold{result: m.accu()}
	args, ok := m.c.args, false
	if len(args) == 4 {
		f.v1, f.v2, ok = m.two()
	} else {
		f.v1, ok = m.variable(args[1], "argument must be a simple name")
	}
	if !ok {
		return m.c
	}
	predicate := args[len(args)-1]
	switch m.c.name {
	case "all":
		f.init = m.constant(true)
		f.cond = m.call("@not_strictly_false", m.accu())
		f.step = m.call("_&&_", m.accu(), predicate)
	case "exists":
		f.init = m.constant(false)
		f.cond = m.call("@not_strictly_false", m.call("!_", m.accu()))
		f.step = m.call("_||_", m.accu(), predicate)
	default:
		f.init = m.constant(int64(0))
		f.cond = m.constant(true)
		f.step = m.call("_?_:_", predicate, m.call("_+_", m.accu(), m.constant(int64(1))), m.accu())
		f.result = m.call("_==_", m.accu(), m.constant(int64(1)))
	}
	return m.fold(args[0], f)
}

// gather is a loop that gives an accumulator something more, where the filter lets it.
func (m *expansion) gather(over *node, v1, v2 string, init, filter, step *node) *node {
	if filter != nil {
		step = m.call("_?_:_", filter, step, m.accu())
	}
	return m.fold(over, &fold{v1: v1, v2: v2, init: init, cond: m.constant(true), step: step, result: m.accu()})
}

func (m *expansion) mapped() *node {
	args := m.c.args
	v, ok := m.variable(args[1], "argument is not an identifier")
	if !ok {
		return m.c
	}
	var filter *node
	if len(args) == 4 {
		filter = args[2]
	}
	return m.gather(args[0], v, "", m.list(), filter, m.call("_+_", m.accu(), m.list(args[len(args)-1])))
}

func (m *expansion) filtered() *node {
	args := m.c.args
	v, ok := m.variable(args[1], "argument is not an identifier")
	if !ok {
		return m.c
	}
	return m.gather(args[0], v, "", m.list(), args[2], m.call("_+_", m.accu(), m.list(args[1])))
}

func (m *expansion) transformed() *node {
	args := m.c.args
	v1, v2, ok := m.two()
	if !ok {
		return m.c
	}
	var filter *node
	if len(args) == 5 {
		filter = args[3]
	}
	value, init := args[len(args)-1], &node{op: opMap, pos: m.c.pos}
	switch m.c.name {
	case "transformList":
		return m.gather(args[0], v1, v2, m.list(), filter, m.call("_+_", m.accu(), m.list(value)))
	case "transformMap":
		return m.gather(args[0], v1, v2, init, filter, m.call("cel.@mapInsert", m.accu(), m.ident(v1), value))
	}
	return m.gather(args[0], v1, v2, init, filter, m.call("cel.@mapInsert", m.accu(), value))
}

func (m *expansion) sorted() *node {
	args := m.c.args
	const input = "@__sortBy_input__"
	switch args[0].op {
	case opConst, opMap, opStruct:
		return m.p.wrong(m.c, args[0], "sortBy can only be applied to a list, identifier, comprehension, call or select expression")
	}
	v, ok := m.variable(args[1], "argument is not an identifier")
	if !ok {
		return m.c
	}
	keys := m.gather(m.ident(input), v, "", m.list(), nil, m.call("_+_", m.accu(), m.list(args[2])))
	by := &node{op: opCall, pos: m.c.pos, name: "@sortByAssociatedKeys", member: true, args: []*node{m.ident(input), keys}}
	return m.bind(input, args[0], by)
}

func (m *expansion) optional() *node {
	args := m.c.args
	if args[1].op != opIdent {
		return m.p.wrong(m.c, args[1], m.c.name+"() variable name must be a simple identifier")
	}
	member := func(name string) *node {
		return &node{op: opCall, pos: m.c.pos, name: name, member: true, args: []*node{args[0].copy()}}
	}
	body := m.bind(args[1].name, member("value"), args[2])
	if m.c.name == "optMap" {
		body = m.call("optional.of", body)
	}
	return m.call("_?_:_", member("hasValue"), body, m.call("optional.none"))
}

// copy is for what stands twice, since the checker writes into nodes.
func (n *node) copy() *node {
	if n == nil {
		return nil
	}
	out := *n
	out.args = make([]*node, len(n.args))
	for i, a := range n.args {
		out.args[i] = a.copy()
	}
	if f := n.fold; f != nil {
		g := *f
		g.init, g.cond, g.step, g.result = f.init.copy(), f.cond.copy(), f.step.copy(), f.result.copy()
		out.fold = &g
	}
	return &out
}
