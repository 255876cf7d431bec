// Package tokens makes and reads the JSON web tokens of service accounts. It knows no service accounts: what a token
// says is for the API server to compare with what there is.
//
// The key is the same in every cluster, as no simulated secret is worth the seconds that making one takes in a browser.
package tokens

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"sync"
	"time"

	"terrarium/sim/pki"
)

// key.pem is made by `openssl genrsa -traditional 2048`.
//
//go:embed key.pem
var keyPEM []byte

// Issuer is who issues the tokens, and their audience where none is asked for.
const Issuer = "https://kubernetes.default.svc.cluster.local"

// Reference is an object that a token is bound to.
type Reference struct {
	Name string `json:"name,omitempty"`
	UID  string `json:"uid,omitempty"`
}

// Claims are what a token says.
type Claims struct {
	Audience  []string `json:"aud,omitempty"`
	Expires   int64    `json:"exp,omitempty"` // Unix seconds
	Issued    int64    `json:"iat,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	ID        string   `json:"jti,omitempty"`
	Bound     Bound    `json:"kubernetes.io"`
	NotBefore int64    `json:"nbf,omitempty"`
	Subject   string   `json:"sub,omitempty"`
}

// Bound is what a token is for.
type Bound struct {
	Namespace      string     `json:"namespace,omitempty"`
	Node           *Reference `json:"node,omitempty"`
	Pod            *Reference `json:"pod,omitempty"`
	Secret         *Reference `json:"secret,omitempty"`
	ServiceAccount Reference  `json:"serviceaccount"`
	WarnAfter      int64      `json:"warnafter,omitempty"`
}

// LegacyIssuer issues the tokens that lie in Secrets and do not expire.
const LegacyIssuer = "kubernetes/serviceaccount"

// LegacyClaims are what such a token says.
type LegacyClaims struct {
	Issuer     string `json:"iss"`
	Namespace  string `json:"kubernetes.io/serviceaccount/namespace"`
	SecretName string `json:"kubernetes.io/serviceaccount/secret.name"`
	Account    string `json:"kubernetes.io/serviceaccount/service-account.name"`
	AccountUID string `json:"kubernetes.io/serviceaccount/service-account.uid"`
	Subject    string `json:"sub"`
}

var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := pki.ParseKey(keyPEM)
	if err != nil {
		panic("tokens: the key cannot be read: " + err.Error())
	}
	return k.(*rsa.PrivateKey)
})

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// KeyID names the key.
func KeyID() string {
	der, err := pki.PublicKey(key())
	if err != nil {
		panic("tokens: the key cannot be written: " + err.Error())
	}
	sum := sha256.Sum256(der)
	return encode(sum[:])
}

// Sign makes a token of claims.
func Sign(claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := encode([]byte(`{"alg":"RS256","kid":"`+KeyID()+`"}`)) + "." + encode(payload)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, key(), crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + encode(signature), nil
}

var (
	errForeign = errors.New("the token is not one of this cluster")
	errExpired = errors.New("service account token has expired")
)

// verify checks the signature and returns the payload.
func verify(token string) ([]byte, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errForeign
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, errForeign
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&key().PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return nil, errForeign
	}
	return base64.RawURLEncoding.DecodeString(parts[1])
}

// Read reads a token that is valid now. Those that lie in Secrets come as claims too, bound to their Secret.
func Read(token string, now time.Time) (*Claims, error) {
	payload, err := verify(token)
	if err != nil {
		return nil, err
	}
	var c Claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, err
	}
	if c.Issuer == LegacyIssuer {
		var l LegacyClaims
		if err := json.Unmarshal(payload, &l); err != nil {
			return nil, err
		}
		c = Claims{Issuer: l.Issuer, Subject: l.Subject, Bound: Bound{
			Namespace: l.Namespace, Secret: &Reference{Name: l.SecretName}, ServiceAccount: Reference{Name: l.Account, UID: l.AccountUID},
		}}
		return &c, nil
	}
	switch {
	case c.Issuer != Issuer:
		return nil, errForeign
	case c.Expires <= now.Unix():
		return nil, errExpired
	case c.NotBefore > now.Add(time.Minute).Unix():
		return nil, errors.New("service account token is not valid yet")
	}
	return &c, nil
}

// KeySet is the JSON web key set that verifies the tokens.
func KeySet() any {
	public := key().PublicKey
	return map[string]any{"keys": []any{map[string]string{
		"use": "sig", "kty": "RSA", "kid": KeyID(), "alg": "RS256",
		"n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes()),
	}}}
}
