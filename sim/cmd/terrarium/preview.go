package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"terrarium/lessons"
)

// lessonServe shows a lesson in the page while it is being written.
func lessonServe(ctx context.Context, args []string) (int, error) {
	flags := pflag.NewFlagSet("lesson serve", pflag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8081", "address to listen on")
	page := flags.String("page", "", "folder of the built page; by default web/dist, here or beside the program's folder")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		return 2, errors.Join(errUsage, err)
	}
	dir := flags.Arg(0)
	if info, err := os.Stat(dir); err != nil {
		return 1, err
	} else if !info.IsDir() {
		return 1, fmt.Errorf("%s is not a folder", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "lesson.md")); err != nil {
		return 1, fmt.Errorf("%s has no lesson.md: begin a lesson with `terrarium lesson new %s`", dir, dir)
	}
	dist, err := builtPage(*page)
	if err != nil {
		return 1, err
	}
	p := newPreview(dir, dist, os.Stdout)
	p.look()
	go p.watch(ctx, 400*time.Millisecond)
	return serveHTTP(ctx, *listen, p, func(url string) { fmt.Printf("%s is at %s\n", dir, url) })
}

// builtPage finds the page that `make build` leaves.
func builtPage(named string) (string, error) {
	places := []string{named}
	if named == "" {
		places = []string{"web/dist"}
		if self, err := os.Executable(); err == nil {
			places = append(places, filepath.Join(filepath.Dir(self), "../web/dist"))
		}
	}
	for _, p := range places {
		if _, err := os.Stat(filepath.Join(p, "index.html")); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s holds no built page: `make build` makes one, --page names it", places[0])
}

// preview serves the page with one lesson, as its folder is now.
type preview struct {
	dir, dist string
	out       io.Writer
	prove     func(dir string) ([]lessons.Problem, error)

	mu       sync.Mutex
	hash     string // of the folder's files
	file     []byte // lesson.json; nil where the lesson cannot be read
	index    lessons.Index
	problems []string
	changed  chan struct{} // closed when something of the above is new
}

func newPreview(dir, dist string, out io.Writer) *preview {
	return &preview{dir: dir, dist: dist, out: out, prove: prove, changed: make(chan struct{})}
}

// watch looks at the folder until ctx ends.
func (p *preview) watch(ctx context.Context, every time.Duration) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
			p.look()
		}
	}
}

// look reads the folder, and where it has changed, tells what is wrong with the lesson: at once what cannot be read,
// and a moment later what its proof finds.
func (p *preview) look() {
	files, err := folder(p.dir)
	hash := digest(files)
	p.mu.Lock()
	same := hash == p.hash
	p.mu.Unlock()
	if same && err == nil {
		return
	}
	var l *lessons.Lesson
	if err == nil {
		l, err = lessons.Parse(files)
	}
	var file []byte
	var index lessons.Index
	if err == nil {
		file, err = json.Marshal(built(l, files))
		index.Add("preview/"+hash[:12], l)
	}
	var problems []string
	if err != nil {
		problems = []string{err.Error()}
	}
	if !p.become(hash, file, index, problems) || err != nil {
		return
	}
	go func() {
		found, err := p.prove(p.dir)
		if err != nil {
			found = []lessons.Problem{{Text: err.Error()}}
		}
		var problems []string
		for _, f := range found {
			problems = append(problems, f.String())
		}
		p.found(hash, problems)
	}()
}

// become takes a new state of the folder on; false where it is the old one.
func (p *preview) become(hash string, file []byte, index lessons.Index, problems []string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hash == hash {
		return false
	}
	p.hash, p.file, p.index = hash, file, index
	p.tell(problems)
	return true
}

// found is what the proof of the folder of that hash has found.
func (p *preview) found(hash string, problems []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hash != hash {
		return // it has changed since
	}
	if len(problems) == 0 {
		fmt.Fprintf(p.out, "%s: ok\n", p.dir)
	}
	p.tell(problems)
}

// tell is called with mu held.
func (p *preview) tell(problems []string) {
	p.problems = problems
	for _, text := range problems {
		fmt.Fprintf(p.out, "%s: %s\n", p.dir, text)
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

func digest(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s %d\n%s", name, len(files[name]), files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

//go:embed preview.js
var previewScript []byte

// ServeHTTP implements http.Handler.
func (p *preview) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch name := r.URL.Path; {
	case name == "/" || name == "/index.html":
		p.servePage(w)
	case name == "/preview.js":
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Write(previewScript)
	case name == "/preview/events":
		p.serveEvents(w, r)
	case name == "/lessons/index.json":
		p.mu.Lock()
		index := p.index
		if len(index.Courses) == 0 {
			index.Add("preview/"+p.hash[:12], &lessons.Lesson{Title: filepath.Base(p.dir)})
		}
		p.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(index)
	case strings.HasPrefix(name, "/lessons/"):
		p.serveLesson(w, r, name[strings.LastIndexByte(name, '/')+1:])
	default:
		static{p.dist}.ServeHTTP(w, r)
	}
}

// servePage serves index.html without what it loads ahead of a site's first lesson, and with the script that reloads it.
func (p *preview) servePage(w http.ResponseWriter) {
	html, err := os.ReadFile(filepath.Join(p.dist, "index.html"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var kept [][]byte
	for _, line := range bytes.SplitAfter(html, []byte("\n")) {
		if !bytes.Contains(line, []byte("cluster.image")) && !bytes.Contains(line, []byte(`rel="preload" href="lessons/`)) {
			kept = append(kept, line)
		}
	}
	html = bytes.Replace(bytes.Join(kept, nil), []byte("</head>"), []byte("<script defer src=\"preview.js\"></script>\n</head>"), 1)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(html)
}

// serveLesson serves a file of the lesson's folder, and lesson.json, which is made of it.
func (p *preview) serveLesson(w http.ResponseWriter, r *http.Request, name string) {
	if name != "lesson.json" {
		own := r.Clone(r.Context())
		own.URL.Path = "/" + name
		static{p.dir}.ServeHTTP(w, own)
		return
	}
	p.mu.Lock()
	file := p.file
	p.mu.Unlock()
	if file == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(file)
}

// serveEvents tells the page, now and whenever it is new, which version of the lesson there is and what is wrong with it.
func (p *preview) serveEvents(w http.ResponseWriter, r *http.Request) {
	flush, ok := w.(http.Flusher)
	if !ok {
		http.Error(w, "no stream", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	for {
		p.mu.Lock()
		data, _ := json.Marshal(map[string]any{"version": p.hash, "problems": p.problems})
		changed := p.changed
		p.mu.Unlock()
		fmt.Fprintf(w, "data: %s\n\n", data)
		flush.Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}
