package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/yaml"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
	"terrarium/sim/patch"
)

// patchType is the content type of a --type; "" for one that does not exist.
func patchType(name string) string {
	switch strings.ToLower(name) {
	case "json":
		return rest.JSONPatch
	case "merge":
		return rest.MergePatch
	case "strategic", "":
		return rest.StrategicPatch
	}
	return ""
}

func runPatch(f *Factory, cmd *cobra.Command, args []string) error {
	dry, err := f.dryRunFlag(cmd)
	if err != nil {
		return err
	}
	b := f.Builder()
	if b.Namespace, b.EnforceNamespace, err = f.Namespace(); err != nil {
		return err
	}
	local := flagBool(cmd, "local")
	if err := checkPatch(cmd, args, local, dry); err != nil {
		return err
	}
	kind := patchType(flagString(cmd, "type"))
	change, err := f.patchBytes(cmd)
	if err != nil {
		return err
	}
	b.ContinueOnError, b.DefaultNamespace, b.Flatten, b.Local = true, true, true, local
	b.Filenames, b.Args, b.Subresource = filenames(cmd), args, flagString(cmd, "subresource")
	r := b.Do()
	if err := r.Err(); err != nil {
		return err
	}
	count := 0
	err = r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		count++
		var patched object.Object
		if local || dry == dryRunClient {
			patched, err = patchLocally(i.Object, kind, change)
		} else {
			i.Subresource = b.Subresource
			patched, err = i.Patch(kind, change, resource.Options{DryRun: dry == dryRunServer, FieldManager: flagString(cmd, "field-manager")})
			if apierrors.IsUnsupportedMediaType(err) {
				err = fmt.Errorf("%s is not supported by %s: %w", kind, i.Resource.GVK(), err)
			}
		}
		if err != nil {
			return err
		}
		done := "patched"
		if reflect.DeepEqual(i.Object, patched) {
			done = "patched (no change)"
		}
		// A dry run is only named where kubectl completes its message; patch replaces the message afterwards.
		printer, err := f.printer(cmd, done)
		if err != nil {
			return err
		}
		return printer.Print(patched, f.Out)
	})
	if err == nil && count == 0 {
		err = errors.New("no objects passed to patch")
	}
	return err
}

func checkPatch(cmd *cobra.Command, args []string, local bool, dry dryRun) error {
	text, file := flagString(cmd, "patch"), flagString(cmd, "patch-file")
	switch {
	case text != "" && file != "":
		return errors.New("cannot specify --patch and --patch-file together")
	case text == "" && file == "":
		return errors.New("must specify --patch or --patch-file containing the contents of the patch")
	case local && len(args) > 0:
		return errors.New("cannot specify --local and server resources")
	case local && dry == dryRunServer:
		return errors.New("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
	case patchType(flagString(cmd, "type")) == "":
		return fmt.Errorf("--type must be one of %v, not %q", []string{"json", "merge", "strategic"}, flagString(cmd, "type"))
	}
	return nil
}

// patchBytes is the patch as JSON; it may be given as YAML.
func (f *Factory) patchBytes(cmd *cobra.Command) ([]byte, error) {
	data := []byte(flagString(cmd, "patch"))
	if file := flagString(cmd, "patch-file"); file != "" {
		var err error
		if data, err = f.Files.ReadFile(file); err != nil {
			return nil, fmt.Errorf("unable to read patch file: %v", err)
		}
	}
	out, err := yaml.ToJSON(data)
	if err != nil {
		return nil, fmt.Errorf("unable to parse %q: %v", flagString(cmd, "patch"), err)
	}
	return out, nil
}

// patchLocally is o with the patch applied; o stays as it is.
func patchLocally(o object.Object, kind string, change []byte) (object.Object, error) {
	doc := object.Copy(o)
	if kind == rest.JSONPatch {
		ops, err := patch.ParseOperations(change)
		if err != nil {
			return nil, err
		}
		out, err := ops.Apply(doc, json.Unmarshal)
		if err != nil {
			return nil, err
		}
		return normal(out)
	}
	if kind == rest.MergePatch {
		m, err := object.Decode(change)
		if err != nil {
			return nil, errors.New("Invalid JSON Patch")
		}
		return normal(patch.MergeJSON(doc, m))
	}
	s := schemaFor(object.GVK(o))
	if s == nil {
		return nil, fmt.Errorf("strategic merge patch is not supported for %s locally, try --type merge", object.GVK(o))
	}
	m, err := object.Decode(change)
	if err != nil {
		return nil, err
	}
	out, err := patch.Strategic(doc, m, s)
	if err != nil {
		return nil, err
	}
	return normal(out)
}

// normal is v as if it had been read from JSON.
func normal(v any) (object.Object, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return object.Decode(data)
}
