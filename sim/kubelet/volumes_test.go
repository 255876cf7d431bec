package kubelet

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/api"
)

func TestVolumesAndEnvironment(t *testing.T) {
	c := newCluster(t)
	for _, err := range []error{
		second(api.Create(c.client, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: "default"}, Data: map[string]string{"color": "blue", "size": "10"}})),
		second(api.Create(c.client, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "creds", Namespace: "default"}, Data: map[string][]byte{"user": []byte("admin")}})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c.pod("uses", `
containers:
- name: app
  image: "busybox:1.36"
  command: [sleep, "3600"]
  env:
  - {name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
  - {name: GREETING, value: "Hello $(COLOR) $(NOSUCH) $$(COLOR)"}
  - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
  envFrom: [{configMapRef: {name: settings}, prefix: CFG_}]
  volumeMounts: [{name: cfg, mountPath: /etc/cfg}, {name: sec, mountPath: /etc/sec, readOnly: true}, {name: tmp, mountPath: /scratch}]
- name: other
  image: "busybox:1.36"
  command: [sleep, "3600"]
  volumeMounts: [{name: tmp, mountPath: /here}]
volumes:
- {name: cfg, configMap: {name: settings}}
- {name: sec, secret: {secretName: creds, items: [{key: user, path: name}]}}
- {name: tmp, emptyDir: {}}`)
	c.clock.Advance(5 * time.Second)
	p := c.get("uses")
	app, other := c.node.runtime.running(p.UID, "app"), c.node.runtime.running(p.UID, "other")
	if app == nil || other == nil {
		t.Fatal(c.line("uses"))
	}
	env := strings.Join(app.env, "\n")
	for _, want := range []string{"HOSTNAME=uses", "COLOR=blue", "GREETING=Hello blue $(NOSUCH) $(COLOR)", "NODE=node01", "CFG_size=10"} {
		if !strings.Contains(env+"\n", want+"\n") {
			t.Errorf("no %s in\n%s", want, env)
		}
	}
	f := app.files()
	if got, err := f.ReadFile("/etc/sec/name"); err != nil || string(got) != "admin" {
		t.Errorf("%q %v", got, err)
	}
	if err := f.WriteFile("/etc/sec/name", []byte("x"), 0o644); err == nil {
		t.Error("a secret can be overwritten")
	}
	if err := f.WriteFile("/scratch/now", []byte("x"), 0o644); err != nil {
		t.Error(err)
	}
	if got, err := other.files().ReadFile("/here/now"); err != nil || string(got) != "x" {
		t.Errorf("the other container reads %q, %v", got, err)
	}
	if _, err := api.Patch[corev1.ConfigMap](c.client, "default", "settings", "", types.MergePatchType, []byte(`{"data":{"color":"red"}}`)); err != nil {
		t.Fatal(err)
	}
	c.clock.Advance(100 * time.Second)
	if got, _ := f.ReadFile("/etc/cfg/color"); string(got) != "red" {
		t.Errorf("the changed config map reads %q", got)
	}
}

func second[T any](_ T, err error) error { return err }
