package shell_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

// settle runs a line, interrupted after 30 seconds, and lets what it has left behind run for as long.
func (m *machine) settle(line string) (out string, exit int) {
	var b strings.Builder
	ctx, cancel := context.WithCancel(context.Background())
	m.clock.After(30*time.Second, cancel)
	exit = m.Run(ctx, line, strings.NewReader(""), &b, &b)
	m.tasks.AdvanceTo(m.clock.Now().Add(30*time.Second), nil)
	return b.String(), exit
}

// silent is a terminal on which nobody types.
type silent struct{ m *machine }

func (s silent) Read([]byte) (int, error) { panic("read without a context") }
func (s silent) ReadContext(ctx context.Context, _ []byte) (int, error) {
	if err := s.m.tasks.WaitUntil(ctx, func() bool { return false }); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

// Ctrl-C ends whatever runs, at once, and the shell goes on afterwards.
func TestInterrupt(t *testing.T) {
	for _, line := range []string{
		"while true; do :; done",
		"for ((;;)); do x=$((x+1)); done",
		"until false; do true; done",
		"f() { f2; }; f2() { while :; do :; done; }; f",
		"while true; do cat /etc/hostname > /dev/null; done",
		"yes > /dev/null",
		"yes | cat > /dev/null",
		"yes | while read x; do :; done",
		"sleep 1000",
		"sleep 1000 | cat",
		"cat",
		"cat | wc -l",
		"read x",
		"wc -l < <(sleep 100)",
		"x=$(sleep 1000)",
		"(sleep 1000)",
		"watch date > /dev/null",
		"tail -f /etc/hostname",
		"bash -c 'while :; do :; done'",
		"timeout 100 sleep 1000",
		"find / -exec sleep 100 \\;",
		"seq 1 1000000000 > /dev/null",
		"awk 'BEGIN { while (1) x++ }'",
		"sed ':a;ba' <<< x",
		"jq -n 'def f: f; f'",
		"jq -n '[range(1e9)] | length'",
		"sort < <(sleep 100; echo)",
		"time sleep 100",
		"! sleep 100",
		"sleep 100 && echo no",
		"sleep 100; echo no",
		"for i in 1 2; do sleep 100; done",
		"trap 'echo no' EXIT; bash -c 'sleep 100'; trap - EXIT",
		"xargs sleep <<< '100 100'",
		"wait; sleep 5 & wait",
		"grep x",
		"echo a | tee >(sleep 100); wait; sleep 100",
		"less /etc/hostname; sleep 100",
		"case $(sleep 100) in *) ;; esac",
	} {
		m := newMachine()
		begun := time.Now()
		out, exit := m.interrupt(line, 2*time.Second, silent{m})
		if exit != 130 || strings.Contains(out, "no\n") {
			t.Errorf("%s: exit %d, output %q", line, exit, out)
		}
		if passed := m.clock.Now().Sub(start); passed > 3*time.Second {
			t.Errorf("%s: ended after %v", line, passed)
		}
		if took := time.Since(begun); took > time.Minute { // of a busy machine: a hang, not a speed
			t.Errorf("%s: took %v", line, took)
		}
		if out, _ := m.run("echo $?; echo on"); out != "130\non\n" {
			t.Errorf("%s: afterwards %q", line, out)
		}
	}
}

// What would take everything is refused with one clear sentence, and the shell goes on.
func TestLimits(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"yes", "bash: more than 100000 bytes of output; the command was stopped"},
		{"while true; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", "bash: more than 100000 bytes of output; the command was stopped"},
		{"yes | cat", "bash: more than 100000 bytes of output; the command was stopped"},
		{":(){ :|:& };:", "bash: fork: retry: Resource temporarily unavailable"},
		{"f() { f | f; }; f", "bash: fork: retry: Resource temporarily unavailable"},
		{"f() { f & f; }; f", "bash: fork: retry: Resource temporarily unavailable"},
		{"for i in {1..1000}; do sleep 100 & done", "bash: fork: retry: Resource temporarily unavailable"},
		{"f() { f; }; f", "bash: f: maximum function nesting level exceeded (100)"},
		{"f() { $(f); }; f", ""},
		{"f() { (f); }; f", "bash: f: maximum function nesting level exceeded (100)"},
		{"x=a; while true; do x=$x$x; done", "bash: xrealloc: cannot allocate"},
		{"a=(); while true; do a+=(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx$RANDOM); done", ""},
		{"x=$(yes)", "bash: command substitution: cannot allocate more than 500000 bytes"},
		{"echo {1..10000000} > /dev/null", "bash: brace expansion: cannot allocate memory"},
		{"echo {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b} > /dev/null", "cannot allocate memory"},
		{"yes > big", "yes: write error: File too large"},
		{"for i in {1..20}; do head -c 1M /dev/zero > f$i || break; done", "head: write error: No space left on device"},
		{"echo 'bash x' > x; bash x", "Resource temporarily unavailable"},
		{"echo '. ./y' > y; . ./y", "maximum source nesting level exceeded"},
		{"e='eval \"$e\"'; eval \"$e\"", "maximum eval nesting level exceeded"},
		{"alias a=a; a", "bash: a: command not found"},
		{"x=x; echo $((x))", "expression recursion level exceeded"},
		{"declare -n r=r; echo $r; r=1", ""},
		{"printf '%1000000000d\\n' 1 | wc -c", ""},
		{"awk 'function f() { f() } BEGIN { f() }'", ""},
		{"sed ':a;s/x/xx/;ta' <<< x | head -c 10", ""},
		{"grep -E '(a*)*b' <<< aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""},
		{"grep '\\(a*\\)*\\1b' <<< aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""},
		{"[[ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == *a*a*a*a*a*a*a*a*a*a*b ]]", ""},
		{"find / -name '*x*' | xargs -n1 echo | wc -l > /dev/null", ""},
		{"head -c 100 /dev/urandom | cat -v > /dev/null; cat /bin/ls | head -1 > /dev/null", ""},
	} {
		m := newLimited(shell.Limits{Output: 100_000, Processes: 50, Memory: 2_000_000, Depth: 100}, vfs.Limits{Bytes: 5_000_000, FileBytes: 2_000_000})
		begun := time.Now()
		out, _ := m.settle(c.line)
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("%s: took %v", c.line, took)
		}
		last := out[max(0, len(out)-300):]
		if c.want != "" && strings.Count(out, c.want) != 1 {
			t.Errorf("%s: printed %d times %q, at the end %q", c.line, strings.Count(out, c.want), c.want, last)
		}
		if c.want == "" {
			t.Logf("%s: %q", c.line, last)
		}
		if out, _ := m.run("echo on"); out != "on\n" {
			t.Errorf("%s: afterwards %q", c.line, out)
		}
	}
}
