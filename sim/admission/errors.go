package admission

import (
	"reflect"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// forbidden is a plugin's refusal.
func forbidden(a *Attributes, reason error) *errors.StatusError {
	if status, ok := reason.(*errors.StatusError); ok && errors.IsForbidden(status) {
		return status
	}
	name := a.Name
	if m, ok := a.Object.(metav1.Object); ok && name == "" {
		if name = m.GetName(); name == "" {
			name = m.GetGenerateName()
		}
	}
	if name == "" {
		name = "Unknown!"
	}
	return errors.NewForbidden(a.Resource.GroupResource(), name, reason)
}

// is says whether the write is of one resource itself, or of its subresource.
func (a *Attributes) is(group, resource, subresource string) bool {
	gr := a.Resource.GroupResource()
	return gr.Group == group && gr.Resource == resource && a.subresource() == subresource
}

func (a *Attributes) subresource() string {
	if a.Request == nil {
		return ""
	}
	return a.Request.Subresource
}

// admits is the Validate of a plugin that only changes objects.
type admits struct{}

func (admits) Validate(*Attributes) error { return nil }

// validates is the Admit of a plugin that only looks at objects.
type validates struct{}

func (validates) Admit(*Attributes) error { return nil }

// list is every object of a kind; there are none of a kind that is not served.
func list[T any, P api.Object[T]](a *Attributes, namespace string) ([]P, error) {
	if _, err := a.Client.Door.ResourceFor(reflect.TypeFor[T]()); err != nil {
		return nil, nil
	}
	return api.List[T, P](a.Client, namespace, nil)
}
