package controllers

import (
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// serviceAccounts keeps a ServiceAccount "default" in every namespace.
type serviceAccounts struct{ base }

func startServiceAccount(cfg Config) error {
	c := &serviceAccounts{}
	c.base = newBase(cfg, "service-account-controller", "service-account-controller", c.reconcile)
	if err := watchAll[v1.Namespace](&c.base); err != nil {
		return err
	}
	return watch1(&c.base, func(kind watch.EventType, obj, _ *v1.ServiceAccount) {
		if kind == watch.Deleted && obj.Name == "default" {
			c.loop.Add(obj.Namespace)
		}
	})
}

func (c *serviceAccounts) reconcile(namespace string) (time.Duration, error) {
	if !namespaceActive(c.client, namespace) {
		return 0, nil
	}
	_, err := api.Get[v1.ServiceAccount](c.client, namespace, "default")
	if !errors.IsNotFound(err) {
		return 0, err
	}
	_, err = api.Create(c.client, &v1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}})
	return 0, ignoreExisting(err)
}

func namespaceActive(client api.Client, name string) bool {
	ns, err := api.Get[v1.Namespace](client, "", name)
	return err == nil && ns.Status.Phase != v1.NamespaceTerminating && ns.DeletionTimestamp == nil
}

func ignoreExisting(err error) error {
	if errors.IsAlreadyExists(err) || errors.HasStatusCause(err, v1.NamespaceTerminatingCause) {
		return nil
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.IsNotFound(err) {
		return nil
	}
	return err
}
