package killercoda

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

// scripts is where a scenario's scripts lie in the lesson's cluster.
const scripts = "/var/lib/killercoda/"

// carried is a lesson that is being written.
type carried struct {
	im  *importer
	dir string
	l   *Lesson

	files    map[string]string // of the cluster, by path
	setup    []string
	lesson   strings.Builder
	solution strings.Builder
	scripted map[string]string // by step: what runs its scripts
	named    map[string]bool   // programs that were noted
	checks   []string          // ids of checkpoints so far
	exercise bool              // the text leaves commands to the reader
}

// scenario carries the scenario in dir over.
func (im *importer) scenario(dir string, as item, course string) (*Lesson, error) {
	name := path.Join(dir, "index.json")
	var x index
	if err := im.json(name, &x); err != nil {
		return nil, err
	}
	c := &carried{im: im, dir: dir, files: map[string]string{}, named: map[string]bool{}, scripted: map[string]string{},
		l: &Lesson{From: dir, Files: map[string][]byte{}}}
	raw, _ := im.read(name)
	c.l.Notes = append(c.l.Notes, leftOver(raw)...)
	title, description := first(as.Title, string(x.Title), spoken(im.name(dir))), first(as.Description, string(x.Description), string(x.Title), "A scenario.")
	c.l.Title = title
	c.machine(x.Backend.ImageID)
	c.assets(x)

	c.page("intro", "", x.Details.Intro, title)
	for i := range x.Details.Steps {
		p := &x.Details.Steps[i]
		c.page(fmt.Sprintf("step%d", i+1), first(string(p.Title), fmt.Sprintf("Step %d", i+1)), p, title)
	}
	if len(x.Details.Steps) == 0 {
		c.lesson.WriteString("\n## The terminal\n\nThere are no steps: the terminal is yours.\n")
	}
	if f := x.Details.Finish; f != nil {
		c.page("finish", first(string(f.Title), "Finish"), f, title)
	}
	c.write(c.front(title, description, course, x))
	return c.l, nil
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func (c *carried) note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !slices.Contains(c.l.Notes, s) {
		c.l.Notes = append(c.l.Notes, s)
	}
}

// quoted is a string as YAML and JSON both read it.
func quoted(s string) string {
	b, _ := json.Marshal(s)
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

func (c *carried) front(title, description, course string, x index) string {
	s := fmt.Sprintf("---\ntitle: %s\nsummary: %s\n", quoted(title), quoted(description))
	for _, f := range [][2]string{{"duration", string(x.Time)}, {"level", string(x.Difficulty)}, {"course", course}} {
		if f[1] != "" {
			s += fmt.Sprintf("%s: %s\n", f[0], quoted(f[1]))
		}
	}
	if c.exercise {
		s += "exercise: true\n"
	}
	return s + "---\n"
}

// machine makes the scenario's machines.
func (c *carried) machine(image string) {
	nodes := ""
	image, _, _ = strings.Cut(image, ":")
	switch strings.TrimSuffix(image, "-rapid") {
	case "kubernetes-kubeadm-1node", "kubernetes-kubeadm-1node-4GB":
		nodes = "nodes:\n- name: controlplane\n  roles: [control-plane]\n"
		c.setup = append(c.setup, "# The one node takes Pods.", "kubectl taint nodes controlplane node-role.kubernetes.io/control-plane:NoSchedule- > /dev/null")
	case "kubernetes-kubeadm-2nodes", "kubernetes-cluster", "kubernetes-cluster-running":
		nodes = "nodes:\n- name: controlplane\n  roles: [control-plane]\n- name: node01\n"
	case "":
		c.note("index.json: backend.imageid is not given: the lesson has the default cluster")
	default:
		c.note("index.json: backend.imageid: there is no %s; the lesson has the default cluster, and what that machine brings beside Kubernetes is not there", quoted(image))
	}
	c.l.Files["scenario.yaml"] = []byte(nodes)
}

// assets puts files on the machine.
func (c *carried) assets(x index) {
	for _, host := range slices.Sorted(maps.Keys(x.Details.Assets)) {
		if host != "host01" && len(x.Details.Assets[host]) > 0 {
			c.note("index.json: assets of %s: there is one machine, whose files host01's are", host)
			continue
		}
		for _, a := range x.Details.Assets[host] {
			dir := path.Join(c.dir, "assets")
			names, err := c.im.matching(dir, a.File)
			if err != nil || len(names) == 0 {
				c.note("assets/%s: there is no such file", a.File)
			}
			for _, name := range names {
				c.asset(dir, name, a)
			}
		}
	}
}

func (c *carried) asset(dir, name string, a asset) {
	text, err := c.im.read(path.Join(dir, name))
	if err == nil && !utf8.ValidString(text) {
		err = fmt.Errorf("it is no text, and a scenario's files are")
	}
	if err != nil {
		c.note("assets/%s: %v", name, err)
		return
	}
	to := strings.Replace(path.Join(first(a.Target, "/root"), path.Base(name)), "~", "/root", 1)
	if !path.IsAbs(to) {
		to = "/root/" + to
	}
	c.files[to] = text
	if a.Chmod != "" {
		c.setup = append(c.setup, fmt.Sprintf("chmod %s %s", word1(a.Chmod), shellWord(to)))
	}
	c.programs("assets/"+name, text, strings.HasSuffix(name, ".sh") || strings.HasPrefix(text, "#!"))
}

func word1(s string) string { return strings.Fields(s + " +x")[0] }

func shellWord(s string) string {
	q, err := syntax.Quote(s, syntax.LangBash)
	if err != nil {
		return "''"
	}
	return q
}

// page writes the introduction, a step or the end.
func (c *carried) page(id, title string, p *page, lesson string) {
	if p == nil {
		return
	}
	if title != "" {
		fmt.Fprintf(&c.lesson, "\n## %s\n", title)
	}
	background, foreground := p.scripts()
	run := c.script(id, "background", background)
	run = append(run, c.script(id, "foreground", foreground)...)
	switch {
	case len(run) == 0:
	case id == "intro":
		for _, name := range run {
			c.setup = append(c.setup, "bash "+name+" || true")
		}
		if foreground != "" {
			c.note("intro: %s runs before the lesson begins, and what it prints is not shown", foreground)
		}
	default:
		c.note("%s: a step's scripts do not run by themselves when it is opened: a command at its beginning runs them", id)
		c.scripted[id] = "bash " + strings.Join(run, " && bash ")
		c.lesson.WriteString("\nPrepare this step:\n\n```sh\n" + c.scripted[id] + "\n```\n")
	}
	t := c.body(id, title, p, lesson)
	c.answer(id, p, &t)
	c.check(id, title, p, t)
}

// script keeps a script in the cluster and returns its path.
func (c *carried) script(id, kind, file string) []string {
	if file == "" {
		return nil
	}
	text, err := c.im.read(path.Join(c.dir, file))
	if err != nil {
		c.note("%s: %s %s: %v", id, kind, file, err)
		return nil
	}
	c.programs(file, text, true)
	name := scripts + id + "-" + kind + ".sh"
	c.files[name] = text
	return []string{name}
}

func (c *carried) body(id, title string, p *page, lesson string) text {
	if p.Text == "" {
		return text{}
	}
	source, err := c.im.read(path.Join(c.dir, p.Text))
	if err != nil {
		c.note("%s: text %s: %v", id, p.Text, err)
		return text{}
	}
	t := translate(source, first(title, lesson))
	for _, n := range unique(t.notes) {
		c.note("%s: %s", id, n)
	}
	for _, name := range unique(t.images) {
		c.picture(id, path.Dir(p.Text), name)
	}
	for _, command := range t.runs {
		c.programs(id, command, true)
	}
	if t.md != "" {
		c.lesson.WriteString("\n" + t.md + "\n")
	}
	return t
}

// picture takes a picture along.
func (c *carried) picture(id, from, name string) {
	name, _, _ = strings.Cut(name, "?")
	for _, at := range []string{path.Join(c.dir, from, name), path.Join(c.dir, name), path.Join(c.dir, "assets", path.Base(name)), strings.TrimPrefix(path.Clean(name), "/")} {
		text, err := c.im.readRaw(at)
		if err == nil {
			c.l.Files[path.Base(name)] = text
			return
		}
	}
	c.note("%s: the picture %s is not there", id, name)
}

// answer is a page that Katacoda shows on demand.
func (c *carried) answer(id string, p *page, t *text) {
	if p.Answer == "" {
		return
	}
	source, err := c.im.read(path.Join(c.dir, p.Answer))
	if err != nil {
		c.note("%s: answer %s: %v", id, p.Answer, err)
		return
	}
	a := translate("<details>\n<summary>Answer</summary>\n"+source+"\n</details>\n", "")
	t.folded, t.solution = append(t.folded, a.folded...), append(t.solution, a.solution...)
	c.lesson.WriteString("\n" + a.md + "\n")
}

// check makes a step's checkpoint of its verify script, and its part of the solution.
func (c *carried) check(id, title string, p *page, t text) {
	commands := append(append([]string{}, t.runs...), t.solution...)
	c.exercise = c.exercise || len(t.solution) > 0 || p.Verify != "" && len(commands) == 0
	if len(commands) > 0 {
		if id != "intro" && c.scripted[id] != "" {
			commands = append([]string{c.scripted[id]}, commands...)
		}
		fmt.Fprintf(&c.solution, "\n# %s\n%s\n", first(title, "Introduction"), strings.Join(commands, "\n"))
	}
	if p.Verify == "" {
		return
	}
	source, err := c.im.read(path.Join(c.dir, p.Verify))
	if err != nil {
		c.note("%s: verify %s: %v", id, p.Verify, err)
		return
	}
	if len(commands) == 0 {
		c.note("%s: its text holds no command that solves it: write it into solution.sh", id)
	}
	c.programs(p.Verify, source, true)
	name := "verify-" + id + ".sh"
	c.l.Files[name] = []byte(source)
	hint := "Do what the text asks for; the check looks at what is in the cluster."
	if len(t.folded) > 0 {
		hint = fmt.Sprintf("Open “%s” above.", t.folded[0])
	}
	after := ""
	if n := len(c.checks); n > 0 {
		after = "after: " + c.checks[n-1] + "\n"
	}
	c.checks = append(c.checks, id)
	fmt.Fprintf(&c.solution, "# Checkpoint: %s\n", id)
	fmt.Fprintf(&c.lesson, "\n::: checkpoint %s\ntitle: %s\nhint: %s\n%sassert:\n- script: %s\n  say: %s\n:::\n",
		id, quoted(first(title, "Introduction")), quoted(hint), after, name, quoted("This is not done yet."))
}

// programs notes the programs of a script that are not simulated.
func (c *carried) programs(where, text string, isScript bool) {
	if !isScript || c.im.options.Unsimulated == nil {
		return
	}
	f, err := syntax.NewParser().Parse(strings.NewReader(text), where)
	if err != nil {
		c.note("%s: %v", where, strings.TrimPrefix(err.Error(), where+":"))
		return
	}
	syntax.Walk(f, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok {
			return true
		}
		for _, w := range call.Args {
			name := w.Lit()
			if name == "sudo" || name == "nohup" || name == "time" {
				continue
			}
			if name != "" && c.im.options.Unsimulated(name) && !c.named[where+" "+name] {
				c.named[where+" "+name] = true
				c.note("%s: it calls %s, which is not simulated", where, name)
			}
			break
		}
		return true
	})
}

// write makes the lesson's files of what has been gathered.
func (c *carried) write(front string) {
	c.l.Files["lesson.md"] = []byte(front + c.lesson.String())
	if len(c.setup) > 0 {
		c.l.Files["setup.sh"] = []byte("#!/bin/bash\n" + strings.Join(c.setup, "\n") + "\n")
	}
	if c.solution.Len() > 0 {
		c.l.Files["solution.sh"] = []byte("# The commands of the text, in its order.\n" + c.solution.String())
	} else {
		c.note("solution.sh: the text holds no commands: write them, so that `terrarium lesson check` can prove the lesson")
	}
	var b strings.Builder
	b.Write(c.l.Files["scenario.yaml"])
	if len(c.files) > 0 {
		b.WriteString("files:\n")
	}
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		fmt.Fprintf(&b, "  %s: %s\n", quoted(name), block(c.files[name]))
	}
	if b.Len() == 0 {
		b.WriteString("# The default cluster.\n{}\n")
	}
	c.l.Files["scenario.yaml"] = []byte(b.String())
}

// block writes a text as YAML, over several lines where that keeps it whole.
func block(s string) string {
	if s == "" || strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\n") || strings.ContainsAny(s, "\r\t\x00") || strings.HasSuffix(s, "\n\n") {
		return quoted(s)
	}
	for _, r := range s {
		if r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\ufeff' || r == utf8.RuneError {
			return quoted(s)
		}
	}
	head := "|"
	if !strings.HasSuffix(s, "\n") {
		head = "|-"
	}
	return head + "\n    " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n    ")
}
