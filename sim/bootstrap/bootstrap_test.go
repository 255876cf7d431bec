package bootstrap

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"terrarium/sim/admission"
	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/resources"
)

func fresh(t testing.TB) api.Client {
	t.Helper()
	c, source := clock.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), chance.New(1)
	server := apiserver.New(apiserver.Config{Clock: c, Chance: source, Resources: resources.All(), Admission: admission.Default()})
	cfg := Config{
		Client: api.Client{Door: server, User: apiserver.Loopback()},
		Now:    c.Now(), ControlPlane: "controlplane", Address: "172.30.1.2", CA: "ca", FrontProxyCA: "front", Hex: source.Hex,
	}
	if err := APIServer(cfg); err != nil {
		t.Fatal(err)
	}
	if err := Kubeadm(cfg); err != nil {
		t.Fatal(err)
	}
	return cfg.Client
}

func names[T any, P api.Object[T]](t *testing.T, c api.Client, kind string, more func(P) string) string {
	t.Helper()
	all, err := api.List[T, P](c, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := "# " + kind + "\n"
	for _, obj := range all {
		name := obj.GetName()
		if ns := obj.GetNamespace(); ns != "" {
			name = ns + "/" + name
		}
		if more != nil {
			name += " " + more(obj)
		}
		lines += name + "\n"
	}
	return lines
}

// testdata/objects.txt is what basics-34-cluster-views listed, without what controllers make.
func TestObjectsOfAFreshCluster(t *testing.T) {
	c := fresh(t)
	want, err := os.ReadFile("testdata/objects.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := names[rbacv1.ClusterRole](t, c, "clusterroles", nil) +
		names(t, c, "clusterrolebindings", func(b *rbacv1.ClusterRoleBinding) string { return b.RoleRef.Kind + "/" + b.RoleRef.Name }) +
		names[rbacv1.Role](t, c, "roles", nil) +
		names(t, c, "rolebindings", func(b *rbacv1.RoleBinding) string { return b.RoleRef.Kind + "/" + b.RoleRef.Name }) +
		names[v1.ServiceAccount](t, c, "serviceaccounts", nil) +
		names(t, c, "configmaps", func(cm *v1.ConfigMap) string {
			if cm.Name == "cluster-info" {
				return fmt.Sprint(len(cm.Data) + 1) // the signature, which a controller adds
			}
			return fmt.Sprint(len(cm.Data))
		})
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestStaticPodsAreWhole(t *testing.T) {
	for name, text := range StaticPods(Config{ControlPlane: "controlplane", Address: "172.30.1.2"}) {
		var pod v1.Pod
		if err := yaml.UnmarshalStrict([]byte(text), &pod); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if pod.Name+".yaml" != name || strings.Contains(text, "ADDRESS") || strings.Contains(text, "NODE") || strings.Contains(text, "VERSION") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func BenchmarkFreshCluster(b *testing.B) {
	for b.Loop() {
		fresh(b)
	}
}
