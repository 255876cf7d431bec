package kubectl_test

import (
	"bytes"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	record = flag.String("record", "", "record the transcripts that match, against $KUBECTL_SERVER and the kubectl of $KUBECTL_REAL")
	server = os.Getenv("KUBECTL_SERVER")
	real   = os.Getenv("KUBECTL_REAL")
)

// TestRecord runs the commands of transcripts twice against a real API server, by the real kubectl in one namespace and by ours in
// another. Where both show the same, but for what cannot be the same, it writes the transcript and the exchanges of ours.
func TestRecord(t *testing.T) {
	if *record == "" {
		t.Skip("needs a Kubernetes API server: -record")
	}
	names, _ := filepath.Glob("testdata/" + *record + ".txt")
	var discovery []exchange
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) { discovery = append(discovery, recordScript(t, name)...) })
	}
	byPath := map[string]exchange{}
	for _, e := range discovery {
		if e.Status == http.StatusOK {
			byPath[e.Path] = e
		}
	}
	if len(byPath) < 3 {
		t.Fatal("not all was discovered")
	}
	if err := saveExchanges("testdata/discovery.jsonl", []exchange{byPath["/api"], byPath["/apis"], byPath["/openapi/v3"]}); err != nil {
		t.Fatal(err)
	}
}

// recordScript returns what was asked of discovery.
func recordScript(t *testing.T, name string) []exchange {
	r := &recorder{next: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	m := newMachine(server, "demo")
	twin := t.TempDir()
	mustWrite(t, twin+"/.kube/config", kubeconfig(server, "twin"))
	for _, ns := range []string{"demo", "twin"} {
		runReal(twin, step{words: []string{"delete", "-n", ns, "deploy,cm,pods,secrets,svc,sa,rs", "--all", "--force"}})
		runReal(twin, step{words: []string{"delete", "ns", ns, "--wait=false"}})
		finalize(t, ns)
		if out := runReal(twin, step{words: []string{"create", "ns", ns}}); !strings.Contains(out, "created") {
			t.Fatal(out)
		}
	}
	var shown strings.Builder
	for _, s := range readScript(t, name) {
		if s.words == nil {
			m.prepare(t, s)
			if s.write != "" {
				mustWrite(t, filepath.Join(twin, s.write), s.data)
			}
			shown.WriteString(s.text)
			continue
		}
		now := time.Now().UTC()
		r.list = append(r.list, exchange{Command: s.line, Now: now})
		ours := m.run(s, r, now)
		want := runReal(twin, step{words: inTwin(s.words), stdin: s.stdin, edit: s.edit, env: s.env})
		if d := cmp.Diff(comparable(want, twin, "twin"), comparable(ours, "/root", "demo")); d != "" {
			t.Errorf("$ %s\n%s", s.line, d)
		}
		shown.WriteString(s.text + ours)
	}
	calls, discovery := r.split()
	if t.Failed() {
		return discovery
	}
	if err := os.WriteFile(name, []byte(shown.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := saveExchanges(strings.TrimSuffix(name, ".txt")+".jsonl", calls); err != nil {
		t.Fatal(err)
	}
	return discovery
}

// runReal is what the real kubectl shows in the directory home, the home of its user.
func runReal(home string, s step) string {
	cmd := exec.Command(real, s.words...)
	cmd.Dir = home
	cmd.Env = append([]string{"HOME=" + home, "PATH=/usr/bin:/bin", "EDITOR=true"}, s.env...)
	if s.edit != "" {
		cmd.Env[2] = "EDITOR=sed -i '" + s.edit + "g'"
	}
	cmd.Stdin = strings.NewReader(s.stdin)
	out, err := cmd.CombinedOutput()
	shown := string(out)
	if shown != "" && !strings.HasSuffix(shown, "\n") {
		shown += "\n\\ no newline\n"
	}
	if err != nil {
		shown += fmt.Sprintf("[exit %d]\n", cmd.ProcessState.ExitCode())
	}
	return shown
}

// inTwin are words that mean the other namespace.
func inTwin(words []string) []string {
	out := append([]string(nil), words...)
	for i, w := range out {
		out[i] = strings.ReplaceAll(w, "demo", "twin")
	}
	return out
}

// finalize ends a namespace that is to go: nobody else does where only an API server runs.
func finalize(t *testing.T, ns string) {
	t.Helper()
	req, _ := http.NewRequest("PUT", server+"/api/v1/namespaces/"+ns+"/finalize",
		strings.NewReader(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"`+ns+`"},"spec":{"finalizers":[]}}`))
	req.Header.Set("Authorization", "Bearer admintoken")
	req.Header.Set("Content-Type", "application/json")
	c := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func mustWrite(t *testing.T, name, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// varying is what two runs cannot have in common, and what stands for it.
var varying = []struct {
	found *regexp.Regexp
	put   string
}{
	{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), "UID"},
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "TIME"},
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* [+]0000( UTC)?`), "TIME"},
	{regexp.MustCompile(`resourceVersion(\\?"?): ?\\?"?\d+\\?"?`), "resourceVersion$1: N"},
	{regexp.MustCompile(`[A-Z]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ `), "LOG "},
	{regexp.MustCompile(`\b\d+(ms|s|m)\b`), "AGE"},
	{regexp.MustCompile(`(LIVE|MERGED|kubectl-edit)-\d+`), "$1-N"},
	{regexp.MustCompile(`\b10\.\d+\.\d+\.\d+\b`), "IP"},
	{regexp.MustCompile(` +`), " "},
}

func comparable(shown, home, namespace string) string {
	shown = strings.ReplaceAll(strings.ReplaceAll(shown, home, "HOME"), namespace, "NAMESPACE")
	for _, v := range varying {
		shown = v.found.ReplaceAllString(shown, v.put)
	}
	return shown
}

// recorder keeps what passes.
type recorder struct {
	next http.RoundTripper
	list []exchange
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	e, err := newExchange(req)
	if err != nil {
		return nil, err
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	e.Status, e.Type, e.Warnings = resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header["Warning"]
	r.list = append(r.list, e)
	resp.Body = &recordedBody{ReadCloser: resp.Body, r: r, at: len(r.list) - 1}
	return resp, nil
}

// split takes what any command may ask for out of the rest.
func (r *recorder) split() (calls, discovery []exchange) {
	for _, e := range r.list {
		p, _, _ := strings.Cut(e.Path, "?")
		switch {
		case p != "/api" && p != "/apis" && p != "/openapi/v3":
			calls = append(calls, e)
		default:
			e.Path = p
			discovery = append(discovery, e)
		}
	}
	return calls, discovery
}

type recordedBody struct {
	io.ReadCloser
	r    *recorder
	at   int
	read bytes.Buffer
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	return n, err
}

func (b *recordedBody) Close() error {
	b.r.list[b.at].Body = b.read.String()
	return b.ReadCloser.Close()
}
