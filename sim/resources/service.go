package resources

import (
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func services() *Resource {
	r := of(&Resource{
		Version: "v1", Name: "services", Singular: "service", Kind: "Service",
		ShortNames: []string{"svc"}, Categories: []string{"all"}, Namespaced: true,
		New: fresh[v1.Service], NewList: fresh[v1.ServiceList],
		NameError:      validation.NameIsDNSLabel,
		CreateOnUpdate: true, ReturnsDeleted: true,
		Subresources: []Subresource{{Name: "proxy", Kind: "ServiceProxyOptions", Verbs: []string{"create", "delete", "get", "patch", "update"}}},
	}, typed[v1.Service]{
		Default:              defaultService,
		Update:               updateService,
		Validate:             validateService,
		ValidateUpdate:       validateServiceUpdate,
		Warnings:             serviceWarnings,
		Spec:                 func(s, from *v1.Service) { s.Spec = from.Spec },
		Status:               func(s, from *v1.Service) { s.Status = from.Status },
		ValidateStatusUpdate: validateServiceStatusUpdate,
		Fields: func(s *v1.Service) fields.Set {
			return fields.Set{"spec.clusterIP": s.Spec.ClusterIP, "spec.type": string(s.Spec.Type)}
		},
		Row: serviceRow,
	})
	reset := r.ResetStatus
	r.ResetStatus = func(obj, old runtime.Object) {
		reset(obj, old)
		if s := obj.(*v1.Service); s.Spec.Type != v1.ServiceTypeLoadBalancer {
			s.Status.LoadBalancer = v1.LoadBalancerStatus{}
		}
	}
	return r
}

func defaultService(s *v1.Service) {
	spec := &s.Spec
	fill(&spec.SessionAffinity, v1.ServiceAffinityNone)
	switch spec.SessionAffinity {
	case v1.ServiceAffinityNone:
		spec.SessionAffinityConfig = nil
	case v1.ServiceAffinityClientIP:
		if c := spec.SessionAffinityConfig; c == nil || c.ClientIP == nil || c.ClientIP.TimeoutSeconds == nil {
			seconds := v1.DefaultClientIPServiceAffinitySeconds
			spec.SessionAffinityConfig = &v1.SessionAffinityConfig{ClientIP: &v1.ClientIPConfig{TimeoutSeconds: &seconds}}
		}
	}
	fill(&spec.Type, v1.ServiceTypeClusterIP)
	for i := range spec.Ports {
		port := &spec.Ports[i]
		fill(&port.Protocol, v1.ProtocolTCP)
		if port.TargetPort == intstr.FromInt32(0) || port.TargetPort == intstr.FromString("") {
			port.TargetPort = intstr.FromInt32(port.Port)
		}
	}
	if externallyAccessible(s) {
		fill(&spec.ExternalTrafficPolicy, v1.ServiceExternalTrafficPolicyCluster)
	}
	if spec.Type == v1.ServiceTypeClusterIP || needsNodePort(s) {
		fillPointer(&spec.InternalTrafficPolicy, v1.ServiceInternalTrafficPolicyCluster)
	}
	if spec.Type == v1.ServiceTypeLoadBalancer {
		fillPointer(&spec.AllocateLoadBalancerNodePorts, true)
		for i := range s.Status.LoadBalancer.Ingress {
			if ingress := &s.Status.LoadBalancer.Ingress[i]; ingress.IP != "" {
				fillPointer(&ingress.IPMode, v1.LoadBalancerIPModeVIP)
			}
		}
	}
}

func externallyAccessible(s *v1.Service) bool {
	return needsNodePort(s) || s.Spec.Type == v1.ServiceTypeClusterIP && len(s.Spec.ExternalIPs) > 0
}

func needsNodePort(s *v1.Service) bool {
	return s.Spec.Type == v1.ServiceTypeNodePort || s.Spec.Type == v1.ServiceTypeLoadBalancer
}

func needsClusterIP(s *v1.Service) bool { return s.Spec.Type != v1.ServiceTypeExternalName }

func needsHealthCheckPort(s *v1.Service) bool {
	return s.Spec.Type == v1.ServiceTypeLoadBalancer && s.Spec.ExternalTrafficPolicy == v1.ServiceExternalTrafficPolicyLocal
}

// updateService drops what the new type has no use for, where the client left it as it was. The server has settled
// addresses and ports before.
func updateService(_ *Context, s, old *v1.Service) {
	spec, before := &s.Spec, &old.Spec
	if needsClusterIP(old) && !needsClusterIP(s) {
		if spec.ClusterIP == before.ClusterIP && slices.Equal(spec.ClusterIPs, before.ClusterIPs) {
			spec.ClusterIP, spec.ClusterIPs = "", nil
		}
		if slices.Equal(spec.IPFamilies, before.IPFamilies) {
			spec.IPFamilies = nil
		}
		if or(spec.IPFamilyPolicy, "") == or(before.IPFamilyPolicy, "") {
			spec.IPFamilyPolicy = nil
		}
	}
	if needsNodePort(old) && !needsNodePort(s) && addsNoNodePort(s, old) {
		for i := range spec.Ports {
			spec.Ports[i].NodePort = 0
		}
	}
	if needsHealthCheckPort(old) && !needsHealthCheckPort(s) && spec.HealthCheckNodePort == before.HealthCheckNodePort {
		spec.HealthCheckNodePort = 0
	}
	if before.Type == v1.ServiceTypeLoadBalancer && spec.Type != v1.ServiceTypeLoadBalancer {
		a, b := spec.AllocateLoadBalancerNodePorts, before.AllocateLoadBalancerNodePorts
		if a != nil && b != nil && *a == *b {
			spec.AllocateLoadBalancerNodePorts = nil
		}
		if equalPointers(spec.LoadBalancerClass, before.LoadBalancerClass) {
			spec.LoadBalancerClass = nil
		}
	}
	if externallyAccessible(old) && !externallyAccessible(s) && spec.ExternalTrafficPolicy == before.ExternalTrafficPolicy {
		spec.ExternalTrafficPolicy = ""
	}
}

// equalPointers says whether both are nil or point at equal values.
func equalPointers[T comparable](a, b *T) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

func addsNoNodePort(s, old *v1.Service) bool {
	for _, port := range s.Spec.Ports {
		if port.NodePort != 0 && !slices.ContainsFunc(old.Spec.Ports, func(p v1.ServicePort) bool { return p.NodePort == port.NodePort }) {
			return false
		}
	}
	return true
}

func serviceRow(s *v1.Service, now time.Time) []any {
	ip := "<none>"
	if len(s.Spec.ClusterIPs) > 0 {
		ip = s.Spec.ClusterIPs[0]
	}
	ports := make([]string, len(s.Spec.Ports))
	for i, p := range s.Spec.Ports {
		ports[i] = fmt.Sprintf("%d/%s", p.Port, p.Protocol)
		if p.NodePort > 0 {
			ports[i] = fmt.Sprintf("%d:%d/%s", p.Port, p.NodePort, p.Protocol)
		}
	}
	return []any{s.Name, string(s.Spec.Type), ip, externalIP(s), orNone(strings.Join(ports, ",")),
		age(s.CreationTimestamp, now), labels.FormatLabels(s.Spec.Selector)}
}

func externalIP(s *v1.Service) string {
	given := strings.Join(s.Spec.ExternalIPs, ",")
	switch s.Spec.Type {
	case v1.ServiceTypeClusterIP, v1.ServiceTypeNodePort:
		return orNone(given)
	case v1.ServiceTypeExternalName:
		return s.Spec.ExternalName
	case v1.ServiceTypeLoadBalancer:
		var points []string
		for _, ingress := range s.Status.LoadBalancer.Ingress {
			if point := orElse(ingress.IP, ingress.Hostname); point != "" {
				points = append(points, point)
			}
		}
		slices.Sort(points)
		points = append(slices.Compact(points), s.Spec.ExternalIPs...)
		return orElse(strings.Join(points, ","), "<pending>")
	}
	return "<unknown>"
}
