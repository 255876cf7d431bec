// Package credentials reads docker logins from Secrets and finds those that belong to an image.
//
// It knows neither registries nor pods: which Secrets a pod may use is the kubelet's matter.
package credentials

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// A Login is one set of credentials with where it came from.
type Login struct {
	Username, Password, Email string
	// Hash tells logins with the same content; Source is the Secret.
	Hash   string
	Source Source
}

// Source is the Secret that a login came from.
type Source struct{ UID, Namespace, Name string }

// A Keyring holds the logins of a pod's pull secrets. The zero Keyring is empty.
type Keyring struct {
	keys   []string // reverse sorted, so that longer paths come first
	logins map[string][]Login
}

// FromSecrets reads the logins of the secrets. Secrets of other types, or without the key of their type, are passed
// over; the error is that of the first one whose content cannot be read, as the kubelet shows it.
func FromSecrets(secrets []*corev1.Secret) (*Keyring, error) {
	k := &Keyring{logins: map[string][]Login{}}
	for _, s := range secrets {
		config, err := read(s)
		if err != nil {
			return nil, err
		}
		k.add(Source{UID: string(s.UID), Namespace: s.Namespace, Name: s.Name}, config)
	}
	return k, nil
}

func (k *Keyring) add(source Source, config DockerConfig) {
	locations := make([]string, 0, len(config))
	for l := range config {
		locations = append(locations, l)
	}
	slices.Sort(locations)
	for _, l := range locations {
		key, ok := keyOf(l)
		if !ok {
			continue
		}
		e := config[l]
		login := Login{Username: e.Username, Password: e.Password, Email: e.Email, Source: source}
		login.Hash = login.hash()
		if k.logins[key] == nil {
			k.keys = append(k.keys, key)
		}
		k.logins[key] = append(k.logins[key], login)
	}
	slices.Sort(k.keys)
	slices.Reverse(k.keys)
}

// keyOf strips what does not tell registries apart: the scheme, /v1/ and /v2/, a lone slash.
func keyOf(location string) (key string, ok bool) {
	if !strings.HasPrefix(location, "https://") && !strings.HasPrefix(location, "http://") {
		location = "https://" + location
	}
	u, err := url.Parse(location)
	if err != nil {
		return "", false
	}
	p := u.Path
	if strings.HasPrefix(p, "/v1/") || strings.HasPrefix(p, "/v2/") {
		p = p[3:]
	}
	if p == "/" {
		p = ""
	}
	return u.Host + p, true
}

const hubKey = "index.docker.io"

// Lookup returns every login whose location matches the repository ("registry.example.com/team/app"), the most specific
// first; for a repository of Docker Hub, if none does, the logins of index.docker.io.
func (k *Keyring) Lookup(repository string) []Login {
	if k == nil {
		return nil
	}
	var out []Login
	for _, key := range k.keys {
		if matches(key, repository) {
			out = append(out, k.logins[key]...)
		}
	}
	if len(out) == 0 && onDockerHub(repository) {
		out = k.logins[hubKey]
	}
	return out
}

// matches wants the same port, as many host labels, each label matched by the pattern, and the path as a prefix.
func matches(key, repository string) bool {
	pattern, err := url.Parse("https://" + key)
	if err != nil {
		return false
	}
	target, err := url.Parse("https://" + repository)
	if err != nil {
		return false
	}
	labels, port := split(pattern.Host)
	targetLabels, targetPort := split(target.Host)
	if port != targetPort || len(labels) != len(targetLabels) || !strings.HasPrefix(target.Path, pattern.Path) {
		return false
	}
	for i := range labels {
		if ok, err := path.Match(labels[i], targetLabels[i]); err != nil || !ok {
			return false
		}
	}
	return true
}

func split(host string) (labels []string, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	return strings.Split(name, "."), port
}

func onDockerHub(repository string) bool {
	first, _, more := strings.Cut(repository, "/")
	switch {
	case first == "":
		return false
	case !more, first == "docker.io", first == hubKey:
		return true
	}
	return !strings.ContainsAny(first, ".:")
}

func (l Login) hash() string {
	content, err := json.Marshal(struct {
		Username string `json:"username,omitempty"`
		Password string `json:"password,omitempty"`
		Email    string `json:"email,omitempty"`
	}{l.Username, l.Password, l.Email})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
