package resource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/rest"
)

// ErrMissing is a command line that names nothing.
var ErrMissing = errors.New(`You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`)

// ErrLocal is a --local without a file.
var ErrLocal = errors.New(`error: you must specify resources by --filename when --local is set.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'`)

// ErrMultipleTypes is several types where one is allowed.
var ErrMultipleTypes = errors.New("you may only specify a single resource type")

// Files is the file system that manifests are read from.
type Files interface {
	ReadFile(name string) ([]byte, error)
	Stat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error)
}

// Filenames are the options -f, -k and -R.
type Filenames struct {
	Names     []string
	Kustomize string
	Recursive bool
}

// Empty says that neither -f nor -k was given.
func (f Filenames) Empty() bool { return len(f.Names) == 0 && f.Kustomize == "" }

// Require is the complaint about neither -f nor -k.
func (f Filenames) Require() error {
	if f.Empty() {
		return errors.New("must specify one of -f and -k")
	}
	return nil
}

// Builder says which objects are wanted. The zero value of a field is kubectl's default for it; Do finds them.
type Builder struct {
	Context   context.Context
	Client    func() (*rest.Client, error)
	Mapper    func() (*discovery.Mapper, error)
	Files     Files
	Stdin     io.Reader
	Kustomize func(dir string) ([]byte, error)
	Fetch     func(url string) ([]byte, error)
	// OpenAPI asks the server for its OpenAPI document, before the first object is validated; it may be nil.
	OpenAPI func() error

	Filenames Filenames
	// Validate makes objects in files be checked for apiVersion and kind before anything else.
	Validate bool

	// Stream is one more manifest; errors call it StreamName.
	Stream     io.Reader
	StreamName string

	Namespace        string
	AllNamespaces    bool
	EnforceNamespace bool // objects of another namespace are an error
	DefaultNamespace bool // objects without a namespace get Namespace

	Labels, Fields string
	All            bool

	// Args are TYPE, TYPE NAME…, TYPE/NAME…; a TYPE alone is a list where AllowEmptySelector is set.
	Args               []string
	AllowEmptySelector bool
	// Names are names of DefaultType, or TYPE/NAME.
	DefaultType string
	Names       []string
	Types       []string

	Subresource        string
	ChunkSize          int64
	Transform          func(*rest.Request) // of reads
	SingleResourceType bool
	ContinueOnError    bool
	Flatten            bool
	Latest             bool // objects from files are read anew from the server
	SkipRead           bool // objects that were only named are not read
	Local              bool // no server is asked
	// Known, where it is set, makes objects of kinds that it does not know an error.
	Known func(schema.GroupVersionKind) bool

	errs    []error
	paths   []visitor
	stdin   bool
	dir     bool
	single  bool
	types   []string
	names   []string
	tuples  []tuple
	label   *string
	field   *string
	mapping map[string]*discovery.Resource
}

type tuple struct{ resource, name string }

// Result is what a Builder found, to be visited.
type Result struct {
	err    error
	visit  visitor
	ignore []func(error) bool

	// Single says that the command line can only mean one object, and that a list of one need not be wrapped.
	Single bool
	// watch are the lists that a watch would follow; several where several types or names were asked for.
	watch   []watchable
	sources int

	// TargetsNames says that objects were asked for by name or file, not by type or selector.
	TargetsNames bool
}

// Err is what was wrong with the command line itself.
func (r *Result) Err() error { return r.err }

// IgnoreErrors drops errors that fn accepts from what visiting returns.
func (r *Result) IgnoreErrors(fn func(error) bool) *Result {
	r.ignore = append(r.ignore, fn)
	return r
}

// Visit calls fn for each object.
func (r *Result) Visit(fn VisitFunc) error {
	if r.err != nil {
		return r.err
	}
	err := r.visit(fn)
	for _, ignored := range r.ignore {
		err = utilerrors.FilterOut(err, utilerrors.Matcher(ignored))
	}
	return err
}

// Infos are all objects found, beside the error.
func (r *Result) Infos() ([]*Info, error) {
	var infos []*Info
	err := r.Visit(func(i *Info, err error) error {
		if err == nil {
			infos = append(infos, i)
		}
		return err
	})
	return infos, err
}

// watchable is what one watch follows: a collection, or one object in it.
type watchable struct {
	info           Info
	labels, fields string
}

// WatchRequest is the list request whose watch=true follows what was asked for.
func (r *Result) WatchRequest() (rest.Request, error) {
	if r.err != nil {
		return rest.Request{}, r.err
	}
	w := r.watch
	if len(w) == 0 && r.sources == 1 {
		infos, err := r.Infos()
		if err != nil {
			return rest.Request{}, err
		}
		if len(infos) != 1 {
			return rest.Request{}, fmt.Errorf("watch is only supported on individual resources and resource collections - %d resources were found", len(infos))
		}
		w = []watchable{{info: *infos[0], fields: "metadata.name=" + infos[0].Name}}
	}
	if len(w) != 1 {
		return rest.Request{}, errors.New("you may only watch a single resource or type of resource at a time")
	}
	i := w[0].info
	req, err := i.Resource.Request(http.MethodGet, i.Namespace, "")
	if err != nil {
		return req, err
	}
	req.Query = url.Values{}
	if w[0].labels != "" {
		req.Query.Set("labelSelector", w[0].labels)
	}
	if w[0].fields != "" {
		req.Query.Set("fieldSelector", w[0].fields)
	}
	if i.transform != nil {
		i.transform(&req)
	}
	return req, nil
}

// Do works out what is wanted; the server is asked about types now, about objects when the result is visited.
func (b *Builder) Do() *Result {
	b.addFilenames()
	b.addSelectors()
	b.addArgs()
	b.addNames()
	r := b.result()
	if r.err != nil {
		return r
	}
	if b.Flatten {
		r.visit = b.flattened(r.visit)
	}
	var steps []VisitFunc
	if b.DefaultNamespace {
		steps = append(steps, setNamespace(b.Namespace))
	}
	if b.EnforceNamespace {
		steps = append(steps, requireNamespace(b.Namespace))
	}
	steps = append(steps, filterNamespace)
	if !b.SkipRead {
		steps = append(steps, readLazily)
	}
	if b.Known != nil {
		steps = append(steps, b.onlyKnown(len(r.watch) > 0))
	}
	if b.ContinueOnError {
		r.visit = continueOnError(r.visit)
	}
	r.visit = decorated(r.visit, steps...)
	return r
}

// onlyKnown complains as upstream's decoder does, which meets the list first where objects come in one.
func (b *Builder) onlyKnown(lists bool) VisitFunc {
	return func(i *Info, _ error) error {
		if i.Object == nil || object.IsList(i.Object) || b.Known(object.GVK(i.Object)) {
			return nil
		}
		kind := object.Kind(i.Object)
		if lists {
			kind += "List"
		}
		err := fmt.Errorf("no kind %q is registered for version %q in scheme \"pkg/runtime/scheme.go:111\"", kind, object.APIVersion(i.Object))
		if i.Source != "" {
			err = fmt.Errorf("unable to decode %q: %w", i.Source, err)
		}
		return err
	}
}

func (b *Builder) fail(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(format, args...))
}

func (b *Builder) addSelectors() {
	if s := strings.TrimSpace(b.Labels); s != "" {
		b.label = &s
	}
	if s := strings.TrimSpace(b.Fields); s != "" {
		b.field = &s
	}
	if b.All && (b.label != nil || b.field != nil) {
		b.fail("setting 'all' parameter but found a non empty selector. ")
		b.All = false
	}
}

func (b *Builder) addArgs() {
	b.types = append(b.types, b.Types...)
	args := expandTypes(b.Args)
	if combined, err := combinedArgs(args); combined {
		if err != nil {
			b.errs = append(b.errs, err)
			return
		}
		b.addTuples("", args)
		return
	}
	if len(args) == 0 {
		return
	}
	b.types = append(b.types, splitUnique(b.replaceCategories(args[0]))...)
	if len(args) > 1 {
		b.names = append(b.names, args[1:]...)
		return
	}
	if b.label == nil && b.AllowEmptySelector {
		everything := ""
		b.label = &everything
	}
}

func (b *Builder) addNames() { b.addTuples(b.DefaultType, b.Names) }

func (b *Builder) addTuples(resource string, names []string) {
	for _, name := range names {
		t, ok, err := splitTypeName(name)
		switch {
		case err != nil:
			b.errs = append(b.errs, err)
			return
		case ok:
			b.tuples = append(b.tuples, t)
		case resource == "":
			if len(b.Names) > 0 {
				b.fail("the argument %q must be RESOURCE/NAME", name)
			}
		default:
			b.tuples = append(b.tuples, tuple{resource, name})
		}
	}
}

// HasNames says whether args name objects, not only types.
func HasNames(args []string) (bool, error) {
	args = expandTypes(args)
	combined, err := combinedArgs(args)
	if err != nil {
		return false, err
	}
	return combined || len(args) > 1, nil
}

// combinedArgs says whether args are TYPE/NAME words; they may not be mixed with others.
func combinedArgs(args []string) (bool, error) {
	slashes := 0
	for _, a := range args {
		if strings.Contains(a, "/") {
			slashes++
		}
	}
	if slashes > 0 && slashes != len(args) {
		return true, errors.New("there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'")
	}
	return slashes > 0, nil
}

// expandTypes turns several types with names into TYPE/NAME words.
func expandTypes(args []string) []string {
	if len(args) < 2 {
		return args
	}
	types := splitUnique(args[0])
	if len(types) < 2 {
		return args
	}
	var out []string
	for _, t := range types {
		for _, name := range args[1:] {
			out = append(out, t+"/"+name)
		}
	}
	return out
}

func splitTypeName(s string) (tuple, bool, error) {
	if !strings.Contains(s, "/") {
		return tuple{}, false, nil
	}
	seg := strings.Split(s, "/")
	if len(seg) != 2 {
		return tuple{}, false, errors.New("arguments in resource/name form may not have more than one slash")
	}
	if seg[0] == "" || seg[1] == "" || len(splitUnique(seg[0])) != 1 {
		return tuple{}, false, errors.New("arguments in resource/name form must have a single resource and name")
	}
	return tuple{seg[0], seg[1]}, true, nil
}

func splitUnique(list string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range strings.Split(list, ",") {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func (b *Builder) replaceCategories(list string) string {
	var out []string
	for _, word := range strings.Split(list, ",") {
		if b.Local {
			continue
		}
		m, err := b.Mapper()
		if err != nil {
			b.errs = append(b.errs, err)
			continue
		}
		if names, ok := m.Category(word); ok {
			word = strings.Join(names, ",")
		}
		out = append(out, word)
	}
	return strings.Join(out, ",")
}

func (b *Builder) find(word string) (*discovery.Resource, error) {
	if r, ok := b.mapping[word]; ok {
		return r, nil
	}
	m, err := b.Mapper()
	if err != nil {
		return nil, err
	}
	r, err := m.Find(word)
	if err != nil {
		return nil, err
	}
	if b.mapping == nil {
		b.mapping = map[string]*discovery.Resource{}
	}
	b.mapping[word] = r
	return r, nil
}

func (b *Builder) result() *Result {
	if len(b.errs) > 0 {
		return &Result{err: utilerrors.NewAggregate(b.errs)}
	}
	if b.All {
		everything := ""
		b.label = &everything
	}
	switch {
	case len(b.paths) > 0:
		return b.byPaths()
	case b.label != nil || b.field != nil:
		return b.bySelector()
	case len(b.tuples) > 0:
		return b.byTuples()
	case len(b.names) > 0:
		return b.byName()
	case len(b.types) > 0:
		for _, t := range b.types {
			if _, err := b.find(t); err != nil {
				return &Result{err: err}
			}
		}
		return failed("resource(s) were provided, but no name was specified")
	}
	return &Result{err: ErrMissing}
}

func failed(text string) *Result { return &Result{err: errors.New(text)} }

func (b *Builder) byPaths() *Result {
	switch {
	case len(b.types) > 0:
		return failed("when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well")
	case len(b.names) > 0:
		return failed("name cannot be provided when a path is specified")
	case len(b.tuples) > 0:
		return failed("resource/name arguments cannot be provided when a path is specified")
	}
	visit := b.list(b.paths)
	if b.Flatten {
		visit = b.flattened(visit)
	}
	if b.Latest {
		if b.DefaultNamespace {
			visit = decorated(visit, setNamespace(b.Namespace))
		}
		visit = decorated(visit, readLatest)
	}
	if b.label != nil {
		selector, err := labels.Parse(*b.label)
		if err != nil {
			return &Result{err: fmt.Errorf("the provided selector %q is not valid: %v", *b.label, err)}
		}
		visit = filtered(visit, selector)
	}
	return &Result{visit: visit, sources: len(b.paths), Single: !b.dir && !b.stdin && len(b.paths) == 1, TargetsNames: true}
}

func (b *Builder) bySelector() *Result {
	switch {
	case len(b.names) > 0:
		return failed("name cannot be provided when a selector is specified")
	case len(b.tuples) > 0:
		return failed("selectors and the all flag cannot be used when passing resource/name arguments")
	case len(b.types) == 0:
		return failed("at least one resource must be specified to use a selector")
	case b.Subresource != "":
		return failed("subresource cannot be used when bulk resources are specified")
	}
	resources, err := b.resources()
	if err != nil {
		return &Result{err: err}
	}
	client, err := b.Client()
	if err != nil {
		return &Result{err: err}
	}
	var visitors []visitor
	var watch []watchable
	for _, r := range resources {
		visitors = append(visitors, b.listing(client, r))
		w := watchable{info: b.info(client, r)}
		if b.label != nil {
			w.labels = *b.label
		}
		if b.field != nil {
			w.fields = *b.field
		}
		watch = append(watch, w)
	}
	return &Result{visit: b.list(visitors), watch: watch}
}

func (b *Builder) resources() ([]*discovery.Resource, error) {
	if len(b.types) > 1 && b.SingleResourceType {
		return nil, ErrMultipleTypes
	}
	var out []*discovery.Resource
	seen := map[*discovery.Resource]bool{}
	for _, t := range b.types {
		r, err := b.find(t)
		if err != nil {
			return nil, err
		}
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out, nil
}

func (b *Builder) byTuples() *Result {
	if len(b.types) > 0 {
		return failed("you may not specify individual resources and bulk resources in the same call")
	}
	distinct := map[*discovery.Resource]bool{}
	for _, t := range b.tuples {
		r, err := b.find(t.resource)
		if err != nil {
			return &Result{err: err}
		}
		distinct[r] = true
	}
	if len(distinct) > 1 && b.SingleResourceType {
		return &Result{err: ErrMultipleTypes}
	}
	var visitors []visitor
	for _, t := range b.tuples {
		v, err := b.named(t)
		if err != nil {
			return &Result{err: err}
		}
		visitors = append(visitors, v)
	}
	return &Result{visit: b.list(visitors), sources: len(visitors), Single: len(b.tuples) == 1, TargetsNames: true}
}

func (b *Builder) byName() *Result {
	if len(b.types) == 0 {
		return failed("you must provide a resource and a resource name together")
	}
	if len(b.types) > 1 {
		return failed("you must specify only one resource")
	}
	var visitors []visitor
	for _, name := range b.names {
		v, err := b.named(tuple{b.types[0], name})
		if err != nil {
			return &Result{err: err}
		}
		visitors = append(visitors, v)
	}
	return &Result{visit: inOrder(visitors), sources: len(visitors), Single: len(b.names) == 1, TargetsNames: true}
}

func (b *Builder) named(t tuple) (visitor, error) {
	r, err := b.find(t.resource)
	if err != nil {
		return nil, err
	}
	client, err := b.Client()
	if err != nil {
		return nil, err
	}
	i := b.info(client, r)
	i.Name, i.Subresource = t.name, b.Subresource
	if r.Namespaced {
		switch {
		case b.AllNamespaces:
			return nil, errors.New("a resource cannot be retrieved by name across all namespaces")
		case b.Namespace == "":
			return nil, errors.New("namespace may not be empty when retrieving a resource by name")
		}
	}
	return func(fn VisitFunc) error {
		one := i
		return fn(&one, nil)
	}, nil
}

// info is an object of r in the namespace in force.
func (b *Builder) info(client *rest.Client, r *discovery.Resource) Info {
	i := Info{Resource: r, client: client, ctx: b.Context, transform: b.Transform}
	if r.Namespaced && !b.AllNamespaces {
		i.Namespace = b.Namespace
	}
	return i
}
