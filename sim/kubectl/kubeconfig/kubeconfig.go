// Package kubeconfig reads, merges, writes and resolves kubeconfig files. It does not talk to servers.
package kubeconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/yaml"

	"terrarium/sim/kubectl/object"
)

// Config is a kubeconfig, entries by name.
type Config struct {
	Clusters       map[string]*Cluster
	Users          map[string]*User
	Contexts       map[string]*Context
	CurrentContext string
	Preferences    map[string]any
	Extensions     []any
}

// Cluster is where a server is. Origin is the file that the entry came from.
type Cluster struct {
	Server                   string `json:"server"`
	TLSServerName            string `json:"tls-server-name,omitempty"`
	InsecureSkipTLSVerify    bool   `json:"insecure-skip-tls-verify,omitempty"`
	CertificateAuthority     string `json:"certificate-authority,omitempty"`
	CertificateAuthorityData []byte `json:"certificate-authority-data,omitempty"`
	ProxyURL                 string `json:"proxy-url,omitempty"`
	DisableCompression       bool   `json:"disable-compression,omitempty"`
	Extensions               []any  `json:"extensions,omitempty"`
	Origin                   string `json:"-"`
}

// User is who somebody is.
type User struct {
	ClientCertificate     string              `json:"client-certificate,omitempty"`
	ClientCertificateData []byte              `json:"client-certificate-data,omitempty"`
	ClientKey             string              `json:"client-key,omitempty"`
	ClientKeyData         []byte              `json:"client-key-data,omitempty"`
	Token                 string              `json:"token,omitempty"`
	TokenFile             string              `json:"tokenFile,omitempty"`
	Impersonate           string              `json:"as,omitempty"`
	ImpersonateUID        string              `json:"as-uid,omitempty"`
	ImpersonateGroups     []string            `json:"as-groups,omitempty"`
	ImpersonateUserExtra  map[string][]string `json:"as-user-extra,omitempty"`
	Username              string              `json:"username,omitempty"`
	Password              string              `json:"password,omitempty"`
	AuthProvider          *AuthProvider       `json:"auth-provider,omitempty"`
	Exec                  *Exec               `json:"exec,omitempty"`
	Extensions            []any               `json:"extensions,omitempty"`
	Origin                string              `json:"-"`
}

// AuthProvider is a way to log in that clients once brought with them.
type AuthProvider struct {
	Name   string            `json:"name"`
	Config map[string]string `json:"config"`
}

// Exec is a plugin that would provide credentials.
type Exec struct {
	Command            string   `json:"command"`
	Args               []string `json:"args"`
	Env                []any    `json:"env"`
	APIVersion         string   `json:"apiVersion,omitempty"`
	InstallHint        string   `json:"installHint,omitempty"`
	ProvideClusterInfo bool     `json:"provideClusterInfo"`
	InteractiveMode    string   `json:"interactiveMode,omitempty"`
}

// Context joins a cluster, a user and a namespace.
type Context struct {
	Cluster    string `json:"cluster"`
	User       string `json:"user"`
	Namespace  string `json:"namespace,omitempty"`
	Extensions []any  `json:"extensions,omitempty"`
	Origin     string `json:"-"`
}

type namedCluster struct {
	Name    string   `json:"name"`
	Cluster *Cluster `json:"cluster"`
}
type namedUser struct {
	Name string `json:"name"`
	User *User  `json:"user"`
}
type namedContext struct {
	Name    string   `json:"name"`
	Context *Context `json:"context"`
}

// file is the stored form.
type file struct {
	Kind           string         `json:"kind,omitempty"`
	APIVersion     string         `json:"apiVersion,omitempty"`
	Preferences    map[string]any `json:"preferences,omitempty"`
	Clusters       []namedCluster `json:"clusters"`
	Users          []namedUser    `json:"users"`
	Contexts       []namedContext `json:"contexts"`
	CurrentContext string         `json:"current-context"`
	Extensions     []any          `json:"extensions,omitempty"`
}

// New is an empty kubeconfig.
func New() *Config {
	return &Config{Clusters: map[string]*Cluster{}, Users: map[string]*User{}, Contexts: map[string]*Context{}}
}

// Parse reads one kubeconfig; origin is recorded in its entries.
func Parse(data []byte, origin string) (*Config, error) {
	c := New()
	j, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, err
	}
	var kind struct {
		APIVersion string `json:"apiVersion,omitempty"`
		Kind       string `json:"kind,omitempty"`
	}
	if err := json.Unmarshal(j, &kind); err != nil {
		return nil, fmt.Errorf("couldn't get version/kind; json parse error: %w", err)
	}
	var f file
	if err := json.Unmarshal(j, &f); err != nil {
		return nil, err
	}
	c.CurrentContext, c.Preferences, c.Extensions = f.CurrentContext, f.Preferences, f.Extensions
	for _, n := range f.Clusters {
		if _, dup := c.Clusters[n.Name]; dup {
			return nil, fmt.Errorf("error converting *[]NamedCluster into *map[string]*api.Cluster: duplicate name %q in list: %v", n.Name, f.Clusters)
		}
		if n.Cluster == nil {
			n.Cluster = &Cluster{}
		}
		n.Cluster.Origin = origin
		c.Clusters[n.Name] = n.Cluster
	}
	for _, n := range f.Users {
		if n.User == nil {
			n.User = &User{}
		}
		n.User.Origin = origin
		c.Users[n.Name] = n.User
	}
	for _, n := range f.Contexts {
		if n.Context == nil {
			n.Context = &Context{}
		}
		n.Context.Origin = origin
		c.Contexts[n.Name] = n.Context
	}
	return c, nil
}

// Object is the stored form of c: apiVersion and kind set, entries sorted by name.
func (c *Config) Object() (object.Object, error) { return object.From(c.File()) }

// File is Object with the fields in the order of the API's type, to be encoded as JSON.
func (c *Config) File() any {
	f := file{Kind: "Config", APIVersion: "v1", Preferences: c.Preferences, CurrentContext: c.CurrentContext, Extensions: c.Extensions}
	for _, n := range object.SortedKeys(c.Clusters) {
		f.Clusters = append(f.Clusters, namedCluster{n, c.Clusters[n]})
	}
	for _, n := range object.SortedKeys(c.Users) {
		f.Users = append(f.Users, namedUser{n, c.Users[n]})
	}
	for _, n := range object.SortedKeys(c.Contexts) {
		f.Contexts = append(f.Contexts, namedContext{n, c.Contexts[n]})
	}
	return f
}

// YAML is c as it is written to a file.
func (c *Config) YAML() ([]byte, error) {
	o, err := c.Object()
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(o)
}

// Copy is a deep copy, origins kept.
func (c *Config) Copy() *Config {
	out := New()
	out.CurrentContext, out.Preferences, out.Extensions = c.CurrentContext, c.Preferences, c.Extensions
	for n, v := range c.Clusters {
		e := *v
		out.Clusters[n] = &e
	}
	for n, v := range c.Users {
		e := *v
		out.Users[n] = &e
	}
	for n, v := range c.Contexts {
		e := *v
		out.Contexts[n] = &e
	}
	return out
}

// Files is what loading reads from.
type Files interface {
	ReadFile(name string) ([]byte, error)
	Stat(name string) (fs.FileInfo, error)
}

// Rules say which files make up the kubeconfig.
type Rules struct {
	Explicit string   // --kubeconfig; the only file, and it must exist
	Paths    []string // otherwise these in order, missing ones skipped
}

// RulesFor follows --kubeconfig, then $KUBECONFIG, then $HOME/.kube/config.
func RulesFor(explicit string, getenv func(string) string) Rules {
	if list := getenv("KUBECONFIG"); list != "" {
		var paths []string
		seen := map[string]bool{}
		for _, p := range strings.Split(list, ":") {
			if p != "" && !seen[p] {
				seen[p] = true
				paths = append(paths, p)
			}
		}
		return Rules{explicit, paths}
	}
	return Rules{explicit, []string{path.Join(getenv("HOME"), ".kube", "config")}}
}

// Load reads and merges the files of r: of entries of one name the first wins, as does the first current-context.
func (r Rules) Load(files Files) (*Config, error) {
	paths := r.Paths
	if r.Explicit != "" {
		if _, err := files.Stat(r.Explicit); err != nil {
			var pe *fs.PathError
			if errors.As(err, &pe) {
				pe.Op = "stat"
			}
			return nil, err
		}
		paths = []string{r.Explicit}
	}
	merged := New()
	for _, p := range paths {
		data, err := files.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("error loading config file \"%s\": %v", p, err)
		}
		c, err := Parse(data, p)
		if err != nil {
			return nil, fmt.Errorf("error loading config file \"%s\": %v", p, err)
		}
		merged.merge(c)
	}
	merged.resolvePaths()
	return merged, nil
}

func (c *Config) merge(o *Config) {
	for n, v := range o.Clusters {
		if _, ok := c.Clusters[n]; !ok {
			c.Clusters[n] = v
		}
	}
	for n, v := range o.Users {
		if _, ok := c.Users[n]; !ok {
			c.Users[n] = v
		}
	}
	for n, v := range o.Contexts {
		if _, ok := c.Contexts[n]; !ok {
			c.Contexts[n] = v
		}
	}
	if c.CurrentContext == "" {
		c.CurrentContext = o.CurrentContext
	}
	if c.Preferences == nil {
		c.Preferences = o.Preferences
	}
	if c.Extensions == nil {
		c.Extensions = o.Extensions
	}
}

// resolvePaths makes the paths in entries relative to the files that they stand in.
func (c *Config) resolvePaths() {
	abs := func(origin string, p *string) {
		if *p != "" && !path.IsAbs(*p) {
			*p = path.Join(path.Dir(origin), *p)
		}
	}
	for _, v := range c.Clusters {
		abs(v.Origin, &v.CertificateAuthority)
	}
	for _, v := range c.Users {
		abs(v.Origin, &v.ClientCertificate)
		abs(v.Origin, &v.ClientKey)
		abs(v.Origin, &v.TokenFile)
	}
}
