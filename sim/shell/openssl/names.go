package openssl

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
)

// attributes are what names are made of: as they are shown, as they may be written besides, and their identifiers.
var attributes = []struct {
	short, long string
	id          asn1.ObjectIdentifier
	tag         int // of the string
}{
	{"C", "countryName", asn1.ObjectIdentifier{2, 5, 4, 6}, asn1.TagPrintableString},
	{"ST", "stateOrProvinceName", asn1.ObjectIdentifier{2, 5, 4, 8}, asn1.TagUTF8String},
	{"L", "localityName", asn1.ObjectIdentifier{2, 5, 4, 7}, asn1.TagUTF8String},
	{"O", "organizationName", asn1.ObjectIdentifier{2, 5, 4, 10}, asn1.TagUTF8String},
	{"OU", "organizationalUnitName", asn1.ObjectIdentifier{2, 5, 4, 11}, asn1.TagUTF8String},
	{"CN", "commonName", asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.TagUTF8String},
	{"emailAddress", "emailAddress", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, asn1.TagIA5String},
	{"UID", "userId", asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, asn1.TagUTF8String},
	{"DC", "domainComponent", asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, asn1.TagIA5String},
	{"serialNumber", "serialNumber", asn1.ObjectIdentifier{2, 5, 4, 5}, asn1.TagPrintableString},
	{"GN", "givenName", asn1.ObjectIdentifier{2, 5, 4, 42}, asn1.TagUTF8String},
	{"SN", "surname", asn1.ObjectIdentifier{2, 5, 4, 4}, asn1.TagUTF8String},
}

type attribute struct{ kind, value string }

// parseSubject reads /type=value/type=value; a backslash takes the next character as it is.
func parseSubject(text string) (out []attribute, ok bool) {
	rest, ok := strings.CutPrefix(text, "/")
	if !ok {
		return nil, false
	}
	var word strings.Builder
	var kind string
	inKind := true
	end := func() {
		if !inKind {
			out = append(out, attribute{kind, word.String()})
		}
		word.Reset()
		inKind = true
	}
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && i+1 < len(rest):
			i++
			word.WriteByte(rest[i])
		case c == '=' && inKind:
			kind, inKind = word.String(), false
			word.Reset()
		case c == '/' && inKind:
			return nil, false
		case c == '/':
			end()
		default:
			word.WriteByte(c)
		}
	}
	if inKind && word.Len() > 0 {
		return nil, false
	}
	end()
	return out, true
}

// subject is the DER of a name. What it does not know and what is empty is left out, with a word on stderr.
func (c *call) subject(parts []attribute) ([]byte, error) {
	sequence := pkix.RDNSequence{}
	for _, part := range parts {
		known := false
		for _, a := range attributes {
			if !strings.EqualFold(part.kind, a.short) && !strings.EqualFold(part.kind, a.long) {
				continue
			}
			known = true
			if part.value == "" {
				fmt.Fprintf(c.Stderr, "%s: No value provided for subject name attribute \"%s\", skipped\n", c.name, part.kind)
				break
			}
			sequence = append(sequence, pkix.RelativeDistinguishedNameSET{{Type: a.id, Value: asn1.RawValue{Tag: a.tag, Bytes: []byte(part.value)}}})
			break
		}
		if !known {
			fmt.Fprintf(c.Stderr, "%s: Skipping unknown subject name attribute \"%s\"\n", c.name, part.kind)
		}
	}
	return asn1.Marshal(sequence)
}

// subjectOption is the DER of the name that -subj gives; it has said what is wrong where there is none.
func (c *call) subjectOption() ([]byte, bool) {
	parts, ok := parseSubject(c.options["subj"])
	if !ok {
		c.fail("%s: subject name is expected to be in the format /type0=value0/type1=value1/type2=... where characters may be escaped by \\. This name is not in that format: '%s'",
			c.name, strings.TrimPrefix(c.options["subj"], "/"))
		return nil, false
	}
	der, err := c.subject(parts)
	if err != nil {
		c.fail("%s: %v", c.name, err)
	}
	return der, err == nil
}

// shownName is a name (DER) on one line.
func shownName(der []byte) string {
	var sequence pkix.RDNSequence
	if _, err := asn1.Unmarshal(der, &sequence); err != nil {
		return ""
	}
	var parts []string
	for _, set := range sequence {
		for _, one := range set {
			kind := one.Type.String()
			for _, a := range attributes {
				if a.id.Equal(one.Type) {
					kind = a.short
				}
			}
			value := fmt.Sprint(one.Value)
			if strings.ContainsAny(value, ",+\"\\<>;") {
				value = `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(value) + `"`
			}
			parts = append(parts, kind+" = "+value)
		}
	}
	return strings.Join(parts, ", ")
}
