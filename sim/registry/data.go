// Package registry is the world of container registries as data: who serves what to whom, how fast, and in which
// words it refuses.
//
// It knows no cluster, no credentials but the ones it is handed, and no network: a pull is a question that is
// answered at once, with the time that it would have taken.
package registry

import (
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Registry is one entry of a scenario's `registries`. An entry whose host and port are already known changes
// what it names and puts its repositories before the known ones.
type Registry struct {
	// Host is as in image names: "registry.example.com", "docker.io". A label may be a pattern ("*.example.com",
	// "192.168.*.*"); "*" alone is every host that no other entry names.
	Host string `json:"host"`
	// Port is "" (none in the image name), a number, or "any".
	Port string `json:"port,omitempty"`
	// API is the host that requests go to, where it is another one: "registry-1.docker.io".
	API string `json:"api,omitempty"`

	// Access is public or private; private wants an account.
	Access   Access   `json:"access,omitempty"`
	Accounts Accounts `json:"accounts,omitempty"`

	// Challenge is how the registry asks for a login: token, basic, or refuse (it answers 401 and asks nothing).
	Challenge Challenge `json:"challenge,omitempty"`
	Token     *Token    `json:"token,omitempty"`
	// Refusal is what it answers to who may not pull; nil is what its kind of challenge usually answers.
	Refusal *Refusal `json:"refusal,omitempty"`
	// Missing is what it answers for a repository that it does not have: notFound or denied (as if private).
	Missing Missing `json:"missing,omitempty"`
	// Others says whether repositories that are not listed exist: yes or no. Default: yes, unless any are listed.
	Others Others `json:"others,omitempty"`

	Repositories []Repository `json:"repositories,omitempty"`

	// Latency is what a pull takes beside the transfer, Rate the transfer's speed in megabytes (10^6) a second.
	Latency *metav1.Duration `json:"latency,omitempty"`
	Rate    float64          `json:"rate,omitempty"`

	Fault *Fault `json:"fault,omitempty"`
}

// A Repository is one repository, or all whose names match a pattern.
type Repository struct {
	// Name is the path in the registry; * stands for any run of characters, / included.
	Name   string `json:"name"`
	Access Access `json:"access,omitempty"`
	// Accounts, where set, are the ones that may pull here instead of the registry's.
	Accounts Accounts `json:"accounts,omitempty"`
	// Absent repositories do not exist.
	Absent bool `json:"absent,omitempty"`

	// Tags are the tags that exist; none means all. In a tag * stands for any run of characters and <0-29> for a
	// number in that range.
	Tags []string `json:"tags,omitempty"`
	// Variants are the suffixes that each of Tags may carry: "1.28-alpine" is the tag 1.28 with the variant alpine.
	Variants []string `json:"variants,omitempty"`
	// NoTags are tags that do not exist although Tags would take them.
	NoTags []string `json:"noTags,omitempty"`
	// Digests fixes the digest of a tag; the others are made up from the name.
	Digests map[string]string `json:"digests,omitempty"`
	// Size is in bytes, of the compressed image; 0 is made up from the name. Sizes fixes that of single tags.
	Size  int64            `json:"size,omitempty"`
	Sizes map[string]int64 `json:"sizes,omitempty"`
	// Architectures that there is an image for; none means all.
	Architectures []string `json:"architectures,omitempty"`

	Latency *metav1.Duration `json:"latency,omitempty"`
	Rate    float64          `json:"rate,omitempty"`
	Fault   *Fault           `json:"fault,omitempty"`
}

// Token is how a registry with bearer tokens hands them out.
type Token struct {
	Realm   string `json:"realm,omitempty"`   // default: https://HOST/token
	Service string `json:"service,omitempty"` // default: the host
	// Anonymous is the status with which a token for a private repository is refused to who has no login, 401 or 403;
	// 0 grants one that is then good for nothing.
	Anonymous int `json:"anonymous,omitempty"`
}

// Refusal is the answer of the registry itself to who may not pull.
type Refusal struct {
	// Status is 401 or 403. Scope says that the answer names the missing scope (as Docker Hub does), which the
	// runtime shows instead of the status.
	Status int  `json:"status,omitempty"`
	Scope  bool `json:"scope,omitempty"`
	// Method is the request that is refused, HEAD or GET.
	Method string `json:"method,omitempty"`
	// Words are the registry's own: "unauthorized: authentication required".
	Words string `json:"words,omitempty"`
}

// Fault is something that does not work.
type Fault struct {
	// Kind is unknownHost, refused, timeout, tls, down, denied, rateLimit or status.
	Kind FaultKind `json:"kind"`
	// Status is the HTTP status of kind status: 500, 502, …
	Status int `json:"status,omitempty"`
	// Words replace the registry's usual ones.
	Words string `json:"words,omitempty"`
	// Times, where set, is how many pulls it hits; then it is mended.
	Times int `json:"times,omitempty"`
	// From and Until, where set, are the time after the start of the cluster at which it begins and ends.
	From  *metav1.Duration `json:"from,omitempty"`
	Until *metav1.Duration `json:"until,omitempty"`
}

// An Account is a login.
type Account struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// Accounts is a list of logins, or, with Any, every login whose user and password are not empty.
type Accounts struct {
	Any  bool
	List []Account
}

// UnmarshalJSON reads the word any, or a list of accounts.
func (a *Accounts) UnmarshalJSON(data []byte) error {
	var word string
	if json.Unmarshal(data, &word) == nil {
		if word != "any" {
			return fmt.Errorf("accounts: %q is neither any nor a list of user and password", word)
		}
		*a = Accounts{Any: true}
		return nil
	}
	*a = Accounts{}
	return json.Unmarshal(data, &a.List)
}

// MarshalJSON is the inverse of UnmarshalJSON.
func (a Accounts) MarshalJSON() ([]byte, error) {
	if a.Any {
		return json.Marshal("any")
	}
	return json.Marshal(a.List)
}

// IsZero says that nothing was said of accounts.
func (a Accounts) IsZero() bool { return !a.Any && a.List == nil }

// Take reports whether the login is one of the accounts.
func (a Accounts) Take(user, password string) bool {
	if user == "" || password == "" {
		return false
	}
	if a.Any {
		return true
	}
	for _, one := range a.List {
		if one.User == user && one.Password == password {
			return true
		}
	}
	return false
}

// The words of a Registry's fields; the empty word is the default.
type (
	Access    string
	Challenge string
	Missing   string
	Others    string
	FaultKind string
)

// What the words may be.
const (
	Public  Access = "public"
	Private Access = "private"

	ByToken  Challenge = "token"
	ByBasic  Challenge = "basic"
	ByRefuse Challenge = "refuse"

	MissingNotFound Missing = "notFound"
	MissingDenied   Missing = "denied"

	OthersExist  Others = "yes"
	OthersAbsent Others = "no"

	UnknownHost FaultKind = "unknownHost"
	Refused     FaultKind = "refused"
	Timeout     FaultKind = "timeout"
	TLS         FaultKind = "tls"
	Down        FaultKind = "down"
	Denied      FaultKind = "denied"
	RateLimit   FaultKind = "rateLimit"
	StatusFault FaultKind = "status"
)

// AnyPort is the Port of a registry that answers on every port.
const AnyPort = "any"

// Check says what is wrong with the entry, in one sentence that names it; nil where nothing is.
func (r *Registry) Check() error {
	if r.Host == "" {
		return fmt.Errorf("registries: an entry has no host")
	}
	for _, w := range []struct {
		field, word string
		known       []string
	}{
		{"access", string(r.Access), []string{"", "public", "private"}},
		{"challenge", string(r.Challenge), []string{"", "token", "basic", "refuse"}},
		{"missing", string(r.Missing), []string{"", "notFound", "denied"}},
		{"others", string(r.Others), []string{"", "yes", "no"}},
	} {
		if err := oneOf(w.field, w.word, w.known); err != nil {
			return fmt.Errorf("registries: %s: %w", r.Host, err)
		}
	}
	if err := r.Fault.check(); err != nil {
		return fmt.Errorf("registries: %s: %w", r.Host, err)
	}
	for i := range r.Repositories {
		if err := r.Repositories[i].check(); err != nil {
			return fmt.Errorf("registries: %s: %w", r.Host, err)
		}
	}
	return nil
}

func (r *Repository) check() error {
	if r.Name == "" {
		return fmt.Errorf("a repository has no name")
	}
	if err := oneOf("access", string(r.Access), []string{"", "public", "private"}); err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	if r.Size < 0 || r.Rate < 0 {
		return fmt.Errorf("%s: size and rate may not be negative", r.Name)
	}
	if err := r.Fault.check(); err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	return nil
}

func (f *Fault) check() error {
	if f == nil {
		return nil
	}
	if f.Kind == StatusFault && (f.Status < 400 || f.Status > 599) {
		return fmt.Errorf("fault: status %d is not an error", f.Status)
	}
	return oneOf("fault", string(f.Kind), []string{"unknownHost", "refused", "timeout", "tls", "down", "denied", "rateLimit", "status"})
}

func oneOf(field, word string, known []string) error {
	for _, k := range known {
		if k == word {
			return nil
		}
	}
	if known[0] == "" {
		known = known[1:]
	}
	return fmt.Errorf("%s: %q is not one of %q", field, word, known)
}

func duration(d *metav1.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return d.Duration
}
