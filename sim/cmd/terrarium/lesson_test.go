package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"terrarium/lessons"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Each step of a scenario undoes what the one before it did, so the checks hold one after another and never together.
func TestImportedScenarioIsProved(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "out")
	write(t, from, map[string]string{
		"index.json": `{"title":"T","details":{"intro":{"text":"i.md","background":"bg.sh"},"steps":[
			{"title":"Create","text":"1.md","verify":"1.sh"},{"title":"Delete","text":"2.md","verify":"2.sh"}],
			"assets":{"host01":[{"file":"run.sh","target":"/usr/local/bin","chmod":"+x"}]}},"backend":{"imageid":"kubernetes-kubeadm-1node"}}`,
		"i.md":          "Hello",
		"bg.sh":         "kubectl create configmap ready",
		"1.md":          "Make it.\n<details><summary>Solution</summary>\n\n```\nNAME=made\nrun.sh\nkubectl create configmap $NAME\n```{{exec}}\n</details>\n",
		"1.sh":          "kubectl get configmap ready made",
		"2.md":          "`kubectl delete configmap $NAME`{{exec}}",
		"2.sh":          "! kubectl get configmap made",
		"assets/run.sh": "#!/bin/bash\necho run",
	})
	var out bytes.Buffer
	if code, err := lessonImport([]string{"--out", to, from}, &out); code != 0 || err != nil {
		t.Fatalf("%d %v", code, err)
	}
	if want := "Wrote " + to + ": T\nSee it with"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("got %s, want %s", out.String(), want)
	}
	problems, err := prove(to)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", err, problems)
	}
	// Without its solution, the second check is not passed early, though it holds from the beginning.
	write(t, to, map[string]string{"solution.sh": "true\n# Checkpoint: step1\ntrue\n# Checkpoint: nosuch\n"})
	problems, err = prove(to)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Text)
	}
	want := []string{
		"solution.sh: the lesson has no checkpoint nosuch",
		"checkpoint step1 does not pass after solution.sh: This is not done yet.",
		"checkpoint step2 does not pass after solution.sh: checkpoint step1 comes before it",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestImportBadInput(t *testing.T) {
	empty, full := t.TempDir(), t.TempDir()
	write(t, full, map[string]string{"index.json": `{"title":"T"}`})
	for _, x := range []struct {
		args []string
		want string
	}{
		{nil, "usage"},
		{[]string{"a", "b"}, "usage"},
		{[]string{filepath.Join(empty, "gone")}, "no such file or directory"},
		{[]string{filepath.Join(full, "index.json")}, "is not a folder"},
		{[]string{empty}, "there is no scenario: a scenario is a folder with an index.json"},
		{[]string{"--out", full, full}, "is not empty: name another folder with --out"},
	} {
		code, err := lessonImport(x.args, io.Discard)
		if code == 0 || err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: %d %v, want %s", x.args, code, err, x.want)
		}
	}
}

func TestServeBadInput(t *testing.T) {
	dir := t.TempDir()
	lesson := t.TempDir()
	write(t, lesson, map[string]string{"lesson.md": ""})
	for _, x := range []struct {
		args []string
		want string
	}{
		{nil, "usage"},
		{[]string{filepath.Join(dir, "gone")}, "no such file or directory"},
		{[]string{dir}, "has no lesson.md: begin a lesson with"},
		{[]string{"--page", dir, lesson}, "holds no built page"},
	} {
		code, err := lessonServe(context.Background(), x.args)
		if code == 0 || err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: %d %v, want %s", x.args, code, err, x.want)
		}
	}
}

// said is a writer that a goroutine may write to.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

const small = "---\ntitle: T\nsummary: S\n---\n## One\n\nText.\n"

func TestPreview(t *testing.T) {
	dir, dist := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{"lesson.md": small, "pod.yaml": "kind: Pod\n", "p.png": "\x89PNG"})
	write(t, dist, map[string]string{"index.html": "<head>\nx cluster.image\n<link rel=\"preload\" href=\"lessons/a/lesson.json\">\n</head>", "page.js": "page"})
	var out said
	p := newPreview(dir, dist, &out)
	p.prove = func(string) ([]lessons.Problem, error) { return []lessons.Problem{{Line: 5, Text: "it is dull"}}, nil }
	p.look()
	site := httptest.NewServer(p)
	defer site.Close()
	get := func(path string) (string, int) {
		r, err := http.Get(site.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		return string(b), r.StatusCode
	}
	if got, _ := get("/"); got != "<head>\n<script defer src=\"preview.js\"></script>\n</head>" {
		t.Errorf("the page: %s", got)
	}
	if got, _ := get("/page.js"); got != "page" {
		t.Errorf("page.js: %s", got)
	}
	if got, _ := get("/preview.js"); !strings.Contains(got, "EventSource") {
		t.Errorf("preview.js: %s", got)
	}
	index, _ := get("/lessons/index.json")
	var site1 lessons.Index
	if err := json.Unmarshal([]byte(index), &site1); err != nil || len(site1.Courses) != 1 || site1.Courses[0].Lessons[0].Title != "T" {
		t.Fatalf("index.json: %v %s", err, index)
	}
	src := "/lessons/" + site1.Courses[0].Lessons[0].Src
	file, _ := get(src + "/lesson.json")
	var built struct {
		Lesson lessons.Lesson
		Files  map[string]string
	}
	if err := json.Unmarshal([]byte(file), &built); err != nil || built.Files["pod.yaml"] != "kind: Pod\n" || built.Files["p.png"] != "" || len(built.Lesson.Steps) != 1 {
		t.Errorf("lesson.json: %v %s", err, file)
	}
	if got, _ := get(src + "/p.png"); got != "\x89PNG" {
		t.Errorf("the picture: %q", got)
	}
	if _, code := get(src + "/../../../etc/passwd"); code != http.StatusNotFound {
		t.Errorf("outside of the folder: %d", code)
	}
}

func TestPreviewTellsChanges(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"lesson.md": small})
	var out said
	p := newPreview(dir, dir, &out)
	p.prove = func(string) ([]lessons.Problem, error) { return nil, nil }
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.look()
	go p.watch(ctx, 5*time.Millisecond)
	site := httptest.NewServer(p)
	defer site.Close()
	r, err := http.Get(site.URL + "/preview/events")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	events := bufio.NewScanner(r.Body)
	next := func(wanted func(version string, problems []string) bool) (version string) {
		t.Helper()
		for events.Scan() {
			data, ok := strings.CutPrefix(events.Text(), "data: ")
			if !ok {
				continue
			}
			var e struct {
				Version  string
				Problems []string
			}
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatal(err)
			}
			if wanted(e.Version, e.Problems) {
				return e.Version
			}
		}
		t.Fatal("the event never came")
		return ""
	}
	first := next(func(_ string, problems []string) bool { return len(problems) == 0 })
	write(t, dir, map[string]string{"lesson.md": small + "\n::: dance\n:::\n"})
	const broken = `lesson.md:9: unknown block "dance": there are checkpoint, hint, note, quiz, tip and warning`
	second := next(func(v string, problems []string) bool {
		return v != first && len(problems) == 1 && problems[0] == broken
	})
	if r, _ := http.Get(site.URL + "/lessons/preview/x/lesson.json"); r.StatusCode != http.StatusNotFound {
		t.Errorf("a lesson that cannot be read: %s", r.Status)
	}
	write(t, dir, map[string]string{"lesson.md": small})
	if third := next(func(v string, problems []string) bool { return v != second && len(problems) == 0 }); third != first {
		t.Errorf("the same files have the versions %s and %s", first, third)
	}
	for _, want := range []string{dir + ": ok\n", dir + ": " + broken + "\n"} {
		for end := time.Now().Add(5 * time.Second); !strings.Contains(out.String(), want); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(fmt.Sprintf("the terminal shows %q, not %q", out.String(), want))
			}
		}
	}
}
