package cel

import (
	"encoding/base64"
	"math"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
)

// parseFunction makes values of the libraries from texts.
func parseFunction(name, s string, args []any) any {
	var v any
	var err error
	switch name {
	case "url", "isURL":
		v, err = parseURL(s)
	case "quantity", "isQuantity":
		v, err = resource.ParseQuantity(s)
	case "ip", "isIP":
		v, err = parseAddr(s)
	case "cidr", "isCIDR":
		v, err = parsePrefix(s)
	case "semver", "isSemver":
		normalize := len(args) == 1 && args[0].(bool)
		v, err = parseSemver(s, normalize)
	case "ip.isCanonical":
		a, err := parseAddr(s)
		if err != nil {
			return err
		}
		return a.String() == s
	case "format.named":
		if !declared("format."+s) || s == "named" {
			return Optional{}
		}
		return Optional{format{s}, true}
	default:
		return noOverload
	}
	if strings.HasPrefix(name, "is") {
		return err == nil
	}
	switch {
	case err != nil && name == "cidr":
		return failf("network address parse error during conversion from string: %v", err)
	case err != nil:
		return fault(err.Error())
	}
	return v
}

func parseURL(s string) (*url.URL, error) {
	u, err := url.ParseRequestURI(s)
	if err == nil {
		u, err = url.Parse(s) // with a fragment
	}
	if err != nil {
		return nil, failf("URL parse error during conversion from string: %v", err)
	}
	return u, nil
}

func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return a, failf("IP Address %q parse error during conversion from string: %v", s, err)
	case a.Zone() != "":
		return a, failf("IP address %q with zone value is not allowed", s)
	case a.Is4In6():
		return a, failf("IPv4-mapped IPv6 address %q is not allowed", s)
	}
	return a, nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, failf("network address parse error during conversion from string: %v", err)
	case p.Addr().Is4In6():
		return p, failf("IPv4-mapped IPv6 address %q is not allowed", s)
	}
	return p, nil
}

// library calls a function on a value of the libraries.
func (e *evaluator) library(name string, args []any) any {
	switch v := args[0].(type) {
	case resource.Quantity:
		return quantityFunction(name, v, args[1:])
	case *url.URL:
		return urlFunction(name, v)
	case netip.Addr:
		return addrFunction(name, v)
	case netip.Prefix:
		return prefixFunction(name, v, args[1:])
	case semver:
		return v.function(name, args[1:])
	case format:
		problems := v.problems(args[1].(string))
		if len(problems) == 0 {
			return Optional{}
		}
		return Optional{texts(problems), true}
	case check:
		return e.check(name, v, args[1:])
	case decision:
		switch name {
		case "allowed":
			return v.allowed
		case "errored":
			return v.err != ""
		case "error":
			return v.err
		}
		return v.reason
	}
	return noOverload
}

func quantityFunction(name string, q resource.Quantity, args []any) any {
	var other resource.Quantity
	if len(args) == 1 {
		switch v := args[0].(type) {
		case resource.Quantity:
			other = v
		case int64:
			other = *resource.NewQuantity(v, resource.DecimalExponent)
		}
	}
	switch name {
	case "sign":
		return int64(q.Sign())
	case "isGreaterThan":
		return q.Cmp(other) > 0
	case "isLessThan":
		return q.Cmp(other) < 0
	case "compareTo":
		return int64(q.Cmp(other))
	case "asApproximateFloat":
		return q.AsApproximateFloat64()
	case "isInteger", "asInteger":
		n, ok := q.AsInt64()
		switch {
		case name == "isInteger":
			return ok
		case !ok:
			return fault("cannot convert value to integer")
		}
		return n
	case "add", "sub":
		out := q.DeepCopy()
		if name == "add" {
			out.Add(other)
		} else {
			out.Sub(other)
		}
		return out
	}
	return noOverload
}

func urlFunction(name string, u *url.URL) any {
	switch name {
	case "getScheme":
		return u.Scheme
	case "getHost":
		return u.Host
	case "getHostname":
		return u.Hostname()
	case "getPort":
		return u.Port()
	case "getEscapedPath":
		return u.EscapedPath()
	}
	out := map[string]any{}
	for key, values := range u.Query() {
		out[key] = texts(values)
	}
	return out
}

func addrFunction(name string, a netip.Addr) any {
	switch name {
	case "family":
		if a.Is4() {
			return int64(4)
		}
		return int64(6)
	case "isUnspecified":
		return a.IsUnspecified()
	case "isLoopback":
		return a.IsLoopback()
	case "isLinkLocalMulticast":
		return a.IsLinkLocalMulticast()
	case "isLinkLocalUnicast":
		return a.IsLinkLocalUnicast()
	case "isGlobalUnicast":
		return a.IsGlobalUnicast()
	}
	return toString(a)
}

func prefixFunction(name string, p netip.Prefix, args []any) any {
	switch name {
	case "ip":
		return p.Addr()
	case "prefixLength":
		return int64(p.Bits())
	case "masked":
		return p.Masked()
	case "containsIP":
		a, ok := args[0].(netip.Addr)
		if !ok {
			var err error
			if a, err = parseAddr(args[0].(string)); err != nil {
				return noOverload
			}
		}
		return p.Contains(a)
	case "containsCIDR":
		other, ok := args[0].(netip.Prefix)
		if !ok {
			var err error
			if other, err = parsePrefix(args[0].(string)); err != nil {
				return failf("network address parse error during conversion from string: %v", err)
			}
		}
		return p.Overlaps(other) && p.Bits() <= other.Bits()
	}
	return toString(p)
}

// semver is a semantic version.
type semver struct {
	numbers [3]uint64
	pre     string
	build   string
}

func parseSemver(s string, normalize bool) (v semver, err error) {
	if normalize {
		s = strings.TrimPrefix(s, "v")
		parts := strings.SplitN(s, ".", 3)
		for i, p := range parts {
			if len(p) > 1 {
				p = strings.TrimLeft(p, "0")
				if p == "" || !strings.ContainsAny(p[0:1], "0123456789") {
					p = "0" + p
				}
				parts[i] = p
			}
		}
		if len(parts) < 3 {
			if strings.ContainsAny(parts[len(parts)-1], "+-") {
				return v, fault("short version cannot contain PreRelease/Build meta data")
			}
			for len(parts) < 3 {
				parts = append(parts, "0")
			}
		}
		s = strings.Join(parts, ".")
	}
	if s == "" {
		return v, fault("Version string empty")
	}
	parts := strings.SplitN(s, ".", 3)
	if len(parts) != 3 {
		return v, fault("No Major.Minor.Patch elements found")
	}
	parts[2], v.build, _ = strings.Cut(parts[2], "+")
	parts[2], v.pre, _ = strings.Cut(parts[2], "-")
	for i, what := range []string{"major", "minor", "patch"} {
		title := strings.ToUpper(what[:1]) + what[1:]
		if p := parts[i]; p == "" || strings.Trim(p, "0123456789") != "" {
			return v, failf("Invalid character(s) found in %s number %q", what, p)
		} else if len(p) > 1 && p[0] == '0' {
			return v, failf("%s number must not contain leading zeroes %q", title, p)
		} else if v.numbers[i], err = strconv.ParseUint(p, 10, 64); err != nil {
			return v, err
		}
	}
	for _, part := range strings.FieldsFunc(v.pre, func(r rune) bool { return r == '.' }) {
		switch {
		case strings.Trim(part, "0123456789") == "" && len(part) > 1 && part[0] == '0':
			return v, failf("Numeric PreRelease version must not contain leading zeroes %q", part)
		case regexp.MustCompile(`[^0-9A-Za-z-]`).MatchString(part):
			return v, failf("Invalid character(s) found in prerelease %q", part)
		}
	}
	return v, nil
}

func (v semver) compare(o semver) int {
	for i := range v.numbers {
		if c := sign(v.numbers[i], o.numbers[i]); c != 0 {
			return c
		}
	}
	switch {
	case v.pre == o.pre:
		return 0
	case v.pre == "":
		return 1
	case o.pre == "":
		return -1
	}
	a, b := strings.Split(v.pre, "."), strings.Split(o.pre, ".")
	for i := range min(len(a), len(b)) {
		x, errX := strconv.ParseUint(a[i], 10, 64)
		y, errY := strconv.ParseUint(b[i], 10, 64)
		c := 0
		switch {
		case errX == nil && errY == nil:
			c = sign(x, y)
		case errX == nil:
			c = -1
		case errY == nil:
			c = 1
		default:
			c = strings.Compare(a[i], b[i])
		}
		if c != 0 {
			return c
		}
	}
	return sign(int64(len(a)), int64(len(b)))
}

func (v semver) function(name string, args []any) any {
	switch name {
	case "major", "minor", "patch":
		return int64(min(v.numbers[strings.Index("major|minor|patch", name)/6], math.MaxInt64))
	}
	c := v.compare(args[0].(semver))
	switch name {
	case "isGreaterThan":
		return c > 0
	case "isLessThan":
		return c < 0
	}
	return int64(c)
}

// format is a form that texts can have.
type format struct{ name string }

var (
	uuid     = regexp.MustCompile(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$`)
	datetime = regexp.MustCompile(`(?i)^\d{4}-\d\d-\d\d[t ]\d\d:\d\d:\d\d(\.\d+)?(z|[+-]\d\d:\d\d)$`)
)

func (f format) problems(s string) []string {
	unless := func(ok bool, text string) []string {
		if ok {
			return nil
		}
		return []string{text}
	}
	name, prefix := strings.CutSuffix(f.name, "Prefix")
	switch name {
	case "dns1123Label":
		return meta.NameIsDNSLabel(s, prefix)
	case "dns1123Subdomain":
		return meta.NameIsDNSSubdomain(s, prefix)
	case "dns1035Label":
		return meta.NameIsDNS1035Label(s, prefix)
	case "qualifiedName":
		return validation.IsQualifiedName(s)
	case "labelValue":
		return validation.IsValidLabelValue(s)
	case "uri":
		if _, err := url.ParseRequestURI(s); err != nil {
			return []string{err.Error()}
		}
		return nil
	case "uuid":
		return unless(uuid.MatchString(s), "does not match the UUID format")
	case "byte":
		_, err := base64.StdEncoding.DecodeString(s)
		return unless(err == nil && s != "", "invalid base64")
	case "date":
		_, err := time.Parse("2006-01-02", s)
		return unless(err == nil, "invalid date")
	}
	return unless(datetime.MatchString(s), "invalid datetime")
}

// Check is a request that an expression asks about.
type Check struct {
	ServiceAccount                     string // namespace/name; empty: the request's user
	Path, Group, Resource, Subresource string
	Namespace, Name, Verb              string
	FieldSelector, LabelSelector       string
}

type check struct {
	Check
	kind Kind
}

type decision struct {
	allowed     bool
	reason, err string
}

// Authorizer is the value of a variable that asks for decisions.
func Authorizer() any { return check{kind: 'z'} }

// AuthorizerType is its type.
var AuthorizerType = Object(libraryTypes['z'], nil)

// RequestResource is an authorizer's check of one object, and its type.
func RequestResource(c Check) any { return check{c, 'k'} }

// ResourceCheckType is the type of checks of resources.
var ResourceCheckType = Object(libraryTypes['k'], nil)

func (e *evaluator) check(name string, c check, args []any) any {
	s := args[0].(string)
	switch name {
	case "path":
		if strings.TrimSpace(s) == "" {
			return fault("path must not be empty")
		}
		c.kind, c.Path = 'w', s
	case "group":
		c.kind, c.Group = 'g', s
	case "serviceAccount":
		name := args[1].(string)
		if len(meta.NameIsDNSSubdomain(name, false)) > 0 {
			return fault("Invalid service account name")
		}
		if len(meta.NameIsDNSLabel(s, false)) > 0 {
			return fault("Invalid service account namespace")
		}
		c.ServiceAccount = s + "/" + name
	case "resource":
		if strings.TrimSpace(s) == "" {
			return fault("resource must not be empty")
		}
		c.kind, c.Resource = 'k', s
	case "subresource":
		c.Subresource = s
	case "namespace":
		c.Namespace = s
	case "name":
		c.Name = s
	case "fieldSelector":
		c.FieldSelector = s
	case "labelSelector":
		c.LabelSelector = s
	case "check":
		c.Verb = s
		if e.foreign.Authorize == nil {
			return noOverload
		}
		allowed, reason, err := e.foreign.Authorize(c.Check)
		out := decision{allowed: allowed, reason: reason}
		if err != nil {
			out.err = err.Error()
		}
		return out
	}
	return c
}
