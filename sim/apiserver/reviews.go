package apiserver

import (
	"fmt"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
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
	case *corev1.Binding:
		answer, err := c.bindAlone(r)
		return answer, true, err
	case *authenticationv1.SelfSubjectReview:
		answer := &authenticationv1.SelfSubjectReview{}
		answer.CreationTimestamp, answer.Status.UserInfo = c.now(), userInfo(c.req.User)
		return c.named(answer), true, nil
	case *authenticationv1.TokenReview:
		obj = c.managedReview(obj)
		err = c.tokenReview(obj.(*authenticationv1.TokenReview))
	case *authorizationv1.SelfSubjectAccessReview:
		obj = c.managedReview(obj)
		r = obj.(*authorizationv1.SelfSubjectAccessReview)
		q := question{kind: "SelfSubjectAccessReview", resource: r.Spec.ResourceAttributes, path: r.Spec.NonResourceAttributes, meta: r.ObjectMeta}
		if err = q.check(); err == nil {
			r.Status = c.access(c.req.User, q.resource, q.path)
		}
	case *authorizationv1.SubjectAccessReview:
		obj = c.managedReview(obj)
		r = obj.(*authorizationv1.SubjectAccessReview)
		q := question{kind: "SubjectAccessReview", resource: r.Spec.ResourceAttributes, path: r.Spec.NonResourceAttributes, who: &r.Spec, meta: r.ObjectMeta}
		if err = q.check(); err == nil {
			r.Status = c.access(subject(r.Spec), q.resource, q.path)
		}
	case *authorizationv1.LocalSubjectAccessReview:
		obj = c.managedReview(obj)
		r = obj.(*authorizationv1.LocalSubjectAccessReview)
		q := question{kind: "LocalSubjectAccessReview", resource: r.Spec.ResourceAttributes, path: r.Spec.NonResourceAttributes, who: &r.Spec, meta: r.ObjectMeta, local: true}
		if err = q.check(); err == nil {
			r.Status = c.access(subject(r.Spec), q.resource, nil)
		}
	case *authorizationv1.SelfSubjectRulesReview:
		answer := &authorizationv1.SelfSubjectRulesReview{}
		answer.Status, err = c.rulesReview(r.Spec.Namespace)
		return c.named(answer), true, err
	default:
		return nil, false, nil
	}
	return obj, true, err
}

// named gives a fresh answer its kind.
func (c *call) named(answer runtime.Object) runtime.Object {
	answer.GetObjectKind().SetGroupVersionKind(c.kind.GVK())
	return answer
}

// managedReview is the question with the managed fields that a create gives it.
func (c *call) managedReview(obj runtime.Object) runtime.Object {
	c.manage(obj, nil)
	return c.withManaged(obj, c.entriesOf(c.note))
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

// question is what an access review asks.
type question struct {
	kind     string
	resource *authorizationv1.ResourceAttributes
	path     *authorizationv1.NonResourceAttributes
	who      *authorizationv1.SubjectAccessReviewSpec // nil: the user
	meta     metav1.ObjectMeta
	local    bool // in the namespace of the request
}

// check finds what is wrong with a question: it asks about a resource or about a path, and about somebody.
func (q question) check() error {
	spec := field.NewPath("spec")
	var path *struct{ Path, Verb string } // the server's own form of it
	if q.path != nil {
		path = &struct{ Path, Verb string }{q.path.Path, q.path.Verb}
	}
	var errs field.ErrorList
	invalid := func(at *field.Path, value any, text string) { errs = append(errs, field.Invalid(at, value, text)) }
	if q.resource != nil && q.path != nil {
		invalid(spec.Child("nonResourceAttributes"), path, "cannot be specified in combination with resourceAttributes")
	}
	if q.resource == nil && q.path == nil {
		invalid(spec.Child("resourceAttributes"), path, "exactly one of nonResourceAttributes or resourceAttributes must be specified")
	}
	if q.who != nil && q.who.User == "" && len(q.who.Groups) == 0 {
		invalid(spec.Child("user"), "", "at least one of user or group must be specified")
	}
	if q.resource != nil {
		errs = append(errs, selectorErrors(field.NewPath("spec.resourceAttributes"), q.resource)...)
	}
	bare := q.meta
	bare.ManagedFields = nil
	empty := "must be empty"
	if q.local {
		bare.Namespace, empty = "", "must be empty except for namespace"
	}
	if !equality.Semantic.DeepEqual(metav1.ObjectMeta{}, bare) {
		invalid(field.NewPath("metadata"), q.meta, empty)
	}
	if q.local && q.resource != nil && q.resource.Namespace != q.meta.Namespace {
		invalid(field.NewPath("spec.resourceAttributes.namespace"), q.resource.Namespace, "must match metadata.namespace")
	}
	if q.local && q.path != nil {
		invalid(field.NewPath("spec.nonResourceAttributes"), path, "disallowed on this kind of request")
	}
	if len(errs) > 0 {
		return apierrors.NewInvalid(schema.GroupKind{Group: "authorization.k8s.io"}, "", errs)
	}
	return nil
}

// selectorErrors are what is wrong with the selectors of a question.
func selectorErrors(at *field.Path, r *authorizationv1.ResourceAttributes) (errs field.ErrorList) {
	either := func(at *field.Path, raw string, requirements int) {
		if raw != "" && requirements > 0 {
			errs = append(errs, field.Invalid(at.Child("rawSelector"), raw, "may not specified at the same time as requirements"))
		}
		if raw == "" && requirements == 0 {
			errs = append(errs, field.Required(at.Child("requirements"), fmt.Sprintf("when %s is specified, requirements or rawSelector is required", at)))
		}
	}
	if s := r.FieldSelector; s != nil {
		at := at.Child("fieldSelector")
		either(at, s.RawSelector, len(s.Requirements))
		for i, q := range s.Requirements {
			errs = append(errs, validation.ValidateFieldSelectorRequirement(q, validation.FieldSelectorValidationOptions{AllowUnknownOperatorInRequirement: true}, at.Child("requirements").Index(i))...)
		}
	}
	if s := r.LabelSelector; s != nil {
		at := at.Child("labelSelector")
		either(at, s.RawSelector, len(s.Requirements))
		for i, q := range s.Requirements {
			errs = append(errs, validation.ValidateLabelSelectorRequirement(q, validation.LabelSelectorValidationOptions{AllowUnknownOperatorInRequirement: true}, at.Child("requirements").Index(i))...)
		}
	}
	return errs
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

func (c *call) rulesReview(namespace string) (status authorizationv1.SubjectRulesReviewStatus, err error) {
	if namespace == "" {
		return status, apierrors.NewBadRequest("no namespace on request")
	}
	status = authorizationv1.SubjectRulesReviewStatus{
		ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{},
	}
	rules := []rbacv1.PolicyRule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}, {Verbs: []string{"*"}, NonResourceURLs: []string{"*"}}}
	if known, ok := c.authorizer.(resolver); ok {
		var err error
		if rules, err = known.Rules(c.req.User, namespace); err != nil {
			status.Incomplete, status.EvaluationError = true, err.Error()
		}
	}
	for _, rule := range rules {
		if len(rule.Resources) > 0 {
			status.ResourceRules = append(status.ResourceRules, authorizationv1.ResourceRule{
				Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
			})
		}
		if len(rule.NonResourceURLs) > 0 {
			status.NonResourceRules = append(status.NonResourceRules, authorizationv1.NonResourceRule{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
		}
	}
	return status, nil
}

func (c *call) tokenReview(r *authenticationv1.TokenReview) error {
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
