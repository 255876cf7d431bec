package apiserver

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"terrarium/sim/store"
)

// proxy refuses what cannot be reached, as the real server does, and says of all else that nothing is simulated that
// would answer. The name is NAME, NAME:PORT or SCHEME:NAME:PORT.
func (c *call) proxy() error {
	_, name, port, valid := utilnet.SplitSchemeNamePort(c.req.Name)
	if !valid {
		return apierrors.NewBadRequest(fmt.Sprintf("invalid %s request %q", c.kind.Singular, c.req.Name))
	}
	id := c.req.Name
	c.req.Name = name
	obj, err := c.existing()
	if err != nil {
		return err
	}
	switch o := obj.(type) {
	case *corev1.Pod:
		if o.Status.PodIP == "" {
			return apierrors.NewBadRequest("address not allowed")
		}
	case *corev1.Service:
		if err := c.backend(o, port, id); err != nil {
			return err
		}
	}
	return notSimulated(c.kind.Name + "/proxy")
}

// backend refuses a port that a service does not have, and a service that nobody stands behind.
func (c *call) backend(s *corev1.Service, port, id string) error {
	if n, err := strconv.Atoi(port); err == nil {
		found := false
		for _, p := range s.Spec.Ports {
			if int(p.Port) == n {
				port, found = p.Name, true
			}
		}
		if !found {
			return apierrors.NewServiceUnavailable(fmt.Sprintf("no service port %d found for service %q", n, s.Name))
		}
	}
	endpoints, ok := c.store.Get(schema.GroupResource{Resource: "endpoints"}, store.Key(s.Namespace, s.Name)).(*corev1.Endpoints)
	if !ok {
		return apierrors.NewNotFound(c.gr(), s.Name)
	}
	if len(endpoints.Subsets) == 0 {
		id = s.Name
	}
	for _, subset := range endpoints.Subsets {
		for _, p := range subset.Ports {
			if p.Name == port && len(subset.Addresses) > 0 {
				return nil
			}
		}
	}
	return apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", id))
}
