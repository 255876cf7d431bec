package sim_test

import (
	"strings"
	"testing"
	"time"

	"terrarium/sim"
)

// typist is somebody at the terminal.
type typist struct {
	t    *testing.T
	c    *sim.Cluster
	term *sim.Terminal
	out  strings.Builder
}

func newTypist(t *testing.T) *typist {
	t.Helper()
	c, err := sim.New(sim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	p := &typist{t: t, c: c}
	p.term = c.Terminal(sim.TerminalConfig{Cols: 40, Rows: 6, Out: func(b []byte) { p.out.Write(b) }})
	return p
}

// press gives keys and returns what is drawn in the second after them.
func (p *typist) press(keys string) string {
	p.out.Reset()
	p.term.Input([]byte(keys))
	p.c.Advance(time.Second)
	return p.out.String()
}

// rows is a drawing without the sequences that move the cursor and colour, line by line.
func rows(drawn string) string {
	return strings.NewReplacer("\x1b[H", "", "\x1b[K", "", "\x1b[7m", "", "\x1b[27m", "", "\x1b[m", "", "\x1b[?1049h", "", "\r\n", "|", "\r", "").Replace(drawn)
}

func TestLess(t *testing.T) {
	p := newTypist(t)
	p.press("seq 20 > n; printf 'one\\ntwo\\tx\\n' > short; (seq 8; printf 'long%.0s' {1..15}) > l\r")
	for _, x := range []struct{ keys, want string }{
		{"cat n | less\r", "1|2|3|4|5|:"},
		{" ", "6|7|8|9|10|:"},
		{"j", "7|8|9|10|11|:"},
		{"\x1b[A", "6|7|8|9|10|:"},
		{"G", "16|17|18|19|20|(END)"},
		{"b", "11|12|13|14|15|:"},
		{"g", "1|2|3|4|5|:"},
		{"/1[2]\r", "12|13|14|15|16|:"},
		{"?4\r", "14|15|16|17|18|:"},
		{"n", "4|5|6|7|8|:"},
		{"n", "4|5|6|7|8|Pattern not found  (press RETURN)"},
		{"/4\r", "4|5|6|7|8|:"},
		{"n", "14|15|16|17|18|:"},
		{"7g", "7|8|9|10|11|:"},
		{"d", "9|10|11|12|13|:"},
		{"50%", "11|12|13|14|15|:"},
		{"-N", "     11 11|     12 12|     13 13|     14 14|     15 15|:"},
	} {
		got := rows(p.press(x.keys))
		if !strings.HasSuffix(got, x.want) {
			t.Errorf("%q: got %q, want %q", x.keys, got, x.want)
		}
	}
	if got := p.press("q"); !strings.Contains(got, "\x1b[?1049l") || p.term.Busy() {
		t.Errorf("q: %q, busy %v", got, p.term.Busy())
	}
	for _, x := range []struct{ keys, want string }{
		{"less short l\r", "one|two     x|~|~|~|short (file 1 of 2) (END) - Next: l"},
		{":n", "1|2|3|4|5|l (file 2 of 2)"},
		{"G", "6|7|8|longlonglonglonglonglonglonglonglonglong|longlonglonglonglong|(END)"},
		{":p", "one|two     x|~|~|~|short (file 1 of 2) (END) - Next: l"},
		{"q", ""},
		{"less -F short; echo on\r", "one|two     x|on|"},
		{"less nosuch; echo $?\r", "nosuch: No such file or directory|1|"},
		{"more n\r", "1|2|3|4|5|--More--(19%)"},
		{"\r", "6|--More--(23%)"},
		{" ", "7|8|9|10|11|--More--(47%)"},
		{"q", ""},
		{"more short; less < short | cat\r", "one|two     x|one|two\tx|"},
	} {
		got := rows(p.press(x.keys))
		if !strings.Contains(got, x.want) {
			t.Errorf("%q: got %q, want %q", x.keys, got, x.want)
		}
	}
	// What never ends can be left, and so can what has nothing yet.
	p.press("yes | less\r")
	p.press("q")
	p.press("sleep 100 | less\r")
	p.press("\x03")
	if p.term.Busy() {
		t.Error("less goes on")
	}
	// Who leaves the other screen leaves no empty line behind.
	p.press("watch date\r")
	if got := p.press("\x03"); !strings.HasPrefix(got, "^C\x1b[?1049l\x1b[?2004h") {
		t.Errorf("watch leaves %q", got)
	}
}
