package kubectl

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// resourcesAndPairs splits the arguments of label, annotate and others: first resources, then KEY=VALUE and KEY-.
func resourcesAndPairs(args []string, what string) (resources, pairs []string, err error) {
	for _, a := range args {
		isPair := strings.Contains(a, "=") && a[0] != '=' || strings.HasSuffix(a, "-") && a != "-"
		switch {
		case isPair:
			pairs = append(pairs, a)
		case len(pairs) > 0:
			return nil, nil, fmt.Errorf("all resources must be specified before %s changes: %s", what, a)
		default:
			resources = append(resources, a)
		}
	}
	return resources, pairs, nil
}

// A metaChange sets and removes entries of one of the maps in metadata.
type metaChange struct {
	what   string // label, annotation
	set    map[string]string
	remove []string
}

// check says what is wrong with the flags that label and annotate share.
func (m metaChange) check(cmd *cobra.Command, resources []string, run dryRun) error {
	local, files := flagBool(cmd, "local"), filenames(cmd)
	file := "pod"
	if m.what == "annotation" {
		file = "rsrc"
	}
	switch {
	case flagBool(cmd, "all") && flagString(cmd, "selector") != "":
		return errors.New("cannot set --all and --selector at the same time")
	case flagBool(cmd, "all") && flagString(cmd, "field-selector") != "":
		return errors.New("cannot set --all and --field-selector at the same time")
	case local && run == dryRunServer:
		return errors.New("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
	case local && len(resources) > 0:
		return fmt.Errorf("can only use local files by -f %s.yaml or --filename=%s.json when --local=true is set", file, file)
	case local && files.Empty():
		return fmt.Errorf("one or more files must be specified as -f %s.yaml or --filename=%s.json", file, file)
	case !local && len(resources) == 0 && files.Empty():
		return errors.New("one or more resources must be specified as <resource> <name> or <resource>/<name>")
	case len(m.set) == 0 && len(m.remove) == 0 && !flagBool(cmd, "list"):
		return fmt.Errorf("at least one %s update is required", m.what)
	}
	return nil
}

// targets finds the objects to be changed.
func (m metaChange) targets(f *Factory, cmd *cobra.Command, resources []string) (*resource.Result, error) {
	local := flagBool(cmd, "local")
	namespace, enforce, err := f.Namespace()
	if err != nil && !local {
		return nil, err
	}
	b := f.Builder()
	b.Local, b.ContinueOnError, b.DefaultNamespace, b.Flatten = local, true, true, true
	b.Namespace, b.EnforceNamespace, b.Filenames = namespace, enforce, filenames(cmd)
	if !local {
		b.Labels, b.Fields, b.AllNamespaces = flagString(cmd, "selector"), flagString(cmd, "field-selector"), flagBool(cmd, "all-namespaces")
		b.AllowEmptySelector, b.Args, b.Latest = flagBool(cmd, "all"), resources, true
	}
	r := b.Do()
	if r.Err() != nil {
		return nil, r.Err()
	}
	if !r.Single && flagString(cmd, "resource-version") != "" {
		return nil, errors.New("--resource-version may only be used with a single resource")
	}
	return r, nil
}

// list writes the entries of the map at field, under a title where several objects are listed.
func (m metaChange) list(f *Factory, o object.Object, field string, single bool) {
	indent := ""
	if !single {
		indent = " "
		gvk := object.GVK(o)
		fmt.Fprintf(f.Out, "Listing %s for %s.%s/%s:\n", field, gvk.Kind, gvk.Group, object.Name(o))
	}
	entries := object.StringMap(o, "metadata", field)
	for _, k := range object.SortedKeys(entries) {
		fmt.Fprintf(f.Out, "%s%s=%s\n", indent, k, entries[k])
	}
}

// apply changes the map at field of o, and demands the resource version where one is given.
func (m metaChange) apply(o object.Object, field, version string) (added, removed bool) {
	entries := object.StringMap(o, "metadata", field)
	if entries == nil {
		entries = map[string]string{}
	}
	for k, v := range m.set {
		if old, ok := entries[k]; !ok || old != v {
			entries[k], added = v, true
		}
	}
	for _, k := range m.remove {
		if _, ok := entries[k]; ok {
			delete(entries, k)
			removed = true
		}
	}
	object.SetStringMap(o, entries, "metadata", field)
	if version != "" {
		object.Set(o, version, "metadata", "resourceVersion")
	}
	return added, removed
}

// mergePatch sends what differs between before and after as a JSON merge patch.
func mergePatch(i *resource.Info, before, after object.Object, opts resource.Options) (object.Object, error) {
	body, err := object.Encode(difference(before, after))
	if err != nil {
		return nil, err
	}
	return i.Patch(rest.MergePatch, body, opts)
}

// difference is the JSON merge patch that makes after of before.
func difference(before, after object.Object) object.Object {
	out := object.Object{}
	for k, v := range after {
		old, ok := before[k]
		a, isMap := v.(map[string]any)
		b, wasMap := old.(map[string]any)
		switch {
		case ok && reflect.DeepEqual(old, v):
		case isMap && wasMap:
			out[k] = difference(b, a)
		default:
			out[k] = v
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			out[k] = nil
		}
	}
	return out
}
