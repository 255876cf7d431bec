// Package kube talks HTTP to an API server that a kubeconfig names. It knows paths and bytes, and no kinds.
package kube

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"

	"sigs.k8s.io/yaml"
)

// Client is a user of a server.
type Client struct {
	url, token string
	http       *http.Client
}

type config struct {
	Clusters []struct {
		Cluster struct {
			Server string
			CA     string `json:"certificate-authority-data"`
		}
	}
	Users []struct {
		User struct {
			Token string
			Cert  string `json:"client-certificate-data"`
			Key   string `json:"client-key-data"`
		}
	}
}

// New reads a kubeconfig with one cluster and one user.
func New(path string) (*Client, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c config
	if err := yaml.Unmarshal(data, &c); err != nil || len(c.Clusters) != 1 || len(c.Users) != 1 {
		return nil, fmt.Errorf("%s: not a kubeconfig with one cluster and one user: %v", path, err)
	}
	cluster, user := c.Clusters[0].Cluster, c.Users[0].User
	secure := &tls.Config{InsecureSkipVerify: cluster.CA == ""}
	if ca, _ := base64.StdEncoding.DecodeString(cluster.CA); len(ca) > 0 {
		secure.RootCAs = x509.NewCertPool()
		secure.RootCAs.AppendCertsFromPEM(ca)
	}
	if user.Cert != "" {
		cert, _ := base64.StdEncoding.DecodeString(user.Cert)
		key, _ := base64.StdEncoding.DecodeString(user.Key)
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		secure.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: secure, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64}
	return &Client{url: cluster.Server, token: user.Token, http: &http.Client{Transport: transport}}, nil
}

// Open sends a request and leaves the answer's body to be read and closed.
func (c *Client) Open(method, path, media string, body []byte) (*http.Response, error) {
	r, err := http.NewRequest(method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	r.Header.Set("User-Agent", "twins")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	return c.http.Do(r)
}

// Do sends a request and reads the answer.
func (c *Client) Do(method, path, media string, body []byte) (int, http.Header, []byte, error) {
	answer, err := c.Open(method, path, media, body)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, data, err
}

// Get reads JSON.
func (c *Client) Get(path string, into any) error {
	code, _, data, err := c.Do("GET", path, "", nil)
	if err == nil && code != 200 {
		err = fmt.Errorf("%s: %d %s", path, code, data)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// Post creates an object of JSON, and takes it as done where it exists.
func (c *Client) Post(path string, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	code, _, data, err := c.Do("POST", path, "application/json", body)
	if err == nil && code != 201 && code != 409 {
		err = fmt.Errorf("%s: %d %s", path, code, data)
	}
	return err
}
