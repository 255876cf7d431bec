package resources

import (
	"fmt"
	"slices"

	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

func validateEndpoints(e *v1.Endpoints) field.ErrorList { return validateEndpointsUpdate(e, nil) }

func validateEndpointsUpdate(e, old *v1.Endpoints) field.ErrorList {
	var p problems
	for i := range e.Subsets {
		at, subset := field.NewPath("subsets").Index(i), &e.Subsets[i]
		if len(subset.Addresses)+len(subset.NotReadyAddresses) == 0 {
			p.required(at, "must specify `addresses` or `notReadyAddresses`")
		}
		for j := range subset.Addresses {
			validateEndpointAddress(&p, at.Child("addresses").Index(j), &subset.Addresses[j])
		}
		for j := range subset.NotReadyAddresses {
			validateEndpointAddress(&p, at.Child("notReadyAddresses").Index(j), &subset.NotReadyAddresses[j])
		}
		for j := range subset.Ports {
			validateEndpointPort(&p, at.Child("ports").Index(j), &subset.Ports[j], len(subset.Ports) > 1)
		}
	}
	if len(p) > 0 && old != nil && equality.Semantic.DeepEqual(e.Subsets, old.Subsets) {
		return nil
	}
	return p.list()
}

func validateEndpointAddress(p *problems, at *field.Path, a *v1.EndpointAddress) {
	p.ip(at.Child("ip"), a.IP, nil)
	if a.Hostname != "" {
		p.label(at.Child("hostname"), a.Hostname)
	}
	if a.NodeName != nil {
		p.subdomain(at.Child("nodeName"), *a.NodeName)
	}
	validateEndpointIP(p, at.Child("ip"), a.IP)
}

// validateEndpointIP wants an address that others can reach.
func validateEndpointIP(p *problems, at *field.Path, address string) {
	ip := netutils.ParseIPSloppy(address)
	if ip == nil {
		p.invalid(at, address, "must be a valid IP address")
		return
	}
	if ip.IsUnspecified() {
		p.invalid(at, address, fmt.Sprintf("may not be unspecified (%v)", address))
	}
	if ip.IsLoopback() {
		p.invalid(at, address, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
	}
	if ip.IsLinkLocalUnicast() {
		p.invalid(at, address, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
	}
	if ip.IsLinkLocalMulticast() {
		p.invalid(at, address, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
	}
}

func validateEndpointPort(p *problems, at *field.Path, port *v1.EndpointPort, needsName bool) {
	if (port.Name != "" || needsName) && p.present(at.Child("name"), port.Name) {
		p.label(at.Child("name"), port.Name)
	}
	p.port(at.Child("port"), port.Port)
	oneOfRequired(p, at.Child("protocol"), port.Protocol, v1.ProtocolSCTP, v1.ProtocolTCP, v1.ProtocolUDP)
	if port.AppProtocol != nil {
		p.qualified(at.Child("appProtocol"), *port.AppProtocol)
	}
}

func endpointsWarnings(e, _ *v1.Endpoints) []string {
	if e.Labels["endpoints.kubernetes.io/managed-by"] == "endpoint-controller" {
		return nil
	}
	var w warnings
	for i, subset := range e.Subsets {
		at := field.NewPath("subsets").Index(i)
		for j, a := range subset.Addresses {
			w.ip(at.Child("addresses").Index(j).Child("ip"), a.IP)
		}
		for j, a := range subset.NotReadyAddresses {
			w.ip(at.Child("notReadyAddresses").Index(j).Child("ip"), a.IP)
		}
	}
	return w
}

const (
	maxEndpoints         = 1000
	maxEndpointAddresses = 100
	maxEndpointPorts     = 20000
	maxEndpointTopology  = 16
	maxEndpointHints     = 8
)

func validateEndpointSlice(s *discoveryv1.EndpointSlice) field.ErrorList {
	var p problems
	validateSlice(&p, s, nil)
	return p.list()
}

func validateEndpointSliceUpdate(s, old *discoveryv1.EndpointSlice) field.ErrorList {
	var p problems
	validateSlice(&p, s, old)
	validateSame(&p, field.NewPath("addressType"), s.AddressType, old.AddressType)
	return p.list()
}

func validateSlice(p *problems, s, old *discoveryv1.EndpointSlice) {
	oneOfRequired(p, field.NewPath("addressType"), s.AddressType, discoveryv1.AddressTypeFQDN, discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6)
	ports := field.NewPath("ports")
	if len(s.Ports) > maxEndpointPorts {
		p.add(field.TooMany(ports, len(s.Ports), maxEndpointPorts))
	} else {
		validateSlicePorts(p, ports, s.Ports)
	}
	before := len(*p)
	at := field.NewPath("endpoints")
	if len(s.Endpoints) > maxEndpoints {
		p.add(field.TooMany(at, len(s.Endpoints), maxEndpoints))
	} else {
		for i := range s.Endpoints {
			validateSliceEndpoint(p, at.Index(i), &s.Endpoints[i], s.AddressType)
		}
	}
	if len(*p) > before && old != nil && equality.Semantic.DeepEqual(s.Endpoints, old.Endpoints) {
		*p = (*p)[:before]
	}
}

func validateSlicePorts(p *problems, at *field.Path, ports []discoveryv1.EndpointPort) {
	names := map[string]bool{}
	for i, port := range ports {
		at, name := at.Index(i), or(port.Name, "")
		if name != "" {
			p.label(at.Child("name"), name)
		}
		if names[name] {
			p.duplicate(at.Child("name"), name)
		}
		names[name] = true
		if port.Protocol == nil {
			p.required(at.Child("protocol"), "")
		} else {
			oneOf(p, at.Child("protocol"), *port.Protocol, v1.ProtocolSCTP, v1.ProtocolTCP, v1.ProtocolUDP)
		}
		if port.AppProtocol != nil {
			p.qualified(at.Child("appProtocol"), *port.AppProtocol)
		}
	}
}

func validateSliceEndpoint(p *problems, at *field.Path, e *discoveryv1.Endpoint, kind discoveryv1.AddressType) {
	addresses := at.Child("addresses")
	if len(e.Addresses) == 0 {
		p.required(addresses, "must contain at least 1 address")
	} else if len(e.Addresses) > maxEndpointAddresses {
		p.add(field.TooMany(addresses, len(e.Addresses), maxEndpointAddresses))
	}
	for i, address := range e.Addresses {
		validateSliceAddress(p, addresses, i, address, kind)
	}
	if e.NodeName != nil {
		p.subdomain(at.Child("nodeName"), *e.NodeName)
	}
	if len(e.DeprecatedTopology) > maxEndpointTopology {
		p.add(field.TooMany(at.Child("deprecatedTopology"), len(e.DeprecatedTopology), maxEndpointTopology))
	}
	validateLabels(p, at.Child("deprecatedTopology"), e.DeprecatedTopology)
	if e.Hostname != nil {
		p.label(at.Child("hostname"), *e.Hostname)
	}
	if e.Hints == nil {
		return
	}
	var zones, nodes []string
	for _, zone := range e.Hints.ForZones {
		zones = append(zones, zone.Name)
	}
	for _, node := range e.Hints.ForNodes {
		nodes = append(nodes, node.Name)
	}
	if validateHints(p, at.Child("hints", "forZones"), zones, validation.IsValidLabelValue) {
		validateHints(p, at.Child("hints", "forNodes"), nodes, validation.IsDNS1123Subdomain)
	}
}

func validateHints(p *problems, at *field.Path, names []string, wrong func(string) []string) bool {
	if len(names) > maxEndpointHints {
		p.add(field.TooMany(at, len(names), maxEndpointHints))
		return false
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			p.duplicate(at.Index(i).Child("name"), name)
		}
		p.each(at.Index(i).Child("name"), name, wrong(name))
	}
	return true
}

func validateSliceAddress(p *problems, at *field.Path, i int, address string, kind discoveryv1.AddressType) {
	before := len(*p)
	switch kind {
	case discoveryv1.AddressTypeIPv4:
		if p.ip(at.Index(i), address, nil); len(*p) > before {
			return
		}
		if !netutils.IsIPv4String(address) {
			p.invalid(at, address, "must be an IPv4 address")
		}
		validateEndpointIP(p, at.Index(i), address)
	case discoveryv1.AddressTypeIPv6:
		if p.add(validation.IsValidIP(at.Index(i), address)...); len(*p) > before {
			return
		}
		if !netutils.IsIPv6String(address) {
			p.invalid(at, address, "must be an IPv6 address")
		}
		validateEndpointIP(p, at.Index(i), address)
	case discoveryv1.AddressTypeFQDN:
		p.add(validation.IsFullyQualifiedDomainName(at.Index(i), address)...)
	}
}

func endpointSliceWarnings(s, old *discoveryv1.EndpointSlice) []string {
	var w warnings
	if old == nil && s.AddressType == discoveryv1.AddressTypeFQDN {
		w.say(field.NewPath("spec", "addressType"), "FQDN endpoints are deprecated")
	}
	if by := s.Labels[discoveryv1.LabelManagedBy]; by == "endpointslice-controller.k8s.io" || by == "endpointslicemirroring-controller.k8s.io" {
		return w
	}
	for i, e := range s.Endpoints {
		for j, address := range e.Addresses {
			if netutils.ParseIPSloppy(address) != nil {
				w.ip(field.NewPath("endpoints").Index(i).Child("addresses").Index(j), address)
			}
		}
	}
	return w
}
