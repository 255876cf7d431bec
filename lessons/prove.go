package lessons

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Terminal is a cluster with a shell in front of it, at the lesson's beginning: scenario and setup.sh have been
// played.
type Terminal interface {
	World
	// Exec runs a line; while it waits, virtual time jumps. output is both streams as a terminal shows them.
	Exec(line string) (output string, exit int)
	// WriteFile writes a file; a relative path is below the home directory.
	WriteFile(path string, content []byte) error
	// Wait lets virtual time pass until done, for at most a few minutes, and reports whether it became true.
	Wait(done func() bool) bool
}

// Problem is something that is wrong with a lesson.
type Problem struct {
	Line int // in lesson.md; 0 where it is about another file
	Text string
}

func (p Problem) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("lesson.md:%d: %s", p.Line, p.Text)
	}
	return p.Text
}

// Prove plays a lesson and returns what is wrong with it: that it fails as given, passes after its solution and,
// where it is no exercise, after its own prose, whose every command works; and that links, quizzes and hints are whole.
// start makes a fresh Terminal; files are the names in the lesson's folder.
func (l *Lesson) Prove(files map[string][]byte, start func() (Terminal, error)) ([]Problem, error) {
	pr := &proof{lesson: l, files: files}
	pr.links()
	plays := []func(Terminal){pr.asGiven, pr.solution, pr.prose}
	if l.Exercise {
		plays = plays[:2]
	}
	for _, play := range plays {
		t, err := start()
		if err != nil {
			return nil, err
		}
		pr.passed = map[string]bool{}
		play(t)
	}
	return pr.problems, nil
}

type proof struct {
	lesson   *Lesson
	files    map[string][]byte
	problems []Problem
	passed   map[string]bool // checkpoints, in this play
}

func (p *proof) say(line int, format string, args ...any) {
	p.problems = append(p.problems, Problem{line, fmt.Sprintf(format, args...)})
}

func (p *proof) asGiven(t Terminal) {
	for _, c := range p.lesson.Check(t).Checkpoints {
		if c.Passed && p.lesson.checkpoint(c.ID).After == "" {
			p.say(p.lineOf(c.ID), "checkpoint %s passes before anything has been done", c.ID)
		}
	}
}

// part is a piece of a solution: what passes one checkpoint.
type part struct{ checkpoint, script string }

var marks = regexp.MustCompile(`(?m)^# Checkpoint: (\S+)[ \t]*$`)

// parts cuts a solution behind each line `# Checkpoint: ID`; the last part has no checkpoint.
func parts(solution string) (all []part) {
	at := 0
	for _, m := range marks.FindAllStringSubmatchIndex(solution, -1) {
		all = append(all, part{solution[m[2]:m[3]], solution[at:m[1]]})
		at = m[1]
	}
	return append(all, part{"", solution[at:]})
}

// solution plays solution.sh: as one script, or, where it says at which lines which checkpoint is passed, part by part
// in one shell.
func (p *proof) solution(t Terminal) {
	if p.lesson.Solution == nil {
		p.say(0, "solution.sh: the lesson has none")
		return
	}
	command := "bash /tmp/solution.sh"
	all := parts(string(p.lesson.Solution))
	if len(all) > 1 {
		command = ". /tmp/solution.sh"
	}
	for _, s := range all {
		if err := t.WriteFile("/tmp/solution.sh", []byte(s.script)); err != nil {
			p.say(0, "solution.sh: %v", err)
			return
		}
		if out, exit := t.Exec(command); exit != 0 {
			p.say(0, "solution.sh: it ended with exit code %d:\n%s", exit, indent(out))
		}
		if s.checkpoint == "" {
			continue
		}
		if p.lesson.checkpoint(s.checkpoint) == nil {
			p.say(0, "solution.sh: the lesson has no checkpoint %s", s.checkpoint)
		} else {
			t.Wait(func() bool { p.look(t); return p.passed[s.checkpoint] })
		}
	}
	p.passes(t, "after solution.sh")
}

// look remembers which checkpoints have been passed, as a page does.
func (p *proof) look(t Terminal) (all bool, why map[string]string) {
	all, why = true, map[string]string{}
	for i, s := range p.lesson.Check(t).Checkpoints {
		c := p.lesson.Checkpoints[i]
		if s.Passed && (c.After == "" || p.passed[c.After]) {
			p.passed[c.ID] = true
		}
		if !p.passed[c.ID] {
			all, why[c.ID] = false, s.Detail
			if s.Passed {
				why[c.ID] = "checkpoint " + c.After + " comes before it"
			}
		}
	}
	return all, why
}

func (p *proof) passes(t Terminal, when string) {
	if t.Wait(func() bool { all, _ := p.look(t); return all }) {
		return
	}
	_, why := p.look(t)
	for _, c := range p.lesson.Checkpoints {
		if !p.passed[c.ID] {
			p.say(p.lineOf(c.ID), "checkpoint %s does not pass %s: %s", c.ID, when, why[c.ID])
		}
	}
}

// prose does what a diligent reader does: everything, in order.
func (p *proof) prose(t Terminal) {
	for _, s := range p.lesson.Steps {
		for _, b := range s.Blocks {
			switch {
			case b.Kind == "checkpoint" && p.lesson.counted(b.ID):
				t.Wait(func() bool { p.look(t); return p.passed[b.ID] })
			case b.Kind == "file":
				if err := t.WriteFile(b.Path, []byte(b.Content)); err != nil {
					p.say(b.line, "file %s: %v", b.Path, err)
				}
			case b.Kind == "command" && !b.Skip:
				out, exit := t.Exec(b.Text)
				if exit != 0 && !b.Fails {
					p.say(b.line, "`%s` ended with exit code %d:\n%s", b.Text, exit, indent(out))
				}
				if exit == 0 && b.Fails {
					p.say(b.line, "`%s` is marked `fails`, but it works", b.Text)
				}
			}
		}
	}
	p.passes(t, "after everything in the text was done")
}

func (l *Lesson) checkpoint(id string) *Checkpoint {
	for _, c := range l.Checkpoints {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// counted reports whether other checkpoints are waiting for this one: then it is looked at where the text stands.
func (l *Lesson) counted(id string) bool {
	return slices.ContainsFunc(l.Checkpoints, func(c *Checkpoint) bool { return c.After == id })
}

func (p *proof) lineOf(checkpoint string) int {
	for _, s := range p.lesson.Steps {
		for _, b := range s.Blocks {
			if b.Kind == "checkpoint" && b.ID == checkpoint {
				return b.line
			}
		}
	}
	return 0
}

var (
	linkForm  = regexp.MustCompile(`<a href="([^"]*)"`)
	imageForm = regexp.MustCompile(`<img src="([^"]*)" alt="([^"]*)"`)
)

// links checks that what the prose refers to is there, and that every checkpoint has a hint.
func (p *proof) links() {
	for _, s := range p.lesson.Steps {
		for _, b := range s.Blocks {
			html := b.HTML + b.Hint + b.Question + b.Explanation
			for _, c := range b.Choices {
				html += c.HTML
			}
			for _, m := range linkForm.FindAllStringSubmatch(html, -1) {
				p.link(b.line, m[1])
			}
			for _, m := range imageForm.FindAllStringSubmatch(html, -1) {
				p.link(b.line, m[1])
				if m[2] == "" {
					p.say(b.line, "the image %s has no text for those who cannot see it", m[1])
				}
			}
			if b.Kind == "checkpoint" && b.Hint == "" {
				p.say(b.line, "checkpoint %s has no hint", b.ID)
			}
		}
	}
}

func (p *proof) link(line int, to string) {
	if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
		return
	}
	if id, ok := strings.CutPrefix(to, "#"); ok {
		for _, s := range p.lesson.Steps {
			if s.ID == id {
				return
			}
		}
		p.say(line, "the link #%s leads to no step", id)
		return
	}
	if _, ok := p.files[to]; !ok {
		p.say(line, "the link %s leads to no file of the lesson", to)
	}
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}
