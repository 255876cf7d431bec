package resources

import (
	"fmt"
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateAffinity(p *problems, at *field.Path, a *v1.Affinity, rules podRules) {
	if a == nil {
		return
	}
	const required, preferred = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
	if n := a.NodeAffinity; n != nil {
		at := at.Child("nodeAffinity")
		if n.RequiredDuringSchedulingIgnoredDuringExecution != nil {
			validateNodeSelector(p, at.Child(required), n.RequiredDuringSchedulingIgnoredDuringExecution, rules.nodeAffinityValues)
		}
		for i, term := range n.PreferredDuringSchedulingIgnoredDuringExecution {
			at := at.Child(preferred).Index(i)
			validateWeight(p, at.Child("weight"), term.Weight)
			validateNodeTerm(p, at.Child("preference"), term.Preference, true)
		}
	}
	pods := func(at *field.Path, terms []v1.PodAffinityTerm, weighted []v1.WeightedPodAffinityTerm) {
		for i, term := range terms {
			validatePodTerm(p, at.Child(required).Index(i), term, rules)
		}
		for i, w := range weighted {
			at := at.Child(preferred).Index(i)
			validateWeight(p, at.Child("weight"), w.Weight)
			validatePodTerm(p, at.Child("podAffinityTerm"), w.PodAffinityTerm, rules)
		}
	}
	if t := a.PodAffinity; t != nil {
		pods(at.Child("podAffinity"), t.RequiredDuringSchedulingIgnoredDuringExecution, t.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if t := a.PodAntiAffinity; t != nil {
		pods(at.Child("podAntiAffinity"), t.RequiredDuringSchedulingIgnoredDuringExecution, t.PreferredDuringSchedulingIgnoredDuringExecution)
	}
}

func validateWeight(p *problems, at *field.Path, weight int32) {
	if weight <= 0 || weight > 100 {
		p.invalid(at, weight, "must be in the range 1-100")
	}
}

func validateNodeSelector(p *problems, at *field.Path, s *v1.NodeSelector, anyValues bool) {
	at = at.Child("nodeSelectorTerms")
	if len(s.NodeSelectorTerms) == 0 {
		p.required(at, "must have at least one node selector term")
	}
	for i, term := range s.NodeSelectorTerms {
		validateNodeTerm(p, at.Index(i), term, anyValues)
	}
}

func validateNodeTerm(p *problems, at *field.Path, term v1.NodeSelectorTerm, anyValues bool) {
	for i, r := range term.MatchExpressions {
		at := at.Child("matchExpressions").Index(i)
		switch r.Operator {
		case v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn:
			if len(r.Values) == 0 {
				p.required(at.Child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
			}
		case v1.NodeSelectorOpExists, v1.NodeSelectorOpDoesNotExist:
			if len(r.Values) > 0 {
				p.forbidden(at.Child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
			}
		case v1.NodeSelectorOpGt, v1.NodeSelectorOpLt:
			if len(r.Values) != 1 {
				p.required(at.Child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'")
			}
		default:
			p.invalid(at.Child("operator"), r.Operator, "not a valid selector operator")
		}
		p.labelName(at.Child("key"), r.Key)
		for j, value := range r.Values {
			if !anyValues {
				p.each(at.Child("values").Index(j), value, utilvalidation.IsValidLabelValue(value))
			}
		}
	}
	for i, r := range term.MatchFields {
		at := at.Child("matchFields").Index(i)
		switch r.Operator {
		case v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn:
			if len(r.Values) != 1 {
				p.required(at.Child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
			}
		default:
			p.invalid(at.Child("operator"), r.Operator, "not a valid selector operator")
		}
		if r.Key != metav1.ObjectNameField {
			p.invalid(at.Child("key"), r.Key, "not a valid field selector key")
			continue
		}
		for j, value := range r.Values {
			p.subdomain(at.Child("values").Index(j), value)
		}
	}
}

func validateSelector(p *problems, at *field.Path, s *metav1.LabelSelector, anyValues bool) {
	p.add(validateLabelSelector(s, metavalidation.LabelSelectorValidationOptions{AllowInvalidLabelValueInSelector: anyValues}, at)...)
}

// validateLabelSelector is apimachinery's, with the problems of its map in order.
func validateLabelSelector(s *metav1.LabelSelector, options metavalidation.LabelSelectorValidationOptions, at *field.Path) field.ErrorList {
	errs := metavalidation.ValidateLabelSelector(s, options, at)
	if s == nil || len(s.MatchLabels) < 2 {
		return errs
	}
	labels := at.Child("matchLabels").String()
	n := slices.IndexFunc(errs, func(e *field.Error) bool { return e.Field != labels })
	if n < 0 {
		n = len(errs)
	}
	var p problems
	validateLabels(&p, at.Child("matchLabels"), s.MatchLabels)
	if len(p) != n {
		return errs
	}
	return append(p.list(), errs[n:]...)
}

func validatePodTerm(p *problems, at *field.Path, term v1.PodAffinityTerm, rules podRules) {
	validateSelector(p, at.Child("labelSelector"), term.LabelSelector, rules.selectorValues)
	validateSelector(p, at.Child("namespaceSelector"), term.NamespaceSelector, rules.selectorValues)
	for _, name := range term.Namespaces {
		p.each(at.Child("namespace"), name, validation.ValidateNamespaceName(name, false))
	}
	validateLabelKeys(p, at, term.MatchLabelKeys, term.MismatchLabelKeys, term.LabelSelector)
	if term.TopologyKey == "" {
		p.required(at.Child("topologyKey"), "can not be empty")
	}
	p.labelName(at.Child("topologyKey"), term.TopologyKey)
}

// validateLabelKeys checks the keys whose values come from the pod against each other and the selector.
func validateLabelKeys(p *problems, at *field.Path, match, mismatch []string, selector *metav1.LabelSelector) {
	keys := func(at *field.Path, keys []string) {
		if len(keys) > 0 && selector == nil {
			p.forbidden(at, "must not be specified when labelSelector is not set")
			return
		}
		for i, key := range keys {
			p.labelName(at.Index(i), key)
		}
	}
	keys(at.Child("matchLabelKeys"), match)
	keys(at.Child("mismatchLabelKeys"), mismatch)
	if selector != nil {
		places := map[string]int{}
		for i, key := range match {
			places[key] = i
		}
		selected := map[string]bool{}
		for key := range selector.MatchLabels {
			selected[key] = true
		}
		for _, e := range selector.MatchExpressions {
			if i, found := places[e.Key]; found && selected[e.Key] {
				p.invalid(at.Index(i), e.Key, "exists in both matchLabelKeys and labelSelector")
			}
			selected[e.Key] = true
		}
	}
	for i, key := range match {
		if slices.Contains(mismatch, key) {
			p.invalid(at.Child("matchLabelKeys").Index(i), key, "exists in both matchLabelKeys and mismatchLabelKeys")
		}
	}
}

func validateSpread(p *problems, at *field.Path, constraints []v1.TopologySpreadConstraint, rules podRules) {
	for i, c := range constraints {
		at := at.Index(i)
		p.positive(at.Child("maxSkew"), int64(c.MaxSkew))
		if c.TopologyKey == "" {
			p.required(at.Child("topologyKey"), "can not be empty")
		}
		oneOf(p, at.Child("whenUnsatisfiable"), c.WhenUnsatisfiable, v1.DoNotSchedule, v1.ScheduleAnyway)
		if slices.ContainsFunc(constraints[i+1:], func(o v1.TopologySpreadConstraint) bool {
			return o.TopologyKey == c.TopologyKey && o.WhenUnsatisfiable == c.WhenUnsatisfiable
		}) {
			p.duplicate(at.Child("{topologyKey, whenUnsatisfiable}"), fmt.Sprintf("{%v, %v}", c.TopologyKey, c.WhenUnsatisfiable))
		}
		if c.MinDomains != nil {
			p.positive(at.Child("minDomains"), int64(*c.MinDomains))
			if c.WhenUnsatisfiable != v1.DoNotSchedule {
				p.invalid(at.Child("minDomains"), c.MinDomains,
					fmt.Sprintf("can only use minDomains if whenUnsatisfiable=%s, not %s", v1.DoNotSchedule, c.WhenUnsatisfiable))
			}
		}
		if c.NodeAffinityPolicy != nil {
			oneOf(p, at.Child("nodeAffinityPolicy"), *c.NodeAffinityPolicy, v1.NodeInclusionPolicyHonor, v1.NodeInclusionPolicyIgnore)
		}
		if c.NodeTaintsPolicy != nil {
			oneOf(p, at.Child("nodeTaintsPolicy"), *c.NodeTaintsPolicy, v1.NodeInclusionPolicyHonor, v1.NodeInclusionPolicyIgnore)
		}
		if rules.matchLabelKeys {
			validateSpreadKeysOld(p, at.Child("matchLabelKeys"), c.MatchLabelKeys, c.LabelSelector)
		} else {
			validateLabelKeys(p, at, c.MatchLabelKeys, nil, c.LabelSelector)
		}
		if !rules.spreadSelector {
			validateSelector(p, at.Child("labelSelector"), c.LabelSelector, false)
		}
	}
}

// validateSpreadKeysOld is what was asked before the keys became part of the selector.
func validateSpreadKeysOld(p *problems, at *field.Path, keys []string, selector *metav1.LabelSelector) {
	if len(keys) == 0 {
		return
	}
	selected := map[string]bool{}
	if selector == nil {
		p.forbidden(at, "must not be specified when labelSelector is not set")
	} else {
		for key := range selector.MatchLabels {
			selected[key] = true
		}
		for _, e := range selector.MatchExpressions {
			selected[e.Key] = true
		}
	}
	for i, key := range keys {
		p.labelName(at.Index(i), key)
		if selected[key] {
			p.invalid(at.Index(i), key, "exists in both matchLabelKeys and labelSelector")
		}
	}
}
