package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"slices"
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
	server, err := a.Issue(pki.Request{Subject: pki.Subject{CommonName: "kube-apiserver"}, NotBefore: now, Lifetime: time.Hour,
		Usages: []string{"digital signature", "key encipherment", "server auth"},
		Names:  pki.Names{DNSNames: []string{"controlplane"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}}})
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
	twin := authority(t, 1) // has the same key, and has issued nothing
	if _, err := twin.Verify(pair.Cert, now); err != nil {
		t.Errorf("its own signature: %v", err)
	}
	block, _ := pem.Decode(pair.Cert)
	block.Bytes[len(block.Bytes)-1] ^= 1
	if _, err := a.Verify(pem.EncodeToMemory(block), now); err == nil {
		t.Error("a broken signature was taken")
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

func TestACertificateOfAServerIsNoClients(t *testing.T) {
	a := authority(t, 1)
	server, err := a.Issue(pki.Request{Subject: pki.Subject{CommonName: "x"}, Usages: []string{"server auth"}, NotBefore: now, Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verify(server.Cert, now); err == nil || err.Error() != "x509: certificate specifies an incompatible key usage" {
		t.Error(err)
	}
}

func TestNoCertificateOutlivesItsAuthority(t *testing.T) {
	a := authority(t, 1)
	p, err := a.Issue(pki.Request{Subject: pki.Subject{CommonName: "x"}, NotBefore: now, Lifetime: 100 * 365 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if got, root := parse(t, p.Cert).NotAfter, parse(t, a.Cert).NotAfter; !got.Equal(root) {
		t.Errorf("until %v, the authority until %v", got, root)
	}
}

// What usages become, as crypto/x509 reads it.
func TestUsages(t *testing.T) {
	a := authority(t, 1)
	for _, c := range []struct {
		usages []string
		key    x509.KeyUsage
		ext    []x509.ExtKeyUsage
	}{
		{[]string{"client auth"}, 0, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
		{[]string{"client auth", "server auth", "key encipherment", "signing"}, x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
			[]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}},
		{[]string{"decipher only", "crl sign", "any", "netscape sgc"}, x509.KeyUsageDecipherOnly | x509.KeyUsageCRLSign,
			[]x509.ExtKeyUsage{x509.ExtKeyUsageAny, x509.ExtKeyUsageNetscapeServerGatedCrypto}},
	} {
		p, err := a.Issue(pki.Request{Subject: pki.Subject{CommonName: "x"}, Usages: c.usages, NotBefore: now, Lifetime: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		cert := parse(t, p.Cert)
		if cert.KeyUsage != c.key || !slices.Equal(cert.ExtKeyUsage, c.ext) || cert.IsCA || !cert.BasicConstraintsValid {
			t.Errorf("%q: %b %v", c.usages, cert.KeyUsage, cert.ExtKeyUsage)
		}
	}
	if _, err := a.Issue(pki.Request{Usages: []string{"client auth", "nonsense"}, NotBefore: now, Lifetime: time.Hour}); err == nil || err.Error() != `unrecognized usage values: ["nonsense"]` {
		t.Error(err)
	}
}

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// Keys written here are read by crypto/x509, and those written there are read here.
func TestKeys(t *testing.T) {
	fresh, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	made := pki.RSAKey(fresh.Primes[0], fresh.Primes[1])
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []crypto.Signer{made, ed} {
		text, err := pki.KeyPEM(key)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		theirs, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := pki.ParseKey(text)
		if err != nil {
			t.Fatal(err)
		}
		want, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		got, err := pki.PublicKey(ours)
		if err != nil {
			t.Fatal(err)
		}
		again, err := x509.MarshalPKIXPublicKey(theirs.(crypto.Signer).Public())
		if err != nil || !bytes.Equal(got, want) || !bytes.Equal(again, want) {
			t.Errorf("%T: %v", key, err)
		}
	}
	old := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(fresh)})
	if got, err := pki.ParseKey(old); err != nil || !fresh.PublicKey.Equal(got.Public()) {
		t.Error(err)
	}
	for _, bad := range []string{"", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n"} {
		if _, err := pki.ParseKey([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
