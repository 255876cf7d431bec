package sim_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim"
)

var update = flag.Bool("update", false, "rewrite the transcripts")

// TestTranscripts plays testdata/*.txt: `$` is typed (`>` continues it), `@ advance 30s` moves time, `@ write NAME`
// writes the lines that follow with a bar in front, `#` is a remark. Everything else is what the terminal shows, and
// `[exit N]` where a line did not end with 0; a blank line stands before a remark. A first line `@ scenario NAME` names a scenario of testdata/scenarios.
func TestTranscripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("there are no transcripts")
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := playTranscript(t, string(data))
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(data), got); d != "" {
				t.Error(d)
			}
		})
	}
}

func playTranscript(t *testing.T, text string) string {
	t.Helper()
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	config := sim.Config{Seed: 1}
	for _, l := range lines {
		if name, ok := strings.CutPrefix(l, "@ scenario "); ok {
			data, err := os.ReadFile(filepath.Join("..", "testdata", "scenarios", name))
			if err != nil {
				t.Fatal(err)
			}
			config.Scenario = data
		}
	}
	c, err := sim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out strings.Builder
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		switch {
		case strings.HasPrefix(l, "$ "):
			fmt.Fprintln(&out, l)
			input := l[2:]
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "> ") {
				i++
				fmt.Fprintln(&out, lines[i])
				input += "\n" + lines[i][2:]
			}
			var shown strings.Builder
			r, err := c.ExecTo(context.Background(), input, 0, &shown, &shown)
			if err != nil {
				t.Fatal(err)
			}
			s := shown.String()
			if s != "" && !strings.HasSuffix(s, "\n") {
				s += "\n\\ no newline\n"
			}
			out.WriteString(s)
			if r.Exit != 0 {
				fmt.Fprintf(&out, "[exit %d]\n", r.Exit)
			}
		case strings.HasPrefix(l, "@ advance "):
			d, err := time.ParseDuration(l[len("@ advance "):])
			if err != nil {
				t.Fatalf("%s: %v", l, err)
			}
			c.Advance(d)
			fmt.Fprintln(&out, l)
		case strings.HasPrefix(l, "@ write "):
			fmt.Fprintln(&out, l)
			var content strings.Builder
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "| ") {
				i++
				fmt.Fprintln(&out, lines[i])
				content.WriteString(lines[i][2:] + "\n")
			}
			if err := c.WriteFile(l[len("@ write "):], []byte(content.String())); err != nil {
				t.Fatal(err)
			}
		case strings.HasPrefix(l, "#"):
			if i > 0 && !strings.HasPrefix(lines[i-1], "#") {
				fmt.Fprintln(&out)
			}
			fmt.Fprintln(&out, l)
		case strings.HasPrefix(l, "@ scenario "):
			fmt.Fprintln(&out, l)
		}
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}
