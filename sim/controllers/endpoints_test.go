package controllers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"terrarium/sim/api"
)

const dns = `
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
  - {name: dns, port: 53, protocol: UDP, targetPort: 53}
  - {name: dns-tcp, port: 53, protocol: TCP, targetPort: 53}
  - {name: metrics, port: 9153, protocol: TCP, targetPort: 9153}
`

// The order of the ports is that of kube-dns in basics-34-cluster-views.
func TestEndpoints(t *testing.T) {
	w := newWorld(t)
	manifest[v1.Service](w, dns)
	w.wait(time.Second)
	if ep := get[v1.Endpoints](w, "web"); len(ep.Subsets) != 0 {
		t.Errorf("before there are pods: %v", ep.Subsets)
	}
	manifest[appsv1.Deployment](w, web)
	w.wait(3 * time.Second)
	ep := get[v1.Endpoints](w, "web")
	if len(ep.Subsets) != 1 || len(ep.Subsets[0].Addresses) != 4 || len(ep.Subsets[0].NotReadyAddresses) != 0 {
		t.Fatalf("%+v", ep.Subsets)
	}
	var ports []string
	for _, p := range ep.Subsets[0].Ports {
		ports = append(ports, fmt.Sprint(p.Port))
	}
	if diff := cmp.Diff("9153 53 53", strings.Join(ports, " ")); diff != "" {
		t.Error(diff)
	}
	if err := api.Delete[v1.Service](w.admin, "default", "web", nil); err != nil {
		t.Fatal(err)
	}
	w.wait(time.Second)
	if !gone[v1.Endpoints](w, "web") || len(slicesOf(w)) != 0 {
		t.Error("left behind by the service")
	}
}

func TestEndpointSlices(t *testing.T) {
	w := newWorld(t)
	manifest[v1.Service](w, dns)
	manifest[appsv1.Deployment](w, web)
	w.wait(3 * time.Second)
	all := slicesOf(w)
	if len(all) != 1 || len(all[0].Endpoints) != 4 || !*all[0].Endpoints[0].Conditions.Ready {
		t.Fatalf("%+v", all)
	}
	var ports []string
	for _, p := range all[0].Ports {
		ports = append(ports, fmt.Sprint(*p.Port))
	}
	if diff := cmp.Diff("53 53 9153", strings.Join(ports, " ")); diff != "" {
		t.Error(diff)
	}
	change(w, "web", func(d *appsv1.Deployment) { n := int32(0); d.Spec.Replicas = &n })
	w.wait(3 * time.Second)
	after := slicesOf(w)
	if len(after) != 1 || after[0].Name != all[0].Name || len(after[0].Endpoints) != 0 || len(after[0].Ports) != 0 {
		t.Errorf("without pods: %+v", after)
	}
}

// slicesOf are the slices of the service web.
func slicesOf(w *world) []*discoveryv1.EndpointSlice {
	w.Helper()
	all := list[discoveryv1.EndpointSlice](w)
	return slices.DeleteFunc(all, func(s *discoveryv1.EndpointSlice) bool { return s.Labels[discoveryv1.LabelServiceName] != "web" })
}
