package kubectl

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// runPluginList lists the programs of PATH whose names begin with kubectl-.
func runPluginList(f *Factory, cmd *cobra.Command, _ []string) error {
	var found []string
	var dirs []string
	for _, dir := range strings.Split(f.Getenv("PATH"), ":") {
		if strings.TrimSpace(dir) == "" || slices.Contains(dirs, dir) {
			continue
		}
		dirs = append(dirs, dir)
		list, err := f.Files.ReadDir(dir)
		if err != nil {
			fmt.Fprintf(f.ErrOut, "Unable to read directory %q from your PATH: %v. Skipping...\n", dir, err)
			continue
		}
		for _, e := range list {
			if !e.IsDir() && strings.HasPrefix(e.Name(), "kubectl-") {
				found = append(found, path.Join(dir, e.Name()))
			}
		}
	}
	if len(found) == 0 {
		return errors.New("error: unable to find any kubectl plugins in your PATH\n")
	}
	fmt.Fprint(f.Out, "The following compatible plugins are available:\n\n")
	warnings := 0
	seen := map[string]string{}
	for _, name := range found {
		base := path.Base(name)
		shown := name
		if flagBool(cmd, "name-only") {
			shown = base
		}
		fmt.Fprintln(f.Out, shown)
		for _, text := range f.pluginWarnings(cmd.Root(), name, base, seen) {
			fmt.Fprintf(f.ErrOut, "  - warning: %s\n", text)
			warnings++
		}
	}
	switch warnings {
	case 0:
		return nil
	case 1:
		return errors.New("error: one plugin warning was found\n")
	}
	return fmt.Errorf("error: %d plugin warnings were found\n", warnings)
}

func (f *Factory) pluginWarnings(root *cobra.Command, name, base string, seen map[string]string) (out []string) {
	if info, err := f.Files.Stat(name); err == nil && info.Mode()&0o111 == 0 {
		out = append(out, name+" identified as a kubectl plugin, but it is not executable")
	}
	if first, ok := seen[base]; ok {
		out = append(out, name+" is overshadowed by a similarly named plugin: "+first)
	} else {
		seen[base] = name
	}
	if c, _, err := root.Find(strings.Split(base, "-")[1:]); err == nil {
		out = append(out, fmt.Sprintf("%s overwrites existing command: %q", base, c.CommandPath()))
	}
	return out
}
