package resources

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	certificatesv1 "k8s.io/api/certificates/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// keyUsages are all that a certificate may be asked for, in the order in which a message names them.
func keyUsages() []certificatesv1.KeyUsage {
	usages := []certificatesv1.KeyUsage{
		certificatesv1.UsageSigning, certificatesv1.UsageDigitalSignature, certificatesv1.UsageContentCommitment,
		certificatesv1.UsageKeyEncipherment, certificatesv1.UsageKeyAgreement, certificatesv1.UsageDataEncipherment,
		certificatesv1.UsageCertSign, certificatesv1.UsageCRLSign, certificatesv1.UsageEncipherOnly, certificatesv1.UsageDecipherOnly,
		certificatesv1.UsageAny, certificatesv1.UsageServerAuth, certificatesv1.UsageClientAuth, certificatesv1.UsageCodeSigning,
		certificatesv1.UsageEmailProtection, certificatesv1.UsageSMIME, certificatesv1.UsageIPsecEndSystem, certificatesv1.UsageIPsecTunnel,
		certificatesv1.UsageIPsecUser, certificatesv1.UsageTimestamping, certificatesv1.UsageOCSPSigning, certificatesv1.UsageMicrosoftSGC,
		certificatesv1.UsageNetscapeSGC,
	}
	slices.Sort(usages)
	return usages
}

// validateRequest checks a request and, where old is one, that what has been decided stays; approval lets it be
// decided, and issuing lets the certificate be put in.
func validateRequest(r, old *certificatesv1.CertificateSigningRequest, approval, issuing bool) field.ErrorList {
	var p problems
	at := field.NewPath("spec")
	if err := requestError(r.Spec.Request); err != nil {
		p.invalid(at.Child("request"), r.Spec.Request, err.Error())
	}
	validateUsages(&p, at.Child("usages"), r.Spec.Usages, old)
	if name := r.Spec.SignerName; name == "kubernetes.io/legacy-unknown" && (old == nil || old.Spec.SignerName != name) {
		p.invalid(at.Child("signerName"), name, "the legacy signerName is not allowed via this API version")
	} else {
		validateSignerName(&p, at.Child("signerName"), name)
	}
	if seconds := or(r.Spec.ExpirationSeconds, 600); seconds < 600 {
		p.invalid(at.Child("expirationSeconds"), seconds, "may not specify a duration less than 600 seconds (10 minutes)")
	}
	validateRequestConditions(&p, field.NewPath("status", "conditions"), r, old)
	same := old != nil && bytes.Equal(r.Status.Certificate, old.Status.Certificate)
	if !same && (old == nil || certificateError(old.Status.Certificate) == nil) {
		if err := certificateError(r.Status.Certificate); err != nil {
			p.invalid(field.NewPath("status", "certificate"), "<certificate data>", err.Error())
		}
	}
	if old != nil {
		validateDecision(&p, r, old, approval)
		if at := field.NewPath("status", "certificate"); !same && !issuing {
			p.forbidden(at, "updates may not set certificate content")
		} else if !same && len(old.Status.Certificate) > 0 {
			p.forbidden(at, "updates may not modify existing certificate content")
		}
	}
	return p.list()
}

func requestError(text []byte) error {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return errors.New("PEM block type must be CERTIFICATE REQUEST")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return err
	}
	return request.CheckSignature()
}

func certificateError(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	for blocks := 0; ; blocks++ {
		block, rest := pem.Decode(text)
		if block == nil && blocks == 0 {
			return errors.New("must contain at least one CERTIFICATE PEM block")
		}
		if block == nil {
			return nil
		}
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("only CERTIFICATE PEM blocks are allowed, found %q", block.Type)
		}
		if len(block.Headers) != 0 {
			return errors.New("no PEM block headers are permitted")
		}
		certificates, err := x509.ParseCertificates(block.Bytes)
		if err != nil {
			return err
		}
		if len(certificates) == 0 {
			return errors.New("found CERTIFICATE PEM block containing 0 certificates")
		}
		text = rest
	}
}

func validateUsages(p *problems, at *field.Path, usages []certificatesv1.KeyUsage, old *certificatesv1.CertificateSigningRequest) {
	if len(usages) == 0 {
		p.required(at, "")
	}
	known := keyUsages()
	anyUsage, anyNumber := false, false
	if old != nil {
		before := slices.Clone(old.Spec.Usages)
		slices.Sort(before)
		anyNumber = len(slices.Compact(before)) < len(old.Spec.Usages)
		anyUsage = slices.ContainsFunc(old.Spec.Usages, func(u certificatesv1.KeyUsage) bool { return !slices.Contains(known, u) })
	}
	for i, usage := range usages {
		if !anyUsage {
			oneOf(p, at.Index(i), usage, known...)
		}
	}
	for i, usage := range usages {
		if !anyNumber && slices.Contains(usages[:i], usage) {
			p.duplicate(at.Index(i), usage)
		}
	}
}

func validateSignerName(p *problems, at *field.Path, name string) {
	if !p.present(at, name) {
		return
	}
	domain, path, found := strings.Cut(name, "/")
	if !found || strings.Contains(path, "/") {
		p.invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")
		return
	}
	const longest = validation.DNS1123SubdomainMaxLength
	if len(domain) > longest {
		p.tooLong(at, longest)
	}
	first := func(of string, wrong func(string) []string) {
		for label := range strings.SplitSeq(of, ".") {
			if texts := wrong(label); len(texts) > 0 {
				for _, text := range texts {
					p.invalid(at, of, fmt.Sprintf("validating label %q: %s", label, text))
				}
				return
			}
		}
	}
	first(domain, validation.IsDNS1123Label)
	if !strings.Contains(domain, ".") {
		p.invalid(at, domain, "should be a domain with at least two segments separated by dots")
	}
	first(path, validation.IsDNS1123Subdomain)
	if most := 2*longest + validation.DNS1123LabelMaxLength + 2; len(name) > most {
		p.tooLong(at, most)
	}
}

func validateRequestConditions(p *problems, at *field.Path, r, old *certificatesv1.CertificateSigningRequest) {
	var both, twice, nameless bool // as they were before
	if old != nil {
		both = len(conditionsOf(old, certificatesv1.CertificateApproved)) > 0 && len(conditionsOf(old, certificatesv1.CertificateDenied)) > 0
		nameless = len(conditionsOf(old, "")) > 0
		for _, c := range old.Status.Conditions {
			twice = twice || len(conditionsOf(old, c.Type)) > 1
		}
	}
	seen := map[certificatesv1.RequestConditionType]bool{}
	for i, c := range r.Status.Conditions {
		at, whole := at.Index(i), at
		if !nameless {
			p.present(at.Child("type"), string(c.Type))
		}
		var opposite certificatesv1.RequestConditionType
		switch c.Type {
		case certificatesv1.CertificateApproved:
			opposite = certificatesv1.CertificateDenied
		case certificatesv1.CertificateDenied:
			opposite = certificatesv1.CertificateApproved
		}
		if opposite != "" || c.Type == certificatesv1.CertificateFailed {
			oneOfRequired(p, at.Child("status"), c.Status, v1.ConditionTrue)
		} else {
			oneOfRequired(p, at.Child("status"), c.Status, v1.ConditionFalse, v1.ConditionTrue, v1.ConditionUnknown)
		}
		if !both && opposite != "" && seen[opposite] {
			p.invalid(whole, c.Type, "Approved and Denied conditions are mutually exclusive")
		}
		if !twice && seen[c.Type] {
			p.duplicate(at.Child("type"), c.Type)
		}
		seen[c.Type] = true
	}
}

// validateDecision keeps what has been decided.
func validateDecision(p *problems, r, old *certificatesv1.CertificateSigningRequest, approval bool) {
	at := field.NewPath("status", "conditions")
	for _, kind := range []certificatesv1.RequestConditionType{certificatesv1.CertificateApproved, certificatesv1.CertificateDenied, certificatesv1.CertificateFailed} {
		if len(conditionsOf(r, kind)) < len(conditionsOf(old, kind)) {
			p.forbidden(at, fmt.Sprintf("updates may not remove a condition of type %q", kind))
		}
	}
	if approval {
		return
	}
	for _, kind := range []certificatesv1.RequestConditionType{certificatesv1.CertificateApproved, certificatesv1.CertificateDenied} {
		now, before := conditionsOf(r, kind), conditionsOf(old, kind)
		switch {
		case len(now) > len(before):
			p.forbidden(at, fmt.Sprintf("updates may not add a condition of type %q", kind))
		case len(now) == len(before) && !equality.Semantic.DeepEqual(now, before):
			p.forbidden(at, fmt.Sprintf("updates may not modify a condition of type %q\n%s", kind, difference(before, now)))
		}
	}
}
