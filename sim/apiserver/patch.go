package apiserver

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
)

func (c *call) patch(r rules) (runtime.Object, error) {
	return nil, apierrors.NewMethodNotSupported(c.gr(), c.req.Verb)
}
