// Package discovery learns from a server which resources it has, and finds the one that a word such as "deploy.apps" means.
package discovery

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/rest"
)

const acceptAggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// Resource is one kind of object that the server has.
type Resource struct {
	Group, Version string
	Name           string // plural: pods
	Singular       string
	Kind           string
	Namespaced     bool
	Verbs          []string
	ShortNames     []string
	Categories     []string
	// Subresources are names such as "status".
	Subresources []string
}

func (r *Resource) GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: r.Group, Version: r.Version}
}
func (r *Resource) GVK() schema.GroupVersionKind     { return r.GroupVersion().WithKind(r.Kind) }
func (r *Resource) GVR() schema.GroupVersionResource { return r.GroupVersion().WithResource(r.Name) }
func (r *Resource) GroupResource() schema.GroupResource {
	return schema.GroupResource{Group: r.Group, Resource: r.Name}
}

// Full is the name with its group: deployments.apps.
func (r *Resource) Full() string { return r.GroupResource().String() }

// HasVerb says whether the server supports a verb such as "list".
func (r *Resource) HasVerb(verb string) bool {
	for _, v := range r.Verbs {
		if v == verb {
			return true
		}
	}
	return false
}

// Path is the address of the collection in namespace, or of the object name in it. A namespace is left out where the resource has
// none, or where it is empty.
func (r *Resource) Path(namespace, name string, sub ...string) string {
	var b strings.Builder
	if r.Group == "" {
		b.WriteString("/api")
	} else {
		b.WriteString("/apis/" + r.Group)
	}
	if r.Version != "" {
		b.WriteString("/" + r.Version)
	}
	if r.Namespaced && namespace != "" {
		b.WriteString("/namespaces/" + escape(namespace))
	}
	b.WriteString("/" + r.Name)
	if name != "" {
		b.WriteString("/" + escape(name))
	}
	for _, s := range sub {
		if s != "" {
			b.WriteString("/" + s)
		}
	}
	return b.String()
}

// Group is an API group with its versions, the preferred one first where the server does not say otherwise.
type Group struct {
	Name      string
	Versions  []string
	Preferred string
}

// Mapper finds resources. It asks the server when first needed, and once more when something is not found in what an earlier run
// left in Cache.
type Mapper struct {
	ctx    context.Context
	client *rest.Client
	warn   func(string)
	// Unreachable is told of each try to reach the server that failed; it may be nil.
	Unreachable func(error)
	// Cache keeps answers from run to run; it may be nil.
	Cache *Cache

	loaded    bool
	cached    bool // what is loaded came from Cache
	groups    []Group
	resources []*Resource // in the order of groups, versions, and the server's lists
	lists     []metav1.APIResourceList
	failed    map[schema.GroupVersion]error
}

// New makes a mapper over the server of client. warn is told of ambiguous short names.
func New(ctx context.Context, client *rest.Client, warn func(string)) *Mapper {
	return &Mapper{ctx: ctx, client: client, warn: warn}
}

// Groups are the server's API groups, in order.
func (m *Mapper) Groups() ([]Group, error) {
	err := m.load(1)
	return m.groups, err
}

// Resources are all resources of all versions, in order; subresources are within them. Groups that did not answer are in the error
// beside the rest.
func (m *Mapper) Resources() ([]*Resource, error) {
	if err := m.load(1); err != nil {
		return nil, err
	}
	if len(m.failed) > 0 {
		return m.resources, &PartialError{m.failed}
	}
	return m.resources, nil
}

// Preferred are the resources, each in one version: its group's preferred one, or the first that has it.
func (m *Mapper) Preferred() ([]*Resource, error) {
	all, err := m.Resources()
	preferred := map[string]string{}
	for _, g := range m.groups {
		preferred[g.Name] = g.Preferred
	}
	index := map[schema.GroupResource]int{}
	var out []*Resource
	for _, r := range all {
		i, seen := index[r.GroupResource()]
		switch {
		case !seen:
			index[r.GroupResource()] = len(out)
			out = append(out, r)
		case r.Version == preferred[r.Group]:
			out[i] = r
		}
	}
	return out, err
}

// Invalidate makes the mapper ask the server again.
func (m *Mapper) Invalidate() {
	m.loaded = false
	if m.Cache != nil {
		m.Cache.stale = true
	}
}

// PartialError names groups that did not answer.
type PartialError struct {
	Failed map[schema.GroupVersion]error
}

func (e *PartialError) Error() string {
	var groups []string
	for gv, err := range e.Failed {
		groups = append(groups, fmt.Sprintf("%s: %v", gv, err))
	}
	sort.Strings(groups)
	return "unable to retrieve the complete list of server APIs: " + strings.Join(groups, ", ")
}

// load learns the resources, from the cache or the server, which is tried up to tries times.
func (m *Mapper) load(tries int) error {
	if m.loaded {
		return nil
	}
	if m.Cache != nil {
		if groups, lists, ok := m.Cache.load(); ok {
			m.take(groups, lists)
			m.cached = true
			return nil
		}
	}
	var err error
	for range tries {
		if err = m.ask(); err == nil || m.ctx.Err() != nil {
			return err
		}
		if m.Unreachable != nil {
			m.Unreachable(err)
		}
	}
	return err
}

func (m *Mapper) ask() error {
	m.failed = map[schema.GroupVersion]error{}
	var groups []Group
	var lists []metav1.APIResourceList
	for _, path := range []string{"/api", "/apis"} {
		body, err := m.client.Do(m.ctx, rest.Request{Verb: http.MethodGet, Path: path, Accept: acceptAggregated, Query: url.Values{"timeout": {"32s"}}})
		if path == "/api" && apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return rest.Undecoded(err)
		}
		g, l, err := m.read(path, body)
		if err != nil {
			return err
		}
		groups, lists = append(groups, g...), append(lists, l...)
	}
	m.take(groups, lists)
	m.cached = false
	if m.Cache != nil {
		m.Cache.save(groups, lists)
	}
	return nil
}

func (m *Mapper) take(groups []Group, lists []metav1.APIResourceList) {
	m.groups, m.lists, m.resources, m.loaded = groups, lists, nil, true
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		byName := map[string]*Resource{}
		for _, r := range list.APIResources {
			if name, sub, ok := strings.Cut(r.Name, "/"); ok {
				if parent := byName[name]; parent != nil {
					parent.Subresources = append(parent.Subresources, sub)
				}
				continue
			}
			byName[r.Name] = &Resource{
				Group: gv.Group, Version: gv.Version, Name: r.Name, Singular: r.SingularName, Kind: r.Kind, Namespaced: r.Namespaced,
				Verbs: r.Verbs, ShortNames: r.ShortNames, Categories: r.Categories,
			}
			m.resources = append(m.resources, byName[r.Name])
		}
	}
}

func (m *Mapper) read(path string, body []byte) ([]Group, []metav1.APIResourceList, error) {
	var kind metav1.TypeMeta
	if err := json.Unmarshal(body, &kind); err != nil {
		return nil, nil, err
	}
	var groups []Group
	switch {
	case kind.Kind == "APIGroupDiscoveryList":
		var list apidiscovery.APIGroupDiscoveryList
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, nil, err
		}
		groups, lists := m.readAggregated(list)
		return groups, lists, nil
	case path == "/api":
		var v metav1.APIVersions
		if err := json.Unmarshal(body, &v); err != nil {
			return nil, nil, err
		}
		if len(v.Versions) > 0 {
			groups = []Group{{Versions: v.Versions, Preferred: v.Versions[0]}}
		}
	default:
		var list metav1.APIGroupList
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, nil, err
		}
		groups = fromList(list)
	}
	return groups, m.fetch(groups), nil
}

func fromList(list metav1.APIGroupList) []Group {
	var out []Group
	for _, g := range list.Groups {
		group := Group{Name: g.Name, Preferred: g.PreferredVersion.Version}
		for _, v := range g.Versions {
			group.Versions = append(group.Versions, v.Version)
		}
		out = append(out, group)
	}
	return out
}

func (m *Mapper) readAggregated(list apidiscovery.APIGroupDiscoveryList) (groups []Group, lists []metav1.APIResourceList) {
	for _, g := range list.Items {
		group := Group{Name: g.Name}
		for _, v := range g.Versions {
			gv := schema.GroupVersion{Group: g.Name, Version: v.Version}
			if v.Freshness == apidiscovery.DiscoveryFreshnessStale {
				m.failed[gv] = fmt.Errorf("stale GroupVersion discovery: %v", gv)
				continue
			}
			group.Versions = append(group.Versions, v.Version)
			if group.Preferred == "" {
				group.Preferred = v.Version
			}
			list := metav1.APIResourceList{GroupVersion: gv.String()}
			for _, r := range v.Resources {
				list.APIResources = append(list.APIResources, split(r)...)
			}
			lists = append(lists, list)
		}
		groups = append(groups, group)
	}
	return groups, lists
}

// split is a resource and its subresources as entries of their own.
func split(r apidiscovery.APIResourceDiscovery) []metav1.APIResource {
	var out []metav1.APIResource
	parent := metav1.APIResource{
		Name: r.Resource, SingularName: r.SingularResource, Namespaced: r.Scope == apidiscovery.ScopeNamespace, Verbs: r.Verbs,
		ShortNames: r.ShortNames, Categories: r.Categories,
	}
	if k := r.ResponseKind; k != nil && k.Kind != "" {
		parent.Group, parent.Version, parent.Kind = k.Group, k.Version, k.Kind
		out = append(out, parent)
	}
	for _, s := range r.Subresources {
		if k := s.ResponseKind; k != nil && k.Kind != "" {
			out = append(out, metav1.APIResource{
				Name: r.Resource + "/" + s.Subresource, SingularName: r.SingularResource, Namespaced: parent.Namespaced,
				Group: k.Group, Version: k.Version, Kind: k.Kind, Verbs: s.Verbs,
			})
		}
	}
	return out
}

// fetch reads the resources version by version, from servers without aggregated discovery.
func (m *Mapper) fetch(groups []Group) []metav1.APIResourceList {
	var lists []metav1.APIResourceList
	for _, g := range groups {
		for _, v := range g.Versions {
			gv := schema.GroupVersion{Group: g.Name, Version: v}
			path := "/apis/" + gv.String()
			if g.Name == "" {
				path = "/api/" + v
			}
			body, err := m.client.Do(m.ctx, rest.Request{Verb: http.MethodGet, Path: path})
			var list metav1.APIResourceList
			if err == nil {
				err = json.Unmarshal(body, &list)
			}
			if err != nil {
				m.failed[gv] = err
				continue
			}
			lists = append(lists, list)
		}
	}
	return lists
}
