package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"terrarium/sim/kubectl/rest"
)

// transportFor connects to a real server as a kubeconfig says.
func transportFor(c rest.Config) (http.RoundTripper, error) {
	t := &tls.Config{InsecureSkipVerify: c.Insecure, ServerName: c.ServerName}
	if len(c.CAData) > 0 {
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(c.CAData) {
			return nil, errors.New("unable to load root certificates: unable to parse bytes as PEM block")
		}
	}
	if len(c.CertData) > 0 {
		cert, err := tls.X509KeyPair(c.CertData, c.KeyData)
		if err != nil {
			return nil, err
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: t, TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
	}, nil
}
