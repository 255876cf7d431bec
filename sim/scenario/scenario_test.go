package scenario_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"terrarium/sim/scenario"
)

func TestParse(t *testing.T) {
	s, err := scenario.Parse([]byte(`
containerRuntime: docker
nodes:
- {name: controlplane, roles: [control-plane]}
- {name: small, capacity: {cpu: 500m}}
registries:
- host: registry.acme.test
  access: private
  accounts: [{user: a, password: b}]
manifests: [web.yaml, "{kind: Pod}"]
`), map[string][]byte{"web.yaml": []byte("kind: Service\n"), "setup.sh": []byte("true\n")})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"kind: Service\n", "{kind: Pod}"}, s.Manifests); d != "" {
		t.Error(d)
	}
	if s.Setup != "true\n" || !s.Nodes[0].ControlPlane() || s.Nodes[1].ControlPlane() {
		t.Errorf("read %+v", s)
	}
	if _, err := s.World(); err != nil {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	for in, want := range map[string]string{
		"containerRuntime: podman":                              `scenario.yaml: containerRuntime: "podman" is neither containerd nor docker`,
		"nodes: [{name: a}]":                                    "scenario.yaml: nodes: one of them must have the role control-plane",
		"nodes: [{name: a, roles: [control-plane]}, {name: a}]": "scenario.yaml: nodes[1].name: there are two nodes a",
		"manifests: [gone.yaml]":                                "scenario.yaml: manifests[0]: the folder has no gone.yaml",
		"setup: gone.sh":                                        "scenario.yaml: setup: the folder has no gone.sh",
		"apiServer: {authorizationMode: [RBAC, ABAC]}":          `scenario.yaml: apiServer.authorizationMode[1]: "ABAC" is none of AlwaysAllow, Node and RBAC`,
		"files: {/: x}":                                         `scenario.yaml: files: "/" is no path of a file`,
	} {
		if _, err := scenario.Parse([]byte(in), nil); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", in, err, want)
		}
	}
	for _, in := range []string{"colour: red", "nodes: {", "\t"} {
		if _, err := scenario.Parse([]byte(in), nil); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
}
