package discovery

import (
	"fmt"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/kubectl/rest"
)

// Find is the resource that a word on the command line means: a plural, singular, kind or short name, perhaps followed by a version
// and a group or the start of one (deployments.v1.apps, deploy.apps, deployments.ap).
func (m *Mapper) Find(word string) (*Resource, error) {
	gvr, gr := schema.ParseResourceArg(word)
	tries := 4
	if gvr != nil {
		tries = 6
	}
	return retry(m, tries, func() (*Resource, error) {
		if gvr != nil {
			if r := m.lookup(*gvr); r != nil {
				return r, nil
			}
		}
		if r := m.lookup(gr.WithVersion("")); r != nil {
			return r, nil
		}
		gvk, gk := schema.ParseKindArg(word)
		if gvk != nil {
			if r, err := m.forKind(gvk.GroupKind(), gvk.Version); err == nil {
				return r, nil
			}
		}
		if r, err := m.forKind(gk, ""); err == nil {
			return r, nil
		}
		return nil, fmt.Errorf("the server doesn't have a resource type %q", gr.Resource)
	})
}

// retry looks anew at the server for what is not found in the cache of an earlier run.
func retry(m *Mapper, tries int, find func() (*Resource, error)) (*Resource, error) {
	if err := m.load(tries); err != nil {
		return nil, err
	}
	r, err := find()
	if err == nil || !m.cached {
		return r, err
	}
	m.Invalidate()
	if err := m.load(tries); err != nil {
		return nil, err
	}
	return find()
}

// Lookup is the resource of a name, or an error in the words of the API machinery.
func (m *Mapper) Lookup(gvr schema.GroupVersionResource) (*Resource, error) {
	return retry(m, 2, func() (*Resource, error) {
		if r := m.lookup(gvr); r != nil {
			return r, nil
		}
		return nil, &meta.NoResourceMatchError{PartialResource: gvr}
	})
}

// ForKind is the resource of a kind; any version, the preferred one first, where version is empty.
func (m *Mapper) ForKind(gk schema.GroupKind, version string) (*Resource, error) {
	return retry(m, 1, func() (*Resource, error) { return m.forKind(gk, version) })
}

func (m *Mapper) forKind(gk schema.GroupKind, version string) (*Resource, error) {
	var found []*Resource
	for _, r := range m.resources {
		if r.Group == gk.Group && r.Kind == gk.Kind && (version == "" || r.Version == version) {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		if r := m.list(gk, version); r != nil {
			return r, nil
		}
		e := &meta.NoKindMatchError{GroupKind: gk}
		if version != "" {
			e.SearchedVersions = []string{version}
		}
		return nil, e
	}
	return m.best(found), nil
}

// list stands for the kind List, which every group has and no server tells of.
func (m *Mapper) list(gk schema.GroupKind, version string) *Resource {
	for _, g := range m.groups {
		for _, v := range g.Versions {
			if gk.Kind == "List" && gk.Group == g.Name && (version == "" || version == v) {
				return &Resource{Group: g.Name, Version: v, Name: "lists", Singular: "list", Kind: "List", Namespaced: true}
			}
		}
	}
	return nil
}

// Category expands a word such as "all" into the resources that carry it; ok is false where none does.
func (m *Mapper) Category(word string) (names []string, ok bool) {
	if m.load(1) != nil {
		return nil, false
	}
	for _, r := range m.resources {
		for _, c := range r.Categories {
			if c == word {
				names = append(names, r.Full())
			}
		}
	}
	return names, len(names) > 0
}

// best prefers the group that comes first, then its preferred version.
func (m *Mapper) best(found []*Resource) *Resource {
	for _, g := range m.groups {
		for _, r := range found {
			if r.Group == g.Name && r.Version == g.Preferred {
				return r
			}
		}
	}
	return found[0]
}

func (m *Mapper) lookup(want schema.GroupVersionResource) *Resource {
	want = m.expand(want)
	want.Resource = strings.ToLower(want.Resource)
	var exact, prefix []*Resource
	for _, r := range m.resources {
		if want.Resource != r.Name && want.Resource != singular(r) || want.Version != "" && want.Version != r.Version {
			continue
		}
		switch {
		case want.Group == "" || want.Group == r.Group:
			exact = append(exact, r)
		case strings.HasPrefix(r.Group, want.Group) && want.Version == "":
			prefix = append(prefix, r)
		}
	}
	if len(exact) == 0 {
		exact = prefix
	}
	if len(exact) == 0 {
		return nil
	}
	return m.best(exact)
}

func singular(r *Resource) string {
	if r.Singular != "" {
		return r.Singular
	}
	return strings.ToLower(r.Kind)
}

// expand replaces a short name by the long one.
func (m *Mapper) expand(want schema.GroupVersionResource) schema.GroupVersionResource {
	for _, r := range m.resources {
		if (want.Group == "" || want.Group == r.Group) && (want.Resource == r.Name || want.Resource == r.Singular) {
			return want
		}
	}
	var found *Resource
	warned := map[schema.GroupResource]bool{}
	for _, r := range m.withShortName(want.Resource) {
		switch {
		case want.Group != "" && want.Group != r.Group:
		case found == nil:
			found = r
		case found.GroupResource() != r.GroupResource() && !warned[r.GroupResource()]:
			warned[r.GroupResource()] = true
			if m.warn != nil {
				m.warn(fmt.Sprintf("short name %q could also match lower priority resource %s", want.Resource, r.Full()))
			}
		}
	}
	if found != nil {
		return schema.GroupVersionResource{Group: found.Group, Resource: found.Name}
	}
	if want.Group == "" {
		return want
	}
	for _, r := range m.withShortName(want.Resource) {
		if strings.HasPrefix(r.Group, want.Group) {
			want.Resource, want.Group = r.Name, r.Group
			return want
		}
	}
	return want
}

func (m *Mapper) withShortName(short string) []*Resource {
	var out []*Resource
	for _, r := range m.resources {
		for _, s := range r.ShortNames {
			if s == short {
				out = append(out, r)
			}
		}
	}
	return out
}

// Request is a call about the object name in namespace, or about the collection where name is empty. It fails for names that cannot
// stand in an address.
func (r *Resource) Request(verb, namespace, name string, sub ...string) (rest.Request, error) {
	for _, s := range []struct{ what, value string }{{"namespace", namespace}, {"resource name", name}} {
		if s.value == "" || s.what == "namespace" && !r.Namespaced {
			continue
		}
		if problems := segmentProblems(s.value); len(problems) > 0 {
			return rest.Request{}, fmt.Errorf("invalid %s %q: %v", s.what, s.value, problems)
		}
	}
	return rest.Request{Verb: verb, Path: r.Path(namespace, name, sub...), Resource: r.GroupResource(), Name: name}, nil
}

func segmentProblems(s string) []string {
	switch s {
	case ".", "..":
		return []string{fmt.Sprintf(`may not be '%s'`, s)}
	}
	var out []string
	for _, bad := range []string{"/", "%"} {
		if strings.Contains(s, bad) {
			out = append(out, fmt.Sprintf(`may not contain '%s'`, bad))
		}
	}
	return out
}

func escape(segment string) string { return url.PathEscape(segment) }
