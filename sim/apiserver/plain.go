package apiserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"

	apiversion "k8s.io/apimachinery/pkg/version"

	"terrarium/sim/auth"
)

// DefaultVersion is the release that is imitated.
func DefaultVersion() apiversion.Info {
	return apiversion.Info{
		Major: "1", Minor: "36", EmulationMajor: "1", EmulationMinor: "36", MinCompatibilityMajor: "1", MinCompatibilityMinor: "35",
		GitVersion: "v1.36.3", GitCommit: "$Format:%H$", GitTreeState: "clean", BuildDate: "2026-07-22T18:07:38Z",
		GoVersion: "go1.26.8", Compiler: "gc", Platform: "linux/amd64",
	}
}

// plain serves the paths that name no resource.
func (x *exchange) plain() {
	path := x.r.URL.Path
	verb := strings.ToLower(x.r.Method)
	a := auth.Attributes{User: x.user, Verb: verb, Path: path}
	if allowed, reason := x.authorizer.Authorize(a); !allowed {
		x.fail(auth.Denied(a, reason))
		return
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "":
		x.index()
	case "api", "apis":
		if !x.discover(path) {
			x.notFound()
		}
	case "version":
		x.indented(x.version)
	case "healthz", "livez", "readyz":
		x.health(first, rest)
	case "openapi":
		x.openAPI(rest)
	case ".well-known", "openid":
		x.keys(path)
	case "metrics":
		x.metrics()
	default:
		x.notFound()
	}
}

// indented writes what the real server indents by two blanks and ends without a newline.
func (x *exchange) indented(v any) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		x.fail(err)
		return
	}
	x.send("application/json", http.StatusOK, data)
}

// compact writes what the real server ends without a newline.
func (x *exchange) compact(contentType string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		x.fail(err)
		return
	}
	x.send(contentType, http.StatusOK, data)
}

// index lists the paths.
func (x *exchange) index() {
	paths := []string{
		"/.well-known/openid-configuration", "/api", "/apis", "/apis/", "/flagz", "/metrics", "/metrics/slis", "/openapi/v2",
		"/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/statusz", "/version", "/readyz/shutdown",
	}
	for _, g := range x.groups() {
		base := "/apis/" + g.group
		if g.group == "" {
			base = "/api"
		} else {
			paths = append(paths, base)
		}
		for _, v := range g.versions {
			paths = append(paths, base+"/"+v)
		}
	}
	for _, probe := range []string{"healthz", "livez", "readyz"} {
		paths = append(paths, "/"+probe)
		for _, check := range checks(probe) {
			paths = append(paths, "/"+probe+"/"+check)
		}
	}
	sort.Strings(paths)
	x.indented(struct {
		Paths []string `json:"paths"`
	}{slices.Compact(paths)})
}

// hooks are the checks that every probe makes after ping, log and etcd.
var hooks = []string{
	"start-apiserver-admission-initializer", "generic-apiserver-start-informers", "priority-and-fairness-config-consumer",
	"priority-and-fairness-filter", "storage-object-count-tracker-hook", "start-apiextensions-informers",
	"start-apiextensions-controllers", "crd-informer-synced", "start-system-namespaces-controller",
	"peer-endpoint-reconciler-controller", "start-cluster-authentication-info-controller",
	"start-kube-apiserver-identity-lease-controller", "start-kube-apiserver-identity-lease-garbage-collector",
	"storage-readiness", "start-legacy-token-tracking-controller", "start-service-ip-repair-controllers",
	"rbac/bootstrap-roles", "scheduling/bootstrap-system-priority-classes", "priority-and-fairness-config-producer",
	"bootstrap-controller", "start-kubernetes-service-cidr-controller", "aggregator-reload-proxy-client-cert", "start-kube-aggregator-informers",
	"apiservice-status-local-available-controller", "apiservice-status-remote-available-controller",
	"apiservice-registration-controller", "apiservice-discovery-controller", "kube-apiserver-autoregistration", "",
	"apiservice-openapi-controller", "apiservice-openapiv3-controller",
}

func checks(probe string) []string {
	out := []string{"ping", "log"}
	if probe == "readyz" {
		out = append(out, "etcd", "etcd-readiness", "informer-sync")
	} else {
		out = append(out, "loopback-serving-certificate", "etcd")
	}
	for _, hook := range hooks {
		if hook == "" {
			out = append(out, "autoregister-completion")
		} else {
			out = append(out, "poststarthook/"+hook)
		}
	}
	if probe == "readyz" {
		out = append(out, "shutdown")
	}
	return out
}

// health answers a probe. Everything is well.
func (x *exchange) health(probe, check string) {
	all := checks(probe)
	if check != "" {
		if !slices.Contains(all, check) {
			x.notFound()
			return
		}
		x.words("ok")
		return
	}
	query := x.r.URL.Query()
	excluded := query["exclude"]
	if !query.Has("verbose") {
		x.words("ok")
		return
	}
	var b strings.Builder
	for _, name := range all {
		if slices.Contains(excluded, name) {
			fmt.Fprintf(&b, "[+]%s excluded: ok\n", name)
		} else {
			fmt.Fprintf(&b, "[+]%s ok\n", name)
		}
	}
	fmt.Fprintf(&b, "%s check passed\n", probe)
	x.words(b.String())
}

func (x *exchange) words(text string) {
	x.w.Header().Set("X-Content-Type-Options", "nosniff")
	x.send("text/plain; charset=utf-8", http.StatusOK, []byte(text))
}

// metrics shows a few of the counts that the real server has.
func (x *exchange) metrics() {
	var b strings.Builder
	b.WriteString("# HELP apiserver_storage_objects [STABLE] Number of stored objects at the time of last check split by kind.\n# TYPE apiserver_storage_objects gauge\n")
	for _, r := range x.Resources() {
		if r.View == nil && slices.Contains(verbs(r), "list") {
			fmt.Fprintf(&b, "apiserver_storage_objects{group=%q,resource=%q} %d\n", r.Group, r.Name, x.store.Len(r.GroupResource()))
		}
	}
	x.send("text/plain; version=0.0.4; charset=utf-8; escaping=underscores", http.StatusOK, []byte(b.String()))
}
