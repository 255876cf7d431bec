package tokens

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	now := time.Unix(1000, 0)
	c := Claims{Audience: []string{Issuer}, Issuer: Issuer, Issued: 1000, NotBefore: 1000, Expires: 2000, Subject: "system:serviceaccount:a:b", Bound: Bound{Namespace: "a", ServiceAccount: Reference{Name: "b", UID: "u"}}}
	token, err := Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(token, now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&c, got); diff != "" {
		t.Error(diff)
	}
	for what, bad := range map[string]string{
		"none": "", "words": "a.b.c", "changed": token[:len(token)-4] + "AAAA", "of another": strings.Replace(token, ".", ".A", 1),
	} {
		if _, err := Read(bad, now); err == nil {
			t.Errorf("%s: was read", what)
		}
	}
	if _, err := Read(token, time.Unix(2000, 0)); err != errExpired {
		t.Errorf("expired: %v", err)
	}
}

func TestLegacy(t *testing.T) {
	token, err := Sign(LegacyClaims{Issuer: LegacyIssuer, Namespace: "a", SecretName: "s", Account: "b", AccountUID: "u", Subject: "system:serviceaccount:a:b"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(token, time.Unix(1, 0))
	if err != nil || got.Bound.Secret.Name != "s" || got.Bound.ServiceAccount.UID != "u" {
		t.Errorf("%+v, %v", got, err)
	}
}
