package lessons

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"sigs.k8s.io/yaml"
)

// Parse reads the files of a lesson folder by their names in it. Errors name the file and the line.
func Parse(files map[string][]byte) (*Lesson, error) {
	text, ok := files["lesson.md"]
	if !ok {
		return nil, fmt.Errorf("lesson.md: the lesson folder has no such file")
	}
	p := &parser{
		lesson:   &Lesson{},
		files:    files,
		markdown: goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough)),
		ids:      map[string]bool{},
	}
	p.lesson.Scenario = files["scenario.yaml"]
	p.lesson.Setup = files["setup.sh"]
	p.lesson.Solution = files["solution.sh"]
	if err := p.parse(strings.ReplaceAll(string(text), "\r\n", "\n")); err != nil {
		return nil, fmt.Errorf("lesson.md:%d: %w", p.line, err)
	}
	return p.lesson, nil
}

type parser struct {
	lesson   *Lesson
	files    map[string][]byte
	markdown goldmark.Markdown
	ids      map[string]bool

	lines []string
	line  int      // 1-based number of the line that is being read, for errors
	prose []string // lines not yet rendered
}

type frontMatter struct {
	Title    string `json:"title"`
	Summary  string `json:"summary"`
	Duration string `json:"duration"`
	Level    string `json:"level"`
	Course   string `json:"course"`
	Exercise bool   `json:"exercise"`
	Flow     *struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Nodes       []struct {
			ID     string      `json:"id"`
			Title  string      `json:"title"`
			Label  string      `json:"label"`
			Icon   string      `json:"icon"`
			Done   []Assertion `json:"done"`
			Failed []Assertion `json:"failed"`
			Active []Assertion `json:"active"`
		} `json:"nodes"`
	} `json:"flow"`
}

func (p *parser) parse(text string) error {
	p.lines = strings.Split(text, "\n")
	if err := p.front(); err != nil {
		return err
	}
	for p.line < len(p.lines) {
		line := p.lines[p.line]
		p.line++
		var err error
		switch {
		case strings.HasPrefix(line, "## "):
			p.flush()
			err = p.step(strings.TrimSpace(line[3:]))
		case fence(line) != "":
			p.flush()
			err = p.code(line)
		case strings.HasPrefix(line, ":::") && strings.Trim(line, ": \t") != "":
			p.flush()
			err = p.directive(strings.Fields(strings.TrimLeft(line, ":")))
		default:
			p.prose = append(p.prose, line)
		}
		if err != nil {
			return err
		}
	}
	p.flush()
	if len(p.lesson.Steps) == 0 {
		return fmt.Errorf("the lesson has no step: a step begins with a line `## Title`")
	}
	return nil
}

func (p *parser) front() error {
	p.line = 1
	if strings.TrimSpace(p.lines[0]) != "---" {
		return fmt.Errorf("the file must begin with front matter between two lines of ---")
	}
	end := 1
	for end < len(p.lines) && strings.TrimSpace(p.lines[end]) != "---" {
		end++
	}
	if end == len(p.lines) {
		return fmt.Errorf("the front matter has no closing ---")
	}
	var f frontMatter
	if err := yaml.UnmarshalStrict([]byte(strings.Join(p.lines[1:end], "\n")), &f); err != nil {
		return fmt.Errorf("front matter: %w", err)
	}
	p.line = end + 1
	if f.Title == "" || f.Summary == "" {
		return fmt.Errorf("the front matter must have a title and a summary")
	}
	l := p.lesson
	l.Title, l.Summary, l.Duration, l.Level, l.Course = f.Title, strings.TrimSpace(f.Summary), f.Duration, f.Level, f.Course
	l.Exercise = f.Exercise
	if f.Flow == nil {
		return nil
	}
	l.Flow = &Flow{Title: f.Flow.Title, Description: strings.TrimSpace(f.Flow.Description)}
	for _, n := range f.Flow.Nodes {
		if err := p.claim("flow node", n.ID); err != nil {
			return err
		}
		l.Flow.Nodes = append(l.Flow.Nodes, FlowNode(n))
	}
	for _, n := range l.Flow.Nodes {
		for _, as := range [][]Assertion{n.Done, n.Failed, n.Active} {
			if err := p.whole(as); err != nil {
				return fmt.Errorf("flow node %q: %w", n.ID, err)
			}
		}
	}
	return nil
}

var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// claim makes sure that an id is well formed and used once.
func (p *parser) claim(what, id string) error {
	if !idForm.MatchString(id) {
		return fmt.Errorf("%s: the id %q must be lower-case words joined by '-'", what, id)
	}
	if p.ids[what+" "+id] {
		return fmt.Errorf("%s: the id %q is used twice", what, id)
	}
	p.ids[what+" "+id] = true
	return nil
}

var notInIDs = regexp.MustCompile(`[^a-z0-9]+`)

func (p *parser) step(title string) error {
	id := strings.Trim(notInIDs.ReplaceAllString(strings.ToLower(title), "-"), "-")
	if id == "" {
		id = fmt.Sprintf("step-%d", len(p.lesson.Steps)+1)
	}
	for base, n := id, 2; p.ids["step "+id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	p.ids["step "+id] = true
	p.lesson.Steps = append(p.lesson.Steps, Step{ID: id, Title: title})
	return nil
}

func (p *parser) add(b Block) error {
	if len(p.lesson.Steps) == 0 {
		p.lesson.Steps = append(p.lesson.Steps, Step{ID: "introduction", Title: p.lesson.Title})
		p.ids["step introduction"] = true
	}
	b.line = p.line
	s := &p.lesson.Steps[len(p.lesson.Steps)-1]
	s.Blocks = append(s.Blocks, b)
	return nil
}

// flush renders the prose read so far into an html block.
func (p *parser) flush() {
	text := strings.TrimSpace(strings.Join(p.prose, "\n"))
	p.prose = nil
	if text != "" {
		p.add(Block{Kind: "html", HTML: p.html(text)})
	}
}

// html renders Markdown; raw HTML of the author is left out.
func (p *parser) html(text string) string {
	var b bytes.Buffer
	if err := p.markdown.Convert([]byte(text), &b); err != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// inline renders Markdown without the paragraph around it.
func (p *parser) inline(text string) string {
	h := p.html(strings.TrimSpace(text))
	if inner, ok := strings.CutPrefix(h, "<p>"); ok && strings.Count(h, "<p>") == 1 {
		return strings.TrimSuffix(inner, "</p>")
	}
	return h
}

// fence is the run of backquotes that opens a code block, "" where the line opens none.
func fence(line string) string {
	n := len(line) - len(strings.TrimLeft(line, "`"))
	if n < 3 {
		return ""
	}
	return line[:n]
}

// code reads a fenced block. Its info string is a language and then words: `sh`, `sh run`, `sh fails`, `sh skip`,
// `yaml file=PATH`, `output`.
func (p *parser) code(open string) error {
	mark := fence(open)
	info := strings.Fields(open[len(mark):])
	body, err := p.until(func(line string) bool { return strings.TrimRight(line, " \t") == mark }, "code block")
	if err != nil {
		return err
	}
	text := strings.Join(body, "\n")
	b := Block{Kind: "output", Text: text}
	if len(info) > 0 {
		b.Language = info[0]
	}
	shell := len(info) > 0 && (info[0] == "sh" || info[0] == "bash" || info[0] == "shell")
	if shell {
		b = Block{Kind: "command", Text: text, Run: true}
	}
	for _, word := range info[min(1, len(info)):] {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case key == "file" && value != "":
			b = Block{Kind: "file", Path: path.Clean(value), Content: text + "\n", Language: info[0]}
		case shell && key == "copy":
			b.Run, b.Skip = false, true
		case shell && key == "fails":
			b.Fails = true
		case shell && key == "skip":
			b.Skip = true
		case shell && key == "run":
		default:
			return fmt.Errorf("code block: unknown word %q after the language", word)
		}
	}
	if b.Kind == "output" && b.Language == "output" {
		b.Language = ""
	}
	return p.add(b)
}

// until takes lines up to the one that ends a construct.
func (p *parser) until(end func(string) bool, what string) ([]string, error) {
	start := p.line
	for i := start; i < len(p.lines); i++ {
		if end(p.lines[i]) {
			p.line = i + 1
			return p.lines[start:i], nil
		}
	}
	return nil, fmt.Errorf("this %s is not closed", what)
}
