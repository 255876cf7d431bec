// Package help is what kubectl says about itself: the commands, flags and texts of kubectl 1.36.3 as a table, and the
// layout in which they are printed. It knows no command's work.
package help

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// groups are the headings of `kubectl --help`, in order, with the commands under each.
var groups = []struct {
	title string
	names string
}{
	{"Basic Commands (Beginner):", "create expose run set"},
	{"Basic Commands (Intermediate):", "explain get edit delete"},
	{"Deploy Commands:", "rollout scale autoscale"},
	{"Cluster Management Commands:", "certificate cluster-info top cordon uncordon drain taint"},
	{"Troubleshooting and Debugging Commands:", "describe logs attach exec port-forward proxy cp auth debug events"},
	{"Advanced Commands:", "diff apply patch replace wait kustomize"},
	{"Settings Commands:", "label annotate completion"},
	{"Subcommands provided by plugins:", ""},
}

// Install makes root and all below it print help to stdout in kubectl's layout, usage to stderr, and flag errors in
// kubectl's words. width is the terminal's when stdout is one, else 0: then no line is wrapped.
func Install(root *cobra.Command, stdout, stderr io.Writer, width int) {
	limit := wrapLimit(width)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetOut(stderr)
	root.SetErr(stderr)
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		io.WriteString(stdout, Wrap(Text(c, limit), limit))
	})
	root.SetUsageFunc(func(c *cobra.Command) error {
		_, err := io.WriteString(stderr, usage(c, limit))
		return err
	})
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if c.CalledAs() == "options" {
			return fmt.Errorf("%s\nRun '%s' without flags.", err, c.CommandPath())
		}
		return fmt.Errorf("%s\nSee '%s --help' for usage.", err, c.CommandPath())
	})
	if alpha, _, err := root.Find([]string{"alpha"}); err == nil && alpha != root {
		alpha.SetHelpFunc(func(*cobra.Command, []string) {
			io.WriteString(stderr, "No alpha commands are available in this version of kubectl\n")
		})
	}
	if options, _, err := root.Find([]string{"options"}); err == nil && options != root {
		options.SetHelpFunc(func(*cobra.Command, []string) {})
		options.SetUsageFunc(func(c *cobra.Command) error {
			_, err := io.WriteString(stdout, Wrap(Options(c, limit), limit))
			return err
		})
	}
}

// Text is the whole help of a command; limit is the width to wrap flags at, 0 for none.
func Text(c *cobra.Command, limit int) string {
	c.InitDefaultHelpFlag()
	text := c.Long
	if text == "" {
		text = c.Short
	}
	text = strings.TrimSpace(text)
	if c.Runnable() || c.HasSubCommands() {
		text += usage(c, limit)
	}
	return text
}

// Options lists the flags that c inherits.
func Options(c *cobra.Command, limit int) string {
	if !c.HasInheritedFlags() {
		return ""
	}
	return "The following options can be passed to any command:\n\n" + flags(c.InheritedFlags(), limit)
}

func usage(c *cobra.Command, limit int) string {
	var b strings.Builder
	b.WriteString("\n\n")
	if len(c.Aliases) > 0 {
		b.WriteString("Aliases:\n" + c.NameAndAliases() + "\n\n")
	}
	if c.HasExample() {
		b.WriteString("Examples:\n" + trimRight(c.Example) + "\n\n")
	}
	if c.HasAvailableSubCommands() {
		b.WriteString(commands(c) + "\n\n")
	}
	if visible := visibleFlags(c); visible.HasFlags() {
		b.WriteString("Options:\n" + trimRight(flags(visible, limit)) + "\n\n")
	}
	if line := c.UseLine(); c.Runnable() && line != "" && line != c.Root().CommandPath() {
		if c.HasFlags() && !strings.Contains(line, "[options]") {
			line += " [options]"
		}
		b.WriteString("Usage:\n  " + line + "\n\n")
	}
	if c.HasSubCommands() {
		b.WriteString(`Use "` + c.CommandPath() + ` <command> --help" for more information about a given command.` + "\n")
	}
	if c.Runnable() {
		b.WriteString(`Use "` + c.Root().CommandPath() + ` options" for a list of global command-line options (applies to all commands).` + "\n")
	}
	return b.String()
}

// visibleFlags are the command's own flags, neither inherited nor handed on, without --help.
func visibleFlags(c *cobra.Command) *pflag.FlagSet {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	persistent := c.PersistentFlags()
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && persistent.Lookup(f.Name) == nil {
			own.AddFlag(f)
		}
	})
	return own
}

// commands lists the subcommands: at the root under its headings.
func commands(c *cobra.Command) string {
	var lines []string
	rest := map[string]*cobra.Command{}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "options" {
			rest[sub.Name()] = sub
		}
	}
	add := func(sub *cobra.Command) {
		lines = append(lines, fmt.Sprintf("  %-*s   %s", sub.NamePadding(), sub.Name(), sub.Short))
	}
	if c.HasParent() {
		lines = append(lines, "Available Commands:")
	} else {
		for _, group := range groups {
			lines = append(lines, group.title)
			for _, name := range strings.Fields(group.names) {
				if sub := rest[name]; sub != nil {
					add(sub)
					delete(rest, name)
				}
			}
			lines = append(lines, "")
		}
		lines = append(lines, "Other Commands:")
	}
	for _, sub := range c.Commands() {
		if rest[sub.Name()] == sub && (c.HasParent() || sub.Name() != "alpha") {
			add(sub)
		}
	}
	return strings.Join(lines, "\n")
}

// flags describes each flag: the flag and its default on one line, its usage indented below.
func flags(set *pflag.FlagSet, limit int) string {
	var b strings.Builder
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		b.WriteString("    ")
		if f.Shorthand != "" {
			b.WriteString("-" + f.Shorthand + ", ")
		}
		value := f.DefValue
		if f.Value.Type() == "string" {
			value = "'" + value + "'"
		}
		text := f.Usage
		if f.Deprecated != "" {
			text += " (DEPRECATED: " + f.Deprecated + ")"
		}
		text = strings.ReplaceAll(text, "\n", " ")
		if limit > 0 {
			text = Wrap(text, limit-10)
		}
		b.WriteString("--" + f.Name + "=" + value + ":\n\t" + strings.ReplaceAll(text, "\n", "\n\t") + "\n\n")
	})
	return b.String()
}

func trimRight(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }
