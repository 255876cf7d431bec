package shell_test

import (
	"testing"
	"time"
)

// What one line changes, the next one sees.
func TestStateStaysBetweenLines(t *testing.T) {
	m := newMachine()
	for _, c := range []struct{ line, want string }{
		{"x=1; cd /tmp; f() { echo f$1; }; alias ll='echo LL |'", ""},
		{"echo $x $PWD; f 2; ll cat", "1 /tmp\nf2\nLL\n"},
		{"nosuch", "bash: nosuch: command not found\n"},
		{"echo $?", "127\n"},
		{"echo )", "bash: syntax error near unexpected token `)'\n"},
		{"echo $?", "2\n"},
		{"helm version", "error: terrarium recognises \"helm\" but does not simulate it\n"},
		{"cat <<EOF\na $x\nEOF", "a 1\n"},
		{"exec 2>/tmp/err; nosuch", ""},
		{"cat /tmp/err; exec 2>/dev/stdout", "bash: nosuch: command not found\n"},
		{"set -u; echo $nope; echo never", "bash: nope: unbound variable\n"},
		{"set +u; echo $((1/0)); echo never", "bash: 1/0: division by 0 (error token is \"0\")\n"},
		{"echo on", "on\n"},
	} {
		if out, _ := m.run(c.line); out != c.want {
			t.Errorf("%s: got %q, want %q", c.line, out, c.want)
		}
	}
	if _, exit := m.run("exit 3"); exit != 3 || !m.Exited() {
		t.Errorf("exit %d, exited %v", exit, m.Exited())
	}
}

// A shell that a person types into expands !, keeps a history and tells about jobs.
func TestTypedInto(t *testing.T) {
	m := newMachine()
	m.SetInteractive(true)
	for _, c := range []struct{ line, want string }{
		{"echo one two", "one two\n"},
		{"!!", "echo one two\none two\n"},
		{"echo !$", "echo two\ntwo\n"},
		{"!ec", "echo two\ntwo\n"},
		{"^two^three", "echo three\nthree\n"},
		{"echo '!!' a!", "!! a!\n"},
		{"!nosuch", "bash: !nosuch: event not found\n"},
		{"history 2", "    4  echo '!!' a!\n    5  history 2\n"},
	} {
		if out, _ := m.run(c.line); out != c.want {
			t.Errorf("%s: got %q, want %q", c.line, out, c.want)
		}
	}
	m.run("sleep 5 &")
	if got := m.JobNotices(); got != "" {
		t.Errorf("too early: %q", got)
	}
	m.tasks.AdvanceTo(m.clock.Now().Add(10*time.Second), nil)
	expect(t, m.JobNotices(), "[1]+  Done                    sleep 5\n")
	expect(t, m.JobNotices(), "")
}

func TestIncomplete(t *testing.T) {
	m := newMachine()
	for text, want := range map[string]bool{
		"echo a": false, "echo 'a": true, "echo \"a": true, "if true": true, "for i in 1; do": true, "cat <<EOF": true, "cat <<EOF\na\nEOF": false,
		"echo \\": true, "echo \\\\": false, "a |": true, "a &&": true, "f() {": true, "echo $(": true, "echo )": false, "": false, "# it's": false,
	} {
		if got := m.Incomplete(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestHistoryLine(t *testing.T) {
	m := newMachine()
	for text, want := range map[string]string{
		"for i in 1 2\ndo echo $i\ndone": "for i in 1 2; do echo $i; done",
		"if true; then\n  echo a\nfi":    "if true; then   echo a; fi",
		"f() {\necho a\n}":               "f() { echo a; }",
		"echo 'a\nb'":                    "echo 'a\nb'",
		"cat <<E\nx\nE":                  "cat <<E\nx\nE",
		"echo a |\ncat":                  "echo a | cat",
		"kubectl get pods \\\n  -o wide": "kubectl get pods   -o wide",
		"case x in\nx) echo a;;\nesac":   "case x in x) echo a;; esac",
		"echo one line":                  "echo one line",
	} {
		if got := m.HistoryLine(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
