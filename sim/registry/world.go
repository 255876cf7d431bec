package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// World is every registry that a cluster can reach. It is not safe for concurrent use.
type World struct {
	registries []Registry
	hits       map[*Fault]int    // how many pulls a fault with Times has hit
	digests    map[string]string // repository@digest -> tag, of the images that somebody has seen
}

// NewWorld returns the built-in world with the entries of a scenario laid over it.
func NewWorld(entries ...Registry) (*World, error) {
	w := &World{registries: Builtin(), hits: map[*Fault]int{}, digests: map[string]string{}}
	for i := range entries {
		if err := entries[i].Check(); err != nil {
			return nil, err
		}
		w.add(entries[i])
	}
	return w, nil
}

func (w *World) add(r Registry) {
	for i := range w.registries {
		if known := &w.registries[i]; known.Host == r.Host && (r.Port == "" || r.Port == known.Port) {
			known.merge(r)
			return
		}
	}
	// Before the known ones, so that a scenario's pattern wins; what it says of a single host always does.
	w.registries = append([]Registry{r}, w.registries...)
}

func (r *Registry) merge(by Registry) {
	set(&r.Port, by.Port)
	set(&r.API, by.API)
	set(&r.Access, by.Access)
	set(&r.Challenge, by.Challenge)
	set(&r.Missing, by.Missing)
	set(&r.Others, by.Others)
	set(&r.Rate, by.Rate)
	if by.Challenge != "" {
		r.Refusal = nil
	}
	if by.Token != nil {
		r.Token = by.Token
	}
	if by.Refusal != nil {
		r.Refusal = by.Refusal
	}
	if !by.Accounts.IsZero() {
		r.Accounts = by.Accounts
	}
	if by.Latency != nil {
		r.Latency = by.Latency
	}
	r.Fault = by.Fault
	r.Repositories = append(append([]Repository{}, by.Repositories...), r.Repositories...)
}

func set[T comparable](field *T, by T) {
	var zero T
	if by != zero {
		*field = by
	}
}

// find returns the registry of a host as written in an image name; the last entry is for every host.
func (w *World) find(domain string) *Registry {
	host, port := splitPort(domain)
	var pattern *Registry
	for i := range w.registries {
		r := &w.registries[i]
		if r.Port != port && r.Port != AnyPort {
			continue
		}
		if r.Host == host {
			return r
		}
		if matchHost(r.Host, host) && (pattern == nil || pattern.Host == "*") {
			pattern = r
		}
	}
	return pattern
}

func splitPort(domain string) (host, port string) {
	i := strings.LastIndexByte(domain, ':')
	if i < 0 || strings.HasSuffix(domain, "]") {
		return domain, ""
	}
	return domain[:i], domain[i+1:]
}

// api is the host and port that requests for images of domain go to.
func (r *Registry) api(domain string) string {
	if r.API != "" {
		return r.API
	}
	return domain
}

// repository returns what is known of a path, nil where it does not exist.
func (r *Registry) repository(path string) *Repository {
	for i := range r.Repositories {
		if repo := &r.Repositories[i]; matchText(repo.Name, path) {
			if repo.Absent {
				return nil
			}
			return repo
		}
	}
	if r.Others == OthersExist || r.Others == "" && len(r.Repositories) == 0 {
		return &Repository{Name: path}
	}
	return nil
}

// private reports whether a pull needs an account.
func (r *Registry) private(repo *Repository) bool {
	if repo != nil && repo.Access != "" {
		return repo.Access == Private
	}
	return r.Access == Private
}

// known reports whether the registry knows the login at all, whatever it may pull.
func (r *Registry) known(repo *Repository, user, password string) bool {
	return r.Accounts.Take(user, password) || repo != nil && repo.Accounts.Take(user, password)
}

// mayPull reports whether the login is good for the repository.
func (r *Registry) mayPull(repo *Repository, user, password string) bool {
	if repo != nil && !repo.Accounts.IsZero() {
		return repo.Accounts.Take(user, password)
	}
	return r.Accounts.Take(user, password)
}

// fault returns the fault that hits a pull now, and counts it.
func (w *World) fault(r *Registry, repo *Repository, now time.Duration) *Fault {
	for _, f := range []*Fault{r.Fault, repo.faultOf()} {
		if f == nil || now < duration(f.From) || f.Until != nil && now >= f.Until.Duration {
			continue
		}
		if f.Times > 0 {
			if w.hits[f] >= f.Times {
				continue
			}
			w.hits[f]++
		}
		return f
	}
	return nil
}

func (r *Repository) faultOf() *Fault {
	if r == nil {
		return nil
	}
	return r.Fault
}

// An Image is what a pull brings: a manifest of a repository.
type Image struct {
	Repository string // "docker.io/library/nginx"
	Tag        string // empty where it was pulled by digest and no tag is known
	Digest     string // of the manifest: "sha256:…"
	ID         string // of its configuration: "sha256:…"
	Size       int64  // compressed, in bytes
}

// image makes the image of a tag. What the data leaves open is made up, and always the same for the same name.
func (w *World) image(r *Registry, repo *Repository, repository, tag string) Image {
	name := repository + ":" + tag
	img := Image{
		Repository: repository, Tag: tag,
		Digest: repo.Digests[tag], ID: madeUpDigest("config of " + name), Size: repo.Sizes[tag],
	}
	if img.Digest == "" {
		img.Digest = madeUpDigest("manifest of " + name)
	}
	if img.Size == 0 {
		img.Size = repo.Size
	}
	if img.Size == 0 {
		img.Size = madeUpSize(repository)
	}
	w.digests[repository+"@"+img.Digest] = tag
	return img
}

// byDigest finds the image of a digest: one that the data names, or that has been pulled by its tag.
func (w *World) byDigest(r *Registry, repo *Repository, repository, digest string) (Image, bool) {
	if tag, ok := w.digests[repository+"@"+digest]; ok {
		return w.image(r, repo, repository, tag), true
	}
	for _, tag := range append([]string{"latest"}, repo.Tags...) {
		if strings.ContainsAny(tag, "*<") || !repo.hasTag(tag) {
			continue
		}
		if img := w.image(r, repo, repository, tag); img.Digest == digest {
			return img, true
		}
	}
	for tag, d := range repo.Digests { // at most one tag is asked for, so the order does not matter
		if d == digest {
			return w.image(r, repo, repository, tag), true
		}
	}
	return Image{}, false
}

func madeUpDigest(of string) string {
	sum := sha256.Sum256([]byte(of))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// madeUpSize is that of every image of a repository whose size the data does not tell: between 20 and 83 MB, by the rule
// of the recorded cluster's registries.
func madeUpSize(repository string) int64 {
	sum := sha256.Sum256([]byte(repository))
	return 20_000_000 + 60*int64(binary.BigEndian.Uint32(sum[:])>>12)
}
