package openssl

import (
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Any two of them make a key.
func TestPrimes(t *testing.T) {
	for bits, texts := range map[int]string{1024: primes, 2048: morePrimes} {
		seen := map[string]bool{}
		for _, text := range strings.Fields(texts) {
			p := prime(text)
			less := new(big.Int).Sub(p, big.NewInt(1))
			if p.BitLen() != bits || !p.ProbablyPrime(0) || new(big.Int).GCD(nil, nil, less, big.NewInt(65537)).Int64() != 1 {
				t.Errorf("%s… makes no key", text[:10])
			}
			if p.Bit(bits-2) != 1 {
				t.Errorf("%s… is too small: a product with it lacks a bit", text[:10])
			}
			seen[text] = true
		}
		if len(seen) < 3 {
			t.Errorf("%d primes of %d bits", len(seen), bits)
		}
	}
}

func TestParseSubject(t *testing.T) {
	for in, want := range map[string][]attribute{
		"/CN=jane":              {{"CN", "jane"}},
		"/O=a b/CN=x=y":         {{"O", "a b"}, {"CN", "x=y"}},
		`/CN=a\/b`:              {{"CN", "a/b"}},
		"/CN=":                  {{"CN", ""}},
		"/O=system:nodes/CN=x/": {{"O", "system:nodes"}, {"CN", "x"}},
	} {
		got, ok := parseSubject(in)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(attribute{})); !ok || diff != "" {
			t.Errorf("%s: %v %s", in, ok, diff)
		}
	}
	for _, bad := range []string{"", "CN=x", "/CN", "/a/b=c"} {
		if got, ok := parseSubject(bad); ok {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

func TestConfigExtensions(t *testing.T) {
	c := parseConfig("a = b # remark\n[v3]\nsubjectAltName = critical, DNS:x, @more\nkeyUsage=digitalSignature\n[ more ]\nIP.1 = 10.0.0.1\nDNS.1 = \"y\"\n")
	if c.get("default", "a") != "b" {
		t.Errorf("%v", c)
	}
	got, err := c.extensions(c["v3"], signing{})
	if err != nil || len(got) != 2 || !got[0].Critical || altNameText(got[0].Value) != "DNS:x, DNS:y, IP Address:10.0.0.1" || keyUsageText(got[1].Value) != "Digital Signature" {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []setting{{"subjectAltName", "IP:x"}, {"subjectAltName", "X:y"}, {"keyUsage", "nonsense"}, {"crlDistributionPoints", "x"}} {
		if _, err := c.extensions([]setting{bad}, signing{}); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}
