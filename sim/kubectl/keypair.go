package kubectl

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// checkKeyPair says, in the words of crypto/tls, why a certificate and a private key (PEM) do not belong together. It reads the two
// keys and nothing else of the certificate.
func checkKeyPair(cert, key []byte) error {
	certDER, err := certificateBlock(cert)
	if err != nil {
		return err
	}
	keyDER, err := keyBlock(key)
	if err != nil {
		return err
	}
	kind, public, err := certificateKey(certDER)
	if err != nil {
		return err
	}
	keyKind, own, err := publicOf(keyDER)
	switch {
	case err != nil:
		return err
	case kind == "":
		return errors.New("tls: unknown public key algorithm")
	case kind != keyKind:
		return errors.New("tls: private key type does not match public key type")
	case !bytes.Equal(public, own):
		return errors.New("tls: private key does not match public key")
	}
	return nil
}

func certificateBlock(data []byte) ([]byte, error) {
	var skipped []string
	for {
		var b *pem.Block
		if b, data = pem.Decode(data); b == nil {
			break
		}
		if b.Type == "CERTIFICATE" {
			return b.Bytes, nil
		}
		skipped = append(skipped, b.Type)
	}
	switch {
	case len(skipped) == 0:
		return nil, errors.New("tls: failed to find any PEM data in certificate input")
	case len(skipped) == 1 && strings.HasSuffix(skipped[0], "PRIVATE KEY"):
		return nil, errors.New("tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched")
	}
	return nil, fmt.Errorf("tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: %v", skipped)
}

func keyBlock(data []byte) ([]byte, error) {
	var skipped []string
	for {
		var b *pem.Block
		if b, data = pem.Decode(data); b == nil {
			break
		}
		if b.Type == "PRIVATE KEY" || strings.HasSuffix(b.Type, " PRIVATE KEY") {
			return b.Bytes, nil
		}
		skipped = append(skipped, b.Type)
	}
	switch {
	case len(skipped) == 0:
		return nil, errors.New("tls: failed to find any PEM data in key input")
	case len(skipped) == 1 && skipped[0] == "CERTIFICATE":
		return nil, errors.New("tls: found a certificate rather than a key in the PEM for the private key")
	}
	return nil, fmt.Errorf("tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: %v", skipped)
}

type algorithm struct {
	Algorithm  asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

// kind names an algorithm of keys that TLS knows, "" for others.
func (a algorithm) kind() string {
	switch a.Algorithm.String() {
	case "1.2.840.113549.1.1.1":
		return "RSA"
	case "1.2.840.10045.2.1":
		return "EC"
	case "1.3.101.112":
		return "Ed25519"
	}
	return ""
}

// certificateKey is the public key in a certificate: of RSA the modulus, else the bytes of the point.
func certificateKey(der []byte) (kind string, key []byte, err error) {
	malformed := errors.New("x509: malformed certificate")
	var c struct{ TBS, Algorithm, Signature asn1.RawValue }
	if rest, err := asn1.Unmarshal(der, &c); err != nil || len(rest) > 0 {
		return "", nil, malformed
	}
	var tbs struct {
		Version                              int `asn1:"optional,explicit,default:0,tag:0"`
		Serial                               *big.Int
		Signature, Issuer, Validity, Subject asn1.RawValue
		Key                                  struct {
			Algorithm algorithm
			Bits      asn1.BitString
		}
	}
	if _, err := asn1.Unmarshal(c.TBS.FullBytes, &tbs); err != nil {
		return "", nil, malformed
	}
	kind, key = tbs.Key.Algorithm.kind(), tbs.Key.Bits.RightAlign()
	if kind == "RSA" {
		var rsa struct {
			N *big.Int
			E int
		}
		if _, err := asn1.Unmarshal(key, &rsa); err != nil {
			return "", nil, errors.New("x509: invalid RSA public key")
		}
		key = rsa.N.Bytes()
	}
	return kind, key, nil
}

type ecKey struct {
	Version int
	Private []byte
	Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
}

// publicOf is the public part of a private key in any of the forms that TLS reads.
func publicOf(der []byte) (kind string, key []byte, err error) {
	bad := errors.New("tls: failed to parse private key")
	if n, ok := rsaModulus(der); ok {
		return "RSA", n, nil
	}
	var wrapped struct {
		Version   int
		Algorithm algorithm
		Key       []byte
	}
	if _, err := asn1.Unmarshal(der, &wrapped); err == nil {
		switch kind := wrapped.Algorithm.kind(); kind {
		case "RSA":
			if n, ok := rsaModulus(wrapped.Key); ok {
				return kind, n, nil
			}
		case "EC":
			var curve asn1.ObjectIdentifier
			asn1.Unmarshal(wrapped.Algorithm.Parameters.FullBytes, &curve)
			if p, ok := ecPoint(wrapped.Key, curve); ok {
				return kind, p, nil
			}
		case "Ed25519":
			var seed []byte
			if _, err := asn1.Unmarshal(wrapped.Key, &seed); err == nil && len(seed) == ed25519.SeedSize {
				return kind, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey), nil
			}
		}
		return "", nil, bad
	}
	if p, ok := ecPoint(der, nil); ok {
		return "EC", p, nil
	}
	return "", nil, bad
}

func rsaModulus(der []byte) ([]byte, bool) {
	var list []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &list); err != nil || len(list) < 9 {
		return nil, false
	}
	var n *big.Int
	if _, err := asn1.Unmarshal(list[1].FullBytes, &n); err != nil {
		return nil, false
	}
	return n.Bytes(), true
}

func ecPoint(der []byte, curve asn1.ObjectIdentifier) ([]byte, bool) {
	var k ecKey
	if _, err := asn1.Unmarshal(der, &k); err != nil {
		return nil, false
	}
	if len(k.Public.Bytes) > 0 {
		return k.Public.RightAlign(), true
	}
	if len(k.Curve) > 0 {
		curve = k.Curve
	}
	var c ecdh.Curve
	switch curve.String() {
	case "1.2.840.10045.3.1.7":
		c = ecdh.P256()
	case "1.3.132.0.34":
		c = ecdh.P384()
	case "1.3.132.0.35":
		c = ecdh.P521()
	default:
		return nil, false
	}
	private, err := c.NewPrivateKey(k.Private)
	if err != nil {
		return nil, false
	}
	return private.PublicKey().Bytes(), true
}
