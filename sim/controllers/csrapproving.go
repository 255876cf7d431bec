package controllers

import (
	"fmt"
	"slices"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/pki"
)

// csrApprover approves the requests of kubelets for their client certificates, where the API server lets them ask.
type csrApprover struct{ base }

func startCSRApproving(cfg Config) error {
	c := &csrApprover{}
	c.base = newBase(cfg, "certificate-controller", "csrapproving", c.reconcile)
	return watchRequests(&c.base)
}

// watchRequests queues the certificate signing requests that are new or change.
func watchRequests(b *base) error {
	return watch1(b, func(kind watch.EventType, r, _ *certificatesv1.CertificateSigningRequest) {
		if kind != watch.Deleted {
			b.loop.Add(r.Name)
		}
	})
}

func (c *csrApprover) reconcile(name string) (time.Duration, error) {
	r, err := api.Get[certificatesv1.CertificateSigningRequest](c.client, "", name)
	if err != nil || len(r.Status.Certificate) > 0 || r.Spec.SignerName != certificatesv1.KubeAPIServerClientKubeletSignerName ||
		hasRequestCondition(r, certificatesv1.CertificateApproved) || hasRequestCondition(r, certificatesv1.CertificateDenied) {
		return 0, ignoreMissing(err)
	}
	asked, err := pki.ParseRequest(r.Spec.Request)
	if err != nil {
		return 0, fmt.Errorf("unable to parse csr %q: %v", r.Name, err)
	}
	if kubeletClientProblem(asked, r.Spec.Usages) != nil {
		return 0, nil
	}
	tries := []struct{ subresource, message string }{
		{"selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."},
		{"nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."},
	}
	if r.Spec.Username != asked.CommonName {
		tries = tries[1:]
	}
	for _, try := range tries {
		allowed, err := c.mayCreate(r, try.subresource)
		if err != nil {
			return 0, err
		}
		if allowed {
			return 0, c.approve(r, try.message)
		}
	}
	return 0, fmt.Errorf("recognized csr %q but subject access review was not approved", r.Name)
}

// mayCreate asks whether whoever made the request may have it approved without a human.
func (c *csrApprover) mayCreate(r *certificatesv1.CertificateSigningRequest, subresource string) (bool, error) {
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: r.Spec.Username, UID: r.Spec.UID, Groups: r.Spec.Groups,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: certificatesv1.GroupName, Version: "*", Resource: "certificatesigningrequests", Verb: "create", Subresource: subresource,
		},
	}}
	answer, err := api.Create(c.client, review)
	return err == nil && answer.Status.Allowed, err
}

func (c *csrApprover) approve(r *certificatesv1.CertificateSigningRequest, message string) error {
	next := r.DeepCopy()
	next.Status.Conditions = append(next.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type: certificatesv1.CertificateApproved, Status: v1.ConditionTrue, Reason: "AutoApproved", Message: message,
	})
	_, err := c.client.Door.Do(&api.Request{
		User: c.client.User, Verb: "update", Resource: certificatesv1.SchemeGroupVersion.WithResource("certificatesigningrequests"),
		Subresource: "approval", Name: r.Name, Object: next,
	})
	return ignoreMissing(err)
}

func hasRequestCondition(r *certificatesv1.CertificateSigningRequest, kind certificatesv1.RequestConditionType) bool {
	return slices.ContainsFunc(r.Status.Conditions, func(c certificatesv1.CertificateSigningRequestCondition) bool {
		return c.Type == kind && c.Status != v1.ConditionFalse
	})
}
