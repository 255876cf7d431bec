package resources

import (
	"fmt"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validatingAdmissionPolicies() *Resource {
	return of(&Resource{
		Group: admissionGroup, Version: "v1", Name: "validatingadmissionpolicies", Singular: "validatingadmissionpolicy",
		Kind: "ValidatingAdmissionPolicy", Categories: []string{"api-extensions"}, NeedsVersion: true,
		StatusResets: []string{"metadata"},
		New:          fresh[admissionv1.ValidatingAdmissionPolicy], NewList: fresh[admissionv1.ValidatingAdmissionPolicyList],
	}, typed[admissionv1.ValidatingAdmissionPolicy]{
		MetaAgain:     "m|",
		AnyFinalizers: true,
		Default: func(y *admissionv1.ValidatingAdmissionPolicy) {
			fillPointer(&y.Spec.FailurePolicy, admissionv1.Fail)
			defaultMatch(y.Spec.MatchConstraints)
		},
		Validate: func(y *admissionv1.ValidatingAdmissionPolicy) field.ErrorList {
			return validateValidatingPolicy(y, nil)
		},
		ValidateUpdate: validateValidatingPolicy,
		Warnings:       func(y, _ *admissionv1.ValidatingAdmissionPolicy) []string { return staticNameWarning(y.Name) },
		Spec: func(y, from *admissionv1.ValidatingAdmissionPolicy) {
			y.Spec = from.Spec
			metav1.ResetObjectMetaForStatus(&y.ObjectMeta, &from.ObjectMeta)
		},
		Status: func(y, from *admissionv1.ValidatingAdmissionPolicy) { y.Status = from.Status },
		ValidateStatusUpdate: func(y, _ *admissionv1.ValidatingAdmissionPolicy) field.ErrorList {
			var p problems
			at := field.NewPath("status")
			if checked := y.Status.TypeChecking; checked != nil {
				for i, w := range checked.ExpressionWarnings {
					at := at.Child("typeChecking", "expressionWarnings").Index(i)
					p.present(at.Child("warning"), w.Warning)
					p.present(at.Child("fieldRef"), strings.TrimSpace(w.FieldRef))
				}
			}
			p.add(metavalidation.ValidateConditions(y.Status.Conditions, at.Child("conditions"))...)
			return p.list()
		},
		Changed: func(y, old *admissionv1.ValidatingAdmissionPolicy) bool {
			return !equality.Semantic.DeepEqual(y.Spec, old.Spec)
		},
		Row: func(y *admissionv1.ValidatingAdmissionPolicy, now time.Time) []any {
			return []any{y.Name, int64(len(y.Spec.Validations)), paramKindCell(y.Spec.ParamKind), age(y.CreationTimestamp, now)}
		},
	})
}

func validatingAdmissionPolicyBindings() *Resource {
	return of(&Resource{
		Group: admissionGroup, Version: "v1", Name: "validatingadmissionpolicybindings", Singular: "validatingadmissionpolicybinding",
		Kind: "ValidatingAdmissionPolicyBinding", Categories: []string{"api-extensions"}, NeedsVersion: true,
		New: fresh[admissionv1.ValidatingAdmissionPolicyBinding], NewList: fresh[admissionv1.ValidatingAdmissionPolicyBindingList],
	}, typed[admissionv1.ValidatingAdmissionPolicyBinding]{
		MetaAgain:     "m|",
		AnyFinalizers: true,
		Default:       func(b *admissionv1.ValidatingAdmissionPolicyBinding) { defaultMatch(b.Spec.MatchResources) },
		Validate:      validateValidatingBinding,
		ValidateUpdate: func(b, _ *admissionv1.ValidatingAdmissionPolicyBinding) field.ErrorList {
			return validateValidatingBinding(b)
		},
		Warnings: func(b, _ *admissionv1.ValidatingAdmissionPolicyBinding) []string { return staticNameWarning(b.Name) },
		Changed: func(b, old *admissionv1.ValidatingAdmissionPolicyBinding) bool {
			return !equality.Semantic.DeepEqual(b.Spec, old.Spec)
		},
		Row: func(b *admissionv1.ValidatingAdmissionPolicyBinding, now time.Time) []any {
			return []any{b.Name, b.Spec.PolicyName, paramRefCell(b.Spec.ParamRef), age(b.CreationTimestamp, now)}
		},
	})
}

func mutatingAdmissionPolicies() *Resource {
	return of(&Resource{
		Group: admissionGroup, Version: "v1", Name: "mutatingadmissionpolicies", Singular: "mutatingadmissionpolicy",
		Kind: "MutatingAdmissionPolicy", Categories: []string{"api-extensions"}, NeedsVersion: true,
		New: fresh[admissionv1.MutatingAdmissionPolicy], NewList: fresh[admissionv1.MutatingAdmissionPolicyList],
	}, typed[admissionv1.MutatingAdmissionPolicy]{
		MetaAgain:     "m|",
		AnyFinalizers: true,
		Default: func(y *admissionv1.MutatingAdmissionPolicy) {
			fillPointer(&y.Spec.FailurePolicy, admissionv1.Fail)
			defaultMatch(y.Spec.MatchConstraints)
		},
		Validate:       func(y *admissionv1.MutatingAdmissionPolicy) field.ErrorList { return validateMutatingPolicy(y, nil) },
		ValidateUpdate: validateMutatingPolicy,
		Warnings:       func(y, _ *admissionv1.MutatingAdmissionPolicy) []string { return staticNameWarning(y.Name) },
		Changed: func(y, old *admissionv1.MutatingAdmissionPolicy) bool {
			return !equality.Semantic.DeepEqual(y.Spec, old.Spec)
		},
		Row: func(y *admissionv1.MutatingAdmissionPolicy, now time.Time) []any {
			return []any{y.Name, int64(len(y.Spec.Mutations)), paramKindCell(y.Spec.ParamKind), age(y.CreationTimestamp, now)}
		},
	})
}

func mutatingAdmissionPolicyBindings() *Resource {
	return of(&Resource{
		Group: admissionGroup, Version: "v1", Name: "mutatingadmissionpolicybindings", Singular: "mutatingadmissionpolicybinding",
		Kind: "MutatingAdmissionPolicyBinding", Categories: []string{"api-extensions"}, NeedsVersion: true,
		New: fresh[admissionv1.MutatingAdmissionPolicyBinding], NewList: fresh[admissionv1.MutatingAdmissionPolicyBindingList],
	}, typed[admissionv1.MutatingAdmissionPolicyBinding]{
		MetaAgain:     "m|",
		AnyFinalizers: true,
		Default:       func(b *admissionv1.MutatingAdmissionPolicyBinding) { defaultMatch(b.Spec.MatchResources) },
		Validate:      validateMutatingBinding,
		ValidateUpdate: func(b, _ *admissionv1.MutatingAdmissionPolicyBinding) field.ErrorList {
			return validateMutatingBinding(b)
		},
		Warnings: func(b, _ *admissionv1.MutatingAdmissionPolicyBinding) []string { return staticNameWarning(b.Name) },
		Changed: func(b, old *admissionv1.MutatingAdmissionPolicyBinding) bool {
			return !equality.Semantic.DeepEqual(b.Spec, old.Spec)
		},
		Row: func(b *admissionv1.MutatingAdmissionPolicyBinding, now time.Time) []any {
			return []any{b.Name, b.Spec.PolicyName, paramRefCell(b.Spec.ParamRef), age(b.CreationTimestamp, now)}
		},
	})
}

func staticNameWarning(name string) []string {
	const suffix = ".static.k8s.io"
	if !strings.HasSuffix(name, suffix) {
		return nil
	}
	return []string{fmt.Sprintf("metadata.name: names ending with %q are reserved for static manifest-based configurations and cannot be managed via the API", suffix)}
}

func defaultMatch(m *admissionv1.MatchResources) {
	if m == nil {
		return
	}
	fillPointer(&m.MatchPolicy, admissionv1.Equivalent)
	fillPointer(&m.NamespaceSelector, metav1.LabelSelector{})
	fillPointer(&m.ObjectSelector, metav1.LabelSelector{})
	for _, rules := range [][]admissionv1.NamedRuleWithOperations{m.ResourceRules, m.ExcludeResourceRules} {
		for i := range rules {
			fillPointer(&rules[i].Scope, admissionv1.AllScopes)
		}
	}
}

func paramKindCell(kind *admissionv1.ParamKind) string {
	if kind == nil {
		return "<unset>"
	}
	return kind.APIVersion + "/" + kind.Kind
}

func paramRefCell(ref *admissionv1.ParamRef) string {
	switch {
	case ref == nil:
		return "<unset>"
	case ref.Name != "":
		return orElse(ref.Namespace, "*") + "/" + ref.Name
	case ref.Selector != nil:
		return ref.Selector.String()
	}
	return "<unset>"
}
