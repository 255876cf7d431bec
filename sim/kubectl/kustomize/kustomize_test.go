package kustomize

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/patch"
)

// osFiles are the machine's files.
type osFiles struct{}

func (osFiles) ReadFile(name string) ([]byte, error)  { return os.ReadFile(name) }
func (osFiles) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

// memory are files below /.
type memory struct{ fstest.MapFS }

func (m memory) ReadFile(name string) ([]byte, error) {
	return m.MapFS.ReadFile(strings.TrimPrefix(name, "/"))
}
func (m memory) Stat(name string) (fs.FileInfo, error) {
	return m.MapFS.Stat(strings.TrimPrefix(name, "/"))
}

func schemas(gvk schema.GroupVersionKind) patch.Schema {
	switch gvk.Kind {
	case "Deployment":
		return patch.SchemaOf(&appsv1.Deployment{})
	case "StatefulSet":
		return patch.SchemaOf(&appsv1.StatefulSet{})
	case "Service":
		return patch.SchemaOf(&corev1.Service{})
	case "Pod":
		return patch.SchemaOf(&corev1.Pod{})
	}
	return nil
}

// TestShop builds a base, an overlay with a component, and an overlay of that, into what kubectl kustomize of v1.36.3
// printed (stderr first), in want.txt of each folder.
func TestShop(t *testing.T) {
	dir, err := filepath.Abs("testdata/shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"base", "mid", "top"} {
		want, err := os.ReadFile(filepath.Join(dir, name, "want.txt"))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		b := &Builder{Files: osFiles{}, Dir: dir, Warn: &got, Schema: schemas}
		out, err := b.Build(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got.Write(out)
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-real +ours):\n%s", name, diff)
		}
	}
}

// TestErrors holds mistakes against the words of kubectl kustomize of v1.36.3.
func TestErrors(t *testing.T) {
	base := fstest.MapFS{
		"w/base/web.yaml":           {Data: []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: c, image: nginx}]}}}\n")},
		"w/base/kustomization.yaml": {Data: []byte("resources: [web.yaml]\n")},
		"w/x/nameless.yaml":         {Data: []byte("apiVersion: v1\nkind: ConfigMap\n")},
		"w/x/bad.yaml":              {Data: []byte("a: b: c\n")},
		"w/comp/kustomization.yaml": {Data: []byte("kind: Component\nnamePrefix: c-\n")},
	}
	for _, tc := range []struct{ file, want string }{
		{"resources: [nosuch.yaml]", "accumulating resources: accumulation err='accumulating resources from 'nosuch.yaml': evalsymlink failure on '/w/x/nosuch.yaml' : lstat /w/x/nosuch.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/w/x/nosuch.yaml' : lstat /w/x/nosuch.yaml: no such file or directory"},
		{"resourcess: [x]", `invalid Kustomization: json: unknown field "resourcess"`},
		{"", "kustomization.yaml is empty"},
		{"resources: [nameless.yaml]", "accumulating resources: accumulation err='accumulating resources from 'nameless.yaml': missing metadata.name in object {{v1 ConfigMap} {{ } map[] map[]}}': must build at directory: '/w/x/nameless.yaml': file is not directory"},
		{"resources: [../base, ../base]", "accumulating resources: accumulation err='accumulating resources from '../base': '/w/base' must resolve to a file': recursed merging from path '/w/base': may not add resource with an already registered id: Deployment.v1.apps/web.[noNs]"},
		{"resources: [../base]\npatches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: nosuch}}'}]", `no resource matches strategic merge patch "Deployment.v1.apps/nosuch.[noNs]": no matches for Id Deployment.v1.apps/nosuch.[noNs]; failed to find unique target for patch Deployment.v1.apps/nosuch.[noNs]`},
		{"resources: [../base]\npatches: [{target: {kind: Deployment}, patch: '[{op: replace, path: /spec/x/y, value: 1}]'}]", "replace operation does not apply: doc is missing path: /spec/x/y: missing value"},
		{"resources: [../base]\npatches: [{patch: '[{op: replace, path: /x, value: 1}]'}]", `must specify a target for JSON patch [patch: "[{op: replace, path: /x, value: 1}]"]`},
		{"resources: [../base]\npatches: [{path: nosuch.yaml}]", "trouble configuring builtin PatchTransformer with config: `\npath: nosuch.yaml\n`: failed to get the patch file from path(nosuch.yaml): evalsymlink failure on '/w/x/nosuch.yaml' : lstat /w/x/nosuch.yaml: no such file or directory"},
		{"resources: [../base]\nreplicas: [{name: nosuch, count: 2}]", "resource with name nosuch does not match a config with the following GVK [Deployment.[noVer].[noGrp] StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]"},
		{"resources: [../base/web.yaml]", "accumulating resources: accumulation err='accumulating resources from '../base/web.yaml': security; file '/w/base/web.yaml' is not in or below '/w/x'': must build at directory: '/w/base/web.yaml': file is not directory"},
		{"resources: [bad.yaml]", "accumulating resources: accumulating resources from 'bad.yaml': MalformedYAMLError: yaml: mapping values are not allowed in this context in File: bad.yaml"},
		{"configMapGenerator: [{name: x, files: [nosuch]}]", "loading KV pairs: file sources: [nosuch]: evalsymlink failure on '/w/x/nosuch' : lstat /w/x/nosuch: no such file or directory"},
		{"configMapGenerator: [{name: x, literals: [abc]}]", "loading KV pairs: literal sources [abc]: invalid literal source abc, expected key=value"},
		{"resources: [../comp]", "accumulating resources: accumulation err='accumulating resources from '../comp': '/w/comp' must resolve to a file': expected kind != 'Component' for path '/w/comp'"},
		{"kind: Foo", "Failed to read kustomization file under /w/x:\nkind should be Kustomization or Component"},
		{"helmCharts: [{name: a}]", "kustomize helmCharts"},
		{"resources: ['https://example.com/x?ref=y']", "accumulating resources: kustomize of a remote folder"},
	} {
		files := fstest.MapFS{"w/x/kustomization.yaml": {Data: []byte(tc.file)}}
		for name, f := range base {
			files[name] = f
		}
		_, err := (&Builder{Files: memory{files}, Dir: "/w", Warn: &bytes.Buffer{}, Schema: schemas}).Build("x")
		if err == nil || err.Error() != tc.want {
			t.Errorf("%q:\n got %v\nwant %s", tc.file, err, tc.want)
		}
	}
}
