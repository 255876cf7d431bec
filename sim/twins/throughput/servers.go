package main

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"terrarium/sim/twins/kube"
)

// running is a server, with whatever stores for it.
type running struct {
	kubeconfig, dir string
	processes       []*exec.Cmd
}

func (s *running) stop() {
	for _, p := range s.processes {
		p.Process.Signal(syscall.SIGKILL)
		p.Wait()
	}
	os.RemoveAll(s.dir)
}

// memory is what the processes hold, in bytes.
func (s *running) memory() (sum int64) {
	for _, p := range s.processes {
		f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var kb int64
			if n, _ := fmt.Sscanf(lines.Text(), "VmRSS: %d kB", &kb); n == 1 {
				sum += kb * 1024
			}
		}
		f.Close()
	}
	return sum
}

func (s *running) start(name string, args ...string) error {
	p := exec.Command(name, args...)
	log, err := os.Create(filepath.Join(s.dir, filepath.Base(name)+".log"))
	if err != nil {
		return err
	}
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		return err
	}
	s.processes = append(s.processes, p)
	return nil
}

// wait waits until the server says that it is ready.
func (s *running) wait() error {
	var last error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		c, err := kube.New(s.kubeconfig)
		if err != nil {
			last = err
			continue
		}
		code, _, _, err := c.Do("GET", "/readyz", "", nil)
		if code == 200 {
			return nil
		}
		last = fmt.Errorf("not ready: %d %v", code, err)
	}
	return last
}

func begin() (*running, error) {
	dir, err := os.MkdirTemp("", "throughput")
	return &running{dir: dir, kubeconfig: filepath.Join(dir, "kubeconfig")}, err
}

func startTerrarium(binary string) (*running, error) {
	s, err := begin()
	if err != nil {
		return nil, err
	}
	if err = s.start(binary, "serve", "--listen", "127.0.0.1:0", "--write-kubeconfig", s.kubeconfig, "--speed", "1"); err == nil {
		err = s.wait()
	}
	if err != nil {
		s.stop()
	}
	return s, err
}

func startReal(apiserver, etcd string) (*running, error) {
	s, err := begin()
	if err != nil {
		return nil, err
	}
	if err = s.startReal(apiserver, etcd); err == nil {
		err = s.wait()
	}
	if err != nil {
		s.stop()
	}
	return s, err
}

func (s *running) startReal(apiserver, etcd string) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	store, peers := "http://"+ports[0], "http://"+ports[1]
	host, port, _ := strings.Cut(ports[2], ":")
	for name, data := range map[string]string{
		"sa.key":     string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		"tokens":     "bench-token,kubernetes-admin,admin,system:masters\n",
		"kubeconfig": fmt.Sprintf("clusters: [{cluster: {server: \"https://%s\"}}]\nusers: [{user: {token: bench-token}}]\n", ports[2]),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(data), 0o600); err != nil {
			return err
		}
	}
	if err := s.start(etcd, "--data-dir", filepath.Join(s.dir, "etcd"), "--listen-client-urls", store, "--advertise-client-urls", store,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers); err != nil {
		return err
	}
	keys := filepath.Join(s.dir, "sa.key")
	return s.start(apiserver, "--etcd-servers", store, "--cert-dir", filepath.Join(s.dir, "certs"), "--bind-address", host, "--secure-port", port,
		"--advertise-address", host, "--endpoint-reconciler-type", "none", "--service-account-issuer", "https://kubernetes.default.svc.cluster.local",
		"--service-account-signing-key-file", keys, "--service-account-key-file", keys, "--token-auth-file", filepath.Join(s.dir, "tokens"),
		"--authorization-mode", "RBAC", "--allow-privileged", "--service-cluster-ip-range", "10.96.0.0/12")
}

// freePorts are addresses of the loopback that nobody listens on.
func freePorts(n int) (out []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		out = append(out, l.Addr().String())
	}
	return out, nil
}
