package controllers

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

func TestNamespaceIsEmptied(t *testing.T) {
	w := newWorld(t)
	w.create(&v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}})
	manifest[appsv1.Deployment](w, web)
	create(w, &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "c"}})
	create(w, &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "p"}, Spec: v1.PodSpec{Containers: []v1.Container{{Name: "a", Image: "b"}}}})
	w.wait(3 * time.Second)
	if err := api.Delete[v1.Namespace](w.admin, "", "shop", nil); err != nil {
		t.Fatal(err)
	}
	ns, err := api.Get[v1.Namespace](w.admin, "", "shop")
	if err != nil || ns.Status.Phase != v1.NamespaceTerminating {
		t.Fatalf("%v %v", ns, err)
	}
	_, err = api.Create(w.admin, &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "late"}})
	if want := `configmaps "late" is forbidden: unable to create new content in namespace shop because it is being terminated`; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	w.wait(20 * time.Second)
	if _, err := api.Get[v1.Namespace](w.admin, "", "shop"); !errors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
	if left, _ := api.List[v1.ConfigMap](w.admin, "shop", nil); len(left) > 0 {
		t.Errorf("%d config maps are left", len(left))
	}
	if n := len(list[v1.Pod](w)); n != 4 {
		t.Errorf("%d pods in the other namespace", n)
	}
}

func TestNamespaceWaitsForFinalizers(t *testing.T) {
	w := newWorld(t)
	w.create(&v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}})
	create(w, &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "c", Finalizers: []string{"example.com/hold"}}})
	if err := api.Delete[v1.Namespace](w.admin, "", "shop", nil); err != nil {
		t.Fatal(err)
	}
	w.wait(time.Minute)
	ns, err := api.Get[v1.Namespace](w.admin, "", "shop")
	if err != nil {
		t.Fatal(err)
	}
	messages := map[v1.NamespaceConditionType]string{}
	for _, c := range ns.Status.Conditions {
		messages[c.Type] = string(c.Status) + " " + c.Message
	}
	for kind, want := range map[v1.NamespaceConditionType]string{
		v1.NamespaceContentRemaining:    "True Some resources are remaining: configmaps. has 1 resource instances",
		v1.NamespaceFinalizersRemaining: "True Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
	} {
		if messages[kind] != want {
			t.Errorf("%s: %s", kind, messages[kind])
		}
	}
}

func TestEveryNamespaceGetsItsOwn(t *testing.T) {
	w := newWorld(t)
	w.wait(time.Second)
	get[v1.ServiceAccount](w, "default")
	if cm := get[v1.ConfigMap](w, rootCAName); cm.Data["ca.crt"] != "the root" {
		t.Errorf("%v", cm.Data)
	}
	if err := api.Delete[v1.ServiceAccount](w.admin, "default", "default", nil); err != nil {
		t.Fatal(err)
	}
	change(w, rootCAName, func(cm *v1.ConfigMap) { cm.Data = nil })
	w.wait(time.Second)
	get[v1.ServiceAccount](w, "default")
	if cm := get[v1.ConfigMap](w, rootCAName); cm.Data["ca.crt"] != "the root" {
		t.Errorf("%v", cm.Data)
	}
}
