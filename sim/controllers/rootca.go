package controllers

import (
	"maps"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

const rootCAName = "kube-root-ca.crt"

// rootCA keeps a ConfigMap kube-root-ca.crt with the cluster's certificate authority in every namespace.
type rootCA struct {
	base
	bundle string
}

func startRootCA(cfg Config) error {
	c := &rootCA{bundle: cfg.RootCA}
	c.base = newBase(cfg, "root-ca-cert-publisher", "root-ca-cert-publisher", c.reconcile)
	if err := watchAll[v1.Namespace](&c.base); err != nil {
		return err
	}
	return watch1(&c.base, func(kind watch.EventType, obj, old *v1.ConfigMap) {
		if obj.Name == rootCAName && (kind == watch.Deleted || old != nil) {
			c.loop.Add(obj.Namespace)
		}
	})
}

func (c *rootCA) reconcile(namespace string) (time.Duration, error) {
	if !namespaceActive(c.client, namespace) {
		return 0, nil
	}
	data := map[string]string{"ca.crt": c.bundle}
	cm, err := api.Get[v1.ConfigMap](c.client, namespace, rootCAName)
	if errors.IsNotFound(err) {
		_, err = api.Create(c.client, &v1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: namespace,
				Name:      rootCAName,
				Annotations: map[string]string{
					"kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
				},
			},
			Data: data,
		})
		return 0, ignoreExisting(err)
	}
	if err != nil || maps.Equal(cm.Data, data) {
		return 0, err
	}
	cm = cm.DeepCopy()
	cm.Data = data
	_, err = api.Update(c.client, cm)
	return 0, err
}
