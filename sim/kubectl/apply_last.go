package kubectl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/yaml"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
	"terrarium/sim/patch"
)

func runApplyViewLastApplied(f *Factory, cmd *cobra.Command, args []string) error {
	b := f.Builder()
	var err error
	if b.Namespace, b.EnforceNamespace, err = f.Namespace(); err != nil {
		return err
	}
	b.Filenames, b.Args, b.AllowEmptySelector = filenames(cmd), args, b.EnforceNamespace
	b.All, b.Labels, b.Latest, b.Flatten, b.DefaultNamespace = flagBool(cmd, "all"), flagString(cmd, "selector"), true, true, true
	r := b.Do()
	if err := r.Err(); err != nil {
		return err
	}
	var texts []string
	err = r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		text, has := object.Get(i.Object, "metadata", "annotations", lastApplied)
		if !has {
			if i.Source == "" {
				return nil
			}
			return fmt.Errorf("error when no last-applied-configuration annotation found on resource: %s\n %q: <nil>", i.Name, i.Source)
		}
		texts = append(texts, fmt.Sprint(text))
		return nil
	})
	if err != nil {
		return err
	}
	output := flagString(cmd, "output")
	for _, text := range texts {
		switch output {
		case "json":
			var out bytes.Buffer
			if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
				return err
			}
			io.WriteString(f.Out, out.String())
		case "yaml":
			out, err := yaml.JSONToYAML([]byte(text))
			if err != nil {
				return err
			}
			f.Out.Write(out)
		default:
			return usageErrorf(cmd, "Unexpected -o output mode: %s, the flag 'output' must be one of yaml|json", output)
		}
	}
	return nil
}

// lastAppliedPatch is the merge patch that makes o its own last applied configuration, and that configuration.
func lastAppliedPatch(o object.Object) (change, config []byte, err error) {
	if config, err = object.Encode(o); err != nil {
		return nil, nil, err
	}
	with := object.Copy(o)
	object.Set(with, string(config), "metadata", "annotations", lastApplied)
	change, err = json.Marshal(patch.DiffJSON(o, with))
	return change, config, err
}

func runApplySetLastApplied(f *Factory, cmd *cobra.Command, _ []string) error {
	dry, err := f.dryRunFlag(cmd)
	if err != nil {
		return err
	}
	b := f.Builder()
	if b.Namespace, b.EnforceNamespace, err = f.Namespace(); err != nil {
		return err
	}
	printer, err := f.printer(cmd, "configured"+dry.suffix())
	if err != nil {
		return err
	}
	b.Filenames, b.DefaultNamespace, b.Flatten = filenames(cmd), true, true
	type pending struct {
		info   *resource.Info
		change []byte
	}
	var todo []pending
	err = b.Do().Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		change, config, err := lastAppliedPatch(i.Object)
		if err != nil {
			return err
		}
		if err := i.Get(); err != nil {
			if apierrors.IsNotFound(err) {
				return err
			}
			return withSource(fmt.Sprintf("retrieving current configuration of:\n%s\nfrom server for:", i), i.Source, err)
		}
		text, has := object.Get(i.Object, "metadata", "annotations", lastApplied)
		if !has && !flagBool(cmd, "create-annotation") {
			return fmt.Errorf("no last-applied-configuration annotation found on resource: %s, to create the annotation, run the command with --create-annotation", i.Name)
		}
		if bytes.Equal(stripComments([]byte(fmt.Sprint(text))), stripComments(config)) && has {
			fmt.Fprintf(f.Out, "set-last-applied %s: no changes required.\n", i.Name)
			return nil
		}
		todo = append(todo, pending{i, change})
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range todo {
		o := t.info.Object
		if dry != dryRunClient {
			if o, err = t.info.Patch(rest.MergePatch, t.change, resource.Options{DryRun: dry == dryRunServer}); err != nil {
				return err
			}
		}
		if err := printer.Print(o, f.Out); err != nil {
			return err
		}
	}
	return nil
}
