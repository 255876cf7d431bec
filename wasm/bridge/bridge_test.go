package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// stub is a cluster that only records what it is asked.
type stub struct {
	mu      sync.Mutex
	options Options
	now     time.Time
	log     []byte
	keys    string
	closed  bool
}

func (s *stub) Exec(ctx context.Context, line string) (Result, error) {
	if line == "forever" {
		<-ctx.Done()
		return Result{}, ctx.Err()
	}
	if line == "edit" {
		r, err := s.options.Edit(ctx, EditRequest{Program: "nano", Path: "/root/a", Content: []byte("old")})
		return Result{Stdout: fmt.Sprintf("%s %v", r.Content, r.Saved)}, err
	}
	return Result{Stdout: "ran " + line, Exit: 3, Time: s.Now()}, nil
}

func (s *stub) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.RequestURI+" "+string(b))
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		if r.URL.Query().Has("watch") {
			<-r.Context().Done()
			return
		}
		io.WriteString(w, "second")
	})
}

func (s *stub) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stub) Next() (time.Time, bool) { return s.Now().Add(10 * time.Millisecond), true }

func (s *stub) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *stub) WriteFile(path string, content []byte) error { return errors.New("read-only") }
func (s *stub) ReadFile(path string) ([]byte, error)        { return []byte("of " + path), nil }

func (s *stub) Terminal() Terminal { return stubTerminal{s} }

func (s *stub) Log() []byte  { return s.log }
func (s *stub) Tail() []byte { return []byte("tail") }
func (s *stub) Close()       { s.closed = true }

type stubTerminal struct{ *stub }

func (t stubTerminal) Input(keys []byte)     { t.keys += string(keys); t.options.Journal(keys) }
func (t stubTerminal) Resize(cols, rows int) {}
func (t stubTerminal) Busy() bool            { return false }

type stubWorld struct{ made []*stub }

func (w *stubWorld) New(o Options) (Cluster, error) {
	s := &stub{options: o, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), log: []byte("head\n")}
	w.made = append(w.made, s)
	o.Out([]byte("$ "))
	return s, nil
}

func (w *stubWorld) Restore(o Options, log []byte, undo bool, fresh Cluster) (Cluster, string, error) {
	if string(log) == "broken" {
		return nil, "", errors.New("session log, line 1: broken")
	}
	c, err := w.New(o)
	w.made[len(w.made)-1].log = append([]byte("restored "), log...)
	if undo {
		return c, "the last one", err
	}
	return c, "", err
}

func (w *stubWorld) Lesson(files map[string][]byte) (Lesson, error) {
	return nil, fmt.Errorf("%d files", len(files))
}

// page is the other side of a bridge.
type page struct {
	*Bridge
	t      *testing.T
	world  *stubWorld
	frames chan Frame
	passed []Frame // came while others were waited for
	last   int
}

func newPage(t *testing.T) *page {
	p := &page{t: t, world: &stubWorld{}, frames: make(chan Frame, 10000)}
	p.Bridge = New(p.world, func(f Frame) { p.frames <- f }, nil)
	return p
}

func (p *page) request(kind, data string, bytes []byte) int {
	p.last++
	p.Receive(Frame{Type: kind, ID: p.last, Data: []byte(data), Bytes: bytes})
	return p.last
}

// wait is the first frame that is wanted, and takes it out; others stay.
func (p *page) wait(wanted func(Frame) bool) Frame {
	p.t.Helper()
	for i, f := range p.passed {
		if wanted(f) {
			p.passed = append(p.passed[:i:i], p.passed[i+1:]...)
			return f
		}
	}
	timeout := time.After(5 * time.Second)
	for {
		select {
		case f := <-p.frames:
			if wanted(f) {
				return f
			}
			p.passed = append(p.passed, f)
		case <-timeout:
			p.t.Fatal("the frame never came")
		}
	}
}

func (p *page) answer(id int) Frame {
	p.t.Helper()
	return p.wait(func(f Frame) bool { return f.ID == id && (f.Type == "ok" || f.Type == "error") })
}

func (p *page) event(kind string) Frame {
	p.t.Helper()
	return p.wait(func(f Frame) bool { return f.Type == kind })
}

func (p *page) ask(kind, data string, bytes []byte) string {
	p.t.Helper()
	f := p.answer(p.request(kind, data, bytes))
	return f.Type + " " + string(f.Data) + string(f.Bytes)
}

func TestRequests(t *testing.T) {
	p := newPage(t)
	for _, x := range []struct{ kind, data, want string }{
		{"exec", `{"line":"ls"}`, `error {"message":"no session is open"}`},
		{"open", `{"seed":"x"}`, `error {"message":"seed \"x\" is not a whole number of 64 bits"}`},
		{"open", `{"lesson":{"lesson.md":""}}`, `error {"message":"1 files"}`},
		{"open", `{"seed":"18446744073709551615"}`, `ok {"now":"2026-11-22T09:00:00Z","progress":{"checkpoints":[],"flow":[]},"undone":""}`},
		{"readFile", `{"path":"/a"}`, `ok of /a`},
		{"writeFile", `{"path":"/a"}`, `error {"message":"read-only"}`},
		{"log", ``, "ok head\n"},
		{"dance", ``, `error {"message":"unknown request dance"}`},
		{"progress", ``, `ok {"checkpoints":[],"flow":[]}`},
		{"edited", `{"edit":7}`, `error {"message":"editor 7 is not open"}`},
	} {
		if got := p.ask(x.kind, x.data, nil); got != x.want {
			t.Errorf("%s %s: got %s, want %s", x.kind, x.data, got, x.want)
		}
	}
	var r struct {
		Stdout string
		Exit   int
	}
	json.Unmarshal(p.answer(p.request("exec", `{"line":"ls"}`, nil)).Data, &r)
	if r.Stdout != "ran ls" || r.Exit != 3 {
		t.Errorf("exec: %+v", r)
	}
}

func TestOtherRequestsGoOnWhileOneRuns(t *testing.T) {
	p := newPage(t)
	p.ask("open", `{}`, nil)
	forever := p.request("exec", `{"line":"forever"}`, nil)
	if got := p.ask("log", "", nil); got != "ok head\n" {
		t.Error(got)
	}
	p.request("cancel", fmt.Sprintf(`{"of":%d}`, forever), nil)
	if f := p.answer(forever); f.Type != "error" {
		t.Errorf("cancelled: %s %s", f.Type, f.Data)
	}
}

func TestInputKeepsItsOrderAndIsJournalled(t *testing.T) {
	p := newPage(t)
	p.ask("open", `{}`, nil)
	if f := p.event("journal"); string(f.Data) != `{"whole":true}` || string(f.Bytes) != "head\n" {
		t.Errorf("the first journal: %s %q", f.Data, f.Bytes)
	}
	want := ""
	for i := range 300 {
		p.Receive(Frame{Type: "input", Bytes: []byte{byte('a' + i%26)}})
		want += string(rune('a' + i%26))
	}
	p.ask("progress", "", nil)
	if got := p.world.made[0].keys; got != want {
		t.Errorf("got %s", got)
	}
}

func TestFetchStreams(t *testing.T) {
	p := newPage(t)
	p.ask("open", `{}`, nil)
	id := p.request("fetch", `{"method":"POST","url":"https://c:6443/api?a=b","headers":[["A","b"]]}`, []byte("in"))
	if f := p.answer(id); !strings.Contains(string(f.Data), `"status":200`) || !strings.Contains(string(f.Data), `POST /api?a=b in`) {
		t.Errorf("%s %s", f.Type, f.Data)
	}
	got := ""
	for {
		f := p.event("body")
		got += string(f.Bytes)
		if strings.Contains(string(f.Data), `"end":true`) {
			break
		}
	}
	if got != "firstsecond" {
		t.Errorf("body %q", got)
	}

	id = p.request("fetch", `{"method":"GET","url":"https://c:6443/api?watch=1"}`, nil)
	if f := p.wait(func(f Frame) bool { return f.Type == "body" && f.ID == id }); string(f.Bytes) != "first" {
		t.Errorf("watch: %q", f.Bytes)
	}
	p.request("cancel", fmt.Sprintf(`{"of":%d}`, id), nil)
	p.wait(func(f Frame) bool { return f.Type == "body" && f.ID == id && strings.Contains(string(f.Data), "end") })
}

func TestEditors(t *testing.T) {
	p := newPage(t)
	p.ask("open", `{}`, nil)
	id := p.request("exec", `{"line":"edit"}`, nil)
	if f := p.event("edit"); string(f.Bytes) != "old" || !strings.Contains(string(f.Data), `"program":"nano"`) {
		t.Errorf("edit: %s %q", f.Data, f.Bytes)
	}
	p.request("edited", `{"edit":1,"saved":true}`, []byte("new"))
	if f := p.answer(id); !strings.Contains(string(f.Data), "new true") {
		t.Errorf("edited: %s", f.Data)
	}

	id = p.request("exec", `{"line":"edit"}`, nil)
	p.event("edit")
	p.request("cancel", fmt.Sprintf(`{"of":%d}`, id), nil)
	if f := p.event("editClosed"); string(f.Data) != `{"edit":2}` {
		t.Errorf("editClosed: %s", f.Data)
	}
}

func TestRestoreAndUndo(t *testing.T) {
	p := newPage(t)
	p.ask("open", `{}`, nil)
	if got := p.ask("undo", "", nil); !strings.Contains(got, `"undone":"the last one"`) {
		t.Error(got)
	}
	p.event("clear")
	if got := p.ask("log", "", nil); got != "ok restored head\n" {
		t.Error(got)
	}
	if got := p.ask("restore", "", []byte("broken")); !strings.HasPrefix(got, "error") {
		t.Error(got)
	}
	if got := p.ask("log", "", nil); got != "ok restored head\n" {
		t.Error("a log that cannot be played ended the session:", got)
	}
	if !p.world.made[0].closed || p.world.made[1].closed {
		t.Error("the wrong session was closed")
	}
}

func TestScreenWaitsForThePage(t *testing.T) {
	p := newPage(t)
	p.ask("open", `{}`, nil)
	if f := p.event("output"); string(f.Bytes) != "$ " {
		t.Errorf("prompt %q", f.Bytes)
	}
	p.Receive(Frame{Type: "drawn", Data: []byte(`{"bytes":2}`)})
	done := make(chan bool)
	go func() {
		p.world.made[0].options.Out(make([]byte, 2*highWater))
		close(done)
	}()
	seen := 0
	for seen < highWater {
		seen += len(p.event("output").Bytes)
	}
	select {
	case <-done:
		t.Fatal("the writer did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	for seen < 2*highWater {
		p.Receive(Frame{Type: "drawn", Data: []byte(`{"bytes":32768}`)})
		seen += len(p.event("output").Bytes)
	}
	<-done
}

func TestHeldOutputKeepsItsEnd(t *testing.T) {
	var got []byte
	s := newScreen(func(f Frame) { got = append(got, f.Bytes...) })
	for i := range 100_000 {
		s.write([]byte(fmt.Sprintf("line %d\n", i)))
	}
	s.begin()
	if len(got) > 2*highWater || !strings.HasSuffix(string(got), "line 99999\n") || !strings.HasPrefix(string(got), "line ") {
		t.Errorf("%d bytes: %.20q … %.20q", len(got), got, got[len(got)-20:])
	}
}

func TestTimeFollowsTheWallClock(t *testing.T) {
	p := newPage(t)
	p.ask("open", `{}`, nil)
	c := p.world.made[0]
	p.ask("speed", `{"factor":100}`, nil)
	before := c.Now()
	time.Sleep(50 * time.Millisecond)
	p.ask("progress", "", nil)
	p.ask("speed", `{"factor":0}`, nil)
	passed := c.Now().Sub(before)
	if passed < 4*time.Second || passed > 60*time.Second {
		t.Errorf("%v passed", passed)
	}
	stands := c.Now()
	time.Sleep(20 * time.Millisecond)
	if now := c.Now(); !now.Equal(stands) {
		t.Errorf("time did not stand still: %v", now.Sub(stands))
	}
	var r struct{ Now time.Time }
	json.Unmarshal(p.answer(p.request("advance", `{"ms":60000}`, nil)).Data, &r)
	if got := r.Now.Sub(stands); got != time.Minute {
		t.Errorf("advanced by %v", got)
	}
}
