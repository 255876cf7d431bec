// Package resource finds the objects that a command line names: by type and name, by selector, in files, on standard input. It
// knows neither commands nor output.
package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/rest"
)

// Info is one object (or list, or table) and where it lives.
type Info struct {
	Resource        *discovery.Resource // nil where nobody asked the server
	Namespace, Name string
	Subresource     string
	Source          string // file that it came from; "" where the server gave it
	ResourceVersion string
	Object          object.Object // nil until read

	client    *rest.Client
	ctx       context.Context
	transform func(*rest.Request)
}

var errNoName = errors.New("resource name may not be empty")

// VisitFunc is called for each object found; a non-nil err is what went wrong instead of one.
type VisitFunc func(info *Info, err error) error

// Client is the client of the server where the object lives.
func (i *Info) Client() *rest.Client { return i.client }

// Namespaced says whether the object lives in a namespace.
func (i *Info) Namespaced() bool {
	if i.Resource != nil {
		return i.Resource.Namespaced
	}
	return i.Namespace != ""
}

// Get reads the object from the server.
func (i *Info) Get() error {
	o, err := i.Read()
	if err != nil {
		return err
	}
	i.Object = o
	i.ResourceVersion = object.ResourceVersion(o)
	return nil
}

// Read asks the server for the object and leaves the info as it is. That the namespace is missing is said before that the object is.
func (i *Info) Read() (object.Object, error) {
	if i.Name == "" {
		return nil, errNoName
	}
	r, err := i.Resource.Request(http.MethodGet, i.Namespace, i.Name, i.Subresource)
	if err != nil {
		return nil, err
	}
	if i.transform != nil {
		i.transform(&r)
	}
	o, err := i.client.Object(i.ctx, r)
	if apierrors.IsNotFound(err) && i.Namespace != "" && i.Namespace != "default" {
		if _, nsErr := i.client.Get(i.ctx, "/api/v1/namespaces/"+url.PathEscape(i.Namespace), nil); apierrors.IsNotFound(nsErr) {
			return nil, nsErr
		}
	}
	return o, err
}

// Refresh takes over o as the object's state.
func (i *Info) Refresh(o object.Object) {
	i.Name, i.Namespace, i.ResourceVersion, i.Object = object.Name(o), object.Namespace(o), object.ResourceVersion(o), o
}

// RequireNamespace puts an object without a namespace into namespace, and refuses one of another.
func (i *Info) RequireNamespace(namespace string) error { return requireNamespace(namespace)(i, nil) }

// String tells type, name and namespace apart, over two lines, as errors quote them.
func (i *Info) String() string {
	s := fmt.Sprintf("Name: %q, Namespace: %q", i.Name, i.Namespace)
	if i.Resource != nil {
		s = fmt.Sprintf("Resource: %q, GroupVersionKind: %q\n%s", i.Resource.GVR().String(), i.Resource.GVK().String(), s)
	}
	return s
}

// ObjectName is type and name: deployments/web.
func (i *Info) ObjectName() string {
	if i.Resource != nil {
		return i.Resource.Name + "/" + i.Name
	}
	gvk := object.GVK(i.Object)
	name := strings.ToLower(gvk.Kind)
	if gvk.Group != "" {
		// The end of line is upstream's.
		return name + "." + gvk.Group + "/" + i.Name + "\n"
	}
	return name + "/" + i.Name
}

// Options are the parameters of a write.
type Options struct {
	DryRun          bool // on the server
	FieldManager    string
	FieldValidation string // Strict, Warn, Ignore, or "" for the server's default
	Force           *bool  // of server-side apply
}

// Query is o as parameters of an address.
func (o Options) Query() url.Values {
	q := url.Values{}
	if o.DryRun {
		q.Set("dryRun", "All")
	}
	if o.FieldManager != "" {
		q.Set("fieldManager", o.FieldManager)
	}
	if o.FieldValidation != "" {
		q.Set("fieldValidation", o.FieldValidation)
	}
	if o.Force != nil {
		q.Set("force", fmt.Sprint(*o.Force))
	}
	return q
}

// Create posts o as a new object of the info's type and returns what the server stored.
func (i *Info) Create(o object.Object, opts Options) (object.Object, error) {
	return i.write(http.MethodPost, "", "", o, opts)
}

// Replace puts o in the place of the object. Without a resource version o overwrites whatever is there.
func (i *Info) Replace(o object.Object, overwrite bool, opts Options) (object.Object, error) {
	if overwrite && object.ResourceVersion(o) == "" {
		r, err := i.Resource.Request(http.MethodGet, i.Namespace, i.Name, i.Subresource)
		if err != nil {
			return nil, err
		}
		if live, err := i.client.Object(i.ctx, r); err == nil {
			object.Set(o, object.ResourceVersion(live), "metadata", "resourceVersion")
		}
	}
	return i.write(http.MethodPut, i.Name, "", o, opts)
}

func (i *Info) write(verb, name, contentType string, o object.Object, opts Options) (object.Object, error) {
	body, err := object.Encode(o)
	if err != nil {
		return nil, err
	}
	return i.send(verb, name, contentType, body, opts)
}

// Patch changes the object with a patch of a content type of package rest.
func (i *Info) Patch(contentType string, patch []byte, opts Options) (object.Object, error) {
	return i.send(http.MethodPatch, i.Name, contentType, patch, opts)
}

func (i *Info) send(verb, name, contentType string, body []byte, opts Options) (object.Object, error) {
	if verb != http.MethodPost && name == "" {
		return nil, errNoName
	}
	r, err := i.Resource.Request(verb, i.Namespace, name, i.Subresource)
	if err != nil {
		return nil, err
	}
	r.Query, r.ContentType, r.Body = opts.Query(), contentType, body
	return i.client.Object(i.ctx, r)
}

// Delete removes the object; options is the body (DeleteOptions). It returns the server's answer: the object, or a Status.
func (i *Info) Delete(options object.Object) (object.Object, error) {
	body, err := object.Encode(options)
	if err != nil {
		return nil, err
	}
	return i.send(http.MethodDelete, i.Name, "", body, Options{})
}
