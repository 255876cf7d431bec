package describe

import networkingv1 "k8s.io/api/networking/v1"

func ingressClass(c *call, p *page) error {
	var o networkingv1.IngressClass
	if err := c.get(resource("networking.k8s.io", "v1", "ingressclasses"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.field(0, "Controller", "%v", o.Spec.Controller)
	if params := o.Spec.Parameters; params != nil {
		p.head(0, "Parameters")
		if params.APIGroup != nil {
			p.field(1, "APIGroup", "%v", *params.APIGroup)
		}
		p.field(1, "Kind", "%v", params.Kind)
		p.field(1, "Name", "%v", params.Name)
	}
	c.events(p, "IngressClass", &o.ObjectMeta)
	return nil
}
