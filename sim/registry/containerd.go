package registry

import (
	"fmt"
	"net/http"
	"net/url"
)

// containerd puts a failed pull into the words of containerd 2.x with its CRI plugin.
type containerd struct{ *attempt }

func (c containerd) failure(f failure) *Error {
	name := c.Image.String()
	pull := fmt.Sprintf("failed to pull and unpack image %q: ", name)
	resolve := pull + fmt.Sprintf("failed to resolve reference %q: ", name)
	switch f.kind {
	case unreachable:
		return &Error{Text: resolve + fmt.Sprintf("failed to do request: Head %q: %s", c.manifest(), c.dial(f.dial))}
	case refusedToken:
		what := "anonymous token"
		if f.login {
			what = "oauth token"
		}
		return &Error{Text: resolve + fmt.Sprintf("failed to authorize: failed to fetch %s: %s", what, unexpected("GET", c.token(), f.status))}
	case refusedScope:
		return &Error{Text: resolve + "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"}
	case noCredentials:
		return &Error{Text: resolve + "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials"}
	case refusedStatus:
		return &Error{Text: resolve + unexpected(f.method, c.manifest(), f.status) + onNextLine(f.words)}
	case noPlatform:
		return &Error{Code: "NotFound", Text: pull + fmt.Sprintf("no match for platform in manifest %s: not found", c.image.Digest)}
	case rateLimited:
		at := c.manifest()
		if c.image.Digest != "" {
			at = c.manifests() + c.image.Digest
		}
		return &Error{Text: pull + "failed to copy: httpReadSeeker: failed open: " + unexpected("GET", at, f.status) + onNextLine(f.words)}
	}
	return &Error{Code: "NotFound", Text: resolve + name + ": not found"}
}

func unexpected(method, at string, status int) string {
	return fmt.Sprintf("unexpected status from %s request to %s: %d %s", method, at, status, http.StatusText(status))
}

func onNextLine(words string) string {
	if words == "" {
		return ""
	}
	return "\n" + words
}

// manifest is the address that the image's manifest is asked at.
func (a *attempt) manifest() string { return a.manifests() + a.Image.Object() }

func (a *attempt) manifests() string {
	return "https://" + a.registry.api(a.Image.Domain) + "/v2/" + a.Image.Path + "/manifests/"
}

// token is the address that the token for the image is asked at.
func (a *attempt) token() string {
	host, _ := splitPort(a.Image.Domain)
	realm, service := "https://"+a.Image.Domain+"/token", host
	if t := a.registry.Token; t != nil {
		set(&realm, t.Realm)
		set(&service, t.Service)
	}
	q := url.Values{"scope": {"repository:" + a.Image.Path + ":pull"}, "service": {service}}
	return realm + "?" + q.Encode()
}

// dial is what the network says of a connection that does not come about.
func (a *attempt) dial(kind FaultKind) string {
	host, port := splitPort(a.registry.api(a.Image.Domain))
	if port == "" {
		port = "443"
	}
	address := host + ":" + port
	if host == "localhost" {
		address = "[::1]:" + port
	}
	switch kind {
	case Refused:
		return "dial tcp " + address + ": connect: connection refused"
	case Timeout:
		return "dial tcp " + address + ": i/o timeout"
	case TLS:
		return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
	}
	return "dial tcp: lookup " + host + " on 10.96.0.10:53: no such host"
}
