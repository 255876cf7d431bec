// Package twins compares our own patches and applies with upstream's libraries, which are too heavy for the browser.
// It is a module of its own, so that nothing else can come to depend on them.
package twins

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"terrarium/sim/patch"
)

// grow makes a random pod-like document: few names, so that documents have much in common.
type grow struct{ *rand.Rand }

func (g grow) pick(list ...any) any { return list[g.IntN(len(list))] }

func (g grow) maybe(m map[string]any, key string, value func() any) {
	if g.IntN(3) > 0 {
		m[key] = value()
	}
}

func (g grow) name() any { return g.pick("a", "b", "c", "d") }

func (g grow) list(one func(name any) any) any {
	names := []any{"a", "b", "c", "d", "e"}
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	out := []any{}
	for _, n := range names[:g.IntN(4)] {
		out = append(out, one(n))
	}
	return out
}

func (g grow) labels() any {
	m := map[string]any{}
	for range g.IntN(4) {
		m[g.name().(string)] = g.pick("x", "y")
	}
	return m
}

func (g grow) container(name any) any {
	c := map[string]any{"name": name}
	g.maybe(c, "image", func() any { return g.pick("nginx", "redis") })
	g.maybe(c, "command", func() any { return g.list(func(n any) any { return n }) })
	g.maybe(c, "env", func() any {
		return g.list(func(n any) any {
			e := map[string]any{"name": n}
			g.maybe(e, "value", func() any { return g.pick("1", "2") })
			return e
		})
	})
	g.maybe(c, "ports", func() any {
		out := []any{}
		for range g.IntN(3) {
			out = append(out, map[string]any{"containerPort": g.pick(int64(80), int64(81)), "protocol": g.pick("TCP", "UDP")})
		}
		return out
	})
	g.maybe(c, "resources", func() any {
		return map[string]any{"limits": map[string]any{"cpu": g.pick("1", "2")}}
	})
	return c
}

func (g grow) podSpec() any {
	s := map[string]any{}
	g.maybe(s, "containers", func() any { return g.list(g.container) })
	g.maybe(s, "nodeSelector", g.labels)
	g.maybe(s, "restartPolicy", func() any { return g.pick("Always", "Never") })
	g.maybe(s, "tolerations", func() any { return g.list(func(n any) any { return map[string]any{"key": n} }) })
	g.maybe(s, "imagePullSecrets", func() any { return g.list(func(n any) any { return map[string]any{"name": n} }) })
	g.maybe(s, "volumes", func() any {
		return g.list(func(n any) any {
			v := map[string]any{"name": n}
			switch g.IntN(3) {
			case 0:
				v["emptyDir"] = map[string]any{}
			case 1:
				v["secret"] = map[string]any{"secretName": g.name()}
			}
			return v
		})
	})
	return s
}

func (g grow) deployment() map[string]any {
	meta := map[string]any{}
	g.maybe(meta, "labels", g.labels)
	g.maybe(meta, "annotations", g.labels)
	g.maybe(meta, "finalizers", func() any { return g.list(func(n any) any { return n }) })
	spec := map[string]any{}
	g.maybe(spec, "replicas", func() any { return g.pick(int64(1), int64(2)) })
	g.maybe(spec, "strategy", func() any {
		if g.IntN(2) == 0 {
			return map[string]any{"type": "Recreate"}
		}
		return map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": g.pick(int64(1), "25%")}}
	})
	g.maybe(spec, "template", func() any { return map[string]any{"spec": g.podSpec()} })
	return map[string]any{"metadata": meta, "spec": spec}
}

// disturb puts directives and nulls into a patch.
func (g grow) disturb(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, one := range v {
			switch g.IntN(12) {
			case 0:
				v[key] = nil
			case 1:
				if m, ok := one.(map[string]any); ok {
					m["$patch"] = g.pick("replace", "delete")
				}
			default:
				v[key] = g.disturb(one)
			}
		}
	case []any:
		for _, one := range v {
			if m, ok := one.(map[string]any); ok && g.IntN(6) == 0 {
				m["$patch"] = g.pick("delete", "replace")
			} else {
				g.disturb(one)
			}
		}
	}
	return v
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestStrategicMerge(t *testing.T) {
	for seed := range uint64(2000) {
		g := grow{rand.New(rand.NewPCG(seed, 1))}
		doc, change := encode(t, g.deployment()), encode(t, g.disturb(g.deployment()))
		want, wantErr := strategicpatch.StrategicMergePatch(doc, change, appsv1.Deployment{})
		got, gotErr := patch.Strategic(decode(t, doc), decode(t, change), patch.SchemaOf(&appsv1.Deployment{}))
		if compare(t, seed, want, wantErr, got, gotErr) {
			t.Fatalf("doc   %s\npatch %s", doc, change)
		}
	}
}

func TestTwoWay(t *testing.T) {
	for seed := range uint64(2000) {
		g := grow{rand.New(rand.NewPCG(seed, 2))}
		a, b := encode(t, g.deployment()), encode(t, g.deployment())
		want, wantErr := strategicpatch.CreateTwoWayMergePatch(a, b, appsv1.Deployment{})
		got, gotErr := patch.TwoWay(decode(t, a), decode(t, b), patch.SchemaOf(&appsv1.Deployment{}))
		if compare(t, seed, want, wantErr, got, gotErr) {
			t.Fatalf("a %s\nb %s", a, b)
		}
	}
}

func TestThreeWay(t *testing.T) {
	schema, err := strategicpatch.NewPatchMetaFromStruct(appsv1.Deployment{})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(2000) {
		g := grow{rand.New(rand.NewPCG(seed, 3))}
		a, b, c := encode(t, g.deployment()), encode(t, g.deployment()), encode(t, g.deployment())
		overwrite := g.IntN(2) == 0
		want, wantErr := strategicpatch.CreateThreeWayMergePatch(a, b, c, schema, overwrite)
		got, gotErr := patch.ThreeWay(decode(t, a), decode(t, b), decode(t, c), patch.SchemaOf(&appsv1.Deployment{}), overwrite)
		if compare(t, seed, want, wantErr, got, gotErr) {
			t.Fatalf("original %s\nmodified %s\ncurrent %s", a, b, c)
		}
	}
}

// compare says whether the two differ. Of errors, that there is one is compared: they name map entries in any order.
func compare(t *testing.T, seed uint64, want []byte, wantErr error, got map[string]any, gotErr error) bool {
	t.Helper()
	if (wantErr == nil) != (gotErr == nil) {
		t.Errorf("seed %d: %v, want %v", seed, gotErr, wantErr)
		return true
	}
	if wantErr != nil {
		return false
	}
	if diff := cmp.Diff(decode(t, want), decode(t, encode(t, got))); diff != "" {
		t.Errorf("seed %d: %s", seed, diff)
		return true
	}
	return false
}

// directives are cases that random documents seldom have.
var directives = []struct{ doc, change string }{
	{`{"metadata":{"finalizers":["a","b","c"]}}`, `{"metadata":{"$deleteFromPrimitiveList/finalizers":["b"]}}`},
	{`{"metadata":{"finalizers":["a","b","c"]}}`, `{"metadata":{"$setElementOrder/finalizers":["c","a","d"],"finalizers":["d"]}}`},
	{`{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}`, `{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}}`},
	{`{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}`, `{"spec":{"$setElementOrder/containers":[{"name":"b"}],"containers":[{"name":"a","image":"x"}]}}`},
	{`{"spec":{"volumes":[{"name":"a","emptyDir":{}}]}}`, `{"spec":{"volumes":[{"name":"a","$retainKeys":["name","secret"],"secret":{"secretName":"s"}}]}}`},
	{`{"spec":{"volumes":[{"name":"a","emptyDir":{}}]}}`, `{"spec":{"volumes":[{"name":"a","$retainKeys":["name"],"secret":{"secretName":"s"}}]}}`},
	{`{"spec":{"containers":[{"name":"a"}]}}`, `{"spec":{"containers":[{"image":"x"}]}}`},
	{`{"spec":{"containers":[{"name":"a"}]}}`, `{"spec":{"containers":[{"$patch":"replace"},{"name":"b"}]}}`},
	{`{"spec":{"containers":[{"name":"a"}]}}`, `{"spec":{"containers":[{"$patch":"nosuch","name":"b"}]}}`},
	{`{"spec":{"containers":[{"name":"a"}]}}`, `{"spec":{"$patch":"nosuch"}}`},
	{`{"spec":{"containers":[{"name":"a"}]}}`, `{"spec":{"containers":"x"}}`},
	{`{"spec":{"containers":[{"name":"a"}]}}`, `{"spec":{"containers":[["x"]]}}`},
	{`{"spec":{"containers":[{"name":"a"}]}}`, `{"spec":{"containers":["x"]}}`},
	{`{"spec":{"nosuch":{"a":1}}}`, `{"spec":{"nosuch":{"a":2}}}`},
	{`{"metadata":{"labels":{"a":"b"}}}`, `{"metadata":{"labels":null}}`},
	{`{}`, `{"metadata":{"labels":{"a":null,"b":"c"}}}`},
}

func TestDirectives(t *testing.T) {
	for _, c := range directives {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			want, wantErr := strategicpatch.StrategicMergePatch([]byte(c.doc), []byte(c.change), corev1.Pod{})
			got, gotErr := patch.Strategic(decode(t, []byte(c.doc)), decode(t, []byte(c.change)), patch.SchemaOf(&corev1.Pod{}))
			compare(t, 0, want, wantErr, got, gotErr)
			if wantErr != nil && gotErr != nil && wantErr.Error() != gotErr.Error() {
				t.Errorf("%v, want %v", gotErr, wantErr)
			}
		})
	}
}
