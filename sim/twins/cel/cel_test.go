// Package cel holds sim/cel against cel-go with the libraries of Kubernetes' API server.
package cel

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	celgo "github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"

	"terrarium/sim/cel"
)

var vars = map[string]any{
	"s": "héllo", "i": int64(3), "u": uint64(4), "d": 1.5, "b": true, "n": nil,
	"l": []any{int64(1), int64(2), int64(3)}, "ss": []any{"b", "a"}, "m": map[string]any{"a": int64(1), "b": int64(2)},
	"x": map[string]any{"name": "web", "replicas": int64(3), "list": []any{map[string]any{"k": "v", "n": int64(1)}}, "f": 2.5, "nil": nil},
}

var kinds = map[string]*celgo.Type{
	"s": celgo.StringType, "i": celgo.IntType, "u": celgo.UintType, "d": celgo.DoubleType, "b": celgo.BoolType, "n": celgo.NullType,
	"l": celgo.ListType(celgo.IntType), "ss": celgo.ListType(celgo.StringType), "m": celgo.MapType(celgo.StringType, celgo.IntType), "x": celgo.DynType,
}

var ours = &cel.Env{Vars: map[string]*cel.Type{
	"s": cel.String, "i": cel.Int, "u": cel.Uint, "d": cel.Double, "b": cel.Bool, "n": cel.Null,
	"l": cel.ListOf(cel.Int), "ss": cel.ListOf(cel.String), "m": cel.MapOf(cel.String, cel.Int), "x": cel.Dyn,
}}

func theirs(t testing.TB) *celgo.Env {
	t.Helper()
	base := environment.MustBaseEnvSet(version.MajorMinor(1, 35))
	var opts []celgo.EnvOption
	for name, kind := range kinds {
		opts = append(opts, celgo.Variable(name, kind))
	}
	set, err := base.Extend(environment.VersionedOptions{IntroducedVersion: version.MajorMinor(1, 0), EnvOptions: opts})
	if err != nil {
		t.Fatal(err)
	}
	return set.StoredExpressionsEnv()
}

func askThem(env *celgo.Env, expr string) string {
	ast, issues := env.Compile(expr)
	if issues != nil && issues.Err() != nil {
		return "does not compile: " + issues.String()
	}
	p, err := env.Program(ast)
	if err != nil {
		return "no program: " + err.Error()
	}
	out, _, err := p.Eval(vars)
	if err != nil {
		return "fails: " + err.Error()
	}
	return strings.NewReplacer("google.protobuf.Duration", "duration", "google.protobuf.Timestamp", "timestamp", "null_type", "null").Replace(ast.OutputType().String()) + " " + shown(env, out)
}

// shown is a result as a text; the library for formats does that for most of them.
func shown(env *celgo.Env, v any) string {
	ast, issues := env.Extend(celgo.Variable("v", celgo.DynType))
	if issues != nil {
		return issues.Error()
	}
	a, iss := ast.Compile("'%s'.format([v])")
	if iss.Err() != nil {
		return iss.String()
	}
	p, err := ast.Program(a)
	if err != nil {
		return err.Error()
	}
	out, _, err := p.Eval(map[string]any{"v": v})
	if err != nil {
		return "something"
	}
	return fmt.Sprint(out.Value())
}

func askUs(expr string) string {
	p, err := ours.Compile(expr)
	if _, ok := err.(cel.Error); ok {
		return "does not compile: " + err.Error()
	} else if err != nil {
		return "no program: " + err.Error()
	}
	lookup := func(name string) (any, bool) { v, ok := vars[name]; return v, ok }
	out, _, err := p.Eval(lookup, cel.CallLimit, cel.Libraries{})
	if err != nil {
		return "fails: " + err.Error()
	}
	env := &cel.Env{Vars: map[string]*cel.Type{"v": cel.Dyn}}
	f, err := env.Compile("'%s'.format([v])")
	if err != nil {
		return err.Error()
	}
	text, _, err := f.Eval(func(string) (any, bool) { return out, true }, cel.CallLimit, cel.Libraries{})
	if err != nil {
		return p.Out.String() + " something"
	}
	return p.Out.String() + " " + fmt.Sprint(text)
}

// expressions are the table's; of those behind a ~ it is known that the errors' recovery differs.
func expressions(t testing.TB) (equal, known []string) {
	data, err := os.ReadFile("testdata/expressions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		expr := strings.ReplaceAll(line, "⏎", "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "~"):
			known = append(known, expr[1:])
		default:
			equal = append(equal, expr)
		}
	}
	return equal, known
}

var update = flag.Bool("update", false, "write what cel-go answers for the tests of sim/cel")

func TestExpressions(t *testing.T) {
	env := theirs(t)
	equal, known := expressions(t)
	if *update {
		var b strings.Builder
		for _, expr := range equal {
			fmt.Fprintf(&b, "%q %q\n", expr, askThem(env, expr))
		}
		if err := os.WriteFile("../../cel/testdata/answers.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, expr := range equal {
		if want, got := askThem(env, expr), askUs(expr); want != got {
			t.Errorf("%s\n  theirs: %s\n  ours:   %s", expr, want, got)
		}
	}
	for _, expr := range known {
		if askThem(env, expr) == askUs(expr) {
			t.Errorf("%s: listed as different, and equal now", expr)
		}
	}
}

// operand is what a mixture replaces: a variable or a number.
var operand = regexp.MustCompile(`\b(s|i|u|d|b|n|l|ss|m|x|[0-9])\b`)

// mix puts an expression in the place of an operand of another.
func mix(a, b string, at uint) string {
	places := operand.FindAllStringIndex(a, -1)
	if len(places) == 0 {
		return a
	}
	p := places[at%uint(len(places))]
	return a[:p[0]] + "(" + b + ")" + a[p[1]:]
}

var mixtures = flag.Int("mixtures", 1500, "how many expressions to mix")

// TestMixtures mixes the table's expressions, the same ones each time. Syntax errors are left out: what is told behind
// the first one differs.
func TestMixtures(t *testing.T) {
	env := theirs(t)
	table, _ := expressions(t)
	r := rand.New(rand.NewPCG(1, 36))
	for range *mixtures {
		expr := mix(table[r.IntN(len(table))], table[r.IntN(len(table))], uint(r.Uint32()))
		if strings.Contains(expr, "[?") {
			continue // cel-go panics where such an element is no optional
		}
		want := askThem(env, expr)
		if strings.Contains(want, "Syntax error") || strings.Contains(want, "internal error") || strings.Contains(expr, "\t") {
			continue
		}
		if got := askUs(expr); want != got {
			t.Errorf("%s\n  theirs: %s\n  ours:   %s", expr, want, got)
		}
	}
}
