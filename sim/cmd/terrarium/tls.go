package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"terrarium/sim"
	"terrarium/sim/apiserver"
)

// serverTLS is the API server's certificate for the host that it listens on, and who may sign those of its clients:
// the cluster's authority and the authorities of a PEM file.
func serverTLS(c *sim.Cluster, host string, authorities []byte) (*tls.Config, error) {
	pair, ca, err := c.ServingCertificate(host)
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	if len(authorities) > 0 && !pool.AppendCertsFromPEM(authorities) {
		return nil, errors.New("--client-ca-file has no certificate")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: pool,
		ClientAuth: tls.VerifyClientCertIfGiven, NextProtos: []string{"h2", "http/1.1"},
	}, nil
}

// withPeer says who a request is from where the client showed a certificate.
func withPeer(r *http.Request) *http.Request {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return r
	}
	cert := r.TLS.PeerCertificates[0]
	sum := sha256.Sum256(cert.Raw)
	user := apiserver.CertificateUser(cert.Subject.CommonName, cert.Subject.Organization, hex.EncodeToString(sum[:]))
	return r.WithContext(apiserver.WithUser(r.Context(), user))
}

// either takes TLS and plain connections on one port: a TLS client speaks first, and begins with the byte 22.
type either struct {
	net.Listener
	config *tls.Config
	once   sync.Once
	conns  chan net.Conn
	err    error
	done   chan struct{}
}

// Accept implements net.Listener.
func (e *either) Accept() (net.Conn, error) {
	e.once.Do(func() {
		e.conns, e.done = make(chan net.Conn), make(chan struct{})
		go e.accept()
	})
	select {
	case c := <-e.conns:
		return c, nil
	case <-e.done:
		return nil, e.err
	}
}

func (e *either) accept() {
	for {
		c, err := e.Listener.Accept()
		if err != nil {
			e.err = err
			close(e.done)
			return
		}
		go e.sort(c)
	}
}

func (e *either) sort(c net.Conn) {
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	first, err := r.Peek(1)
	if err != nil {
		c.Close()
		return
	}
	c.SetReadDeadline(time.Time{})
	var conn net.Conn = peeked{c, r}
	if first[0] == 22 {
		conn = tls.Server(conn, e.config)
	}
	select {
	case e.conns <- conn:
	case <-e.done:
		c.Close()
	}
}

// peeked is a connection whose first bytes have been looked at.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }
