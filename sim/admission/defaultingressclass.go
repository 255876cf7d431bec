package admission

import (
	networkingv1 "k8s.io/api/networking/v1"
)

// DefaultIngressClass gives ingresses that name no class the default one.
type DefaultIngressClass struct{ admits }

// Name implements Plugin.
func (DefaultIngressClass) Name() string { return "DefaultIngressClass" }

// Admit implements Plugin.
func (DefaultIngressClass) Admit(a *Attributes) error {
	ingress, ok := a.Object.(*networkingv1.Ingress)
	if !ok || !a.is("networking.k8s.io", "ingresses", "") || a.Operation != Create {
		return nil
	}
	if _, named := ingress.Annotations["kubernetes.io/ingress.class"]; named || ingress.Spec.IngressClassName != nil {
		return nil
	}
	classes, err := list[networkingv1.IngressClass](a, "")
	if err != nil {
		return forbidden(a, err)
	}
	var newest *networkingv1.IngressClass
	for _, c := range classes {
		if c.Annotations[networkingv1.AnnotationIsDefaultIngressClass] != "true" {
			continue
		}
		if newest == nil || newer(c.CreationTimestamp.Time, c.Name, newest.CreationTimestamp.Time, newest.Name) {
			newest = c
		}
	}
	if newest != nil {
		name := newest.Name
		ingress.Spec.IngressClassName = &name
	}
	return nil
}
