package twins

import (
	"encoding/json"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/google/go-cmp/cmp"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	kjson "sigs.k8s.io/json"

	"terrarium/sim/patch"
)

// object reads a JSON object as the server does.
func object(data string) (m map[string]any, ok bool) {
	err := kjson.UnmarshalCaseSensitivePreserveInts([]byte(data), &m)
	return m, err == nil && m != nil
}

// same compares what ours and theirs make of the same input. Of errors, that there is one is compared.
func same(t *testing.T, want []byte, wantErr error, got any, gotErr error) {
	t.Helper()
	if (wantErr == nil) != (gotErr == nil) {
		t.Fatalf("%v, want %v", gotErr, wantErr)
	}
	if wantErr != nil {
		return
	}
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if json.Unmarshal(want, &a) != nil || json.Unmarshal(data, &b) != nil {
		t.Fatalf("%s, want %s", data, want)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Fatal(diff)
	}
}

func FuzzStrategic(f *testing.F) {
	for _, c := range directives {
		f.Add(c.doc, c.change)
	}
	schema := patch.SchemaOf(&appsv1.Deployment{})
	f.Fuzz(func(t *testing.T, doc, change string) {
		d, ok1 := object(doc)
		c, ok2 := object(change)
		if !ok1 || !ok2 {
			return
		}
		got, gotErr := patch.Strategic(d, c, schema)
		want, wantErr := theirStrategic(doc, change)
		if wantErr == (panicked{}) {
			return
		}
		same(t, want, wantErr, got, gotErr)
	})
}

// panicked is what upstream's library does with some patches; the real server closes the connection.
type panicked struct{}

func (panicked) Error() string { return "panic" }

func theirStrategic(doc, change string) (out []byte, err error) {
	defer func() {
		if recover() != nil {
			err = panicked{}
		}
	}()
	return strategicpatch.StrategicMergePatch([]byte(doc), []byte(change), appsv1.Deployment{})
}

func FuzzJSONPatch(f *testing.F) {
	for _, c := range []struct{ doc, ops string }{
		{`{"a":{"b":[1,2,3]}}`, `[{"op":"add","path":"/a/b/-","value":4},{"op":"remove","path":"/a/b/0"}]`},
		{`{"a":1}`, `[{"op":"test","path":"/a","value":1},{"op":"replace","path":"/a","value":{"x":null}}]`},
		{`{"a":{"c":1}}`, `[{"op":"move","from":"/a/c","path":"/b"},{"op":"copy","from":"/b","path":"/a/d"}]`},
		{`{"a~b":{"c/d":1}}`, `[{"op":"remove","path":"/a~0b/c~1d"}]`},
		{`{"a":[1]}`, `[{"op":"add","path":"/a/-1","value":0},{"op":"remove","path":"/a/-1"}]`},
		{`{"a":1}`, `[{"op":"add","path":"","value":{"b":2}}]`},
		{`{"a":null}`, `[{"op":"test","path":"/a","value":null},{"op":"test","path":"/b","value":null}]`},
	} {
		f.Add(c.doc, c.ops)
	}
	f.Fuzz(func(t *testing.T, doc, change string) {
		d, ok := object(doc)
		if !ok {
			return
		}
		theirs, wantErr := jsonpatch.DecodePatch([]byte(change))
		ops, gotErr := patch.ParseOperations([]byte(change))
		if (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("%v, want %v", gotErr, wantErr)
		}
		if wantErr != nil {
			return
		}
		want, wantErr := theirPatch(theirs, doc)
		if wantErr == (panicked{}) {
			return
		}
		got, gotErr := ops.Apply(d, kjson.UnmarshalCaseSensitivePreserveInts)
		same(t, want, wantErr, got, gotErr)
		ops.Containers()
	})
}

func theirPatch(p jsonpatch.Patch, doc string) (out []byte, err error) {
	defer func() {
		if recover() != nil {
			err = panicked{}
		}
	}()
	return p.Apply([]byte(doc))
}

func FuzzMergePatch(f *testing.F) {
	f.Add(`{"a":{"b":1,"c":[1,{"d":null}]}}`, `{"a":{"b":null,"c":[{"e":null}]},"f":{"g":null}}`)
	f.Add(`{"a":[1]}`, `{"a":{"b":null}}`)
	f.Fuzz(func(t *testing.T, doc, change string) {
		d, ok1 := object(doc)
		c, ok2 := object(change)
		if !ok1 || !ok2 {
			return
		}
		want, err := jsonpatch.MergePatch([]byte(doc), []byte(change))
		same(t, want, err, patch.MergeJSON(d, c), nil)
	})
}
