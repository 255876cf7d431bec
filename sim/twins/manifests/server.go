package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"

	"sigs.k8s.io/yaml"
)

// server is one of the two API servers.
type server struct {
	url, token string
	client     *http.Client
	kinds      map[string]resource // by apiVersion/kind
	namespaces map[string]bool
}

type resource struct {
	Name, Kind string
	Namespaced bool
}

type verb int

const (
	create verb = iota
	apply
	update
	merge
	strategic
)

func (v verb) String() string {
	return [...]string{"create", "apply", "update", "merge", "strategic"}[v]
}

// attempt is one request about a document.
type attempt struct {
	name       string
	verb       verb
	object     map[string]any
	raw        []byte // where it is not just the object as JSON
	validation string
	keep       bool // no dry run
}

type answer struct {
	code     int
	warnings []string
	body     map[string]any
	drawn    bool // the name was
}

func newServer(path string) (*server, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c struct {
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
	if err := yaml.Unmarshal(data, &c); err != nil || len(c.Clusters) != 1 || len(c.Users) != 1 {
		return nil, fmt.Errorf("%s: not a kubeconfig with one cluster and one user: %v", path, err)
	}
	config := &tls.Config{InsecureSkipVerify: c.Clusters[0].Cluster.CA == ""}
	if ca, _ := base64.StdEncoding.DecodeString(c.Clusters[0].Cluster.CA); len(ca) > 0 {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(ca)
	}
	if u := c.Users[0].User; u.Cert != "" {
		cert, _ := base64.StdEncoding.DecodeString(u.Cert)
		key, _ := base64.StdEncoding.DecodeString(u.Key)
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	s := &server{
		url: c.Clusters[0].Cluster.Server, token: c.Users[0].User.Token, namespaces: map[string]bool{},
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: config}}, kinds: map[string]resource{},
	}
	return s, s.discover()
}

func (s *server) discover() error {
	var groups struct {
		Groups []struct {
			Versions []struct{ GroupVersion string }
		}
	}
	if err := s.get("/apis", &groups); err != nil {
		return err
	}
	versions := []string{"v1"}
	for _, g := range groups.Groups {
		for _, v := range g.Versions {
			versions = append(versions, v.GroupVersion)
		}
	}
	for _, v := range versions {
		var list struct{ Resources []resource }
		if err := s.get(root(v), &list); err != nil {
			return err
		}
		for _, r := range list.Resources {
			if _, taken := s.kinds[v+"/"+r.Kind]; !taken && !bytes.ContainsRune([]byte(r.Name), '/') {
				s.kinds[v+"/"+r.Kind] = r
			}
		}
	}
	return nil
}

func root(version string) string {
	if version == "v1" {
		return "/api/v1"
	}
	return "/apis/" + version
}

func (s *server) get(path string, into any) error {
	code, _, data, err := s.do("GET", path, "", nil)
	if err == nil && code != 200 {
		err = fmt.Errorf("%s: %d %s", path, code, data)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func (s *server) do(method, path, media string, body []byte) (int, http.Header, []byte, error) {
	r, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	r.Header.Set("User-Agent", "manifests")
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, data, err
}

func (s *server) serves(d document) bool {
	_, ok := s.kinds[d.gvk()]
	return ok
}

func namespaceOf(object map[string]any) string {
	m, _ := object["metadata"].(map[string]any)
	if ns, _ := m["namespace"].(string); ns != "" {
		return ns
	}
	return "default"
}

func nameOf(object map[string]any) string {
	m, _ := object["metadata"].(map[string]any)
	name, _ := m["name"].(string)
	return name
}

// prepare makes the document's namespace, with the ServiceAccount that a controller would have made there.
func (s *server) prepare(d document) error {
	ns := namespaceOf(d.object)
	if s.namespaces[ns] {
		return nil
	}
	s.namespaces[ns] = true
	body, _ := json.Marshal(map[string]any{"metadata": map[string]any{"name": ns}})
	if _, _, _, err := s.do("POST", "/api/v1/namespaces", "application/json", body); err != nil {
		return err
	}
	body, _ = json.Marshal(map[string]any{"metadata": map[string]any{"name": "default"}})
	_, _, _, err := s.do("POST", "/api/v1/namespaces/"+url.PathEscape(ns)+"/serviceaccounts", "application/json", body)
	return err
}

func (s *server) path(d document, name bool) string {
	kind := s.kinds[d.gvk()]
	version, _ := d.object["apiVersion"].(string)
	path := root(version)
	if kind.Namespaced {
		path += "/namespaces/" + url.PathEscape(namespaceOf(d.object))
	}
	path += "/" + kind.Name
	if name {
		path += "/" + url.PathEscape(nameOf(d.object))
	}
	return path
}

// try sends an attempt to where the unbroken document would be.
func (s *server) try(d document, a attempt) answer {
	body := a.raw
	if body == nil {
		body, _ = json.Marshal(a.object)
	}
	query := url.Values{"fieldValidation": {a.validation}, "fieldManager": {"manifests"}}
	if !a.keep {
		query.Set("dryRun", "All")
	}
	method, media := "PATCH", "application/json"
	switch a.verb {
	case create:
		method = "POST"
	case update:
		method = "PUT"
	case apply:
		media = "application/apply-patch+yaml"
		query.Set("force", "true")
	case merge:
		media = "application/merge-patch+json"
	case strategic:
		media = "application/strategic-merge-patch+json"
	}
	code, header, data, err := s.do(method, s.path(d, a.verb != create)+"?"+query.Encode(), media, body)
	out := answer{code: code, warnings: header.Values("Warning")}
	sort.Strings(out.warnings)
	if err != nil {
		out.body = map[string]any{"message": "no answer: " + err.Error()}
	} else if json.Unmarshal(data, &out.body) != nil {
		out.body = map[string]any{"message": string(data)}
	}
	return out
}

// remove deletes the document's object, whatever holds it.
func (s *server) remove(d document) {
	if d.gvk() == "v1/Namespace" {
		return // others live there
	}
	path := s.path(d, true)
	s.do("PATCH", path, "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
	s.do("DELETE", path+"?gracePeriodSeconds=0&propagationPolicy=Background", "", nil)
	s.do("PATCH", path, "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
}
