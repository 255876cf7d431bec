package pki

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
)

// keyUsages are the bits of the extension keyUsage, from the first, in the words of certificates.k8s.io.
var keyUsages = [][]string{
	{"digital signature", "signing"}, {"content commitment"}, {"key encipherment"}, {"data encipherment"}, {"key agreement"},
	{"cert sign"}, {"crl sign"}, {"encipher only"}, {"decipher only"},
}

// extKeyUsages are the purposes of the extension extKeyUsage, in the order in which they are written.
var extKeyUsages = []struct {
	words []string
	oid   asn1.ObjectIdentifier
}{
	{[]string{"any"}, asn1.ObjectIdentifier{2, 5, 29, 37, 0}},
	{[]string{"server auth"}, purpose(1)},
	{[]string{"client auth"}, purpose(2)},
	{[]string{"code signing"}, purpose(3)},
	{[]string{"email protection", "s/mime"}, purpose(4)},
	{[]string{"ipsec end system"}, purpose(5)},
	{[]string{"ipsec tunnel"}, purpose(6)},
	{[]string{"ipsec user"}, purpose(7)},
	{[]string{"timestamping"}, purpose(8)},
	{[]string{"ocsp signing"}, purpose(9)},
	{[]string{"microsoft sgc"}, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 10, 3, 3}},
	{[]string{"netscape sgc"}, asn1.ObjectIdentifier{2, 16, 840, 1, 113730, 4, 1}},
}

func purpose(n int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, n} }

// UsageExtensions are keyUsage and extKeyUsage, as far as the usages ask for them.
func UsageExtensions(usages []string) (out []pkix.Extension, err error) {
	var bits [2]byte
	var purposes []asn1.ObjectIdentifier
	known := map[string]bool{}
	has := func(words []string) (yes bool) {
		for _, w := range words {
			known[w] = true
			yes = yes || slices.Contains(usages, w)
		}
		return yes
	}
	for i, words := range keyUsages {
		if has(words) {
			bits[i/8] |= 0x80 >> (i % 8)
		}
	}
	for _, u := range extKeyUsages {
		if has(u.words) {
			purposes = append(purposes, u.oid)
		}
	}
	var unknown []string
	for _, u := range usages {
		if !known[u] {
			unknown = append(unknown, u)
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("unrecognized usage values: %q", unknown)
	}
	if bits != [2]byte{} {
		value, err := asn1.Marshal(bitString(bits))
		if err != nil {
			return nil, err
		}
		out = append(out, pkix.Extension{Id: oidKeyUsage, Critical: true, Value: value})
	}
	if len(purposes) > 0 {
		value, err := asn1.Marshal(purposes)
		if err != nil {
			return nil, err
		}
		out = append(out, pkix.Extension{Id: oidExtKeyUsage, Value: value})
	}
	return out, nil
}

// bitString leaves out what is zero at the end.
func bitString(bits [2]byte) asn1.BitString {
	n := 16
	for n > 0 && bits[(n-1)/8]&(0x80>>((n-1)%8)) == 0 {
		n--
	}
	return asn1.BitString{Bytes: bits[:(n+7)/8], BitLength: n}
}

// isForClients reports whether a certificate's extensions let it stand for a client: those of an extKeyUsage that says so,
// or none at all.
func isForClients(extensions []pkix.Extension) bool {
	for _, e := range extensions {
		if e.Id.Equal(oidExtKeyUsage) {
			var purposes []asn1.ObjectIdentifier
			_, err := asn1.Unmarshal(e.Value, &purposes)
			return err == nil && slices.ContainsFunc(purposes, func(p asn1.ObjectIdentifier) bool {
				return p.Equal(extKeyUsages[0].oid) || p.Equal(extKeyUsages[2].oid)
			})
		}
	}
	return true
}
