package kubectl

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// candidates are what may stand in place of word, the last one of a line, behind args. A mistake of the line has none.
type candidates func(args []string, word string) ([]string, cobra.ShellCompDirective)

const noFiles = cobra.ShellCompDirectiveNoFileComp

// completer answers kubectl __complete, which shells ask for words behind a command.
type completer struct{ f *Factory }

// completeWith gives the command that the line is about its candidates. The returned function drops what cobra would otherwise keep for
// good: it remembers the functions of flags in a variable of its package.
func (f *Factory) completeWith(root *cobra.Command) (done func()) {
	root.SetOut(f.Out)
	if alpha, _, err := root.Find([]string{"alpha"}); err == nil {
		alpha.Hidden = true // nothing is below it
	}
	c := &completer{f}
	done = func() { c.f = nil }
	words := f.Args[1:]
	if len(words) == 0 {
		return done
	}
	cmd, _, err := root.Find(words[:len(words)-1])
	if err != nil {
		return done
	}
	path := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), root.Name()), " ")
	if fn := c.arguments(path); fn != nil {
		cmd.ValidArgsFunction = c.ask(fn)
	}
	for name, fn := range c.flags(path) {
		flag := cmd.Flag(name)
		if own := cmd.LocalNonPersistentFlags().Lookup(name); own != nil {
			flag = own
		}
		// Only the options that stand everywhere complete by these names; options of a command that look like them are others.
		if flag != nil && (!isGlobalName(name) || flag == root.PersistentFlags().Lookup(name) || path == "config set-context") {
			cmd.RegisterFlagCompletionFunc(name, c.ask(fn))
		}
	}
	return done
}

func isGlobalName(name string) bool {
	return slices.Contains([]string{"namespace", "context", "cluster", "user"}, name)
}

// ask makes a completion function of cobra's. Nothing that goes wrong on the way is shown.
func (c *completer) ask(fn candidates) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if c.f == nil {
			return nil, noFiles
		}
		c.f.readGlobals(cmd.Root().PersistentFlags())
		c.f.ErrOut = io.Discard
		return fn(args, word)
	}
}

// arguments are the candidates for the arguments of the command at path; nil where upstream has none but files.
func (c *completer) arguments(path string) candidates {
	switch path {
	case "get", "describe", "delete", "edit", "label", "annotate", "patch", "debug", "apply edit-last-applied", "apply view-last-applied":
		return c.typesAndNames(nil, true)
	case "rollout pause", "rollout resume":
		return c.typesAndNames([]string{"deployment"}, true)
	case "rollout restart", "rollout undo", "rollout history":
		return c.typesAndNames([]string{"deployment", "daemonset", "statefulset"}, true)
	case "rollout status":
		return c.typesAndNames([]string{"deployment", "daemonset", "statefulset"}, false)
	case "scale", "autoscale":
		return c.typesAndNames([]string{"deployment", "replicaset", "replicationcontroller", "statefulset"}, true)
	case "expose":
		return c.typesAndNames([]string{"pod", "service", "replicationcontroller", "deployment", "replicaset"}, true)
	case "set image":
		return c.typesAndNames([]string{"daemonsets", "deployments", "pods", "cronjobs", "replicasets", "replicationcontrollers", "statefulsets"}, false)
	case "taint":
		return c.typesAndNames([]string{"node"}, true)
	case "exec", "attach":
		return c.pods(nil)
	case "logs":
		return c.pods(c.containers)
	case "port-forward":
		return c.pods(c.ports)
	case "cp":
		return c.copySource
	case "top pod":
		return c.first(c.of("pod"))
	case "top node", "cordon", "uncordon", "drain":
		return c.first(c.of("node"))
	case "create token":
		return c.first(c.of("serviceaccount"))
	case "config use-context", "config set-context", "config delete-context", "config rename-context":
		return c.first(c.contexts)
	case "config delete-cluster":
		return c.first(c.clusters)
	case "config delete-user":
		return c.first(c.users)
	}
	return nil
}

// flags are the candidates for the values of options of the command at path.
func (c *completer) flags(path string) map[string]candidates {
	all := map[string]candidates{
		"namespace": c.value(c.of("namespace")), "context": c.value(c.contexts), "cluster": c.value(c.clusters), "user": c.value(c.users),
	}
	switch path {
	case "get":
		all["output"] = c.value(func(word string) []string { return startingWith(getFormats, word) })
		all["subresource"] = c.value(subresourceNames)
	case "edit", "apply", "replace", "patch":
		all["subresource"] = c.value(subresourceNames)
	case "exec":
		all["container"] = func(args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, noFiles
			}
			return c.containers(args[0], word), noFiles
		}
	case "create clusterrolebinding":
		all["clusterrole"] = c.value(c.of("clusterrole"))
	}
	return all
}

var getFormats = []string{"json", "yaml", "kyaml", "name", "go-template", "go-template-file", "template", "templatefile", "jsonpath",
	"jsonpath-as-json", "jsonpath-file", "custom-columns", "custom-columns-file", "wide"}

func subresourceNames(string) []string { return []string{"status", "scale", "resize"} }

// first completes the first argument only.
func (c *completer) first(fn func(word string) []string) candidates {
	return func(args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, noFiles
		}
		return fn(word), noFiles
	}
}

// value completes the value of an option.
func (c *completer) value(fn func(word string) []string) candidates {
	return func(_ []string, word string) ([]string, cobra.ShellCompDirective) { return fn(word), noFiles }
}
