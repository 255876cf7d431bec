package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim/chance"
	"terrarium/sim/pki"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func authority(t *testing.T, seed uint64) *pki.Authority {
	t.Helper()
	a, err := pki.NewAuthority(chance.New(seed).Bytes, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The standard library believes what we issue.
func TestChain(t *testing.T) {
	a := authority(t, 1)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.Cert) {
		t.Fatal("crypto/x509 does not read the authority's certificate")
	}
	server, err := a.Issue(pki.Request{Subject: pki.Subject{CommonName: "kube-apiserver"}, Server: true, NotBefore: now,
		Lifetime: time.Hour, DNSNames: []string{"controlplane"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(server.Cert, server.Key); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(server.Cert)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"controlplane", "127.0.0.1"} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: now}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: "elsewhere", CurrentTime: now}); err == nil {
		t.Error("verified for a name that it does not carry")
	}
}

func TestVerify(t *testing.T) {
	a := authority(t, 1)
	want := pki.Subject{CommonName: "kubernetes-admin", Organization: []string{"kubeadm:cluster-admins"}}
	pair, err := a.Issue(pki.Request{Subject: want, NotBefore: now, Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Verify(pair.Cert, now)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := a.Verify(pair.Cert, now.Add(2*time.Hour)); err == nil {
		t.Error("an expired certificate was taken")
	}
	if _, err := authority(t, 2).Verify(pair.Cert, now); err == nil {
		t.Error("another authority's certificate was taken")
	}
	for _, bad := range []string{"", "junk", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"} {
		if _, err := a.Verify([]byte(bad), now); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if d := cmp.Diff(authority(t, 1).Cert, a.Cert); d != "" {
		t.Error("the same seed gave another authority")
	}
}
