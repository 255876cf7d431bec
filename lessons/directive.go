package lessons

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// directive reads a block between `::: NAME …` and `:::`.
func (p *parser) directive(words []string) error {
	at := p.line
	body, err := p.until(func(line string) bool { return strings.TrimSpace(line) == ":::" }, "::: block")
	if err != nil {
		return err
	}
	end := p.line
	p.line = at
	name, rest := words[0], words[1:]
	switch name {
	case "note", "tip", "warning":
		err = p.add(Block{Kind: "note", Tone: name, HTML: p.html(strings.Join(body, "\n"))})
	case "hint":
		err = p.add(Block{Kind: "hint", Title: strings.Join(rest, " "), HTML: p.html(strings.Join(body, "\n"))})
	case "quiz":
		err = p.quiz(rest, body)
	case "checkpoint":
		err = p.checkpoint(rest, body)
	default:
		err = fmt.Errorf("unknown block %q: there are checkpoint, hint, note, quiz, tip and warning", name)
	}
	if err == nil {
		p.line = end
	}
	return err
}

func oneID(what string, words []string) (string, error) {
	if len(words) != 1 {
		return "", fmt.Errorf("%s: write `::: %s ID`", what, what)
	}
	return words[0], nil
}

// quiz reads the question, then `- [x] right` and `- [ ] wrong` or `= short answer`, then `> explanation`.
func (p *parser) quiz(words, body []string) error {
	id, err := oneID("quiz", words)
	if err != nil {
		return err
	}
	if err := p.claim("quiz", id); err != nil {
		return err
	}
	b := Block{Kind: "quiz", ID: id}
	var question, why []string
	right := 0
	for _, line := range body {
		switch t := strings.TrimSpace(line); {
		case strings.HasPrefix(t, "- [x] "), strings.HasPrefix(t, "- [ ] "):
			correct := t[3] == 'x'
			if correct {
				right++
			}
			b.Choices = append(b.Choices, Choice{HTML: p.inline(t[6:]), Correct: correct})
		case strings.HasPrefix(t, "= "):
			b.Accept = append(b.Accept, strings.TrimSpace(t[2:]))
		case strings.HasPrefix(t, ">"):
			why = append(why, strings.TrimPrefix(strings.TrimPrefix(t, ">"), " "))
		case len(b.Choices) > 0 && strings.HasPrefix(line, "      ") && t != "":
			return fmt.Errorf("quiz %s: write each choice on one line", id)
		default:
			question = append(question, line)
		}
	}
	b.Question = p.html(strings.Join(question, "\n"))
	b.Explanation = p.html(strings.Join(why, "\n"))
	switch {
	case b.Question == "":
		return fmt.Errorf("quiz %s: there is no question", id)
	case b.Explanation == "":
		return fmt.Errorf("quiz %s: there is no explanation: lines that begin with > say why", id)
	case len(b.Choices) > 0 && len(b.Accept) > 0:
		return fmt.Errorf("quiz %s: it has both choices and short answers", id)
	case len(b.Choices) == 0 && len(b.Accept) == 0:
		return fmt.Errorf("quiz %s: it has neither choices (- [x] …) nor a short answer (= …)", id)
	case len(b.Choices) > 0 && (right == 0 || len(b.Choices) < 2):
		return fmt.Errorf("quiz %s: it needs two choices or more, one of them marked [x]", id)
	}
	return p.add(b)
}

// checkpoint reads YAML: title, hint (Markdown), after (the id of an earlier checkpoint) and assert (a list of
// Assertion).
func (p *parser) checkpoint(words, body []string) error {
	id, err := oneID("checkpoint", words)
	if err != nil {
		return err
	}
	if err := p.claim("checkpoint", id); err != nil {
		return err
	}
	var in struct {
		Title  string      `json:"title"`
		Hint   string      `json:"hint"`
		After  string      `json:"after"`
		Assert []Assertion `json:"assert"`
	}
	if err := yaml.UnmarshalStrict([]byte(strings.Join(body, "\n")), &in); err != nil {
		return fmt.Errorf("checkpoint %s: %w", id, err)
	}
	if in.Title == "" || len(in.Assert) == 0 {
		return fmt.Errorf("checkpoint %s: it must have a title and assert something", id)
	}
	if err := p.whole(in.Assert); err != nil {
		return fmt.Errorf("checkpoint %s: %w", id, err)
	}
	if in.After != "" && (in.After == id || !p.ids["checkpoint "+in.After]) {
		return fmt.Errorf("checkpoint %s: after: there is no checkpoint %q before it", id, in.After)
	}
	c := &Checkpoint{ID: id, Title: in.Title, After: in.After, Assert: in.Assert}
	if in.Hint != "" {
		c.Hint = p.html(in.Hint)
	}
	p.lesson.Checkpoints = append(p.lesson.Checkpoints, c)
	return p.add(Block{Kind: "checkpoint", ID: id, Title: in.Title, Hint: c.Hint, After: in.After})
}

// whole checks assertions and reads the scripts that they name from the lesson's folder.
func (p *parser) whole(assertions []Assertion) error {
	for i := range assertions {
		a := &assertions[i]
		if err := a.check(); err != nil {
			return err
		}
		if a.Script != "" && !strings.ContainsAny(a.Script, " \n") {
			text, ok := p.files[a.Script]
			if !ok {
				return fmt.Errorf("the lesson's folder has no %s", a.Script)
			}
			a.text = string(text)
		} else {
			a.text = a.Script
		}
	}
	return nil
}
