package apiserver

import (
	"slices"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// bodies are the kinds that only requests carry.
var bodies = map[schema.GroupVersionKind]func() runtime.Object{
	{Version: "v1", Kind: "Binding"}:                                      func() runtime.Object { return &corev1.Binding{} },
	{Group: "policy", Version: "v1", Kind: "Eviction"}:                    func() runtime.Object { return &policyv1.Eviction{} },
	{Group: "autoscaling", Version: "v1", Kind: "Scale"}:                  func() runtime.Object { return &autoscalingv1.Scale{} },
	{Group: "authentication.k8s.io", Version: "v1", Kind: "TokenRequest"}: func() runtime.Object { return &authenticationv1.TokenRequest{} },
}

// subresource carries out a request to a part of an object.
func (c *call) subresource() (runtime.Object, error) {
	name := c.req.Subresource
	switch {
	case name == "status" && c.kind.HasStatus:
		return c.part(c.statusRules())
	case name == "scale" && c.kind.Scale != nil:
		return c.scale()
	}
	for _, sub := range c.kind.Subresources {
		if sub.Name != name {
			continue
		}
		if !slices.Contains(sub.Verbs, c.req.Verb) {
			return nil, errMethod()
		}
		if sub.Prepare != nil {
			return c.part(rules{prepare: sub.Prepare, validate: sub.Validate})
		}
		switch name {
		case "binding":
			return c.bind()
		case "eviction":
			return c.evict()
		case "finalize":
			return c.finalize()
		case "token":
			return c.token()
		}
	}
	if c.view.Custom {
		return nil, apierrors.NewNotFound(c.gr(), c.req.Name)
	}
	return nil, errNoResource()
}

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
	return nil, errMethod()
}
