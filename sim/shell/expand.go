package shell

import (
	"fmt"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// piece is a part of an expanded word.
type piece struct {
	text   string
	quoted bool // neither split nor globbed
	split  bool // came from an expansion: split at IFS
	brk    bool // a new field begins before it
}

// fields expands words as the arguments of a command: braces, tildes, parameters, substitutions, splitting, globs.
func (p *process) fields(words []*syntax.Word) []string {
	var out []string
	for _, w := range words {
		if lit, ok := plainWord(w); ok {
			out = append(out, lit)
			continue
		}
		for _, w := range p.braces(w) {
			for _, f := range p.splitFields(p.pieces(w.Parts, false, true)) {
				out = p.glob(f, out)
			}
		}
	}
	return out
}

// plainWord is the common case of a word without anything to expand.
func plainWord(w *syntax.Word) (string, bool) {
	if len(w.Parts) != 1 {
		return "", false
	}
	lit, ok := w.Parts[0].(*syntax.Lit)
	if !ok || strings.ContainsAny(lit.Value, `\*?[{~`) {
		return "", false
	}
	return lit.Value, true
}

// word expands a word to one string, without splitting and globbing: the right side of an assignment.
func (p *process) word(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	if lit, ok := plainWord(w); ok {
		return lit
	}
	return joinPieces(p.pieces(w.Parts, false, true))
}

// assigned is word with tildes expanded after colons too.
func (p *process) assigned(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	ps := p.pieces(w.Parts, false, true)
	for i, pc := range ps {
		if !pc.quoted && !pc.split && strings.Contains(pc.text, ":~") {
			parts := strings.Split(pc.text, ":")
			for j := 1; j < len(parts); j++ {
				if strings.HasPrefix(parts[j], "~") {
					home, rest := p.tilde(parts[j])
					parts[j] = home + rest
				}
			}
			ps[i].text = strings.Join(parts, ":")
		}
	}
	return joinPieces(ps)
}

// document expands the body of a here-document.
func (p *process) document(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	var b strings.Builder
	for _, part := range w.Parts {
		if lit, ok := part.(*syntax.Lit); ok {
			b.WriteString(unescapeIn(lit.Value, "\\$`"))
			continue
		}
		b.WriteString(joinPieces(p.pieces([]syntax.WordPart{part}, true, false)))
	}
	return b.String()
}

// patternOf expands a word as a glob: what is quoted in it is ordinary.
func (p *process) patternOf(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	var b strings.Builder
	for _, pc := range p.pieces(w.Parts, false, true) {
		if pc.brk {
			b.WriteByte(' ')
		}
		if pc.quoted {
			b.WriteString(quotePattern(pc.text))
		} else {
			b.WriteString(pc.text)
		}
	}
	return b.String()
}

// regexOf expands the right side of =~: what is quoted in it is ordinary.
func (p *process) regexOf(w *syntax.Word) string {
	var b strings.Builder
	for _, pc := range p.pieces(w.Parts, false, false) {
		if !pc.quoted {
			b.WriteString(pc.text)
			continue
		}
		for _, r := range pc.text {
			if strings.ContainsRune(`\.[]{}()*+?|^$`, r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

func joinPieces(ps []piece) string {
	if len(ps) == 1 {
		return ps[0].text
	}
	var b strings.Builder
	for _, pc := range ps {
		if pc.brk {
			b.WriteByte(' ')
		}
		b.WriteString(pc.text)
	}
	return b.String()
}

// unescapeIn removes the backslash before the characters of set, and escaped newlines.
func unescapeIn(s, set string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if s[i+1] == '\n' {
				i++
				continue
			}
			if strings.IndexByte(set, s[i+1]) >= 0 {
				i++
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// pieces expands the parts of a word. quoted says that they stand within double quotes; tilde that a leading ~ is
// a home directory.
func (p *process) pieces(parts []syntax.WordPart, quoted, tilde bool) []piece {
	var out []piece
	for i, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			if quoted {
				out = append(out, piece{text: unescapeIn(part.Value, "\\$`\""), quoted: true})
				continue
			}
			text := part.Value
			if tilde && i == 0 && strings.HasPrefix(text, "~") && (len(parts) == 1 || strings.Contains(text, "/")) {
				home, rest := p.tilde(text)
				if home != "" {
					out = append(out, piece{text: home, quoted: true})
				}
				text = rest
			}
			out = append(out, literalPieces(text)...)
		case *syntax.SglQuoted:
			text := part.Value
			if part.Dollar {
				text = unescapeANSI(text)
			}
			out = append(out, piece{text: text, quoted: true})
		case *syntax.DblQuoted:
			out = append(out, p.quotedPieces(part.Parts)...)
		case *syntax.ParamExp:
			out = append(out, p.param(part, quoted)...)
		case *syntax.CmdSubst:
			out = append(out, piece{text: p.substitute(part), quoted: quoted, split: !quoted})
		case *syntax.ArithmExp:
			n := p.arithmetic(part.X, "")
			out = append(out, piece{text: strconv.FormatInt(n, 10), quoted: quoted, split: !quoted})
		case *syntax.ProcSubst:
			out = append(out, piece{text: p.processSubst(part), quoted: true})
		case *syntax.ExtGlob:
			out = append(out, piece{text: part.Op.String() + part.Pattern.Value + ")"})
		case *syntax.BraceExp:
			out = append(out, piece{text: braceText(part)})
		default:
			p.fail(1, "unexpected %T", part)
		}
	}
	return out
}

// literalPieces separates what backslashes quote.
func literalPieces(s string) []piece {
	var out []piece
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			if s != "" {
				out = append(out, piece{text: s})
			}
			return out
		}
		if i > 0 {
			out = append(out, piece{text: s[:i]})
		}
		size := 1
		for i+1+size < len(s) && s[i+1+size]&0xC0 == 0x80 {
			size++
		}
		if s[i+1] != '\n' {
			out = append(out, piece{text: s[i+1 : i+1+size], quoted: true})
		}
		s = s[i+1+size:]
	}
}

// quotedPieces expands what stands in double quotes. "$@" without parameters is no field at all.
func (p *process) quotedPieces(parts []syntax.WordPart) []piece {
	ps := p.pieces(parts, true, false)
	for _, pc := range ps {
		if pc.text != "" || pc.brk {
			return ps
		}
	}
	for _, part := range parts {
		if pe, ok := part.(*syntax.ParamExp); ok && len(ps) == 0 && p.isAt(pe) {
			return nil
		}
	}
	return append(ps, piece{quoted: true})
}

// tilde splits ~ or ~user off and expands it.
func (p *process) tilde(s string) (home, rest string) {
	name, rest, slash := strings.Cut(s[1:], "/")
	if slash {
		rest = "/" + rest
	}
	switch name {
	case "":
		if v, ok := p.vars.find("HOME").value(); ok {
			return v, rest
		}
		return "/root", rest
	case "+":
		return p.get("PWD"), rest
	case "-":
		if old := p.get("OLDPWD"); old != "" {
			return old, rest
		}
	default:
		if home, ok := p.sh.homeOf(name); ok {
			return home, rest
		}
	}
	return "", s
}

// homeOf finds a user's home directory in /etc/passwd.
func (sh *Shell) homeOf(user string) (string, bool) {
	data, _ := sh.fs.ReadFile("/etc/passwd")
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(f) >= 6 && f[0] == user {
			return f[5], true
		}
	}
	return "", false
}

// splitFields makes fields of pieces, splitting what came from unquoted expansions at IFS.
func (p *process) splitFields(ps []piece) [][]piece {
	ifs := " \t\n"
	if v := p.vars.find("IFS"); v != nil && v.set {
		ifs = v.str
	}
	s := splitter{ifs: ifs}
	for _, pc := range ps {
		if pc.brk {
			s.flush()
			s.delim = 0
		}
		switch {
		case pc.quoted:
			s.add(pc)
			s.open = true
		case !pc.split:
			s.add(pc)
			s.open = s.open || pc.text != ""
		default:
			s.split(pc.text)
		}
	}
	s.flush()
	return s.fields
}

// splitter cuts text into fields.
type splitter struct {
	ifs    string
	fields [][]piece
	cur    []piece
	open   bool // a field has begun, though it may be empty
	delim  int  // what came last: 0 text, 1 blanks, 2 another separator
}

func (s *splitter) add(pc piece) {
	if pc.text != "" || pc.quoted {
		s.cur = append(s.cur, pc)
		s.delim = 0
	}
}

func (s *splitter) flush() {
	if s.open {
		s.fields = append(s.fields, s.cur)
	}
	s.cur, s.open = nil, false
}

func (s *splitter) split(text string) {
	start := -1
	end := func(i int) {
		if start >= 0 {
			s.cur = append(s.cur, piece{text: text[start:i], split: true})
			s.open = true
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case !strings.ContainsRune(s.ifs, r):
			if start < 0 {
				start = i
			}
			s.delim = 0
		case r == ' ' || r == '\t' || r == '\n':
			end(i)
			if s.open {
				s.flush()
				s.delim = 1
			}
		default:
			end(i)
			if !s.open && s.delim == 1 {
				s.delim = 2
				continue
			}
			s.open = true
			s.flush()
			s.delim = 2
		}
	}
	end(len(text))
}

// braces expands {a,b} and {1..9}.
func (p *process) braces(w *syntax.Word) []*syntax.Word {
	if !p.opts.set["braceexpand"] {
		return []*syntax.Word{w}
	}
	c := *w
	if !syntax.SplitBraces(&c) {
		return []*syntax.Word{w}
	}
	left := maxBraces
	return p.expandBraces(c.Parts, &left)
}

const maxBraces = 100_000

func (p *process) expandBraces(parts []syntax.WordPart, left *int) []*syntax.Word {
	for i, part := range parts {
		b, ok := part.(*syntax.BraceExp)
		if !ok {
			continue
		}
		var middles []*syntax.Word
		if b.Sequence {
			for _, s := range p.sequence(b) {
				middles = append(middles, &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: s}}})
			}
		} else {
			for _, e := range b.Elems {
				middles = append(middles, p.expandBraces(e.Parts, left)...)
			}
		}
		tails := p.expandBraces(parts[i+1:], left)
		if *left -= len(middles) * len(tails); *left < 0 {
			p.fail(1, "brace expansion: cannot allocate memory for %d elements", len(middles)*len(tails))
		}
		var out []*syntax.Word
		for _, m := range middles {
			for _, t := range tails {
				joined := append(append(append([]syntax.WordPart{}, parts[:i]...), m.Parts...), t.Parts...)
				out = append(out, &syntax.Word{Parts: joinNames(joined)})
			}
		}
		return out
	}
	return []*syntax.Word{{Parts: parts}}
}

// joinNames makes what follows $name without braces a part of the name, since braces are expanded before parameters:
// $x{1,2} is $x1 $x2.
func joinNames(parts []syntax.WordPart) []syntax.WordPart {
	for i := 0; i+1 < len(parts); i++ {
		pe, ok := parts[i].(*syntax.ParamExp)
		lit, isLit := parts[i+1].(*syntax.Lit)
		if !ok || !isLit || !pe.Short || pe.Index != nil || pe.Param == nil || !syntax.ValidName(pe.Param.Value) {
			continue
		}
		n := 0
		for n < len(lit.Value) && isNameByte(lit.Value[n], false) {
			n++
		}
		named, rest := *pe, *lit
		named.Param = &syntax.Lit{Value: pe.Param.Value + lit.Value[:n]}
		rest.Value = lit.Value[n:]
		parts[i], parts[i+1] = &named, &rest
	}
	return parts
}

// sequence lists {from..to..step}.
func (p *process) sequence(b *syntax.BraceExp) []string {
	lits := make([]string, len(b.Elems))
	for i, e := range b.Elems {
		lits[i] = e.Lit()
	}
	step := 1
	if len(lits) == 3 {
		step, _ = strconv.Atoi(lits[2])
	}
	if step < 0 {
		step = -step
	}
	step = max(step, 1)
	from, err1 := strconv.Atoi(lits[0])
	to, err2 := strconv.Atoi(lits[1])
	format := func(n int) string { return strconv.Itoa(n) }
	if err1 != nil || err2 != nil {
		from, to = int(lits[0][0]), int(lits[1][0])
		format = func(n int) string { return string(rune(n)) }
	} else if width := max(len(lits[0]), len(lits[1])); padded(lits[0]) || padded(lits[1]) {
		format = func(n int) string { return fmt.Sprintf("%0*d", width, n) }
	}
	n := (to - from) / step
	if n < 0 {
		n, step = -n, -step
	}
	if n > maxBraces {
		p.fail(1, "brace expansion: cannot allocate memory for %d elements", n+1)
	}
	var out []string
	for i := range n + 1 {
		out = append(out, format(from+i*step))
	}
	return out
}

func padded(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return len(s) > 1 && s[0] == '0'
}

// braceText gives a brace expression back as it was written.
func braceText(b *syntax.BraceExp) string {
	sep := ","
	if b.Sequence {
		sep = ".."
	}
	var parts []string
	for _, e := range b.Elems {
		parts = append(parts, e.Lit())
	}
	return "{" + strings.Join(parts, sep) + "}"
}
