package apiserver_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/resources"
)

func benchSite(b *testing.B, pods int) (*apiserver.Server, api.Client) {
	c := clock.New(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	s := apiserver.New(apiserver.Config{Clock: c, Chance: chance.New(1), Resources: resources.All()})
	client := api.Client{Door: s, User: admin}
	for i := range pods {
		if _, err := api.Create(client, benchPod(i)); err != nil {
			b.Fatal(err)
		}
	}
	return s, client
}

func benchPod(i int) *corev1.Pod {
	p := pod(fmt.Sprintf("web-%06d", i))
	p.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx"}}
	return p
}

func BenchmarkCreate(b *testing.B) {
	_, client := benchSite(b, 0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := api.Create(client, benchPod(i)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdateStatus(b *testing.B) {
	_, client := benchSite(b, 1)
	p, err := api.Get[corev1.Pod](client, "default", "web-000000")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p = p.DeepCopy()
		p.Status.Message = fmt.Sprint(i)
		if p, err = api.UpdateStatus(client, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	s, _ := benchSite(b, 5000)
	for _, c := range []struct{ name, accept string }{
		{"json", "application/json"},
		{"table", "application/json;as=Table;v=v1;g=meta.k8s.io"},
		{"protobuf", "application/vnd.kubernetes.protobuf"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("GET", "/api/v1/pods", nil)
				r = r.WithContext(apiserver.WithUser(r.Context(), admin))
				r.Header.Set("Accept", c.accept)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
