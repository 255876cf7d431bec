package controllers

import (
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

const (
	// csrCleanerPeriod is how often old requests are looked for.
	csrCleanerPeriod = time.Hour
	// decidedKept is how long requests stay that were issued, denied or failed; openKept is it for the others.
	decidedKept = time.Hour
	openKept    = 24 * time.Hour
)

// csrCleaner deletes certificate signing requests that nobody will look at again.
type csrCleaner struct{ base }

func startCSRCleaner(cfg Config) error {
	c := &csrCleaner{}
	c.base = newBase(cfg, "certificate-controller", "csrcleaner", c.reconcile)
	c.loop.Add("all")
	return nil
}

func (c *csrCleaner) reconcile(string) (time.Duration, error) {
	all, err := api.List[certificatesv1.CertificateSigningRequest](c.client, "", nil)
	if err != nil {
		return csrCleanerPeriod, nil
	}
	for _, r := range all {
		if c.isOver(r) {
			_ = api.Delete[certificatesv1.CertificateSigningRequest](c.client, "", r.Name, nil) // else in an hour
		}
	}
	return csrCleanerPeriod, nil
}

func (c *csrCleaner) isOver(r *certificatesv1.CertificateSigningRequest) bool {
	older := func(t metav1.Time, d time.Duration) bool { return !t.IsZero() && c.clock.Since(t.Time) > d }
	if len(r.Status.Conditions) == 0 {
		return older(r.CreationTimestamp, openKept)
	}
	for _, cond := range r.Status.Conditions {
		kept := decidedKept
		if cond.Type == certificatesv1.CertificateApproved && len(r.Status.Certificate) == 0 {
			kept = openKept
		}
		if older(cond.LastUpdateTime, kept) {
			return true
		}
	}
	return false
}
