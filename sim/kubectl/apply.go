package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// applier is one `kubectl apply`.
type applier struct {
	*Factory
	cmd            *cobra.Command
	del            *deletion
	dry            dryRun
	validate       string
	namespace      string
	explicit       bool
	serverSide     bool
	forceConflicts bool
	manager        string
	subresource    string
	selector       string
	output         string
	prune, all     bool
	pruneResources []pruneResource
	set            *applySet // nil without --applyset

	visited    map[string]bool // UIDs of applied objects
	namespaces map[string]bool // of applied objects
}

const (
	noLastApplied     = "Warning: resource %s is missing the %s annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n"
	changesOnDeleting = "Warning: Detected changes to resource %s which is currently being deleted.\n"
	conflictAdvice    = `%v
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the ` + "`--force-conflicts`" + ` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`
)

func runApply(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf(cmd, "Unexpected args: %v", args)
	}
	a := &applier{
		Factory: f, cmd: cmd, serverSide: flagBool(cmd, "server-side"), forceConflicts: flagBool(cmd, "force-conflicts"),
		subresource: flagString(cmd, "subresource"), selector: flagString(cmd, "selector"), output: flagString(cmd, "output"),
		prune: flagBool(cmd, "prune"), all: flagBool(cmd, "all"), visited: map[string]bool{}, namespaces: map[string]bool{},
	}
	var err error
	if a.dry, err = f.dryRunFlag(cmd); err != nil {
		return err
	}
	a.manager = applyManager(cmd, a.serverSide)
	if a.del, err = f.newDeletion(cmd); err != nil {
		return err
	}
	if err := filenames(cmd).Require(); err != nil {
		return err
	}
	if a.validate, err = validateFlag(cmd); err != nil {
		return err
	}
	if a.namespace, a.explicit, err = f.Namespace(); err != nil {
		return err
	}
	if ref := flagString(cmd, "applyset"); ref != "" {
		if a.set, err = a.newApplySet(ref); err != nil {
			return err
		}
	}
	if a.prune {
		if a.pruneResources, err = f.pruneResources(flagArray(cmd, "prune-allowlist")); err != nil {
			return err
		}
	}
	if err := a.check(); err != nil {
		return err
	}
	return a.run()
}

// applyManager is the field manager of apply: one for the client's way, one for the server's.
func applyManager(cmd *cobra.Command, serverSide bool) string {
	switch {
	case flagChanged(cmd, "field-manager"):
		return flagString(cmd, "field-manager")
	case serverSide:
		return "kubectl"
	}
	return "kubectl-client-side-apply"
}

func (a *applier) check() error {
	switch {
	case a.forceConflicts && !a.serverSide:
		return errors.New("--force-conflicts only works with --server-side")
	case a.dry == dryRunClient && a.serverSide:
		return errors.New("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)")
	case a.serverSide && a.del.force:
		return errors.New("--force cannot be used with --server-side")
	case a.dry == dryRunServer && a.del.force:
		return errors.New("--dry-run=server cannot be used with --force")
	case a.all && a.selector != "":
		return errors.New("cannot set --all and --selector at the same time")
	case a.set != nil && !a.prune:
		return errors.New("--applyset requires --prune")
	}
	if a.set != nil {
		if err := a.set.check(); err != nil {
			return err
		}
	}
	return a.checkPrune()
}

func (a *applier) checkPrune() error {
	switch {
	case a.prune && a.del.force:
		return errors.New("--force cannot be used with --prune")
	case a.prune && a.set != nil && a.all:
		return errors.New("--all is incompatible with --applyset")
	case a.prune && a.set != nil && a.selector != "":
		return errors.New("--selector is incompatible with --applyset")
	case a.prune && a.set != nil && len(a.pruneResources) > 0:
		return errors.New("--prune-allowlist is incompatible with --applyset")
	case a.prune && a.set == nil && !a.all && a.selector == "":
		return errors.New("all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector")
	case a.prune && a.set == nil && a.serverSide:
		return errors.New("--prune is in alpha and doesn't currently work on objects created by server-side apply")
	case a.subresource != "" && !a.serverSide:
		return errors.New("--subresource can only be specified for --server-side")
	}
	return nil
}

func (a *applier) run() error {
	if a.explicit {
		a.namespaces[a.namespace] = true
	}
	b := a.Builder()
	b.Namespace, b.EnforceNamespace, b.DefaultNamespace = a.namespace, a.explicit, true
	b.Filenames, b.Labels, b.Validate = filenames(a.cmd), a.selector, a.validate != "Ignore"
	b.ContinueOnError, b.Flatten = true, true
	var errs []error
	infos, err := b.Do().Infos()
	if a.set != nil {
		if setErr := a.set.adopt(infos); setErr != nil {
			return setErr
		}
	}
	if err != nil {
		errs = append(errs, err)
	}
	if len(infos) == 0 && len(errs) == 0 {
		return errors.New("no objects passed to apply")
	}
	if a.set != nil {
		if err := a.set.begin(infos); err != nil {
			return err
		}
	}
	for _, i := range infos {
		if err := a.applyOne(i); err != nil {
			if a.ctx.Err() != nil {
				return err
			}
			errs = append(errs, err)
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	if len(errs) > 1 {
		return utilerrors.NewAggregate(errs)
	}
	if err := a.printAll(infos); err != nil {
		return err
	}
	switch {
	case a.prune && a.set != nil:
		return a.set.prune()
	case a.prune:
		return a.pruneAll()
	}
	return nil
}

func (a *applier) options() resource.Options {
	return resource.Options{DryRun: a.dry == dryRunServer, FieldManager: a.manager, FieldValidation: a.validate}
}

func (a *applier) applyOne(i *resource.Info) error {
	if i.Namespaced() {
		a.namespaces[i.Namespace] = true
	}
	a.recordCause(a.cmd, i.Object)
	if i.Name == "" {
		if prefix := object.String(i.Object, "metadata", "generateName"); prefix != "" {
			return fmt.Errorf("from %s: cannot use generate name with apply", prefix)
		}
	}
	if a.serverSide {
		return a.applyOnServer(i)
	}
	local := object.Copy(i.Object)
	if err := annotate(true, local); err != nil {
		return withSource(fmt.Sprintf("retrieving modified configuration from:\n%s\nfor:", i), i.Source, err)
	}
	live, err := i.Read()
	if apierrors.IsNotFound(err) {
		return a.create(i, local)
	}
	if err != nil {
		return withSource(fmt.Sprintf("retrieving current configuration of:\n%s\nfrom server for:", i), i.Source, err)
	}
	i.Object, i.ResourceVersion = live, object.ResourceVersion(live)
	a.visited[object.UID(live)] = true
	if _, has := object.Get(live, "metadata", "annotations", lastApplied); !has {
		fmt.Fprintf(a.ErrOut, noLastApplied, i.ObjectName(), lastApplied)
	}
	p := patcher{
		Factory: a.Factory, info: i, modified: local, overwrite: flagBool(a.cmd, "overwrite"), options: a.options(), force: a.del.force, del: a.del,
		local: a.dry == dryRunClient,
	}
	change, patched, err := p.patch(live)
	if err != nil {
		return withSource(fmt.Sprintf("applying patch:\n%s\nto:\n%v\nfor:", change, i), i.Source, err)
	}
	i.Refresh(patched)
	a.warnIfDeleting(i.Object)
	if string(change) == "{}" {
		return a.print(i, "unchanged")
	}
	return a.print(i, "configured")
}

// create makes an object that is not there yet.
func (a *applier) create(i *resource.Info, o object.Object) error {
	pruneNulls(o)
	i.Object = o
	if a.dry != dryRunClient {
		object.Delete(o, "metadata", "resourceVersion")
		stored, err := i.Create(o, a.options())
		if err != nil {
			return withSource("creating", i.Source, err)
		}
		i.Refresh(stored)
	}
	a.visited[object.UID(i.Object)] = true
	return a.print(i, "created")
}

// pruneNulls takes fields without a value out of an object.
func pruneNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e == nil {
				delete(v, k)
			} else {
				pruneNulls(e)
			}
		}
	case []any:
		for _, e := range v {
			pruneNulls(e)
		}
	}
}

func (a *applier) applyOnServer(i *resource.Info) error {
	local, err := object.Encode(i.Object)
	if err != nil {
		return withSource("serverside-apply", i.Source, err)
	}
	opts := a.options()
	opts.Force = &a.forceConflicts
	i.Subresource = a.subresource
	stored, err := i.Patch(rest.ApplyPatch, local, opts)
	if err != nil {
		if se, ok := err.(*apierrors.StatusError); ok && se.ErrStatus.Code == http.StatusUnsupportedMediaType {
			err = fmt.Errorf("Server-side apply not available on the server: (%v)", err)
		}
		if apierrors.IsConflict(err) {
			err = fmt.Errorf(conflictAdvice, err)
		}
		return err
	}
	i.Refresh(stored)
	a.migrate(i, local, opts)
	a.warnIfDeleting(i.Object)
	a.visited[object.UID(i.Object)] = true
	return a.print(i, "serverside-applied")
}

func (a *applier) warnIfDeleting(o object.Object) { a.Factory.warnIfDeleting(o) }

func (f *Factory) warnIfDeleting(o object.Object) {
	if object.String(o, "metadata", "deletionTimestamp") != "" {
		fmt.Fprintf(f.ErrOut, changesOnDeleting, object.Name(o))
	}
}

// printsObjects says that whole objects are printed, at the end, rather than a line for each.
func (a *applier) printsObjects() bool { return a.output != "" && a.output != "name" }

func (a *applier) print(i *resource.Info, done string) error {
	if a.printsObjects() {
		return nil
	}
	p, err := a.printer(a.cmd, done+a.dry.suffix())
	if err != nil {
		return err
	}
	return p.Print(i.Object, a.Out)
}

func (a *applier) printAll(infos []*resource.Info) error {
	if !a.printsObjects() || len(infos) == 0 {
		return nil
	}
	p, err := a.printer(a.cmd, a.dry.suffix())
	if err != nil {
		return err
	}
	if len(infos) == 1 {
		return p.Print(infos[0].Object, a.Out)
	}
	list := &printers.List{Kind: "List", APIVersion: "v1"}
	for _, i := range infos {
		list.Items = append(list.Items, i.Object)
	}
	return p.Print(list, a.Out)
}

// compact is a JSON document as patches are written.
func compact(v any) ([]byte, error) { return json.Marshal(v) }
