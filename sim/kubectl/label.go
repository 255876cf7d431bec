package kubectl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
)

func runLabel(f *Factory, cmd *cobra.Command, args []string) error {
	run, err := f.dryRunFlag(cmd)
	if err != nil {
		return err
	}
	resources, pairs, err := resourcesAndPairs(args, "label")
	if err != nil {
		return err
	}
	m := metaChange{what: "label"}
	if m.set, m.remove, err = parseLabels(pairs); err != nil {
		return err
	}
	if flagBool(cmd, "list") && flagString(cmd, "output") != "" {
		return errors.New("--list and --output may not be specified together")
	}
	if err := m.check(cmd, resources, run); err != nil {
		return err
	}
	r, err := m.targets(f, cmd, resources)
	if err != nil {
		return err
	}
	return r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		done, err := m.label(f, cmd, i, run)
		if err != nil {
			return err
		}
		if flagBool(cmd, "list") {
			m.list(f, i.Object, "labels", r.Single)
			return nil
		}
		p, err := f.printer(cmd, done+run.suffix())
		if err != nil {
			return err
		}
		return p.Print(i.Object, f.Out)
	})
}

// label changes one object, on the server unless the run is dry, and says what was done.
func (m metaChange) label(f *Factory, cmd *cobra.Command, i *resource.Info, run dryRun) (string, error) {
	version := flagString(cmd, "resource-version")
	if version != "" {
		object.Delete(i.Object, "metadata", "resourceVersion")
	}
	before := object.Copy(i.Object)
	labels := object.Labels(i.Object)
	send := run != dryRunClient && !flagBool(cmd, "local") && !flagBool(cmd, "list")
	for _, k := range m.remove {
		if _, ok := labels[k]; !ok && send {
			fmt.Fprintf(f.Out, "label %q not found.\n", k)
		}
	}
	if !flagBool(cmd, "overwrite") {
		var errs []error
		for _, k := range object.SortedKeys(m.set) {
			if old, ok := labels[k]; ok && old != m.set[k] {
				errs = append(errs, fmt.Errorf("'%s' already has a value (%s), and --overwrite is false", k, old))
			}
		}
		if err := utilerrors.NewAggregate(errs); err != nil {
			return "", err
		}
	}
	added, removed := m.apply(i.Object, "labels", version)
	done := "not labeled"
	switch {
	case added && removed:
		done = "modified"
	case added:
		done = "labeled"
	case removed:
		done = "unlabeled"
	}
	if send && (added || removed) {
		f.recordCause(cmd, i.Object)
		opts := resource.Options{DryRun: run == dryRunServer, FieldManager: flagString(cmd, "field-manager")}
		if _, err := mergePatch(i, before, i.Object, opts); err != nil {
			return "", err
		}
	}
	return done, nil
}

func parseLabels(pairs []string) (set map[string]string, remove []string, err error) {
	set = map[string]string{}
	for _, p := range pairs {
		if !strings.Contains(p, "=") {
			key, ok := strings.CutSuffix(p, "-")
			if !ok {
				return nil, nil, fmt.Errorf("unknown label spec: %v", p)
			}
			remove = append(remove, key)
			continue
		}
		parts := strings.Split(p, "=")
		if len(parts) != 2 {
			return nil, nil, fmt.Errorf("invalid label spec: %v", p)
		}
		if errs := validation.IsValidLabelValue(parts[1]); len(errs) > 0 {
			return nil, nil, fmt.Errorf("invalid label value: %q: %s", p, strings.Join(errs, ";"))
		}
		set[parts[0]] = parts[1]
	}
	for _, k := range remove {
		if _, ok := set[k]; ok {
			return nil, nil, errors.New("can not both modify and remove a label in the same command")
		}
	}
	return set, remove, nil
}
