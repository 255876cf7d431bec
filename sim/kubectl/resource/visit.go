package resource

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/rest"
)

// visitor calls fn for each object that it has.
type visitor func(fn VisitFunc) error

// list goes through visitors in order; after an error only where the builder goes on.
func (b *Builder) list(visitors []visitor) visitor {
	if b.ContinueOnError {
		return eager(visitors)
	}
	return inOrder(visitors)
}

func inOrder(visitors []visitor) visitor {
	return func(fn VisitFunc) error {
		for _, v := range visitors {
			if err := v(fn); err != nil {
				return err
			}
		}
		return nil
	}
}

func eager(visitors []visitor) visitor {
	return func(fn VisitFunc) error {
		var errs []error
		for _, v := range visitors {
			err := v(func(i *Info, err error) error {
				if err == nil {
					err = fn(i, nil)
				}
				if err != nil {
					errs = append(errs, err)
				}
				return nil
			})
			if err != nil {
				errs = append(errs, err)
			}
		}
		return utilerrors.NewAggregate(errs)
	}
}

// continueOnError collects errors; a single one stays itself.
func continueOnError(v visitor) visitor {
	return func(fn VisitFunc) error {
		var errs []error
		err := v(func(i *Info, err error) error {
			if err == nil {
				err = fn(i, nil)
			}
			if err != nil {
				errs = append(errs, err)
			}
			return nil
		})
		if err != nil {
			errs = append(errs, err)
		}
		if len(errs) == 1 {
			return errs[0]
		}
		return utilerrors.NewAggregate(errs)
	}
}

// decorated runs steps on each object before it is shown.
func decorated(v visitor, steps ...VisitFunc) visitor {
	return func(fn VisitFunc) error {
		return v(func(i *Info, err error) error {
			if err != nil {
				return err
			}
			for _, step := range steps {
				if err := step(i, nil); err != nil {
					return err
				}
			}
			return fn(i, nil)
		})
	}
}

func filtered(v visitor, selector labels.Selector) visitor {
	return func(fn VisitFunc) error {
		return v(func(i *Info, err error) error {
			if err != nil {
				return err
			}
			if !selector.Matches(labels.Set(object.Labels(i.Object))) {
				return nil
			}
			return fn(i, nil)
		})
	}
}

// flattened opens lists.
func (b *Builder) flattened(v visitor) visitor {
	return func(fn VisitFunc) error {
		return v(func(i *Info, err error) error {
			if err != nil {
				return err
			}
			if i.Object == nil || !object.IsList(i.Object) {
				return fn(i, nil)
			}
			items, err := openList(i.Object)
			if err != nil {
				return err
			}
			var errs []error
			for _, item := range items {
				one, err := b.infoForItem(item)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				if i.ResourceVersion != "" {
					one.ResourceVersion = i.ResourceVersion
				}
				one.Source = i.Source
				if err := fn(one, nil); err != nil {
					errs = append(errs, err)
				}
			}
			return utilerrors.NewAggregate(errs)
		})
	}
}

// openList is the members of a list, lists among them opened after the others.
func openList(list object.Object) ([]object.Object, error) {
	var items []object.Object
	queue := []object.Object{list}
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		if !object.IsList(o) {
			items = append(items, o)
			continue
		}
		for _, item := range object.Items(o) {
			if object.Kind(item) == "" {
				return nil, missingKind(item)
			}
			queue = append(queue, item)
		}
	}
	return items, nil
}

func (b *Builder) infoForItem(o object.Object) (*Info, error) {
	i := &Info{Name: object.Name(o), Namespace: object.Namespace(o), ResourceVersion: object.ResourceVersion(o), Object: o, ctx: b.Context}
	if b.Local {
		return i, nil
	}
	if err := b.bind(i); err != nil {
		return nil, fmt.Errorf("unable to recognize %v", err)
	}
	return i, nil
}

// bind finds the resource of the object's kind.
func (b *Builder) bind(i *Info) error {
	m, err := b.Mapper()
	if err != nil {
		return err
	}
	gvk := object.GVK(i.Object)
	if i.Resource, err = m.ForKind(gvk.GroupKind(), gvk.Version); err != nil {
		return err
	}
	if gvk.Version == "" {
		// The object does not say its version; the server is not helped out.
		r := *i.Resource
		r.Version = ""
		i.Resource = &r
	}
	i.transform = b.Transform
	i.client, err = b.Client()
	return err
}

// listing reads the collection of r page by page.
func (b *Builder) listing(client *rest.Client, r *discovery.Resource) visitor {
	return func(fn VisitFunc) error {
		proto := b.info(client, r)
		q := url.Values{}
		if b.label != nil && *b.label != "" {
			q.Set("labelSelector", *b.label)
		}
		if b.field != nil && *b.field != "" {
			q.Set("fieldSelector", *b.field)
		}
		if b.ChunkSize > 0 {
			q.Set("limit", strconv.FormatInt(b.ChunkSize, 10))
		}
		for {
			req, err := r.Request(http.MethodGet, proto.Namespace, "")
			if err != nil {
				return err
			}
			req.Query = q
			if b.Transform != nil {
				b.Transform(&req)
			}
			list, err := client.Object(b.Context, req)
			if err != nil {
				return enhance(err, r, q)
			}
			i := proto
			i.ResourceVersion, i.Object = object.ResourceVersion(list), list
			if err := fn(&i, nil); err != nil {
				return err
			}
			next := object.String(list, "metadata", "continue")
			if next == "" {
				return nil
			}
			q.Set("continue", next)
		}
	}
}

// enhance says in a refusal what was listed and with which selectors.
func enhance(err error, r *discovery.Resource, q url.Values) error {
	if apierrors.IsResourceExpired(err) || !apierrors.IsBadRequest(err) && !apierrors.IsNotFound(err) {
		return err
	}
	what := fmt.Sprintf("Unable to list %q", r.GVR().String())
	if q.Get("labelSelector") != "" || q.Get("fieldSelector") != "" {
		what = fmt.Sprintf("Unable to find %q that match label selector %q, field selector %q", r.GVR().String(), q.Get("labelSelector"), q.Get("fieldSelector"))
	}
	if se, ok := err.(*apierrors.StatusError); ok {
		se.ErrStatus.Message = what + ": " + se.ErrStatus.Message
		return se
	}
	return fmt.Errorf("%s: %v", what, err)
}

func updateNamespace(i *Info) {
	if i.Object == nil {
		return
	}
	if i.Namespace == "" {
		object.Delete(i.Object, "metadata", "namespace")
		return
	}
	object.Set(i.Object, i.Namespace, "metadata", "namespace")
}

// filterNamespace takes the namespace off objects that have none.
func filterNamespace(i *Info, _ error) error {
	if !i.Namespaced() {
		i.Namespace = ""
		updateNamespace(i)
	}
	return nil
}

func setNamespace(namespace string) VisitFunc {
	return func(i *Info, _ error) error {
		if i.Namespaced() && i.Namespace == "" {
			i.Namespace = namespace
			updateNamespace(i)
		}
		return nil
	}
}

func requireNamespace(namespace string) VisitFunc {
	return func(i *Info, _ error) error {
		switch {
		case !i.Namespaced():
		case i.Namespace == "":
			i.Namespace = namespace
			updateNamespace(i)
		case i.Namespace != namespace:
			return fmt.Errorf("the namespace from the provided object %q does not match the namespace %q. You must pass '--namespace=%s' to perform this operation.", i.Namespace, namespace, i.Namespace)
		}
		return nil
	}
}

func readLatest(i *Info, _ error) error {
	if object.IsList(i.Object) {
		return fmt.Errorf("watch is only supported on individual resources and resource collections, but a list of resources is found")
	}
	if i.Name == "" {
		return nil
	}
	if i.Namespaced() && i.Namespace == "" {
		return fmt.Errorf("no namespace set on resource %s %q", i.Resource.GVR().String(), i.Name)
	}
	return i.Get()
}

func readLazily(i *Info, _ error) error {
	if i.Object == nil {
		return i.Get()
	}
	return nil
}
