package kubectl

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// deletion says how objects are deleted.
type deletion struct {
	*Factory
	dry            dryRun
	propagation    string
	grace          int // seconds; -1: each object's own
	force          bool
	wait           bool
	timeout        time.Duration // of waiting; 0: a week
	output         string
	quiet          bool
	ignoreNotFound bool
	warnCluster    bool // say that a namespace was given for cluster-scoped objects
	preview        map[string]bool
}

// newDeletion reads the flags that delete, replace, apply and run share.
func (f *Factory) newDeletion(cmd *cobra.Command) (*deletion, error) {
	d := &deletion{
		Factory: f, grace: flagInt(cmd, "grace-period"), force: flagBool(cmd, "force"), wait: flagBool(cmd, "wait"), timeout: flagDuration(cmd, "timeout"),
		ignoreNotFound: flagBool(cmd, "ignore-not-found"),
	}
	var err error
	d.propagation, err = f.cascade(flagString(cmd, "cascade"))
	return d, err
}

func (f *Factory) cascade(value string) (string, error) {
	if b, err := strconv.ParseBool(value); err == nil {
		instead, policy := "orphan", "Orphan"
		if b {
			instead, policy = "background", "Background"
		}
		fmt.Fprintf(f.ErrOut, "warning: --cascade=%v is deprecated (boolean value) and can be replaced with --cascade=%s.\n", value, instead)
		return policy, nil
	}
	switch value {
	case "orphan":
		return "Orphan", nil
	case "foreground":
		return "Foreground", nil
	case "background":
		return "Background", nil
	}
	return "", fmt.Errorf(`invalid cascade value (%v). Must be "background", "foreground", or "orphan"`, value)
}

// options is the body of a DELETE.
func (d *deletion) options() object.Object {
	o := object.Object{"kind": "DeleteOptions", "apiVersion": "v1"}
	if d.grace >= 0 {
		o["gracePeriodSeconds"] = int64(d.grace)
	}
	if d.propagation != "" {
		o["propagationPolicy"] = d.propagation
	}
	if d.dry == dryRunServer {
		o["dryRun"] = []any{"All"}
	}
	return o
}

func runDelete(f *Factory, cmd *cobra.Command, args []string) error {
	d, err := f.newDeletion(cmd)
	if err != nil {
		return err
	}
	namespace, explicit, err := f.Namespace()
	if err != nil {
		return err
	}
	all, everywhere := flagBool(cmd, "all"), flagBool(cmd, "all-namespaces")
	labels, fields, raw := flagString(cmd, "selector"), flagString(cmd, "field-selector"), flagString(cmd, "raw")
	d.output, d.warnCluster = flagString(cmd, "output"), explicit && !everywhere
	if (all || labels != "" || fields != "") && !flagChanged(cmd, "ignore-not-found") {
		d.ignoreNotFound = true
	}
	if err := d.settleGrace(flagBool(cmd, "now")); err != nil {
		return err
	}
	if d.dry, err = f.dryRunFlag(cmd); err != nil {
		return err
	}
	build := func() *resource.Result {
		b := f.Builder()
		b.ContinueOnError, b.DefaultNamespace, b.SkipRead, b.Flatten = true, true, true, true
		b.Namespace, b.EnforceNamespace, b.AllNamespaces, b.Filenames = namespace, explicit, everywhere, filenames(cmd)
		b.Labels, b.Fields, b.All, b.Args = labels, fields, all, args
		return b.Do()
	}
	var r *resource.Result
	if raw == "" {
		r = build()
		if err := r.Err(); err != nil {
			return err
		}
	}
	if err := d.check(cmd, all, labels, fields, raw); err != nil {
		return err
	}
	if raw != "" {
		if files := filenames(cmd); len(files.Names) > 0 {
			return f.rawBody("DELETE", raw, files.Names[0])
		}
		return f.rawRequest(rest.Request{Verb: "DELETE"}, raw)
	}
	if flagBool(cmd, "interactive") {
		if yes, err := d.confirm(build()); err != nil || !yes {
			return err
		}
	}
	return d.run(r)
}

func (d *deletion) settleGrace(now bool) error {
	if now {
		if d.grace != -1 {
			return errors.New("--now and --grace-period cannot be specified together")
		}
		d.grace = 1
	}
	if d.grace == 0 && !d.force {
		d.grace = 1
	}
	if d.force && d.grace < 0 {
		d.grace = 0
	}
	return nil
}

func (d *deletion) check(cmd *cobra.Command, all bool, labels, fields, raw string) error {
	switch {
	case d.output != "" && d.output != "name":
		return fmt.Errorf("unexpected -o output mode: %v. We only support '-o name'", d.output)
	case all && labels != "":
		return errors.New("cannot set --all and --selector at the same time")
	case all && fields != "":
		return errors.New("cannot set --all and --field-selector at the same time")
	case d.grace == 0 && d.force:
		d.printWarning("Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.")
	case d.grace > 0 && d.force:
		return errors.New("--force and --grace-period greater than 0 cannot be specified together")
	}
	if raw == "" {
		return nil
	}
	files := filenames(cmd)
	switch {
	case flagBool(cmd, "interactive"):
		return errors.New("--interactive can not be used with --raw")
	case len(files.Names) > 1:
		return errors.New("--raw can only use a single local file or stdin")
	case len(files.Names) == 1 && (strings.HasPrefix(files.Names[0], "http://") || strings.HasPrefix(files.Names[0], "https://")):
		return errors.New("--raw cannot read from a url")
	case files.Recursive:
		return errors.New("--raw and --recursive are mutually exclusive")
	case d.output != "":
		return errors.New("--raw and --output are mutually exclusive")
	}
	if _, err := url.ParseRequestURI(raw); err != nil {
		return fmt.Errorf("--raw must be a valid URL path: %v", err)
	}
	return nil
}

// place tells objects apart.
func place(i *resource.Info) string {
	return i.Resource.Full() + "/" + i.Namespace + "/" + i.Name
}

func kindName(i *resource.Info) string {
	gvk := i.Resource.GVK()
	if gvk.Group == "" {
		return strings.ToLower(gvk.Kind)
	}
	return strings.ToLower(gvk.Kind) + "." + gvk.Group
}

// confirm shows what would be deleted and asks.
func (d *deletion) confirm(r *resource.Result) (bool, error) {
	if d.ignoreNotFound {
		r.IgnoreErrors(apierrors.IsNotFound)
	}
	infos, err := r.Infos()
	if err != nil {
		return false, err
	}
	if len(infos) == 0 {
		fmt.Fprintf(d.Out, "No resources found\n")
		return false, nil
	}
	d.preview = map[string]bool{}
	fmt.Fprintf(d.Out, "You are about to delete the following %d resource(s):\n", len(infos))
	for _, i := range infos {
		d.preview[place(i)] = true
		fmt.Fprintf(d.Out, "%s/%s\n", kindName(i), i.Name)
	}
	fmt.Fprint(d.Out, "Do you want to continue? (y/N): ")
	var answer string
	if _, err := fmt.Fscanln(d.In, &answer); err == nil && strings.EqualFold(answer, "y") {
		return true, nil
	}
	fmt.Fprintf(d.Out, "deletion is cancelled\n")
	return false, nil
}

// run deletes what r finds and waits until it is gone.
func (d *deletion) run(r *resource.Result) error {
	if d.ignoreNotFound {
		r.IgnoreErrors(apierrors.IsNotFound)
	}
	var deleted []*resource.Info
	uids := map[string]string{}
	warn := d.warnCluster
	err := r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		if d.preview != nil && !d.preview[place(i)] {
			return nil
		}
		deleted = append(deleted, i)
		if warn && !i.Resource.Namespaced {
			d.printWarning("deleting cluster-scoped resources, not scoped to the provided namespace")
			warn = false
		}
		if d.dry == dryRunClient {
			d.print(i)
			return nil
		}
		answer, err := i.Delete(d.options())
		if err != nil {
			return withSource("deleting", i.Source, err)
		}
		d.print(i)
		if object.Kind(answer) == "Status" {
			uids[place(i)] = object.String(answer, "details", "uid")
		} else {
			uids[place(i)] = object.UID(answer)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case len(deleted) == 0:
		fmt.Fprintf(d.Out, "No resources found\n")
		return nil
	case !d.wait || d.dry != dryRunNone:
		return nil
	}
	err = d.awaitDeletions(deleted, uids, d.timeout)
	if apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err) {
		return nil
	}
	return err
}

func (d *deletion) print(i *resource.Info) {
	if d.quiet {
		return
	}
	if d.output == "name" {
		fmt.Fprintf(d.Out, "%s/%s\n", kindName(i), i.Name)
		return
	}
	done := "deleted"
	if d.grace == 0 {
		done = "force deleted"
	}
	if i.Namespaced() {
		done += " from " + i.Namespace + " namespace"
	}
	fmt.Fprintf(d.Out, "%s %q %s%s\n", kindName(i), i.Name, done, d.dry.suffix())
}
