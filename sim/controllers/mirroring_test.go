package controllers

import (
	"fmt"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

func TestEndpointsAreMirrored(t *testing.T) {
	w := newWorld(t)
	manifest[v1.Service](w, "metadata: {name: ext}\nspec: {ports: [{port: 80}]}")
	manifest[v1.Endpoints](w, `
metadata: {name: ext, labels: {a: b}}
subsets:
- addresses: [{ip: 192.168.1.5}, {ip: 192.168.1.6, hostname: x}]
  notReadyAddresses: [{ip: 192.168.1.7}]
  ports: [{port: 9376}]
`)
	mirrored := func() (out []string) {
		for _, s := range list[discoveryv1.EndpointSlice](w) {
			if s.Labels[discoveryv1.LabelManagedBy] != mirrorManager {
				continue
			}
			for _, e := range s.Endpoints {
				out = append(out, fmt.Sprintf("%s %s %v %d %v", s.Labels["a"], e.Addresses[0], *e.Conditions.Ready, *s.Ports[0].Port, e.Hostname != nil))
			}
		}
		return out
	}
	w.wait(time.Second)
	if got := fmt.Sprint(mirrored()); got != "[b 192.168.1.5 true 9376 false b 192.168.1.6 true 9376 true b 192.168.1.7 false 9376 false]" {
		t.Error(got)
	}
	change(w, "ext", func(ep *v1.Endpoints) {
		ep.Subsets[0].Addresses = ep.Subsets[0].Addresses[:1]
		ep.Subsets[0].NotReadyAddresses = nil
	})
	w.wait(time.Second)
	if got := fmt.Sprint(mirrored()); got != "[b 192.168.1.5 true 9376 false]" {
		t.Error(got)
	}
	change(w, "ext", func(s *v1.Service) { s.Spec.Selector = map[string]string{"a": "b"} })
	w.wait(time.Second)
	if got := mirrored(); len(got) > 0 {
		t.Errorf("a Service with a selector has %v", got)
	}
}

func TestEphemeralVolumes(t *testing.T) {
	w := newWorld(t)
	pod := `
metadata: {name: %s}
spec:
  containers: [{name: a, image: b}]
  volumes: [{name: scratch, ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]
`
	manifest[v1.PersistentVolumeClaim](w, "metadata: {name: taken-scratch}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}")
	manifest[v1.Pod](w, fmt.Sprintf(pod, "p"))
	manifest[v1.Pod](w, fmt.Sprintf(pod, "taken"))
	w.wait(time.Second)
	claim := get[v1.PersistentVolumeClaim](w, "p-scratch")
	if o := metav1.GetControllerOf(claim); o == nil || o.Name != "p" || claim.Labels["a"] != "b" {
		t.Errorf("%v", claim.ObjectMeta)
	}
	if got := w.events("Pod"); got != "FailedBinding: ephemeral volume scratch: PVC default/taken-scratch was not created for pod default/taken (pod is not owner)" {
		t.Error(got)
	}
	if err := api.Delete[v1.Pod](w.admin, "default", "p", nil); err != nil {
		t.Fatal(err)
	}
	w.wait(5 * time.Second)
	if !gone[v1.PersistentVolumeClaim](w, "p-scratch") {
		t.Error("the claim outlives its Pod")
	}
}
