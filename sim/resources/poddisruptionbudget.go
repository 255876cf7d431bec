package resources

import (
	"time"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func podDisruptionBudgets() *Resource {
	return of(&Resource{
		Group: "policy", Version: "v1", Name: "poddisruptionbudgets", Singular: "poddisruptionbudget", Kind: "PodDisruptionBudget",
		ShortNames: []string{"pdb"}, Namespaced: true, NeedsVersion: true, NameError: path.ValidatePathSegmentName,
		New: fresh[policyv1.PodDisruptionBudget], NewList: fresh[policyv1.PodDisruptionBudgetList],
	}, typed[policyv1.PodDisruptionBudget]{
		MetaAgain:     "|",
		AnyFinalizers: true,
		Validate:      func(b *policyv1.PodDisruptionBudget) field.ErrorList { return validateBudget(&b.Spec, false) },
		ValidateUpdate: func(b, old *policyv1.PodDisruptionBudget) field.ErrorList {
			return validateBudget(&b.Spec, badSelector(old.Spec.Selector))
		},
		Spec:   func(b, from *policyv1.PodDisruptionBudget) { b.Spec = from.Spec },
		Status: func(b, from *policyv1.PodDisruptionBudget) { b.Status = from.Status },
		ValidateStatusUpdate: func(b, _ *policyv1.PodDisruptionBudget) field.ErrorList {
			var p problems
			s, at := &b.Status, field.NewPath("status")
			p.add(metavalidation.ValidateConditions(s.Conditions, at.Child("conditions"))...)
			validateCounts(&p, at, []count{{"disruptionsAllowed", s.DisruptionsAllowed}, {"currentHealthy", s.CurrentHealthy},
				{"desiredHealthy", s.DesiredHealthy}, {"expectedPods", s.ExpectedPods}})
			return p.list()
		},
		Changed: func(b, old *policyv1.PodDisruptionBudget) bool { return !equality.Semantic.DeepEqual(b.Spec, old.Spec) },
		Row: func(b *policyv1.PodDisruptionBudget, now time.Time) []any {
			return []any{b.Name, shareCell(b.Spec.MinAvailable), shareCell(b.Spec.MaxUnavailable), int64(b.Status.DisruptionsAllowed),
				age(b.CreationTimestamp, now)}
		},
	})
}

func shareCell(share *intstr.IntOrString) string {
	if share == nil {
		return "N/A"
	}
	return share.String()
}

func validateBudget(spec *policyv1.PodDisruptionBudgetSpec, anyValues bool) field.ErrorList {
	var p problems
	at := field.NewPath("spec")
	if spec.MinAvailable != nil && spec.MaxUnavailable != nil {
		p.invalid(at, inward{spec}, "minAvailable and maxUnavailable cannot be both set")
	}
	for _, s := range []struct {
		name  string
		share *intstr.IntOrString
	}{{"minAvailable", spec.MinAvailable}, {"maxUnavailable", spec.MaxUnavailable}} {
		if s.share != nil {
			validateShare(&p, at.Child(s.name), *s.share)
			validateAtMostAll(&p, at.Child(s.name), *s.share)
		}
	}
	validateSelector(&p, at.Child("selector"), spec.Selector, anyValues)
	if policy := spec.UnhealthyPodEvictionPolicy; policy != nil {
		oneOf(&p, at.Child("unhealthyPodEvictionPolicy"), *policy, policyv1.AlwaysAllow, policyv1.IfHealthyBudget)
	}
	return p.list()
}
