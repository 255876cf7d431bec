package twins

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"terrarium/sim/apply"
	"terrarium/sim/openapi"
)

var kind = appsv1.SchemeGroupVersion.WithKind("Deployment")

// theirs is upstream's field manager, fed with the same schemas.
func theirs(t *testing.T, subresource string, reset string) *managedfields.FieldManager {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := appsv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	models := map[string]*spec.Schema{}
	for name, s := range openapi.V3.Schemas(openapi.ForKind(kind)) {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		models[name] = &spec.Schema{}
		if err := json.Unmarshal(data, models[name]); err != nil {
			t.Fatal(err)
		}
	}
	types, err := managedfields.NewTypeConverter(models, false)
	if err != nil {
		t.Fatal(err)
	}
	filter := map[fieldpath.APIVersion]fieldpath.Filter{"apps/v1": fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie(reset)))}
	m, err := managedfields.NewDefaultFieldManager(types, runtime.UnsafeObjectConvertor(scheme), scheme, scheme, kind, kind.GroupVersion(), subresource, filter)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ours(types *apply.Types, subresource, reset string) *apply.Keeper {
	empty := &appsv1.Deployment{}
	empty.SetGroupVersionKind(kind)
	return &apply.Keeper{Kind: kind, Subresource: subresource, Type: types.Type, Reset: []string{reset}, Empty: empty, Now: time.Now()}
}

func typedOf(t *testing.T, m map[string]any) *appsv1.Deployment {
	t.Helper()
	d := &appsv1.Deployment{}
	if err := json.Unmarshal(encode(t, m), d); err != nil {
		t.Fatal(err)
	}
	d.SetGroupVersionKind(kind)
	d.Name, d.Namespace = "web", "default"
	return d
}

// unique keeps the lists of a document free of repeated keys, as an applied one must be.
func unique(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, one := range v {
			v[key] = unique(one)
		}
	case []any:
		seen := map[string]bool{}
		out := []any{}
		for _, one := range v {
			id := fmt.Sprint(one)
			if m, ok := one.(map[string]any); ok {
				id = fmt.Sprint(m["name"], m["key"], m["containerPort"], m["protocol"])
			}
			if !seen[id] {
				seen[id] = true
				out = append(out, unique(one))
			}
		}
		return out
	}
	return v
}

func TestManagedFields(t *testing.T) {
	types := &apply.Types{}
	main, status := theirs(t, "", "status"), theirs(t, "status", "spec")
	for seed := range uint64(150) {
		g := grow{rand.New(rand.NewPCG(seed, 4))}
		live := typedOf(t, g.deployment())
		created := live.DeepCopy()
		ourBooks := apply.NewBooks()
		empty := &appsv1.Deployment{}
		empty.SetGroupVersionKind(kind)
		theirObj := main.UpdateNoErrors(empty.DeepCopy(), created, "creator")
		if err := ours(types, "", "status").Update(empty, live.DeepCopy(), ourBooks, "creator"); err != nil {
			t.Fatal(err)
		}
		live = theirObj.(*appsv1.Deployment)
		live.UID = "u"
		for step := range 6 {
			what := fmt.Sprintf("seed %d, step %d", seed, step)
			bare := live.DeepCopy()
			bare.ManagedFields = nil
			manager := g.pick("kubectl", "a", "b").(string)
			switch g.IntN(3) {
			case 0:
				next := typedOf(t, g.deployment())
				next.UID = "u"
				their := main.UpdateNoErrors(live.DeepCopy(), next.DeepCopy(), manager)
				if err := ours(types, "", "status").Update(bare, next, ourBooks, manager); err != nil {
					t.Fatal(what, err)
				}
				live = their.(*appsv1.Deployment)
			case 1:
				next := bare.DeepCopy()
				next.Status.Replicas = int32(g.IntN(3))
				next.Status.Conditions = []appsv1.DeploymentCondition{{Type: "Available", Status: "True"}}
				next.ManagedFields = live.ManagedFields
				their := status.UpdateNoErrors(live.DeepCopy(), next.DeepCopy(), manager)
				next.ManagedFields = nil
				if err := ours(types, "status", "spec").Update(bare, next, ourBooks, manager); err != nil {
					t.Fatal(what, err)
				}
				live = their.(*appsv1.Deployment)
			default:
				config := decodePlain(t, encode(t, unique(g.deployment())))
				u := &unstructured.Unstructured{Object: config}
				u.SetGroupVersionKind(kind)
				u.SetName("web")
				u.SetNamespace("default")
				force := g.IntN(2) == 0
				their, theirErr := main.Apply(live.DeepCopy(), u.DeepCopy(), manager, force)
				before := *ourBooks
				saved, _ := before.Encode()
				our, ourErr := ours(types, "", "status").Apply(bare, u.DeepCopy(), ourBooks, manager, force)
				if fmt.Sprint(theirErr) != fmt.Sprint(ourErr) {
					t.Fatalf("%s: %v\nwant %v", what, ourErr, theirErr)
				}
				if theirErr != nil {
					ourBooks, _ = apply.Decode(saved)
					continue
				}
				ourObj := bare
				if our != nil {
					ourObj = &appsv1.Deployment{}
					if err := runtime.DefaultUnstructuredConverter.FromUnstructured(our.Object, ourObj); err != nil {
						t.Fatal(what, err)
					}
				}
				live = their.(*appsv1.Deployment)
				plain := live.DeepCopy()
				plain.ManagedFields = nil
				if diff := cmp.Diff(plain.Spec, ourObj.Spec); diff != "" {
					t.Fatalf("%s: %s", what, diff)
				}
			}
			got, err := ourBooks.Encode()
			if err != nil {
				t.Fatal(what, err)
			}
			if diff := cmp.Diff(timeless(live.ManagedFields), timeless(got)); diff != "" {
				t.Fatalf("%s, %s: %s", what, manager, diff)
			}
		}
	}
}

func timeless(entries []metav1.ManagedFieldsEntry) map[string]string {
	out := map[string]string{}
	for _, e := range entries {
		out[fmt.Sprint(e.Manager, e.Operation, e.APIVersion, e.Subresource)] = e.FieldsV1.GetRawString()
	}
	return out
}

func decodePlain(t *testing.T, data []byte) map[string]any {
	u := &unstructured.Unstructured{}
	m := decode(t, data)
	m["kind"], m["apiVersion"] = "x", "v1"
	if err := u.UnmarshalJSON(encode(t, m)); err != nil {
		t.Fatal(err)
	}
	return u.Object
}
