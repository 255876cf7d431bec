package openapi

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestAgainstServer compares with the documents of a kube-apiserver, where OPENAPI_DOCS names a folder of them as
// scripts/openapi reads it.
func TestAgainstServer(t *testing.T) {
	dir := os.Getenv("OPENAPI_DOCS")
	if dir == "" {
		t.Skip("OPENAPI_DOCS is not set")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "api*__v[0-9]*"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Components struct{ Schemas map[string]any }
		}
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		for name, want := range doc.Components.Schemas {
			data, err := json.Marshal(V3.Schemas(name)[name])
			if err != nil {
				t.Fatal(err)
			}
			var got any
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			if name == Prefix+"apimachinery.pkg.apis.meta.v1.DeleteOptions" || name == Prefix+"apimachinery.pkg.apis.meta.v1.WatchEvent" {
				continue // list every group
			}
			// What is required is named in another order.
			if diff := cmp.Diff(sortRequired(want), sortRequired(got)); diff != "" {
				t.Fatalf("%s %s:\n%s", file, name, diff)
			}
		}
	}
}

func sortRequired(schema any) any {
	if m, ok := schema.(map[string]any); ok {
		if list, ok := m["required"].([]any); ok {
			sort.Slice(list, func(i, j int) bool { return list[i].(string) < list[j].(string) })
		}
	}
	return schema
}

func TestLookup(t *testing.T) {
	name := ForKind(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"})
	if name != "io.k8s.api.apps.v1.Deployment" {
		t.Fatalf("Deployment is %q", name)
	}
	s := Lookup("io.k8s.api.core.v1.PodSpec")
	if s == nil {
		t.Fatal("no PodSpec")
	}
	for _, f := range s.Fields {
		if f.Name != "topologySpreadConstraints" {
			continue
		}
		want := Field{
			Name: f.Name, Type: Type{List: &Type{Ref: "io.k8s.api.core.v1.TopologySpreadConstraint", Default: json.RawMessage("{}")}},
			ListType: "map", ListKeys: []string{"topologyKey", "whenUnsatisfiable"}, PatchStrategy: "merge", PatchKey: "topologyKey",
		}
		if diff := cmp.Diff(want, f, cmp.AllowUnexported(), cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "line" }, cmp.Ignore())); diff != "" {
			t.Error(diff)
		}
		if d := f.Description(); len(d) < 20 || d[:24] != "TopologySpreadConstraint" {
			t.Errorf("described as %q", d)
		}
	}
}
