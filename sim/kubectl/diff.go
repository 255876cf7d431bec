package kubectl

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/yaml"

	"terrarium/sim/diff"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// differ is one `kubectl diff`: what is, and what would be, by file name.
type differ struct {
	*Factory
	cmd            *cobra.Command
	serverSide     bool
	forceConflicts bool
	manager        string
	showManaged    bool
	showSecrets    bool
	live, merged   map[string]string
	visited        map[string]bool
	namespaces     map[string]bool
}

// runDiff ends with 1 where there are differences, with 2 where it fails.
func runDiff(f *Factory, cmd *cobra.Command, args []string) error {
	d := &differ{
		Factory: f, cmd: cmd, serverSide: flagBool(cmd, "server-side"), forceConflicts: flagBool(cmd, "force-conflicts"),
		showManaged: flagBool(cmd, "show-managed-fields"), showSecrets: flagBool(cmd, "show-secrets"),
		live: map[string]string{}, merged: map[string]string{}, visited: map[string]bool{}, namespaces: map[string]bool{},
	}
	different, err := d.run(args)
	switch {
	case err != nil && f.ctx.Err() != nil:
		return err
	case err != nil:
		return exitError{2, err}
	case different:
		return exitError{1, nil}
	}
	return nil
}

func (d *differ) run(args []string) (different bool, err error) {
	if len(args) > 0 {
		return false, usageErrorf(d.cmd, "Unexpected args: %v", args)
	}
	if err := filenames(d.cmd).Require(); err != nil {
		return false, err
	}
	d.manager = applyManager(d.cmd, d.serverSide)
	if d.forceConflicts && !d.serverSide {
		return false, errors.New("--force-conflicts only works with --server-side")
	}
	b := d.Builder()
	if b.Namespace, b.EnforceNamespace, err = d.Namespace(); err != nil {
		return false, err
	}
	var prune []pruneResource
	if flagBool(d.cmd, "prune") {
		if prune, err = d.pruneResources(flagArray(d.cmd, "prune-allowlist")); err != nil {
			return false, err
		}
	}
	b.Filenames, b.Labels, b.DefaultNamespace, b.Flatten = filenames(d.cmd), flagString(d.cmd, "selector"), true, true
	r := b.Do()
	if err := r.Err(); err != nil {
		return false, err
	}
	err = r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		return d.one(i)
	})
	if flagBool(d.cmd, "prune") {
		d.addPruned(prune)
	}
	if err != nil {
		return false, err
	}
	return d.compare()
}

// one adds what an object is and what it would be. An object that keeps changing is at last compared without its revision.
func (d *differ) one(i *resource.Info) error {
	local := i.Object
	var err error
	for try := 1; try <= 4; try++ {
		i.Object = nil
		live, readErr := i.Read()
		if readErr != nil && !apierrors.IsNotFound(readErr) {
			return readErr
		}
		if readErr == nil {
			i.Object = live
			d.visited[object.UID(live)] = true
		}
		if i.Namespaced() {
			d.namespaces[i.Namespace] = true
		}
		var merged object.Object
		if merged, err = d.wouldBe(i, object.Copy(local), try == 4); err == nil {
			err = d.add(i, merged)
		}
		if !apierrors.IsConflict(err) {
			break
		}
	}
	if i.Object != nil {
		d.warnIfDeleting(i.Object)
	}
	return err
}

// wouldBe asks the server what would come of applying local.
func (d *differ) wouldBe(i *resource.Info, local object.Object, force bool) (object.Object, error) {
	opts := resource.Options{DryRun: true, FieldManager: d.manager}
	if d.serverSide {
		body, err := object.Encode(local)
		if err != nil {
			return nil, err
		}
		opts.Force = &d.forceConflicts
		return i.Patch(rest.ApplyPatch, body, opts)
	}
	if i.Object == nil {
		object.Delete(local, "metadata", "resourceVersion")
		return i.Create(local, opts)
	}
	config, err := configuration(local)
	if err != nil {
		return nil, err
	}
	modified, err := object.Decode(config)
	if err != nil {
		return nil, err
	}
	p := patcher{Factory: d.Factory, info: i, modified: modified, overwrite: true, options: opts, lock: !force}
	_, merged, err := p.patch(i.Object)
	return merged, err
}

// fileName is VERSION.KIND.NAMESPACE.NAME, the group before it.
func fileName(o object.Object, namespace, name string) string {
	gvk := object.GVK(o)
	group := ""
	if gvk.Group != "" {
		group = gvk.Group + "."
	}
	return fmt.Sprintf("%s%s.%s.%s.%s", group, gvk.Version, gvk.Kind, namespace, name)
}

func (d *differ) add(i *resource.Info, merged object.Object) error {
	from, to := object.Copy(i.Object), object.Copy(merged)
	if !d.showManaged {
		if from != nil {
			object.Delete(from, "metadata", "managedFields")
		}
		object.Delete(to, "metadata", "managedFields")
	}
	name := fileName(to, i.Namespace, i.Name)
	var err error
	if gvk := object.GVK(to); gvk.Version == "v1" && gvk.Kind == "Secret" && !d.showSecrets {
		mask(object.Map(from, "data"), object.Map(to, "data"))
		d.live[name] = "null\n" // upstream writes so what is not there
	}
	if from != nil || d.live[name] == "" {
		if d.live[name], err = yamlOf(from); err != nil {
			return err
		}
	}
	d.merged[name], err = yamlOf(to)
	return err
}

func yamlOf(o object.Object) (string, error) {
	if o == nil {
		return "", nil
	}
	data, err := yaml.Marshal(o)
	return string(data), err
}

// mask hides values, but not that they differ.
func mask(from, to map[string]any) {
	for k := range from {
		if _, both := to[k]; both {
			if from[k] != to[k] {
				from[k], to[k] = "*** (before)", "*** (after)"
				continue
			}
			to[k] = "***"
		}
		from[k] = "***"
	}
	for k := range to {
		if _, both := from[k]; !both {
			to[k] = "***"
		}
	}
}

// addPruned adds what apply --prune would delete, as files that there will be no more.
func (d *differ) addPruned(list []pruneResource) {
	namespaced, others, err := d.prunable(list)
	if err != nil {
		d.logf('W', "diff.go:708", "pruning failed and could not be evaluated err: error retrieving RESTMappings to prune: %v", err)
		return
	}
	selector := flagString(d.cmd, "selector")
	for _, ns := range append(object.SortedKeys(d.namespaces), "") {
		resources := namespaced
		if ns == "" {
			resources = others
		}
		for _, r := range resources {
			left, err := d.leftovers(ns, r, selector, d.visited)
			if err != nil {
				d.logf('W', "diff.go:708", "pruning failed and could not be evaluated err: error pruning object %v: %v", r.GVK(), err)
				return
			}
			for _, o := range left {
				d.live[fileName(o, object.Namespace(o), object.Name(o))], _ = yamlOf(o)
			}
		}
	}
}

// compare prints what `diff -u -N` prints of the two directories.
func (d *differ) compare() (different bool, err error) {
	if external := d.Getenv("KUBECTL_EXTERNAL_DIFF"); external != "" {
		return d.compareWith(external)
	}
	left, right := d.tempName("LIVE-"), d.tempName("MERGED-")
	now := d.Now().Format("2006-01-02 15:04:05.000000000 -0700")
	for _, name := range object.SortedKeys(d.live) {
		hunks := diff.Unified(d.live[name], d.merged[name], 3)
		if hunks == "" {
			continue
		}
		different = true
		then := now
		if _, kept := d.merged[name]; !kept {
			then = "1970-01-01 00:00:00.000000000 +0000"
		}
		a, b := left+"/"+name, right+"/"+name
		fmt.Fprintf(d.Out, "diff -u -N %s %s\n--- %s\t%s\n+++ %s\t%s\n", a, b, a, now, b, then)
		io.WriteString(d.Out, hunks)
	}
	return different, nil
}

// compareWith runs the user's own program on two directories.
func (d *differ) compareWith(line string) (different bool, err error) {
	words := strings.Split(line, " ")
	if d.Exec == nil {
		return false, notSimulated("KUBECTL_EXTERNAL_DIFF")
	}
	left, right := d.tempName("LIVE-"), d.tempName("MERGED-")
	argv := words[:1]
	for _, w := range words[1:] {
		if w != "" && strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-=") == "" {
			argv = append(argv, w)
		}
	}
	for dir, files := range map[string]map[string]string{left: d.live, right: d.merged} {
		if err := d.Files.MkdirAll(dir, 0o700); err != nil {
			return false, err
		}
		defer d.Files.Remove(dir)
		for name, text := range files {
			if err := d.Files.WriteFile(dir+"/"+name, []byte(text), 0o700); err != nil {
				return false, err
			}
			defer d.Files.Remove(dir + "/" + name)
		}
	}
	switch code := d.Exec(d.ctx, append(argv, left, right)); code {
	case 0, 1:
		return code == 1, nil
	case 127:
		return false, fmt.Errorf("failed to run %q: exec: %q: executable file not found in $PATH", words[0], words[0])
	default:
		return false, fmt.Errorf("failed to run %q: exit status %d", words[0], code)
	}
}
