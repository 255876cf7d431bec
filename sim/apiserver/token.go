package apiserver

import (
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/admission"
)

// Issuer makes the tokens of service accounts.
type Issuer interface {
	// Issue returns a signed token for the service account and what the request asks for; issued and expires bound
	// its life.
	Issue(account metav1.Object, request *authenticationv1.TokenRequest, issued, expires time.Time) (string, error)
}

const (
	defaultTokenSeconds = 3600
	minTokenSeconds     = 600
	maxTokenSeconds     = 1 << 32
)

// token makes a token for a service account.
func (c *call) token() (runtime.Object, error) {
	sent, ok := c.req.Object.(*authenticationv1.TokenRequest)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a TokenRequest object: %T", c.req.Object))
	}
	req := sent.DeepCopy()
	account, err := c.existing()
	if err != nil {
		return nil, err
	}
	if req.Name == "" {
		req.Name = c.req.Name
	}
	if err := c.settleNamespace(req); err != nil {
		return nil, err
	}
	if req.Spec.ExpirationSeconds == nil {
		seconds := int64(defaultTokenSeconds)
		req.Spec.ExpirationSeconds = &seconds
	}
	a := c.attributes(admission.Create, req, nil)
	if err := c.admission.Admit(a); err != nil {
		return nil, err
	}
	var errs field.ErrorList
	seconds, path := *req.Spec.ExpirationSeconds, field.NewPath("spec", "expirationSeconds")
	if seconds < minTokenSeconds {
		errs = append(errs, field.Invalid(path, seconds, "may not specify a duration less than 10 minutes"))
	}
	if seconds > maxTokenSeconds {
		errs = append(errs, field.Invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"))
	}
	if len(errs) > 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Group: "authentication.k8s.io", Kind: "TokenRequest"}, "", errs)
	}
	if err := c.admission.Validate(a); err != nil {
		return nil, err
	}
	if c.issuer == nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("no issuer of tokens is configured"))
	}
	m := metaOf(account)
	now := c.now()
	expires := now.Add(time.Duration(seconds) * time.Second)
	text, err := c.issuer.Issue(m, req, now.Time, expires)
	if err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("failed to generate token: %v", err))
	}
	req.TypeMeta = metav1.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "TokenRequest"}
	req.CreationTimestamp = now
	req.Status = authenticationv1.TokenRequestStatus{Token: text, ExpirationTimestamp: metav1.NewTime(expires)}
	return req, nil
}
