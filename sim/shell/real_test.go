package shell_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var record = flag.Bool("record", false, "write what this machine's bash and GNU programs print to testdata/real")

// real is one script and what bash 5.2, with Debian's coreutils, mawk, sed and grep, printed for it.
type real struct {
	script string
	out    string
	exit   int
	ours   string // what ours prints where it differs, with the reason in a remark of the script
}

// TestReal runs scripts as `bash script` in an empty directory. A file holds cases divided by lines of "=====": the
// script, "-----", what it printed on both streams, and the exit status where it is not 0. Where ours is known to
// differ, "~~~~~" and our output follow.
func TestReal(t *testing.T) {
	files, _ := filepath.Glob("testdata/real/*.txt")
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			cases := parseReal(string(data))
			if *record {
				for i := range cases {
					cases[i].ask(t)
				}
				os.WriteFile(name, []byte(formatReal(cases)), 0o644)
			}
			for _, c := range cases {
				want := c.out
				if c.exit != 0 {
					want += fmt.Sprintf("[exit %d]\n", c.exit)
				}
				if c.ours != "" {
					want = c.ours
				}
				m := newMachine()
				m.FS().Mkdir("/w", 0o755)
				m.FS().WriteFile("/w/script", []byte(c.script), 0o644)
				out, exit := m.run("cd /w; bash script")
				if exit != 0 {
					out += fmt.Sprintf("[exit %d]\n", exit)
				}
				if diff := cmp.Diff(want, out); diff != "" {
					t.Errorf("%s\n(-real +ours):\n%s", c.script, diff)
				}
			}
		})
	}
}

func parseReal(text string) (cases []real) {
	for part := range strings.SplitSeq(text, "=====\n") {
		script, out, _ := strings.Cut(part, "-----\n")
		if strings.TrimSpace(script) == "" {
			continue
		}
		c := real{script: script}
		c.out, c.ours, _ = strings.Cut(out, "~~~~~\n")
		if i := strings.LastIndex(c.out, "[exit "); i >= 0 && (i == 0 || c.out[i-1] == '\n') {
			fmt.Sscanf(c.out[i:], "[exit %d]", &c.exit)
			c.out = c.out[:i]
		}
		cases = append(cases, c)
	}
	return cases
}

func formatReal(cases []real) string {
	var b strings.Builder
	for i, c := range cases {
		if i > 0 {
			b.WriteString("=====\n")
		}
		b.WriteString(c.script + "-----\n" + c.out)
		if c.exit != 0 {
			fmt.Fprintf(&b, "[exit %d]\n", c.exit)
		}
		if c.ours != "" {
			b.WriteString("~~~~~\n" + c.ours)
		}
	}
	return b.String()
}

// ask runs the script with the real bash.
func (c *real) ask(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	os.Mkdir(dir, 0o755)
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "script"), []byte(c.script), 0o644)
	cmd := exec.Command("timeout", "10", "bash", "script")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=xterm", "TZ=UTC"}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Run()
	c.out, c.exit = out.String(), cmd.ProcessState.ExitCode()
	if c.out != "" && !strings.HasSuffix(c.out, "\n") {
		c.out += "\n"
	}
}
