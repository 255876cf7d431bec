package resources

import (
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func namespaces() *Resource {
	return of(&Resource{
		Version: "v1", Name: "namespaces", Singular: "namespace", Kind: "Namespace", ShortNames: []string{"ns"},
		Verbs: []string{"create", "delete", "get", "list", "patch", "update", "watch"},
		New:   fresh[v1.Namespace], NewList: fresh[v1.NamespaceList],
		NameError:      validation.ValidateNamespaceName,
		ReturnsDeleted: true,
		BecomeDeleting: func(_ *Context, obj runtime.Object) bool {
			n := obj.(*v1.Namespace)
			n.Status.Phase = v1.NamespaceTerminating
			return len(n.Spec.Finalizers) > 0
		},
		Subresources: []Subresource{{Name: "finalize", Kind: "Namespace", Verbs: []string{"update"},
			Prepare:  func(_ *Context, obj, old runtime.Object) { obj.(*v1.Namespace).Status = old.(*v1.Namespace).Status },
			Validate: validateNamespaceFinalize,
		}},
	}, typed[v1.Namespace]{
		MetaAgain:            "mu|",
		Default:              defaultNamespace,
		Create:               createNamespace,
		Update:               func(_ *Context, n, old *v1.Namespace) { n.Spec.Finalizers = old.Spec.Finalizers },
		Validate:             validateNamespace,
		ValidateUpdate:       func(n, _ *v1.Namespace) field.ErrorList { return validateNamespace(n) },
		Spec:                 func(n, from *v1.Namespace) { n.Spec = from.Spec },
		Status:               copyNamespaceStatus,
		ValidateStatusUpdate: validateNamespaceStatusUpdate,
		Fields:               func(n *v1.Namespace) fields.Set { return fields.Set{"status.phase": string(n.Status.Phase)} },
		Row: func(n *v1.Namespace, now time.Time) []any {
			return []any{n.Name, string(n.Status.Phase), age(n.CreationTimestamp, now)}
		},
	})
}

func defaultNamespace(n *v1.Namespace) {
	labelNamespace(n)
	fill(&n.Status.Phase, v1.NamespaceActive)
}

// labelNamespace lets selectors find the namespace by its name.
func labelNamespace(n *v1.Namespace) {
	if n.Name == "" {
		return
	}
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	n.Labels[v1.LabelMetadataName] = n.Name
}

func copyNamespaceStatus(n, from *v1.Namespace) {
	n.Status = from.Status
	fill(&n.Status.Phase, v1.NamespaceActive)
}

func createNamespace(_ *Context, n *v1.Namespace) {
	labelNamespace(n)
	n.Status = v1.NamespaceStatus{Phase: v1.NamespaceActive}
	if !slices.Contains(n.Spec.Finalizers, v1.FinalizerKubernetes) {
		n.Spec.Finalizers = append(n.Spec.Finalizers, v1.FinalizerKubernetes)
	}
}
