package kubectl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-shellwords"

	"terrarium/sim/kubectl"
	"terrarium/sim/kubectl/rest"
	"terrarium/sim/vfs"
)

// TestTranscripts plays testdata/*.txt against the exchanges that were recorded beside them: the requests must be the same, and so
// must be what is shown. README.md there says how they are written and recorded.
func TestTranscripts(t *testing.T) {
	names, _ := filepath.Glob("testdata/*.txt")
	if len(names) == 0 {
		t.Fatal("there are no transcripts")
	}
	discovery, err := loadExchanges("testdata/discovery.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			script := readScript(t, name)
			calls, err := loadExchanges(strings.TrimSuffix(name, ".txt") + ".jsonl")
			if err != nil {
				t.Fatal(err)
			}
			d := &deck{discovery: discovery, left: calls}
			var got strings.Builder
			m := newMachine("https://127.0.0.1:6443", "demo")
			for _, s := range script {
				if s.words == nil {
					m.prepare(t, s)
					got.WriteString(s.text)
					continue
				}
				d.begin(t, s.line)
				got.WriteString(s.text + m.run(s, d, d.now))
				d.end(t)
			}
			want, _ := os.ReadFile(name)
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Error(d)
			}
		})
	}
}

// A step of a script is a command with what stands ready for it, or a text that is only kept.
type step struct {
	text  string // as it stands in the script, without the answer
	line  string
	env   []string // NAME=value
	words []string
	write string // the name of a file to write
	data  string
	stdin string
	edit  string // "s|old|new|": what the user does in the editor
}

// readScript leaves out the answers.
func readScript(t *testing.T, name string) (script []step) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var next step
	lines := strings.SplitAfter(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		l := strings.TrimSuffix(lines[i], "\n")
		switch {
		case strings.HasPrefix(l, "$ "):
			next.line = l[2:]
			next.text += lines[i]
			words, err := shellwords.Parse(next.line)
			for err == nil && len(words) > 1 && strings.Contains(words[0], "=") {
				next.env, words = append(next.env, words[0]), words[1:]
			}
			if err != nil || words[0] != "kubectl" {
				t.Fatalf("%s: %s: %v", name, l, err)
			}
			next.words = words[1:]
			script = append(script, next)
			next = step{}
		case strings.HasPrefix(l, "@ write "):
			s := step{text: lines[i], write: strings.TrimPrefix(l, "@ write ")}
			s.data, i = barred(lines, i, &s.text)
			script = append(script, s)
		case l == "@ stdin":
			next.text += lines[i]
			next.stdin, i = barred(lines, i, &next.text)
		case strings.HasPrefix(l, "@ edit "):
			next.edit = strings.TrimPrefix(l, "@ edit ")
			next.text += lines[i]
		case strings.HasPrefix(l, "#"), strings.HasPrefix(l, "=") && strings.Trim(l, "=") == "":
			script = append(script, step{text: lines[i]})
		}
	}
	return script
}

// barred is what stands behind bars below line i, and the last line of it.
func barred(lines []string, i int, text *string) (string, int) {
	var data strings.Builder
	for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|") {
		i++
		*text += lines[i]
		data.WriteString(strings.TrimPrefix(strings.TrimPrefix(lines[i], "|"), " "))
	}
	return data.String(), i
}

// machine is a user's: files in /root, a kubeconfig, and an editor that does one thing.
type machine struct {
	fs  *vfs.FS
	now time.Time
}

func newMachine(server, namespace string) *machine {
	m := &machine{}
	m.fs = vfs.New(func() time.Time { return m.now }, func(b []byte) { clear(b) }, vfs.Limits{})
	for _, dir := range []string{"/root/.kube", "/tmp"} {
		if err := m.fs.MkdirAll(dir, 0o755); err != nil {
			panic(err)
		}
	}
	if err := m.fs.WriteFile("/root/.kube/config", []byte(kubeconfig(server, namespace)), 0o600); err != nil {
		panic(err)
	}
	return m
}

func kubeconfig(server, namespace string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: one, user: admin, namespace: %s}}, {name: there, context: {cluster: one, user: nobody}}]
clusters: [{name: one, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: admintoken}}]
`, namespace, server)
}

func (m *machine) prepare(t *testing.T, s step) {
	t.Helper()
	if s.write == "" {
		return
	}
	name := path.Join("/root", s.write)
	if err := m.fs.MkdirAll(path.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := m.fs.WriteFile(name, []byte(s.data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run is what kubectl shows, and how it ends where that is not 0.
func (m *machine) run(s step, t http.RoundTripper, now time.Time) string {
	m.now = now
	var out strings.Builder
	seed := uint64(0)
	exit := kubectl.Main(context.Background(), kubectl.Env{
		Args: s.words, Stdin: strings.NewReader(s.stdin), Stdout: &out, Stderr: &out, Dir: "/root", Files: m.fs,
		Getenv: func(name string) string {
			for _, pair := range append([]string{"HOME=/root", "EDITOR=ed"}, s.env...) {
				if value, ok := strings.CutPrefix(pair, name+"="); ok {
					return value
				}
			}
			return ""
		},
		TransportFor: func(cfg rest.Config) (http.RoundTripper, error) {
			if cfg.Host == "https://127.0.0.1:1" {
				return nil, errors.New("dial tcp 127.0.0.1:1: connect: connection refused")
			}
			return t, nil
		},
		Now:   func() time.Time { return m.now },
		Sleep: func(_ context.Context, d time.Duration) error { m.now = m.now.Add(d); return nil },
		Edit:  func(_ context.Context, _ []string, name string) error { return m.edit(s.edit, name) },
		Rand:  func() uint64 { seed += 0x9e3779b97f4a7c15; return seed },
	})
	shown := out.String()
	if shown != "" && !strings.HasSuffix(shown, "\n") {
		shown += "\n\\ no newline\n"
	}
	if exit != 0 {
		shown += fmt.Sprintf("[exit %d]\n", exit)
	}
	return shown
}

// edit replaces every old by new, as sed's s|old|new| does.
func (m *machine) edit(change, name string) error {
	if change == "" {
		return nil
	}
	data, err := m.fs.ReadFile(name)
	if err != nil {
		return err
	}
	parts := strings.Split(change, "|")
	return m.fs.WriteFile(name, bytes.ReplaceAll(data, []byte(parts[1]), []byte(parts[2])), 0o644)
}

// deck plays recorded exchanges, one after the other.
type deck struct {
	discovery, left []exchange
	now             time.Time
	errs            []string
}

// begin finds the exchanges of the next command.
func (d *deck) begin(t *testing.T, line string) {
	t.Helper()
	if len(d.left) == 0 || d.left[0].Command != line {
		t.Fatalf("nothing is recorded for %q", line)
	}
	d.now, d.errs = d.left[0].Now, nil
	d.left = d.left[1:]
}

// end says what was asked for and is not recorded, or the other way round.
func (d *deck) end(t *testing.T) {
	t.Helper()
	for len(d.left) > 0 && d.left[0].Command == "" {
		d.errs = append(d.errs, "was not asked: "+d.left[0].Verb+" "+d.left[0].Path)
		d.left = d.left[1:]
	}
	for _, e := range d.errs {
		t.Error(e)
	}
}

func (d *deck) RoundTrip(req *http.Request) (*http.Response, error) {
	asked, err := newExchange(req)
	if err != nil {
		return nil, err
	}
	for _, e := range d.discovery {
		if e.Path == req.URL.Path {
			return e.response(req), nil
		}
	}
	if len(d.left) == 0 || d.left[0].Command != "" {
		d.errs = append(d.errs, "asked but not recorded: "+asked.Verb+" "+asked.Path)
		return nil, fs.ErrNotExist
	}
	e := d.left[0]
	d.left = d.left[1:]
	if diff := cmp.Diff([]string{e.Verb, e.Path, e.Sent}, []string{asked.Verb, asked.Path, asked.Sent}); diff != "" {
		d.errs = append(d.errs, diff)
	}
	return e.response(req), nil
}

func (e exchange) response(req *http.Request) *http.Response {
	h := http.Header{"Content-Type": {e.Type}}
	for _, w := range e.Warnings {
		h.Add("Warning", w)
	}
	return &http.Response{StatusCode: e.Status, Header: h, Body: io.NopCloser(strings.NewReader(e.Body)), Request: req}
}
