package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// set gives a variable a string, as x=value does; its attributes apply.
func (p *process) set(name, value string) {
	p.store(name, nil, value, false)
}

// target finds the variable that an assignment to name changes, following references. It gives the command up where
// the variable is read-only.
func (p *process) target(name string) (*variable, string) {
	for range 100 {
		v := p.vars.find(name)
		if v == nil || !v.nameref || v.str == "" {
			break
		}
		name = v.str
	}
	if strings.Contains(name, "[") {
		base, _, _ := strings.Cut(name, "[")
		return p.vars.make(base), name
	}
	v := p.vars.make(name)
	p.writable(v, name)
	return v, name
}

func (p *process) writable(v *variable, name string) {
	if v.readonly {
		p.fatal(1, "%s: readonly variable", name)
	}
}

// store assigns to a variable that is found by name, or to v where that is given.
func (p *process) store(name string, v *variable, value string, appending bool) {
	if v == nil {
		v, name = p.target(name)
		if base, sub, ok := strings.Cut(name, "["); ok {
			p.setElement(base, strings.TrimSuffix(sub, "]"), value, appending)
			return
		}
	}
	p.writable(v, name)
	switch v.kind {
	case indexed:
		old, _ := v.at(0)
		v.setAt(0, p.converted(v, old, value, appending))
	case associative:
		v.setKey("0", p.converted(v, v.assoc["0"], value, appending))
	default:
		old := v.str
		if !v.set {
			old = ""
		}
		s := p.converted(v, old, value, appending)
		p.grow(len(s) - len(old))
		v.str, v.set = s, true
	}
	if p.opts.set["allexport"] {
		v.exported = true
	}
	p.assigned1(name)
}

// assigned1 reacts to assignments that mean something to the shell.
func (p *process) assigned1(name string) {
	switch name {
	case "RANDOM":
		n, _ := strconv.ParseUint(p.vars.find(name).str, 10, 64)
		p.hashSeed = n*2 + 1
	case "SECONDS":
		p.begun = p.sh.machine.Now()
	case "OPTIND":
		p.getopt = 0
	}
}

// grow counts memory; too much of it gives the command up.
func (p *process) grow(n int) {
	p.vars.bytes += n
	if p.vars.bytes > p.sh.limits.Memory {
		p.vars.bytes -= n
		p.fatal(1, "xrealloc: cannot allocate %d bytes", n)
	}
}

// converted applies += and the attributes -i, -l and -u.
func (p *process) converted(v *variable, old, value string, appending bool) string {
	switch {
	case v.integer && appending:
		return strconv.FormatInt(p.evaluate(old, "")+p.evaluate(value, ""), 10)
	case v.integer:
		return strconv.FormatInt(p.evaluate(value, ""), 10)
	case appending:
		value = old + value
	}
	if v.upper {
		return strings.ToUpper(value)
	}
	if v.lower {
		return strings.ToLower(value)
	}
	return value
}

// setElement assigns to name[sub], sub being text.
func (p *process) setElement(name, sub, value string, appending bool) {
	v, name := p.target(name)
	p.setIn(v, name, sub, value, appending)
}

func (p *process) setIn(v *variable, name, sub, value string, appending bool) {
	p.writable(v, name)
	p.grow(len(value))
	if v.kind == associative {
		v.setKey(sub, p.converted(v, v.assoc[sub], value, appending))
		return
	}
	n := int(p.evaluate(sub, ""))
	p.toIndexed(v)
	if n < 0 {
		if n += v.next(); n < 0 {
			p.fail(1, "%s[%s]: bad array subscript", name, sub)
		}
	}
	old, _ := v.at(n)
	v.setAt(n, p.converted(v, old, value, appending))
}

// toIndexed makes a variable an indexed array that keeps its value at 0.
func (p *process) toIndexed(v *variable) {
	if v.kind != scalar {
		return
	}
	v.kind = indexed
	if v.set {
		v.list = []element{{0, v.str}}
		v.str = ""
	}
}

// assignTo assigns to name or, with an index, to one of its elements.
func (p *process) assignTo(name string, index syntax.ArithmExpr, value string, appending bool) {
	if index == nil {
		p.store(name, nil, value, appending)
		return
	}
	v, name := p.target(name)
	p.setIndex(v, name, index, value, appending)
}

func (p *process) setIndex(v *variable, name string, index syntax.ArithmExpr, value string, appending bool) {
	if v.kind == associative {
		p.setIn(v, name, p.key(index), value, appending)
		return
	}
	p.setIn(v, name, p.arithmeticText(index), value, appending)
}

// assign carries out one assignment of a simple command or a declaration; v nil means the variable that the name
// stands for.
func (p *process) assign(as *syntax.Assign, v *variable) {
	name := as.Name.Value
	switch {
	case as.Array != nil:
		if v == nil {
			v, name = p.target(name)
		}
		p.assignArray(v, name, as)
	case as.Index != nil:
		value := p.assigned(as.Value)
		if v == nil {
			v, name = p.target(name)
		}
		if sub := subscript(as.Index); sub == "@" || sub == "*" {
			p.fail(1, "%s[%s]: bad array subscript", name, sub)
		}
		p.setIndex(v, name, as.Index, value, as.Append)
	default:
		p.store(name, v, p.assigned(as.Value), as.Append)
	}
}

// assignArray carries out x=(…). All values are expanded before the old array goes away.
func (p *process) assignArray(v *variable, name string, as *syntax.Assign) {
	p.writable(v, name)
	type item struct {
		sub    string
		hasSub bool
		value  string
	}
	var items []item
	for _, e := range as.Array.Elems {
		switch {
		case e.Index != nil && v.kind == associative:
			items = append(items, item{p.key(e.Index), true, p.assigned(e.Value)})
		case e.Index != nil:
			items = append(items, item{p.arithmeticText(e.Index), true, p.assigned(e.Value)})
		default:
			for _, f := range p.fields([]*syntax.Word{e.Value}) {
				items = append(items, item{"", false, f})
			}
		}
	}
	if !as.Append {
		v.list, v.assoc, v.order, v.str = nil, nil, nil, ""
		v.set = false
	}
	if v.kind == scalar {
		p.toIndexed(v)
	}
	v.set = true
	next := v.next()
	for i := 0; i < len(items); i++ {
		it := items[i]
		if v.kind == associative {
			if !it.hasSub {
				// A list of keys and values in turn.
				value := ""
				if i+1 < len(items) && !items[i+1].hasSub {
					i++
					value = items[i].value
				}
				v.setKey(it.value, value)
				continue
			}
			v.setKey(it.sub, p.converted(v, "", it.value, false))
			continue
		}
		at := next
		if it.hasSub {
			if at = int(p.evaluate(it.sub, "")); at < 0 {
				if at += v.next(); at < 0 {
					p.errorf("[%s]=%s: bad array subscript", it.sub, it.value)
					continue
				}
			}
		}
		p.grow(len(it.value))
		v.setAt(at, p.converted(v, "", it.value, false))
		next = at + 1
	}
}
