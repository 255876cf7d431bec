package resources

import (
	"strings"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func ipAddresses() *Resource {
	return of(&Resource{
		Group: "networking.k8s.io", Version: "v1", Name: "ipaddresses", Singular: "ipaddress", Kind: "IPAddress", ShortNames: []string{"ip"},
		New: fresh[networkingv1.IPAddress], NewList: fresh[networkingv1.IPAddressList],
		NameError: func(name string, _ bool) []string {
			var texts []string
			for _, err := range validation.IsValidIP(nil, name) {
				texts = append(texts, err.Detail)
			}
			return texts
		},
	}, typed[networkingv1.IPAddress]{
		MetaAgain: "m|u",
		Validate: func(a *networkingv1.IPAddress) field.ErrorList {
			var p problems
			validateParent(&p, a.Spec.ParentRef)
			return p.list()
		},
		ValidateUpdate: func(a, old *networkingv1.IPAddress) field.ErrorList {
			var p problems
			validateParent(&p, a.Spec.ParentRef)
			validateSameInward(&p, field.NewPath("spec", "parentRef"), a.Spec.ParentRef, old.Spec.ParentRef)
			return p.list()
		},
		Row: func(a *networkingv1.IPAddress, now time.Time) []any {
			parent := "<none>"
			if ref := a.Spec.ParentRef; ref != nil {
				parent = strings.ToLower(schema.GroupResource{Group: ref.Group, Resource: ref.Resource}.String())
				if ref.Namespace != "" {
					parent += "/" + ref.Namespace
				}
				parent += "/" + ref.Name
			}
			return []any{a.Name, parent, age(a.CreationTimestamp, now)}
		},
	})
}

func validateParent(p *problems, ref *networkingv1.ParentReference) {
	at := field.NewPath("spec", "parentRef")
	if ref == nil {
		p.required(at, "")
		return
	}
	if ref.Group != "" {
		p.subdomain(at.Child("group"), ref.Group)
	}
	pathSegment(p, at.Child("resource"), ref.Resource)
	pathSegment(p, at.Child("name"), ref.Name)
	optionalSegment(p, at.Child("namespace"), ref.Namespace)
}
