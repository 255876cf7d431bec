package describe

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/duration"
)

func certificateSigningRequest(c *call, p *page) error {
	var o certificatesv1.CertificateSigningRequest
	if err := c.get(resource("certificates.k8s.io", "v1", "certificatesigningrequests"), &o); err != nil {
		return err
	}
	request, err := parseRequest(o.Spec.Request)
	if err != nil {
		return fmt.Errorf("Error parsing CSR: %v", err)
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Labels", "%s", labels.FormatLabels(o.Labels))
	p.field(0, "Annotations", "%s", labels.FormatLabels(o.Annotations))
	p.field(0, "CreationTimestamp", "%s", stamp(o.CreationTimestamp.Time))
	p.field(0, "Requesting User", "%s", o.Spec.Username)
	if o.Spec.SignerName != "" {
		p.field(0, "Signer", "%s", o.Spec.SignerName)
	}
	if s := o.Spec.ExpirationSeconds; s != nil {
		p.field(0, "Requested Duration", "%s", duration.HumanDuration(time.Duration(*s)*time.Second))
	}
	p.field(0, "Status", "%s", requestStatus(&o.Status))
	s := &request.subject
	p.head(0, "Subject")
	p.put(0, "\tCommon Name:\t%s\n", s.CommonName)
	p.put(0, "\tSerial Number:\t%s\n", s.SerialNumber)
	p.names("Organization", s.Organization)
	p.names("Organizational Unit", s.OrganizationalUnit)
	p.names("Country", s.Country)
	p.names("Locality", s.Locality)
	p.names("Province", s.Province)
	p.names("StreetAddress", s.StreetAddress)
	p.names("PostalCode", s.PostalCode)
	if len(request.dns)+len(request.emails)+len(request.uris)+len(request.ips) > 0 {
		p.head(0, "Subject Alternative Names")
		p.names("DNS Names", request.dns)
		p.names("Email Addresses", request.emails)
		p.names("URIs", request.uris)
		p.names("IP Addresses", request.ips)
	}
	c.events(p, "CertificateSigningRequest", &o.ObjectMeta)
	return nil
}

func (p *page) names(title string, list []string) {
	if len(list) > 0 {
		p.put(0, "\t%s:\t%s\n", title, strings.Join(list, "\n\t\t"))
	}
}

func requestStatus(s *certificatesv1.CertificateSigningRequestStatus) string {
	is := map[certificatesv1.RequestConditionType]bool{}
	for _, x := range s.Conditions {
		is[x.Type] = true
	}
	status := "Pending"
	switch {
	case is[certificatesv1.CertificateDenied]:
		status = "Denied"
	case is[certificatesv1.CertificateApproved]:
		status = "Approved"
	}
	if is[certificatesv1.CertificateFailed] {
		status += ",Failed"
	}
	if len(s.Certificate) > 0 {
		status += ",Issued"
	}
	return status
}

// A signingRequest is what a PKCS #10 request says of its subject. The whole of crypto/x509 would be too much for that.
type signingRequest struct {
	subject                pkix.Name
	dns, emails, uris, ips []string
}

func parseRequest(data []byte) (*signingRequest, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("PEM block type must be CERTIFICATE REQUEST")
	}
	var outer struct {
		Info struct {
			Version    int
			Subject    pkix.RDNSequence
			PublicKey  asn1.RawValue
			Attributes []asn1.RawValue `asn1:"tag:0"`
		}
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if rest, err := asn1.Unmarshal(block.Bytes, &outer); err != nil {
		return nil, err
	} else if len(rest) > 0 {
		return nil, asn1.SyntaxError{Msg: "trailing data"}
	}
	r := &signingRequest{}
	r.subject.FillFromRDNSequence(&outer.Info.Subject)
	for _, raw := range outer.Info.Attributes {
		var attribute struct {
			ID    asn1.ObjectIdentifier
			Value [][]pkix.Extension `asn1:"set"`
		}
		// Attributes other than extensions have another shape, and are not shown.
		if _, err := asn1.Unmarshal(raw.FullBytes, &attribute); err != nil || attribute.ID.String() != "1.2.840.113549.1.9.14" {
			continue
		}
		for _, extensions := range attribute.Value {
			for _, e := range extensions {
				if e.Id.String() == "2.5.29.17" {
					r.alternatives(e.Value)
				}
			}
		}
	}
	return r, nil
}

func (r *signingRequest) alternatives(der []byte) {
	var names []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &names); err != nil {
		return
	}
	for _, n := range names {
		switch n.Tag {
		case 1:
			r.emails = append(r.emails, string(n.Bytes))
		case 2:
			r.dns = append(r.dns, string(n.Bytes))
		case 6:
			r.uris = append(r.uris, string(n.Bytes))
		case 7:
			r.ips = append(r.ips, net.IP(n.Bytes).String())
		}
	}
}
