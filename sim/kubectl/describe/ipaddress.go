package describe

import networkingv1 "k8s.io/api/networking/v1"

func ipAddress(c *call, p *page) error {
	var o networkingv1.IPAddress
	if err := c.get(resource("networking.k8s.io", "v1", "ipaddresses"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%v", o.Name)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	if parent := o.Spec.ParentRef; parent != nil {
		p.head(0, "Parent Reference")
		p.field(1, "Group", "%v", parent.Group)
		p.field(1, "Resource", "%v", parent.Resource)
		p.field(1, "Namespace", "%v", parent.Namespace)
		p.field(1, "Name", "%v", parent.Name)
	}
	c.events(p, "IPAddress", &o.ObjectMeta)
	return nil
}
