package openssl

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"

	"terrarium/sim/pki"
)

// colons is bytes in hexadecimal, with colons between them.
func colons(data []byte) string {
	parts := make([]string, len(data))
	for i, b := range data {
		parts[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(parts, ":")
}

// dump is colons in lines of n bytes, indented.
func dump(w io.Writer, indent, n int, data []byte) {
	for len(data) > n {
		fmt.Fprintf(w, "%*s%s:\n", indent, "", colons(data[:n]))
		data = data[n:]
	}
	fmt.Fprintf(w, "%*s%s\n", indent, "", colons(data))
}

func (c *call) certificateText(d *pki.Document) {
	w := c.Stdout
	stamp := "Jan _2 15:04:05 2006 GMT"
	fmt.Fprintf(w, "Certificate:\n    Data:\n        Version: %d (0x%x)\n", d.Version, d.Version-1)
	if serial := d.Serial.Bytes(); len(serial) <= 8 && d.Serial.IsInt64() {
		fmt.Fprintf(w, "        Serial Number: %d (0x%x)\n", d.Serial, d.Serial)
	} else {
		if len(serial) > 0 && serial[0] >= 0x80 {
			serial = append([]byte{0}, serial...)
		}
		fmt.Fprintf(w, "        Serial Number:\n            %s\n", colons(serial))
	}
	fmt.Fprintf(w, "        Signature Algorithm: %s\n        Issuer: %s\n", algorithm(d.Algorithm), shownName(d.Issuer))
	fmt.Fprintf(w, "        Validity\n            Not Before: %s\n            Not After : %s\n", d.NotBefore.UTC().Format(stamp), d.NotAfter.UTC().Format(stamp))
	fmt.Fprintf(w, "        Subject: %s\n", shownName(d.Subject))
	c.keyText(d.PublicKey)
	if len(d.Extensions) > 0 {
		io.WriteString(w, "        X509v3 extensions:\n")
		c.extensionText(d.Extensions, 12)
	}
	c.signatureText(d)
}

func (c *call) requestText(d *pki.Document) {
	w := c.Stdout
	fmt.Fprintf(w, "Certificate Request:\n    Data:\n        Version: %d (0x%x)\n        Subject: %s\n", d.Version, d.Version-1, shownName(d.Subject))
	c.keyText(d.PublicKey)
	io.WriteString(w, "        Attributes:\n")
	if len(d.Extensions) == 0 {
		io.WriteString(w, "            (none)\n")
	}
	io.WriteString(w, "            Requested Extensions:\n")
	c.extensionText(d.Extensions, 16)
	c.signatureText(d)
}

func (c *call) signatureText(d *pki.Document) {
	fmt.Fprintf(c.Stdout, "    Signature Algorithm: %s\n    Signature Value:\n", algorithm(d.Algorithm))
	dump(c.Stdout, 8, 18, d.Signature)
}

func algorithm(id asn1.ObjectIdentifier) string {
	switch id.String() {
	case "1.2.840.113549.1.1.11":
		return "sha256WithRSAEncryption"
	case "1.3.101.112":
		return "ED25519"
	case "1.2.840.10045.4.3.2":
		return "ecdsa-with-SHA256"
	}
	return id.String()
}

func (c *call) keyText(spki []byte) {
	w := c.Stdout
	io.WriteString(w, "        Subject Public Key Info:\n            Public Key Algorithm: ")
	key, err := pki.ReadPublicKey(spki)
	if err != nil {
		io.WriteString(w, "unknown\n            Unable to load Public Key\n")
		return
	}
	switch k := key.(type) {
	case *rsa.PublicKey:
		fmt.Fprintf(w, "rsaEncryption\n                Public-Key: (%d bit)\n                Modulus:\n", k.N.BitLen())
		modulus := k.N.Bytes()
		if modulus[0] >= 0x80 {
			modulus = append([]byte{0}, modulus...)
		}
		dump(w, 20, 15, modulus)
		fmt.Fprintf(w, "                Exponent: %d (0x%x)\n", k.E, k.E)
	case ed25519.PublicKey:
		io.WriteString(w, "ED25519\n                ED25519 Public-Key:\n                pub:\n")
		dump(w, 20, 15, k)
	}
}

// extensionKinds are the extensions that can be shown, by the last number of 2.5.29.
var extensionKinds = map[int]struct {
	name, short string
	text        func(value []byte) string
}{
	14: {"X509v3 Subject Key Identifier", "subjectKeyIdentifier", keyIDText},
	15: {"X509v3 Key Usage", "keyUsage", keyUsageText},
	17: {"X509v3 Subject Alternative Name", "subjectAltName", altNameText},
	19: {"X509v3 Basic Constraints", "basicConstraints", basicText},
	35: {"X509v3 Authority Key Identifier", "authorityKeyIdentifier", authorityText},
	37: {"X509v3 Extended Key Usage", "extendedKeyUsage", extKeyUsageText},
}

func (c *call) extensionText(extensions []pkix.Extension, indent int) {
	for _, e := range extensions {
		name, text := e.Id.String(), colons(e.Value)
		if len(e.Id) == 4 && e.Id[2] == 29 {
			if kind, ok := extensionKinds[e.Id[3]]; ok {
				name, text = kind.name, kind.text(e.Value)
			}
		}
		critical := ""
		if e.Critical {
			critical = "critical"
		}
		fmt.Fprintf(c.Stdout, "%*s%s: %s\n%*s%s\n", indent, "", name, critical, indent+4, "", text)
	}
}

// extensionTexts prints the extensions of some short names.
func (c *call) extensionTexts(d *pki.Document, names []string) {
	found := slices.DeleteFunc(slices.Clone(d.Extensions), func(e pkix.Extension) bool {
		return len(e.Id) != 4 || !slices.Contains(names, extensionKinds[e.Id[3]].short)
	})
	switch {
	case len(d.Extensions) == 0:
		io.WriteString(c.Stderr, "No extensions in certificate\n")
	case len(found) == 0:
		fmt.Fprintf(c.Stderr, "No extensions matching: %s\n", strings.Join(names, ","))
	}
	c.extensionText(found, 0)
}

func keyIDText(value []byte) string {
	var id []byte
	asn1.Unmarshal(value, &id)
	return strings.ToUpper(colons(id))
}

func authorityText(value []byte) string {
	var parts []asn1.RawValue
	asn1.Unmarshal(value, &parts)
	for _, p := range parts {
		if p.Tag == 0 {
			return strings.ToUpper(colons(p.Bytes))
		}
	}
	return ""
}

func keyUsageText(value []byte) string {
	var bits asn1.BitString
	asn1.Unmarshal(value, &bits)
	var out []string
	for i, u := range keyUsages {
		if bits.At(i) == 1 {
			out = append(out, u.shown)
		}
	}
	return strings.Join(out, ", ")
}

func extKeyUsageText(value []byte) string {
	var ids []asn1.ObjectIdentifier
	asn1.Unmarshal(value, &ids)
	var out []string
	for _, id := range ids {
		shown := id.String()
		for _, u := range extKeyUsages {
			if made, err := pki.UsageExtensions([]string{u.name}); err == nil {
				var own []asn1.ObjectIdentifier
				asn1.Unmarshal(made[0].Value, &own)
				if own[0].Equal(id) {
					shown = u.shown
				}
			}
		}
		out = append(out, shown)
	}
	return strings.Join(out, ", ")
}

func altNameText(value []byte) string {
	var names []asn1.RawValue
	asn1.Unmarshal(value, &names)
	var out []string
	for _, n := range names {
		switch n.Tag {
		case 1:
			out = append(out, "email:"+string(n.Bytes))
		case 2:
			out = append(out, "DNS:"+string(n.Bytes))
		case 6:
			out = append(out, "URI:"+string(n.Bytes))
		case 7:
			out = append(out, "IP Address:"+net.IP(n.Bytes).String())
		}
	}
	return strings.Join(out, ", ")
}

func basicText(value []byte) string {
	var basic struct {
		CA   bool     `asn1:"optional"`
		Path *big.Int `asn1:"optional"`
	}
	asn1.Unmarshal(value, &basic)
	text := "CA:FALSE"
	if basic.CA {
		text = "CA:TRUE"
	}
	if basic.Path != nil {
		text += fmt.Sprintf(", pathlen:%d", basic.Path)
	}
	return text
}
