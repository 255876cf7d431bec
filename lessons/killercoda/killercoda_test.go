package killercoda_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"terrarium/lessons"
	"terrarium/lessons/killercoda"
)

func tree(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

var options = killercoda.Options{Name: "my-course", Unsimulated: func(name string) bool { return name == "helm" || name == "apt-get" }}

// one imports a scenario of one step with that text, and returns the step as it came out.
func one(t *testing.T, text string) (string, killercoda.Lesson) {
	t.Helper()
	found, err := killercoda.Import(tree(map[string]string{
		"index.json": `{"title":"T","details":{"steps":[{"title":"S","text":"s.md"}]},"backend":{"imageid":"kubernetes-kubeadm-2nodes"}}`,
		"s.md":       text,
	}), options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lessons.Parse(found[0].Files); err != nil {
		t.Errorf("the lesson cannot be read: %v\n%s", err, found[0].Files["lesson.md"])
	}
	_, step, _ := strings.Cut(string(found[0].Files["lesson.md"]), "\n## S\n")
	return strings.TrimSpace(step), found[0]
}

func TestText(t *testing.T) {
	for _, x := range []struct{ name, in, want string }{
		{"a command", "Look:\n\n```bash\nkubectl get pods\n```{{exec}}", "Look:\n\n```sh\nkubectl get pods\n```"},
		{"a command that interrupts", "```\nls\n```{{exec interrupt}}", "```sh\nls\n```"},
		{"as Katacoda wrote it", "```\nls\n```{{execute}}", "```sh\nls\n```"},
		{"to be copied", "```bash\nls\n```{{copy}}", "```sh copy\nls\n```"},
		{"a shell block that nobody clicks", "```bash\nls\n```", "```sh copy\nls\n```"},
		{"a manifest", "```yaml{7,11}\nkind: Pod\n```{{copy}}", "```yaml\nkind: Pod\n```"},
		{"output", "```plain\nok\n```", "```output\nok\n```"},
		{"an inline command on its own line", "1. `ls -l`{{exec}}", "```sh\nls -l\n```"},
		{"an inline command within prose", "Run `ls`{{exec}} and `cat x`{{copy}} and `y`{{}}.\nThen go.\n\nMore.", "Run `ls` and `cat x` and `y`.\nThen go.\n\n```sh\nls\n```\n\nMore."},
		{"headings below the step's", "# One\n## Two", "### One\n#### Two"},
		{"a heading that is the step's", "# S\nText", "Text"},
		{"an underlined heading", "One\n===\nText", "### One\n\nText"},
		{"a line", "One\n\n---\nTwo", "One\n\n* * *\n\nTwo"},
		{"line breaks", "a<br>\n<br>\n\nb", "a\n\nb"},
		{"simple HTML", `<b>x</b> <i>y</i> <code>z</code> <a href="https://a.b/">l</a>`, "**x** *y* `z` [l](https://a.b/)"},
		{"a placeholder", "Give it a <name>.", "Give it a &lt;name>."},
		{"what is folded away", "<details><summary>Tip</summary>\n<br>\n\n```plain\nhelm -h\n```{{exec}}\n</details>\nGo", "::: hint Tip\n```\nhelm -h\n```\n:::\n\nGo"},
		{"a port in a command", "`curl {{TRAFFIC_HOST1_30080}}/x`{{copy}}", "`curl http://172.30.1.2:30080/x`"},
		{"a port in a link", "[open it]({{TRAFFIC_HOST2_80}})", "open it (`http://172.30.2.2:80`, within the cluster)"},
		{"the choice of ports", "Use [ports]({{TRAFFIC_SELECTOR}})", "Use ports"},
		{"templates of other programs", "`{{ .Values.x }}` stays", "`{{ .Values.x }}` stays"},
		{"colons", "::: not ours", `\::: not ours`},
		{"marks within code", "~~~\n```\n~~~", "````output\n```\n````"},
	} {
		t.Run(x.name, func(t *testing.T) {
			if got, _ := one(t, x.in); got != x.want {
				t.Error(cmp.Diff(x.want, got))
			}
		})
	}
}

func TestNotes(t *testing.T) {
	for _, x := range []struct{ in, want string }{
		{"`ls`{{exec T2}}", "step1: {{exec T2}}: there is one terminal, and it is the control plane's; the command runs there"},
		{"`ls`{{dance}}", "step1: {{dance}} is not known"},
		{"{{KILLERCODA_X}}", "step1: {{KILLERCODA_X}} has no value here"},
		{"[a]({{TRAFFIC_HOST1_80}})", "step1: a link to port 80 of host 1: nothing outside of the cluster reaches it"},
		{"![a](b.png)", "step1: the picture b.png is not there"},
		{"<table><tr></table>", "step1: HTML that a lesson's text does not have: <table>"},
		{"```{{exec}}\nls", "step1: a code block is not closed"},
		{"`helm ls`{{exec}}", "step1: it calls helm, which is not simulated"},
		{"<details><summary>x", "step1: a <details> block is not closed"},
	} {
		if _, l := one(t, x.in); !slices.Contains(l.Notes, x.want) {
			t.Errorf("%s: %q has no %q", x.in, l.Notes, x.want)
		}
	}
}

// The whole of a scenario: scripts, files, checks and solution.
func TestScenario(t *testing.T) {
	found, err := killercoda.Import(tree(map[string]string{
		"index.json": `{
  "title": "Pods", "description": "Make a Pod", "difficulty": "beginner", "time": 10,
  "details": {
    "intro": {"text": "intro.md", "background": "bg.sh", "foreground": "fg.sh", "credits": "someone"},
    "steps": [
      {"title": "Create it", "text": "1/text.md", "verify": "1/verify.sh"},
      {"title": "Delete it", "text": "2/text.md", "verify": "2/verify.sh", "background": "2/bg.sh"}
    ],
    "finish": {"text": "finish.md"},
    "assets": {"host01": [{"file": "*.yaml", "target": "/root/in", "chmod": "+w"}, {"file": "no.sh"}], "host02": [{"file": "a.yaml"}]}
  },
  "backend": {"imageid": "kubernetes-kubeadm-1node"},
  "interface": {"layout": "ide"}
}`,
		"intro.md":      "Hello ![](./assets/p.png)\n",
		"bg.sh":         "apt-get install x\n",
		"fg.sh":         "sleep 1",
		"1/text.md":     "Make `my-pod`.\n<details><summary>Solution</summary>\n\n```plain\nkubectl run my-pod --image=nginx\n```{{exec}}\n</details>\n",
		"1/verify.sh":   "kubectl get pod my-pod\n",
		"2/text.md":     "`kubectl delete pod my-pod`{{exec}}",
		"2/verify.sh":   "! kubectl get pod my-pod\n",
		"2/bg.sh":       "echo 2\n",
		"finish.md":     "Well done.\n",
		"assets/a.yaml": "a: 1\nb: |\n  x\n",
		"assets/b.yaml": "\tb",
		"assets/p.png":  "\x89PNG",
	}), options)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, data := range found[0].Files {
		got[name] = string(data)
	}
	want := map[string]string{
		"lesson.md": `---
title: "Pods"
summary: "Make a Pod"
duration: "10"
level: "beginner"
exercise: true
---

Hello ![P](p.png)

## Create it

Make ` + "`my-pod`." + `

::: hint Solution
` + "```\nkubectl run my-pod --image=nginx\n```" + `
:::

::: checkpoint step1
title: "Create it"
hint: "Open “Solution” above."
assert:
- script: verify-step1.sh
  say: "This is not done yet."
:::

## Delete it

Prepare this step:

` + "```sh\nbash /var/lib/killercoda/step2-background.sh\n```\n\n```sh\nkubectl delete pod my-pod\n```" + `

::: checkpoint step2
title: "Delete it"
hint: "Do what the text asks for; the check looks at what is in the cluster."
after: step1
assert:
- script: verify-step2.sh
  say: "This is not done yet."
:::

## Finish

Well done.
`,
		"scenario.yaml": `nodes:
- name: controlplane
  roles: [control-plane]
files:
  "/root/in/a.yaml": |
    a: 1
    b: |
      x
  "/root/in/b.yaml": "\tb"
  "/var/lib/killercoda/intro-background.sh": |
    apt-get install x
  "/var/lib/killercoda/intro-foreground.sh": |-
    sleep 1
  "/var/lib/killercoda/step2-background.sh": |
    echo 2
`,
		"setup.sh": `#!/bin/bash
# The one node takes Pods.
kubectl taint nodes controlplane node-role.kubernetes.io/control-plane:NoSchedule- > /dev/null
chmod +w /root/in/a.yaml
chmod +w /root/in/b.yaml
bash /var/lib/killercoda/intro-background.sh || true
bash /var/lib/killercoda/intro-foreground.sh || true
`,
		"solution.sh": `# The commands of the text, in its order.

# Create it
kubectl run my-pod --image=nginx
# Checkpoint: step1

# Delete it
bash /var/lib/killercoda/step2-background.sh
kubectl delete pod my-pod
# Checkpoint: step2
`,
		"verify-step1.sh": "kubectl get pod my-pod\n",
		"verify-step2.sh": "! kubectl get pod my-pod\n",
		"p.png":           "\x89PNG",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	notes := []string{
		"index.json: interface: there is one layout: text beside the terminal; nano and vi take an IDE's place",
		"index.json: details.intro.credits: a lesson has no field for it: name those whom you thank in the text",
		"assets/no.sh: there is no such file",
		"index.json: assets of host02: there is one machine, whose files host01's are",
		"bg.sh: it calls apt-get, which is not simulated",
		"intro: fg.sh runs before the lesson begins, and what it prints is not shown",
		"step2: a step's scripts do not run by themselves when it is opened: a command at its beginning runs them",
	}
	if d := cmp.Diff(notes, found[0].Notes); d != "" {
		t.Error(d)
	}
	l, err := lessons.Parse(found[0].Files)
	if err != nil {
		t.Fatal(err)
	}
	if !l.Exercise || len(l.Steps) != 4 || len(l.Checkpoints) != 2 || l.Checkpoints[1].After != "step1" {
		t.Errorf("the lesson: exercise %v, %d steps, %d checkpoints", l.Exercise, len(l.Steps), len(l.Checkpoints))
	}
}

func TestCourses(t *testing.T) {
	const scenario = `{"title":"Own title"}`
	list := func(files map[string]string) map[string]string {
		t.Helper()
		found, err := killercoda.Import(tree(files), options)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, l := range found {
			parsed, err := lessons.Parse(l.Files)
			if err != nil {
				t.Errorf("%s: %v", l.From, err)
				continue
			}
			got[l.Folder] = l.From + ": " + parsed.Course + ": " + l.Title
		}
		return got
	}
	nested := map[string]string{
		"structure.json":                   `{"title": "All", "items": [{"path": "two"}, {"path": "course1", "title": "Course ONE"}, {"path": "course2"}]}`,
		"one/index.json":                   scenario,
		"two/index.json":                   scenario,
		"course1/b/index.json":             scenario,
		"course1/a/index.json":             scenario,
		"course2/structure.json":           `{"title": "Second", "items": [{"path": "x"}, {"path": "../course1/a", "title": "New"}, {"path": "category"}]}`,
		"course2/x/index.json":             scenario,
		"course2/category/deep/index.json": scenario,
	}
	want := map[string]string{
		"my-course/01-two":         "two: All: Own title",
		"course1/01-a":             "course1/a: Course ONE: Own title",
		"course1/02-b":             "course1/b: Course ONE: Own title",
		"course2/01-x":             "course2/x: Second: Own title",
		"course2/02-a":             "course1/a: Second: New",
		"course2-category/01-deep": "course2/category/deep: Category: Own title",
	}
	if d := cmp.Diff(want, list(nested)); d != "" {
		t.Error(d)
	}
	delete(nested, "structure.json")
	delete(nested, "course2/structure.json")
	if got := slices.Sorted(maps.Keys(list(nested))); len(got) != 6 {
		t.Errorf("without structure.json: %q", got)
	}
}

func TestBadInput(t *testing.T) {
	for _, x := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"readme.md": ""}, "there is no scenario: a scenario is a folder with an index.json"},
		{map[string]string{"index.json": "{\n \"title\": \"x\",\n}"}, "index.json:3: invalid character '}' looking for beginning of object key string"},
		{map[string]string{"index.json": `{"details": {"steps": {}}}`}, "index.json:1: details.steps cannot be of the kind object"},
		{map[string]string{"structure.json": `{"items":[{"path":"../../etc"}]}`}, `structure.json: the path "../../etc" leads out of the imported folder`},
		{map[string]string{"structure.json": `{"items":[{"path":"gone"}]}`}, "structure.json: there is no folder gone"},
		{map[string]string{"structure.json": `{"items":[{"path":"."}]}`}, ".: courses lie more than 8 deep in each other"},
	} {
		_, err := killercoda.Import(tree(x.files), options)
		if err == nil || err.Error() != x.want {
			t.Errorf("%v: got %v, want %s", x.files, err, x.want)
		}
	}
	// What a scenario names and does not have is a note, not the end.
	found, err := killercoda.Import(tree(map[string]string{"index.json": `{"title":"T","details":{"steps":[{"text":"../../etc/passwd","verify":"no.sh"}]}}`}), options)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"step1: text ../../etc/passwd: it leads out of the imported folder", "step1: verify no.sh: there is no such file"} {
		if !slices.Contains(found[0].Notes, want) {
			t.Errorf("%q has no %q", found[0].Notes, want)
		}
	}
}
