package resources

import (
	"reflect"
	"time"

	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

func networkPolicies() *Resource {
	return of(&Resource{
		Group: "networking.k8s.io", Version: "v1", Name: "networkpolicies", Singular: "networkpolicy", Kind: "NetworkPolicy",
		ShortNames: []string{"netpol"}, Namespaced: true,
		New: fresh[networkingv1.NetworkPolicy], NewList: fresh[networkingv1.NetworkPolicyList],
	}, typed[networkingv1.NetworkPolicy]{
		Default: defaultNetworkPolicy,
		Validate: func(n *networkingv1.NetworkPolicy) field.ErrorList {
			var p problems
			validateNetworkPolicy(&p, &n.Spec, false, nil)
			return p.list()
		},
		ValidateUpdate: func(n, old *networkingv1.NetworkPolicy) field.ErrorList {
			var p problems
			var known []string
			eachBlock(&old.Spec, func(_ *field.Path, b *networkingv1.IPBlock) { known = append(append(known, b.CIDR), b.Except...) })
			validateNetworkPolicy(&p, &n.Spec, badSelector(&old.Spec.PodSelector), known)
			return p.list()
		},
		Warnings: func(n, _ *networkingv1.NetworkPolicy) []string {
			var texts []string
			eachBlock(&n.Spec, func(at *field.Path, b *networkingv1.IPBlock) {
				texts = append(texts, validation.GetWarningsForCIDR(at.Child("cidr"), b.CIDR)...)
				for i, except := range b.Except {
					texts = append(texts, validation.GetWarningsForCIDR(at.Child("except").Index(i), except)...)
				}
			})
			return texts
		},
		Changed: func(n, old *networkingv1.NetworkPolicy) bool { return !reflect.DeepEqual(n.Spec, old.Spec) },
		Row: func(n *networkingv1.NetworkPolicy, now time.Time) []any {
			return []any{n.Name, metav1.FormatLabelSelector(&n.Spec.PodSelector), age(n.CreationTimestamp, now)}
		},
	})
}

func defaultNetworkPolicy(n *networkingv1.NetworkPolicy) {
	for _, rule := range n.Spec.Ingress {
		for i := range rule.Ports {
			fillPointer(&rule.Ports[i].Protocol, v1.ProtocolTCP)
		}
	}
	for _, rule := range n.Spec.Egress {
		for i := range rule.Ports {
			fillPointer(&rule.Ports[i].Protocol, v1.ProtocolTCP)
		}
	}
	if len(n.Spec.PolicyTypes) == 0 {
		n.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(n.Spec.Egress) > 0 {
			n.Spec.PolicyTypes = append(n.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
}

// eachBlock visits the blocks of addresses with their paths.
func eachBlock(spec *networkingv1.NetworkPolicySpec, visit func(at *field.Path, b *networkingv1.IPBlock)) {
	peers := func(at *field.Path, peers []networkingv1.NetworkPolicyPeer) {
		for i := range peers {
			if b := peers[i].IPBlock; b != nil {
				visit(at.Index(i).Child("ipBlock"), b)
			}
		}
	}
	for i := range spec.Ingress {
		peers(field.NewPath("spec", "ingress").Index(i).Child("from"), spec.Ingress[i].From)
	}
	for i := range spec.Egress {
		peers(field.NewPath("spec", "egress").Index(i).Child("to"), spec.Egress[i].To)
	}
}

func validateNetworkPolicy(p *problems, spec *networkingv1.NetworkPolicySpec, anyValues bool, known []string) {
	at := field.NewPath("spec")
	validateSelector(p, at.Child("podSelector"), &spec.PodSelector, anyValues)
	rule := func(at *field.Path, ports []networkingv1.NetworkPolicyPort, name string, peers []networkingv1.NetworkPolicyPeer) {
		for i := range ports {
			validatePolicyPort(p, at.Child("ports").Index(i), &ports[i])
		}
		for i := range peers {
			validatePeer(p, at.Child(name).Index(i), &peers[i], anyValues, known)
		}
	}
	for i, r := range spec.Ingress {
		rule(at.Child("ingress").Index(i), r.Ports, "from", r.From)
	}
	for i, r := range spec.Egress {
		rule(at.Child("egress").Index(i), r.Ports, "to", r.To)
	}
	at = at.Child("policyTypes")
	if len(spec.PolicyTypes) > 2 {
		p.invalid(at, &spec.PolicyTypes, "may not specify more than two policyTypes")
		return
	}
	for i, kind := range spec.PolicyTypes {
		oneOf(p, at.Index(i), kind, networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)
	}
}

func validatePolicyPort(p *problems, at *field.Path, port *networkingv1.NetworkPolicyPort) {
	if port.Protocol != nil {
		oneOf(p, at.Child("protocol"), *port.Protocol, v1.ProtocolTCP, v1.ProtocolUDP, v1.ProtocolSCTP)
	}
	end := at.Child("endPort")
	switch {
	case port.Port == nil:
		if port.EndPort != nil {
			p.invalid(end, *port.EndPort, "may not be specified when `port` is not specified")
		}
	case port.Port.Type == intstr.Int:
		p.port(at.Child("port"), port.Port.IntVal)
		if port.EndPort != nil {
			if *port.EndPort < port.Port.IntVal {
				p.invalid(end, port.Port.IntVal, "must be greater than or equal to `port`")
			}
			p.port(end, *port.EndPort)
		}
	default:
		if port.EndPort != nil {
			p.invalid(end, *port.EndPort, "may not be specified when `port` is non-numeric")
		}
		p.each(at.Child("port"), port.Port.StrVal, validation.IsValidPortName(port.Port.StrVal))
	}
}

func validatePeer(p *problems, at *field.Path, peer *networkingv1.NetworkPolicyPeer, anyValues bool, known []string) {
	validateSelector(p, at.Child("podSelector"), peer.PodSelector, anyValues)
	validateSelector(p, at.Child("namespaceSelector"), peer.NamespaceSelector, anyValues)
	selects := peer.PodSelector != nil || peer.NamespaceSelector != nil
	if peer.IPBlock != nil {
		validateBlock(p, at.Child("ipBlock"), peer.IPBlock, known)
	}
	switch {
	case peer.IPBlock == nil && !selects:
		p.required(at, "must specify a peer")
	case peer.IPBlock != nil && selects:
		p.forbidden(at, "may not specify both ipBlock and another peer")
	}
}

func validateBlock(p *problems, at *field.Path, b *networkingv1.IPBlock, known []string) {
	if !p.present(at.Child("cidr"), b.CIDR) {
		return
	}
	p.cidr(at.Child("cidr"), b.CIDR, known)
	_, whole, err := netutils.ParseCIDRSloppy(b.CIDR)
	if err != nil {
		return
	}
	for i, text := range b.Except {
		at := at.Child("except").Index(i)
		p.cidr(at, text, known)
		_, except, err := netutils.ParseCIDRSloppy(text)
		if err != nil {
			continue
		}
		size, _ := whole.Mask.Size()
		exceptSize, _ := except.Mask.Size()
		if !whole.Contains(except.IP) || size >= exceptSize {
			p.invalid(at, text, "must be a strict subset of `cidr`")
		}
	}
}
