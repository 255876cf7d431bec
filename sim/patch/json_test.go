package patch

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestContainers(t *testing.T) {
	ops, err := ParseOperations([]byte(`[{"op":"add","path":"","value":{}},{"op":"move","from":"/a/b~1c/d","path":"/e"},{"op":"remove","path":"/a/f/0"},{"op":"test"}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"a": map[string]any{"b/c": map[string]any{}, "f": map[string]any{}}}
	if diff := cmp.Diff(want, ops.Containers()); diff != "" {
		t.Fatal(diff)
	}
}
