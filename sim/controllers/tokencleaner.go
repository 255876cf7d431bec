package controllers

import (
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

// tokenCleaner deletes bootstrap tokens that have expired.
type tokenCleaner struct{ base }

func startTokenCleaner(cfg Config) error {
	c := &tokenCleaner{}
	c.base = newBase(cfg, "token-cleaner", "token-cleaner", c.reconcile)
	return watch1(&c.base, func(kind watch.EventType, s, _ *v1.Secret) {
		if kind != watch.Deleted && isBootstrapToken(s) {
			c.loop.Add(s.Name)
		}
	})
}

func (c *tokenCleaner) reconcile(name string) (time.Duration, error) {
	s, err := api.Get[v1.Secret](c.client, metav1.NamespaceSystem, name)
	if err != nil || !isBootstrapToken(s) || len(s.Data["expiration"]) == 0 {
		return 0, ignoreMissing(err)
	}
	if !tokenExpired(s, c.clock.Now()) {
		until, _ := time.Parse(time.RFC3339, string(s.Data["expiration"])) // it has been read before
		return until.Sub(c.clock.Now()), nil
	}
	uid := s.UID
	err = api.Delete[v1.Secret](c.client, s.Namespace, s.Name, &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if errors.IsConflict(err) {
		return 0, nil
	}
	return 0, ignoreMissing(err)
}

// tokenExpired reports whether a bootstrap token is good no more, as one is whose expiration cannot be read.
func tokenExpired(s *v1.Secret, now time.Time) bool {
	text := string(s.Data["expiration"])
	if text == "" {
		return false
	}
	until, err := time.Parse(time.RFC3339, text)
	return err != nil || !now.Before(until)
}
