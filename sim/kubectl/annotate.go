package kubectl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
)

func runAnnotate(f *Factory, cmd *cobra.Command, args []string) error {
	run, err := f.dryRunFlag(cmd)
	if err != nil {
		return err
	}
	p, err := f.printer(cmd, "annotated"+run.suffix())
	if err != nil {
		return err
	}
	resources, pairs, err := resourcesAndPairs(args, "annotation")
	if err != nil {
		return err
	}
	m := metaChange{what: "annotation"}
	if m.set, m.remove, err = parsePairs(pairs, "annotation", true); err != nil {
		return err
	}
	if flagBool(cmd, "list") && flagString(cmd, "output") != "" {
		return errors.New("--list and --output may not be specified together")
	}
	if err := m.check(cmd, resources, run); err != nil {
		return err
	}
	var both []string
	for _, k := range m.remove {
		if _, ok := m.set[k]; ok {
			both = append(both, k)
		}
	}
	if len(both) > 0 {
		return fmt.Errorf("can not both modify and remove the following annotation(s) in the same command: %s", strings.Join(both, ", "))
	}
	r, err := m.targets(f, cmd, resources)
	if err != nil {
		return err
	}
	return r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		o, err := m.annotate(f, cmd, i, run)
		if err != nil {
			return err
		}
		if flagBool(cmd, "list") {
			m.list(f, o, "annotations", r.Single)
			return nil
		}
		return p.Print(o, f.Out)
	})
}

// annotate changes one object, on the server unless the run is dry, and returns it as it is then.
func (m metaChange) annotate(f *Factory, cmd *cobra.Command, i *resource.Info, run dryRun) (object.Object, error) {
	version := flagString(cmd, "resource-version")
	send := run != dryRunClient && !flagBool(cmd, "local") && !flagBool(cmd, "list")
	if send && version != "" {
		object.Delete(i.Object, "metadata", "resourceVersion")
	}
	before := object.Copy(i.Object)
	if send {
		f.recordCause(cmd, i.Object)
	}
	if !flagBool(cmd, "overwrite") {
		var taken []string
		have := object.Annotations(i.Object)
		for _, k := range object.SortedKeys(m.set) {
			if old, ok := have[k]; ok && old != m.set[k] && k != changeCause {
				taken = append(taken, fmt.Sprintf("'%s' already has a value (%s)", k, old))
			}
		}
		if len(taken) > 0 {
			return nil, fmt.Errorf("--overwrite is false but found the following declared annotation(s): %s", strings.Join(taken, "; "))
		}
	}
	m.apply(i.Object, "annotations", version)
	if !send {
		return i.Object, nil
	}
	return mergePatch(i, before, i.Object, resource.Options{DryRun: run == dryRunServer, FieldManager: flagString(cmd, "field-manager")})
}

// parsePairs reads KEY=VALUE, and KEY- where removing is allowed.
func parsePairs(pairs []string, what string, removing bool) (set map[string]string, remove []string, err error) {
	set = map[string]string{}
	var bad []string
	for _, p := range pairs {
		key, value, ok := strings.Cut(p, "=")
		switch {
		case ok && key != "":
			set[key] = value
		case removing && strings.HasSuffix(p, "-") && p != "-":
			remove = append(remove, p[:len(p)-1])
		default:
			bad = append(bad, p)
		}
	}
	if len(bad) > 0 {
		return nil, nil, fmt.Errorf("invalid %s format: %s", what, strings.Join(bad, ", "))
	}
	return set, remove, nil
}
