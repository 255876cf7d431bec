package leader

import (
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/resources"
)

func TestLeases(t *testing.T) {
	c, source := clock.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), chance.New(1)
	server := apiserver.New(apiserver.Config{Clock: c, Chance: source, Resources: resources.All()})
	cfg := Config{Clock: c, Chance: source, Client: api.Client{Door: server, User: apiserver.Loopback()}, Host: "controlplane"}
	if _, err := api.Create(cfg.Client, &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system"}}); err != nil {
		t.Fatal(err)
	}
	Lead(cfg, "kube-scheduler")
	Serve(cfg)
	c.Advance(time.Minute)
	all, err := api.List[coordinationv1.Lease](cfg.Client, "kube-system", nil)
	if err != nil || len(all) != 2 || !strings.HasPrefix(all[0].Name, "apiserver-") {
		t.Fatalf("%v %v", all, err)
	}
	l := all[1]
	if !strings.HasPrefix(*l.Spec.HolderIdentity, "controlplane_") || c.Since(l.Spec.RenewTime.Time) > 3*time.Second {
		t.Errorf("%+v", l.Spec)
	}
	events, _ := api.List[v1.Event](cfg.Client, "kube-system", nil)
	if len(events) != 1 || events[0].Message != *l.Spec.HolderIdentity+" became leader" {
		t.Errorf("%v", events)
	}
}
