package sim

import (
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"time"

	"terrarium/sim/bootstrap"
	"terrarium/sim/pki"
)

// admin is who kubeadm's kubeconfig speaks for.
var admin = pki.Subject{CommonName: "kubernetes-admin", Organization: []string{"kubeadm:cluster-admins"}}

// writeKubeconfig writes the administrator's kubeconfig where kubectl looks for it, and the authority where kubeadm
// leaves it.
func (c *Cluster) writeKubeconfig() error {
	server := c.scenario.Server
	if server == "" {
		server = "https://" + net.JoinHostPort(address(0), fmt.Sprint(bootstrap.Port))
	}
	data, err := c.kubeconfig(server)
	if err != nil {
		return err
	}
	for _, name := range []string{home + "/.kube/config", "/etc/kubernetes/admin.conf"} {
		if err := c.writeFile(name, data); err != nil {
			return err
		}
	}
	if err := c.writeFile("/etc/kubernetes/pki/ca.crt", c.pki.Cert); err != nil {
		return err
	}
	return c.fs.WriteFile("/etc/kubernetes/pki/ca.key", c.pki.Key, 0o600)
}

// kubeconfig is the administrator's, for the API server at url.
func (c *Cluster) kubeconfig(url string) ([]byte, error) {
	pair, err := c.pki.Issue(pki.Request{Subject: admin, NotBefore: c.start.Add(-upTime), Lifetime: 365 * 24 * time.Hour})
	if err != nil {
		return nil, err
	}
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: %s
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
preferences: {}
users:
- name: kubernetes-admin
  user:
    client-certificate-data: %s
    client-key-data: %s
`, b64(c.pki.Cert), url, b64(pair.Cert), b64(pair.Key)), nil
}

// Kubeconfig is the administrator's kubeconfig for the API server at url, where a host serves Handler.
func (c *Cluster) Kubeconfig(url string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kubeconfig(url)
}

// ServingCertificate is a certificate for an API server at a host name or address, and the authority that signed it,
// which signs the clients' certificates too.
func (c *Cluster) ServingCertificate(host string) (pair pki.Pair, ca []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := pki.Request{
		Subject: pki.Subject{CommonName: "kube-apiserver"}, NotBefore: c.start.Add(-upTime), Lifetime: 365 * 24 * time.Hour,
		Usages: []string{"digital signature", "key encipherment", "server auth"},
		Names: pki.Names{
			DNSNames: []string{"localhost", c.controlPlane().Name, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
			IPs:      []net.IP{net.IPv4(127, 0, 0, 1), net.IP(c.scenario.Services().Addr().Next().AsSlice()), net.ParseIP(address(0))},
		},
	}
	if ip := net.ParseIP(host); ip != nil {
		r.IPs = append(r.IPs, ip)
	} else if host != "" {
		r.DNSNames = append(r.DNSNames, host)
	}
	pair, err = c.pki.Issue(r)
	return pair, c.pki.Cert, err
}

// answersTo reports whether a kubeconfig's host and port are this cluster's API server.
func (c *Cluster) answersTo(hostport string) bool {
	if c.scenario.Server != "" && hostport == hostOf(c.scenario.Server) {
		return true
	}
	host, port, err := net.SplitHostPort(hostport)
	if err != nil || port != fmt.Sprint(bootstrap.Port) {
		return false
	}
	return host == address(0) || host == "127.0.0.1" || host == "localhost" || host == c.scenario.Services().Addr().Next().String() ||
		strings.EqualFold(host, c.controlPlane().Name) || host == "kubernetes"
}
