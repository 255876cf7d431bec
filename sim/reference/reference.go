// Package reference parses the names of container images, as the Docker and containerd worlds write them.
//
// It knows no registries: whether an image exists is not its matter.
package reference

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// What a name may be wrong about; the texts are those of distribution/reference and of go-digest.
var (
	ErrFormat       = errors.New("invalid reference format")
	ErrUpper        = errors.New("repository name must be lowercase")
	ErrTooLong      = errors.New("repository name must not be more than 255 characters")
	ErrDigestLength = errors.New("invalid checksum digest length")
	ErrDigestHash   = errors.New("unsupported digest algorithm")
	ErrDigestFormat = errors.New("invalid checksum digest format")
)

const (
	// DockerHub is the registry of names that name none.
	DockerHub = "docker.io"

	legacyHub  = "index.docker.io"
	official   = "library/"
	nameLimit  = 255
	defaultTag = "latest"
)

// A Reference is an image name in full. Tag and Digest may both be empty, or both be set.
type Reference struct {
	Domain string // with the port, where there is one: "registry.example.com:5000"
	Path   string // "library/nginx"
	Tag    string
	Digest string // "sha256:…"
}

// Parse reads a name as people write it ("nginx", "quay.io/org/app:1.0", "app@sha256:…") and completes registry
// and path, but no tag.
func Parse(name string) (Reference, error) {
	p := patterns()
	if p.identifier.MatchString(name) {
		return Reference{}, fmt.Errorf("invalid repository name (%s), cannot specify 64-byte hexadecimal strings", name)
	}
	domain, rest := splitDomain(name)
	remote, _, _ := strings.Cut(rest, ":")
	if strings.ToLower(remote) != remote {
		return Reference{}, fmt.Errorf("%w: repository name (%s) must be lowercase", ErrFormat, remote)
	}
	full := domain + "/" + rest
	m := p.reference.FindStringSubmatch(full)
	if m == nil {
		if p.reference.MatchString(strings.ToLower(full)) {
			return Reference{}, ErrUpper
		}
		return Reference{}, ErrFormat
	}
	if len(m[2]) > nameLimit {
		return Reference{}, ErrTooLong
	}
	if err := checkDigest(m[4]); err != nil {
		return Reference{}, err
	}
	return Reference{Domain: m[1], Path: m[2], Tag: m[3], Digest: m[4]}, nil
}

// Valid reports whether name is a reference to the letter, without the completions of Parse: what `kubectl run`
// asks of --image.
func Valid(name string) bool {
	return patterns().strict.MatchString(name)
}

// ParseImage is what the kubelet makes of a container's image: the repository in full, and tag and digest, where
// the tag is "latest" if the name has neither.
func ParseImage(image string) (repository, tag, digest string, err error) {
	r, err := Parse(image)
	if err != nil {
		return "", "", "", fmt.Errorf("couldn't parse image name %q: %w", image, err)
	}
	r = r.WithDefaultTag()
	return r.Repository(), r.Tag, r.Digest, nil
}

// Repository is registry and path.
func (r Reference) Repository() string { return r.Domain + "/" + r.Path }

// WithDefaultTag returns r with the tag "latest" where it has neither tag nor digest.
func (r Reference) WithDefaultTag() Reference {
	if r.Tag == "" && r.Digest == "" {
		r.Tag = defaultTag
	}
	return r
}

// String is the name in full. A tag beside a digest is left out: the digest decides.
func (r Reference) String() string {
	switch {
	case r.Digest != "":
		return r.Repository() + "@" + r.Digest
	case r.Tag != "":
		return r.Repository() + ":" + r.Tag
	}
	return r.Repository()
}

// Familiar is the repository as Docker shows it: without Docker Hub's name and without library/.
func (r Reference) Familiar() string {
	if r.Domain != DockerHub {
		return r.Repository()
	}
	if rest, ok := strings.CutPrefix(r.Path, official); ok && !strings.Contains(rest, "/") {
		return rest
	}
	return r.Path
}

// Object is what a manifest is asked for by: the digest, else the tag.
func (r Reference) Object() string {
	if r.Digest != "" {
		return r.Digest
	}
	return r.Tag
}

func splitDomain(name string) (domain, rest string) {
	first, remainder, ok := strings.Cut(name, "/")
	switch {
	case !ok:
		return DockerHub, official + name
	case first == legacyHub:
		domain, rest = DockerHub, remainder
	case first == "localhost", strings.ContainsAny(first, ".:"), strings.ToLower(first) != first:
		domain, rest = first, remainder
	default:
		domain, rest = DockerHub, name
	}
	if domain == DockerHub && !strings.Contains(rest, "/") {
		rest = official + rest
	}
	return domain, rest
}

func checkDigest(digest string) error {
	if digest == "" {
		return nil
	}
	hash, hex, _ := strings.Cut(digest, ":")
	size, known := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}[hash]
	switch {
	case !known:
		return ErrDigestHash
	case len(hex) != size:
		return ErrDigestLength
	case strings.ToLower(hex) != hex:
		return ErrDigestFormat
	}
	return nil
}

type grammar struct{ identifier, reference, strict *regexp.Regexp }

// patterns compiles the grammar when a name is first parsed, so that start-up does not pay for it.
var patterns = sync.OnceValue(func() grammar {
	const (
		label     = `(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])`
		domain    = `(?:` + label + `(?:\.` + label + `)*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?`
		component = `[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*`
		path      = component + `(?:/` + component + `)*`
		tag       = `[\w][\w.-]{0,127}`
		digest    = `[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][[:xdigit:]]{32,}`
		suffix    = `(?::(` + tag + `))?(?:@(` + digest + `))?$`
	)
	return grammar{
		identifier: regexp.MustCompile(`^[a-f0-9]{64}$`),
		reference:  regexp.MustCompile(`^(` + domain + `)/(` + path + `)` + suffix),
		strict:     regexp.MustCompile(`^(?:` + domain + `/)?` + path + suffix),
	}
})
