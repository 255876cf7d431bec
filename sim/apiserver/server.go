// Package apiserver is the one way into the store: it authorizes, decodes, defaults, admits, validates and stores what
// is asked of it, for the cluster's own parts (api.Door) and for clients (http.Handler).
//
// It knows no kind by name: what is particular to one is in its descriptor (package resources), in an admission plugin
// or in the file here that serves its subresource. It has no goroutines and is not safe for concurrent use: who calls
// it holds the cluster's lock.
package apiserver

import (
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"sort"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"terrarium/sim/admission"
	"terrarium/sim/api"
	"terrarium/sim/auth"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/custom"
	"terrarium/sim/resources"
	"terrarium/sim/store"
)

// Config is what a server is made of.
type Config struct {
	Clock      *clock.Clock
	Chance     *chance.Source
	Resources  []*resources.Resource
	Admission  admission.Chain
	Authorizer auth.Authorizer // nil allows everything
	Window     int             // remembered changes; 0 is the store's default
	Tokens     Authenticator   // knows tokens that are not of service accounts; may be nil
	Nodes      Nodes           // nil has no logs and executes nothing
	Version    *version.Info   // nil is DefaultVersion
	Address    string          // host:port for discovery
	Services   netip.Prefix    // where cluster IPs are from; the zero value is 10.96.0.0/12
}

// Server is an API server. It implements api.Door.
type Server struct {
	clock      *clock.Clock
	chance     *chance.Source // of what is stored: names, UIDs
	tickets    *chance.Source // of what is not: reads do not change what comes later
	store      *store.Store
	admission  admission.Chain
	authorizer auth.Authorizer
	nodes      Nodes

	authenticator Authenticator
	version       version.Info
	address       string
	serviceRange  netip.Prefix
	binary        wire // nil where only JSON and YAML are spoken

	kinds map[schema.GroupVersionResource]*resources.Resource
	types map[reflect.Type]schema.GroupVersionResource

	defined  map[string]*defined // by the names of CustomResourceDefinitions
	watchers watchers
	ledger   ledger
}

// New returns a server with an empty store.
func New(c Config) *Server {
	s := &Server{
		clock:      c.Clock,
		chance:     c.Chance.Fork("apiserver"),
		tickets:    c.Chance.Fork("apiserver/tickets"),
		admission:  c.Admission,
		authorizer: c.Authorizer,
		nodes:      c.Nodes,

		authenticator: c.Tokens,
		version:       DefaultVersion(),
		address:       c.Address,

		kinds: map[schema.GroupVersionResource]*resources.Resource{},
		types: map[reflect.Type]schema.GroupVersionResource{},
	}
	if c.Version != nil {
		s.version = *c.Version
	}
	if s.authorizer == nil {
		s.authorizer = auth.AlwaysAllow{}
	}
	if s.serviceRange = c.Services; !s.serviceRange.IsValid() {
		s.serviceRange = netip.MustParsePrefix(defaultServiceCIDR)
	}
	s.binary = binaryWire(s)
	s.ledger.notes = map[noteKey]*note{}
	s.defined = map[string]*defined{}
	s.store = store.New(c.Window, s.changed)
	for _, r := range append(c.Resources[:len(c.Resources):len(c.Resources)], custom.Definitions()) {
		s.Serve(r)
	}
	return s
}

// Serve adds a resource, or replaces the one of the same group, version and name.
func (s *Server) Serve(r *resources.Resource) {
	s.kinds[r.GVR()] = r
	if r.New == nil || r.Custom {
		return
	}
	t := reflect.TypeOf(r.New()).Elem()
	if _, taken := s.types[t]; !taken {
		s.types[t] = r.GVR()
	}
}

// Withdraw stops serving a resource. Its objects stay where they are.
func (s *Server) Withdraw(r schema.GroupVersionResource) {
	delete(s.ledger.shapes, s.kinds[r])
	delete(s.kinds, r)
}

// SetAdmission replaces the admission chain, for wiring whose plugins need the server first.
func (s *Server) SetAdmission(c admission.Chain) { s.admission = c }

// SetAuthorizer replaces the authorizer.
func (s *Server) SetAuthorizer(a auth.Authorizer) { s.authorizer = a }

// Store is the server's store, for those who count or compact it.
func (s *Server) Store() *store.Store { return s.store }

// Resources are the resources that are served, by group, version and name.
func (s *Server) Resources() []*resources.Resource {
	out := make([]*resources.Resource, 0, len(s.kinds))
	for _, r := range s.kinds {
		if !r.Hidden {
			out = append(out, r)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Group != b.Group {
			return a.Group < b.Group
		}
		if a.Version != b.Version {
			return a.Version < b.Version
		}
		return a.Name < b.Name
	})
	return out
}

// ResourceFor implements api.Door.
func (s *Server) ResourceFor(t reflect.Type) (schema.GroupVersionResource, error) {
	gvr, ok := s.types[t]
	if !ok {
		return gvr, fmt.Errorf("no resource is stored as %s", t)
	}
	return gvr, nil
}

// Loopback is the server's own identity, which may do everything.
func Loopback() api.User {
	return api.User{Name: "system:apiserver", Groups: []string{"system:masters", "system:authenticated"}}
}

// now is the present as metadata keeps it, in whole seconds.
func (s *Server) now() metav1.Time { return metav1.NewTime(s.clock.Now().Truncate(time.Second)) }

// Do implements api.Door. The cluster's own components may do everything: their roles are right.
func (s *Server) Do(req *api.Request) (runtime.Object, error) {
	c, err := s.call(req)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(req.User.Name, "system:") {
		if err := c.authorize(); err != nil {
			return nil, err
		}
	}
	obj, err := c.do()
	if err != nil {
		return nil, statusError(err)
	}
	return obj, nil
}

// call is one request on its way through the pipeline.
type call struct {
	*Server
	req  api.Request
	view *resources.Resource // as the client sees it
	kind *resources.Resource // as it is stored; the same one but for views
	page page
	note *note          // of what the request does to managed fields
	draw *chance.Source // of names and UIDs; a dry run's own

	agent   string // the client's name of itself
	created bool   // the request has created its object
}

func (s *Server) call(req *api.Request) (*call, error) {
	r := s.kinds[req.Resource]
	if r == nil || r.Hidden {
		return nil, errNoResource()
	}
	c := &call{Server: s, req: *req, view: r, kind: r, draw: s.chance}
	if r.View != nil {
		if c.kind = s.stored(r.View.Of); c.kind == nil {
			return nil, errNoResource()
		}
		if r.Custom {
			own := *r
			own.View, own.Version, own.New, own.NewList = nil, c.kind.Version, c.kind.New, c.kind.NewList
			c.kind = &own
		}
	}
	return c, nil
}

// stored finds the descriptor under which a group's resource is stored.
func (s *Server) stored(gr schema.GroupResource) *resources.Resource {
	for gvr, r := range s.kinds {
		if gvr.GroupResource() == gr && r.View == nil {
			return r
		}
	}
	return nil
}

func (c *call) authorize() error {
	a := auth.Attributes{
		User: c.req.User, Verb: c.req.Verb,
		Group: c.req.Resource.Group, Version: c.req.Resource.Version, Resource: c.req.Resource.Resource,
		Subresource: c.req.Subresource, Namespace: c.req.Namespace, Name: c.req.Name,
	}
	allowed, reason := c.authorizer.Authorize(a)
	if !allowed {
		return auth.Denied(a, reason)
	}
	return nil
}

// do carries out what was allowed.
func (c *call) do() (runtime.Object, error) {
	if c.req.DryRun {
		c.draw = c.tickets
	}
	if c.req.Subresource != "" {
		return c.subresource()
	}
	switch c.req.Verb {
	case "get":
		return c.get()
	case "list":
		return c.list()
	case "create":
		return c.create()
	case "update":
		return c.put(c.specRules())
	case "patch":
		return c.patch(c.specRules())
	case "delete":
		return c.delete()
	case "deletecollection":
		return c.deleteCollection()
	}
	return nil, errMethod()
}

// gr is the resource as error messages name it.
func (c *call) gr() schema.GroupResource { return c.view.GroupResource() }

func (c *call) key(name string) string {
	if !c.kind.Namespaced {
		return name
	}
	return store.Key(c.req.Namespace, name)
}

// stored reads the object that the request names.
func (c *call) existing() (runtime.Object, error) {
	if c.kind.Live != nil {
		for _, obj := range c.kind.Live(c.req.Namespace) {
			if metaOf(obj).GetName() == c.req.Name {
				return obj, nil
			}
		}
		gr := schema.GroupResource{Group: c.kind.Group, Resource: strings.ToLower(c.kind.Kind)}
		return nil, apierrors.NewNotFound(gr, store.Key(c.req.Namespace, c.req.Name))
	}
	obj := c.store.Get(c.kind.GroupResource(), c.key(c.req.Name))
	if obj == nil {
		return nil, apierrors.NewNotFound(c.gr(), c.req.Name)
	}
	return obj, nil
}

// outgoing turns a stored object into what the client sees.
func (c *call) outgoing(obj runtime.Object) runtime.Object {
	switch {
	case obj == nil:
		return nil
	case c.view.Seen != nil:
		return c.view.Seen(obj)
	case c.view.View == nil:
		return obj
	}
	return c.view.View.FromStored(obj)
}

// incoming turns an object from a client, which stays the client's, into one to be stored, with defaults.
func (c *call) incoming(obj runtime.Object) (runtime.Object, error) {
	if obj == nil {
		return nil, apierrors.NewBadRequest("the request has no object")
	}
	if want, got := reflect.TypeOf(c.view.New()), reflect.TypeOf(obj); want != got {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("a %s was expected, not a %s", want, got))
	}
	obj = obj.DeepCopyObject()
	if err := c.rightKind(obj); err != nil {
		return nil, err
	}
	if _, err := c.coerce(obj); err != nil {
		return nil, badRequest(err)
	}
	return c.defaulted(obj), nil
}

// defaulted is incoming for an object that is already the server's own.
func (c *call) defaulted(obj runtime.Object) runtime.Object {
	if c.view.Default != nil {
		c.view.Default(obj)
	}
	if c.view.View != nil {
		obj = c.view.View.ToStored(obj)
	}
	obj.GetObjectKind().SetGroupVersionKind(c.kind.GVK())
	return obj
}

func (c *call) context() *resources.Context {
	u := c.req.User
	return &resources.Context{Now: c.clock.Now(), User: u.Name, UID: u.UID, Groups: u.Groups, Extra: u.Extra, Suffix: c.draw.Suffix, Warn: c.warn}
}

func (c *call) warn(text string) {
	if c.req.Warn != nil {
		c.req.Warn(text)
	}
}

func (c *call) attributes(op admission.Operation, obj, old runtime.Object) *admission.Attributes {
	return &admission.Attributes{
		Request: &c.req, Resource: c.kind, Operation: op, Namespace: c.req.Namespace, Name: c.req.Name,
		Object: obj, Old: old,
		Client: api.Client{Door: c.Server, User: Loopback()},
		Now:    c.clock.Now(), Suffix: c.draw.Suffix,
	}
}

func errNoResource() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
		Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{},
	}}
}

// statusError turns any error into the Status error that a client gets.
func statusError(err error) error {
	if _, ok := err.(apierrors.APIStatus); ok {
		return err
	}
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error(),
	}}
}
