package controllers

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// ttlAfterFinished deletes finished jobs when their ttlSecondsAfterFinished is over.
type ttlAfterFinished struct{ base }

func startTTLAfterFinished(cfg Config) error {
	c := &ttlAfterFinished{}
	c.base = newBase(cfg, "ttl-after-finished-controller", "ttl-after-finished-controller", c.reconcile)
	return watchAll[batchv1.Job](&c.base)
}

func (c *ttlAfterFinished) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	job, err := api.Get[batchv1.Job](c.client, namespace, name)
	if err != nil || job.Spec.TTLSecondsAfterFinished == nil || job.DeletionTimestamp != nil || !jobFinished(job) {
		return 0, ignoreMissing(err)
	}
	var finished time.Time
	for _, cond := range job.Status.Conditions {
		if (cond.Type == batchv1.JobComplete || cond.Type == batchv1.JobFailed) && cond.Status == v1.ConditionTrue {
			finished = cond.LastTransitionTime.Time
		}
	}
	if left := finished.Add(time.Duration(*job.Spec.TTLSecondsAfterFinished) * time.Second).Sub(c.clock.Now()); left > 0 {
		return left, nil
	}
	foreground, uid := metav1.DeletePropagationForeground, job.UID
	return 0, ignoreMissing(api.Delete[batchv1.Job](c.client, namespace, name, &metav1.DeleteOptions{
		PropagationPolicy: &foreground, Preconditions: &metav1.Preconditions{UID: &uid},
	}))
}
