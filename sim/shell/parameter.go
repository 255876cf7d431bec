package shell

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

// get is the value of $name, "" where it is not set.
func (p *process) get(name string) string {
	s, _ := p.lookup(name)
	return s
}

// lookup is the value of $name and whether it is set.
func (p *process) lookup(name string) (string, bool) {
	if s, ok := p.special(name); ok {
		return s, true
	}
	return p.resolve(name).value()
}

// resolve finds a variable, following name references.
func (p *process) resolve(name string) *variable {
	for range 100 {
		v := p.vars.find(name)
		if v == nil || !v.nameref || v.str == "" {
			return v
		}
		name = v.str
	}
	return nil
}

// special is the value of the parameters and variables that the shell computes.
func (p *process) special(name string) (string, bool) {
	switch name {
	case "?":
		return strconv.Itoa(p.status), true
	case "#":
		return strconv.Itoa(len(p.params)), true
	case "$":
		return strconv.Itoa(p.mainPID()), true
	case "BASHPID":
		return strconv.Itoa(p.pid), true
	case "!":
		if p.lastJob == 0 {
			return "", false
		}
		return strconv.Itoa(p.lastJob), true
	case "-":
		return p.opts.letters(), true
	case "0":
		return p.name, true
	case "_":
		return p.last, true
	case "LINENO":
		return strconv.Itoa(p.lineNumber()), true
	case "RANDOM":
		if p.hashSeed == 0 {
			p.hashSeed = p.sh.random() | 1
		}
		p.hashSeed = p.hashSeed*6364136223846793005 + 1442695040888963407
		return strconv.Itoa(int(p.hashSeed >> 40 & 0x7fff)), true
	case "SRANDOM":
		return strconv.FormatUint(p.sh.random()&0xffffffff, 10), true
	case "SECONDS":
		return strconv.Itoa(int(p.sh.machine.Now().Sub(p.begun).Seconds())), true
	case "EPOCHSECONDS":
		return strconv.FormatInt(p.sh.machine.Now().Unix(), 10), true
	case "EPOCHREALTIME":
		now := p.sh.machine.Now()
		return fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000), true
	case "BASH_SUBSHELL":
		return strconv.Itoa(p.subshells), true
	case "COLUMNS":
		return strconv.Itoa(p.sh.cols), true
	case "LINES":
		return strconv.Itoa(p.sh.rows), true
	}
	if n, err := strconv.Atoi(name); err == nil && n > 0 {
		if n <= len(p.params) {
			return p.params[n-1], true
		}
		return "", false
	}
	return "", false
}

func (p *process) mainPID() int { return p.shellPID }

// computed are the arrays that the shell keeps.
func (p *process) computed(name string) *variable {
	list := func(values []string) *variable {
		v := &variable{kind: indexed, set: len(values) > 0}
		for i, s := range values {
			v.list = append(v.list, element{i, s})
		}
		return v
	}
	switch name {
	case "PIPESTATUS":
		var values []string
		for _, n := range p.pipes {
			values = append(values, strconv.Itoa(n))
		}
		return list(values)
	case "FUNCNAME", "BASH_SOURCE", "BASH_LINENO":
		var values []string
		for i := len(p.frames) - 1; i >= 0; i-- {
			f := p.frames[i]
			switch name {
			case "FUNCNAME":
				values = append(values, f.name)
			case "BASH_SOURCE":
				values = append(values, f.file)
			default:
				values = append(values, strconv.Itoa(f.line))
			}
		}
		if !p.opts.typed && !p.command {
			values = append(values, map[string]string{"FUNCNAME": "main", "BASH_SOURCE": p.name, "BASH_LINENO": "0"}[name])
		}
		return list(values)
	case "DIRSTACK":
		return list(append([]string{p.dir}, p.dirs...))
	case "GROUPS":
		return list([]string{"0"})
	case "BASH_VERSINFO":
		return list([]string{"5", "2", "21", "1", "release", "x86_64-pc-linux-gnu"})
	}
	return nil
}

// parameter is what a parameter expansion starts from.
type parameter struct {
	name  string
	elems []string
	list  bool // $@, $*, a[@], a[*]
	star  bool
	set   bool
}

func subscript(x syntax.ArithmExpr) (lit string) {
	if w, ok := x.(*syntax.Word); ok {
		return w.Lit()
	}
	return ""
}

// isAt reports whether an expansion is "$@" or "${a[@]}" in one of its forms.
func (p *process) isAt(pe *syntax.ParamExp) bool {
	return pe.Param != nil && (pe.Param.Value == "@" || pe.Index != nil && subscript(pe.Index) == "@" || pe.Names == syntax.NamesPrefixWords) && !pe.Length
}

// fetch looks a parameter up.
func (p *process) fetch(name string, index syntax.ArithmExpr) parameter {
	pr := parameter{name: name}
	if name == "@" || name == "*" {
		pr.elems, pr.list, pr.star, pr.set = p.params, true, name == "*", len(p.params) > 0
		return pr
	}
	if index == nil {
		if s, ok := p.special(name); ok {
			pr.elems, pr.set = []string{s}, true
			return pr
		}
	}
	v := p.computed(name)
	if v == nil {
		if ref := p.vars.find(name); ref != nil && ref.nameref && strings.Contains(ref.str, "[") && index == nil {
			return p.fetchText(ref.str)
		}
		v = p.resolve(name)
	}
	if index == nil {
		s, ok := v.value()
		pr.elems, pr.set = []string{s}, ok
		return pr
	}
	if sub := subscript(index); sub == "@" || sub == "*" {
		if v == nil {
			if s, ok := p.special(name); ok {
				v = &variable{set: true, str: s}
			}
		}
		pr.elems, pr.list, pr.star = v.elements(), true, sub == "*"
		pr.set = len(pr.elems) > 0
		return pr
	}
	s, ok := p.element(name, v, index)
	pr.elems, pr.set = []string{s}, ok
	return pr
}

// element is one element of an array.
func (p *process) element(name string, v *variable, index syntax.ArithmExpr) (string, bool) {
	if v != nil && v.kind == associative {
		s, ok := v.assoc[p.key(index)]
		return s, ok
	}
	n := int(p.arithmetic(index, ""))
	if v == nil || !v.set {
		return "", false
	}
	if v.kind == scalar {
		return v.str, n == 0 || n == -1
	}
	if n < 0 {
		if n += v.next(); n < 0 {
			p.errorf("%s: bad array subscript", name)
			return "", false
		}
	}
	return v.at(n)
}

// key is the subscript of an associative array.
func (p *process) key(index syntax.ArithmExpr) string {
	if w, ok := index.(*syntax.Word); ok {
		return p.word(w)
	}
	return strings.TrimSpace(p.src.slice(index))
}

// fetchText looks up what a text such as "a[2]" means.
func (p *process) fetchText(ref string) parameter {
	name, sub, ok := strings.Cut(ref, "[")
	if !ok {
		return p.fetch(ref, nil)
	}
	f, err := parse("${" + name + "[" + sub + "}")
	if err != nil || len(f.Stmts) == 0 {
		p.fail(1, "%s: invalid variable name", ref)
	}
	pe := f.Stmts[0].Cmd.(*syntax.CallExpr).Args[0].Parts[0].(*syntax.ParamExp)
	return p.fetch(pe.Param.Value, pe.Index)
}

// param expands one ${…}.
func (p *process) param(pe *syntax.ParamExp, quoted bool) []piece {
	if pe.Param == nil || pe.Width || pe.IsSet || pe.NestedParam != nil || pe.Flags != nil {
		p.fail(1, "%s: bad substitution", p.src.slice(pe))
	}
	name, index := pe.Param.Value, pe.Index
	var pr parameter
	switch {
	case pe.Names != 0:
		pr = parameter{name: name, elems: p.namesWith(name), list: true, star: pe.Names == syntax.NamesPrefix, set: true}
		return p.paramPieces(pr, quoted)
	case pe.Excl && index != nil && (subscript(index) == "@" || subscript(index) == "*"):
		v := p.computed(name)
		if v == nil {
			v = p.resolve(name)
		}
		pr = parameter{name: name, elems: v.subscripts(), list: true, star: subscript(index) == "*", set: true}
		return p.paramPieces(pr, quoted)
	case pe.Excl:
		pr = p.indirect(name, index)
		name = pr.name
	default:
		pr = p.fetch(name, index)
	}
	if pe.Length {
		return []piece{{text: p.length(pe, pr), quoted: quoted, split: !quoted}}
	}
	if pe.Exp != nil {
		if ps, done := p.alternative(pe, &pr, quoted); done {
			return ps
		}
	}
	if !pr.set && p.opts.set["nounset"] && !(pr.list) && !defaults(pe) {
		p.unbound(name, index)
	}
	switch {
	case pe.Slice != nil:
		p.slice(pe, &pr)
	case pe.Repl != nil:
		p.replace(pe.Repl, &pr)
	case pe.Exp != nil:
		p.operate(pe, &pr)
	}
	return p.paramPieces(pr, quoted)
}

func defaults(pe *syntax.ParamExp) bool {
	if pe.Exp == nil {
		return false
	}
	switch pe.Exp.Op {
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull, syntax.DefaultUnset, syntax.DefaultUnsetOrNull,
		syntax.ErrorUnset, syntax.ErrorUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		return true
	}
	return false
}

func (p *process) unbound(name string, index syntax.ArithmExpr) {
	if index != nil {
		name += "[" + p.src.slice(index) + "]"
	}
	if n, err := strconv.Atoi(name); err == nil && n > 0 || name == "!" {
		name = "$" + name
	}
	status := 127
	if p.login || !p.command {
		status = 1
	}
	p.fatal(status, "%s: unbound variable", name)
}

func (p *process) namesWith(prefix string) []string {
	var out []string
	for _, name := range p.vars.names() {
		if strings.HasPrefix(name, prefix) && p.vars.find(name).set {
			out = append(out, name)
		}
	}
	return out
}

// indirect follows ${!name}.
func (p *process) indirect(name string, index syntax.ArithmExpr) parameter {
	if v := p.vars.find(name); v != nil && v.nameref && index == nil {
		return parameter{name: name, elems: []string{v.str}, set: v.set}
	}
	first := p.fetch(name, index)
	if !first.set {
		if p.opts.set["nounset"] {
			p.unbound(name, nil)
		}
		p.fail(1, "%s: invalid indirect expansion", name)
	}
	target := strings.Join(first.elems, " ")
	if strings.Contains(target, "[") {
		return p.fetchText(target)
	}
	if !syntax.ValidName(target) && !isSpecialName(target) {
		p.fail(1, "%s: invalid variable name", target)
	}
	return p.fetch(target, nil)
}

func isSpecialName(s string) bool {
	if _, err := strconv.Atoi(s); err == nil {
		return true
	}
	return len(s) == 1 && strings.Contains("@*#?-$!_", s)
}

func (p *process) length(pe *syntax.ParamExp, pr parameter) string {
	if pr.list {
		return strconv.Itoa(len(pr.elems))
	}
	if !pr.set && p.opts.set["nounset"] {
		p.unbound(pr.name, pe.Index)
	}
	return strconv.Itoa(utf8.RuneCountInString(pr.elems[0]))
}

// alternative handles the operators that ask whether the parameter is set: :- := :? :+. done reports that the pieces
// are the result.
func (p *process) alternative(pe *syntax.ParamExp, pr *parameter, quoted bool) (ps []piece, done bool) {
	has := pr.set
	switch pe.Exp.Op {
	case syntax.AlternateUnsetOrNull, syntax.DefaultUnsetOrNull, syntax.AssignUnsetOrNull, syntax.ErrorUnsetOrNull:
		has = has && strings.Join(pr.elems, "") != ""
	}
	word := func() []piece {
		if pe.Exp.Word == nil {
			return nil
		}
		ps := p.pieces(pe.Exp.Word.Parts, quoted, !quoted)
		if !quoted {
			for i := range ps {
				ps[i].split = ps[i].split || !ps[i].quoted
			}
		} else if len(ps) == 0 {
			ps = []piece{{quoted: true}}
		}
		return ps
	}
	switch pe.Exp.Op {
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		if has {
			return word(), true
		}
		return nil, true
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull:
		if !has {
			return word(), true
		}
	case syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if !has {
			if !syntax.ValidName(pr.name) {
				p.fatal(1, "$%s: cannot assign in this way", pr.name)
			}
			value := joinPieces(word())
			p.assignTo(pr.name, pe.Index, value, false)
			return []piece{{text: value, quoted: quoted, split: !quoted}}, true
		}
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		if !has {
			msg := joinPieces(word())
			if pe.Exp.Word == nil || len(pe.Exp.Word.Parts) == 0 {
				msg = "parameter not set"
				if pe.Exp.Op == syntax.ErrorUnsetOrNull {
					msg = "parameter null or not set"
				}
			}
			status := 127
			if p.login || !p.command {
				status = 1
			}
			p.fatal(status, "%s: %s", pr.name, msg)
		}
	}
	return nil, false
}

// slice applies ${x:offset:length}.
func (p *process) slice(pe *syntax.ParamExp, pr *parameter) {
	offset := 0
	if pe.Slice.Offset != nil {
		offset = int(p.arithmetic(pe.Slice.Offset, ""))
	}
	length, limited := 0, pe.Slice.Length != nil
	if limited {
		length = int(p.arithmetic(pe.Slice.Length, ""))
	}
	if pr.list {
		p.sliceList(pe, pr, offset, length, limited)
		return
	}
	rs := []rune(pr.elems[0])
	if offset < 0 {
		if offset += len(rs); offset < 0 {
			pr.elems = []string{""}
			return
		}
	}
	offset = min(offset, len(rs))
	end := len(rs)
	if limited {
		if end = offset + length; length < 0 {
			if end = len(rs) + length; end < offset {
				p.fail(1, "%s: substring expression < 0", strings.TrimSpace(p.src.slice(pe.Slice.Length)))
			}
		}
	}
	pr.elems = []string{string(rs[offset:min(end, len(rs))])}
}

func (p *process) sliceList(pe *syntax.ParamExp, pr *parameter, offset, length int, limited bool) {
	elems := pr.elems
	if pr.name == "@" || pr.name == "*" {
		elems = append([]string{p.name}, elems...)
		if pe.Slice.Offset == nil {
			offset = 1
		}
	} else if v := p.resolve(pr.name); v != nil && v.kind == indexed {
		// Offsets count indexes, which matters where some are missing.
		if offset < 0 {
			offset += v.next()
		}
		if offset >= 0 {
			i, _ := v.find(offset)
			offset = i
		}
	}
	if offset < 0 {
		offset += len(elems)
	}
	if offset < 0 || offset > len(elems) {
		pr.elems = nil
		return
	}
	end := len(elems)
	if limited {
		if length < 0 {
			p.fail(1, "%s: substring expression < 0", strings.TrimSpace(p.src.slice(pe.Slice.Length)))
		}
		end = min(end, offset+length)
	}
	pr.elems = elems[offset:end]
}

// replace applies ${x/pattern/text}.
func (p *process) replace(r *syntax.Replace, pr *parameter) {
	text := p.patternOf(r.Orig)
	anchor := byte(0)
	if !r.All && text != "" && (text[0] == '#' || text[0] == '%') {
		anchor, text = text[0], text[1:]
	}
	pat := pattern{text, true, p.opts.shopt["nocasematch"]}
	var with []piece
	if r.With != nil {
		with = p.pieces(r.With.Parts, false, true)
	}
	replacement := func(match string) string {
		var b strings.Builder
		for _, pc := range with {
			if pc.quoted || !p.opts.shopt["patsub_replacement"] {
				b.WriteString(pc.text)
				continue
			}
			b.WriteString(strings.ReplaceAll(pc.text, "&", match))
		}
		return b.String()
	}
	out := make([]string, len(pr.elems))
	for i, s := range pr.elems {
		out[i] = substitutePattern(s, pat, anchor, r.All, replacement)
	}
	pr.elems = out
}

func substitutePattern(s string, pat pattern, anchor byte, all bool, with func(string) string) string {
	switch anchor {
	case '#':
		if n := pat.prefix(s, true); n >= 0 {
			return with(s[:n]) + s[n:]
		}
		return s
	case '%':
		if at := pat.suffix(s, true); at >= 0 {
			return s[:at] + with(s[at:])
		}
		return s
	}
	if pat.text == "" {
		return s
	}
	var b strings.Builder
	at := 0
	for {
		start, end, ok := pat.search(s, at)
		if !ok || start == len(s) && at > 0 {
			break
		}
		if end == start {
			if start == len(s) {
				break
			}
			_, size := utf8.DecodeRuneInString(s[start:])
			b.WriteString(s[at : start+size])
			at = start + size
			continue
		}
		b.WriteString(s[at:start] + with(s[start:end]))
		if at = end; !all {
			break
		}
	}
	return b.String() + s[at:]
}

// operate applies the operators that change values: # % ^ , and @.
func (p *process) operate(pe *syntax.ParamExp, pr *parameter) {
	if pe.Exp.Op == syntax.OtherParamOps {
		p.transform(pe, pr)
		return
	}
	pat := pattern{"", true, p.opts.shopt["nocasematch"]}
	if pe.Exp.Word != nil {
		pat.text = p.patternOf(pe.Exp.Word)
	}
	out := make([]string, len(pr.elems))
	for i, s := range pr.elems {
		switch op := pe.Exp.Op; op {
		case syntax.RemSmallPrefix, syntax.RemLargePrefix:
			if n := pat.prefix(s, op == syntax.RemLargePrefix); n >= 0 {
				s = s[n:]
			}
		case syntax.RemSmallSuffix, syntax.RemLargeSuffix:
			if at := pat.suffix(s, op == syntax.RemLargeSuffix); at >= 0 {
				s = s[:at]
			}
		case syntax.UpperFirst, syntax.UpperAll:
			s = changeCase(s, pat, op == syntax.UpperAll, unicode.ToUpper)
		case syntax.LowerFirst, syntax.LowerAll:
			s = changeCase(s, pat, op == syntax.LowerAll, unicode.ToLower)
		}
		out[i] = s
	}
	pr.elems = out
}

func changeCase(s string, pat pattern, all bool, to func(rune) rune) string {
	rs := []rune(s)
	for i, r := range rs {
		if pat.text == "" || pat.match(string(r)) {
			rs[i] = to(r)
		}
		if !all {
			break
		}
	}
	return string(rs)
}

// transform applies ${x@Q} and its sisters.
func (p *process) transform(pe *syntax.ParamExp, pr *parameter) {
	op := ""
	if pe.Exp.Word != nil {
		op = pe.Exp.Word.Lit()
	}
	v := p.resolve(pr.name)
	if !pr.set && op != "a" {
		pr.elems = nil
		if !pr.list {
			pr.elems = []string{""}
		}
		return
	}
	out := make([]string, len(pr.elems))
	for i, s := range pr.elems {
		switch op {
		case "Q":
			s = singleQuote(s)
		case "E":
			s = unescapeANSI(s)
		case "P":
			s = p.sh.promptText(s)
		case "U":
			s = strings.ToUpper(s)
		case "u":
			s = changeCase(s, pattern{}, false, unicode.ToUpper)
		case "L":
			s = strings.ToLower(s)
		case "a":
			s = ""
			if v != nil {
				s = strings.TrimPrefix(v.flags(), "-")
			}
		case "A":
			s = p.assignmentOf(pr, v, s)
		case "K", "k":
			s = singleQuote(s)
			if pr.list && v != nil {
				s = v.subscripts()[i] + " " + doubleQuote(pr.elems[i])
			}
		}
		out[i] = s
	}
	if op == "A" && pr.list && len(out) > 0 {
		out = out[:1]
	}
	pr.elems = out
}

func (p *process) assignmentOf(pr *parameter, v *variable, s string) string {
	switch {
	case v == nil:
		return pr.name + "=" + singleQuote(s)
	case v.kind != scalar && pr.list:
		return v.declaration(pr.name)
	case v.flags() == "-":
		return pr.name + "=" + singleQuote(s)
	}
	return "declare -" + v.flags() + " " + pr.name + "=" + singleQuote(s)
}

// paramPieces makes pieces of a parameter's value.
func (p *process) paramPieces(pr parameter, quoted bool) []piece {
	if !pr.list {
		if len(pr.elems) == 0 {
			return nil
		}
		return []piece{{text: pr.elems[0], quoted: quoted, split: !quoted}}
	}
	if pr.star && quoted {
		sep := " "
		if v := p.vars.find("IFS"); v != nil && v.set {
			sep = ""
			if v.str != "" {
				_, size := utf8.DecodeRuneInString(v.str)
				sep = v.str[:size]
			}
		}
		return []piece{{text: strings.Join(pr.elems, sep), quoted: true}}
	}
	var out []piece
	for i, s := range pr.elems {
		out = append(out, piece{text: s, quoted: quoted, split: !quoted, brk: i > 0})
	}
	return out
}
