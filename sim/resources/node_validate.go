package resources

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	v1 "k8s.io/api/core/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

const taintsKey = "scheduler.alpha.kubernetes.io/taints"

func validateNode(n *v1.Node) field.ErrorList {
	var p problems
	validateNodeAnnotations(&p, n)
	validateTaints(&p, field.NewPath("metadata", "taints"), n.Spec.Taints)
	validateNodeAmounts(&p, n)
	if swap := n.Status.NodeInfo.Swap; swap != nil && swap.Capacity != nil {
		p.positive(field.NewPath("metadata", "nodeSwapStatus", "capacity"), *swap.Capacity)
	}
	validateDeclaredFeatures(&p, n.Status.DeclaredFeatures)
	at, cidrs := field.NewPath("spec", "podCIDRs"), n.Spec.PodCIDRs
	for i, cidr := range cidrs {
		p.cidr(at.Index(i), cidr, nil)
	}
	if len(cidrs) > 1 {
		dual, err := netutils.IsDualStackCIDRStrings(cidrs)
		if err != nil {
			p.add(field.InternalError(at, fmt.Errorf("invalid PodCIDRs. failed to check with dual stack with error:%v", err)))
		}
		if !dual || len(cidrs) > 2 {
			p.invalid(at, cidrs, "may specify no more than one CIDR for each IP family")
		}
	}
	return p.list()
}

func validateNodeAnnotations(p *problems, n *v1.Node) {
	text, at := n.Annotations[taintsKey], field.NewPath("metadata", "annotations")
	if text == "" {
		return
	}
	var taints []v1.Taint
	if err := json.Unmarshal([]byte(text), &taints); err != nil {
		p.invalid(at, taintsKey, err.Error())
		return
	}
	validateTaints(p, at.Child(taintsKey), taints)
}

func validateTaints(p *problems, at *field.Path, taints []v1.Taint) {
	type pair struct {
		effect v1.TaintEffect
		key    string
	}
	seen := map[pair]bool{}
	for i, t := range taints {
		at := at.Index(i)
		p.labelName(at.Child("key"), t.Key)
		if wrong := utilvalidation.IsValidLabelValue(t.Value); len(wrong) > 0 {
			p.invalid(at.Child("value"), t.Value, strings.Join(wrong, ";"))
		}
		if p.present(at.Child("effect"), string(t.Effect)) {
			validateTaintEffect(p, at.Child("effect"), t.Effect)
		}
		if seen[pair{t.Effect, t.Key}] {
			twice := field.Duplicate(at, inward{t})
			twice.Detail = "taints must be unique by key and effect pair"
			p.add(twice)
		}
		seen[pair{t.Effect, t.Key}] = true
	}
}

func validateNodeAmounts(p *problems, n *v1.Node) {
	for _, name := range sorted(n.Status.Capacity) {
		amount(p, field.NewPath("status", "capacity", string(name)), name, n.Status.Capacity[name])
	}
	for _, name := range sorted(n.Status.Allocatable) {
		amount(p, field.NewPath("status", "allocatable", string(name)), name, n.Status.Allocatable[name])
	}
}

func validateDeclaredFeatures(p *problems, features []string) {
	at := field.NewPath("status", "declaredFeatures")
	for i, f := range features {
		switch {
		case len(f) > utilvalidation.DNS1123SubdomainMaxLength:
			p.invalid(at.Index(i), f, fmt.Sprintf("invalid feature name %q: must be no more than %d characters", f, utilvalidation.DNS1123SubdomainMaxLength))
		case !regexp.MustCompile(`^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$`).MatchString(f):
			p.invalid(at.Index(i), f, fmt.Sprintf("invalid feature name %q: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes", f))
		}
		if i+1 < len(features) {
			if next := features[i+1]; next == f {
				p.duplicate(at.Index(i+1), next)
			} else if f > next {
				p.invalid(at.Index(i+1), next, "list must be sorted alphabetically")
			}
		}
	}
}

func validateNodeUpdate(n, old *v1.Node) field.ErrorList {
	return append(validateNode(n), validateNodeStatusUpdate(n, old)...)
}

func validateNodeStatusUpdate(n, old *v1.Node) field.ErrorList {
	var p problems
	validateNodeAnnotations(&p, n)
	validateNodeAmounts(&p, n)
	validateDeclaredFeatures(&p, n.Status.DeclaredFeatures)
	seen := map[v1.NodeAddress]bool{}
	for i, a := range n.Status.Addresses {
		if seen[a] {
			p.duplicate(field.NewPath("status", "addresses").Index(i), inward{a})
		}
		seen[a] = true
	}
	spec, fixed := field.NewPath("spec"), "node updates may not change podCIDR except from \"\" to valid"
	if len(old.Spec.PodCIDRs) > 0 {
		if len(old.Spec.PodCIDRs) != len(n.Spec.PodCIDRs) {
			p.forbidden(spec.Child("podCIDRs"), fixed)
		} else {
			for i, cidr := range old.Spec.PodCIDRs {
				if cidr != n.Spec.PodCIDRs[i] {
					p.forbidden(spec.Child("podCIDRs"), fixed)
				}
			}
		}
	}
	if old.Spec.ProviderID != "" && old.Spec.ProviderID != n.Spec.ProviderID {
		p.forbidden(spec.Child("providerID"), "node updates may not change providerID except from \"\" to valid")
	}
	validateTaints(&p, field.NewPath("metadata", "taints"), n.Spec.Taints)
	if n.Spec.DoNotUseExternalID != old.Spec.DoNotUseExternalID {
		p.forbidden(spec.Child("externalID"), "may not be updated")
	}
	return p.list()
}

func nodeWarnings(n, _ *v1.Node) []string {
	var w warnings
	if n.Spec.ConfigSource != nil {
		w = append(w, "spec.configSource: the feature is removed")
	}
	if n.Spec.DoNotUseExternalID != "" {
		w = append(w, "spec.externalID: this field is deprecated, and is unused by Kubernetes")
	}
	for i, cidr := range n.Spec.PodCIDRs {
		w = append(w, utilvalidation.GetWarningsForCIDR(field.NewPath("spec", "podCIDRs").Index(i), cidr)...)
	}
	return w
}
