package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseRequest(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject:        pkix.Name{CommonName: "jane", Organization: []string{"devs"}},
		DNSNames:       []string{"a.example"},
		EmailAddresses: []string{"jane@example.com"},
		IPAddresses:    []net.IP{net.IPv4(10, 0, 0, 1).To4()},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	got, err := ParseRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	want := Asked{
		Subject: Subject{CommonName: "jane", Organization: []string{"devs"}},
		Names:   Names{DNSNames: []string{"a.example"}, Emails: []string{"jane@example.com"}, IPs: []net.IP{{10, 0, 0, 1}}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Asked{}, "PublicKey", "RawSubject")); diff != "" {
		t.Error(diff)
	}

	var names pkix.RDNSequence
	if _, err := asn1.Unmarshal(got.RawSubject, &names); err != nil || names.String() != "CN=jane,O=devs" { // String begins at the end
		t.Errorf("%v %v", names, err)
	}

	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	a, err := NewAuthority(func(n int) []byte { b := make([]byte, n); rand.Read(b); return b }, now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Issue(Request{Subject: got.Subject, PublicKey: got.PublicKey, NotBefore: now, Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(p.Cert)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) || cert.Subject.String() != "CN=jane,O=devs" {
		t.Errorf("the certificate is of %s", cert.Subject)
	}
}

func TestParseRequestRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"no PEM", "jane", "PEM block type must be CERTIFICATE REQUEST"},
		{"a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "PEM block type must be CERTIFICATE REQUEST"},
		{"garbage", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
			"asn1: structure error: tags don't match (16 vs {class:0 tag:0 length:0 isCompound:false}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := ParseRequest([]byte(test.text)); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
