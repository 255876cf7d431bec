package kubectl

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"terrarium/sim/kubectl/help"
)

// runFunc does the work of one command; its flags are those of the help table.
type runFunc func(f *Factory, cmd *cobra.Command, args []string) error

// newRoot is kubectl's command tree for one command line.
func newRoot(f *Factory) *cobra.Command {
	var root *cobra.Command
	run := func(path string) func(*cobra.Command, []string) error {
		fn := commandFor(path)
		if fn == nil {
			return nil
		}
		return func(cmd *cobra.Command, args []string) error {
			f.readGlobals(root.PersistentFlags())
			f.command = cmd.CommandPath()
			return fn(f, cmd, args)
		}
	}
	missing := func(cmd *cobra.Command, args []string) error {
		if cmd.HasAvailableSubCommands() {
			return runGroup(f, cmd, args)
		}
		return notSimulated(cmd.CommandPath())
	}
	root = help.Tree(f.Args, f.home(), run, missing)
	f.applySetFlags(root)
	help.Install(root, f.Out, f.ErrOut, f.helpWidth())
	if d, _, err := root.Find([]string{"diff"}); err == nil && d != root {
		d.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return exitError{2, usageErrorf(c, "%s", err)} })
	}
	root.CompletionOptions.DisableDefaultCmd = true
	return root
}

// runRoot is kubectl without a command.
func runRoot(f *Factory, cmd *cobra.Command, _ []string) error { return cmd.Help() }

// runGroup is a command that only holds others: without one of them it prints its help on stderr, rollout on
// stdout, and fails.
func runGroup(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf(cmd, "unknown command %q", strings.Join(args, " "))
	}
	out := f.ErrOut
	if cmd.Name() == "rollout" {
		out = f.Out
	}
	io.WriteString(out, help.Text(cmd, 0))
	return errExit
}

func (f *Factory) home() string {
	if h := f.Getenv("HOME"); h != "" {
		return h
	}
	return "/root"
}

func (f *Factory) helpWidth() int {
	if f.TTY {
		return f.Width
	}
	return 0
}

// misplacedPluginFlag is the complaint about a line whose command is unknown and that starts with a flag: what is unknown is looked
// for among plugins, and their names come first.
func misplacedPluginFlag(root *cobra.Command, args []string) string {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") {
		return ""
	}
	if _, _, err := root.Find(args); err == nil {
		return ""
	}
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			if a == "help" || a == cobra.ShellCompRequestCmd || a == cobra.ShellCompNoDescRequestCmd {
				return ""
			}
			break
		}
	}
	return "Error: flags cannot be placed before plugin name: " + args[0] + "\n"
}
