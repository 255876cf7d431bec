package apiserver

import (
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/api"
	"terrarium/sim/auth"
)

// resolver is an authorizer that can also tell all that a user may do.
type resolver interface {
	Rules(u api.User, namespace string) ([]rbacv1.PolicyRule, error)
}

// review answers a create of a kind that is a question; ok is false for all others.
func (c *call) review(obj runtime.Object) (answer runtime.Object, ok bool, err error) {
	switch r := obj.(type) {
	case *authenticationv1.SelfSubjectReview:
		r.CreationTimestamp = c.now()
		r.Status.UserInfo = userInfo(c.req.User)
	case *authenticationv1.TokenReview:
		err = c.tokenReview(r)
	case *authorizationv1.SelfSubjectAccessReview:
		if err = asksOne("SelfSubjectAccessReview", r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes, nil); err == nil {
			r.Status = c.access(c.req.User, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
		}
	case *authorizationv1.SubjectAccessReview:
		if err = asksOne("SubjectAccessReview", r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes, &r.Spec); err == nil {
			r.Status = c.access(subject(r.Spec), r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
		}
	case *authorizationv1.LocalSubjectAccessReview:
		r.Namespace = c.req.Namespace
		if err = asksOne("LocalSubjectAccessReview", r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes, &r.Spec); err == nil {
			r.Status = c.access(subject(r.Spec), r.Spec.ResourceAttributes, nil)
		}
	case *authorizationv1.SelfSubjectRulesReview:
		err = c.rulesReview(r)
	default:
		return nil, false, nil
	}
	return obj, true, err
}

func userInfo(u api.User) authenticationv1.UserInfo {
	info := authenticationv1.UserInfo{Username: u.Name, UID: u.UID, Groups: u.Groups}
	for key, values := range u.Extra {
		if info.Extra == nil {
			info.Extra = map[string]authenticationv1.ExtraValue{}
		}
		info.Extra[key] = values
	}
	return info
}

func subject(s authorizationv1.SubjectAccessReviewSpec) api.User {
	u := api.User{Name: s.User, UID: s.UID, Groups: s.Groups, Extra: map[string][]string{}}
	for key, values := range s.Extra {
		u.Extra[key] = values
	}
	return u
}

// asksOne checks that a review asks about a resource or about a path, and about somebody.
func asksOne(kind string, res *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes, who *authorizationv1.SubjectAccessReviewSpec) error {
	spec := field.NewPath("spec")
	var errs field.ErrorList
	if res != nil && path != nil {
		errs = append(errs, field.Invalid(spec.Child("nonResourceAttributes"), path, "cannot be specified in combination with resourceAttributes"))
	}
	if res == nil && path == nil {
		errs = append(errs, field.Invalid(spec.Child("resourceAttributes"), res, "exactly one of nonResourceAttributes or resourceAttributes must be specified"))
	}
	if who != nil && who.User == "" && len(who.Groups) == 0 {
		errs = append(errs, field.Invalid(spec.Child("user"), who.User, "at least one of user or group must be specified"))
	}
	if len(errs) > 0 {
		return apierrors.NewInvalid(schema.GroupKind{Group: "authorization.k8s.io", Kind: kind}, "", errs)
	}
	return nil
}

// access says whether a user may.
func (c *call) access(u api.User, res *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes) authorizationv1.SubjectAccessReviewStatus {
	a := auth.Attributes{User: u}
	if res != nil {
		a.Verb, a.Group, a.Version, a.Resource = res.Verb, res.Group, res.Version, res.Resource
		a.Subresource, a.Namespace, a.Name = res.Subresource, res.Namespace, res.Name
	} else if path != nil {
		a.Verb, a.Path = path.Verb, path.Path
	}
	allowed, reason := c.authorizer.Authorize(a)
	return authorizationv1.SubjectAccessReviewStatus{Allowed: allowed, Reason: reason}
}

func (c *call) rulesReview(r *authorizationv1.SelfSubjectRulesReview) error {
	if r.Spec.Namespace == "" {
		return apierrors.NewBadRequest("no namespace on request")
	}
	r.Status = authorizationv1.SubjectRulesReviewStatus{
		ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{},
	}
	rules := []rbacv1.PolicyRule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}, {Verbs: []string{"*"}, NonResourceURLs: []string{"*"}}}
	if known, ok := c.authorizer.(resolver); ok {
		var err error
		if rules, err = known.Rules(c.req.User, r.Spec.Namespace); err != nil {
			r.Status.Incomplete, r.Status.EvaluationError = true, err.Error()
		}
	}
	for _, rule := range rules {
		if len(rule.Resources) > 0 {
			r.Status.ResourceRules = append(r.Status.ResourceRules, authorizationv1.ResourceRule{
				Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
			})
		}
		if len(rule.NonResourceURLs) > 0 {
			r.Status.NonResourceRules = append(r.Status.NonResourceRules, authorizationv1.NonResourceRule{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
		}
	}
	return nil
}

func (c *call) tokenReview(r *authenticationv1.TokenReview) error {
	if r.Namespace != "" {
		return apierrors.NewBadRequest("namespace is not allowed on this type: " + r.Namespace)
	}
	if r.Spec.Token == "" {
		return apierrors.NewBadRequest("token is required for TokenReview in authentication")
	}
	u, ok := c.holder(r.Spec.Token)
	if !ok {
		r.Status.Error = "invalid bearer token"
		return nil
	}
	r.Status.Authenticated, r.Status.User = true, userInfo(u)
	r.Status.Audiences = slices.Clone(r.Spec.Audiences)
	return nil
}
