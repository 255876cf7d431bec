package describe

import (
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

func serviceCIDR(c *call, p *page) error {
	var o networkingv1.ServiceCIDR
	if err := c.get(resource("networking.k8s.io", "v1", "servicecidrs"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%v", o.Name)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.field(0, "CIDRs", "%v", strings.Join(o.Spec.CIDRs, ", "))
	if len(o.Status.Conditions) > 0 {
		p.head(0, "Status")
		p.head(0, "Conditions")
		p.columns(1, "Type", "Status", "LastTransitionTime", "Reason", "Message")
		for _, x := range o.Status.Conditions {
			p.put(1, "%v\t%v\t%s\t%v\t%v\n", x.Type, x.Status, stamp(x.LastTransitionTime.Time), x.Reason, x.Message)
		}
	}
	c.events(p, "ServiceCIDR", &o.ObjectMeta)
	return nil
}
