package resources

import (
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateNamespace(n *v1.Namespace) field.ErrorList {
	var p problems
	for _, finalizer := range n.Spec.Finalizers {
		p.add(validation.ValidateFinalizerName(string(finalizer), field.NewPath("spec", "finalizers"))...)
		standardFinalizer(&p, field.NewPath("spec", "finalizers"), string(finalizer))
	}
	return p.list()
}

// standardFinalizer wants names without a domain to be Kubernetes' own.
func standardFinalizer(p *problems, at *field.Path, name string) {
	if !strings.Contains(name, "/") && name != "kubernetes" && name != "orphan" && name != "foregroundDeletion" {
		p.invalid(at, name, "name is neither a standard finalizer name nor is it fully qualified")
	}
}

func validateNamespaceStatusUpdate(n, _ *v1.Namespace) field.ErrorList {
	at, phase := field.NewPath("status", "Phase"), n.Status.Phase
	if n.DeletionTimestamp.IsZero() {
		if phase != v1.NamespaceActive {
			return field.ErrorList{field.Invalid(at, phase, "may only be 'Active' if `deletionTimestamp` is empty")}
		}
	} else if phase != v1.NamespaceTerminating {
		return field.ErrorList{field.Invalid(at, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")}
	}
	return nil
}

func validateNamespaceFinalize(obj, _ runtime.Object) field.ErrorList {
	var p problems
	for i, finalizer := range obj.(*v1.Namespace).Spec.Finalizers {
		at := field.NewPath("spec", "finalizers").Index(i)
		p.add(validation.ValidateFinalizerName(string(finalizer), at)...)
		standardFinalizer(&p, at, string(finalizer))
	}
	return p.list()
}
