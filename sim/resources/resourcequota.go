package resources

import (
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func resourceQuotas() *Resource {
	return of(&Resource{
		Version: "v1", Name: "resourcequotas", Singular: "resourcequota", Kind: "ResourceQuota", ShortNames: []string{"quota"}, Namespaced: true, ReturnsDeleted: true,
		New: fresh[v1.ResourceQuota], NewList: fresh[v1.ResourceQuotaList],
	}, typed[v1.ResourceQuota]{
		Default: func(q *v1.ResourceQuota) {
			roundResources(q.Spec.Hard)
			roundResources(q.Status.Hard)
			roundResources(q.Status.Used)
		},
		Validate: func(q *v1.ResourceQuota) field.ErrorList {
			var p problems
			validateQuota(&p, &q.Spec)
			return p.list()
		},
		ValidateUpdate: func(q, old *v1.ResourceQuota) field.ErrorList {
			var p problems
			validateQuota(&p, &q.Spec)
			if !sameScopes(q.Spec.Scopes, old.Spec.Scopes) {
				p.invalid(field.NewPath("spec", "scopes"), q.Spec.Scopes, immutable)
			}
			return p.list()
		},
		Warnings: quotaWarnings,
		Spec:     func(q, from *v1.ResourceQuota) { q.Spec = from.Spec },
		Status:   func(q, from *v1.ResourceQuota) { q.Status = from.Status },
		ValidateStatusUpdate: func(q, _ *v1.ResourceQuota) field.ErrorList {
			var p problems
			p.present(field.NewPath("resourceVersion"), q.ResourceVersion)
			validateQuotaList(&p, field.NewPath("status", "hard"), q.Status.Hard)
			validateQuotaList(&p, field.NewPath("status", "used"), q.Status.Used)
			return p.list()
		},
		Row: quotaRow,
	})
}

func sameScopes(a, b []v1.ResourceQuotaScope) bool {
	in := func(list []v1.ResourceQuotaScope) func(v1.ResourceQuotaScope) bool {
		return func(s v1.ResourceQuotaScope) bool { return !slices.Contains(list, s) }
	}
	return !slices.ContainsFunc(a, in(b)) && !slices.ContainsFunc(b, in(a))
}

func quotaRow(q *v1.ResourceQuota, now time.Time) []any {
	var requests, limits []string
	for _, name := range sorted(q.Status.Hard) {
		hard, used := q.Status.Hard[name], q.Status.Used[name]
		cell := fmt.Sprintf("%s: %s/%s", name, used.String(), hard.String())
		if strings.HasPrefix(string(name), "limits.") {
			limits = append(limits, cell)
		} else {
			requests = append(requests, cell)
		}
	}
	return []any{q.Name, strings.Join(requests, ", "), strings.Join(limits, ", "), age(q.CreationTimestamp, now)}
}

// quotaWarnings tell of requests that may be greater than the limits.
func quotaWarnings(q, old *v1.ResourceQuota) []string {
	var texts []string
	if old != nil {
		return nil
	}
	for _, name := range []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory, v1.ResourceStorage, v1.ResourceEphemeralStorage} {
		of, limitOf := "requests."+name, "limits."+name
		request, found := q.Spec.Hard[of]
		if !found && (name == v1.ResourceCPU || name == v1.ResourceMemory) {
			of = name
			request, found = q.Spec.Hard[of]
		}
		limit, limited := q.Spec.Hard[limitOf]
		if found && limited && request.Cmp(limit) > 0 {
			texts = append(texts, fmt.Sprintf("ResourceQuota %s (%s) should be less than %s (%s)", of, request.String(), limitOf, limit.String()))
		}
	}
	return texts
}

func validateQuotaList(p *problems, at *field.Path, list v1.ResourceList) {
	for _, name := range sorted(list) {
		at := at.Key(string(name))
		quotaResourceName(p, at, name)
		amount(p, at, name, list[name])
	}
}

func validateQuota(p *problems, spec *v1.ResourceQuotaSpec) {
	at := field.NewPath("spec")
	validateQuotaList(p, at.Child("hard"), spec.Hard)
	for _, scope := range spec.Scopes {
		if !isQuotaScope(scope) {
			p.invalid(at.Child("scopes"), spec.Scopes, "unsupported scope")
		}
		for _, name := range sorted(spec.Hard) {
			if isStandardQuota(name) && !scopeApplies(scope, name) {
				p.invalid(at.Child("scopes"), spec.Scopes, "unsupported scope applied to resource")
			}
		}
	}
	validateScopePairs(p, at.Child("scopes"), spec, spec.Scopes)
	if spec.ScopeSelector == nil {
		return
	}
	at = at.Child("scopeSelector", "matchExpressions")
	var scopes []v1.ResourceQuotaScope
	for _, e := range spec.ScopeSelector.MatchExpressions {
		validateScope(p, at, spec, e)
		scopes = append(scopes, e.ScopeName)
	}
	validateScopePairs(p, at, spec, scopes)
}

func validateScope(p *problems, at *field.Path, spec *v1.ResourceQuotaSpec, e v1.ScopedResourceSelectorRequirement) {
	if !isQuotaScope(e.ScopeName) {
		p.invalid(at.Child("scopeName"), e.ScopeName, "unsupported scope")
	}
	for _, name := range sorted(spec.Hard) {
		if isStandardQuota(name) && !scopeApplies(e.ScopeName, name) {
			p.invalid(at, inward{spec.ScopeSelector}, "unsupported scope applied to resource")
		}
	}
	switch e.ScopeName {
	case v1.ResourceQuotaScopeBestEffort, v1.ResourceQuotaScopeNotBestEffort, v1.ResourceQuotaScopeTerminating,
		v1.ResourceQuotaScopeNotTerminating, v1.ResourceQuotaScopeCrossNamespacePodAffinity:
		if e.Operator != v1.ScopeSelectorOpExists {
			p.invalid(at.Child("operator"), e.Operator, "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity")
		}
	}
	switch e.Operator {
	case v1.ScopeSelectorOpIn, v1.ScopeSelectorOpNotIn:
		if len(e.Values) == 0 {
			p.required(at.Child("values"), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
		}
	case v1.ScopeSelectorOpExists, v1.ScopeSelectorOpDoesNotExist:
		if len(e.Values) != 0 {
			p.invalid(at.Child("values"), e.Values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")
		}
	default:
		p.invalid(at.Child("operator"), e.Operator, "not a valid selector operator")
	}
}

// validateScopePairs refuses scopes that leave nothing.
func validateScopePairs(p *problems, at *field.Path, spec *v1.ResourceQuotaSpec, scopes []v1.ResourceQuotaScope) {
	for _, pair := range [][2]v1.ResourceQuotaScope{
		{v1.ResourceQuotaScopeBestEffort, v1.ResourceQuotaScopeNotBestEffort}, {v1.ResourceQuotaScopeTerminating, v1.ResourceQuotaScopeNotTerminating},
	} {
		if slices.Contains(scopes, pair[0]) && slices.Contains(scopes, pair[1]) {
			p.invalid(at, spec.Scopes, "conflicting scopes")
		}
	}
}

func isQuotaScope(scope v1.ResourceQuotaScope) bool {
	switch scope {
	case v1.ResourceQuotaScopeTerminating, v1.ResourceQuotaScopeNotTerminating, v1.ResourceQuotaScopeBestEffort, v1.ResourceQuotaScopeNotBestEffort,
		v1.ResourceQuotaScopePriorityClass, v1.ResourceQuotaScopeVolumeAttributesClass, v1.ResourceQuotaScopeCrossNamespacePodAffinity:
		return true
	}
	return false
}

// scopeApplies says whether objects of the scope use the resource at all.
func scopeApplies(scope v1.ResourceQuotaScope, name v1.ResourceName) bool {
	switch scope {
	case v1.ResourceQuotaScopeBestEffort:
		return name == v1.ResourcePods
	case v1.ResourceQuotaScopeVolumeAttributesClass:
		return name == v1.ResourcePersistentVolumeClaims || name == v1.ResourceRequestsStorage
	}
	if !isQuotaScope(scope) {
		return true
	}
	switch name {
	case v1.ResourcePods, v1.ResourceCPU, v1.ResourceMemory, v1.ResourceLimitsCPU, v1.ResourceLimitsMemory, v1.ResourceRequestsCPU, v1.ResourceRequestsMemory:
		return true
	}
	return false
}
