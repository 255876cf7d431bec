package openssl

import (
	"crypto/x509/pkix"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"terrarium/sim/pki"
)

// setting is a line of a configuration.
type setting struct{ key, value string }

// config is a configuration file, by section; what stands before the first section is in "default".
type config map[string][]setting

func parseConfig(text string) config {
	out, section := config{}, "default"
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSpace(strings.TrimSuffix(name, "]"))
			out[section] = append(out[section], []setting{}...)
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok {
			out[section] = append(out[section], setting{strings.TrimSpace(key), strings.Trim(strings.TrimSpace(value), `"`)})
		}
	}
	return out
}

func (c config) get(section, key string) string {
	for _, s := range c[section] {
		if s.key == key {
			return s.value
		}
	}
	return ""
}

// signing is what extensions may refer to: the keys (DER) of the subject and of the issuer.
type signing struct{ subject, issuer []byte }

// extensions makes the extensions of settings such as "subjectAltName = DNS:a".
func (c config) extensions(settings []setting, keys signing) (out []pkix.Extension, err error) {
	for _, s := range settings {
		words := list(s.value)
		critical := len(words) > 0 && words[0] == "critical"
		if critical {
			words = words[1:]
		}
		var made []pkix.Extension
		switch s.key {
		case "basicConstraints":
			made = []pkix.Extension{pki.BasicConstraints(slices.Contains(words, "CA:TRUE") || slices.Contains(words, "CA:true"), critical)}
		case "subjectAltName":
			var names pki.Names
			if names, err = c.altNames(words); err == nil {
				made, err = names.Extension()
			}
		case "keyUsage":
			made, err = usages(words, keyUsages)
		case "extendedKeyUsage":
			made, err = usages(words, extKeyUsages)
		case "subjectKeyIdentifier":
			made = []pkix.Extension{pki.SubjectKeyID(keys.subject)}
		case "authorityKeyIdentifier":
			if keys.issuer != nil {
				made = []pkix.Extension{pki.AuthorityKeyID(keys.issuer)}
			}
		default:
			err = fmt.Errorf("terrarium recognises %q but does not simulate it", "the extension "+s.key)
		}
		if err != nil {
			return nil, err
		}
		for _, e := range made {
			e.Critical = critical
			out = append(out, e)
		}
	}
	return out, nil
}

func list(text string) (out []string) {
	for _, w := range strings.Split(text, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// altNames reads DNS:a, IP:1.2.3.4, email:a@b, URI:u, and @section with DNS.1 = a.
func (c config) altNames(words []string) (names pki.Names, err error) {
	for _, w := range words {
		if section, ok := strings.CutPrefix(w, "@"); ok {
			for _, s := range c[section] {
				kind, _, _ := strings.Cut(s.key, ".")
				if err = addName(&names, kind, s.value); err != nil {
					return names, err
				}
			}
			continue
		}
		kind, value, _ := strings.Cut(w, ":")
		if err = addName(&names, kind, value); err != nil {
			return names, err
		}
	}
	return names, nil
}

func addName(names *pki.Names, kind, value string) error {
	switch kind {
	case "DNS":
		names.DNSNames = append(names.DNSNames, value)
	case "email":
		names.Emails = append(names.Emails, value)
	case "URI":
		names.URIs = append(names.URIs, value)
	case "IP":
		ip := net.ParseIP(value)
		if ip == nil {
			return fmt.Errorf("bad ip address: %s", strconv.Quote(value))
		}
		names.IPs = append(names.IPs, ip)
	default:
		return fmt.Errorf("unsupported type %s", kind)
	}
	return nil
}

// usage is a usage in OpenSSL's configuration, in its output, and in the words of package pki.
type usage struct{ word, shown, name string }

var keyUsages = []usage{
	{"digitalSignature", "Digital Signature", "digital signature"}, {"nonRepudiation", "Non Repudiation", "content commitment"},
	{"keyEncipherment", "Key Encipherment", "key encipherment"}, {"dataEncipherment", "Data Encipherment", "data encipherment"},
	{"keyAgreement", "Key Agreement", "key agreement"}, {"keyCertSign", "Certificate Sign", "cert sign"}, {"cRLSign", "CRL Sign", "crl sign"},
	{"encipherOnly", "Encipher Only", "encipher only"}, {"decipherOnly", "Decipher Only", "decipher only"},
}

var extKeyUsages = []usage{
	{"serverAuth", "TLS Web Server Authentication", "server auth"}, {"clientAuth", "TLS Web Client Authentication", "client auth"},
	{"codeSigning", "Code Signing", "code signing"}, {"emailProtection", "E-mail Protection", "email protection"},
	{"timeStamping", "Time Stamping", "timestamping"}, {"OCSPSigning", "OCSP Signing", "ocsp signing"}, {"anyExtendedKeyUsage", "Any Extended Key Usage", "any"},
}

func usages(words []string, known []usage) ([]pkix.Extension, error) {
	var names []string
	for _, w := range words {
		i := slices.IndexFunc(known, func(u usage) bool { return u.word == w })
		if i < 0 {
			return nil, fmt.Errorf("unknown usage %s", w)
		}
		names = append(names, known[i].name)
	}
	return pki.UsageExtensions(names)
}
