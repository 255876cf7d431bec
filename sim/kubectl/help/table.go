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
	x := &sections{commands: map[string]command{}}
	for i, part := range strings.Split(table, "\n"+mark+"command ") {
		if i == 0 {
			x.flags = strings.Split(part, "\n")[1:]
			continue
		}
		path, rest, _ := strings.Cut(part, "\n")
		x.paths = append(x.paths, path)
		x.commands[path] = parse(rest)
	}
	return x
})

type sections struct {
	flags    []string
	paths    []string // in upstream's order, a parent before its children
	commands map[string]command
}

// A command is one section of the table, taken apart.
type command struct {
	fields        map[string]string
	long, example string
}

func parse(section string) command {
	c := command{fields: map[string]string{}}
	parts := strings.Split(strings.TrimSuffix(section, "\n"), "\n"+mark)
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
	return c
}

func (c command) has(key string) bool { _, ok := c.fields[key]; return ok }

// Paths lists the commands of kubectl below its root, parents before children: "annotate", …, "config set-context".
func Paths() []string { return index().paths[1:] }

// Apply gives cmd what kubectl's command of that path has: use and usage line, aliases, texts and every flag with
// upstream's type and default, required ones marked. The root's path is empty. It reports whether the path exists;
// where it does not, cmd stays as it was. home replaces $HOME in defaults.
func Apply(cmd *cobra.Command, path, home string) bool {
	c, ok := index().commands[path]
	if ok {
		c.describe(cmd)
		c.addFlags(cmd, home)
	}
	return ok
}

func (c command) describe(cmd *cobra.Command) {
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
}

func (c command) addFlags(cmd *cobra.Command, home string) {
	for _, id := range strings.Fields(c.fields["persistent"]) {
		addFlag(cmd.PersistentFlags(), id, home)
	}
	for _, id := range strings.Fields(c.fields["flags"]) {
		addFlag(cmd.Flags(), id, home)
	}
}

// Tree builds kubectl's command tree for one command line. run names the function of the command at path; where it
// returns nil, a command that upstream can run answers through missing. Only commands below a first word that stands
// in args get their flags: for that line nothing else can show, and it costs a tenth.
func Tree(args []string, home string, run func(path string) func(*cobra.Command, []string) error, missing func(*cobra.Command, []string) error) *cobra.Command {
	commands := map[string]*cobra.Command{}
	for _, path := range index().paths {
		c := index().commands[path]
		cmd := &cobra.Command{RunE: run(path)}
		if cmd.RunE == nil && c.has("run") {
			cmd.RunE = missing
		}
		c.describe(cmd)
		commands[path] = cmd
		parent, first := "", path
		if i := strings.LastIndexByte(path, ' '); i >= 0 {
			parent = path[:i]
			first, _, _ = strings.Cut(path, " ")
		}
		if path == "" || mentions(args, commands[first]) {
			c.addFlags(cmd, home)
		}
		if path != "" {
			commands[parent].AddCommand(cmd)
		}
	}
	return commands[""]
}

func mentions(args []string, cmd *cobra.Command) bool {
	for _, arg := range args {
		if arg == cmd.Name() || cmd.HasAlias(arg) {
			return true
		}
	}
	return false
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
