package apiserver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/auth"
	"terrarium/sim/resources"
)

// TestWhatCannotBeReached holds messages against what kube-apiserver 1.36.3 answers.
func TestWhatCannotBeReached(t *testing.T) {
	s := newSite(t)
	const ns = "/api/v1/namespaces/default/"
	s.object("POST", ns+"pods", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}`)
	s.object("POST", ns+"services", `{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}`)
	s.object("POST", ns+"endpoints", `{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"s"}}`)
	for _, test := range []struct{ method, path, body, want string }{
		{"GET", ns + "pods/p/proxy/", "", "400 address not allowed"},
		{"GET", ns + "pods/p:80/proxy/", "", "400 address not allowed"},
		{"GET", ns + "pods/none/proxy/", "", `404 pods "none" not found`},
		{"GET", ns + "services/s/proxy/", "", `503 no endpoints available for service "s"`},
		{"GET", ns + "services/http:s:80/proxy/", "", `503 no endpoints available for service "s"`},
		{"GET", ns + "services/s:81/proxy/", "", `503 no service port 81 found for service "s"`},
		{"GET", ns + "services/a:b:c:d/proxy/", "", `400 invalid service request "a:b:c:d"`},
		{"DELETE", "/api/v1/pods", "", "405 the server does not allow this method on the requested resource"},
		{"GET", ns + "bindings", "", "405 the server does not allow this method on the requested resource"},
		{"POST", ns + "bindings", `{"apiVersion":"v1","kind":"Binding","metadata":{"name":"none"},"target":{"name":"n"}}`, `404 pods "none" not found`},
		{"POST", ns + "bindings", `{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}}`, "201 "},
		{"POST", ns + "bindings", `{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}}`,
			`409 Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"`},
	} {
		got := s.object(test.method, test.path, test.body)
		message, _ := got["message"].(string)
		if text := fmt.Sprintf("%v %s", got["code"], message); text != test.want {
			t.Errorf("%s %s\n got %s\nwant %s", test.method, test.path, text, test.want)
		}
	}
}

func TestNamesNeedTheirNamespace(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/api/v1/pods/p", "/api/v1/pods/p/status", "/apis/apps/v1/deployments/d/scale"} {
		if got := s.text("GET", path, ""); got != "404 page not found\n" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestGroupsAreRegistered(t *testing.T) {
	s := newSite(t)
	names := func() string {
		all, err := api.List[resources.APIService](api.Client{Door: s.Server, User: apiserver.Loopback()}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, a := range all {
			out = append(out, a.Name)
		}
		return strings.Join(out, " ")
	}
	if err := s.RegisterGroups(); err != nil {
		t.Fatal(err)
	}
	before := names()
	if !strings.HasPrefix(before, "v1. v1.admissionregistration.k8s.io ") || strings.Contains(before, "apiregistration.k8s.io v1.apiregistration") {
		t.Errorf("registered are %s", before)
	}
	s.object("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
		"metadata":{"name":"foos.x.com"},"spec":{"group":"x.com","scope":"Namespaced","names":{"plural":"foos","kind":"Foo"},
		"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}`)
	s.clock.Advance(5 * time.Second)
	if got := names(); !strings.Contains(got, "v1.x.com") {
		t.Errorf("a custom group is not registered: %s", got)
	}
	s.object("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/foos.x.com", "")
	s.clock.Advance(5 * time.Second)
	if got := names(); got != before {
		t.Errorf("after the definition has gone, registered are %s", got)
	}
	bad := s.object("POST", "/apis/apiregistration.k8s.io/v1/apiservices", `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService",
		"metadata":{"name":"v1.y"},"spec":{"group":"y.com","version":"v1","groupPriorityMinimum":0,"versionPriority":1,"caBundle":"YQ=="}}`)
	want := "APIService.apiregistration.k8s.io \"v1.y\" is invalid: [metadata.name: Invalid value: \"v1.y\": must be `spec.version+\".\"+spec.group`: \"v1.y.com\", " +
		`spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000, spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle]`
	if bad["message"] != want {
		t.Errorf("got %s\nwant %s", bad["message"], want)
	}
}

// TestEscalation holds messages against what kube-apiserver 1.36.3 answers.
func TestEscalation(t *testing.T) {
	s := newSite(t)
	client := api.Client{Door: s.Server, User: apiserver.Loopback()}
	const ns, group = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/", "/apis/rbac.authorization.k8s.io/v1/"
	head := `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":`
	s.object("POST", group+"clusterroles", head+`"ClusterRole","metadata":{"name":"maker"},"rules":[{"apiGroups":["rbac.authorization.k8s.io"],
		"resources":["roles","rolebindings","clusterroles"],"verbs":["create","update"]}]}`)
	s.object("POST", group+"clusterrolebindings", head+`"ClusterRoleBinding","metadata":{"name":"maker"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"maker"},
		"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"jane"}]}`)
	s.SetAuthorizer(auth.NewStandard(client))
	jane := api.User{Name: "jane", Groups: []string{"devs"}}
	as := func(path, body string) string {
		got := s.as(jane, "POST", path, body)
		if got["kind"] != "Status" {
			return ""
		}
		return got["message"].(string)
	}
	role := func(name, rule string) string {
		return head + `"Role","metadata":{"name":"` + name + `"},"rules":[` + rule + `]}`
	}
	binding := func(kind, name string) string {
		return head + `"RoleBinding","metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"` + kind + `","name":"` + name + `"}}`
	}
	const refusal = `is forbidden: user "jane" (groups=["devs"]) is attempting to grant RBAC permissions not currently held:` + "\n"
	for _, test := range []struct{ path, body, want string }{
		{ns + "roles", role("r", `{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}`),
			`roles.rbac.authorization.k8s.io "r" ` + refusal + `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`},
		{ns + "roles", role("own", `{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["create"]}`), ""},
		{ns + "rolebindings", binding("Role", "own"), ""},
		{ns + "rolebindings", binding("Role", "none"), `rolebindings.rbac.authorization.k8s.io "none" not found`},
		{ns + "rolebindings", binding("ClusterRole", "none"), `rolebindings.rbac.authorization.k8s.io "none" not found`},
		{ns + "rolebindings", binding("Nosuch", "x"), `unsupported role reference kind: "Nosuch"`},
		{group + "clusterroles", head + `"ClusterRole","metadata":{"name":"agg"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}}`,
			`clusterroles.rbac.authorization.k8s.io "agg" is forbidden: must have cluster-admin privileges to use the aggregationRule`},
	} {
		if got := as(test.path, test.body); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.body, got, test.want)
		}
	}
}
