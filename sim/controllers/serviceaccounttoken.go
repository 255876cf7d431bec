package controllers

import (
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/tokens"
)

// accountTokens fills the Secrets that are to hold a service account's token, and deletes them with the account.
type accountTokens struct {
	base
	root string
}

// The first word of a key says what it is about: a Secret (namespace, name), a Secret that is gone (namespace, account,
// name), an account (namespace, name, UID).
const (
	aboutSecret  = "secret"
	aboutGone    = "gone"
	aboutAccount = "account"
)

func startServiceAccountToken(cfg Config) error {
	c := &accountTokens{root: cfg.RootCA}
	c.base = newBase(cfg, "tokens-controller", "serviceaccount-token-controller", c.reconcile)
	// Its service account would need a token before there is anybody who makes one.
	c.client.User = api.User{Name: "system:kube-controller-manager", Groups: []string{"system:authenticated"}}
	err := watch1(&c.base, func(kind watch.EventType, s, _ *v1.Secret) {
		switch {
		case s.Type != v1.SecretTypeServiceAccountToken:
		case kind == watch.Deleted:
			c.queue(aboutGone, s.Namespace, s.Annotations[v1.ServiceAccountNameKey], s.Name)
		default:
			c.queue(aboutSecret, s.Namespace, s.Name)
		}
	})
	if err != nil {
		return err
	}
	return watch1(&c.base, func(_ watch.EventType, a, _ *v1.ServiceAccount) {
		c.queue(aboutAccount, a.Namespace, a.Name, string(a.UID))
	})
}

func (c *accountTokens) queue(key ...string) { c.loop.Add(strings.Join(key, "/")) }

func (c *accountTokens) reconcile(key string) (time.Duration, error) {
	part := strings.Split(key, "/")
	switch part[0] {
	case aboutSecret:
		return 0, c.fill(part[1], part[2])
	case aboutGone:
		return 0, c.forget(part[1], part[2], part[3])
	}
	return 0, c.sweep(part[1], part[2], types.UID(part[3]))
}

// account is the service account of a name, nil where there is none with that UID; an empty UID is any.
func (c *accountTokens) account(namespace, name string, uid types.UID) (*v1.ServiceAccount, error) {
	a, err := api.Get[v1.ServiceAccount](c.client, namespace, name)
	if errors.IsNotFound(err) || err == nil && uid != "" && a.UID != uid {
		return nil, nil
	}
	return a, err
}

// fill puts into a Secret what it lacks, or deletes it where its account does not exist.
func (c *accountTokens) fill(namespace, name string) error {
	s, err := api.Get[v1.Secret](c.client, namespace, name)
	if err != nil || s.Type != v1.SecretTypeServiceAccountToken {
		return ignoreMissing(err)
	}
	account, err := c.account(namespace, s.Annotations[v1.ServiceAccountNameKey], types.UID(s.Annotations[v1.ServiceAccountUIDKey]))
	if err != nil {
		return err
	}
	if account == nil {
		return c.delete(s)
	}
	rootIsThere := c.root == "" || string(s.Data[v1.ServiceAccountRootCAKey]) == c.root
	if rootIsThere && len(s.Data[v1.ServiceAccountNamespaceKey]) > 0 && len(s.Data[v1.ServiceAccountTokenKey]) > 0 {
		return nil
	}
	next := s.DeepCopy()
	if next.Data == nil {
		next.Data = map[string][]byte{}
	}
	if !rootIsThere {
		next.Data[v1.ServiceAccountRootCAKey] = []byte(c.root)
	}
	if len(next.Data[v1.ServiceAccountNamespaceKey]) == 0 {
		next.Data[v1.ServiceAccountNamespaceKey] = []byte(namespace)
	}
	if len(next.Data[v1.ServiceAccountTokenKey]) == 0 {
		token, err := tokens.Sign(tokens.LegacyClaims{
			Issuer: tokens.LegacyIssuer, Namespace: namespace, SecretName: name, Account: account.Name, AccountUID: string(account.UID),
			Subject: "system:serviceaccount:" + namespace + ":" + account.Name,
		})
		if err != nil {
			return err
		}
		next.Data[v1.ServiceAccountTokenKey] = []byte(token)
	}
	next.Annotations[v1.ServiceAccountNameKey], next.Annotations[v1.ServiceAccountUIDKey] = account.Name, string(account.UID)
	_, err = api.Update(c.client, next)
	if errors.IsConflict(err) {
		return nil // whoever was first makes the next step happen
	}
	return ignoreMissing(err)
}

// forget takes a Secret that is gone out of its account's list.
func (c *accountTokens) forget(namespace, name, secret string) error {
	a, err := c.account(namespace, name, "")
	if err != nil || a == nil {
		return err
	}
	var kept []v1.ObjectReference
	for _, r := range a.Secrets {
		if r.Name != secret {
			kept = append(kept, r)
		}
	}
	if len(kept) == len(a.Secrets) {
		return nil
	}
	next := a.DeepCopy()
	next.Secrets = kept
	_, err = api.Update(c.client, next)
	return ignoreMissing(err)
}

// sweep deletes the tokens of an account that is gone.
func (c *accountTokens) sweep(namespace, name string, uid types.UID) error {
	if a, err := c.account(namespace, name, uid); err != nil || a != nil {
		return err
	}
	secrets, err := api.List[v1.Secret](c.client, namespace, nil)
	if err != nil {
		return err
	}
	for _, s := range secrets {
		if s.Type == v1.SecretTypeServiceAccountToken && s.Annotations[v1.ServiceAccountNameKey] == name && s.Annotations[v1.ServiceAccountUIDKey] == string(uid) {
			if err := c.delete(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *accountTokens) delete(s *v1.Secret) error {
	uid := s.UID
	err := api.Delete[v1.Secret](c.client, s.Namespace, s.Name, &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if errors.IsConflict(err) {
		return nil
	}
	return ignoreMissing(err)
}
