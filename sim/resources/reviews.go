package resources

import (
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// reviews are the kinds of which a create stores nothing: those that are questions, and the binding of a Pod.
func reviews() []*Resource {
	review := func(group, name, singular, kind string, namespaced bool, fresh func() runtime.Object) *Resource {
		return &Resource{
			Group: group, Version: "v1", Name: name, Singular: singular, Kind: kind, Namespaced: namespaced,
			Verbs: []string{"create"}, New: fresh,
		}
	}
	const authn, authz = "authentication.k8s.io", "authorization.k8s.io"
	return []*Resource{
		{Version: "v1", Name: "bindings", Singular: "binding", Kind: "Binding", Namespaced: true, Verbs: []string{"create"}, New: func() runtime.Object { return &corev1.Binding{} }},
		review(authn, "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview", false, func() runtime.Object { return &authenticationv1.SelfSubjectReview{} }),
		review(authn, "tokenreviews", "tokenreview", "TokenReview", false, func() runtime.Object { return &authenticationv1.TokenReview{} }),
		review(authz, "localsubjectaccessreviews", "localsubjectaccessreview", "LocalSubjectAccessReview", true, func() runtime.Object { return &authorizationv1.LocalSubjectAccessReview{} }),
		review(authz, "selfsubjectaccessreviews", "selfsubjectaccessreview", "SelfSubjectAccessReview", false, func() runtime.Object { return &authorizationv1.SelfSubjectAccessReview{} }),
		review(authz, "selfsubjectrulesreviews", "selfsubjectrulesreview", "SelfSubjectRulesReview", false, func() runtime.Object { return &authorizationv1.SelfSubjectRulesReview{} }),
		review(authz, "subjectaccessreviews", "subjectaccessreview", "SubjectAccessReview", false, func() runtime.Object { return &authorizationv1.SubjectAccessReview{} }),
	}
}
