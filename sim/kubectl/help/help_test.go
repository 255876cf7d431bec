package help

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func tree(args []string, stdout, stderr *bytes.Buffer, width int) *cobra.Command {
	nothing := func(string) func(*cobra.Command, []string) error { return nil }
	root := Tree(args, "/root", nothing, func(*cobra.Command, []string) error { return nil })
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	Install(root, stdout, stderr, width)
	return root
}

// The recording holds what the real kubectl 1.36.3 printed; commands without --help need a cluster and are not asked here.
func TestHelpEqualsRecorded(t *testing.T) {
	data, err := os.ReadFile("testdata/recorded.txt")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, block := range strings.Split(string(data), "\n$ kubectl")[1:] {
		line, want, _ := strings.Cut(block, "\n")
		args := strings.Fields(line)
		if strings.Contains(line, "|") || strings.Contains(line, "plugin") || strings.Contains(line, "alpha") || strings.Contains(line, "nosuch --help") {
			continue
		}
		asked++
		var stdout, stderr bytes.Buffer
		root := tree(args, &stdout, &stderr, 0)
		root.SetArgs(args)
		root.Execute()
		got := stdout.String()
		if stderr.Len() > 0 {
			got = "[stderr]\n" + stderr.String()
		}
		if diff := cmp.Diff(strings.TrimRight(want, "\n"), strings.TrimRight(got, "\n")); diff != "" {
			t.Errorf("kubectl%s (-recorded +ours):\n%s", line, diff)
		}
	}
	if asked < 40 {
		t.Errorf("only %d recorded commands were asked", asked)
	}
}

// With KUBECTL naming a real kubectl 1.36.3, the help of every command is compared with its.
func TestHelpEqualsRealKubectl(t *testing.T) {
	real := os.Getenv("KUBECTL")
	if real == "" {
		t.Skip("KUBECTL names no kubectl")
	}
	for _, path := range append(Paths(), "") {
		args := append(strings.Fields(path), "--help")
		if path == "options" {
			args = []string{"options"}
		}
		cmd := exec.Command(real, args...)
		cmd.Env = append(os.Environ(), "HOME=/root")
		want, err := cmd.Output()
		if err != nil {
			t.Fatal(path, err)
		}
		var stdout, stderr bytes.Buffer
		root := tree(args, &stdout, &stderr, 0)
		root.SetArgs(args)
		if path == "options" {
			options, _, _ := root.Find(args)
			options.RunE = func(c *cobra.Command, _ []string) error { return c.Usage() }
		}
		root.Execute()
		if diff := cmp.Diff(string(want), stdout.String()); diff != "" {
			t.Errorf("kubectl %s (-real +ours):\n%s", path, diff)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"one two three", 0, "one two three"},
		{"one two three", 7, "one two\nthree"},
		{"one two  three", 8, "one two\nthree"},
		{"longerthanthelimit x", 5, "longerthanthelimit\nx"},
		{"a\n  b c", 80, "a\n  b c"},
		{"ends with blanks   \nnext", 80, "ends with blanks   \nnext"},
	} {
		if got := Wrap(c.in, c.limit); got != c.want {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestHelpWrapsOnATerminal(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := []string{"drain", "--help"}
	root := tree(args, &stdout, &stderr, 85)
	root.SetArgs(args)
	root.Execute()
	for _, line := range strings.Split(stdout.String(), "\n") {
		if strings.Contains(line, " ") && len(strings.TrimSpace(line)) > 80 {
			t.Errorf("a line is wider than 80: %q", line)
		}
	}
}

func BenchmarkTree(b *testing.B) {
	var stdout, stderr bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		tree([]string{"create", "secret", "generic"}, &stdout, &stderr, 0)
	}
}
