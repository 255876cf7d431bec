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
	// RawSubject is the DER of the subject, with its parts in the order in which crypto/x509 writes them: that of the
	// certificates that the controller manager signs.
	RawSubject []byte
	// Serial is the subject's serialNumber, mostly empty.
	Serial string
	Names
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
	subject, err := asn1.Marshal(name.ToRDNSequence())
	if err != nil {
		return Asked{}, err
	}
	out := Asked{
		Subject:   Subject{CommonName: name.CommonName, Organization: name.Organization},
		Serial:    name.SerialNumber,
		PublicKey: r.Info.PublicKey.FullBytes, RawSubject: subject,
	}
	return out, out.readNames(r.Info.Attributes)
}

// readNames takes the alternative names from the extensions that the request asks for.
func (a *Asked) readNames(attributes []asn1.RawValue) error {
	extensions, err := requestedExtensions(attributes)
	if err != nil {
		return err
	}
	for _, e := range extensions {
		if e.Id.Equal(oidAltName) {
			if err := a.read(e.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// requestedExtensions are those that a request's attributes ask for.
func requestedExtensions(attributes []asn1.RawValue) (out []pkix.Extension, err error) {
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
			return nil, err
		}
		out = append(out, extensions...)
	}
	return out, nil
}

// read takes the names from the extension's value, of the kinds that certificates of a cluster know.
func (n *Names) read(value []byte) error {
	var names []asn1.RawValue
	if _, err := asn1.Unmarshal(value, &names); err != nil {
		return err
	}
	for _, name := range names {
		switch name.Tag {
		case 1:
			n.Emails = append(n.Emails, string(name.Bytes))
		case 2:
			n.DNSNames = append(n.DNSNames, string(name.Bytes))
		case 6:
			n.URIs = append(n.URIs, string(name.Bytes))
		case 7:
			n.IPs = append(n.IPs, net.IP(name.Bytes))
		}
	}
	return nil
}
