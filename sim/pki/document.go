package pki

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"time"
)

// Document is a certificate, or a request for one, as people look at it.
type Document struct {
	Version             int // 1 or 3 for a certificate
	Serial              *big.Int
	Issuer, Subject     []byte // DER of names; a request has no issuer
	NotBefore, NotAfter time.Time
	PublicKey           []byte // DER of a SubjectPublicKeyInfo
	Extensions          []pkix.Extension
	Algorithm           asn1.ObjectIdentifier // of the signature
	Signature           []byte
	DER                 []byte

	signed []byte
}

const (
	certificateType = "CERTIFICATE"
	requestType     = "CERTIFICATE REQUEST"
)

// find is the first PEM block of a type.
func find(text []byte, kind string) ([]byte, error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil, errors.New("no PEM block of type " + kind)
		}
		if block.Type == kind {
			return block.Bytes, nil
		}
	}
}

// ReadCertificate reads the first certificate of a PEM text.
func ReadCertificate(text []byte) (*Document, error) {
	der, err := find(text, certificateType)
	if err != nil {
		return nil, err
	}
	var c certificate
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		return nil, err
	}
	t := &c.TBS
	return &Document{
		Version: t.Version + 1, Serial: t.Serial, Issuer: t.Issuer.FullBytes, Subject: t.Subject.FullBytes,
		NotBefore: t.Validity.NotBefore, NotAfter: t.Validity.NotAfter, PublicKey: t.PublicKey.FullBytes, Extensions: t.Extensions,
		Algorithm: c.Algorithm.Algorithm, Signature: c.Signature.RightAlign(), DER: der, signed: t.Raw,
	}, nil
}

// ReadRequest reads the first certificate request of a PEM text.
func ReadRequest(text []byte) (*Document, error) {
	der, err := find(text, requestType)
	if err != nil {
		return nil, err
	}
	var r certificateRequest
	if _, err := asn1.Unmarshal(der, &r); err != nil {
		return nil, err
	}
	extensions, err := requestedExtensions(r.Info.Attributes)
	return &Document{
		Version: r.Info.Version + 1, Subject: r.Info.Subject.FullBytes, PublicKey: r.Info.PublicKey.FullBytes, Extensions: extensions,
		Algorithm: r.Algorithm.Algorithm, Signature: r.Signature.RightAlign(), DER: der, signed: r.Info.Raw,
	}, err
}

// SignedBy reports whether the document is signed with the key of a SubjectPublicKeyInfo (DER).
func (d *Document) SignedBy(spki []byte) bool {
	key, err := ReadPublicKey(spki)
	if err != nil {
		return false
	}
	switch k := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, d.signed, d.Signature)
	case *rsa.PublicKey:
		sum := sha256.Sum256(d.signed)
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], d.Signature) == nil
	}
	return false
}

// ReadPublicKey reads the DER of a SubjectPublicKeyInfo: an ed25519.PublicKey or an *rsa.PublicKey.
func ReadPublicKey(spki []byte) (crypto.PublicKey, error) {
	var info publicKeyInfo
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		return nil, err
	}
	bytes := info.Key.RightAlign()
	switch {
	case info.Algorithm.Algorithm.Equal(oidEd25519) && len(bytes) == ed25519.PublicKeySize:
		return ed25519.PublicKey(bytes), nil
	case info.Algorithm.Algorithm.Equal(oidRSA):
		k := &rsa.PublicKey{}
		_, err := asn1.Unmarshal(bytes, k)
		return k, err
	}
	return nil, errKind
}

// NewRequest makes a certificate request in PEM, for a subject (DER of a name), signed with its key.
func NewRequest(subject []byte, key crypto.Signer, extensions []pkix.Extension) ([]byte, error) {
	spki, err := PublicKey(key)
	if err != nil {
		return nil, err
	}
	algorithm, err := algorithmOf(key)
	if err != nil {
		return nil, err
	}
	info := requestInfo{Subject: asn1.RawValue{FullBytes: subject}, PublicKey: asn1.RawValue{FullBytes: spki}, Attributes: []asn1.RawValue{}}
	if len(extensions) > 0 {
		attribute, err := asn1.Marshal(struct {
			ID     asn1.ObjectIdentifier
			Values [][]pkix.Extension `asn1:"set"`
		}{oidExtensionRequest, [][]pkix.Extension{extensions}})
		if err != nil {
			return nil, err
		}
		info.Attributes = append(info.Attributes, asn1.RawValue{FullBytes: attribute})
	}
	raw, err := asn1.Marshal(info)
	if err != nil {
		return nil, err
	}
	signature, err := sign(key, raw)
	if err != nil {
		return nil, err
	}
	der, err := asn1.Marshal(certificateRequest{Info: requestInfo{Raw: raw}, Algorithm: algorithm, Signature: signature})
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: requestType, Bytes: der}), nil
}
