//go:build !js

package sim_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim/admission"
	"terrarium/sim/custom"
	"terrarium/sim/kubectl"
	"terrarium/sim/resources"
	"terrarium/sim/shell"
	"terrarium/sim/shell/commands"
)

const (
	tableBegins = "<!-- made by TestReadme; go test ./sim -run TestReadme -update -->\n"
	tableEnds   = "<!-- end -->\n"
)

// TestReadme holds the README's table of what is simulated against the code.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), tableBegins)
	if !ok {
		t.Fatal("README.md has no table")
	}
	_, after, ok := strings.Cut(rest, tableEnds)
	if !ok {
		t.Fatal("README.md's table has no end")
	}
	want := before + tableBegins + table() + tableEnds + after
	if *update {
		if err := os.WriteFile("../README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, string(data)); d != "" {
		t.Error(d)
	}
}

func table() string {
	var b strings.Builder
	row := func(what, yes, no string) { fmt.Fprintf(&b, "| %s | %s | %s |\n", what, yes, no) }
	row("", "simulated", "recognised, and not simulated")
	row("---", "---", "---")

	groups := map[string][]string{}
	for _, r := range append(resources.All(), custom.Definitions()) {
		groups[r.Group] = append(groups[r.Group], r.Kind)
	}
	var kinds []string
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		name := g
		if g == "" {
			name = "core"
		}
		slices.Sort(groups[g])
		kinds = append(kinds, "**"+name+"** "+strings.Join(slices.Compact(groups[g]), ", "))
	}
	row("kinds", strings.Join(kinds, "; "), "all others")

	var plugins []string
	for _, p := range admission.Default() {
		plugins = append(plugins, p.Name())
	}
	row("admission", strings.Join(plugins, ", "), "")

	yes, no := kubectl.Coverage()
	row("kubectl", code(yes), code(no))

	row("programs", code(slices.Sorted(maps.Keys(commands.All()))), code(shell.Unsimulated()))
	return b.String()
}

func code(names []string) string { return "`" + strings.Join(names, "` `") + "`" }
