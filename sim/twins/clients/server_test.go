// Package clients runs released clients of Kubernetes, unmodified, against `terrarium serve`, with trouble on the way:
// connections break, changes are forgotten, objects vanish and conflict. It knows nothing of Terrarium but its binary.
package clients

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "clients")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "terrarium")
	build := exec.Command("go", "build", "-o", binary, "./sim/cmd/terrarium")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s\n%v\n", out, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// trouble is how long each client is troubled: SECONDS, or a minute, or with -short a few seconds.
func trouble() time.Duration {
	if n, err := strconv.Atoi(os.Getenv("SECONDS")); err == nil {
		return time.Duration(n) * time.Second
	}
	if testing.Short() {
		return 8 * time.Second
	}
	return time.Minute
}

// serve starts a cluster for the test. direct talks to it without, troubled with connections that break.
func serve(t *testing.T, speed int) (direct, troubled *rest.Config, kubeconfig string, wire *proxy) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--write-kubeconfig", file, "--speed", strconv.Itoa(speed))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewScanner(stderr)
	if !lines.Scan() {
		t.Fatal("terrarium serve said nothing")
	}
	url := lines.Text()[strings.Index(lines.Text(), "https://"):]
	go func() {
		for lines.Scan() {
			t.Log("terrarium:", lines.Text())
		}
	}()
	direct, err = clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		t.Fatal(err)
	}
	direct.QPS = -1
	wire = newProxy(t, strings.TrimPrefix(url, "https://"))
	troubled = rest.CopyConfig(direct)
	troubled.Host = "https://" + wire.Addr().String()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig = filepath.Join(t.TempDir(), "troubled")
	if err := os.WriteFile(kubeconfig, []byte(strings.ReplaceAll(string(data), url, troubled.Host)), 0o600); err != nil {
		t.Fatal(err)
	}
	return direct, troubled, kubeconfig, wire
}

// proxy passes connections on until it cuts them.
type proxy struct {
	net.Listener
	mu   sync.Mutex
	open map[net.Conn]bool
	cuts int
}

func newProxy(t *testing.T, to string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, open: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); p.cut() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			p.join(in, out)
		}
	}()
	return p
}

func (p *proxy) join(in, out net.Conn) {
	p.mu.Lock()
	p.open[in] = true
	p.mu.Unlock()
	pass := func(to, from net.Conn) {
		io.Copy(to, from)
		in.Close()
		out.Close()
		p.mu.Lock()
		delete(p.open, in)
		p.mu.Unlock()
	}
	go pass(in, out)
	go pass(out, in)
}

// cut breaks every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
		p.cuts++
	}
}

// cutNowAndThen breaks all connections every few seconds until the context ends.
func (p *proxy) cutNowAndThen(ctx context.Context, r *rand.Rand) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(1000+r.IntN(4000)) * time.Millisecond):
			p.cut()
		}
	}
}

// eventually waits for a state that must come by itself, and fails with what was still missing.
func eventually(t *testing.T, what string, wait time.Duration, missing func() string) {
	t.Helper()
	var last string
	for end := time.Now().Add(wait); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if last = missing(); last == "" {
			return
		}
	}
	t.Fatalf("%s: %s", what, last)
}
