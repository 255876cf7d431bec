package kubeconfig

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"terrarium/sim/kubectl/rest"
)

// Overrides are what the command line says over the files.
type Overrides struct {
	Context, ClusterName, UserName, Namespace string
	Cluster                                   Cluster
	User                                      User
	Timeout                                   string
	// DefaultServer is used where no file and no flag names a server; kubectl's is http://localhost:8080.
	DefaultServer string
}

// InvalidError lists what is wrong with a kubeconfig; kubectl prints it as "Error in configuration: …".
type InvalidError []error

func (e InvalidError) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	if len(texts) == 1 {
		return "invalid configuration: " + texts[0]
	}
	return "invalid configuration: [" + strings.Join(texts, ", ") + "]"
}

func (e InvalidError) Errors() []error { return e }

// ContextNotFoundError names a context that is not in the kubeconfig.
type ContextNotFoundError string

func (e ContextNotFoundError) Error() string {
	return "context was not found for specified context: " + string(e)
}

// ErrNeedLogin says that a TLS server was named and no credentials: kubectl then asks for a username.
var ErrNeedLogin = errors.New("no credentials")

// Resolved is a kubeconfig with the command line laid over it.
type Resolved struct {
	Config    *Config
	Overrides Overrides
}

func (r Resolved) contextName() (name string, required bool) {
	if r.Overrides.Context != "" {
		return r.Overrides.Context, true
	}
	return r.Config.CurrentContext, false
}

// Context is the context in force.
func (r Resolved) Context() (Context, error) {
	name, required := r.contextName()
	var out Context
	if c, ok := r.Config.Contexts[name]; ok {
		out = *c
	} else if required {
		return out, fmt.Errorf("context %q does not exist", name)
	}
	if v := r.Overrides.ClusterName; v != "" {
		out.Cluster = v
	}
	if v := r.Overrides.UserName; v != "" {
		out.User = v
	}
	if v := r.Overrides.Namespace; v != "" {
		out.Namespace = v
	}
	return out, nil
}

// User is the user in force and its name.
func (r Resolved) User() (User, string, error) {
	ctx, _ := r.Context()
	name, required := ctx.User, r.Overrides.UserName != ""
	var out User
	if u, ok := r.Config.Users[name]; ok {
		out = *u
	} else if required {
		return out, name, fmt.Errorf("auth info %q does not exist", name)
	}
	o := r.Overrides.User
	if o.Token != "" {
		out.Token, out.TokenFile = o.Token, ""
	}
	if o.Impersonate != "" {
		out.Impersonate = o.Impersonate
	}
	if o.ImpersonateUID != "" {
		out.ImpersonateUID = o.ImpersonateUID
	}
	if len(o.ImpersonateGroups) > 0 {
		out.ImpersonateGroups = o.ImpersonateGroups
	}
	if len(o.ImpersonateUserExtra) > 0 {
		out.ImpersonateUserExtra = o.ImpersonateUserExtra
	}
	if o.Username != "" {
		out.Username = o.Username
	}
	if o.Password != "" {
		out.Password = o.Password
	}
	if o.ClientKey != "" {
		out.ClientKey, out.ClientKeyData = o.ClientKey, nil
	}
	if o.ClientCertificate != "" {
		out.ClientCertificate, out.ClientCertificateData = o.ClientCertificate, nil
	}
	return out, name, nil
}

// Cluster is the cluster in force and its name.
func (r Resolved) Cluster() (Cluster, string, error) {
	ctx, _ := r.Context()
	name, required := ctx.Cluster, r.Overrides.ClusterName != ""
	out := Cluster{Server: r.Overrides.DefaultServer}
	if c, ok := r.Config.Clusters[name]; ok {
		server := out.Server
		out = *c
		if out.Server == "" {
			out.Server = server
		}
	} else if required {
		return Cluster{}, name, fmt.Errorf("cluster %q does not exist", name)
	}
	o := r.Overrides.Cluster
	if o.Server != "" {
		out.Server = o.Server
	}
	if o.InsecureSkipTLSVerify || o.CertificateAuthority != "" {
		out.InsecureSkipTLSVerify = o.InsecureSkipTLSVerify
		out.CertificateAuthority, out.CertificateAuthorityData = o.CertificateAuthority, nil
	}
	if o.TLSServerName != "" || o.Server != "" {
		out.TLSServerName = o.TLSServerName
	}
	return out, name, nil
}

// Namespace is the namespace in force; explicit says that a flag named it.
func (r Resolved) Namespace() (namespace string, explicit bool, err error) {
	if v := r.Overrides.Namespace; v != "" {
		return v, true, nil
	}
	if err := r.usable(); err != nil {
		return "", false, err
	}
	ctx, err := r.Context()
	if err != nil {
		return "", false, err
	}
	if ctx.Namespace == "" {
		return "default", false, nil
	}
	return ctx.Namespace, false, nil
}

// usable finds what is wrong with the parts in force.
func (r Resolved) usable() error {
	var errs []error
	if name, _ := r.contextName(); name != "" {
		if _, ok := r.Config.Contexts[name]; !ok {
			errs = append(errs, ContextNotFoundError(name))
		}
	}
	user, userName, _ := r.User()
	errs = append(errs, user.problems(userName)...)
	cluster, clusterName, _ := r.Cluster()
	errs = append(errs, cluster.problems(clusterName)...)
	if len(errs) > 0 {
		return InvalidError(errs)
	}
	return nil
}

func (c Cluster) problems(name string) (errs []error) {
	if c.Server == "" {
		if name == "" {
			errs = append(errs, errors.New("default cluster has no server defined"))
		} else {
			errs = append(errs, fmt.Errorf("no server found for cluster %q", name))
		}
	}
	if c.ProxyURL != "" {
		if _, err := url.Parse(c.ProxyURL); err != nil {
			errs = append(errs, fmt.Errorf("invalid 'proxy-url' %q for cluster %q: %w", c.ProxyURL, name, err))
		}
	}
	if c.CertificateAuthority != "" && len(c.CertificateAuthorityData) > 0 {
		errs = append(errs, fmt.Errorf("certificate-authority-data and certificate-authority are both specified for %v. certificate-authority-data will override.", name))
	}
	return errs
}

func (u User) problems(name string) (errs []error) {
	methods := 0
	if u.Token != "" {
		methods++
	}
	if u.Username != "" || u.Password != "" {
		methods++
	}
	if u.ClientCertificate != "" || len(u.ClientCertificateData) > 0 {
		if u.ClientCertificate != "" && len(u.ClientCertificateData) > 0 {
			errs = append(errs, fmt.Errorf("client-cert-data and client-cert are both specified for %v. client-cert-data will override.", name))
		}
		if u.ClientKey != "" && len(u.ClientKeyData) > 0 {
			errs = append(errs, fmt.Errorf("client-key-data and client-key are both specified for %v; client-key-data will override", name))
		}
		if u.ClientKey == "" && len(u.ClientKeyData) == 0 {
			errs = append(errs, fmt.Errorf("client-key-data or client-key must be specified for %v to use the clientCert authentication method.", name))
		}
	}
	if methods > 1 {
		errs = append(errs, fmt.Errorf("more than one authentication method found for %v; found %v, only one is allowed", name, methodsOf(u)))
	}
	if (u.ImpersonateUID != "" || len(u.ImpersonateGroups) > 0 || len(u.ImpersonateUserExtra) > 0) && u.Impersonate == "" {
		errs = append(errs, fmt.Errorf("requesting uid, groups or user-extra for %v without impersonating a user", name))
	}
	return errs
}

func methodsOf(u User) []string {
	var out []string
	if u.Token != "" {
		out = append(out, "token")
	}
	if u.Username != "" || u.Password != "" {
		out = append(out, "basicAuth")
	}
	return out
}

// REST is how to reach the cluster in force. ErrNeedLogin comes with a usable config that lacks credentials.
func (r Resolved) REST(files Files) (rest.Config, error) {
	var out rest.Config
	user, _, err := r.User()
	if err != nil {
		return out, err
	}
	if _, err := r.Context(); err != nil {
		// kubectl names an unknown --context as a broken configuration, because the namespace is looked up first.
		return out, err
	}
	cluster, _, err := r.Cluster()
	if err != nil {
		return out, err
	}
	if err := r.usable(); err != nil {
		return out, err
	}
	out.Host = cluster.Server
	if out.Timeout, err = ParseTimeout(r.Overrides.Timeout); err != nil {
		return out, err
	}
	if user.Impersonate != "" {
		out.Impersonate = rest.Impersonate{User: user.Impersonate, UID: user.ImpersonateUID, Groups: user.ImpersonateGroups, Extra: user.ImpersonateUserExtra}
	}
	if !isTLS(cluster) {
		return out, nil
	}
	return out, r.credentials(files, &out, user, cluster)
}

func isTLS(c Cluster) bool {
	if u, err := url.Parse(c.Server); err == nil && u.Scheme != "" && u.Host != "" {
		return u.Scheme == "https"
	}
	return c.CertificateAuthority != "" || len(c.CertificateAuthorityData) > 0 || c.InsecureSkipTLSVerify
}

func (r Resolved) credentials(files Files, out *rest.Config, user User, cluster Cluster) error {
	read := func(data []byte, name, what string) ([]byte, error) {
		if len(data) > 0 || name == "" {
			return data, nil
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("unable to read %s %v due to %w", what, name, err)
		}
		return data, nil
	}
	var err error
	out.Insecure, out.ServerName = cluster.InsecureSkipTLSVerify, cluster.TLSServerName
	if out.CAData, err = read(cluster.CertificateAuthorityData, cluster.CertificateAuthority, "certificate-authority"); err != nil {
		return err
	}
	if out.CertData, err = read(user.ClientCertificateData, user.ClientCertificate, "client-cert"); err != nil {
		return err
	}
	if out.KeyData, err = read(user.ClientKeyData, user.ClientKey, "client-key"); err != nil {
		return err
	}
	out.BearerToken = user.Token
	if out.BearerToken == "" && user.TokenFile != "" {
		data, err := files.ReadFile(user.TokenFile)
		if err != nil {
			return err
		}
		out.BearerToken = strings.TrimSpace(string(data))
	}
	out.Username, out.Password = user.Username, user.Password
	if out.Username == "" && len(out.CertData) == 0 && out.BearerToken == "" && user.Exec == nil && user.AuthProvider == nil {
		return ErrNeedLogin
	}
	return nil
}

// ParseTimeout reads --request-timeout: whole seconds, or a duration.
func ParseTimeout(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	if n, err := strconv.Atoi(s); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)")
	}
	return d, nil
}
