package cel

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
)

var vars = map[string]any{
	"s": "héllo", "i": int64(3), "u": uint64(4), "d": 1.5, "b": true, "n": nil,
	"l": []any{int64(1), int64(2), int64(3)}, "ss": []any{"b", "a"}, "m": map[string]any{"a": int64(1), "b": int64(2)},
	"x": map[string]any{"name": "web", "replicas": int64(3), "list": []any{map[string]any{"k": "v", "n": int64(1)}}, "f": 2.5, "nil": nil},
}

func lookup(name string) (any, bool) { v, ok := vars[name]; return v, ok }

func answer(expr string) string {
	env := &Env{Vars: map[string]*Type{
		"s": String, "i": Int, "u": Uint, "d": Double, "b": Bool, "n": Null,
		"l": ListOf(Int), "ss": ListOf(String), "m": MapOf(String, Int), "x": Dyn,
	}}
	p, err := env.Compile(expr)
	if _, ok := err.(Error); ok {
		return "does not compile: " + err.Error()
	} else if err != nil {
		return "no program: " + err.Error()
	}
	v, _, err := p.Eval(lookup, CallLimit, Libraries{})
	if err != nil {
		return "fails: " + err.Error()
	}
	text, err := shown(v, true)
	if err != nil {
		text = "something"
	}
	return p.Out.String() + " " + text
}

// TestAnswers holds the package against the answers of cel-go 0.26.0 with Kubernetes' libraries, which
// `go test ./... -update` in sim/twins/cel has written down.
func TestAnswers(t *testing.T) {
	f, err := os.Open("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var expr, want string
		if _, err := fmt.Sscanf(lines.Text(), "%q %q", &expr, &want); err != nil {
			t.Fatal(err)
		}
		if got := answer(expr); got != want {
			t.Errorf("%s\n  want: %s\n  got:  %s", expr, want, got)
		}
	}
	if n < 500 {
		t.Errorf("only %d expressions", n)
	}
}

// TestEnds holds that an expression which would not end soon is ended by its cost.
func TestEnds(t *testing.T) {
	long := "lists.range(1000)"
	for _, expr := range []string{
		long + ".all(a, " + long + ".all(b, " + long + ".all(c, a + b + c >= 0)))",
		"lists.range(100000000).size() > 0",
		"lists.range(9000).map(a, lists.range(9000)).size() > 0",
	} {
		if got := answer(expr); got != "fails: "+CostExceeded.Error() {
			t.Errorf("%s: %s", expr, got)
		}
	}
	deep := strings.Repeat("(", 500) + "1" + strings.Repeat(")", 500)
	if got := answer(deep); !strings.Contains(got, "expression recursion limit exceeded: 250") {
		t.Errorf("%s", got)
	}
}

func FuzzCompile(f *testing.F) {
	for _, expr := range []string{"x.name == 'a' && l.all(e, e > 1)", "{'a': [1, ?x.?b]}", `'\u00e9' + r"\"`, "a.b.c{d: 1}", "`"} {
		f.Add(expr)
	}
	f.Fuzz(func(t *testing.T, expr string) { answer(expr) })
}
