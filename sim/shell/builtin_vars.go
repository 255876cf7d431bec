package shell

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// declaration is a declare command on its way: its options and what they apply to.
type declaration struct {
	p     *process
	name  string // of the command
	on    string
	off   string
	print bool
	funcs bool
	local bool
	globl bool
	names int
	done  int // exit status
}

const declareUsage = "declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]"

var declareUsages = map[string]string{
	"declare": declareUsage, "typeset": strings.ReplaceAll(declareUsage, "declare", "typeset"),
	"local": "local [option] name[=value] ...", "export": "export [-fn] [name[=value] ...] or export -p",
	"readonly": "readonly [-aAf] [name[=value] ...] or readonly -p",
}

func (p *process) declaring(name string) *declaration {
	d := &declaration{p: p, name: name}
	switch name {
	case "local":
		d.local = true
	case "declare", "typeset":
		d.local = len(p.vars.locals) > 0 && len(p.frames) > 0
	case "export":
		d.on = "x"
	case "readonly":
		d.on = "r"
	}
	return d
}

// option takes one argument such as -ax; false where it is none or wrong.
func (d *declaration) option(arg string) bool {
	allowed := map[string]string{"declare": "aAfFgiIlnprtux", "typeset": "aAfFgiIlnprtux", "local": "aAfFgiIlnprtux", "export": "fnp", "readonly": "aAfp"}[d.name]
	for _, c := range arg[1:] {
		switch {
		case !strings.ContainsRune(allowed, c):
			d.done = d.p.usage(d.name, arg[:1]+string(c), declareUsages[d.name])
			return false
		case c == 'p':
			d.print = true
		case c == 'f' || c == 'F':
			d.funcs = true
			d.on += string(c)
		case c == 'g':
			d.globl, d.local = true, false
		case d.name == "export" && c == 'n':
			d.on, d.off = "", "x"
		case c == 'I':
		case arg[0] == '-':
			d.on += string(c)
		default:
			d.off += string(c)
		}
	}
	return true
}

// variable finds or makes what a declaration of name changes.
func (d *declaration) variable(name string) *variable {
	switch {
	case d.local:
		return d.p.vars.local(name)
	case d.globl:
		if v := d.p.vars.global[name]; v != nil {
			return v
		}
		v := &variable{}
		d.p.vars.global[name] = v
		return v
	}
	if v := d.p.resolve(name); v != nil && !strings.Contains(d.on+d.off, "n") {
		return v
	}
	return d.p.vars.make(name)
}

// apply gives a variable its attributes; the value comes from assign, nil for none.
func (d *declaration) apply(name string, assign func(v *variable)) {
	if !syntax.ValidName(name) {
		d.p.errorf("%s: `%s': not a valid identifier", d.name, name)
		d.done = 1
		return
	}
	if d.name == "local" && len(d.p.frames) == 0 {
		d.p.errorf("local: can only be used in a function")
		d.done = 1
		return
	}
	if outer := d.p.vars.find(name); d.local && outer != nil && outer.readonly {
		d.p.errorf("%s: %s: readonly variable", d.name, name)
		d.done = 1
		return
	}
	v := d.variable(name)
	if v.readonly && (assign != nil || strings.Contains(d.off, "r")) {
		d.p.errorf("%s: %s: readonly variable", d.name, name)
		d.done = 1
		return
	}
	for _, c := range d.on {
		switch c {
		case 'a':
			if v.kind == associative {
				d.p.errorf("%s: %s: cannot convert associative to indexed array", d.name, name)
				d.done = 1
				return
			}
			d.p.toIndexed(v)
		case 'A':
			if v.kind == indexed {
				d.p.errorf("%s: %s: cannot convert indexed to associative array", d.name, name)
				d.done = 1
				return
			}
			if v.kind == scalar {
				old, set := v.str, v.set
				v.kind, v.str, v.set = associative, "", false
				if set {
					v.setKey("0", old)
				}
			}
		case 'i':
			v.integer = true
		case 'l':
			v.lower, v.upper = true, false
		case 'u':
			v.upper, v.lower = true, false
		case 'n':
			v.nameref = true
		case 't':
			v.trace = true
		}
	}
	if assign != nil {
		nameref := v.nameref
		v.nameref = false
		assign(v)
		v.nameref = nameref
	}
	for _, c := range d.on {
		switch c {
		case 'x':
			v.exported = true
		case 'r':
			v.readonly = true
		}
	}
	for _, c := range d.off {
		switch c {
		case 'x':
			v.exported = false
		case 'i':
			v.integer = false
		case 'l':
			v.lower = false
		case 'u':
			v.upper = false
		case 'n':
			v.nameref = false
		}
	}
}

// declClause runs declare, local, export and readonly as the parser knows them, with arrays as values.
func (p *process) declClause(c *syntax.DeclClause) {
	d := p.declaring(c.Variant.Value)
	options := true
	var names []string
	p.substed = false
	for _, as := range c.Args {
		if as.Name == nil {
			for _, f := range p.fields([]*syntax.Word{as.Value}) {
				if options && len(f) > 1 && (f[0] == '-' || f[0] == '+') {
					if f == "--" {
						options = false
					} else if !d.option(f) {
						p.status = d.done
						return
					}
					continue
				}
				options = false
				names = append(names, f)
				d.text(f)
			}
			continue
		}
		options = false
		name := as.Name.Value
		names = append(names, name)
		if d.print || d.funcs {
			continue
		}
		switch {
		case as.Naked && as.Index == nil:
			d.apply(name, nil)
		default:
			if p.opts.set["xtrace"] && as.Array == nil {
				p.trace(c.Variant.Value + " " + name + "=" + quoteIfNeeded(p.word(as.Value)))
			}
			d.apply(name, func(v *variable) {
				if as.Array != nil || as.Index != nil {
					if v.kind == scalar {
						p.toIndexed(v)
					}
				}
				if !as.Naked {
					p.assign(as, v)
				}
			})
		}
	}
	d.finish(names)
	p.status = d.done
	p.pipes = []int{p.status}
}

// declareBuiltin is the same for words that have been expanded.
func declareBuiltin(p *process, args []string) int {
	d := p.declaring(args[0])
	rest := args[1:]
	for len(rest) > 0 && len(rest[0]) > 1 && (rest[0][0] == '-' || rest[0][0] == '+') {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			break
		}
		if !d.option(arg) {
			return d.done
		}
	}
	for _, arg := range rest {
		d.text(arg)
	}
	d.finish(rest)
	return d.done
}

// text applies to an argument that came from an expansion: name or name=value.
func (d *declaration) text(arg string) {
	if d.print || d.funcs {
		return
	}
	name, value, ok := strings.Cut(arg, "=")
	if !ok {
		d.apply(arg, nil)
		return
	}
	appending := strings.HasSuffix(name, "+")
	name = strings.TrimSuffix(name, "+")
	if !syntax.ValidName(name) {
		d.p.errorf("%s: `%s': not a valid identifier", d.name, arg)
		d.done = 1
		return
	}
	d.apply(name, func(v *variable) { d.p.store(name, v, value, appending) })
}

// finish prints what is asked for.
func (d *declaration) finish(names []string) {
	p := d.p
	switch {
	case d.funcs:
		d.functions(names)
	case d.print && len(names) > 0:
		for _, name := range names {
			v := p.vars.find(name)
			if v == nil {
				v = p.computed(name)
			}
			if v == nil {
				p.errorf("%s: %s: not found", d.name, name)
				d.done = 1
				continue
			}
			p.print("%s\n", v.declaration(name))
		}
	case len(names) == 0 && d.name == "local":
		if n := len(p.vars.locals); n > 0 && len(p.frames) > 0 {
			for _, name := range slices.Sorted(maps.Keys(p.vars.locals[n-1])) {
				p.print("%s\n", p.vars.locals[n-1][name].declaration(name))
			}
		}
	case len(names) == 0:
		for _, name := range p.vars.names() {
			v := p.vars.find(name)
			if strings.Trim(d.on, v.flags()) != "" || !v.set && d.on == "" && !d.print {
				continue
			}
			if d.on == "" && !d.print && d.name != "local" {
				p.print("%s=%s\n", name, plainLiteral(v))
				continue
			}
			p.print("%s\n", v.declaration(name))
		}
	}
}

// plainLiteral is a value as `set` lists it.
func plainLiteral(v *variable) string {
	if v.kind == scalar {
		return quoteSet(v.str)
	}
	return v.literal()
}

func quoteSet(s string) string {
	if s == "" {
		return ""
	}
	return quoteIfNeeded(s)
}

func (d *declaration) functions(names []string) {
	p := d.p
	only := strings.Contains(d.on, "F")
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(p.funcs))
		if d.name == "export" || d.name == "readonly" {
			return
		}
		for _, name := range names {
			if only {
				p.print("declare -f %s\n", name)
			} else {
				p.print("%s\n", printFunction(name, p.funcs[name]))
			}
		}
		return
	}
	for _, name := range names {
		fn := p.funcs[name]
		switch {
		case fn == nil:
			if d.name == "export" {
				p.errorf("export: %s: not a function", name)
			}
			d.done = 1
		case d.name == "export" || d.name == "readonly":
		case only:
			p.print("%s\n", name)
		default:
			p.print("%s\n", printFunction(name, fn))
		}
	}
}

func unsetBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "fvn")
	if bad != "" {
		return p.usage("unset", bad, "unset [-f] [-v] [-n] [name ...]")
	}
	status := 0
	for _, name := range rest {
		base, sub, isElement := strings.Cut(name, "[")
		switch {
		case strings.Contains(flags, "f"):
			delete(p.funcs, name)
			continue
		case !syntax.ValidName(base):
			if strings.Contains(flags, "v") {
				p.errorf("unset: `%s': not a valid identifier", name)
				status = 1
			} else {
				delete(p.funcs, name)
			}
			continue
		}
		v := p.resolve(base)
		if strings.Contains(flags, "n") {
			v = p.vars.find(base)
		}
		switch {
		case v == nil:
			if !strings.Contains(flags, "v") {
				delete(p.funcs, name)
			}
		case v.readonly:
			p.errorf("unset: %s: cannot unset: readonly variable", base)
			status = 1
		case isElement:
			p.unsetElement(v, base, strings.TrimSuffix(sub, "]"))
		default:
			if ref := p.vars.find(base); ref != nil && ref.nameref && !strings.Contains(flags, "n") {
				base = ref.str
			}
			p.vars.bytes -= v.size()
			p.vars.unset(base)
		}
	}
	return status
}

func (p *process) unsetElement(v *variable, name, sub string) {
	switch {
	case sub == "@" || sub == "*":
		p.vars.unset(name)
	case v.kind == associative:
		v.deleteKey(strings.Trim(sub, `"'`))
	case v.kind == indexed:
		n := int(p.evaluate(sub, ""))
		if n < 0 {
			n += v.next()
		}
		v.deleteAt(n)
	case sub == "0":
		p.vars.unset(name)
	default:
		p.errorf("unset: %s: not an array variable", name)
	}
}

func setBuiltin(p *process, args []string) int {
	rest := args[1:]
	if len(rest) == 0 {
		for _, name := range p.vars.names() {
			if v := p.vars.find(name); v.set {
				p.print("%s=%s\n", name, plainLiteral(v))
			}
		}
		if !p.posix {
			for _, name := range slices.Sorted(maps.Keys(p.funcs)) {
				p.print("%s\n", printFunction(name, p.funcs[name]))
			}
		}
		return 0
	}
	for len(rest) > 0 && len(rest[0]) > 0 && (rest[0][0] == '-' || rest[0][0] == '+') {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			p.params = slices.Clone(rest)
			return 0
		}
		if arg == "-" || arg == "+" {
			p.opts.set["xtrace"], p.opts.set["verbose"] = false, false
			if len(rest) > 0 {
				p.params = slices.Clone(rest)
			}
			return 0
		}
		on := arg[0] == '-'
		for _, c := range arg[1:] {
			if c == 'o' {
				if len(rest) == 0 {
					p.listSetOptions(on)
					return 0
				}
				if !p.setOption(rest[0], on) {
					p.errorf("set: %s: invalid option name", rest[0])
					return 2
				}
				rest = rest[1:]
				continue
			}
			i := slices.IndexFunc(setOptions, func(o struct {
				name string
				flag byte
			}) bool {
				return o.flag == byte(c)
			})
			if i < 0 {
				return p.usage("set", arg[:1]+string(c), "set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]")
			}
			p.opts.set[setOptions[i].name] = on
		}
	}
	if len(rest) > 0 {
		p.params = slices.Clone(rest)
	}
	return 0
}

func (p *process) setOption(name string, on bool) bool {
	for _, o := range setOptions {
		if o.name == name {
			p.opts.set[name] = on
			return true
		}
	}
	return false
}

func (p *process) listSetOptions(pretty bool) {
	for _, o := range setOptions {
		if pretty {
			state := "off"
			if p.opts.set[o.name] {
				state = "on"
			}
			p.print("%-15s\t%s\n", o.name, state)
			continue
		}
		sign := "+"
		if p.opts.set[o.name] {
			sign = "-"
		}
		p.print("set %so %s\n", sign, o.name)
	}
}

func shoptBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "pqsuo")
	if bad != "" {
		return p.usage("shopt", bad, "shopt [-pqsu] [-o] [optname ...]")
	}
	set, unset := strings.Contains(flags, "s"), strings.Contains(flags, "u")
	if set && unset {
		p.errorf("shopt: cannot set and unset shell options simultaneously")
		return 1
	}
	table := p.opts.shopt
	if strings.Contains(flags, "o") {
		table = map[string]bool{}
		for _, o := range setOptions {
			table[o.name] = p.opts.set[o.name]
		}
	}
	show := func(name string) {
		switch on := table[name]; {
		case strings.Contains(flags, "q"):
		case strings.Contains(flags, "p"):
			p.print("shopt %s %s\n", map[bool]string{true: "-s", false: "-u"}[on], name)
		default:
			p.print("%-15s\t%s\n", name, map[bool]string{true: "on", false: "off"}[on])
		}
	}
	if len(rest) == 0 {
		for _, name := range slices.Sorted(maps.Keys(table)) {
			if !set && !unset || table[name] == set {
				show(name)
			}
		}
		return 0
	}
	status := 0
	for _, name := range rest {
		on, known := table[name]
		switch {
		case !known:
			p.errorf("shopt: %s: invalid shell option name", name)
			status = 1
		case set || unset:
			if strings.Contains(flags, "o") {
				p.opts.set[name] = set
			} else {
				p.opts.shopt[name] = set
			}
		default:
			show(name)
			if !on {
				status = 1
			}
		}
	}
	return status
}

func getoptsBuiltin(p *process, args []string) int {
	if len(args) < 3 {
		p.write(2, "getopts: usage: getopts optstring name [arg ...]\n")
		return 2
	}
	spec, name, list := args[1], args[2], args[3:]
	if len(args) == 3 {
		list = p.params
	}
	silent := strings.HasPrefix(spec, ":")
	index, err := strconv.Atoi(p.get("OPTIND"))
	if err != nil || index < 1 {
		index = 1
	}
	end := func() int {
		p.set(name, "?")
		p.setIndexVar(index)
		p.getopt = 0
		return 1
	}
	if p.getopt == 0 {
		if index > len(list) || len(list[index-1]) < 2 || list[index-1][0] != '-' {
			return end()
		}
		if list[index-1] == "--" {
			index++
			return end()
		}
		p.getopt = 1
	}
	arg := list[index-1]
	c := arg[p.getopt]
	p.getopt++
	at := p.getopt
	if at >= len(arg) {
		index++
		at = 0
	}
	i := strings.IndexByte(spec, c)
	p.vars.unset("OPTARG")
	switch {
	case i < 0 || c == ':':
		p.set(name, "?")
		if silent {
			p.set("OPTARG", string(c))
		} else if p.get("OPTERR") != "0" {
			p.write(2, fmt.Sprintf("%s: illegal option -- %c\n", p.getoptsName(), c))
		}
	case i+1 < len(spec) && spec[i+1] == ':':
		switch {
		case at != 0:
			p.set("OPTARG", arg[at:])
			index++
			p.set(name, string(c))
		case index <= len(list):
			p.set("OPTARG", list[index-1])
			index++
			p.set(name, string(c))
		case silent:
			p.set(name, ":")
			p.set("OPTARG", string(c))
		default:
			p.set(name, "?")
			p.write(2, fmt.Sprintf("%s: option requires an argument -- %c\n", p.getoptsName(), c))
		}
		at = 0
	default:
		p.set(name, string(c))
	}
	p.setIndexVar(index)
	p.getopt = at
	return 0
}

func (p *process) getoptsName() string { return p.name }

func (p *process) setIndexVar(n int) {
	v := p.vars.make("OPTIND")
	v.set, v.str = true, strconv.Itoa(n)
}
