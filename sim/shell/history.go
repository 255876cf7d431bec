package shell

import (
	"fmt"
	"strconv"
	"strings"
)

// HistoryLine is an input of several lines as the history keeps it: on one line, with semicolons where they belong. What
// holds a here-document or an open quote keeps its newlines.
func (sh *Shell) HistoryLine(text string) string {
	lines := strings.Split(text, "\n")
	if len(lines) == 1 || strings.Contains(text, "<<") {
		return text
	}
	joined := lines[0]
	for i, line := range lines[1:] {
		before := strings.Join(lines[:i+1], "\n")
		switch {
		case strings.Count(before, "'")%2 == 1, strings.Count(before, `"`)%2 == 1:
			joined += "\n" + line
		case strings.HasSuffix(joined, `\`):
			joined = joined[:len(joined)-1] + line
		case leadsOn(joined) || strings.TrimSpace(line) == "":
			joined += " " + line
		default:
			joined += "; " + line
		}
	}
	return joined
}

// leadsOn reports whether nothing may stand between a line's end and the next.
func leadsOn(line string) bool {
	line = strings.TrimRight(line, " \t")
	if line == "" || strings.HasSuffix(line, "|") || strings.HasSuffix(line, "&") || strings.HasSuffix(line, ";") || strings.HasSuffix(line, "(") || strings.HasSuffix(line, "{") {
		return true
	}
	switch line[strings.LastIndexAny(line, " \t;")+1:] {
	case "do", "then", "else", "in", "if", "while", "until", "elif", "{", "!":
		return true
	}
	return false
}

// AddHistory remembers a line that was typed; one like the last, one that is blank or begins with a blank is not.
func (sh *Shell) AddHistory(line string) {
	line = strings.TrimRight(line, "\n")
	if strings.TrimSpace(line) == "" || line[0] == ' ' || len(sh.history) > 0 && sh.history[len(sh.history)-1] == line {
		return
	}
	if sh.history = append(sh.history, line); len(sh.history) > 1000 {
		sh.history = sh.history[1:]
	}
}

// History lists the lines that were typed, oldest first.
func (sh *Shell) History() []string { return sh.history }

// ExpandHistory replaces the ! designators of a typed line, as !!, !$, !-2, !kubectl, !?text? and ^old^new do. changed
// says that the line differs and should be shown; an error reads as bash prints it.
func (sh *Shell) ExpandHistory(line string) (expanded string, changed bool, err error) {
	if on, set := sh.main.opts.set["histexpand"]; set && !on {
		return line, false, nil
	}
	if strings.HasPrefix(line, "^") {
		old, with, _ := strings.Cut(line[1:], "^")
		with, _, _ = strings.Cut(with, "^")
		last, _ := sh.event("!", "")
		if old == "" || !strings.Contains(last, old) {
			return line, false, fmt.Errorf(":s%s: substitution failed", line)
		}
		return strings.Replace(last, old, with, 1), true, nil
	}
	var b strings.Builder
	single, double := false, false
	for i := 0; i < len(line); {
		c := line[i]
		switch {
		case c == '\\' && !single && i+1 < len(line):
			b.WriteString(line[i : i+2])
			i += 2
			continue
		case c == '\'' && !double:
			single = !single
		case c == '"' && !single:
			double = !double
		case c == '!' && !single && i+1 < len(line) && !strings.ContainsRune(" \t\n=(", rune(line[i+1])) && !(double && line[i+1] == '"'):
			if i > 0 && (line[i-1] == '[' && line[i+1] != '!' || line[i-1] == '$' || line[i-1] == '{') {
				break
			}
			text, n, err := sh.designator(line[i:])
			if err != nil {
				return line, false, err
			}
			b.WriteString(text)
			i += n
			changed = true
			continue
		}
		b.WriteByte(c)
		i++
	}
	return b.String(), changed, nil
}

// event finds a line of the history by what follows the !.
func (sh *Shell) event(spec, _ string) (string, bool) {
	h := sh.history
	if spec == "!" {
		if len(h) == 0 {
			return "", false
		}
		return h[len(h)-1], true
	}
	if n, err := strconv.Atoi(spec); err == nil {
		if n < 0 {
			n += len(h) + 1
		}
		if n < 1 || n > len(h) {
			return "", false
		}
		return h[n-1], true
	}
	inside := strings.HasPrefix(spec, "?")
	spec = strings.Trim(spec, "?")
	for i := len(h) - 1; i >= 0; i-- {
		if inside && strings.Contains(h[i], spec) || !inside && strings.HasPrefix(h[i], spec) {
			return h[i], true
		}
	}
	return "", false
}

// designator expands one that begins s; n is its length.
func (sh *Shell) designator(s string) (text string, n int, err error) {
	n = 1
	spec := ""
	switch c := s[1]; {
	case c == '!':
		spec, n = "!", 2
	case c == '$' || c == '^' || c == '*' || c == ':':
		spec = "!"
	case c == '?':
		end := strings.IndexByte(s[2:], '?')
		if end < 0 {
			spec, n = s[1:], len(s)
		} else {
			spec, n = s[1:2+end+1], 2+end+1
		}
	default:
		for n < len(s) && !strings.ContainsRune(" \t\n:;|&<>()'\"$", rune(s[n])) {
			n++
		}
		spec = s[1:n]
	}
	line, ok := sh.event(spec, "")
	if !ok {
		return "", 0, fmt.Errorf("%s: event not found", s[:max(n, 2)])
	}
	words := historyWords(line)
	word := ""
	rest := s[n:]
	switch {
	case rest != "" && strings.ContainsRune("$^*", rune(rest[0])):
		word, n = rest[:1], n+1
	case len(rest) > 1 && rest[0] == ':' && strings.ContainsRune("$^*0123456789-", rune(rest[1])):
		end := 1
		for end < len(rest) && strings.ContainsRune("$^*0123456789-", rune(rest[end])) {
			end++
		}
		word, n = rest[1:end], n+end
	default:
		return line, n, nil
	}
	text, ok = pickWords(words, word)
	if !ok {
		return "", 0, fmt.Errorf("%s: bad word specifier", ":"+word)
	}
	return text, n, nil
}

func pickWords(words []string, spec string) (string, bool) {
	last := len(words) - 1
	at := func(s string, empty int) (int, bool) {
		switch s {
		case "":
			return empty, true
		case "^":
			return 1, true
		case "$":
			return last, true
		}
		n, err := strconv.Atoi(s)
		return n, err == nil
	}
	if spec == "*" {
		return strings.Join(words[min(1, len(words)):], " "), true
	}
	from, to, isRange := strings.Cut(spec, "-")
	if stripped, ok := strings.CutSuffix(from, "*"); ok {
		from, to, isRange = stripped, "$", true
	}
	i, ok1 := at(from, 0)
	j := i
	ok2 := true
	if isRange {
		j, ok2 = at(to, last-1)
	}
	if !ok1 || !ok2 || i < 0 || j > last || i > j {
		return "", false
	}
	return strings.Join(words[i:j+1], " "), true
}

// historyWords splits a line as the shell's tokens.
func historyWords(line string) []string {
	var words []string
	for pos := 0; pos < len(line); {
		start, end := nextToken(line, pos)
		if start == end {
			break
		}
		words = append(words, line[start:end])
		pos = end
	}
	return words
}
