package controllers

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

func deleteWith(w *world, policy metav1.DeletionPropagation) {
	w.Helper()
	if err := api.Delete[appsv1.Deployment](w.admin, "default", "web", &metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
		w.Fatal(err)
	}
}

func TestBackgroundDeletion(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	deleteWith(w, metav1.DeletePropagationBackground)
	if !gone[appsv1.Deployment](w, "web") {
		t.Error("the deployment waits")
	}
	w.wait(2 * time.Second)
	if n := len(list[appsv1.ReplicaSet](w)) + len(list[v1.Pod](w)); n != 0 {
		t.Errorf("%d dependents are left", n)
	}
}

func TestForegroundDeletion(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	deleteWith(w, metav1.DeletePropagationForeground)
	w.wait(100 * time.Millisecond)
	if gone[appsv1.Deployment](w, "web") || len(list[appsv1.ReplicaSet](w)) != 1 {
		t.Error("gone before its pods")
	}
	w.wait(2 * time.Second)
	if !gone[appsv1.Deployment](w, "web") || len(list[appsv1.ReplicaSet](w)) != 0 || len(list[v1.Pod](w)) != 0 {
		t.Error("not finished")
	}
}

func TestOrphaningDeletion(t *testing.T) {
	w := newWorld(t)
	manifest[appsv1.Deployment](w, web)
	w.wait(5 * time.Second)
	deleteWith(w, metav1.DeletePropagationOrphan)
	w.wait(2 * time.Second)
	if !gone[appsv1.Deployment](w, "web") {
		t.Error("the deployment is still there")
	}
	sets := list[appsv1.ReplicaSet](w)
	if len(sets) != 1 || len(sets[0].OwnerReferences) != 0 || len(list[v1.Pod](w)) != 4 {
		t.Errorf("%d replica sets, %d pods", len(sets), len(list[v1.Pod](w)))
	}
}

func TestObjectsOfAMissingOwner(t *testing.T) {
	w := newWorld(t)
	manifest[v1.ConfigMap](w, `
metadata:
  name: lost
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: nosuch, uid: 0b7c1f3e-0000-4000-8000-000000000000}]
`)
	w.wait(time.Second)
	if !gone[v1.ConfigMap](w, "lost") {
		t.Error("still there")
	}
}
