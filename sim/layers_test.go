//go:build !js

package sim

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// layers is the house, from the ground up: a package imports only packages of lower layers and those that stand
// before it in its own.
var layers = [][]string{
	{"sim/clock", "sim/chance", "sim/task", "sim/vfs", "sim/diff", "sim/pki", "sim/session", "sim/warning", "sim/requests", "sim/quota", "sim/podsecurity", "sim/volumes", "sim/cron", "sim/api", "sim/loop", "sim/channels", "sim/websocket", "sim/posix", "sim/reference"},
	{"sim/openapi", "sim/patch", "sim/apply", "sim/cel", "sim/policies", "sim/resources", "sim/custom", "sim/store", "sim/tokens", "sim/auth", "sim/admission", "sim/apiserver", "sim/bootstrap"},
	{"sim/events", "sim/leader", "sim/metrics", "sim/credentials", "sim/registry", "sim/network", "sim/containers", "sim/kubelet", "sim/scheduler", "sim/controllers"},
	{"sim/shell", "sim/terminal", "sim/kubectl", "lessons"},
	{"sim/scenario", "sim"},
	{"wasm", "sim/cmd", "scripts"},
}

// banned are imports that must not reach the browser, with the reason.
var banned = map[string]string{
	"text/template": "keeps every exported method: +23 MB",
	"html/template": "keeps every exported method: +23 MB",
	"k8s.io/apimachinery/pkg/util/strategicpatch": "+14 MB; sim/patch reads the same struct tags",
	"k8s.io/apimachinery/pkg/util/managedfields":  "+14 MB; sim/apply builds on structured-merge-diff",
	"k8s.io/client-go/kubernetes":                 "a client of ours is an http.RoundTripper away",
	"k8s.io/kubectl/pkg/cmd":                      "126 MB; kubectl is ours",
	"github.com/google/cel-go/cel":                "size; a second wasm if it must be",
}

type listed struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T, env []string, args ...string) (out []listed) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...)
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), env...)
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	for dec.More() {
		var l listed
		if err := dec.Decode(&l); err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

// place is where a package stands: its layer and its place in it; a package below a listed one stands with it.
func place(pkg string) (layer, at int, unit string, ok bool) {
	best := ""
	for i, names := range layers {
		for j, name := range names {
			if (pkg == name || strings.HasPrefix(pkg, name+"/") && name != "sim") && len(name) > len(best) {
				best, layer, at, ok = name, i, j, true
			}
		}
	}
	return layer, at, best, ok
}

func TestLayers(t *testing.T) {
	for _, p := range list(t, nil, "./...") {
		pkg := strings.TrimPrefix(p.ImportPath, "terrarium/")
		layer, at, unit, ok := place(pkg)
		if !ok {
			t.Errorf("%s stands in no layer: add it to the table", pkg)
			continue
		}
		for _, imp := range p.Imports {
			dep, own := strings.CutPrefix(imp, "terrarium/")
			if !own {
				continue
			}
			l, a, u, ok := place(dep)
			if ok && u != unit && (l > layer || l == layer && a > at) {
				t.Errorf("%s imports %s, which stands above it", pkg, dep)
			}
		}
	}
}

func TestBannedImports(t *testing.T) {
	browser := list(t, []string{"GOOS=js", "GOARCH=wasm"}, "-deps", "./wasm/browser")
	for _, p := range browser {
		own := strings.HasPrefix(p.ImportPath, "terrarium/")
		for _, dep := range p.Imports {
			// cobra imports text/template for templates that nobody sets, and the linker leaves that out; `make check`
			// counts what it would otherwise keep.
			if why, ok := banned[dep]; ok && (own || dep != "text/template") {
				t.Errorf("%s imports %s: %s", p.ImportPath, dep, why)
			}
		}
	}
}
