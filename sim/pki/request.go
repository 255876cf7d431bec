package pki

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"net"
)

// Asked is what a certificate request (PKCS #10) asks for.
type Asked struct {
	Subject
	// PublicKey is the DER of the SubjectPublicKeyInfo.
	PublicKey []byte
	// Serial is the subject's serialNumber, mostly empty.
	Serial string
	// The alternative names.
	DNSNames, Emails, URIs []string
	IPs                    []net.IP
}

type requestInfo struct {
	Raw        asn1.RawContent
	Version    int
	Subject    asn1.RawValue
	PublicKey  asn1.RawValue
	Attributes []asn1.RawValue `asn1:"tag:0"`
}

type certificateRequest struct {
	Info      requestInfo
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

var oidExtensionRequest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}

// ParseRequest reads a PEM certificate request. It does not check that the request is signed with the key it is for.
func ParseRequest(text []byte) (Asked, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return Asked{}, errors.New("PEM block type must be CERTIFICATE REQUEST")
	}
	var r certificateRequest
	if rest, err := asn1.Unmarshal(block.Bytes, &r); err != nil {
		return Asked{}, err
	} else if len(rest) > 0 {
		return Asked{}, asn1.SyntaxError{Msg: "trailing data"}
	}
	var rdn pkix.RDNSequence
	if rest, err := asn1.Unmarshal(r.Info.Subject.FullBytes, &rdn); err != nil {
		return Asked{}, err
	} else if len(rest) > 0 {
		return Asked{}, errors.New("x509: trailing data after X.509 Subject")
	}
	var name pkix.Name
	name.FillFromRDNSequence(&rdn)
	out := Asked{
		Subject:   Subject{CommonName: name.CommonName, Organization: name.Organization},
		Serial:    name.SerialNumber,
		PublicKey: r.Info.PublicKey.FullBytes,
	}
	return out, out.readNames(r.Info.Attributes)
}

// readNames takes the alternative names from the extensions that the request asks for.
func (a *Asked) readNames(attributes []asn1.RawValue) error {
	for _, raw := range attributes {
		var attribute struct {
			ID     asn1.ObjectIdentifier
			Values []asn1.RawValue `asn1:"set"`
		}
		if _, err := asn1.Unmarshal(raw.FullBytes, &attribute); err != nil || !attribute.ID.Equal(oidExtensionRequest) || len(attribute.Values) == 0 {
			continue
		}
		var extensions []pkix.Extension
		if _, err := asn1.Unmarshal(attribute.Values[0].FullBytes, &extensions); err != nil {
			return err
		}
		for _, e := range extensions {
			if !e.Id.Equal(oidAltName) {
				continue
			}
			var names []asn1.RawValue
			if _, err := asn1.Unmarshal(e.Value, &names); err != nil {
				return err
			}
			for _, n := range names {
				a.addName(n)
			}
		}
	}
	return nil
}

// addName keeps the kinds of names that certificates of a cluster know.
func (a *Asked) addName(n asn1.RawValue) {
	switch n.Tag {
	case 1:
		a.Emails = append(a.Emails, string(n.Bytes))
	case 2:
		a.DNSNames = append(a.DNSNames, string(n.Bytes))
	case 6:
		a.URIs = append(a.URIs, string(n.Bytes))
	case 7:
		a.IPs = append(a.IPs, net.IP(n.Bytes))
	}
}
