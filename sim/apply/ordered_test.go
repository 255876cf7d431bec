package apply

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

func TestProblemIsTheSameEachTime(t *testing.T) {
	p, err := typed.NewParser(`types:
- name: thing
  map:
    fields:
    - {name: a, type: {scalar: string}}
    - {name: b, type: {list: {elementType: {scalar: numeric}, elementRelationship: atomic}}}
`)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{Object: map[string]any{"a": []any{"x"}, "b": []any{map[string]any{}, "y"}, "bogus": 1, "nosuch": 2}}
	want := "errors:\n  .a: expected string, got &value.valueUnstructured{Value:[]interface {}{\"x\"}}\n" +
		"  .b[0]: expected numeric (int or float), got map[string]interface {}\n  .b[1]: expected numeric (int or float), got string\n" +
		"  .bogus: field not declared in schema"
	for range 20 {
		if err := problem(p.Type("thing"), u.Object); err == nil || err.Error() != want {
			t.Fatalf("got  %v\nwant %s", err, want)
		}
	}
}
