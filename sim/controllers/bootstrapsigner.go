package controllers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

const (
	clusterInfo    = "cluster-info"    // the ConfigMap that tells joining machines of the cluster
	signaturesHave = "jws-kubeconfig-" // … and the beginning of its keys that hold signatures
	tokensHave     = "bootstrap-token-"
)

// bootstrapSigner signs what joining machines read of the cluster with each bootstrap token that is good for it.
type bootstrapSigner struct{ base }

func startBootstrapSigner(cfg Config) error {
	c := &bootstrapSigner{}
	c.base = newBase(cfg, "bootstrap-signer", "bootstrap-signer", c.reconcile)
	err := watch1(&c.base, func(kind watch.EventType, m, _ *v1.ConfigMap) {
		if kind != watch.Deleted && m.Namespace == metav1.NamespacePublic && m.Name == clusterInfo {
			c.loop.Add(clusterInfo)
		}
	})
	if err != nil {
		return err
	}
	return watch1(&c.base, func(_ watch.EventType, s, _ *v1.Secret) {
		if isBootstrapToken(s) {
			c.loop.Add(clusterInfo)
		}
	})
}

func isBootstrapToken(s *v1.Secret) bool {
	return s.Type == v1.SecretTypeBootstrapToken && s.Namespace == metav1.NamespaceSystem
}

func (c *bootstrapSigner) reconcile(string) (time.Duration, error) {
	info, err := api.Get[v1.ConfigMap](c.client, metav1.NamespacePublic, clusterInfo)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	content, ok := info.Data["kubeconfig"]
	if !ok {
		return 0, nil
	}
	secrets, err := api.List[v1.Secret](c.client, metav1.NamespaceSystem, nil)
	if err != nil {
		return 0, err
	}
	data := maps.Clone(info.Data)
	maps.DeleteFunc(data, func(key, _ string) bool { return strings.HasPrefix(key, signaturesHave) })
	for _, s := range secrets {
		if id := string(s.Data["token-id"]); isBootstrapToken(s) && signs(s, id) && !tokenExpired(s, c.clock.Now()) {
			data[signaturesHave+id] = signature(content, id, s.Data["token-secret"])
		}
	}
	if maps.Equal(data, info.Data) {
		return 0, nil
	}
	next := info.DeepCopy()
	next.Data = data
	if _, err = api.Update(c.client, next); errors.IsConflict(err) {
		return 0, nil
	}
	return 0, ignoreMissing(err)
}

func signs(s *v1.Secret, id string) bool {
	return id != "" && s.Name == tokensHave+id && len(s.Data["token-secret"]) > 0 && string(s.Data["usage-bootstrap-signing"]) == "true"
}

// signature is a JSON web signature of the content, without the content.
func signature(content, id string, secret []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	header := encode([]byte(`{"alg":"HS256","kid":"` + id + `"}`))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(header + "." + encode([]byte(content))))
	return header + ".." + encode(mac.Sum(nil))
}
