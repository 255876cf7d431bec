package terminal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim/clock"
	"terrarium/sim/task"
)

// echoShell prints its input back; it knows `cat`, `sleep` and `exit`, and that an open quote is incomplete.
type echoShell struct {
	tasks  *task.Scheduler
	ran    []string
	exited bool
}

func (s *echoShell) Run(ctx context.Context, text string, in io.Reader, out, _ io.Writer) int {
	s.ran = append(s.ran, text)
	switch {
	case text == "cat":
		sc := bufio.NewScanner(in)
		for sc.Scan() {
			fmt.Fprintf(out, "<%s>\n", sc.Text())
		}
	case text == "sleep":
		s.tasks.Sleep(ctx, time.Hour)
	case text == "exit":
		s.exited = true
	default:
		fmt.Fprintf(out, "ran %s\n", text)
	}
	return 0
}
func (s *echoShell) Incomplete(text string) bool { return strings.Count(text, "'")%2 == 1 }
func (s *echoShell) Exited() bool                { return s.exited }
func (s *echoShell) Prompt() string              { return "\x1b[32m$\x1b[0m " }
func (s *echoShell) SetSize(int, int)            {}

// vt is as much of a screen as the editor draws on.
type vt struct {
	cols     int
	rows     [][]rune
	row, col int
	wrap     bool // the cursor hangs behind the last column
	esc      []byte
	bells    int
}

func (v *vt) line() []rune {
	for len(v.rows) <= v.row {
		v.rows = append(v.rows, nil)
	}
	return v.rows[v.row]
}

func (v *vt) Write(p []byte) {
	for len(p) > 0 {
		if len(v.esc) > 0 || p[0] == 27 {
			v.esc = append(v.esc, p[0])
			if len(v.esc) > 2 && p[0] >= 0x40 && p[0] <= 0x7e {
				v.escape(string(v.esc[2:]))
				v.esc = nil
			}
			p = p[1:]
			continue
		}
		r, n := utf8.DecodeRune(p)
		p = p[n:]
		switch r {
		case '\r':
			v.col, v.wrap = 0, false
		case '\n':
			v.row++
		case '\b':
			v.col = max(0, v.col-1)
		case 7:
			v.bells++
		default:
			if v.wrap {
				v.row, v.col, v.wrap = v.row+1, 0, false
			}
			l := v.line()
			for len(l) <= v.col {
				l = append(l, ' ')
			}
			l[v.col] = r
			v.rows[v.row] = l
			if v.col += width(r); v.col >= v.cols {
				v.col, v.wrap = v.cols-1, true
			}
		}
	}
}

func (v *vt) escape(s string) {
	n := 1
	fmt.Sscanf(s, "%d", &n)
	v.wrap = false
	switch s[len(s)-1] {
	case 'A':
		v.row = max(0, v.row-n)
	case 'C':
		v.col = min(v.cols-1, v.col+n)
	case 'K', 'J':
		if s == "2J" {
			v.rows = nil
			return
		}
		l := v.line()
		v.rows[v.row] = l[:min(len(l), v.col)]
		if s == "J" {
			v.rows = v.rows[:v.row+1]
		}
	case 'H':
		v.row, v.col = 0, 0
	}
}

func (v *vt) String() string {
	var b strings.Builder
	for i, l := range v.rows {
		s := strings.TrimRight(string(l), " ")
		if i == v.row {
			for len([]rune(s)) < v.col {
				s += " "
			}
			r := []rune(s)
			s = string(r[:v.col]) + "|" + string(r[v.col:])
		}
		b.WriteString(s + "\n")
	}
	if v.row >= len(v.rows) {
		b.WriteString("|\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

type desk struct {
	*Terminal
	sh    *echoShell
	tasks *task.Scheduler
	clock *clock.Clock
	vt    *vt
}

func newDesk(cols int, c Config) *desk {
	d := &desk{clock: clock.New(time.Unix(0, 0)), vt: &vt{cols: cols}}
	d.tasks = task.New(d.clock)
	d.sh = &echoShell{tasks: d.tasks}
	c.Shell, c.Tasks, c.Out, c.Cols, c.Rows = d.sh, d.tasks, d.vt.Write, cols, 24
	d.Terminal = New(c)
	return d
}

func (d *desk) press(keys string) *desk {
	d.Input([]byte(keys))
	d.tasks.Run(nil)
	return d
}

func TestEditing(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"abc", "$ abc|"},
		{"abc\x1b[D\x1b[DX", "$ aX|bc"},
		{"abc\x01X\x05Y", "$ XabcY|"},
		{"one two\x17X", "$ one X|"},
		{"one two\x15X\x19", "$ Xone two|"},
		{"one two\x1bb\x0b\x19\x19", "$ one twotwo|"},
		{"one two\x01\x1bd\x1bd\x19!", "$ one two!|"},
		{"ab\x14", "$ ba|"},
		{"one two\x1bb\x1bu", "$ one TWO|"},
		{"abc\x7f\x7f", "$ a|"},
		{"abc\x01\x04", "$ |bc"},
		{"abc\x01\x1b[3~", "$ |bc"},
		{"abc def\x17\x1f", "$ abc def|"},
		{"\x16\x03x", "$ ^Cx|"},
		{"日本\x1b[D!", "$ 日 !|本"},
		{"a\x1b[99;99;99~b\x1bOQc", "$ abc|"},
		{"\xff\xfe\x80ok", "$ ok|"},
		{"\x1b[200~one\ntwo\x1b[201~", "$ one\ntwo|"},
	} {
		if got := newDesk(40, Config{}).press(c.keys).vt.String(); got != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.keys, got, c.want)
		}
	}
}

func TestWrapping(t *testing.T) {
	d := newDesk(10, Config{}).press("12345678")
	if d := cmp.Diff("$ 12345678\n|", d.vt.String()); d != "" {
		t.Error(d)
	}
	d.press("90")
	if d := cmp.Diff("$ 12345678\n90|", d.vt.String()); d != "" {
		t.Error(d)
	}
	d.press("\x01A")
	if d := cmp.Diff("$ A|1234567\n890", d.vt.String()); d != "" {
		t.Error(d)
	}
	d.press("\x05\x15x")
	if d := cmp.Diff("$ x|", d.vt.String()); d != "" {
		t.Error(d)
	}
}

func TestRunning(t *testing.T) {
	d := newDesk(40, Config{}).press("hello\r")
	if d := cmp.Diff("$ hello\nran hello\n$ |", d.vt.String()); d != "" {
		t.Error(d)
	}
	// What is typed ahead is shown as it is typed, and again at the prompt.
	d = newDesk(40, Config{}).press("cat\r").press("one\r").press("twx\x7fo\r\x04after")
	if d := cmp.Diff("$ cat\none\n<one>\ntwo\nafter<two>\n$ after|", d.vt.String()); d != "" {
		t.Error(d)
	}
	d = newDesk(40, Config{}).press("echo 'a\rb'\r")
	if got := strings.Join(d.sh.ran, "|"); got != "echo 'a\nb'" {
		t.Errorf("ran %q", got)
	}
	d = newDesk(40, Config{}).press("sleep\r").press("\x03").press("x\r")
	if d := cmp.Diff("$ sleep\n^C\n$ x\nran x\n$ |", d.vt.String()); d != "" {
		t.Error(d)
	}
	d = newDesk(40, Config{}).press("abc\x03def")
	if d := cmp.Diff("$ abc^C\n$ def|", d.vt.String()); d != "" {
		t.Error(d)
	}
	d = newDesk(40, Config{}).press("one\rtwo\rthree\r")
	if got := strings.Join(d.sh.ran, "|"); got != "one|two|three" {
		t.Errorf("ran %q", got)
	}
}

func TestHistory(t *testing.T) {
	start := "kubectl get pods\rls -l\rkubectl get nodes\r"
	for _, c := range []struct{ keys, want string }{
		{"\x1b[A", "$ kubectl get nodes|"},
		{"\x1b[A\x1b[A", "$ ls -l|"},
		{"new\x1b[A\x1b[B", "$ new|"},
		{"\x1b[A\x1b[A\x1b[A\x1b[A", "$ kubectl get pods|"},
		{"\x12pod", "(reverse-i-search)`pod': kubectl get |pods"},
		{"\x12get\x12", "(reverse-i-search)`get': kubectl |get pods"},
		{"\x12zzz", "(failed reverse-i-search)`zzz': |"},
		{"\x12ls\x05 -a", "$ ls -l -a|"},
		{"x\x12ls\x07", "$ x|"},
		{"vi \x1b.", "$ vi nodes|"},
		{"vi \x1b.\x1b.", "$ vi -l|"},
	} {
		d := newDesk(60, Config{}).press(start)
		d.press(c.keys)
		lines := strings.Split(d.vt.String(), "\n")
		if got := lines[len(lines)-1]; got != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.keys, got, c.want)
		}
	}
	d := newDesk(60, Config{}).press("a\ra\r b\r\rc\r")
	if d := cmp.Diff([]string{"a", "c"}, d.History()); d != "" {
		t.Error(d)
	}
}

func TestCompletion(t *testing.T) {
	words := []string{"get", "describe", "delete"}
	complete := func(_ context.Context, line string, pos int) Completion {
		at := strings.LastIndex(line[:pos], " ") + 1
		c := Completion{Start: at}
		for _, w := range words {
			if strings.HasPrefix(w, line[at:pos]) {
				c.Candidates = append(c.Candidates, Candidate{Text: w})
			}
		}
		return c
	}
	for _, c := range []struct{ keys, want string }{
		{"g\t", "$ get |"},
		{"d\t", "$ de|"},
		{"de\t\t", "$ de\ndescribe  delete\n$ de|"},
		{"x\t\t", "$ x|"},
		{"k g\tpo", "$ k get po|"},
	} {
		d := newDesk(40, Config{Complete: complete})
		for _, k := range c.keys {
			d.press(string(k))
		}
		if d := cmp.Diff(c.want, d.vt.String()); d != "" {
			t.Errorf("%q: %s", c.keys, d)
		}
	}
	words = nil
	for i := range 120 {
		words = append(words, fmt.Sprint("w", i))
	}
	d := newDesk(40, Config{Complete: complete}).press("w").press("\t").press("\t").press("n")
	if d := cmp.Diff("$ w\nDisplay all 120 possibilities? (y or n)\n$ w|", d.vt.String()); d != "" {
		t.Error(d)
	}
}

// What the terminal reports, given to a second one, makes the same session.
func TestReportsReplay(t *testing.T) {
	var script []string
	c := Config{
		Line: func(s string) { script = append(script, s+"\r") },
		Keys: func(k []byte) { script = append(script, string(k)) },
	}
	a := newDesk(40, c).press("helo\x1b[Dl\r").press("cat\r").press("x\r\x04").press("no\x03").press("echo 'a\r").press("b'\r")
	recorded := script
	b := newDesk(40, Config{})
	for _, s := range recorded {
		b.press(s)
	}
	if d := cmp.Diff(a.sh.ran, b.sh.ran); d != "" {
		t.Error(d)
	}
}

func FuzzInput(f *testing.F) {
	for _, s := range []string{"abc\r", "\x1b[A\x1b[B", "\x12x\x07", "\x1b[200~a\nb\x1b[201~", "日本\x7f\x7f", "cat\rx\r\x04", "\t\ty", "\xff\x1b"} {
		f.Add([]byte(s), uint8(20))
	}
	f.Fuzz(func(t *testing.T, keys []byte, cols uint8) {
		d := newDesk(int(cols%100)+2, Config{})
		d.press(string(keys)).press("\x03")
		d.Resize(int(cols)+1, 3)
		d.press(string(keys))
	})
}
