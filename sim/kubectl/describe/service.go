package describe

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func service(c *call, p *page) error {
	var o corev1.Service
	if err := c.get(core("services"), &o); err != nil {
		return err
	}
	slices, _ := c.endpointSlices(o.Namespace, o.Name)
	p.metadata(&o.ObjectMeta)
	p.field(0, "Selector", "%s", labels.FormatLabels(o.Spec.Selector))
	p.field(0, "Type", "%s", o.Spec.Type)
	p.serviceAddresses(&o)
	for i := range o.Spec.Ports {
		p.servicePort(&o.Spec.Ports[i], slices)
	}
	p.serviceTraffic(&o.Spec)
	c.events(p, "Service", &o.ObjectMeta)
	return nil
}

func (c *call) endpointSlices(namespace, service string) ([]discoveryv1.EndpointSlice, error) {
	var list discoveryv1.EndpointSliceList
	err := c.getter.List(c.ctx, resource("discovery.k8s.io", "v1", "endpointslices"), namespace,
		Selectors{Labels: discoveryv1.LabelServiceName + "=" + service}, &list)
	return list.Items, err
}

func (p *page) serviceAddresses(o *corev1.Service) {
	s := &o.Spec
	if s.IPFamilyPolicy != nil {
		p.field(0, "IP Family Policy", "%s", *s.IPFamilyPolicy)
	}
	var families []string
	for _, f := range s.IPFamilies {
		families = append(families, string(f))
	}
	p.field(0, "IP Families", "%s", orNone(strings.Join(families, ",")))
	p.field(0, "IP", "%s", s.ClusterIP)
	ips := "<none>"
	if len(s.ClusterIPs) > 0 {
		ips = strings.Join(s.ClusterIPs, ",")
	}
	p.field(0, "IPs", "%s", ips)
	if len(s.ExternalIPs) > 0 {
		p.field(0, "External IPs", "%v", strings.Join(s.ExternalIPs, ","))
	}
	if s.LoadBalancerIP != "" {
		p.field(0, "Desired LoadBalancer IP", "%s", s.LoadBalancerIP)
	}
	if s.ExternalName != "" {
		p.field(0, "External Name", "%s", s.ExternalName)
	}
	var balancers []string
	for _, b := range o.Status.LoadBalancer.Ingress {
		address := b.Hostname
		if b.IP != "" {
			address = b.IP + or(b.IPMode, " (%s)", "")
		}
		balancers = append(balancers, address)
	}
	if len(balancers) > 0 {
		p.field(0, "LoadBalancer Ingress", "%s", strings.Join(balancers, ", "))
	}
}

func (p *page) servicePort(port *corev1.ServicePort, slices []discoveryv1.EndpointSlice) {
	name := port.Name
	if name == "" {
		name = "<unset>"
	}
	p.field(0, "Port", "%s\t%d/%s", name, port.Port, port.Protocol)
	p.field(0, "TargetPort", "%s/%s", port.TargetPort.String(), port.Protocol)
	if port.AppProtocol != nil {
		p.field(0, "AppProtocol", "%s", *port.AppProtocol)
	}
	if port.NodePort != 0 {
		p.field(0, "NodePort", "%s\t%d/%s", name, port.NodePort, port.Protocol)
	}
	p.field(0, "Endpoints", "%s", endpointsText(slices, port.Name))
}

func (p *page) serviceTraffic(s *corev1.ServiceSpec) {
	p.field(0, "Session Affinity", "%s", s.SessionAffinity)
	if s.ExternalTrafficPolicy != "" {
		p.field(0, "External Traffic Policy", "%s", s.ExternalTrafficPolicy)
	}
	if s.InternalTrafficPolicy != nil {
		p.field(0, "Internal Traffic Policy", "%s", *s.InternalTrafficPolicy)
	}
	if s.HealthCheckNodePort != 0 {
		p.field(0, "HealthCheck NodePort", "%d", s.HealthCheckNodePort)
	}
	if len(s.LoadBalancerSourceRanges) > 0 {
		p.field(0, "LoadBalancer Source Ranges", "%v", strings.Join(s.LoadBalancerSourceRanges, ","))
	}
	if s.TrafficDistribution != nil {
		p.field(0, "Traffic Distribution", "%s", *s.TrafficDistribution)
	}
}

// endpointsText lists the first three ready addresses behind the port of that name.
func endpointsText(slices []discoveryv1.EndpointSlice, port string) string {
	if len(slices) == 0 {
		return "<none>"
	}
	const most = 3
	var list []string
	count, more := 0, false
	see := func(e *discoveryv1.Endpoint, address func(string) string) {
		more = more || len(list) == most
		if ready := e.Conditions.Ready; ready != nil && !*ready || len(e.Addresses) == 0 {
			return
		}
		if !more {
			list = append(list, address(e.Addresses[0]))
		}
		count++
	}
	for i := range slices {
		s := &slices[i]
		for j := range s.Endpoints {
			if len(s.Ports) == 0 {
				see(&s.Endpoints[j], func(ip string) string { return ip })
			}
		}
		for _, sp := range s.Ports {
			if sp.Name == nil || *sp.Name != port || sp.Port == nil {
				continue
			}
			for j := range s.Endpoints {
				see(&s.Endpoints[j], func(ip string) string { return net.JoinHostPort(ip, strconv.Itoa(int(*sp.Port))) })
			}
		}
	}
	text := strings.Join(list, ",")
	if more {
		text += fmt.Sprintf(" + %d more...", count-most)
	}
	return text
}
