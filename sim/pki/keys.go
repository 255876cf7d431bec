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
)

var (
	oidRSA       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidSHA256RSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}

	errKind = errors.New("the key is neither RSA nor Ed25519")
)

// algorithmOf is how a key signs.
func algorithmOf(key crypto.Signer) (pkix.AlgorithmIdentifier, error) {
	switch key.(type) {
	case ed25519.PrivateKey:
		return pkix.AlgorithmIdentifier{Algorithm: oidEd25519}, nil
	case *rsa.PrivateKey:
		return pkix.AlgorithmIdentifier{Algorithm: oidSHA256RSA, Parameters: asn1.NullRawValue}, nil
	}
	return pkix.AlgorithmIdentifier{}, errKind
}

func sign(key crypto.Signer, data []byte) (asn1.BitString, error) {
	var signature []byte
	var err error
	switch k := key.(type) {
	case ed25519.PrivateKey:
		signature = ed25519.Sign(k, data)
	case *rsa.PrivateKey:
		sum := sha256.Sum256(data)
		signature, err = rsa.SignPKCS1v15(nil, k, crypto.SHA256, sum[:])
	default:
		err = errKind
	}
	return asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}, err
}

// PublicKey is the DER of the SubjectPublicKeyInfo of a private key.
func PublicKey(key crypto.Signer) ([]byte, error) {
	switch k := key.Public().(type) {
	case ed25519.PublicKey:
		return asn1.Marshal(publicKeyInfo{
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidEd25519}, Key: asn1.BitString{Bytes: k, BitLength: 8 * len(k)},
		})
	case *rsa.PublicKey:
		der, err := asn1.Marshal(*k)
		if err != nil {
			return nil, err
		}
		return asn1.Marshal(publicKeyInfo{
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}, Key: asn1.BitString{Bytes: der, BitLength: 8 * len(der)},
		})
	}
	return nil, errKind
}

// pkcs8 is a private key with its kind.
type pkcs8 struct {
	Version   int
	Algorithm pkix.AlgorithmIdentifier
	Key       []byte
}

// pkcs1 is an RSA key.
type pkcs1 struct {
	Version                      int
	N                            *big.Int
	E                            int
	D, P, Q, Dp, Dq, Coefficient *big.Int
}

// RSAKey makes the RSA key of two primes, with the usual exponent.
func RSAKey(p, q *big.Int) *rsa.PrivateKey {
	one, e := big.NewInt(1), big.NewInt(65537)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	k := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: new(big.Int).ModInverse(e, phi), Primes: []*big.Int{p, q},
	}
	k.Precompute()
	return k
}

// KeyPEM is the key as PKCS #8.
func KeyPEM(key crypto.Signer) ([]byte, error) {
	var inner []byte
	var algorithm pkix.AlgorithmIdentifier
	var err error
	switch k := key.(type) {
	case ed25519.PrivateKey:
		algorithm = pkix.AlgorithmIdentifier{Algorithm: oidEd25519}
		inner, err = asn1.Marshal(k.Seed())
	case *rsa.PrivateKey:
		algorithm = pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}
		inner, err = pkcs1Of(k)
	default:
		err = errKind
	}
	if err != nil {
		return nil, err
	}
	der, err := asn1.Marshal(pkcs8{0, algorithm, inner})
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func pkcs1Of(k *rsa.PrivateKey) ([]byte, error) {
	p, q, one := k.Primes[0], k.Primes[1], big.NewInt(1)
	return asn1.Marshal(pkcs1{
		N: k.N, E: k.E, D: k.D, P: p, Q: q,
		Dp: new(big.Int).Mod(k.D, new(big.Int).Sub(p, one)), Dq: new(big.Int).Mod(k.D, new(big.Int).Sub(q, one)),
		Coefficient: new(big.Int).ModInverse(q, p),
	})
}

// TraditionalPEM is an RSA key as PKCS #1.
func TraditionalPEM(key *rsa.PrivateKey) ([]byte, error) {
	der, err := pkcs1Of(key)
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}), err
}

// ParseKey reads the first private key of a PEM text, in PKCS #8 or PKCS #1.
func ParseKey(text []byte) (crypto.Signer, error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil, errors.New("no private key in PEM")
		}
		switch block.Type {
		case "RSA PRIVATE KEY":
			return parsePKCS1(block.Bytes)
		case "PRIVATE KEY":
			var k pkcs8
			if _, err := asn1.Unmarshal(block.Bytes, &k); err != nil {
				return nil, err
			}
			switch {
			case k.Algorithm.Algorithm.Equal(oidRSA):
				return parsePKCS1(k.Key)
			case k.Algorithm.Algorithm.Equal(oidEd25519):
				var seed []byte
				if _, err := asn1.Unmarshal(k.Key, &seed); err != nil || len(seed) != ed25519.SeedSize {
					return nil, errors.New("malformed Ed25519 key")
				}
				return ed25519.NewKeyFromSeed(seed), nil
			}
			return nil, errKind
		}
	}
}

func parsePKCS1(der []byte) (crypto.Signer, error) {
	var k pkcs1
	if _, err := asn1.Unmarshal(der, &k); err != nil {
		return nil, err
	}
	for _, n := range []*big.Int{k.N, k.D, k.P, k.Q} {
		if n.Sign() <= 0 {
			return nil, errors.New("malformed RSA key")
		}
	}
	out := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: k.N, E: k.E}, D: k.D, Primes: []*big.Int{k.P, k.Q}}
	if err := out.Validate(); err != nil {
		return nil, err
	}
	out.Precompute()
	return out, nil
}
