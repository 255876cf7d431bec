package admission

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"terrarium/sim/api"
	"terrarium/sim/pki"
)

const certificates = "certificates.k8s.io"

// CertificateApproval lets only those approve or deny a certificate signing request who may do so for its signer.
type CertificateApproval struct{ validates }

// Name implements Plugin.
func (CertificateApproval) Name() string { return "CertificateApproval" }

// Validate implements Plugin.
func (CertificateApproval) Validate(a *Attributes) error {
	old, ok := a.Old.(*certificatesv1.CertificateSigningRequest)
	if !ok || !a.is(certificates, "certificatesigningrequests", "approval") || a.Operation != Update || mayUse(a, "approve", old.Spec.SignerName) {
		return nil
	}
	return forbidden(a, fmt.Errorf("user not permitted to approve requests with signerName %q", old.Spec.SignerName))
}

// CertificateSigning lets only those issue a certificate who may sign for the request's signer.
type CertificateSigning struct{ validates }

// Name implements Plugin.
func (CertificateSigning) Name() string { return "CertificateSigning" }

// Validate implements Plugin.
func (CertificateSigning) Validate(a *Attributes) error {
	old, ok := a.Old.(*certificatesv1.CertificateSigningRequest)
	if !ok || !a.is(certificates, "certificatesigningrequests", "status") || a.Operation != Update {
		return nil
	}
	now, ok := a.Object.(*certificatesv1.CertificateSigningRequest)
	if !ok || bytes.Equal(old.Status.Certificate, now.Status.Certificate) && equality.Semantic.DeepEqual(old.Status.Conditions, now.Status.Conditions) {
		return nil
	}
	if mayUse(a, "sign", old.Spec.SignerName) {
		return nil
	}
	return forbidden(a, fmt.Errorf("user not permitted to sign requests with signerName %q", old.Spec.SignerName))
}

// mayUse says whether the user has the verb for the signer, or for every signer of its domain.
func mayUse(a *Attributes, verb, signer string) bool {
	domain, _, _ := strings.Cut(signer, "/")
	for _, name := range []string{signer, domain + "/*"} {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: a.Request.User.Name, Groups: a.Request.User.Groups, UID: a.Request.User.UID,
			ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Group: certificates, Version: "*", Resource: "signers", Name: name},
		}}
		if answer, err := api.Create(a.Client, review); err == nil && answer.Status.Allowed {
			return true
		}
	}
	return false
}

// CertificateSubjectRestriction keeps clients from being certified as system:masters.
type CertificateSubjectRestriction struct{ validates }

// Name implements Plugin.
func (CertificateSubjectRestriction) Name() string { return "CertificateSubjectRestriction" }

// Validate implements Plugin.
func (CertificateSubjectRestriction) Validate(a *Attributes) error {
	csr, ok := a.Object.(*certificatesv1.CertificateSigningRequest)
	if !ok || !a.is(certificates, "certificatesigningrequests", "") || a.Operation != Create ||
		csr.Spec.SignerName != certificatesv1.KubeAPIServerClientSignerName {
		return nil
	}
	asked, err := pki.ParseRequest(csr.Spec.Request)
	if err != nil {
		return forbidden(a, fmt.Errorf("failed to parse CSR: %v", err))
	}
	if slices.Contains(asked.Organization, "system:masters") {
		return forbidden(a, errors.New("use of "+certificatesv1.KubeAPIServerClientSignerName+" signer with system:masters group is not allowed"))
	}
	return nil
}
