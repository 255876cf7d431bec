package controllers

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

func TestBootstrapTokenSignsUntilItExpires(t *testing.T) {
	w := newWorld(t)
	create(w, &v1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-public", Name: "cluster-info"}, Data: map[string]string{"kubeconfig": "content", "jws-kubeconfig-gone": "x"},
	})
	create(w, &v1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "bootstrap-token-abcdef"}, Type: v1.SecretTypeBootstrapToken,
		Data: map[string][]byte{
			"token-id": []byte("abcdef"), "token-secret": []byte("0123456789abcdef"), "usage-bootstrap-signing": []byte("true"),
			"expiration": []byte(w.clock.Now().Add(time.Hour).Format(time.RFC3339)),
		},
	})
	signatures := func() (keys map[string]string) {
		m, err := api.Get[v1.ConfigMap](w.admin, "kube-public", "cluster-info")
		if err != nil {
			t.Fatal(err)
		}
		keys = map[string]string{}
		for k, v := range m.Data {
			if k != "kubeconfig" {
				keys[k] = v
			}
		}
		return keys
	}
	w.wait(time.Second)
	// echo -n HEADER.$(echo -n content | base64) | openssl dgst -sha256 -hmac 0123456789abcdef -binary | base64
	want := "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..psz1NayrXM3IaFzKZGsb5n_mBl7MjtlsZ1xE8MRmF_4"
	if got := signatures(); len(got) != 1 || got["jws-kubeconfig-abcdef"] != want {
		t.Errorf("%q", got)
	}
	w.wait(time.Hour + time.Second)
	if _, err := api.Get[v1.Secret](w.admin, "kube-system", "bootstrap-token-abcdef"); !errors.IsNotFound(err) {
		t.Errorf("the expired token is there: %v", err)
	}
	if got := signatures(); len(got) > 0 {
		t.Errorf("%q", got)
	}
}
