package registry

import (
	"fmt"
	"net/http"
)

// docker puts a failed pull into the words of the Docker Engine behind cri-dockerd.
type docker struct{ *attempt }

func (d docker) failure(f failure) *Error {
	return &Error{Text: "Error response from daemon: " + d.text(f)}
}

func (d docker) text(f failure) string {
	familiar := d.Image.Familiar()
	api := fmt.Sprintf("https://%s/v2/", d.registry.api(d.Image.Domain))
	switch f.kind {
	case unreachable:
		if f.dial == Timeout {
			return fmt.Sprintf("Get %q: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)", api)
		}
		return fmt.Sprintf("Get %q: %s", api, d.dial(f.dial))
	case refusedToken:
		if f.login {
			return d.head("unauthorized: incorrect username or password")
		}
		return d.head("denied")
	case refusedScope:
		return fmt.Sprintf("pull access denied for %s, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", familiar)
	case noCredentials:
		return d.head("no basic auth credentials")
	case refusedStatus:
		switch {
		case f.words != "":
			return d.head(f.words)
		case f.status == http.StatusUnauthorized:
			return d.head("unauthorized: authentication required")
		case f.status == http.StatusForbidden:
			return d.head("denied: requested access to the resource is denied")
		}
		return fmt.Sprintf("received unexpected HTTP status: %d %s", f.status, http.StatusText(f.status))
	case noPlatform:
		return fmt.Sprintf("no matching manifest for linux/%s in the manifest list entries", d.Architecture)
	case rateLimited:
		return f.words
	}
	if digest := d.Image.Digest; digest != "" {
		familiar += "@" + digest
	} else {
		familiar += ":" + d.Image.Tag
	}
	return fmt.Sprintf("manifest for %s not found: manifest unknown: manifest unknown", familiar)
}

func (d docker) head(words string) string {
	return fmt.Sprintf("Head %q: %s", d.manifest(), words)
}
