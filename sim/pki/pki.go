// Package pki issues and reads the cluster's X.509 certificates: its authority, the client certificates of
// kubeconfigs, what a signed certificate request brings back.
//
// It knows no files and no TLS. Keys are Ed25519 and come from seeded chance, so that the same seed gives the same
// bytes. crypto/x509 is not used: it was 245 KB of code in the wasm, for four fields.
package pki

import (
	"crypto/ed25519"
	"crypto/sha1"
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
type Pair struct {
	Cert, Key []byte
	key       ed25519.PrivateKey
	subject   pkix.RDNSequence
}

// Subject is who a certificate speaks for: Kubernetes' user name and groups.
type Subject struct {
	CommonName   string
	Organization []string
}

// Request is what is to be certified.
type Request struct {
	Subject
	DNSNames  []string
	IPs       []net.IP
	Server    bool // server authentication; otherwise client authentication
	NotBefore time.Time
	Lifetime  time.Duration
	// PublicKey is the DER of a SubjectPublicKeyInfo to certify; nil makes a new key.
	PublicKey []byte
}

// Source yields n random bytes.
type Source func(n int) []byte

// Authority signs certificates.
type Authority struct {
	Pair
	random Source
}

var (
	oidEd25519     = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidBasic       = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidAltName     = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidSubjectKey  = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidAuthKey     = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidServerAuth  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	oidClientAuth  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
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

// NewAuthority makes a self-signed authority named `kubernetes`, as kubeadm's.
func NewAuthority(random Source, now time.Time) (*Authority, error) {
	a := &Authority{random: random}
	a.key = ed25519.NewKeyFromSeed(random(ed25519.SeedSize))
	a.subject = pkix.Name{CommonName: "kubernetes"}.ToRDNSequence()
	spki, err := publicKeyOf(a.key)
	if err != nil {
		return nil, err
	}
	basic, err := asn1.Marshal(struct{ IsCA bool }{true})
	if err != nil {
		return nil, err
	}
	extensions := []pkix.Extension{
		{Id: oidKeyUsage, Critical: true, Value: []byte{3, 2, 2, 0xa4}}, // digitalSignature, keyEncipherment, keyCertSign
		{Id: oidBasic, Critical: true, Value: basic},
		subjectKeyID(spki),
	}
	altName, err := asn1.Marshal([]asn1.RawValue{{Class: 2, Tag: 2, Bytes: []byte("kubernetes")}})
	if err != nil {
		return nil, err
	}
	extensions = append(extensions, pkix.Extension{Id: oidAltName, Value: altName})
	a.Cert, err = a.sign(a.subject, spki, now, 10*365*24*time.Hour, extensions)
	if err != nil {
		return nil, err
	}
	a.Key, err = keyPEM(a.key)
	return a, err
}

// Issue certifies the request. Key is nil where the request brought its public key.
func (a *Authority) Issue(r Request) (Pair, error) {
	p := Pair{subject: pkix.Name{CommonName: r.CommonName, Organization: r.Organization}.ToRDNSequence()}
	spki := r.PublicKey
	var err error
	if spki == nil {
		p.key = ed25519.NewKeyFromSeed(a.random(ed25519.SeedSize))
		if spki, err = publicKeyOf(p.key); err != nil {
			return Pair{}, err
		}
		if p.Key, err = keyPEM(p.key); err != nil {
			return Pair{}, err
		}
	}
	usage := oidClientAuth
	if r.Server {
		usage = oidServerAuth
	}
	ext, err := asn1.Marshal([]asn1.ObjectIdentifier{usage})
	if err != nil {
		return Pair{}, err
	}
	authority, err := publicKeyOf(a.key)
	if err != nil {
		return Pair{}, err
	}
	keyID, err := asn1.Marshal([]asn1.RawValue{{Class: 2, Tag: 0, Bytes: keyID(authority)}})
	if err != nil {
		return Pair{}, err
	}
	extensions := []pkix.Extension{
		{Id: oidKeyUsage, Critical: true, Value: []byte{3, 2, 5, 0xa0}}, // digitalSignature, keyEncipherment
		{Id: oidExtKeyUsage, Value: ext},
		{Id: oidAuthKey, Value: keyID},
	}
	if names := altNames(r); len(names) > 0 {
		value, err := asn1.Marshal(names)
		if err != nil {
			return Pair{}, err
		}
		extensions = append(extensions, pkix.Extension{Id: oidAltName, Value: value})
	}
	p.Cert, err = a.sign(p.subject, spki, r.NotBefore, r.Lifetime, extensions)
	return p, err
}

func altNames(r Request) (names []asn1.RawValue) {
	for _, n := range r.DNSNames {
		names = append(names, asn1.RawValue{Class: 2, Tag: 2, Bytes: []byte(n)})
	}
	for _, ip := range r.IPs {
		if v4 := ip.To4(); v4 != nil {
			ip = v4
		}
		names = append(names, asn1.RawValue{Class: 2, Tag: 7, Bytes: ip})
	}
	return names
}

func (a *Authority) sign(subject pkix.RDNSequence, spki []byte, from time.Time, lifetime time.Duration, ext []pkix.Extension) ([]byte, error) {
	issuerDER, err := asn1.Marshal(a.subject)
	if err != nil {
		return nil, err
	}
	subjectDER, err := asn1.Marshal(subject)
	if err != nil {
		return nil, err
	}
	serial := a.random(8)
	serial[0] &= 0x7f
	algorithm := pkix.AlgorithmIdentifier{Algorithm: oidEd25519}
	tbs, err := asn1.Marshal(tbsCertificate{
		Version: 2, Serial: new(big.Int).SetBytes(serial), Signature: algorithm,
		Issuer: asn1.RawValue{FullBytes: issuerDER}, Subject: asn1.RawValue{FullBytes: subjectDER},
		Validity:  validity{from.UTC().Truncate(time.Second), from.Add(lifetime).UTC().Truncate(time.Second)},
		PublicKey: asn1.RawValue{FullBytes: spki}, Extensions: ext,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding a certificate: %w", err)
	}
	der, err := asn1.Marshal(certificate{
		TBS: tbsCertificate{Raw: tbs}, Algorithm: algorithm,
		Signature: asn1.BitString{Bytes: ed25519.Sign(a.key, tbs), BitLength: 8 * ed25519.SignatureSize},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding a certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

func publicKeyOf(key ed25519.PrivateKey) ([]byte, error) {
	pub := key.Public().(ed25519.PublicKey)
	return asn1.Marshal(publicKeyInfo{
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidEd25519},
		Key:       asn1.BitString{Bytes: pub, BitLength: 8 * len(pub)},
	})
}

func keyID(spki []byte) []byte {
	sum := sha1.Sum(spki)
	return sum[:]
}

func subjectKeyID(spki []byte) pkix.Extension {
	value, _ := asn1.Marshal(keyID(spki)) // an octet string always encodes
	return pkix.Extension{Id: oidSubjectKey, Value: value}
}

// keyPEM is PKCS #8.
func keyPEM(key ed25519.PrivateKey) ([]byte, error) {
	seed, err := asn1.Marshal(key.Seed())
	if err != nil {
		return nil, err
	}
	der, err := asn1.Marshal(struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}{0, pkix.AlgorithmIdentifier{Algorithm: oidEd25519}, seed})
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
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
	pub := a.key.Public().(ed25519.PublicKey)
	if !c.Algorithm.Algorithm.Equal(oidEd25519) || !ed25519.Verify(pub, c.TBS.Raw, c.Signature.RightAlign()) {
		return Subject{}, errors.New("x509: certificate signed by unknown authority")
	}
	if now.Before(c.TBS.Validity.NotBefore) || now.After(c.TBS.Validity.NotAfter) {
		return Subject{}, errors.New("x509: certificate has expired or is not yet valid")
	}
	var rdn pkix.RDNSequence
	if _, err := asn1.Unmarshal(c.TBS.Subject.FullBytes, &rdn); err != nil {
		return Subject{}, errors.New("malformed subject")
	}
	var name pkix.Name
	name.FillFromRDNSequence(&rdn)
	return Subject{CommonName: name.CommonName, Organization: name.Organization}, nil
}
