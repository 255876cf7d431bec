package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/kubectl"
	"terrarium/sim/kubectl/rest"
	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

// How much virtual time kubectl takes to start, and to end: an estimate, small beside the seconds that tables show.
const (
	kubectlStart = 80 * time.Millisecond
	kubectlEnd   = 15 * time.Millisecond
	// A request to the API server takes time too: a write more than a read, for etcd syncs its log.
	readTime  = 3 * time.Millisecond
	writeTime = 8 * time.Millisecond
)

const second = time.Second

// kubectlCommand is kubectl as a program of the shell. cost scales the time that it takes: 0 is none.
func (c *Cluster) kubectlCommand(cost int) shell.Command {
	return func(ctx context.Context, p *shell.Proc) int {
		if err := p.Sleep(ctx, time.Duration(cost)*kubectlStart); err != nil {
			return 130
		}
		code := kubectl.Main(ctx, c.kubectlEnv(p, cost == 0))
		if cost > 0 && ctx.Err() == nil {
			p.Sleep(ctx, time.Duration(cost)*kubectlEnd)
		}
		return code
	}
}

// kubectlEnv is what kubectl gets of a program's surroundings. A hurried kubectl never waits.
func (c *Cluster) kubectlEnv(p *shell.Proc, hurried bool) kubectl.Env {
	env := kubectl.Env{
		Args: p.Args[1:], Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr,
		Dir: p.Dir, Files: files{p.FS}, Getenv: p.Getenv,
		Now: c.clock.Now, Sleep: p.Sleep,
		TTY: p.TTY, Width: p.Cols, Rand: p.Random,
	}
	env.TransportFor = func(cfg rest.Config) (http.RoundTripper, error) {
		t, err := c.transport(cfg, hurried)
		if err != nil || hurried {
			return t, err
		}
		return slow{t, p}, nil
	}
	env.Listen = c.listen
	env.Edit = func(ctx context.Context, argv []string, name string) error {
		if exit := p.Exec(ctx, append(argv, name), shell.ExecOptions{}); exit != 0 {
			if exit == 127 {
				return errors.New("exec: " + strconv.Quote(argv[0]) + ": executable file not found in $PATH")
			}
			return errors.New("exit status " + strconv.Itoa(exit))
		}
		return nil
	}
	return env
}

// slow is a connection on which requests take time.
type slow struct {
	http.RoundTripper
	program *shell.Proc
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	d := writeTime
	if r.Method == http.MethodGet {
		d = readTime
	}
	if err := s.program.Sleep(r.Context(), d); err != nil {
		return nil, err
	}
	return s.RoundTripper.RoundTrip(r)
}

// listen opens a port of the control plane's machine, on which nobody calls.
func (c *Cluster) listen(port int) (opened int, stop func(), err error) {
	if c.ports == nil {
		c.ports = map[int]bool{22: true, 53: true, 2379: true, 2380: true, 6443: true, 10248: true, 10249: true, 10250: true, 10256: true, 10257: true, 10259: true}
	}
	if port == 0 {
		port = 32768 + int(c.chance.Fork("ports").Uint64()%28000) + len(c.ports)
	}
	if c.ports[port] {
		return 0, nil, errors.New("bind: address already in use")
	}
	c.ports[port] = true
	return port, func() { delete(c.ports, port) }, nil
}

// errHurried ends a wait of somebody who must not let time pass.
var errHurried = errors.New("a check cannot wait")

// transport connects kubectl, in process, to the cluster that its kubeconfig names.
func (c *Cluster) transport(cfg rest.Config, hurried bool) (http.RoundTripper, error) {
	host := hostOf(cfg.Host)
	if !c.answersTo(host) {
		return nil, dialError(host)
	}
	user, known, err := c.identity(cfg)
	if err != nil {
		return nil, err
	}
	d := &door{handler: c.server, wait: c.tasks.WaitOr, now: c.clock.Now}
	if hurried {
		d.wait = func(context.Context, <-chan struct{}, func() bool, time.Duration) error { return errHurried }
	}
	d.context = func(ctx context.Context, w waitFunc) context.Context {
		ctx = apiserver.WithWaiter(ctx, w)
		if known {
			ctx = apiserver.WithUser(ctx, user)
		}
		return ctx
	}
	return d, nil
}

// dialError is why nobody answers at HOST:PORT: no such name, or nothing that listens there.
func dialError(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = address, "443"
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if net.ParseIP(host) == nil {
		return errors.New("dial tcp: lookup " + host + " on 10.96.0.10:53: no such host")
	}
	return errors.New("dial tcp " + net.JoinHostPort(host, port) + ": connect: connection refused")
}

// identity is who a client certificate speaks for; known is false where none is shown.
func (c *Cluster) identity(cfg rest.Config) (user api.User, known bool, err error) {
	if len(cfg.CertData) == 0 {
		return api.User{}, false, nil
	}
	s, err := c.pki.Verify(cfg.CertData, c.clock.Now())
	if err != nil {
		return api.User{}, false, errors.New("remote error: tls: unknown certificate authority")
	}
	block, _ := pem.Decode(cfg.CertData)
	sum := sha256.Sum256(block.Bytes)
	return apiserver.CertificateUser(s.CommonName, s.Organization, hex.EncodeToString(sum[:])), true, nil
}

func hostOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		rest = url
	}
	rest, _, _ = strings.Cut(rest, "/")
	return rest
}

// files gives kubectl the simulated machine's files.
type files struct{ *vfs.FS }

func (f files) MkdirAll(name string, perm fs.FileMode) error { return f.FS.MkdirAll(name, perm) }

// Complete is what kubectl's own completion offers for a line: the words behind the prompt up to the cursor, the last
// of which is being typed.
func (c *Cluster) completeKubectl(ctx context.Context, words []string) []string {
	var out strings.Builder
	sh := c.login
	if sh == nil {
		sh = c.shell
	}
	env := kubectl.Env{
		Args: append([]string{"__complete"}, words...), Stdout: &out, Stderr: discard{},
		Dir: sh.Dir(), Files: files{c.fs}, Getenv: sh.Getenv, Now: c.clock.Now, Sleep: c.tasks.Sleep,
	}
	env.TransportFor = func(cfg rest.Config) (http.RoundTripper, error) { return c.transport(cfg, true) }
	if kubectl.Main(ctx, env) != 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
