package describe

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

func endpoints(c *call, p *page) error {
	var o corev1.Endpoints
	if err := c.get(core("endpoints"), &o); err != nil {
		return err
	}
	p.metadata(&o.ObjectMeta)
	p.head(0, "Subsets")
	for _, s := range o.Subsets {
		p.field(1, "Addresses", "%s", orNone(addresses(s.Addresses)))
		p.field(1, "NotReadyAddresses", "%s", orNone(addresses(s.NotReadyAddresses)))
		if len(s.Ports) > 0 {
			p.head(1, "Ports")
			p.columns(2, "Name", "Port", "Protocol")
			for _, port := range s.Ports {
				name := port.Name
				if name == "" {
					name = "<unset>"
				}
				p.put(2, "%s\t%d\t%s\n", name, port.Port, port.Protocol)
			}
		}
		p.put(0, "\n")
	}
	c.events(p, "Endpoints", &o.ObjectMeta)
	return nil
}

func addresses(list []corev1.EndpointAddress) string {
	var ips []string
	for _, a := range list {
		ips = append(ips, a.IP)
	}
	return strings.Join(ips, ",")
}
