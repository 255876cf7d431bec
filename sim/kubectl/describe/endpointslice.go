package describe

import (
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
)

func endpointSlice(c *call, p *page) error {
	var o discoveryv1.EndpointSlice
	if err := c.get(resource("discovery.k8s.io", "v1", "endpointslices"), &o); err != nil {
		return err
	}
	p.metadata(&o.ObjectMeta)
	p.field(0, "AddressType", "%s", o.AddressType)
	if len(o.Ports) == 0 {
		p.put(0, "Ports: <unset>\n")
	} else {
		p.head(0, "Ports")
		p.columns(1, "Name", "Port", "Protocol")
		for _, port := range o.Ports {
			name := or(port.Name, "%s", "")
			if name == "" {
				name = "<unset>"
			}
			p.put(1, "%s\t%s\t%s\n", name, or(port.Port, "%d", "<unset>"), or(port.Protocol, "%s", ""))
		}
	}
	if len(o.Endpoints) == 0 {
		p.put(0, "Endpoints: <none>\n")
	} else {
		p.head(0, "Endpoints")
	}
	for i := range o.Endpoints {
		e := &o.Endpoints[i]
		p.field(1, "- Addresses", "%s", orNone(strings.Join(e.Addresses, ", ")))
		p.head(2, "Conditions")
		p.field(3, "Ready", "%s", or(e.Conditions.Ready, "%t", "<unset>"))
		p.field(2, "Hostname", "%s", or(e.Hostname, "%s", "<unset>"))
		if e.TargetRef != nil {
			p.field(2, "TargetRef", "%s/%s", e.TargetRef.Kind, e.TargetRef.Name)
		}
		p.field(2, "NodeName", "%s", or(e.NodeName, "%s", "<unset>"))
		p.field(2, "Zone", "%s", or(e.Zone, "%s", "<unset>"))
	}
	c.events(p, "EndpointSlice", &o.ObjectMeta)
	return nil
}
