package kubectl

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// getter is one run of kubectl get.
type getter struct {
	*Factory
	cmd               *cobra.Command
	args              []string
	out               output
	namespace         string
	explicitNamespace bool
	allNamespaces     bool
	sortBy            string
	watch, watchOnly  bool
	events            bool
	ignoreNotFound    bool
	serverPrint       bool
	human             bool
}

func runGet(f *Factory, cmd *cobra.Command, args []string) error {
	g := &getter{
		Factory: f, cmd: cmd, args: args, out: outputOf(cmd), allNamespaces: flagBool(cmd, "all-namespaces"), sortBy: flagString(cmd, "sort-by"),
		watch: flagBool(cmd, "watch"), watchOnly: flagBool(cmd, "watch-only"), events: flagBool(cmd, "output-watch-events"),
		ignoreNotFound: flagBool(cmd, "ignore-not-found"),
	}
	raw := flagString(cmd, "raw")
	if raw != "" && len(args) > 0 {
		return errors.New("arguments may not be passed when --raw is specified")
	}
	if raw == "" {
		if err := g.complete(); err != nil {
			return err
		}
	}
	if err := g.validate(raw); err != nil {
		return err
	}
	switch {
	case raw != "":
		return f.rawRequest(rest.Request{Verb: "GET"}, raw)
	case g.watch || g.watchOnly:
		return g.watchAll()
	}
	return g.list()
}

func (g *getter) complete() error {
	var err error
	if g.namespace, g.explicitNamespace, err = g.Namespace(); err != nil {
		return err
	}
	if g.allNamespaces {
		g.explicitNamespace = false
	}
	o := g.out.format
	g.serverPrint = flagBool(g.cmd, "server-print") && !strings.Contains(o, "custom-columns") && o != "yaml" && !strings.Contains(o, "json")
	g.human = o == "" && g.out.template == "" || o == "wide"
	switch {
	case g.watch && g.sortBy != "":
		fmt.Fprintf(g.ErrOut, "warning: --watch requested, --sort-by will be ignored for watch events received\n")
	case g.watch:
	case g.watchOnly && g.sortBy != "":
		fmt.Fprintf(g.ErrOut, "warning: --watch-only requested, --sort-by will be ignored\n")
	case g.watchOnly:
	case len(g.args) == 0 && filenames(g.cmd).Empty():
		fmt.Fprintf(g.ErrOut, "You must specify the type of resource to get. %s\n\n", suggestAPIResources)
		return usageErrorf(g.cmd, "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).")
	}
	return nil
}

func (g *getter) validate(raw string) error {
	if raw != "" {
		if g.watch || g.watchOnly || flagString(g.cmd, "selector") != "" {
			return errors.New("--raw may not be specified with other flags that filter the server request or alter the output")
		}
		if g.out.format != "" {
			return errors.New("--raw and --output are mutually exclusive")
		}
		if _, err := url.ParseRequestURI(raw); err != nil {
			return fmt.Errorf("--raw must be a valid URL path: %v", err)
		}
	}
	if flagBool(g.cmd, "show-labels") && g.out.format != "" && g.out.format != "wide" {
		return fmt.Errorf("--show-labels option cannot be used with %s printer", g.out.format)
	}
	if g.events && !g.watch && !g.watchOnly {
		return errors.New("--output-watch-events option can only be used with --watch or --watch-only")
	}
	return nil
}

// rawRequest sends r to uri and copies the answer.
func (f *Factory) rawRequest(r rest.Request, uri string) error {
	c, err := f.Client()
	if err != nil {
		return err
	}
	r.Path = uri
	body, err := c.Stream(f.ctx, r)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(f.Out, body)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

func (g *getter) builder() *resource.Builder {
	b := g.Builder()
	b.Namespace, b.AllNamespaces, b.DefaultNamespace, b.EnforceNamespace = g.namespace, g.allNamespaces, true, g.explicitNamespace
	b.Filenames = filenames(g.cmd)
	b.Labels, b.Fields = flagString(g.cmd, "selector"), flagString(g.cmd, "field-selector")
	b.Args, b.AllowEmptySelector, b.Latest = g.args, true, true
	b.ChunkSize = flagInt64(g.cmd, "chunk-size")
	b.Transform = func(r *rest.Request) {
		if !g.serverPrint || !g.human {
			return
		}
		r.Accept = rest.AcceptTable
		if g.sortBy != "" {
			if r.Query == nil {
				r.Query = url.Values{}
			}
			r.Query.Set("includeObject", "Object")
		}
	}
	return b
}

// printerFor is the printer for objects of a type.
func (g *getter) tableFor(r *discovery.Resource, withNamespace, withKind bool) (printers.Printer, error) {
	o := printers.TableOptions{
		WithNamespace: withNamespace, WithKind: withKind || flagBool(g.cmd, "show-kind"), ShowLabels: flagBool(g.cmd, "show-labels"),
		ColumnLabels: flagStrings(g.cmd, "label-columns"),
	}
	if r != nil {
		o.Kind = strings.ToLower(r.GVK().GroupKind().String())
	}
	p, err := g.tablePrinter(g.out, o)
	if err != nil {
		return nil, err
	}
	if g.sortBy != "" {
		p = printers.Sorted{Field: g.sortBy, Printer: p}
	}
	return p, nil
}

func (g *getter) list() error {
	b := g.builder()
	b.Subresource = flagString(g.cmd, "subresource")
	b.ContinueOnError, b.Flatten = true, true
	if g.sortBy != "" {
		b.ChunkSize = 0
	}
	r := b.Do()
	if g.ignoreNotFound {
		r.IgnoreErrors(apierrors.IsNotFound)
	}
	if err := r.Err(); err != nil {
		return err
	}
	if !g.human {
		return g.printGeneric(r)
	}
	return g.printTables(r)
}

func (g *getter) printTables(r *resource.Result) error {
	var errs []error
	infos, err := r.Infos()
	if err != nil {
		errs = append(errs, err)
	}
	if g.sortBy != "" && len(infos) > 1 {
		if infos, err = sortInfos(infos, g.sortBy); err != nil {
			return err
		}
	}
	tables := &tableGroups{out: g.Out}
	w := printers.NewTabWriter(tables)
	namespaced := !g.allNamespaces
	withKind := severalKinds(infos)
	var printer printers.Printer
	var last *discovery.Resource
	for _, i := range infos {
		namespaced = namespaced && i.Namespaced()
		if printer == nil || last == nil || i.Resource == nil || i.Resource.GVR() != last.GVR() {
			w.Flush()
			w.Forget()
			tables.separate = last != nil && !g.out.noHeaders && tables.written > 0
			printer, err = g.tableFor(i.Resource, g.allNamespaces && (i.Resource == nil || i.Resource.Namespaced), withKind)
			if err != nil {
				errs = appendNew(errs, err)
				continue
			}
			last = i.Resource
		}
		// kubectl drops what goes wrong here, a --sort-by that no object has among it.
		_ = printer.Print(i.Object, w)
	}
	w.Flush()
	if tables.written == 0 && !g.ignoreNotFound && len(errs) == 0 {
		if namespaced {
			fmt.Fprintf(g.ErrOut, "No resources found in %s namespace.\n", g.namespace)
		} else {
			fmt.Fprintln(g.ErrOut, "No resources found")
		}
	}
	return utilerrors.NewAggregate(errs)
}

func appendNew(errs []error, err error) []error {
	for _, e := range errs {
		if e.Error() == err.Error() {
			return errs
		}
	}
	return append(errs, err)
}

func sortInfos(infos []*resource.Info, field string) ([]*resource.Info, error) {
	objects := make([]object.Object, len(infos))
	for i, info := range infos {
		objects[i] = info.Object
	}
	order, err := printers.SortObjects(objects, field)
	if err != nil {
		return nil, err
	}
	out := make([]*resource.Info, len(infos))
	for i, from := range order {
		out[i] = infos[from]
	}
	return out, nil
}

func severalKinds(infos []*resource.Info) bool {
	for _, i := range infos {
		if i.Resource.GVK() != infos[0].Resource.GVK() {
			return true
		}
	}
	return false
}

// tableGroups puts an empty line between tables.
type tableGroups struct {
	out      io.Writer
	separate bool
	written  int
}

func (t *tableGroups) Write(p []byte) (int, error) {
	if len(p) > 0 && t.separate {
		fmt.Fprintln(t.out)
		t.separate = false
	}
	t.written += len(p)
	return t.out.Write(p)
}

// printGeneric prints one object as itself and several as a list.
func (g *getter) printGeneric(r *resource.Result) error {
	var errs []error
	infos, err := r.Infos()
	if err != nil {
		if r.Single {
			return err
		}
		errs = append(errs, err)
	}
	if len(infos) == 0 && g.ignoreNotFound {
		return reduced(errs)
	}
	printer, err := g.tableFor(nil, false, false)
	if err != nil {
		return err
	}
	var o object.Object
	if r.Single && len(infos) == 1 {
		o = infos[0].Object
	}
	if o == nil || object.IsList(o) {
		items := []any{}
		version := ""
		if o != nil {
			items, version = object.List(o, "items"), object.ResourceVersion(o)
		}
		for _, i := range infos {
			if o == nil {
				items = append(items, i.Object)
			}
		}
		o = object.Object{"kind": "List", "apiVersion": "v1", "metadata": object.Object{"resourceVersion": version}, "items": items}
	}
	if err := printer.Print(o, g.Out); err != nil {
		errs = append(errs, err)
	}
	return reduced(errs)
}

// reduced is errs as one error, flat, a single one itself.
func reduced(errs []error) error {
	agg := utilerrors.NewAggregate(errs)
	if agg == nil {
		return nil
	}
	return utilerrors.Reduce(utilerrors.Flatten(agg))
}

// watchAll prints what is there, then every change.
func (g *getter) watchAll() error {
	b := g.builder()
	b.SingleResourceType = true
	r := b.Do()
	if err := r.Err(); err != nil {
		return err
	}
	infos, err := r.Infos()
	if err != nil {
		if apierrors.IsNotFound(err) && g.ignoreNotFound {
			return nil
		}
		return err
	}
	if len(infos) == 0 {
		return nil
	}
	printer, err := g.tableFor(infos[0].Resource, g.allNamespaces, false)
	if err != nil {
		return err
	}
	w := printers.NewTabWriter(g.Out)
	show := func(o object.Object, kind string) error {
		if g.events {
			o = printers.Event(kind, o)
		}
		return printer.Print(o, w)
	}
	for _, i := range infos {
		items := []object.Object{i.Object}
		if object.IsList(i.Object) {
			items = object.Items(i.Object)
		}
		for _, o := range items {
			if g.watchOnly {
				o = withoutRows(o)
			}
			if o == nil {
				continue
			}
			if err := show(o, "ADDED"); err != nil {
				return fmt.Errorf("unable to output the provided object: %v", err)
			}
		}
	}
	w.Flush()
	return g.watchChanges(r, infos[0], func(o object.Object, kind string) error {
		defer w.Flush()
		return show(o, kind)
	})
}

// withoutRows is a table's columns alone; nil for anything else.
func withoutRows(o object.Object) object.Object {
	if !printers.IsTable(o) {
		return nil
	}
	out := object.Object{}
	for k, v := range o {
		out[k] = v
	}
	out["rows"] = []any{}
	return out
}

func (g *getter) watchChanges(r *resource.Result, first *resource.Info, show func(object.Object, string) error) error {
	req, err := r.WatchRequest()
	if err != nil {
		return err
	}
	// A list was read at a revision; of one object the watch tells first what is there, and that was printed.
	skip := r.Single && !object.IsList(first.Object)
	if req.Query == nil {
		req.Query = url.Values{}
	}
	req.Query.Set("resourceVersion", first.ResourceVersion)
	if skip {
		req.Query.Set("resourceVersion", "0")
	}
	err = first.Client().Watch(g.ctx, req, func(e rest.Event) (bool, error) {
		o := e.Object
		if skip {
			skip = false
			if o = withoutRows(o); o == nil {
				return true, nil
			}
		}
		return true, show(o, e.Type)
	})
	if g.ctx.Err() != nil {
		return g.ctx.Err()
	}
	_ = err // kubectl ends quietly however the watch ended
	return nil
}
