// Package pki issues and reads the cluster's X.509 certificates: its authority, the client certificates of
// kubeconfigs, what a signed certificate request brings back.
//
// It knows no files and no TLS. The authority's keys are Ed25519 and come from seeded chance, so that the same seed
// gives the same bytes. crypto/x509 is not used: it was 245 KB of code in the wasm, for four fields.
package pki

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"crypto/x509/pkix"
)

// Pair is a certificate with its private key, both PEM.
type Pair struct{ Cert, Key []byte }

// Subject is who a certificate speaks for: Kubernetes' user name and groups.
type Subject struct {
	CommonName   string
	Organization []string
}

// Request is what is to be certified.
type Request struct {
	Subject
	// RawSubject is the DER of a name, where it is to be taken over as it is; nil makes it of Subject.
	RawSubject []byte
	Names
	// Usages are what the certificate is good for, in the words of certificates.k8s.io. None is client authentication, with
	// signatures and key encipherment.
	Usages    []string
	NotBefore time.Time
	Lifetime  time.Duration
	// PublicKey is the DER of a SubjectPublicKeyInfo to certify; nil makes a new key.
	PublicKey []byte
}

// Names are alternative names of a subject.
type Names struct {
	DNSNames, Emails, URIs []string
	IPs                    []net.IP
}

// Source yields n random bytes.
type Source func(n int) []byte

// Authority signs certificates.
type Authority struct {
	Pair
	random Source
	issuer Issuer
	until  time.Time
	issued map[[sha256.Size]byte]bool // by the sum of its PEM: its signature need not be checked, which takes long
}

// Issuer is who signs a certificate.
type Issuer struct {
	Subject []byte // DER of a name
	Key     crypto.Signer
}

var (
	oidEd25519     = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidBasic       = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidAltName     = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidSubjectKey  = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidAuthKey     = asn1.ObjectIdentifier{2, 5, 29, 35}
)

type publicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

type validity struct{ NotBefore, NotAfter time.Time }

type tbsCertificate struct {
	Raw        asn1.RawContent
	Version    int `asn1:"optional,explicit,default:0,tag:0"`
	Serial     *big.Int
	Signature  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	Validity   validity
	Subject    asn1.RawValue
	PublicKey  asn1.RawValue
	Extensions []pkix.Extension `asn1:"omitempty,optional,explicit,tag:3"`
}

type certificate struct {
	TBS       tbsCertificate
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// authorityLifetime is that of kubeadm's authority.
const authorityLifetime = 10 * 365 * 24 * time.Hour

// NewAuthority makes a self-signed authority named `kubernetes`, as kubeadm's.
func NewAuthority(random Source, now time.Time) (*Authority, error) {
	key := ed25519.NewKeyFromSeed(random(ed25519.SeedSize))
	subject, err := asn1.Marshal(pkix.Name{CommonName: "kubernetes"}.ToRDNSequence())
	if err != nil {
		return nil, err
	}
	a := &Authority{random: random, issued: map[[sha256.Size]byte]bool{}, issuer: Issuer{Subject: subject, Key: key}, until: now.Add(authorityLifetime).Truncate(time.Second)}
	spki, err := PublicKey(key)
	if err != nil {
		return nil, err
	}
	extensions := []pkix.Extension{
		{Id: oidKeyUsage, Critical: true, Value: []byte{3, 2, 2, 0xa4}}, // digitalSignature, keyEncipherment, keyCertSign
		BasicConstraints(true, true),
		SubjectKeyID(spki),
	}
	names, err := Names{DNSNames: []string{"kubernetes"}}.Extension()
	if err != nil {
		return nil, err
	}
	a.Cert, err = a.issuer.Sign(Unsigned{
		Serial: a.serial(8), Subject: subject, PublicKey: spki, NotBefore: now, NotAfter: a.until, Extensions: append(extensions, names...),
	})
	if err != nil {
		return nil, err
	}
	a.Key, err = KeyPEM(key)
	return a, err
}

// Issue certifies the request, for as long as the authority itself is good at most. Key is nil where the request
// brought its public key.
func (a *Authority) Issue(r Request) (Pair, error) {
	if !r.NotBefore.Before(a.until) {
		return Pair{}, fmt.Errorf("the signer has expired: NotAfter=%v", a.until)
	}
	var p Pair
	subject, spki := r.RawSubject, r.PublicKey
	var err error
	if subject == nil {
		if subject, err = asn1.Marshal(pkix.Name{CommonName: r.CommonName, Organization: r.Organization}.ToRDNSequence()); err != nil {
			return Pair{}, err
		}
	}
	if spki == nil {
		key := ed25519.NewKeyFromSeed(a.random(ed25519.SeedSize))
		if spki, err = PublicKey(key); err != nil {
			return Pair{}, err
		}
		if p.Key, err = KeyPEM(key); err != nil {
			return Pair{}, err
		}
	}
	extensions, err := a.extensions(r)
	if err != nil {
		return Pair{}, err
	}
	until := r.NotBefore.Add(r.Lifetime)
	if until.After(a.until) {
		until = a.until
	}
	p.Cert, err = a.issuer.Sign(Unsigned{
		Serial: a.serial(16), Subject: subject, PublicKey: spki, NotBefore: r.NotBefore, NotAfter: until, Extensions: extensions,
	})
	if err == nil {
		a.issued[sha256.Sum256(p.Cert)] = true
	}
	return p, err
}

func (a *Authority) extensions(r Request) ([]pkix.Extension, error) {
	if len(r.Usages) == 0 {
		r.Usages = []string{"digital signature", "key encipherment", "client auth"}
	}
	out, err := UsageExtensions(r.Usages)
	if err != nil {
		return nil, err
	}
	authority, err := PublicKey(a.issuer.Key)
	if err != nil {
		return nil, err
	}
	names, err := r.Names.Extension()
	if err != nil {
		return nil, err
	}
	out = append(out, BasicConstraints(false, true), AuthorityKeyID(authority))
	return append(out, names...), nil
}

func (a *Authority) serial(n int) *big.Int {
	b := a.random(n)
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}

// BasicConstraints is the extension that tells an authority from others.
func BasicConstraints(ca, critical bool) pkix.Extension {
	value := []byte{0x30, 0}
	if ca {
		value = []byte{0x30, 3, 1, 1, 0xff}
	}
	return pkix.Extension{Id: oidBasic, Critical: critical, Value: value}
}

// Extension is the names' extension, none where there are no names.
func (n Names) Extension() ([]pkix.Extension, error) {
	var names []asn1.RawValue
	add := func(tag int, value []byte) { names = append(names, asn1.RawValue{Class: 2, Tag: tag, Bytes: value}) }
	for _, name := range n.DNSNames {
		add(2, []byte(name))
	}
	for _, email := range n.Emails {
		add(1, []byte(email))
	}
	for _, ip := range n.IPs {
		if v4 := ip.To4(); v4 != nil {
			ip = v4
		}
		add(7, ip)
	}
	for _, uri := range n.URIs {
		add(6, []byte(uri))
	}
	if len(names) == 0 {
		return nil, nil
	}
	value, err := asn1.Marshal(names)
	return []pkix.Extension{{Id: oidAltName, Value: value}}, err
}

// Unsigned is a certificate before it is signed.
type Unsigned struct {
	Serial              *big.Int
	Subject, PublicKey  []byte // DER
	NotBefore, NotAfter time.Time
	Extensions          []pkix.Extension
}

// Sign makes the certificate, in PEM; one without extensions is of version 1.
func (i Issuer) Sign(c Unsigned) ([]byte, error) {
	version := 2
	if len(c.Extensions) == 0 {
		version = 0
	}
	algorithm, err := algorithmOf(i.Key)
	if err != nil {
		return nil, err
	}
	tbs, err := asn1.Marshal(tbsCertificate{
		Version: version, Serial: c.Serial, Signature: algorithm,
		Issuer: asn1.RawValue{FullBytes: i.Subject}, Subject: asn1.RawValue{FullBytes: c.Subject},
		Validity:  validity{c.NotBefore.UTC().Truncate(time.Second), c.NotAfter.UTC().Truncate(time.Second)},
		PublicKey: asn1.RawValue{FullBytes: c.PublicKey}, Extensions: c.Extensions,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding a certificate: %w", err)
	}
	signature, err := sign(i.Key, tbs)
	if err != nil {
		return nil, err
	}
	der, err := asn1.Marshal(certificate{TBS: tbsCertificate{Raw: tbs}, Algorithm: algorithm, Signature: signature})
	if err != nil {
		return nil, fmt.Errorf("encoding a certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

func keyID(spki []byte) []byte {
	sum := sha1.Sum(spki)
	return sum[:]
}

// SubjectKeyID is the extension subjectKeyIdentifier of a public key.
func SubjectKeyID(spki []byte) pkix.Extension {
	value, _ := asn1.Marshal(keyID(spki)) // an octet string always encodes
	return pkix.Extension{Id: oidSubjectKey, Value: value}
}

// AuthorityKeyID is the extension authorityKeyIdentifier of a certificate whose issuer has the public key.
func AuthorityKeyID(spki []byte) pkix.Extension {
	value, _ := asn1.Marshal([]asn1.RawValue{{Class: 2, Tag: 0, Bytes: keyID(spki)}})
	return pkix.Extension{Id: oidAuthKey, Value: value}
}

// Verify reads a client certificate (PEM) that this authority has signed and that is valid at now.
func (a *Authority) Verify(certPEM []byte, now time.Time) (Subject, error) {
	block, _ := pem.Decode(certPEM)
	if block == nil || block.Type != "CERTIFICATE" {
		return Subject{}, errors.New("no PEM certificate")
	}
	var c certificate
	if rest, err := asn1.Unmarshal(block.Bytes, &c); err != nil || len(rest) > 0 {
		return Subject{}, errors.New("malformed certificate")
	}
	if !a.issued[sha256.Sum256(certPEM)] && !a.signed(c) {
		return Subject{}, errors.New("x509: certificate signed by unknown authority")
	}
	if now.Before(c.TBS.Validity.NotBefore) || now.After(c.TBS.Validity.NotAfter) {
		return Subject{}, errors.New("x509: certificate has expired or is not yet valid")
	}
	if !isForClients(c.TBS.Extensions) {
		return Subject{}, errors.New("x509: certificate specifies an incompatible key usage")
	}
	var rdn pkix.RDNSequence
	if _, err := asn1.Unmarshal(c.TBS.Subject.FullBytes, &rdn); err != nil {
		return Subject{}, errors.New("malformed subject")
	}
	var name pkix.Name
	name.FillFromRDNSequence(&rdn)
	return Subject{CommonName: name.CommonName, Organization: name.Organization}, nil
}

func (a *Authority) signed(c certificate) bool {
	pub := a.issuer.Key.Public().(ed25519.PublicKey)
	return c.Algorithm.Algorithm.Equal(oidEd25519) && ed25519.Verify(pub, c.TBS.Raw, c.Signature.RightAlign())
}
