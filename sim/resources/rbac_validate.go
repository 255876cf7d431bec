package resources

import (
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateRole(r *rbacv1.Role) field.ErrorList {
	var p problems
	validateRules(&p, r.Rules, true)
	return p.list()
}

func validateRoleUpdate(r, _ *rbacv1.Role) field.ErrorList { return validateRole(r) }

func validateClusterRole(r *rbacv1.ClusterRole) field.ErrorList {
	var p problems
	validateRules(&p, r.Rules, false)
	validateAggregation(&p, r.AggregationRule, false)
	return p.list()
}

func validateClusterRoleUpdate(r, old *rbacv1.ClusterRole) field.ErrorList {
	var p problems
	anyValues := false
	if old.AggregationRule != nil {
		for i := range old.AggregationRule.ClusterRoleSelectors {
			anyValues = anyValues || badSelector(&old.AggregationRule.ClusterRoleSelectors[i])
		}
	}
	validateRules(&p, r.Rules, false)
	validateAggregation(&p, r.AggregationRule, anyValues)
	return p.list()
}

func validateAggregation(p *problems, rule *rbacv1.AggregationRule, anyValues bool) {
	if rule == nil {
		return
	}
	at := field.NewPath("aggregationRule", "clusterRoleSelectors")
	if len(rule.ClusterRoleSelectors) == 0 {
		p.required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil")
	}
	for i := range rule.ClusterRoleSelectors {
		selector := &rule.ClusterRoleSelectors[i]
		validateSelector(p, at.Index(i), selector, anyValues)
		if _, err := metav1.LabelSelectorAsSelector(selector); err != nil {
			p.invalid(at.Index(i), nil, "invalid label selector.")
		}
	}
}

func validateRules(p *problems, rules []rbacv1.PolicyRule, namespaced bool) {
	for i, rule := range rules {
		at := field.NewPath("rules").Index(i)
		if len(rule.Verbs) == 0 {
			p.required(at.Child("verbs"), "verbs must contain at least one value")
		}
		if len(rule.NonResourceURLs) > 0 {
			if namespaced {
				p.invalid(at.Child("nonResourceURLs"), rule.NonResourceURLs, "namespaced rules cannot apply to non-resource URLs")
			}
			if len(rule.APIGroups)+len(rule.Resources)+len(rule.ResourceNames) > 0 {
				p.invalid(at.Child("nonResourceURLs"), rule.NonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs")
			}
			continue
		}
		if len(rule.APIGroups) == 0 {
			p.required(at.Child("apiGroups"), "resource rules must supply at least one api group")
		}
		if len(rule.Resources) == 0 {
			p.required(at.Child("resources"), "resource rules must supply at least one resource")
		}
	}
}

func validateRoleBinding(b *rbacv1.RoleBinding) field.ErrorList {
	return validateBinding(b.RoleRef, b.Subjects, true, "Role", "ClusterRole")
}

func validateClusterRoleBinding(b *rbacv1.ClusterRoleBinding) field.ErrorList {
	return validateBinding(b.RoleRef, b.Subjects, false, "ClusterRole")
}

func validateRoleBindingUpdate(b, old *rbacv1.RoleBinding) field.ErrorList {
	return append(validateRoleBinding(b), sameRole(b.RoleRef, old.RoleRef)...)
}

func validateClusterRoleBindingUpdate(b, old *rbacv1.ClusterRoleBinding) field.ErrorList {
	return append(validateClusterRoleBinding(b), sameRole(b.RoleRef, old.RoleRef)...)
}

func sameRole(ref, old rbacv1.RoleRef) field.ErrorList {
	if ref == old {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("roleRef"), inward{ref}, "cannot change roleRef")}
}

func validateBinding(ref rbacv1.RoleRef, subjects []rbacv1.Subject, namespaced bool, kinds ...string) field.ErrorList {
	var p problems
	at := field.NewPath("roleRef")
	oneOf(&p, at.Child("apiGroup"), ref.APIGroup, rbacv1.GroupName)
	oneOf(&p, at.Child("kind"), ref.Kind, kinds...)
	if p.present(at.Child("name"), ref.Name) {
		p.each(at.Child("name"), ref.Name, path.ValidatePathSegmentName(ref.Name, false))
	}
	for i, s := range subjects {
		at := field.NewPath("subjects").Index(i)
		p.present(at.Child("name"), s.Name)
		switch s.Kind {
		case rbacv1.ServiceAccountKind:
			if s.Name != "" {
				p.each(at.Child("name"), s.Name, validation.ValidateServiceAccountName(s.Name, false))
			}
			oneOf(&p, at.Child("apiGroup"), s.APIGroup, "")
			if !namespaced {
				p.present(at.Child("namespace"), s.Namespace)
			}
		case rbacv1.UserKind, rbacv1.GroupKind:
			oneOf(&p, at.Child("apiGroup"), s.APIGroup, rbacv1.GroupName)
		default:
			oneOf(&p, at.Child("kind"), s.Kind, rbacv1.ServiceAccountKind, rbacv1.UserKind, rbacv1.GroupKind)
		}
	}
	return p.list()
}
