package apiserver

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/resources"
)

const (
	// defaultServiceCIDR is where cluster IPs are from where Config names no other range.
	defaultServiceCIDR = "10.96.0.0/12"
	// firstNodePort to lastNodePort are the node ports.
	firstNodePort, lastNodePort = 30000, 32767
	// keptPorts is how many of the first node ports are only given to those who ask for them.
	keptPorts = 86
)

// begin gives an object what the server allocates before the object is prepared; old is nil for a create.
func (c *call) begin(obj, old runtime.Object) error {
	s, ok := obj.(*corev1.Service)
	if !ok || c.req.Subresource != "" {
		return nil
	}
	before, _ := old.(*corev1.Service)
	a := &allocation{call: c, service: s, ips: map[string]bool{}, ports: map[int32]bool{}}
	for _, other := range c.store.List(c.kind.GroupResource(), "") {
		a.note(other.(*corev1.Service))
	}
	if before != nil {
		carryOver(s, before)
	}
	agreeIPs(s, before)
	if err := a.families(before); err != nil {
		return err
	}
	if err := a.addresses(before); err != nil {
		return err
	}
	return a.nodePorts(before)
}

// allocation is what is taken while one service is written.
type allocation struct {
	*call
	service *corev1.Service
	ips     map[string]bool
	ports   map[int32]bool
}

func (a *allocation) note(s *corev1.Service) {
	for _, ip := range s.Spec.ClusterIPs {
		a.ips[ip] = true
	}
	for _, p := range s.Spec.Ports {
		if p.NodePort != 0 {
			a.ports[p.NodePort] = true
		}
	}
	if s.Spec.HealthCheckNodePort != 0 {
		a.ports[s.Spec.HealthCheckNodePort] = true
	}
}

func (a *allocation) invalid(path *field.Path, value any, detail string) error {
	return apierrors.NewInvalid(schema.GroupKind{Kind: "Service"}, a.service.Name, field.ErrorList{field.Invalid(path, value, detail)})
}

func hasClusterIP(s *corev1.Service) bool { return s.Spec.Type != corev1.ServiceTypeExternalName }

func exposesPorts(s *corev1.Service) bool {
	return s.Spec.Type == corev1.ServiceTypeNodePort || s.Spec.Type == corev1.ServiceTypeLoadBalancer
}

func allocatesPorts(s *corev1.Service) bool {
	return s.Spec.Type == corev1.ServiceTypeNodePort ||
		s.Spec.Type == corev1.ServiceTypeLoadBalancer && (s.Spec.AllocateLoadBalancerNodePorts == nil || *s.Spec.AllocateLoadBalancerNodePorts)
}

func checksHealth(s *corev1.Service) bool {
	return s.Spec.Type == corev1.ServiceTypeLoadBalancer && s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

// carryOver lets an update that does not name what was allocated keep it.
func carryOver(s, old *corev1.Service) {
	if hasClusterIP(old) && hasClusterIP(s) {
		if s.Spec.ClusterIP == "" {
			s.Spec.ClusterIP = old.Spec.ClusterIP
		}
		if len(s.Spec.ClusterIPs) == 0 {
			s.Spec.ClusterIPs = slices.Clone(old.Spec.ClusterIPs)
		}
	}
	if allocatesPorts(old) && allocatesPorts(s) {
		before, kept := map[string]int32{}, map[int32]bool{}
		for _, p := range old.Spec.Ports {
			before[p.Name] = p.NodePort
			kept[p.NodePort] = slices.ContainsFunc(s.Spec.Ports, func(n corev1.ServicePort) bool { return n.NodePort == p.NodePort && n.NodePort != 0 })
		}
		for i := range s.Spec.Ports {
			if p := &s.Spec.Ports[i]; p.NodePort == 0 && !kept[before[p.Name]] {
				p.NodePort = before[p.Name]
			}
		}
	}
	if checksHealth(old) && checksHealth(s) && s.Spec.HealthCheckNodePort == 0 {
		s.Spec.HealthCheckNodePort = old.Spec.HealthCheckNodePort
	}
}

// agreeIPs follows clients that know only one of clusterIP and clusterIPs.
func agreeIPs(s, old *corev1.Service) {
	switch {
	case old == nil:
		if s.Spec.ClusterIP != "" && len(s.Spec.ClusterIPs) == 0 {
			s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
		}
	case s.Spec.ClusterIP == old.Spec.ClusterIP:
		if len(s.Spec.ClusterIPs) == 0 {
			s.Spec.ClusterIPs = slices.Clone(old.Spec.ClusterIPs)
		}
	case slices.Equal(s.Spec.ClusterIPs, old.Spec.ClusterIPs):
		s.Spec.ClusterIPs = nil
		if s.Spec.ClusterIP != "" {
			s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
		}
	}
}

func headless(s *corev1.Service) bool { return s.Spec.ClusterIP == corev1.ClusterIPNone }

// families settles ipFamilyPolicy and ipFamilies. The cluster has IPv4 only.
func (a *allocation) families(old *corev1.Service) error {
	s := &a.service.Spec
	if !hasClusterIP(a.service) {
		return nil
	}
	free := headless(a.service) && len(s.Selector) == 0
	if s.IPFamilyPolicy == nil {
		policy := corev1.IPFamilyPolicySingleStack
		switch {
		case old != nil && old.Spec.IPFamilyPolicy != nil:
			policy = *old.Spec.IPFamilyPolicy
		case free:
			policy = corev1.IPFamilyPolicyRequireDualStack
		}
		s.IPFamilyPolicy = &policy
	}
	if errs := resources.ServiceAddressErrors(a.service, old); len(errs) > 0 {
		return apierrors.NewInvalid(schema.GroupKind{Kind: "Service"}, a.service.Name, errs)
	}
	single := *s.IPFamilyPolicy == corev1.IPFamilyPolicySingleStack
	path := field.NewPath("spec")
	if single && len(s.ClusterIPs) == 2 {
		return a.invalid(path.Child("ipFamilyPolicy"), s.IPFamilyPolicy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified")
	}
	if single && len(s.IPFamilies) == 2 {
		return a.invalid(path.Child("ipFamilyPolicy"), s.IPFamilyPolicy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified")
	}
	for i, ip := range s.ClusterIPs {
		at, err := netip.ParseAddr(ip)
		if err != nil || i < len(s.IPFamilies) {
			continue
		}
		if at.Is6() {
			return a.invalid(path.Child("clusterIPs").Index(i), s.ClusterIPs, "IPv6 is not configured on this cluster")
		}
		s.IPFamilies = append(s.IPFamilies, corev1.IPv4Protocol)
	}
	if free {
		if len(s.IPFamilies) == 0 {
			s.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
		}
		if len(s.IPFamilies) == 1 && !single {
			other := corev1.IPv6Protocol
			if s.IPFamilies[0] == other {
				other = corev1.IPv4Protocol
			}
			s.IPFamilies = append(s.IPFamilies, other)
		}
		return nil
	}
	if *s.IPFamilyPolicy == corev1.IPFamilyPolicyRequireDualStack {
		return a.invalid(path.Child("ipFamilyPolicy"), s.IPFamilyPolicy, "this cluster is not configured for dual-stack services")
	}
	for i, family := range s.IPFamilies {
		if family != corev1.IPv4Protocol {
			return a.invalid(path.Child("ipFamilies").Index(i), family, "not configured on this cluster")
		}
	}
	if len(s.IPFamilies) == 0 {
		s.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	}
	return nil
}

// addresses gives a service its cluster IP.
func (a *allocation) addresses(old *corev1.Service) error {
	s := &a.service.Spec
	if !hasClusterIP(a.service) || len(s.ClusterIPs) > 0 && s.ClusterIPs[0] == corev1.ClusterIPNone {
		return nil
	}
	if old != nil && hasClusterIP(old) {
		return nil
	}
	if len(s.ClusterIPs) > 0 && s.ClusterIPs[0] != "" {
		ip := s.ClusterIPs[0]
		if why := a.refused(ip); why != "" {
			return a.invalid(field.NewPath("spec", "clusterIPs"), s.ClusterIPs, fmt.Sprintf("failed to allocate IP %v: %s", ip, why))
		}
		s.ClusterIP = ip
		return nil
	}
	ip, ok := a.free()
	if !ok {
		return apierrors.NewInternalError(fmt.Errorf("failed to allocate a serviceIP for Service %q: range is full", a.service.Name))
	}
	s.ClusterIP, s.ClusterIPs = ip, []string{ip}
	return nil
}

// refused says why an address cannot be had.
func (a *allocation) refused(ip string) string {
	at, err := netip.ParseAddr(ip)
	switch {
	case err == nil && !a.serviceRange.Contains(at) && a.req.DryRun:
		return fmt.Sprintf("the provided IP (%v) is not in the valid range. The range of valid IPs is %v", ip, a.serviceRange)
	case err != nil || !a.serviceRange.Contains(at):
		return "the provided network does not match the current range"
	case a.ips[ip]:
		return "provided IP is already allocated"
	}
	return ""
}

// free draws an address.
func (a *allocation) free() (string, bool) {
	base := a.serviceRange.Addr().As4()
	size := 1<<(32-a.serviceRange.Bits()) - 2
	// The first addresses are only given to those who ask for them.
	kept := 0
	if size > 16 {
		kept = min(max((size+2)/16, 16), 256)
	}
	if size <= kept {
		return "", false
	}
	start := a.draw.IntN(size - kept)
	for i := range size {
		n := kept + (start+i)%(size-kept) + 1
		ip := base
		ip[3] += byte(n)
		ip[2] += byte(n >> 8)
		ip[1] += byte(n >> 16)
		if text := netip.AddrFrom4(ip).String(); !a.ips[text] {
			return text, true
		}
	}
	return "", false
}

// nodePorts gives a service the node ports that it needs.
func (a *allocation) nodePorts(old *corev1.Service) error {
	s := &a.service.Spec
	mine := map[int32]bool{}
	if old != nil {
		for _, p := range old.Spec.Ports {
			mine[p.NodePort] = true
		}
		mine[old.Spec.HealthCheckNodePort] = old.Spec.HealthCheckNodePort != 0
	}
	if exposesPorts(a.service) {
		same := map[int32]int32{} // node ports by service port, for one port over several protocols
		for i := range s.Ports {
			p := &s.Ports[i]
			if p.NodePort == 0 && !allocatesPorts(a.service) {
				continue
			}
			if p.NodePort == 0 && old == nil {
				p.NodePort = requested(s.Ports, p.Port, same)
			}
			if p.NodePort == 0 {
				port, ok := a.freePort()
				if !ok {
					return apierrors.NewInternalError(fmt.Errorf("failed to allocate a nodePort: range is full"))
				}
				p.NodePort = port
			} else if !mine[p.NodePort] && same[p.Port] != p.NodePort {
				if why := a.refusedPort(p.NodePort); why != "" {
					return a.invalid(field.NewPath("spec", "ports").Index(i).Child("nodePort"), p.NodePort, why)
				}
			}
			a.ports[p.NodePort], mine[p.NodePort] = true, mine[p.NodePort] || old != nil
			same[p.Port] = p.NodePort
		}
	}
	if checksHealth(a.service) && !(old != nil && checksHealth(old)) {
		if s.HealthCheckNodePort == 0 {
			s.HealthCheckNodePort, _ = a.freePort()
		} else if why := a.refusedPort(s.HealthCheckNodePort); why != "" {
			return apierrors.NewInternalError(fmt.Errorf("failed to allocate requested HealthCheck NodePort %v: %v", s.HealthCheckNodePort, why))
		}
	}
	return nil
}

// requested is the node port that another entry of the same port has or asks for.
func requested(ports []corev1.ServicePort, port int32, same map[int32]int32) int32 {
	if n := same[port]; n != 0 {
		return n
	}
	for _, p := range ports {
		if p.Port == port && p.NodePort != 0 {
			return p.NodePort
		}
	}
	return 0
}

func (a *allocation) refusedPort(port int32) string {
	switch {
	case (port < firstNodePort || port > lastNodePort) && !a.req.DryRun:
		return fmt.Sprintf("provided port is not in the valid range. The range of valid ports is %d-%d", firstNodePort, lastNodePort)
	case a.ports[port]:
		return "provided port is already allocated"
	}
	return ""
}

func (a *allocation) freePort() (int32, bool) {
	const size = lastNodePort - firstNodePort + 1 - keptPorts
	start := a.draw.IntN(size)
	for i := range size {
		port := int32(firstNodePort + keptPorts + (start+i)%size)
		if !a.ports[port] {
			a.ports[port] = true
			return port, true
		}
	}
	return 0, false
}
