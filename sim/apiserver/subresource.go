package apiserver

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
)

// subresource carries out a request to a part of an object.
func (c *call) subresource() (runtime.Object, error) {
	switch sub := c.req.Subresource; {
	case sub == "status" && c.kind.HasStatus:
		return c.part(c.statusRules())
	case sub == "scale" && c.kind.Scale != nil:
		return c.scale()
	}
	serve, ok := subresources[c.kind.GroupResource().String()+"/"+c.req.Subresource]
	if !ok {
		return nil, errNoResource()
	}
	return serve(c)
}

// subresources are those of single kinds, by resource.group/subresource.
var subresources map[string]func(c *call) (runtime.Object, error)

// part reads and writes a subresource that has the shape of the whole object.
func (c *call) part(r rules) (runtime.Object, error) {
	switch c.req.Verb {
	case "get":
		return c.get()
	case "update":
		return c.put(r)
	case "patch":
		return c.patch(r)
	}
	return nil, apierrors.NewMethodNotSupported(c.gr(), c.req.Verb)
}

func (c *call) scale() (runtime.Object, error) {
	return nil, apierrors.NewMethodNotSupported(c.gr(), c.req.Verb)
}
