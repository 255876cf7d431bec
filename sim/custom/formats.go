package custom

import (
	"encoding/base64"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

func anything(string) bool { return true }

func like(pattern string) func(string) bool {
	return func(s string) bool {
		ok, err := regexp.MatchString(pattern, s)
		return ok && err == nil
	}
}

func address(is func(netip.Addr) bool) func(string) bool {
	return func(s string) bool {
		a, err := netip.ParseAddr(s)
		return err == nil && is(a)
	}
}

// formats are the formats of strings that are checked, without dashes. Some that nobody uses take anything.
var formats = map[string]func(string) bool{
	"datetime": dateTime,
	"date":     func(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil },
	"duration": func(s string) bool { _, err := time.ParseDuration(s); return err == nil },
	"email":    func(s string) bool { a, err := mail.ParseAddress(s); return err == nil && a.Address != "" },
	"hostname": func(s string) bool { return len(validation.IsDNS1123Subdomain(strings.ToLower(s))) == 0 },
	"ipv4":     address(netip.Addr.Is4),
	"ipv6":     address(netip.Addr.Is6),
	"cidr":     func(s string) bool { _, err := netip.ParsePrefix(s); return err == nil },
	"mac":      func(s string) bool { _, err := net.ParseMAC(s); return err == nil },
	"uri":      func(s string) bool { _, err := url.ParseRequestURI(s); return err == nil },
	"uuid":     like(`^(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$`),
	"uuid3":    like(`^(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`),
	"uuid4":    like(`^(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`),
	"uuid5":    like(`^(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`),
	"byte":     func(s string) bool { _, err := base64.StdEncoding.DecodeString(s); return err == nil },
	"hexcolor": like(`^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`),
	"rgbcolor": like(`^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$`),
	"ssn":      like(`^\d{3}[- ]?\d{2}[- ]?\d{4}$`),

	"k8sshortname": func(s string) bool { return len(validation.IsDNS1123Label(s)) == 0 },
	"k8slongname":  func(s string) bool { return len(validation.IsDNS1123Subdomain(s)) == 0 },

	"password": anything, "bsonobjectid": anything, "creditcard": anything,
	"isbn": anything, "isbn10": anything, "isbn13": anything,
}

func dateTime(s string) bool {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, strings.ToUpper(s)); err == nil {
			return true
		}
	}
	return false
}

// known says whether the format of a schema is one that is checked; others are as if they were not there.
func known(s *Props) bool {
	return (s.Type == "" || s.Type == "string") && formats[strings.ReplaceAll(s.Format, "-", "")] != nil
}

// unrecognized are the formats of a schema, and of all within, that nobody knows.
func unrecognized(s *Props) (out []string) {
	ok := s.Format == ""
	switch s.Type {
	case "", "string":
		ok = ok || known(s)
	case "integer":
		ok = ok || s.Format == "int32" || s.Format == "int64"
	case "number":
		ok = ok || s.Format == "float" || s.Format == "double"
	}
	if !ok {
		out = append(out, s.Format)
	}
	for _, p := range s.parts(nil) {
		out = append(out, unrecognized(p.schema)...)
	}
	return out
}
