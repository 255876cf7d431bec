package main

import (
	"encoding/json"
	"net/url"
	"sort"
	"strings"

	"terrarium/sim/twins/kube"
)

// server is one of the two API servers.
type server struct {
	*kube.Client
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
	c, err := kube.New(path)
	if err != nil {
		return nil, err
	}
	s := &server{Client: c, namespaces: map[string]bool{}, kinds: map[string]resource{}}
	return s, s.discover()
}

func (s *server) discover() error {
	var groups struct {
		Groups []struct {
			Versions []struct{ GroupVersion string }
		}
	}
	if err := s.Get("/apis", &groups); err != nil {
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
		if err := s.Get(root(v), &list); err != nil {
			return err
		}
		for _, r := range list.Resources {
			if _, taken := s.kinds[v+"/"+r.Kind]; !taken && !strings.Contains(r.Name, "/") {
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
	if err := s.Post("/api/v1/namespaces", map[string]any{"metadata": map[string]any{"name": ns}}); err != nil {
		return err
	}
	return s.Post("/api/v1/namespaces/"+url.PathEscape(ns)+"/serviceaccounts", map[string]any{"metadata": map[string]any{"name": "default"}})
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
	code, header, data, err := s.Do(method, s.path(d, a.verb != create)+"?"+query.Encode(), media, body)
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
	s.Do("PATCH", path, "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
	s.Do("DELETE", path+"?gracePeriodSeconds=0&propagationPolicy=Background", "", nil)
	s.Do("PATCH", path, "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
}
