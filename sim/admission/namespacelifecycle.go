package admission

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// NamespaceLifecycle refuses new content in namespaces that do not exist or are terminating, and the deletion of
// those that every cluster needs.
type NamespaceLifecycle struct{ admits }

// Name implements Plugin.
func (NamespaceLifecycle) Name() string { return "NamespaceLifecycle" }

// Admit implements Plugin.
func (NamespaceLifecycle) Admit(a *Attributes) error {
	gr := a.Resource.GroupResource()
	if gr.Group == "" && gr.Resource == "namespaces" {
		if a.Operation == Delete && immortal(a.Name) {
			return errors.NewForbidden(gr, a.Name, fmt.Errorf("this namespace may not be deleted"))
		}
		return nil
	}
	if a.Namespace == "" || a.Operation == Delete || a.Operation == Connect {
		return nil
	}
	if gr.Group == "authorization.k8s.io" && gr.Resource == "localsubjectaccessreviews" {
		return nil
	}
	ns, err := api.Get[v1.Namespace](a.Client, "", a.Namespace)
	if err != nil {
		if errors.IsNotFound(err) {
			return err
		}
		return errors.NewInternalError(err)
	}
	if a.Operation != Create || ns.Status.Phase != v1.NamespaceTerminating {
		return nil
	}
	refusal := forbidden(a, fmt.Errorf("unable to create new content in namespace %s because it is being terminated", a.Namespace))
	refusal.ErrStatus.Details.Causes = append(refusal.ErrStatus.Details.Causes, metav1.StatusCause{
		Type:    v1.NamespaceTerminatingCause,
		Message: fmt.Sprintf("namespace %s is being terminated", a.Namespace),
		Field:   "metadata.namespace",
	})
	return refusal
}

func immortal(namespace string) bool {
	return namespace == metav1.NamespaceDefault || namespace == metav1.NamespaceSystem || namespace == metav1.NamespacePublic
}
