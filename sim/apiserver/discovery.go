package apiserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"sort"
	"strings"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"

	"terrarium/sim/resources"
)

// groupOrder is how discovery orders the built-in groups; others follow, by name.
var groupOrder = []string{
	"", "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling",
	"batch", "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io",
	"admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io",
	"discovery.k8s.io", "resource.k8s.io", "flowcontrol.apiserver.k8s.io",
}

// groupVersions are the groups in discovery's order, each with its versions, the preferred one first.
type groupVersions struct {
	group    string
	versions []string
}

func (s *Server) groups() []groupVersions {
	byGroup := map[string][]string{}
	for _, r := range s.Resources() {
		if !slices.Contains(byGroup[r.Group], r.Version) {
			byGroup[r.Group] = append(byGroup[r.Group], r.Version)
		}
	}
	var out []groupVersions
	for _, group := range groupOrder {
		if versions, ok := byGroup[group]; ok {
			out = append(out, groupVersions{group, versions})
			delete(byGroup, group)
		}
	}
	var rest []string
	for group := range byGroup {
		rest = append(rest, group)
	}
	sort.Strings(rest)
	for _, group := range rest {
		out = append(out, groupVersions{group, byGroup[group]})
	}
	for _, g := range out {
		sort.SliceStable(g.versions, func(i, j int) bool {
			return version.CompareKubeAwareVersionStrings(g.versions[i], g.versions[j]) > 0
		})
	}
	return out
}

// of are the resources of one group and version, by name.
func (s *Server) of(group, version string) []*resources.Resource {
	var out []*resources.Resource
	for _, r := range s.Resources() {
		if r.Group == group && r.Version == version {
			out = append(out, r)
		}
	}
	return out
}

// allVerbs is what a resource can do that does not say otherwise.
var allVerbs = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}

func verbs(r *resources.Resource) []string {
	if r.Verbs == nil {
		return allVerbs
	}
	return r.Verbs
}

// parts are the subresources of a resource, with status and scale, by name.
func (s *Server) parts(r *resources.Resource) []resources.Subresource {
	kind := r
	if r.View != nil {
		if home := s.stored(r.View.Of); home != nil {
			kind = home
		}
	}
	if r.Custom {
		kind = r
	}
	out := slices.Clone(kind.Subresources)
	write := []string{"get", "patch", "update"}
	if kind.HasStatus {
		out = append(out, resources.Subresource{Name: "status", Kind: r.Kind, Verbs: write})
	}
	if kind.Scale != nil {
		out = append(out, resources.Subresource{Name: "scale", Kind: "Scale", Group: "autoscaling", Version: "v1", Verbs: write})
	}
	if !r.Custom {
		sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	}
	return out
}

// discover answers /api, /apis and what lies below them but names no resource; false where it does not know the path.
func (x *exchange) discover(path string) bool {
	aggregated := strings.Contains(strings.ReplaceAll(x.r.Header.Get("Accept"), " ", ""), "as=APIGroupDiscoveryList")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) == 1 && aggregated:
		x.aggregated(parts[0] == "api")
	case path == "/api" || path == "/api/":
		x.describe(&metav1.APIVersions{
			TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
			ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{{ClientCIDR: "0.0.0.0/0", ServerAddress: x.address}},
		})
	case path == "/apis" || path == "/apis/":
		list := &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroupList"}}
		for _, g := range x.groups() {
			if g.group != "" {
				list.Groups = append(list.Groups, apiGroup(g))
			}
		}
		x.describe(list)
	case len(parts) == 2 && parts[0] == "api":
		return x.resourceList("", parts[1])
	case len(parts) == 2:
		for _, g := range x.groups() {
			if g.group == parts[1] && g.group != "" {
				one := apiGroup(g)
				one.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroup"}
				x.describe(&one)
				return true
			}
		}
		return false
	case len(parts) == 3:
		return x.resourceList(parts[1], parts[2])
	default:
		return false
	}
	return true
}

func apiGroup(g groupVersions) metav1.APIGroup {
	out := metav1.APIGroup{Name: g.group}
	for _, v := range g.versions {
		out.Versions = append(out.Versions, metav1.GroupVersionForDiscovery{GroupVersion: g.group + "/" + v, Version: v})
	}
	out.PreferredVersion = out.Versions[0]
	return out
}

func (x *exchange) describe(obj any) {
	f, err := x.negotiate()
	if err != nil {
		x.fail(err)
		return
	}
	f.as = nil
	data, err := f.encode(obj)
	if err != nil {
		x.fail(err)
		return
	}
	x.send(f.contentType(), http.StatusOK, data)
}

func (x *exchange) resourceList(group, version string) bool {
	all := x.of(group, version)
	if len(all) == 0 {
		return false
	}
	gv := strings.TrimPrefix(group+"/"+version, "/")
	list := &metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList"}, GroupVersion: gv, APIResources: []metav1.APIResource{}}
	if group != "" {
		list.APIVersion = "v1"
	}
	for _, r := range all {
		one := metav1.APIResource{
			Name: r.Name, SingularName: r.Singular, Namespaced: r.Namespaced, Kind: r.Kind,
			Verbs: verbs(r), ShortNames: r.ShortNames, Categories: r.Categories,
		}
		if slices.Contains(one.Verbs, "watch") {
			one.StorageVersionHash = x.storageHash(r)
		}
		list.APIResources = append(list.APIResources, one)
		for _, sub := range x.parts(r) {
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: r.Name + "/" + sub.Name, Namespaced: r.Namespaced, Group: sub.Group, Version: sub.Version, Kind: sub.Kind, Verbs: sub.Verbs,
			})
		}
	}
	x.describe(list)
	return true
}

// storageHash tells clients which resources share their storage.
func (s *Server) storageHash(r *resources.Resource) string {
	if r.View != nil {
		if home := s.stored(r.View.Of); home != nil {
			r = home
		}
	}
	sum := sha256.Sum256([]byte(r.Group + "/" + r.Version + "/" + r.Kind))
	return base64.StdEncoding.EncodeToString(sum[:8])
}

const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// aggregated answers /api or /apis with everything that lies below.
func (x *exchange) aggregated(core bool) {
	list := &apidiscovery.APIGroupDiscoveryList{TypeMeta: metav1.TypeMeta{APIVersion: "apidiscovery.k8s.io/v2", Kind: "APIGroupDiscoveryList"}}
	for _, g := range x.groups() {
		if (g.group == "") != core {
			continue
		}
		group := apidiscovery.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: g.group}}
		for _, v := range g.versions {
			one := apidiscovery.APIVersionDiscovery{Version: v, Freshness: apidiscovery.DiscoveryFreshnessCurrent}
			for _, r := range x.of(g.group, v) {
				one.Resources = append(one.Resources, x.discovered(r))
			}
			group.Versions = append(group.Versions, one)
		}
		list.Items = append(list.Items, group)
	}
	data, err := format{}.encode(list)
	if err != nil {
		x.fail(err)
		return
	}
	sum := sha256.Sum256(data)
	etag := `"` + strings.ToUpper(hex.EncodeToString(sum[:])) + `"`
	h := x.w.Header()
	h.Set("Etag", etag)
	h.Set("Vary", "Accept")
	h.Set("Cache-Control", "public")
	if x.r.Header.Get("If-None-Match") == etag {
		x.send(aggregatedType, http.StatusNotModified, nil)
		return
	}
	x.send(aggregatedType, http.StatusOK, data)
}

// discovered describes a resource. What built-in kinds answer with has neither group nor version there.
func (x *exchange) discovered(r *resources.Resource) apidiscovery.APIResourceDiscovery {
	kind := &metav1.GroupVersionKind{Kind: r.Kind}
	if r.Custom {
		kind.Group, kind.Version = r.Group, r.Version
	}
	out := apidiscovery.APIResourceDiscovery{
		Resource: r.Name, ResponseKind: kind, Scope: apidiscovery.ScopeCluster,
		SingularResource: r.Singular, Verbs: verbs(r), ShortNames: r.ShortNames, Categories: r.Categories,
	}
	if r.Namespaced {
		out.Scope = apidiscovery.ScopeNamespace
	}
	for _, sub := range x.parts(r) {
		kind := &metav1.GroupVersionKind{Group: sub.Group, Version: sub.Version, Kind: sub.Kind}
		if r.Custom && sub.Version == "" {
			kind.Group, kind.Version = r.Group, r.Version
		}
		out.Subresources = append(out.Subresources, apidiscovery.APISubresourceDiscovery{Subresource: sub.Name, ResponseKind: kind, Verbs: sub.Verbs})
	}
	return out
}
