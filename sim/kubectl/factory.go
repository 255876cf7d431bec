package kubectl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/kubeconfig"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// userAgent is what servers see; field managers of plain requests are named after its first part.
const userAgent = "kubectl/v1.36.3 (linux/amd64) kubernetes/$Format"

// Factory gives commands what they share: the environment, the global flags, and, made when first asked for, the client, the
// discovered resources and the namespace.
type Factory struct {
	Env
	In     io.Reader
	Out    io.Writer
	ErrOut io.Writer

	ctx context.Context

	kubeconfigPath   string
	overrides        kubeconfig.Overrides
	warningsAsErrors bool
	verbosity        int
	cacheDir         string

	warnings int
	warned   map[string]bool
	resolved *kubeconfig.Resolved
	client   *rest.Client
	mapper   *discovery.Mapper
	command  string
	pid      uint64 // as log lines tell it
}

func newFactory(ctx context.Context, env Env) *Factory {
	return &Factory{Env: env, In: env.Stdin, Out: env.Stdout, ErrOut: env.Stderr, ctx: ctx, warned: map[string]bool{}}
}

// Context ends when the command is interrupted.
func (f *Factory) Context() context.Context { return f.ctx }

// readGlobals takes over the options that every command has, once they are parsed.
func (f *Factory) readGlobals(fs *pflag.FlagSet) {
	str := func(name string) string { v, _ := fs.GetString(name); return v }
	strs := func(name string) []string { v, _ := fs.GetStringArray(name); return v }
	is := func(name string) bool { v, _ := fs.GetBool(name); return v }
	f.kubeconfigPath = str("kubeconfig")
	f.overrides = kubeconfig.Overrides{
		Context: str("context"), ClusterName: str("cluster"), UserName: str("user"), Namespace: str("namespace"), Timeout: str("request-timeout"),
		Cluster: kubeconfig.Cluster{
			Server: str("server"), TLSServerName: str("tls-server-name"), InsecureSkipTLSVerify: is("insecure-skip-tls-verify"),
			CertificateAuthority: str("certificate-authority"),
		},
		User: kubeconfig.User{
			ClientCertificate: str("client-certificate"), ClientKey: str("client-key"), Token: str("token"), Username: str("username"), Password: str("password"),
			Impersonate: str("as"), ImpersonateUID: str("as-uid"), ImpersonateGroups: strs("as-group"),
			ImpersonateUserExtra: parseExtra(strs("as-user-extra")),
		},
		DefaultServer: f.Getenv("KUBERNETES_MASTER"),
	}
	if f.overrides.DefaultServer == "" {
		f.overrides.DefaultServer = "http://localhost:8080"
	}
	f.cacheDir = str("cache-dir")
	if dir := f.Getenv("KUBECACHEDIR"); dir != "" && !fs.Changed("cache-dir") {
		f.cacheDir = dir
	}
	f.warningsAsErrors = is("warnings-as-errors")
	if v := fs.Lookup("v"); v != nil {
		f.verbosity, _ = strconv.Atoi(v.Value.String())
	}
}

// Resolved is the kubeconfig in force with the global flags over it.
func (f *Factory) Resolved() (kubeconfig.Resolved, error) {
	if f.resolved != nil {
		return *f.resolved, nil
	}
	rules := f.kubeconfigRules()
	c, err := rules.Load(f.Files)
	if err != nil {
		return kubeconfig.Resolved{}, err
	}
	f.traceConfig(rules)
	f.resolved = &kubeconfig.Resolved{Config: c, Overrides: f.overrides}
	return *f.resolved, nil
}

func (f *Factory) kubeconfigRules() kubeconfig.Rules {
	return kubeconfig.RulesFor(f.kubeconfigPath, f.Getenv)
}

func parseExtra(pairs []string) map[string][]string {
	var out map[string][]string
	for _, p := range pairs {
		if k, v, ok := strings.Cut(p, "="); ok {
			if out == nil {
				out = map[string][]string{}
			}
			out[k] = append(out[k], v)
		}
	}
	return out
}

// Namespace is the namespace in force; explicit says that --namespace named it.
func (f *Factory) Namespace() (namespace string, explicit bool, err error) {
	r, err := f.Resolved()
	if err != nil {
		return "", false, err
	}
	return r.Namespace()
}

// Client reaches the server of the current context.
func (f *Factory) Client() (*rest.Client, error) {
	if f.client != nil {
		return f.client, nil
	}
	r, err := f.Resolved()
	if err != nil {
		return nil, err
	}
	cfg, err := r.REST(f.Files)
	if errors.Is(err, kubeconfig.ErrNeedLogin) {
		cfg.Username, cfg.Password, err = f.askLogin()
	}
	if err != nil {
		return nil, err
	}
	f.traceGates()
	cfg.UserAgent = userAgent
	transport := f.Transport
	if f.TransportFor != nil {
		if transport, err = f.TransportFor(cfg); err != nil {
			transport = unreachable{err}
		}
	}
	if transport == nil {
		return nil, errors.New("no transport to the server")
	}
	f.client = &rest.Client{Config: cfg, Transport: f.traced(transport), Warn: f.warn, Header: http.Header{}}
	if f.command != "" {
		f.client.Header.Set("Kubectl-Command", f.command)
		f.client.Header.Set("Kubectl-Session", f.uuid())
	}
	return f.client, nil
}

// unreachable is the way to a server that there is none to.
type unreachable struct{ err error }

func (u unreachable) RoundTrip(*http.Request) (*http.Response, error) { return nil, u.err }

// askLogin asks for a user name and a password on standard input, as kubectl does where a TLS server is named and no credentials are.
func (f *Factory) askLogin() (user, password string, err error) {
	in := bufio.NewReader(f.In)
	ask := func(what string) (string, error) {
		fmt.Fprintf(f.Out, "Please enter %s: ", what)
		line, err := in.ReadString('\n')
		if err != nil && line == "" {
			return "", err
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	if user, err = ask("Username"); err != nil {
		return "", "", err
	}
	password, err = ask("Password")
	return user, password, err
}

// warn prints a warning of the server, once per text.
func (f *Factory) warn(text string) {
	f.warnings++
	if f.warned[text] {
		return
	}
	f.warned[text] = true
	f.printWarning(text)
}

// printWarning writes "Warning: text" to stderr, yellow on a terminal.
func (f *Factory) printWarning(text string) {
	if f.color() {
		fmt.Fprintf(f.ErrOut, "\u001b[33;1mWarning:\u001b[0m %s\n", text)
		return
	}
	fmt.Fprintf(f.ErrOut, "Warning: %s\n", text)
}

func (f *Factory) color() bool {
	return f.TTY && f.Getenv("TERM") != "dumb" && f.Getenv("NO_COLOR") == ""
}

// Mapper knows the resources of the server.
func (f *Factory) Mapper() (*discovery.Mapper, error) {
	if f.mapper != nil {
		return f.mapper, nil
	}
	c, err := f.Client()
	if err != nil {
		return nil, err
	}
	f.mapper = discovery.New(f.ctx, c, f.printWarning)
	f.mapper.Cache = &discovery.Cache{Files: f.Files, Dir: discovery.CacheDir(path.Join(f.cacheDir, "discovery"), c.Config.Host), Now: f.Now}
	f.mapper.Unreachable = func(err error) {
		f.logf('E', "memcache.go:265", "\"Unhandled Error\" err=%q", "couldn't get current server API group list: "+err.Error())
	}
	return f.mapper, nil
}

// Builder finds the objects that arguments and files name.
func (f *Factory) Builder() *resource.Builder {
	return &resource.Builder{
		Context: f.ctx, Client: f.Client, Mapper: f.Mapper, Files: f.Files, Stdin: f.In,
		Kustomize: f.kustomize, Fetch: f.fetch, OpenAPI: sync.OnceValue(f.readOpenAPI),
	}
}

// readOpenAPI says whether the server's OpenAPI can be had: version 3, or else version 2.
func (f *Factory) readOpenAPI() error {
	c, err := f.Client()
	if err != nil {
		return err
	}
	timeout := url.Values{"timeout": {"32s"}}
	if _, err = c.Do(f.ctx, rest.Request{Verb: http.MethodGet, Path: "/openapi/v3", Query: timeout}); err == nil {
		return nil
	}
	_, err = c.Do(f.ctx, rest.Request{
		Verb: http.MethodGet, Path: "/openapi/v2", Query: timeout, Accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
	})
	return rest.Undecoded(err)
}

// TypedBuilder finds objects of kinds that kubectl itself knows.
func (f *Factory) TypedBuilder() *resource.Builder {
	b := f.Builder()
	b.Known = func(gvk schema.GroupVersionKind) bool { return newTyped(gvk) != nil }
	return b
}

// fetch reads a manifest from a URL; other hosts than the API server are reached through the same transport.
func (f *Factory) fetch(address string) ([]byte, error) {
	transport := f.Transport
	if f.TransportFor != nil {
		t, err := f.TransportFor(rest.Config{Host: address, UserAgent: "Go-http-client/1.1"})
		if err != nil {
			t = unreachable{err}
		}
		transport = t
	}
	c := rest.Client{Config: rest.Config{Host: address}, Transport: transport}
	return c.Fetch(f.ctx, address)
}

func (f *Factory) uuid() string {
	a, b := f.Rand(), f.Rand()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(a), uint16(a>>32), uint16(a>>48)&0xfff, uint16(b)&0xfff, b>>16)
}

func (f *Factory) tempDir() string {
	if dir := f.Getenv("TMPDIR"); dir != "" {
		return dir
	}
	return "/tmp"
}

// tempName is a name in the temporary directory that nothing has yet.
func (f *Factory) tempName(prefix string) string {
	for {
		name := fmt.Sprintf("%s/%s%d", f.tempDir(), prefix, uint32(f.Rand()))
		if _, err := f.Files.Stat(name); err != nil {
			return name
		}
	}
}

// tempFile writes data to a new file in the temporary directory and returns its name.
func (f *Factory) tempFile(prefix, suffix string, data []byte) (string, error) {
	if err := f.Files.MkdirAll(f.tempDir(), os.ModePerm|os.ModeSticky); err != nil {
		return "", err
	}
	name := f.tempName(prefix) + suffix
	return name, f.Files.WriteFile(name, data, 0o600)
}
