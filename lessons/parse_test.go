package lessons_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"terrarium/lessons"
)

// folder reads the files of a lesson folder.
func folder(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v, %d files", dir, err, len(names))
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = data
	}
	return files
}

func TestEveryLessonParses(t *testing.T) {
	dirs, _ := filepath.Glob("*/*/lesson.md")
	if len(dirs) == 0 {
		t.Fatal("there are no lessons")
	}
	for _, d := range dirs {
		l, err := lessons.Parse(folder(t, filepath.Dir(d)))
		if err != nil {
			t.Errorf("%s: %v", d, err)
			continue
		}
		if len(l.Checkpoints) == 0 {
			t.Errorf("%s has no checkpoint", d)
		}
	}
}

const front = "---\ntitle: T\nsummary: S\n---\n"

func TestBlocks(t *testing.T) {
	text := front + `
Before any *step*.

## First step
` + "```sh\nkubectl get pods\n```\n```sh copy\nssh node01\n```\n```yaml file=a/b.yaml\nkind: Pod\n```\n```output\nok\n```\n" + `
::: hint Where?
Look **there**.
:::

::: quiz q
Which?

- [ ] a
- [x] ` + "`b`" + `

> Because.
:::

## First step
::: checkpoint c
title: It runs
hint: try
assert:
- {query: get nodes, contains: node01}
:::
`
	l, err := lessons.Parse(map[string][]byte{"lesson.md": []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range l.Steps {
		got = append(got, "# "+s.ID)
		for _, b := range s.Blocks {
			line := b.Kind + " " + b.ID + b.HTML + b.Text + b.Path + b.Question + b.Title
			if b.Kind == "command" && !b.Run {
				line += " (copy)"
			}
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		"# introduction", "html <p>Before any <em>step</em>.</p>",
		"# first-step", "command kubectl get pods", "command ssh node01 (copy)", "file a/b.yaml", "output ok",
		"hint <p>Look <strong>there</strong>.</p>Where?", "quiz q<p>Which?</p>",
		"# first-step-2", "checkpoint cIt runs",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	q := l.Steps[1].Blocks[5]
	if d := cmp.Diff([]lessons.Choice{{HTML: "a"}, {HTML: "<code>b</code>", Correct: true}}, q.Choices); d != "" {
		t.Error(d)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "lesson.md:1: the file must begin with front matter between two lines of ---"},
		{"---\ntitle: x\n", "lesson.md:1: the front matter has no closing ---"},
		{"---\ntitle: x\n---\n", "lesson.md:3: the front matter must have a title and a summary"},
		{front, "lesson.md:5: the lesson has no step: a step begins with a line `## Title`"},
		{front + "## A\n```sh\nls\n", "lesson.md:6: this code block is not closed"},
		{front + "## A\n```sh twice\nls\n```\n", "lesson.md:8: code block: unknown word \"twice\" after the language"},
		{front + "## A\n::: video x\n:::\n", "lesson.md:6: unknown block \"video\": there are checkpoint, hint, note, quiz, tip and warning"},
		{front + "## A\n::: quiz\n:::\n", "lesson.md:6: quiz: write `::: quiz ID`"},
		{front + "## A\n::: quiz q\nWhy?\n- [ ] a\n- [ ] b\n> x\n:::\n", "lesson.md:6: quiz q: it needs two choices or more, one of them marked [x]"},
		{front + "## A\n::: checkpoint c\ntitle: t\nassert: [{script: gone.sh}]\n:::\n", "lesson.md:6: checkpoint c: the lesson's folder has no gone.sh"},
		{front + "## A\n::: checkpoint c\ntitle: t\nassert: [{}]\n:::\n", "lesson.md:6: checkpoint c: an assertion has exactly one of match, query and script"},
	} {
		_, err := lessons.Parse(map[string][]byte{"lesson.md": []byte(c.in)})
		if err == nil || err.Error() != c.want {
			t.Errorf("%q:\n got %v\nwant %s", c.in, err, c.want)
		}
	}
	if _, err := lessons.Parse(nil); err == nil {
		t.Error("an empty folder is no lesson")
	}
}
