// Package api says what a request to the API server is, and gives the cluster's own components a typed client.
//
// It knows no kinds, no HTTP and no storage. The API server implements Door; controllers, scheduler and kubelet
// hold a Client, which is a Door with an identity. Objects that come back are shared and read-only: DeepCopy
// before you change one.
package api

import (
	"fmt"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// User is who asks.
type User struct {
	Name   string
	UID    string
	Groups []string
	Extra  map[string][]string
}

// Request is one call of the API, after decoding and before admission.
type Request struct {
	User        User
	Verb        string // get, list, create, update, patch, delete, deletecollection
	Resource    schema.GroupVersionResource
	Subresource string // status, scale, binding, eviction, ...
	Namespace   string
	Name        string

	Object runtime.Object // create, update; the body of a subresource's create
	Patch  []byte
	Type   types.PatchType

	LabelSelector   labels.Selector // nil selects everything
	FieldSelector   fields.Selector // nil selects everything
	ResourceVersion string

	DryRun          bool
	FieldManager    string
	Force           bool   // server-side apply
	FieldValidation string // Strict, Warn, Ignore
	Delete          *metav1.DeleteOptions

	// Warn receives each warning that a client would see as a `Warning:` header; nil drops them.
	Warn func(text string)
}

// Event is one change as a watcher sees it, in revision order.
type Event struct {
	Type   watch.EventType // ADDED, MODIFIED, DELETED
	Object runtime.Object  // read-only
	Old    runtime.Object  // the object before a change or deletion; nil for ADDED
}

// Door is the API server as its own components see it.
type Door interface {
	// Do carries out one request: authorization, defaults, admission, validation, storage. Errors are
	// *errors.StatusError of apimachinery, as a client would get them.
	Do(*Request) (runtime.Object, error)

	// Watch calls fn for the objects that exist (as ADDED) and then for every later change of the resource,
	// never inside the write that caused it but as an entry of the cluster's clock soon after.
	Watch(r schema.GroupVersionResource, fn func(Event)) (stop func())

	// ResourceFor is the resource that a Go type of k8s.io/api is stored as.
	ResourceFor(t reflect.Type) (schema.GroupVersionResource, error)
}

// Client is a Door with an identity.
type Client struct {
	Door Door
	User User
}

// Object is a pointer to a type of k8s.io/api.
type Object[T any] interface {
	*T
	runtime.Object
	metav1.Object
}

func resourceOf[T any](c Client) (schema.GroupVersionResource, error) {
	return c.Door.ResourceFor(reflect.TypeFor[T]())
}

func (c Client) request(verb string, gvr schema.GroupVersionResource, sub, namespace, name string) *Request {
	return &Request{User: c.User, Verb: verb, Resource: gvr, Subresource: sub, Namespace: namespace, Name: name}
}

func result[T any, P Object[T]](obj runtime.Object, err error) (P, error) {
	if err != nil {
		return nil, err
	}
	p, ok := obj.(P)
	if !ok {
		return nil, fmt.Errorf("the API server answered with a %T", obj)
	}
	return p, nil
}

// Get returns the object; a NotFound Status error where there is none. Cluster-scoped kinds take namespace "".
func Get[T any, P Object[T]](c Client, namespace, name string) (P, error) {
	gvr, err := resourceOf[T](c)
	if err != nil {
		return nil, err
	}
	return result[T, P](c.Door.Do(c.request("get", gvr, "", namespace, name)))
}

// List returns the objects of a namespace, or of all where namespace is "", that the selector takes (nil takes
// all), sorted by namespace and name.
func List[T any, P Object[T]](c Client, namespace string, selector labels.Selector) ([]P, error) {
	gvr, err := resourceOf[T](c)
	if err != nil {
		return nil, err
	}
	req := c.request("list", gvr, "", namespace, "")
	req.LabelSelector = selector
	obj, err := c.Door.Do(req)
	if err != nil {
		return nil, err
	}
	list, ok := obj.(*Listed)
	if !ok {
		return nil, fmt.Errorf("the API server answered a list with a %T", obj)
	}
	out := make([]P, 0, len(list.Items))
	for _, item := range list.Items {
		p, err := result[T, P](item, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Create stores a new object and returns it as stored.
func Create[T any, P Object[T]](c Client, obj P) (P, error) {
	return write[T, P](c, "create", "", obj)
}

// Update replaces the object. Where obj carries a resourceVersion, a Conflict Status error tells of a change in between.
func Update[T any, P Object[T]](c Client, obj P) (P, error) {
	return write[T, P](c, "update", "", obj)
}

// UpdateStatus replaces the object's status and nothing else.
func UpdateStatus[T any, P Object[T]](c Client, obj P) (P, error) {
	return write[T, P](c, "update", "status", obj)
}

func write[T any, P Object[T]](c Client, verb, sub string, obj P) (P, error) {
	gvr, err := resourceOf[T](c)
	if err != nil {
		return nil, err
	}
	req := c.request(verb, gvr, sub, obj.GetNamespace(), obj.GetName())
	req.Object = obj
	return result[T, P](c.Door.Do(req))
}

// Patch applies a patch of the given type to the object or its subresource (sub may be "").
func Patch[T any, P Object[T]](c Client, namespace, name, sub string, kind types.PatchType, patch []byte) (P, error) {
	gvr, err := resourceOf[T](c)
	if err != nil {
		return nil, err
	}
	req := c.request("patch", gvr, sub, namespace, name)
	req.Type, req.Patch = kind, patch
	return result[T, P](c.Door.Do(req))
}

// Delete deletes the object; nil options mean the kind's own grace period and background propagation.
func Delete[T any, P Object[T]](c Client, namespace, name string, options *metav1.DeleteOptions) error {
	gvr, err := resourceOf[T](c)
	if err != nil {
		return err
	}
	req := c.request("delete", gvr, "", namespace, name)
	req.Delete = options
	_, err = c.Door.Do(req)
	return err
}

// Watch calls fn for all objects of the kind, in all namespaces, and their later changes (see Door.Watch).
func Watch[T any, P Object[T]](c Client, fn func(kind watch.EventType, obj, old P)) (stop func(), err error) {
	gvr, err := resourceOf[T](c)
	if err != nil {
		return nil, err
	}
	return c.Door.Watch(gvr, func(e Event) {
		old, _ := e.Old.(P)
		fn(e.Type, e.Object.(P), old)
	}), nil
}

// Listed is what Do answers to a list: items shared with the store, in key order. The HTTP side turns it into the
// kind's list type.
type Listed struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []runtime.Object // read-only
}

// DeepCopyObject implements runtime.Object.
func (l *Listed) DeepCopyObject() runtime.Object {
	out := &Listed{TypeMeta: l.TypeMeta, ListMeta: *l.ListMeta.DeepCopy()}
	for _, item := range l.Items {
		out.Items = append(out.Items, item.DeepCopyObject())
	}
	return out
}
