package resources

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

const (
	topologyHints       = "service.kubernetes.io/topology-aware-hints"
	topologyMode        = v1.AnnotationTopologyMode
	sourceRangesKey     = v1.AnnotationLoadBalancerSourceRangesKey
	mayNotChange        = "may not change once set"
	loadBalancersOnly   = "may only be used when `type` is 'LoadBalancer'"
	oneIPOfEachFamily   = "may specify no more than one IP for each IP family"
	maxAffinitySeconds  = 86400
	mayNotSetExternally = "may not be set for ExternalName services"
)

func validateService(s *v1.Service) field.ErrorList {
	var p problems
	validateServiceSpec(&p, s, nil)
	return p.list()
}

func validateServiceUpdate(s, old *v1.Service) field.ErrorList {
	var p problems
	validateClusterIPChange(&p, s, old)
	validateFamilyChange(&p, s, old)
	if s.Spec.Type == v1.ServiceTypeLoadBalancer && old.Spec.Type == v1.ServiceTypeLoadBalancer &&
		!equalPointers(s.Spec.LoadBalancerClass, old.Spec.LoadBalancerClass) {
		p.invalid(field.NewPath("spec", "loadBalancerClass"), s.Spec.LoadBalancerClass, mayNotChange)
	}
	validateLoadBalancerClass(&p, s)
	if needsHealthCheckPort(old) && needsHealthCheckPort(s) && s.Spec.HealthCheckNodePort != old.Spec.HealthCheckNodePort {
		p.forbidden(field.NewPath("spec", "healthCheckNodePort"), immutable)
	}
	validateServiceSpec(&p, s, old)
	return p.list()
}

// ServiceAddressErrors are what is wrong with the cluster IPs and families that a service asks for: they are looked at
// before any are given.
func ServiceAddressErrors(s, old *v1.Service) field.ErrorList {
	var p problems
	validateClusterIPs(&p, field.NewPath("spec"), s, old)
	return p.list()
}

func isHeadless(s *v1.Service) bool {
	return len(s.Spec.ClusterIPs) == 1 && s.Spec.ClusterIPs[0] == v1.ClusterIPNone
}

func validateServiceSpec(p *problems, s, old *v1.Service) {
	hints, hasHints := s.Annotations[topologyHints]
	if mode, found := s.Annotations[topologyMode]; found && hasHints && mode != hints {
		p.invalid(field.NewPath("metadata", "annotations").Key(topologyMode), mode,
			fmt.Sprintf("must match annotations[%s] when both are specified", topologyHints))
	}
	at, spec := field.NewPath("spec"), &s.Spec
	if len(spec.Ports) == 0 && !isHeadless(s) && spec.Type != v1.ServiceTypeExternalName {
		p.required(at.Child("ports"), "")
	}
	validateTypeOfIP(p, at, s)
	names := map[string]bool{}
	for i := range spec.Ports {
		validateServicePort(p, at.Child("ports").Index(i), &spec.Ports[i], len(spec.Ports) > 1, names)
	}
	validateLabels(p, at.Child("selector"), spec.Selector)
	validateSessionAffinity(p, at, spec)
	validateClusterIPs(p, at, s, old)
	var known []string
	if old != nil {
		known = old.Spec.ExternalIPs
	}
	for i, ip := range spec.ExternalIPs {
		before := len(*p)
		if p.ip(at.Child("externalIPs").Index(i), ip, known); len(*p) == before {
			validateEndpointIP(p, at.Child("externalIPs").Index(i), ip)
		}
	}
	oneOfRequired(p, at.Child("type"), spec.Type, v1.ServiceTypeClusterIP, v1.ServiceTypeExternalName, v1.ServiceTypeLoadBalancer, v1.ServiceTypeNodePort)
	validatePortsTogether(p, at.Child("ports"), spec)
	validateSourceRanges(p, at.Child("LoadBalancerSourceRanges"), s, old)
	if spec.AllocateLoadBalancerNodePorts != nil && spec.Type != v1.ServiceTypeLoadBalancer {
		p.forbidden(at.Child("allocateLoadBalancerNodePorts"), loadBalancersOnly)
	}
	if spec.AllocateLoadBalancerNodePorts == nil && spec.Type == v1.ServiceTypeLoadBalancer {
		p.required(field.NewPath("allocateLoadBalancerNodePorts"), "")
	}
	validateLoadBalancerClass(p, s)
	validateTraffic(p, at, s)
}

func validateTypeOfIP(p *problems, at *field.Path, s *v1.Service) {
	spec := &s.Spec
	switch spec.Type {
	case v1.ServiceTypeLoadBalancer, v1.ServiceTypeNodePort:
		if isHeadless(s) {
			p.invalid(at.Child("clusterIPs").Index(0), spec.ClusterIPs[0], fmt.Sprintf("may not be set to 'None' for %s services", spec.Type))
		}
	case v1.ServiceTypeExternalName:
		if len(spec.ClusterIPs) > 0 {
			p.forbidden(at.Child("clusterIPs"), mayNotSetExternally)
		}
		if len(spec.IPFamilies) > 0 {
			p.forbidden(at.Child("ipFamilies"), mayNotSetExternally)
		}
		if spec.IPFamilyPolicy != nil {
			p.forbidden(at.Child("ipFamilyPolicy"), mayNotSetExternally)
		}
		if name := strings.TrimSuffix(spec.ExternalName, "."); p.present(at.Child("externalName"), name) {
			p.subdomain(at.Child("externalName"), name)
		}
	}
}

func validateServicePort(p *problems, at *field.Path, port *v1.ServicePort, needsName bool, names map[string]bool) {
	if port.Name != "" || needsName {
		if p.present(at.Child("name"), port.Name) {
			p.label(at.Child("name"), port.Name)
			if names[port.Name] {
				p.duplicate(at.Child("name"), port.Name)
			}
			names[port.Name] = true
		}
	}
	p.port(at.Child("port"), port.Port)
	oneOfRequired(p, at.Child("protocol"), port.Protocol, v1.ProtocolSCTP, v1.ProtocolTCP, v1.ProtocolUDP)
	validatePortOrName(p, at.Child("targetPort"), port.TargetPort)
	if port.AppProtocol != nil {
		p.qualified(at.Child("appProtocol"), *port.AppProtocol)
	}
}

func validateSessionAffinity(p *problems, at *field.Path, spec *v1.ServiceSpec) {
	oneOfRequired(p, at.Child("sessionAffinity"), spec.SessionAffinity, v1.ServiceAffinityClientIP, v1.ServiceAffinityNone)
	config, at := spec.SessionAffinityConfig, at.Child("sessionAffinityConfig")
	switch spec.SessionAffinity {
	case v1.ServiceAffinityNone:
		if config != nil {
			p.forbidden(at, "must not be set when session affinity is None")
		}
	case v1.ServiceAffinityClientIP:
		const when = "when session affinity type is ClientIP"
		switch {
		case config == nil:
			p.required(at, when)
		case config.ClientIP == nil:
			p.required(at.Child("clientIP"), when)
		case config.ClientIP.TimeoutSeconds == nil:
			p.required(at.Child("clientIP", "timeoutSeconds"), when)
		default:
			if seconds := config.ClientIP.TimeoutSeconds; *seconds <= 0 || *seconds > maxAffinitySeconds {
				p.invalid(at.Child("clientIP", "timeoutSeconds"), seconds, fmt.Sprintf("must be greater than 0 and less than %d", maxAffinitySeconds))
			}
		}
	}
}

func validateClusterIPs(p *problems, at *field.Path, s, old *v1.Service) {
	spec := &s.Spec
	if spec.Type == v1.ServiceTypeExternalName {
		return
	}
	ips := at.Child("clusterIPs")
	switch {
	case spec.ClusterIP == "" && len(spec.ClusterIPs) > 0:
		p.invalid(ips, spec.ClusterIPs, "must be empty when `clusterIP` is not specified")
	case spec.ClusterIP != "" && len(spec.ClusterIPs) == 0:
		p.required(ips, "")
	case spec.ClusterIP != "" && spec.ClusterIPs[0] != spec.ClusterIP:
		p.invalid(ips, spec.ClusterIPs, "first value must match `clusterIP`")
	}
	seen := map[v1.IPFamily]bool{}
	for i, family := range spec.IPFamilies {
		oneOf(p, at.Child("ipFamilies").Index(i), family, v1.IPv4Protocol, v1.IPv6Protocol)
		if seen[family] {
			p.duplicate(at.Child("ipFamilies").Index(i), family)
		}
		seen[family] = true
	}
	if spec.IPFamilyPolicy != nil {
		oneOf(p, at.Child("ipFamilyPolicy"), *spec.IPFamilyPolicy, v1.IPFamilyPolicyPreferDualStack, v1.IPFamilyPolicyRequireDualStack, v1.IPFamilyPolicySingleStack)
	}
	var known []string
	if old != nil {
		known = old.Spec.ClusterIPs
	}
	sound := true
	for i, ip := range spec.ClusterIPs {
		before := len(*p)
		switch {
		case i > 0 || ip != v1.ClusterIPNone:
			p.ip(ips.Index(i), ip, known)
		case len(spec.ClusterIPs) > 1:
			p.invalid(ips, spec.ClusterIPs, "'None' must be the first and only value")
		}
		sound = sound && len(*p) == before
	}
	if len(spec.ClusterIPs) > 2 {
		p.invalid(ips, spec.ClusterIPs, "may only hold up to 2 values")
	}
	if sound {
		validateFamilies(p, ips, s)
	}
}

func validateFamilies(p *problems, ips *field.Path, s *v1.Service) {
	spec := &s.Spec
	if len(spec.ClusterIPs) > 1 {
		if dual, err := netutils.IsDualStackIPStrings(spec.ClusterIPs); err != nil || !dual {
			p.invalid(ips, spec.ClusterIPs, oneIPOfEachFamily)
		}
	}
	if isHeadless(s) {
		return
	}
	for i, ip := range spec.ClusterIPs {
		if i >= len(spec.IPFamilies) {
			return
		}
		switch six := netutils.IsIPv6String(ip); {
		case spec.IPFamilies[i] == v1.IPv4Protocol && six:
			p.invalid(ips.Index(i), ip, fmt.Sprintf("expected an IPv4 value as indicated by `ipFamilies[%v]`", i))
		case spec.IPFamilies[i] == v1.IPv6Protocol && !six:
			p.invalid(ips.Index(i), ip, fmt.Sprintf("expected an IPv6 value as indicated by `ipFamilies[%v]`", i))
		}
	}
}

// validatePortsTogether looks for node ports and ports that are used twice.
func validatePortsTogether(p *problems, at *field.Path, spec *v1.ServiceSpec) {
	type key struct {
		protocol v1.Protocol
		port     int32
	}
	if spec.Type == v1.ServiceTypeClusterIP {
		for i, port := range spec.Ports {
			if port.NodePort != 0 {
				p.forbidden(at.Index(i).Child("nodePort"), "may not be used when `type` is 'ClusterIP'")
			}
		}
	}
	nodePorts, ports := map[key]bool{}, map[key]bool{}
	for i, port := range spec.Ports {
		if port.NodePort == 0 {
			continue
		}
		if nodePorts[key{port.Protocol, port.NodePort}] {
			p.duplicate(at.Index(i).Child("nodePort"), port.NodePort)
		}
		nodePorts[key{port.Protocol, port.NodePort}] = true
	}
	for i, port := range spec.Ports {
		if ports[key{port.Protocol, port.Port}] {
			p.duplicate(at.Index(i), inward{v1.ServicePort{Protocol: port.Protocol, Port: port.Port}})
		}
		ports[key{port.Protocol, port.Port}] = true
	}
}

func validateSourceRanges(p *problems, at *field.Path, s, old *v1.Service) {
	trimmed := func(list []string) []string {
		out := slices.Clone(list)
		for i := range out {
			out[i] = strings.TrimSpace(out[i])
		}
		return out
	}
	if len(s.Spec.LoadBalancerSourceRanges) > 0 {
		if s.Spec.Type != v1.ServiceTypeLoadBalancer {
			p.forbidden(at, loadBalancersOnly)
		}
		var known []string
		if old != nil {
			known = trimmed(old.Spec.LoadBalancerSourceRanges)
		}
		for i, cidr := range trimmed(s.Spec.LoadBalancerSourceRanges) {
			p.cidr(at.Index(i), cidr, known)
		}
		return
	}
	value, found := s.Annotations[sourceRangesKey]
	if !found {
		return
	}
	at = field.NewPath("metadata", "annotations").Key(sourceRangesKey)
	if s.Spec.Type != v1.ServiceTypeLoadBalancer {
		p.forbidden(at, loadBalancersOnly)
	}
	if old != nil && old.Annotations[sourceRangesKey] == value || strings.TrimSpace(value) == "" {
		return
	}
	for _, cidr := range strings.Split(strings.TrimSpace(value), ",") {
		p.cidr(at, strings.TrimSpace(cidr), nil)
	}
}

func validateLoadBalancerClass(p *problems, s *v1.Service) {
	class, at := s.Spec.LoadBalancerClass, field.NewPath("spec", "loadBalancerClass")
	switch {
	case class == nil:
	case s.Spec.Type == v1.ServiceTypeLoadBalancer:
		p.qualified(at, *class)
	default:
		p.forbidden(at, loadBalancersOnly)
	}
}

func validateTraffic(p *problems, at *field.Path, s *v1.Service) {
	spec := &s.Spec
	if externallyAccessible(s) {
		oneOfRequired(p, at.Child("externalTrafficPolicy"), spec.ExternalTrafficPolicy, v1.ServiceExternalTrafficPolicyCluster, v1.ServiceExternalTrafficPolicyLocal)
	} else if spec.ExternalTrafficPolicy != "" {
		p.invalid(at.Child("externalTrafficPolicy"), spec.ExternalTrafficPolicy, "may only be set for externally-accessible services")
	}
	switch port := spec.HealthCheckNodePort; {
	case !needsHealthCheckPort(s):
		if port != 0 {
			p.invalid(at.Child("healthCheckNodePort"), port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")
		}
	case port == 0:
		p.required(at.Child("healthCheckNodePort"), "")
	default:
		p.port(at.Child("healthCheckNodePort"), port)
	}
	if spec.InternalTrafficPolicy != nil {
		oneOf(p, at.Child("internalTrafficPolicy"), *spec.InternalTrafficPolicy, v1.ServiceInternalTrafficPolicyCluster, v1.ServiceInternalTrafficPolicyLocal)
	} else if needsNodePort(s) || spec.Type == v1.ServiceTypeClusterIP {
		p.required(at.Child("internalTrafficPolicy"), "")
	}
	if spec.TrafficDistribution != nil {
		oneOf(p, at.Child("trafficDistribution"), *spec.TrafficDistribution, v1.ServiceTrafficDistributionPreferClose,
			v1.ServiceTrafficDistributionPreferSameZone, v1.ServiceTrafficDistributionPreferSameNode)
	}
}

func validateClusterIPChange(p *problems, s, old *v1.Service) {
	if s.Spec.Type == v1.ServiceTypeExternalName || old.Spec.Type == v1.ServiceTypeExternalName || isHeadless(s) && isHeadless(old) {
		return
	}
	at, now, before := field.NewPath("spec", "clusterIPs"), s.Spec.ClusterIPs, old.Spec.ClusterIPs
	if len(now) == len(before) {
		for i := range before {
			if now[i] != before[i] {
				p.invalid(at.Index(i), now, mayNotChange)
			}
		}
		return
	}
	if len(now) == 0 {
		p.invalid(at.Index(0), now, "primary clusterIP can not be unset")
	} else if len(before) > 0 && now[0] != before[0] {
		p.invalid(at.Index(0), now, mayNotChange)
	}
	if len(now) == 1 && len(before) > 1 && or(s.Spec.IPFamilyPolicy, "") != v1.IPFamilyPolicySingleStack {
		p.invalid(field.NewPath("spec", "ipFamilyPolicy"), s.Spec.IPFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP")
	}
}

func validateFamilyChange(p *problems, s, old *v1.Service) {
	if s.Spec.Type == v1.ServiceTypeExternalName || old.Spec.Type == v1.ServiceTypeExternalName || isHeadless(s) || isHeadless(old) {
		return
	}
	at, now, before := field.NewPath("spec", "ipFamilies").Index(0), s.Spec.IPFamilies, old.Spec.IPFamilies
	if len(now) == len(before) {
		for i := range before {
			if now[i] != before[i] {
				p.invalid(at, now, mayNotChange)
			}
		}
		return
	}
	if len(now) < len(before) && len(s.Spec.ClusterIPs) == 0 {
		p.invalid(at, now, "primary ipFamily can not be unset")
	}
	if len(now) > 0 && len(before) > 0 && now[0] != before[0] {
		p.invalid(at, s.Spec.ClusterIPs, mayNotChange)
	}
	if len(now) == 1 && len(before) > 1 && or(s.Spec.IPFamilyPolicy, "") != v1.IPFamilyPolicySingleStack {
		p.invalid(field.NewPath("spec", "ipFamilyPolicy"), s.Spec.IPFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily")
	}
}

func validateServiceStatusUpdate(s, old *v1.Service) field.ErrorList {
	var p problems
	at := field.NewPath("status", "loadBalancer", "ingress")
	if s.Spec.Type != v1.ServiceTypeLoadBalancer && len(s.Status.LoadBalancer.Ingress) > 0 {
		p.forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'")
		return p.list()
	}
	var known []string
	for _, ingress := range old.Status.LoadBalancer.Ingress {
		known = append(known, ingress.IP)
	}
	for i, ingress := range s.Status.LoadBalancer.Ingress {
		at := at.Index(i)
		if ingress.IP != "" {
			p.ip(at.Child("ip"), ingress.IP, known)
		}
		switch {
		case ingress.IPMode == nil:
			if ingress.IP != "" {
				p.required(at.Child("ipMode"), "must be specified when `ip` is set")
			}
		case ingress.IP == "":
			p.forbidden(at.Child("ipMode"), "may not be specified when `ip` is not set")
		default:
			oneOf(&p, at.Child("ipMode"), *ingress.IPMode, v1.LoadBalancerIPModeProxy, v1.LoadBalancerIPModeVIP)
		}
		if ingress.Hostname != "" {
			p.each(at.Child("hostname"), ingress.Hostname, validation.IsDNS1123Subdomain(ingress.Hostname))
			if netutils.ParseIPSloppy(ingress.Hostname) != nil {
				p.invalid(at.Child("hostname"), ingress.Hostname, "must be a DNS name, not an IP address")
			}
		}
	}
	return p.list()
}

func serviceWarnings(s, _ *v1.Service) []string {
	var w warnings
	at, spec := field.NewPath("spec"), &s.Spec
	note := func(is bool, text string) {
		if is {
			w = append(w, text)
		}
	}
	_, hints := s.Annotations[topologyHints]
	note(hints, fmt.Sprintf("annotation %s is deprecated, please use %s instead", topologyHints, topologyMode))
	headless := spec.Type == v1.ServiceTypeClusterIP && spec.ClusterIP == v1.ClusterIPNone
	if spec.ClusterIP != "" && spec.ClusterIP != v1.ClusterIPNone {
		for i, ip := range spec.ClusterIPs {
			w.ip(at.Child("clusterIPs").Index(i), ip)
		}
	}
	note(headless && spec.LoadBalancerIP != "", "spec.loadBalancerIP is ignored for headless services")
	note(headless && len(spec.ExternalIPs) > 0, "spec.externalIPs is ignored for headless services")
	note(headless && spec.SessionAffinity != v1.ServiceAffinityNone, "spec.SessionAffinity is ignored for headless services")
	for i, ip := range spec.ExternalIPs {
		w.ip(at.Child("externalIPs").Index(i), ip)
	}
	external := spec.Type == v1.ServiceTypeExternalName
	note(len(spec.ExternalIPs) > 0 && !headless && !external, "spec.externalIPs is deprecated and may no longer be implemented in some clusters")
	if spec.LoadBalancerIP != "" {
		w.ip(at.Child("loadBalancerIP"), spec.LoadBalancerIP)
	}
	for i, cidr := range spec.LoadBalancerSourceRanges {
		w = append(w, validation.GetWarningsForCIDR(at.Child("loadBalancerSourceRanges").Index(i), cidr)...)
	}
	note(external && len(spec.ExternalIPs) > 0, `spec.externalIPs is ignored when spec.type is "ExternalName"`)
	note(!external && spec.ExternalName != "", `spec.externalName is ignored when spec.type is not "ExternalName"`)
	note(or(spec.TrafficDistribution, "") == v1.ServiceTrafficDistributionPreferClose,
		`spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"`)
	return w
}
