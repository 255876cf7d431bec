package resources

import (
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func ingressClasses() *Resource {
	return of(&Resource{
		Group: "networking.k8s.io", Version: "v1", Name: "ingressclasses", Singular: "ingressclass", Kind: "IngressClass",
		New: fresh[networkingv1.IngressClass], NewList: fresh[networkingv1.IngressClassList],
	}, typed[networkingv1.IngressClass]{
		MetaAgain: "um|",
		Default: func(c *networkingv1.IngressClass) {
			if c.Spec.Parameters != nil {
				fillPointer(&c.Spec.Parameters.Scope, networkingv1.IngressClassParametersReferenceScopeCluster)
			}
		},
		Validate: func(c *networkingv1.IngressClass) field.ErrorList {
			var p problems
			validateIngressClass(&p, &c.Spec)
			return p.list()
		},
		ValidateUpdate: func(c, old *networkingv1.IngressClass) field.ErrorList {
			var p problems
			validateSame(&p, field.NewPath("spec", "controller"), c.Spec.Controller, old.Spec.Controller)
			validateIngressClass(&p, &c.Spec)
			return p.list()
		},
		Changed: func(c, old *networkingv1.IngressClass) bool { return !equality.Semantic.DeepEqual(c.Spec, old.Spec) },
		Row: func(c *networkingv1.IngressClass, now time.Time) []any {
			parameters := "<none>"
			if ref := c.Spec.Parameters; ref != nil {
				parameters = ref.Kind
				if ref.APIGroup != nil {
					parameters += "." + *ref.APIGroup
				}
				parameters += "/" + ref.Name
			}
			return []any{defaultName(c.Name, c.Annotations[networkingv1.AnnotationIsDefaultIngressClass]), c.Spec.Controller, parameters, age(c.CreationTimestamp, now)}
		},
	})
}

// defaultName is a name as a table shows it, with a mark where the annotation says that it is the default.
func defaultName(name, annotation string) string {
	if annotation == "true" {
		return name + " (default)"
	}
	return name
}

func validateIngressClass(p *problems, spec *networkingv1.IngressClassSpec) {
	const longest = 250
	at := field.NewPath("spec", "controller")
	if len(spec.Controller) > longest {
		p.tooLong(at, longest)
	}
	p.add(validation.IsDomainPrefixedPath(at, spec.Controller)...)
	ref := spec.Parameters
	if ref == nil {
		return
	}
	at = field.NewPath("spec", "parameters")
	if ref.APIGroup != nil {
		p.subdomain(at.Child("apiGroup"), *ref.APIGroup)
	}
	pathSegment(p, at.Child("kind"), ref.Kind)
	pathSegment(p, at.Child("name"), ref.Name)
	scope := or(ref.Scope, "")
	if ref.Scope == nil {
		p.required(at.Child("scope"), "")
		return
	}
	oneOf(p, at.Child("scope"), scope, networkingv1.IngressClassParametersReferenceScopeCluster, networkingv1.IngressClassParametersReferenceScopeNamespace)
	at = at.Child("namespace")
	switch isNamespace := scope == networkingv1.IngressClassParametersReferenceScopeNamespace; {
	case isNamespace && ref.Namespace == nil:
		p.required(at, "`parameters.scope` is set to 'Namespace'")
	case isNamespace:
		p.each(at, *ref.Namespace, apivalidation.ValidateNamespaceName(*ref.Namespace, false))
	case scope == networkingv1.IngressClassParametersReferenceScopeCluster && ref.Namespace != nil:
		p.forbidden(at, "`parameters.scope` is set to 'Cluster'")
	}
}
