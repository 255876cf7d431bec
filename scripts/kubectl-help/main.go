// Command kubectl-help writes the table of kubectl's commands that sim/kubectl/help embeds: for each command its usage
// line, descriptions, examples and flags, read from the command tree of k8s.io/kubectl at the version in go.mod.
//
//	cd scripts/kubectl-help && go run . > ../../sim/kubectl/help/kubectl.txt
//
// It is a module of its own, so that nothing of upstream's kubectl can be linked into the simulator.
package main

import (
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
)

func main() {
	// The default of --cache-dir holds the home directory; the reader of the table puts the real one in.
	os.Setenv("HOME", "$HOME")
	os.Unsetenv("KUBECONFIG")
	root := cmd.NewKubectlCommand(cmd.KubectlOptions{
		Arguments:   []string{"kubectl"},
		ConfigFlags: genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag(),
		IOStreams:   genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard},
	})
	logs.AddFlags(root.PersistentFlags())
	t := table{ids: map[string]int{}}
	t.command(root)
	fmt.Println("@@ flags of kubectl 1.36.3: name, shorthand, type, default, default without a value, marks, usage (scripts/kubectl-help)")
	for i, line := range t.flags {
		fmt.Printf("%d\t%s\n", i, line)
	}
	fmt.Print(t.commands.String())
	fmt.Println("@@ end")
}

type table struct {
	ids      map[string]int
	flags    []string
	commands strings.Builder
}

func (t *table) command(c *cobra.Command) {
	w := &t.commands
	fmt.Fprintf(w, "@@ command %s\n", strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "kubectl"), " "))
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", key, escape(value))
		}
	}
	line("use", c.Use)
	line("short", c.Short)
	line("aliases", strings.Join(c.Aliases, " "))
	line("suggest", strings.Join(c.SuggestFor, " "))
	line("args", strings.Join(c.ValidArgs, " "))
	line("deprecated", c.Deprecated)
	for _, mark := range []struct {
		name string
		set  bool
	}{{"run", c.Runnable()}, {"hidden", c.Hidden}, {"noflagsinuse", c.DisableFlagsInUseLine}, {"noparse", c.DisableFlagParsing}} {
		if mark.set {
			fmt.Fprintln(w, mark.name)
		}
	}
	c.InheritedFlags()
	line("persistent", t.list(c.PersistentFlags(), nil))
	line("flags", t.list(c.LocalFlags(), c.PersistentFlags()))
	text := func(key, value string) {
		if value != "" {
			fmt.Fprintf(w, "@@ %s\n%s\n", key, value)
			if strings.Contains("\n"+value, "\n@@ ") {
				panic("the text of " + c.CommandPath() + " contains the table's own mark")
			}
		}
	}
	text("long", c.Long)
	text("example", c.Example)
	for _, sub := range c.Commands() {
		t.command(sub)
	}
}

func (t *table) list(set, but *pflag.FlagSet) string {
	var ids []string
	set.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || but != nil && but.Lookup(f.Name) != nil {
			return
		}
		key := flagLine(f)
		id, ok := t.ids[key]
		if !ok {
			id = len(t.flags)
			t.ids[key] = id
			t.flags = append(t.flags, key)
		}
		ids = append(ids, strconv.Itoa(id))
	})
	return strings.Join(ids, " ")
}

func flagLine(f *pflag.Flag) string {
	var marks []string
	if f.Hidden {
		marks = append(marks, "hidden")
	}
	if f.Deprecated != "" {
		marks = append(marks, "deprecated="+f.Deprecated)
	}
	if f.ShorthandDeprecated != "" {
		marks = append(marks, "shorthanddeprecated="+f.ShorthandDeprecated)
	}
	for key, values := range f.Annotations {
		for _, value := range values {
			marks = append(marks, key+"="+value)
		}
	}
	sort.Strings(marks)
	fields := []string{f.Name, f.Shorthand, f.Value.Type(), f.DefValue, f.NoOptDefVal, strings.Join(marks, ";"), f.Usage}
	for i := range fields {
		fields[i] = escape(fields[i])
	}
	return strings.Join(fields, "\t")
}

func escape(s string) string {
	return strings.NewReplacer("\\", `\\`, "\n", `\n`, "\t", `\t`).Replace(s)
}
