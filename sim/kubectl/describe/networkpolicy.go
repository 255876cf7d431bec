package describe

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func networkPolicy(c *call, p *page) error {
	var o networkingv1.NetworkPolicy
	if err := c.get(resource("networking.k8s.io", "v1", "networkpolicies"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	p.field(0, "Created on", "%s", o.CreationTimestamp.UTC().String())
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.head(0, "Spec")
	p.put(1, "PodSelector: ")
	s := &o.Spec
	if len(s.PodSelector.MatchLabels)+len(s.PodSelector.MatchExpressions) == 0 {
		p.put(2, "<none> (Allowing the specific traffic to all pods in this namespace)\n")
	} else {
		p.put(2, "%s\n", metav1.FormatLabelSelector(&s.PodSelector))
	}
	var types []string
	for _, t := range s.PolicyTypes {
		types = append(types, string(t))
	}
	p.traffic("ingress", "From", "source", has(s.PolicyTypes, networkingv1.PolicyTypeIngress), ingressRules(s.Ingress))
	p.traffic("egress", "To", "destination", has(s.PolicyTypes, networkingv1.PolicyTypeEgress), egressRules(s.Egress))
	p.put(1, "Policy Types: %v\n", orNone(strings.Join(types, ", ")))
	return nil
}

func has(types []networkingv1.PolicyType, t networkingv1.PolicyType) bool {
	for _, x := range types {
		if x == t {
			return true
		}
	}
	return false
}

// A trafficRule is a rule in either direction.
type trafficRule struct {
	ports []networkingv1.NetworkPolicyPort
	peers []networkingv1.NetworkPolicyPeer
}

func ingressRules(rules []networkingv1.NetworkPolicyIngressRule) (out []trafficRule) {
	for _, r := range rules {
		out = append(out, trafficRule{r.Ports, r.From})
	}
	return out
}

func egressRules(rules []networkingv1.NetworkPolicyEgressRule) (out []trafficRule) {
	for _, r := range rules {
		out = append(out, trafficRule{r.Ports, r.To})
	}
	return out
}

func (p *page) traffic(direction, preposition, end string, affected bool, rules []trafficRule) {
	if !affected {
		p.put(1, "Not affecting %s traffic\n", direction)
		return
	}
	p.put(1, "Allowing %s traffic:\n", direction)
	if len(rules) == 0 {
		p.put(2, "<none> (Selected pods are isolated for %s connectivity)\n", direction)
	}
	for i, r := range rules {
		if i > 0 {
			p.put(2, "----------\n")
		}
		if len(r.ports) == 0 {
			p.put(2, "To Port: <any> (traffic allowed to all ports)\n")
		}
		for _, port := range r.ports {
			p.policyPort(&port)
		}
		if len(r.peers) == 0 {
			p.put(2, "%s: <any> (traffic not restricted by %s)\n", preposition, end)
		}
		for _, peer := range r.peers {
			p.put(2, "%s:\n", preposition)
			p.peer(&peer)
		}
	}
}

func (p *page) policyPort(port *networkingv1.NetworkPolicyPort) {
	protocol := corev1.ProtocolTCP
	if port.Protocol != nil {
		protocol = *port.Protocol
	}
	number := "<nil>"
	if port.Port != nil {
		number = (*intstr.IntOrString)(port.Port).String()
	}
	if port.EndPort == nil {
		p.put(2, "To Port: %s/%s\n", number, protocol)
	} else {
		p.put(2, "To Port Range: %s-%d/%s\n", number, *port.EndPort, protocol)
	}
}

func (p *page) peer(peer *networkingv1.NetworkPolicyPeer) {
	if peer.NamespaceSelector != nil {
		p.put(3, "NamespaceSelector: %s\n", metav1.FormatLabelSelector(peer.NamespaceSelector))
	}
	if peer.PodSelector != nil {
		p.put(3, "PodSelector: %s\n", metav1.FormatLabelSelector(peer.PodSelector))
	}
	if b := peer.IPBlock; b != nil && peer.NamespaceSelector == nil && peer.PodSelector == nil {
		p.put(3, "IPBlock:\n")
		p.put(4, "CIDR: %s\n", b.CIDR)
		p.put(4, "Except: %v\n", strings.Join(b.Except, ", "))
	}
}
