package controllers

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	v1 "k8s.io/api/core/v1"

	"terrarium/sim/api"
	"terrarium/sim/pki"
)

const (
	// signedFor is how long certificates are good for unless less is asked for; signedAtLeast is the least that is given.
	signedFor     = 365 * 24 * time.Hour
	signedAtLeast = 10 * time.Minute
	// backdated is how long before its signing a certificate begins; one of less than shortLived does not end earlier for it.
	backdated  = 5 * time.Minute
	shortLived = 8 * time.Hour
)

// csrSigner issues the certificates of approved requests for the cluster's own signers.
type csrSigner struct {
	base
	authority *pki.Authority
}

func startCSRSigning(cfg Config) error {
	if cfg.Authority == nil {
		return nil
	}
	c := &csrSigner{authority: cfg.Authority}
	c.base = newBase(cfg, "certificate-controller", "csrsigning", c.reconcile)
	return watchRequests(&c.base)
}

func (c *csrSigner) reconcile(name string) (time.Duration, error) {
	old, err := api.Get[certificatesv1.CertificateSigningRequest](c.client, "", name)
	if err != nil || len(old.Status.Certificate) > 0 || !hasRequestCondition(old, certificatesv1.CertificateApproved) ||
		hasRequestCondition(old, certificatesv1.CertificateDenied) || hasRequestCondition(old, certificatesv1.CertificateFailed) {
		return 0, ignoreMissing(err)
	}
	rules := signerRules(old.Spec.SignerName)
	if rules == nil {
		return 0, nil
	}
	asked, err := pki.ParseRequest(old.Spec.Request)
	if err != nil {
		return 0, fmt.Errorf("unable to parse csr %q: %v", old.Name, err)
	}
	next := old.DeepCopy()
	if problem := rules(asked, old.Spec.Usages); problem != nil {
		next.Status.Conditions = append(next.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
			Type: certificatesv1.CertificateFailed, Status: v1.ConditionTrue, Reason: "SignerValidationFailure", Message: problem.Error(), LastUpdateTime: c.now(),
		})
	} else if next.Status.Certificate, err = c.sign(asked, &old.Spec); err != nil {
		return 0, fmt.Errorf("error auto signing csr: %v", err)
	}
	_, err = api.UpdateStatus(c.client, next)
	return 0, ignoreMissing(err)
}

func (c *csrSigner) sign(asked pki.Asked, spec *certificatesv1.CertificateSigningRequestSpec) ([]byte, error) {
	lifetime := signedFor
	if s := spec.ExpirationSeconds; s != nil {
		lifetime = min(max(time.Duration(*s)*time.Second, signedAtLeast), signedFor)
	}
	if lifetime < shortLived {
		lifetime += backdated
	}
	usages := make([]string, len(spec.Usages))
	for i, u := range spec.Usages {
		usages[i] = string(u)
	}
	pair, err := c.authority.Issue(pki.Request{
		RawSubject: asked.RawSubject, Names: asked.Names, PublicKey: asked.PublicKey, Usages: usages,
		NotBefore: c.clock.Now().Add(-backdated), Lifetime: lifetime,
	})
	return pair.Cert, err
}

// signerRules are what a signer wants of its requests; nil is a signer that this controller does not stand for.
func signerRules(signer string) func(pki.Asked, []certificatesv1.KeyUsage) error {
	switch signer {
	case certificatesv1.KubeAPIServerClientSignerName:
		return func(_ pki.Asked, usages []certificatesv1.KeyUsage) error { return clientUsageProblem(usages) }
	case certificatesv1.KubeAPIServerClientKubeletSignerName:
		return kubeletClientProblem
	case certificatesv1.KubeletServingSignerName:
		return kubeletServingProblem
	}
	return nil
}

func clientUsageProblem(usages []certificatesv1.KeyUsage) error {
	for _, u := range usages {
		switch u {
		case certificatesv1.UsageDigitalSignature, certificatesv1.UsageKeyEncipherment, certificatesv1.UsageClientAuth:
		default:
			return fmt.Errorf("invalid usage for client certificate: %s", u)
		}
	}
	if !slices.Contains(usages, certificatesv1.UsageClientAuth) {
		return fmt.Errorf("missing required usage for client certificate: %s", certificatesv1.UsageClientAuth)
	}
	return nil
}

var (
	errNotOfNodes = errors.New("subject organization is not system:nodes")
	errNoNode     = errors.New("subject common name does not begin with system:node:")
)

// kubeletClientProblem is why a request is not that of a kubelet for its client certificate.
func kubeletClientProblem(asked pki.Asked, usages []certificatesv1.KeyUsage) error {
	switch {
	case !slices.Equal(asked.Organization, []string{"system:nodes"}):
		return errNotOfNodes
	case len(asked.DNSNames) > 0:
		return errors.New("DNS subjectAltNames are not allowed")
	case len(asked.Emails) > 0:
		return errors.New("Email subjectAltNames are not allowed")
	case len(asked.IPs) > 0:
		return errors.New("IP subjectAltNames are not allowed")
	case len(asked.URIs) > 0:
		return errors.New("URI subjectAltNames are not allowed")
	case !strings.HasPrefix(asked.CommonName, "system:node:"):
		return errNoNode
	}
	return kubeletUsageProblem(usages, certificatesv1.UsageClientAuth)
}

// kubeletServingProblem is why a request is not that of a kubelet for its serving certificate.
func kubeletServingProblem(asked pki.Asked, usages []certificatesv1.KeyUsage) error {
	switch {
	case !slices.Equal(asked.Organization, []string{"system:nodes"}):
		return errNotOfNodes
	case len(asked.DNSNames)+len(asked.IPs) == 0:
		return errors.New("DNS or IP subjectAltName is required")
	case len(asked.Emails) > 0:
		return errors.New("Email subjectAltNames are not allowed")
	case len(asked.URIs) > 0:
		return errors.New("URI subjectAltNames are not allowed")
	}
	if err := kubeletUsageProblem(usages, certificatesv1.UsageServerAuth); err != nil {
		return err
	}
	if !strings.HasPrefix(asked.CommonName, "system:node:") {
		return errNoNode
	}
	return nil
}

// kubeletUsageProblem wants digital signature and the purpose, and lets key encipherment be there or not.
func kubeletUsageProblem(usages []certificatesv1.KeyUsage, purpose certificatesv1.KeyUsage) error {
	all := []string{string(purpose), string(certificatesv1.UsageDigitalSignature), string(certificatesv1.UsageKeyEncipherment)}
	slices.Sort(all)
	var got []string
	for _, u := range usages {
		if u != certificatesv1.UsageKeyEncipherment {
			got = append(got, string(u))
		}
	}
	slices.Sort(got)
	want := slices.DeleteFunc(slices.Clone(all), func(u string) bool { return u == string(certificatesv1.UsageKeyEncipherment) })
	if !slices.Equal(slices.Compact(got), want) {
		return fmt.Errorf("usages did not match %v", all)
	}
	return nil
}
