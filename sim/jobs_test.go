package sim_test

import (
	"strings"
	"testing"

	"terrarium/sim"
	"terrarium/sim/session"
)

// Ctrl-Z, and what comes after it, as bash does it.
func TestJobControl(t *testing.T) {
	p := newTypist(t)
	for _, x := range []struct{ keys, want string }{
		{"sleep 100\r", "\r\n\x1b[?2004l\r"},
		{"\x1a", "^Z\r\n[1]+  Stopped                 sleep 100\r\n"},
		{"echo $?; jobs\r", "148\r\n[1]+  Stopped                 sleep 100\r\n"},
		{"seq 3 | (sleep 2; cat)\r", "\r\n\x1b[?2004l\r"},
		{"\x1a", "^Z\r\n[2]+  Stopped                 seq 3 | (sleep 2; cat)\r\n"},
		{"jobs\r", "[1]-  Stopped                 sleep 100\r\n[2]+  Stopped                 seq 3 | (sleep 2; cat)\r\n"},
		{"bg %1\r", "[1]- sleep 100 &\r\n"},
		{"jobs -r\r", "[1]-  Running                 sleep 100 &\r\n"},
		{"sleep 5\r", ""}, // the pipeline stays stopped
		{"\x03", "^C\r\n"},
		{"exit\r", "There are stopped jobs.\r\n"},
		{"fg\r", "seq 3 | (sleep 2; cat)\r\n1\r\n2\r\n3\r\n"},
		{"kill %1\r", ""},
		{"\r", "[1]+  Terminated              sleep 100\r\n"},
		{"x=1; sleep 50; echo back $x\r", ""},
		{"\x1a", "[1]+  Stopped                 x=1; sleep 50; echo back $x\r\n"},
		{"x=2; fg %1\r", "x=1; sleep 50; echo back $x\r\n"},
		{"\x1a", "^Z\r\n[1]+  Stopped                 x=1; sleep 50; echo back $x\r\n"},
		{"fg\r", ""},
		{"\x03", "^C\r\n"},
		{"jobs; echo none\r", "\rnone\r\n"},
		{"PS1='\\u \\W> '\r", "root ~> "},
		{"sleep 30 > out\r", ""},
		{"\x1a", "Stopped"},
		{"echo seen\r", "seen\r\n"},
		{"kill -9 %1\r", ""},
		{"\r", "Killed"},
		{"sleep 40 &\r", "[1] "},
		{"kill -STOP %1\r", "[1]+  Stopped                 sleep 40\r\n"},
		{"kill -CONT %1; jobs\r", "[1]+  Running                 sleep 40 &\r\n"},
		{"fg nosuch; bg; exit\r", "bash: fg: nosuch: no such job\r\nbash: bg: job 1 already in background\r\n"},
	} {
		if got := p.press(x.keys); !strings.Contains(got, x.want) {
			t.Errorf("%q: got %q, want %q", x.keys, got, x.want)
		}
	}
}

// What Ctrl-Z and fg made of a session, its log makes again.
func TestJobControlIsReplayed(t *testing.T) {
	p := newTypist(t)
	for _, keys := range []string{"sleep 3; echo woke > f\r", "\x1a", "echo before > g\r", "fg\r", "", "", ""} {
		p.press(keys)
	}
	read := func() string {
		f, _ := p.c.ReadFile("f")
		g, _ := p.c.ReadFile("g")
		return string(f) + string(g)
	}
	want := read()
	if want != "woke\nbefore\n" {
		t.Fatalf("got %q", want)
	}
	l, err := session.Parse(p.c.Log())
	if err != nil {
		t.Fatal(err)
	}
	p.c, err = sim.Restore(sim.Config{}, l, func(c *sim.Cluster) {
		c.Terminal(sim.TerminalConfig{Cols: 40, Rows: 6, Out: func([]byte) {}})
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(); got != want {
		t.Errorf("the replay has %q, want %q", got, want)
	}
}
