package sim_test

import (
	"strings"
	"testing"
	"time"

	"terrarium/sim"
)

// screen is what a terminal has shown, without its colours and the like.
type screen struct{ b strings.Builder }

func (s *screen) take(p []byte) { s.b.Write(p) }

func (s *screen) String() string {
	text := s.b.String()
	for {
		begin := strings.Index(text, "\x1b[")
		if begin < 0 {
			return strings.ReplaceAll(text, "\r", "")
		}
		end := begin + 2
		for end < len(text) && (text[end] < '@' || text[end] > '~') {
			end++
		}
		text = text[:begin] + text[min(end+1, len(text)):]
	}
}

// TestTalkWithAShell types into shells of containers: one that is started for it, and one that a container runs.
func TestTalkWithAShell(t *testing.T) {
	c, err := sim.New(sim.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var s screen
	term := c.Terminal(sim.TerminalConfig{Out: s.take, Cols: 200, Rows: 50})
	typeLine := func(line string) string {
		s.b.Reset()
		term.Input([]byte(line + "\r"))
		c.Advance(15 * time.Second)
		return s.String()
	}
	typeLine("kubectl run web --image=nginx")
	for _, x := range []struct{ line, want string }{
		{"kubectl exec -it web -- bash", "root@web:/# "},
		{"hostname", "web\n"},
		{"cd /etc; pwd", "/etc\nroot@web:/etc# "},
		{"no-such-command", "bash: no-such-command: command not found"},
		{"cat", ""},
		{"some words", "some words\n"},
		{"\x04", "root@web:/etc# "},
		{"nginx -v", "nginx version: nginx/1.29.4"},
		{"exit 3", "command terminated with exit code 3"},
		{"echo $?", "3\n"},
		{"kubectl run box --image=busybox -it --rm -- sh", "/ # "},
		{"echo $HOSTNAME; exit", "box\n"},
		{"kubectl exec -it web -- cat", ""},
		{"some words", "some words\nsome words\n"},
		{"\x04", "controlplane:~$ "},
		{"kubectl exec -it web -- sleep 1000", ""},
		{"\x03", "command terminated with exit code 130"},
		{"kubectl exec -it web -- nginx -g 'daemon off;'", "start worker process 30\n"},
		{"\x03", "controlplane:~$ "},
		{"echo 'echo $((6*7)); exit 4' | kubectl exec -i web -- sh; echo $?", "42\ncommand terminated with exit code 4\n4\n"},
		{"kubectl exec web -- sh -c 'nginx -v 2>&1 | tr n N'", "NgiNx versioN: NgiNx/1.29.4\n"},
		{"kubectl run sum --image=busybox -i --restart=Never --command -- sh -c 'while read a; do echo \"<$a>\"; done'", ""},
		{"typed", "<typed>\n"},
		{"\x04", "controlplane:~$ "},
		{"kubectl get pods --no-headers", "sum   0/1   Completed   0"},
	} {
		if got := typeLine(x.line); !strings.Contains(got, x.want) {
			t.Errorf("%s: shows\n%s\nwant\n%s", x.line, got, x.want)
		}
	}
}
