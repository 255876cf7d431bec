package shell

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// unit is what bash reads before it runs anything: the statements that begin on one line, with their here-documents.
type unit struct {
	stmts []*syntax.Stmt
	src   *source
	line  int // of the first statement
}

// Incomplete reports whether a line needs another one after it: an open quote, a loop without done, a
// here-document without its end, a backslash at the end.
func (sh *Shell) Incomplete(text string) bool {
	return incomplete(strings.ToValidUTF8(text, "\uFFFD"))
}

func incomplete(text string) bool {
	trimmed := strings.TrimRight(text, "\\")
	if (len(text)-len(trimmed))%2 == 1 {
		return true
	}
	_, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	return needsMore(err)
}

func needsMore(err error) bool {
	if err == nil {
		return false
	}
	e, ok := err.(syntax.ParseError)
	return syntax.IsIncomplete(err) || ok && strings.HasPrefix(e.Text, "unclosed here-document")
}

// runSource runs a text unit by unit. What was given up in one unit does not keep the next from running, unless the
// process is left.
func (p *process) runSource(s *source) {
	outer, line := p.src, p.line
	defer func() { p.src, p.line = outer, line }()
	s.text = repaired(strings.ToValidUTF8(s.text, "\uFFFD"))
	err := eachUnit(s, func(u unit) bool {
		if p.opts.set["verbose"] {
			p.write(2, u.src.text)
		}
		u, err := p.expandAliases(u)
		if err != nil {
			p.syntaxError(u.src, 0, err)
			return true
		}
		p.src = u.src
		kind, left := p.catch(func() { p.stmts(u.stmts) })
		if left && kind != leaveUnit {
			panic(unwind{kind, p.status})
		}
		if left && !p.login && len(p.frames) > 0 {
			panic(unwind{leaveUnit, p.status})
		}
		return p.flow == goOn
	})
	if err != nil {
		p.src = s
		p.syntaxError(s, err.at, err.err)
	}
}

// parseFailure is a syntax error and where the unit begins that has it.
type parseFailure struct {
	at  int
	err error
}

// eachUnit calls f with each unit as soon as it has been read, until f returns false.
func eachUnit(s *source, f func(unit) bool) *parseFailure {
	text := s.text
	var held []*syntax.Stmt
	start := 0
	give := func(end int) bool {
		u := unit{stmts: held, src: s, line: int(held[0].Pos().Line())}
		u.src = &source{text: text[:min(end, len(text))], name: s.name, base: s.base}
		held, start = nil, end
		return f(u)
	}
	for st, err := range syntax.NewParser().StmtsSeq(strings.NewReader(text)) {
		if err != nil {
			return failUnit(s, held, start, err, give)
		}
		if len(held) > 0 && st.Pos().Line() > held[len(held)-1].End().Line() && !give(int(st.Pos().Offset())) {
			return nil
		}
		held = append(held, st)
	}
	if len(held) > 0 {
		give(len(text))
	}
	return nil
}

// failUnit runs what stands on lines before the one with the error.
func failUnit(s *source, held []*syntax.Stmt, start int, err error, give func(int) bool) *parseFailure {
	if len(held) == 0 {
		return &parseFailure{start, err}
	}
	end := int(held[len(held)-1].End().Offset())
	rest := s.text[min(end, len(s.text)):]
	gap := rest[:len(rest)-len(strings.TrimLeft(rest, " \t\n;&"))]
	if !strings.Contains(gap, "\n") && !strings.HasPrefix(strings.TrimLeft(gap, " \t;&")+rest[len(gap):], "#") {
		return &parseFailure{start, err}
	}
	if !give(end + len(gap)) {
		return nil
	}
	return &parseFailure{end + len(gap), err}
}

var keyed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*\[)([^]\["'$\x60\\\n]*[^]\["'$\x60\\\nA-Za-z0-9_+*/%<>=!&|^~?:, ()@#-][^]\["'$\x60\\\n]*|[A-Za-z0-9_.-]+( +[A-Za-z0-9_.-]+)+)\]`)
})

// plainKeys quotes the keys of associative arrays that the parser would take for arithmetic and refuse: ${m[a.b]},
// ${m[two words]}. A text that can be read as it is stays.
func plainKeys(text string) string {
	if !keyed().MatchString(text) {
		return text
	}
	quoted := keyed().ReplaceAllString(text, "$1'$2']")
	if _, err := parse(quoted); err != nil {
		return text
	}
	return quoted
}

// repaired makes a text readable for the parser that it refuses though bash would read it: it is strict about names in
// declarations, about let, and about keys of associative arrays. A backslash before the keyword makes an ordinary
// command of it, which then has the say.
func repaired(text string) string {
	for range 20 {
		_, err := parse(text)
		e, ok := err.(syntax.ParseError)
		if !ok || needsMore(err) {
			return text
		}
		at := -1
		switch {
		case strings.HasPrefix(e.Text, "invalid var name"):
			for _, word := range []string{"export", "declare", "local", "readonly", "typeset"} {
				at = max(at, strings.LastIndex(text[:min(int(e.Pos.Offset()), len(text))], word))
			}
		case strings.HasPrefix(e.Text, "`let` must be followed"):
			at = int(e.Pos.Offset())
		default:
			return plainKeys(text)
		}
		if at < 0 {
			return text
		}
		text = text[:at] + "\\" + text[at:]
	}
	return text
}

// parse reads a text as a whole; a here-document that is not closed ends with it.
func parse(text string) (*syntax.File, error) {
	f, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	return f, err
}

// unclosedHeredoc finds the delimiter that a here-document lacks.
func unclosedHeredoc(err error) (stop string, line int, ok bool) {
	e, is := err.(syntax.ParseError)
	if !is {
		return "", 0, false
	}
	stop, ok = strings.CutPrefix(e.Text, "unclosed here-document ")
	return strings.Trim(stop, "`\""), int(e.Pos.Line()), ok
}

// expandAliases replaces the words of a unit that are aliases and reads it anew.
func (p *process) expandAliases(u unit) (unit, error) {
	if !p.opts.shopt["expand_aliases"] || len(p.aliases) == 0 {
		return u, nil
	}
	from := int(u.stmts[0].Pos().Offset())
	text := u.src.text[from:]
	base := u.src.base + u.line - 1
	changed := false
	done := map[string]int{} // alias → end of the text that it has become, within which it is not expanded again
	for range 100 {
		at, name, ok := p.findAlias(u.stmts, from, done)
		if !ok {
			break
		}
		changed = true
		value := p.aliases[name]
		at -= from
		rest := text[at+len(name):]
		for other, end := range done {
			if end > at {
				done[other] = end + len(value) - len(name)
			}
		}
		done[name] = at + len(value)
		text = text[:at] + value + rest
		if strings.HasSuffix(value, " ") || strings.HasSuffix(value, "\t") {
			text, done = p.nextWordAlias(text, at+len(value), done)
		}
		f, err := parse(text)
		u.src = &source{text: text, name: u.src.name, base: base}
		if err != nil {
			return u, err
		}
		u.stmts, from = f.Stmts, 0
		if len(u.stmts) == 0 {
			break
		}
	}
	if changed {
		u.line = 1
	}
	return u, nil
}

// findAlias finds the first command word that is an alias and did not come from itself.
func (p *process) findAlias(stmts []*syntax.Stmt, base int, done map[string]int) (at int, name string, ok bool) {
	for _, st := range stmts {
		syntax.Walk(st, func(n syntax.Node) bool {
			if ok {
				return false
			}
			var word *syntax.Word
			switch n := n.(type) {
			case *syntax.CallExpr:
				if len(n.Args) == 0 {
					return true
				}
				word = n.Args[0]
			case *syntax.DeclClause:
				word = &syntax.Word{Parts: []syntax.WordPart{n.Variant}}
			default:
				return true
			}
			lit := word.Lit()
			if _, is := p.aliases[lit]; is && lit != "" && int(word.End().Offset()-word.Pos().Offset()) == len(lit) {
				if end, was := done[lit]; !was || int(word.Pos().Offset())-base >= end {
					at, name, ok = int(word.Pos().Offset()), lit, true
					return false
				}
			}
			return true
		})
	}
	return at, name, ok
}

// nextWordAlias expands the word after an alias that ends in a blank.
func (p *process) nextWordAlias(text string, at int, done map[string]int) (string, map[string]int) {
	start := at + len(text[at:]) - len(strings.TrimLeft(text[at:], " \t"))
	end := start
	for end < len(text) && !strings.ContainsRune(" \t\n;|&<>()", rune(text[end])) {
		end++
	}
	if value, ok := p.aliases[text[start:end]]; ok {
		text = text[:start] + value + text[end:]
	}
	return text, done
}

// syntaxError prints bash's message for a unit, which begins at offset at, that cannot be parsed.
func (p *process) syntaxError(s *source, at int, err error) {
	p.status = 2
	if stop, line, ok := unclosedHeredoc(err); ok {
		p.runUnclosed(s, at, stop, line)
		return
	}
	head := p.syntaxPrefix()
	text := s.text[min(at, len(s.text)):]
	firstLine := s.base + strings.Count(s.text[:min(at, len(s.text))], "\n") + 1
	lastLine := firstLine + strings.Count(strings.TrimSuffix(text, "\n"), "\n")
	where := func(line int) string {
		if p.opts.typed {
			return head
		}
		return fmt.Sprintf("%sline %d: ", head, line)
	}
	if msg, ok := expansionError(s.text, err); ok {
		p.status, p.line = 1, firstLine-s.base
		p.errorf("%s", msg)
		p.leaveSyntax()
		return
	}
	if open, ok := unmatched(err); ok {
		line := lastLine + 1
		if open == "'" || open == "\"" || open == "`" {
			line = s.base + int(err.(syntax.ParseError).Pos.Line())
		}
		p.write(2, fmt.Sprintf("%sunexpected EOF while looking for matching `%s'\n", where(line), open))
		p.leaveSyntax()
		return
	}
	if syntax.IsIncomplete(err) {
		p.write(2, where(lastLine+1)+"syntax error: unexpected end of file\n")
		p.leaveSyntax()
		return
	}
	token, line := offendingToken(text)
	p.write(2, fmt.Sprintf("%ssyntax error near unexpected token `%s'\n", where(firstLine+line), token))
	if !p.opts.typed {
		lines := strings.Split(text, "\n")
		shown := lines[min(line, len(lines)-1)]
		if token == "newline" && line > 0 && shown == "" {
			shown = lines[line-1]
		}
		p.write(2, fmt.Sprintf("%s`%s'\n", where(firstLine+line), shown))
	}
	p.leaveSyntax()
}

func (p *process) leaveSyntax() {
	if !p.login && len(p.frames) > 0 {
		panic(unwind{leaveUnit, p.status})
	}
}

func (p *process) syntaxPrefix() string {
	switch {
	case p.opts.typed:
		return path.Base(p.sh.main.name) + ": "
	case p.evals > 0:
		return p.name + ": eval: "
	case p.command:
		return p.name + ": -c: "
	}
	if n := len(p.frames); n > 0 && p.frames[n-1].file != "" {
		return p.frames[n-1].file + ": "
	}
	return p.name + ": "
}

// runUnclosed warns about a here-document that ends with the text, and runs it.
func (p *process) runUnclosed(s *source, at int, stop string, line int) {
	p.status, p.line = 0, strings.Count(strings.TrimSuffix(s.text, "\n"), "\n")+1
	p.errorf("warning: here-document at line %d delimited by end-of-file (wanted `%s')", s.base+line, stop)
	text := s.text[at:]
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	p.runSource(&source{text: text + stop + "\n", name: s.name, base: s.base + strings.Count(s.text[:at], "\n")})
}

// unmatched finds the closing quote or bracket that was looked for until the end.
func unmatched(err error) (string, bool) {
	e, ok := err.(syntax.ParseError)
	if !ok || !e.Incomplete {
		return "", false
	}
	if _, quote, ok := strings.Cut(e.Text, "without closing quote "); ok {
		return quote[1 : len(quote)-1], true
	}
	if _, rest, ok := strings.Cut(e.Text, "without matching "); ok {
		open, closing, _ := strings.Cut(rest, " with ")
		switch strings.Trim(open, "`") {
		case "$(", "${", "$((", "<(", ">(":
			return strings.Trim(closing, "`")[:1], true
		}
	}
	return "", false
}

// expansionError tells of mistakes that bash finds only when it expands.
func expansionError(text string, err error) (string, bool) {
	e, ok := err.(syntax.ParseError)
	if !ok {
		return "", false
	}
	at := int(e.Pos.Offset())
	switch {
	case strings.HasPrefix(e.Text, "not a valid parameter expansion operator"), strings.HasPrefix(e.Text, "invalid parameter name"),
		strings.HasPrefix(e.Text, "cannot index"), strings.Contains(e.Text, "cannot be followed by a word"), strings.Contains(e.Text, "@ expansion operator"):
		start := strings.LastIndex(text[:min(at+1, len(text))], "${")
		if start < 0 {
			return "", false
		}
		end := strings.IndexByte(text[start:], '}')
		if end < 0 {
			return "", false
		}
		return text[start:start+end+1] + ": bad substitution", true
	}
	for _, open := range []string{"$((", "(("} {
		start := strings.LastIndex(text[:min(at, len(text))], open)
		if start < 0 {
			continue
		}
		end := strings.Index(text[start:], "))")
		if end < 0 {
			return "", false
		}
		expr := text[start+len(open) : start+end]
		prefix := ""
		if open == "((" {
			prefix = "((: "
		}
		if msg := arithmSyntax(expr); msg != "" {
			return prefix + strings.TrimLeft(expr, " ") + ": " + msg, true
		}
	}
	return "", false
}

// offendingToken finds the token at which a text stops being the beginning of something valid, and the line, counted
// from 0, on which it stands.
func offendingToken(text string) (token string, line int) {
	pos := 0
	for pos < len(text) {
		start, end := nextToken(text, pos)
		if start == end {
			break
		}
		_, err := parse(text[:end])
		if err != nil && !needsMore(err) {
			token = text[start:end]
			line = strings.Count(text[:start], "\n")
			if token == "\n" {
				return "newline", line
			}
			return token, line
		}
		pos = end
	}
	return "newline", strings.Count(strings.TrimSuffix(text, "\n"), "\n")
}

var operators = []string{"<<<", "&>>", ";;&", "&&", "||", ";;", ";&", "|&", "<<-", "<<", ">>", "<&", ">&", "<>", ">|", "&>", "&", "|", ";", "(", ")", "<", ">", "\n"}

// nextToken finds the next token's bounds.
func nextToken(text string, pos int) (start, end int) {
	for pos < len(text) {
		switch {
		case text[pos] == ' ' || text[pos] == '\t':
			pos++
			continue
		case strings.HasPrefix(text[pos:], "\\\n"):
			pos += 2
			continue
		case text[pos] == '#':
			for pos < len(text) && text[pos] != '\n' {
				pos++
			}
			continue
		}
		break
	}
	start = pos
	for _, op := range operators {
		if strings.HasPrefix(text[pos:], op) {
			return start, pos + len(op)
		}
	}
	for pos < len(text) && !strings.ContainsRune(" \t\n;|&<>()", rune(text[pos])) {
		pos = skipQuoted(text, pos)
	}
	return start, pos
}

// skipQuoted is the position after the character, quotation or expansion at pos.
func skipQuoted(text string, pos int) int {
	until := func(from int, stop byte, escapes bool) int {
		for i := from; i < len(text); i++ {
			if escapes && text[i] == '\\' {
				i++
			} else if text[i] == stop {
				return i + 1
			}
		}
		return len(text)
	}
	switch {
	case text[pos] == '\\':
		return min(pos+2, len(text))
	case text[pos] == '\'':
		return until(pos+1, '\'', false)
	case text[pos] == '"':
		return until(pos+1, '"', true)
	case text[pos] == '`':
		return until(pos+1, '`', true)
	case strings.HasPrefix(text[pos:], "${"):
		return until(pos+2, '}', true)
	case strings.HasPrefix(text[pos:], "$("):
		depth := 0
		for i := pos + 1; i < len(text); i++ {
			switch text[i] {
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					return i + 1
				}
			case '\'', '"':
				i = skipQuoted(text, i) - 1
			}
		}
		return len(text)
	}
	return pos + 1
}

// assignOf is the one assignment that a text consists of.
func assignOf(f *syntax.File) *syntax.Assign {
	if len(f.Stmts) != 1 {
		return nil
	}
	call, ok := f.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(call.Assigns) != 1 {
		return nil
	}
	return call.Assigns[0]
}
