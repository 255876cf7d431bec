package resources

import (
	"strings"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

func serviceCIDRs() *Resource {
	return of(&Resource{
		Group: "networking.k8s.io", Version: "v1", Name: "servicecidrs", Singular: "servicecidr", Kind: "ServiceCIDR",
		StatusResets: []string{"metadata"},
		New:          fresh[networkingv1.ServiceCIDR], NewList: fresh[networkingv1.ServiceCIDRList],
	}, typed[networkingv1.ServiceCIDR]{
		Validate: func(c *networkingv1.ServiceCIDR) field.ErrorList {
			var p problems
			validateCIDRs(&p, &c.Spec)
			return p.list()
		},
		ValidateUpdate: validateServiceCIDRUpdate,
		Spec: func(c, from *networkingv1.ServiceCIDR) {
			c.Spec = from.Spec
			metav1.ResetObjectMetaForStatus(&c.ObjectMeta, &from.ObjectMeta)
		},
		Status: func(c, from *networkingv1.ServiceCIDR) { c.Status = from.Status },
		Row: func(c *networkingv1.ServiceCIDR, now time.Time) []any {
			return []any{c.Name, strings.Join(c.Spec.CIDRs, ","), age(c.CreationTimestamp, now)}
		},
	})
}

func validateCIDRs(p *problems, spec *networkingv1.ServiceCIDRSpec) {
	at, cidrs := field.NewPath("spec", "cidrs"), spec.CIDRs
	switch {
	case len(cidrs) == 0:
		p.required(at, "at least one CIDR required")
		return
	case len(cidrs) > 2:
		p.invalid(at, inward{spec}, "may only hold up to 2 values")
		return
	}
	for i, cidr := range cidrs {
		p.add(validation.IsValidCIDR(at.Index(i), cidr)...)
	}
	if len(cidrs) == 2 {
		family := netutils.IPFamilyOfCIDRString(cidrs[0])
		if family == netutils.IPFamilyOfCIDRString(cidrs[1]) && family != netutils.IPFamilyUnknown {
			p.invalid(at, cidrs, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64")
		}
	}
}

// validateServiceCIDRUpdate lets a second range be added, and nothing else.
func validateServiceCIDRUpdate(c, old *networkingv1.ServiceCIDR) field.ErrorList {
	var p problems
	at, now, before := field.NewPath("spec", "cidrs"), c.Spec.CIDRs, old.Spec.CIDRs
	added := len(before) == 1 && len(now) == 2
	if len(now) != len(before) && !added {
		p.invalid(at, now, immutable)
		return p.list()
	}
	for i := range before {
		if now[i] != before[i] {
			p.invalid(at.Index(i), now[i], immutable)
		}
	}
	if added {
		validateCIDRs(&p, &c.Spec)
	}
	return p.list()
}
