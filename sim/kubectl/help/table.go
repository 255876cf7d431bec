package help

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"
)

// The table is made by scripts/kubectl-help. It stays plain text: what carries the program compresses it better than
// a second packing would, and a text costs nothing until it is read.
//
//go:embed kubectl.txt
var table string

const mark = "@@ "

// index finds the sections of the table; it is built when the first command is asked for.
var index = sync.OnceValue(func() *sections {
	x := &sections{commands: map[string]string{}}
	for i, part := range strings.Split(table, "\n"+mark+"command ") {
		if i == 0 {
			x.flags = strings.Split(part, "\n")[1:]
			continue
		}
		path, rest, _ := strings.Cut(part, "\n")
		x.paths = append(x.paths, path)
		x.commands[path] = rest
	}
	return x
})

type sections struct {
	flags    []string
	paths    []string // in upstream's order, a parent before its children
	commands map[string]string
}

// A command is one section of the table, taken apart.
type command struct {
	fields        map[string]string
	long, example string
}

func lookup(path string) (command, bool) {
	rest, ok := index().commands[path]
	if !ok {
		return command{}, false
	}
	c := command{fields: map[string]string{}}
	parts := strings.Split(strings.TrimSuffix(rest, "\n"), "\n"+mark)
	for _, part := range parts[1:] {
		key, text, _ := strings.Cut(part, "\n")
		switch key {
		case "long":
			c.long = text
		case "example":
			c.example = text
		}
	}
	for _, line := range strings.Split(parts[0], "\n") {
		key, value, _ := strings.Cut(line, "\t")
		c.fields[key] = unescape(value)
	}
	return c, true
}

func (c command) has(key string) bool { _, ok := c.fields[key]; return ok }

// Paths lists the commands of kubectl below its root, parents before children: "annotate", …, "config set-context".
func Paths() []string { return index().paths[1:] }

// Apply gives cmd what kubectl's command of that path has: use and usage line, aliases, texts and every flag with
// upstream's type and default, required ones marked. The root's path is empty. It reports whether the path exists;
// where it does not, cmd stays as it was. home replaces $HOME in defaults.
func Apply(cmd *cobra.Command, path, home string) bool {
	c, ok := lookup(path)
	if !ok {
		return false
	}
	cmd.Use = c.fields["use"]
	cmd.Short = c.fields["short"]
	cmd.Long, cmd.Example = c.long, c.example
	cmd.Aliases = strings.Fields(c.fields["aliases"])
	cmd.SuggestFor = strings.Fields(c.fields["suggest"])
	cmd.ValidArgs = strings.Fields(c.fields["args"])
	cmd.Deprecated = c.fields["deprecated"]
	cmd.Hidden = c.has("hidden")
	cmd.DisableFlagsInUseLine = c.has("noflagsinuse")
	cmd.DisableFlagParsing = c.has("noparse")
	for _, id := range strings.Fields(c.fields["persistent"]) {
		cmd.PersistentFlags().AddFlag(flag(id, home))
	}
	for _, id := range strings.Fields(c.fields["flags"]) {
		cmd.Flags().AddFlag(flag(id, home))
	}
	return true
}

// Tree builds kubectl's whole command tree. run names the function of the command at path; where it returns nil, a
// command that upstream can run answers through missing.
func Tree(home string, run func(path string) func(*cobra.Command, []string) error, missing func(*cobra.Command, []string) error) *cobra.Command {
	commands := map[string]*cobra.Command{}
	for _, path := range index().paths {
		cmd := &cobra.Command{}
		Apply(cmd, path, home)
		cmd.RunE = run(path)
		if c, _ := lookup(path); cmd.RunE == nil && c.has("run") {
			cmd.RunE = missing
		}
		commands[path] = cmd
		if path == "" {
			continue
		}
		parent := ""
		if i := strings.LastIndexByte(path, ' '); i >= 0 {
			parent = path[:i]
		}
		commands[parent].AddCommand(cmd)
	}
	return commands[""]
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t").Replace(s)
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
