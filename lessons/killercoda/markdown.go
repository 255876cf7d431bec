package killercoda

import (
	"fmt"
	"regexp"
	"strings"
)

// text is a page's Markdown, in our format.
type text struct {
	md       string
	runs     []string // commands that a click runs
	solution []string // commands of what is folded away under the name of a solution
	folded   []string // the titles of what is folded away
	images   []string // files that pictures name
	notes    []string
}

// translator goes through a page line by line.
type translator struct {
	text
	out    []string
	queued []string // commands that stood within prose: they follow it
	shift  int      // by how much headings are lowered: a lesson's step is a heading of the second level

	fold   *fold
	inCode bool
	marks  string // that opened the code block
	indent string
	lang   string
	code   []string
}

// fold is a <details> block that is being read.
type fold struct {
	title string
	depth int
	out   []string
	runs  []string
}

// translate carries a page's text over. title is the step's: a heading that repeats it is left out.
func translate(source, title string) text {
	t := &translator{}
	lines := strings.Split(apart(source), "\n")
	t.shift = lowered(lines)
	first := true
	for i, line := range lines {
		if t.inCode {
			t.codeLine(line)
			continue
		}
		if m := opens.FindStringSubmatch(line); m != nil {
			t.flush()
			t.inCode, t.indent, t.marks, t.lang, t.code = true, m[1], m[2], language(m[3]), nil
			continue
		}
		if first && strings.TrimSpace(line) != "" {
			first = false
			if h := heading.FindStringSubmatch(line); h != nil && (strings.EqualFold(strings.TrimSpace(h[2]), title) || len(h[1]) == 1 && title == "") {
				continue
			}
		}
		next := ""
		if i+1 < len(lines) {
			next = lines[i+1]
		}
		t.line(line, next)
	}
	if t.inCode {
		t.note("a code block is not closed")
		t.endCode("")
	}
	t.flush()
	if t.fold != nil {
		t.note("a <details> block is not closed")
		t.fold.depth = 1
		t.endFold()
	}
	t.md = tidy(t.out)
	return t.text
}

var (
	opens   = regexp.MustCompile("^([ \t]*)(`{3,}|~{3,})[ \t]*([^`]*)$")
	closes  = regexp.MustCompile("^[ \t]*(`{3,}|~{3,})[ \t]*(\\{\\{([^}]*)\\}\\})?[ \t]*$")
	heading = regexp.MustCompile(`^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*$`)
	tag     = regexp.MustCompile(`(?i)</?details[^>]*>|<summary[^>]*>.*?</summary>`)
	under   = regexp.MustCompile(`^ {0,3}(=+|-{3,})[ \t]*$`)
)

// apart puts the tags of folded text on lines of their own, outside of code blocks.
func apart(source string) string {
	var out []string
	code := false
	for line := range strings.SplitSeq(source, "\n") {
		if opens.MatchString(line) && !code || code && closes.MatchString(line) {
			code = !code
		} else if !code {
			line = tag.ReplaceAllString(line, "\n$0\n")
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// lowered is by how many levels headings must be lowered, so that the highest is of the third.
func lowered(lines []string) int {
	top, code := 7, false
	for _, line := range lines {
		if opens.MatchString(line) && !code || code && closes.MatchString(line) {
			code = !code
		} else if m := heading.FindStringSubmatch(line); m != nil && !code {
			top = min(top, len(m[1]))
		}
	}
	return max(3-top, 0)
}

// language is the first word behind a code block's marks, without what it says about lines.
func language(info string) string {
	info, _, _ = strings.Cut(strings.TrimSpace(info), "{")
	word, _, _ := strings.Cut(info, " ")
	return strings.ToLower(strings.TrimSpace(word))
}

func (t *translator) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// put adds lines to the text, or to what is folded away.
func (t *translator) put(lines ...string) {
	if t.fold != nil {
		t.fold.out = append(t.fold.out, lines...)
		return
	}
	t.out = append(t.out, lines...)
}

func (t *translator) codeLine(line string) {
	m := closes.FindStringSubmatch(line)
	if m == nil || m[1][0] != t.marks[0] || len(m[1]) < len(t.marks) {
		t.code = append(t.code, strings.TrimPrefix(line, t.indent))
		return
	}
	action := "none"
	if m[2] != "" {
		action = strings.TrimSpace(m[3])
	}
	t.endCode(action)
}

func (t *translator) endCode(action string) {
	t.inCode = false
	body := strings.Trim(t.variables(strings.Join(t.code, "\n"), true), "\n")
	run, how := t.action(action)
	shell := isShell(t.lang)
	switch {
	case t.fold != nil:
		if t.lang == "plain" || t.lang == "text" {
			t.lang = ""
		}
		if run || shell || t.lang == "" && looksRun(body) {
			t.fold.runs = append(t.fold.runs, body)
		}
		t.put(t.block(t.lang, body)...)
	case run:
		t.runs = append(t.runs, body)
		t.put(t.block("sh", body)...)
	case shell || how == "copy" && (t.lang == "" || t.lang == "plain") && looksRun(body):
		t.put(t.block("sh copy", body)...)
	case t.indent != "" && how == "none":
		for _, line := range append(append([]string{"```" + t.lang}, t.code...), "```") {
			t.put(strings.TrimRight(t.indent+line, " "))
		}
	default:
		t.put(t.block(map[bool]string{true: "output", false: t.lang}[t.lang == "" || t.lang == "plain" || t.lang == "text"], body)...)
	}
}

// block is a code block with marks that its content does not hold.
func (t *translator) block(info, body string) []string {
	marks := "```"
	for strings.Contains(body, marks) {
		marks += "`"
	}
	return []string{"", marks + info, body, marks, ""}
}

// action reads what stands between {{ and }} behind code: whether a click runs it.
func (t *translator) action(action string) (run bool, how string) {
	words := strings.Fields(action)
	if len(words) == 0 {
		return false, "plain"
	}
	switch words[0] {
	case "exec", "execute":
		for _, w := range words[1:] {
			switch strings.ToLower(w) {
			case "interrupt":
			case "t1", "host1":
			default:
				t.note("{{%s}}: there is one terminal, and it is the control plane's; the command runs there", action)
			}
		}
		return true, "exec"
	case "copy", "none":
		return false, words[0]
	case "open":
		t.note("{{%s}}: no editor opens by a click", action)
	default:
		t.note("{{%s}} is not known", action)
	}
	return false, "none"
}

func isShell(lang string) bool {
	switch lang {
	case "sh", "bash", "shell", "console", "zsh":
		return true
	}
	return false
}

// looksRun tells commands of a block that names no language from other text.
func looksRun(body string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(body), " ")
	switch word {
	case "kubectl", "k", "cat", "echo", "export", "alias", "cd", "vi", "vim", "nano", "mkdir", "watch", "helm":
		return true
	}
	return false
}

// line carries a line of prose over.
func (t *translator) line(line, next string) {
	lower := strings.ToLower(strings.TrimSpace(line))
	switch {
	case strings.HasPrefix(lower, "<details"):
		t.flush()
		t.beginFold()
		return
	case strings.HasPrefix(lower, "</details"):
		t.flush()
		t.endFold()
		return
	case strings.HasPrefix(lower, "<summary"):
		title := strings.Trim(plain(line), "* ")
		if t.fold == nil {
			t.put("**" + title + "**")
		} else if t.fold.title == "" {
			t.fold.title = title
		} else {
			t.put("**"+title+"**", "")
		}
		return
	}
	if m := heading.FindStringSubmatch(line); m != nil {
		t.flush()
		t.put(strings.Repeat("#", min(len(m[1])+t.shift, 6)) + " " + t.inline(m[2]))
		return
	}
	if m := under.FindStringSubmatch(next); m != nil && strings.TrimSpace(line) != "" && !strings.HasPrefix(strings.TrimSpace(line), "|") {
		t.flush()
		t.put("", "### "+t.inline(strings.TrimSpace(line)), "")
		return
	}
	if under.MatchString(line) {
		if last := t.last(); strings.HasPrefix(last, "### ") || strings.HasPrefix(line, "=") {
			return // the line below a heading
		}
		t.put("", "* * *", "") // three dashes below prose would make a heading of it
		return
	}
	if strings.HasPrefix(line, ":::") {
		line = `\` + line
	}
	if command, ok := t.alone(line); ok {
		t.flush()
		t.runs = append(t.runs, command)
		t.put(t.block("sh", command)...)
		return
	}
	t.put(t.inline(line))
	if strings.TrimSpace(line) == "" {
		t.flush()
	}
}

// last is the last line that is not empty.
func (t *translator) last() string {
	out := t.out
	if t.fold != nil {
		out = t.fold.out
	}
	for i := len(out) - 1; i >= 0; i-- {
		if out[i] != "" {
			return out[i]
		}
	}
	return ""
}

// flush puts the commands that stood within the prose behind it.
func (t *translator) flush() {
	for _, command := range t.queued {
		if t.fold != nil {
			t.fold.runs = append(t.fold.runs, command)
			continue
		}
		t.runs = append(t.runs, command)
		t.put(t.block("sh", command)...)
	}
	t.queued = nil
}

func (t *translator) beginFold() {
	if t.fold != nil {
		t.fold.depth++
		return
	}
	t.fold = &fold{depth: 1}
}

var solutions = regexp.MustCompile(`(?i)solution|answer|l(ö|oe)sung|soluci|solución|réponse`)

func (t *translator) endFold() {
	if t.fold == nil {
		return
	}
	if t.fold.depth--; t.fold.depth > 0 {
		return
	}
	f := t.fold
	t.fold = nil
	if f.title == "" {
		f.title = "More"
	}
	t.folded = append(t.folded, f.title)
	if solutions.MatchString(f.title) {
		t.solution = append(t.solution, f.runs...)
	}
	t.put("", "::: hint "+f.title, tidy(f.out), ":::", "")
}

var item1 = regexp.MustCompile(`^\s*(?:[-*+]|\d+[.)])?\s*(.*?)\s*$`)

// alone tells a line that is nothing but a command to be run.
func (t *translator) alone(line string) (string, bool) {
	if t.fold != nil {
		return "", false
	}
	m := item1.FindStringSubmatch(line)
	code, action, rest, ok := span(m[1])
	if !ok || strings.TrimSpace(rest) != "" || !strings.HasPrefix(action, "{{exec") {
		return "", false
	}
	t.action(strings.Trim(action, "{}"))
	return t.variables(code, true), true
}

// span reads a code span with an action behind it from the beginning of s.
func span(s string) (code, action, rest string, ok bool) {
	n := len(s) - len(strings.TrimLeft(s, "`"))
	if n == 0 || n > 2 {
		return "", "", s, false
	}
	marks := s[:n]
	end := strings.Index(s[n:], marks)
	if end < 0 {
		return "", "", s, false
	}
	code, rest = strings.TrimSpace(s[n:n+end]), s[n+end+n:]
	if strings.HasPrefix(rest, "{{") {
		if end := strings.Index(rest, "}}"); end >= 0 {
			action, rest = rest[:end+2], rest[end+2:]
		}
	}
	return code, action, rest, true
}

// inline carries the inside of a line over.
func (t *translator) inline(line string) string {
	var b strings.Builder
	prose := ""
	flush := func() {
		b.WriteString(t.variables(t.html(prose), false))
		prose = ""
	}
	for line != "" {
		if line[0] == '`' {
			if code, action, rest, ok := span(line); ok {
				flush()
				whole := strings.TrimSuffix(line[:len(line)-len(rest)], action)
				b.WriteString(t.variables(whole, true))
				if action != "" {
					if run, _ := t.action(strings.Trim(action, "{}")); run {
						t.queued = append(t.queued, t.variables(code, true))
					}
				}
				line = rest
				continue
			}
		}
		prose += line[:1]
		line = line[1:]
	}
	flush()
	return strings.TrimRight(b.String(), " \t")
}

// tidy joins lines, with one empty line where there are several.
func tidy(lines []string) string {
	var out []string
	code := ""
	for line := range strings.SplitSeq(strings.Join(lines, "\n"), "\n") {
		if m := opens.FindStringSubmatch(line); code == "" && m != nil {
			code = m[2]
		} else if code != "" && strings.TrimSpace(line) == code {
			code = ""
		}
		if code == "" {
			line = strings.TrimRight(line, " \t")
			if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
				continue
			}
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
