package controllers

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/loop"
)

var jobKind = batchv1.SchemeGroupVersion.WithKind("Job")

const (
	// jobBatch is how long changes of pods are collected before their job is looked at.
	jobBatch = 1 * time.Second

	jobFirstBackOff = 10 * time.Second
	jobLastBackOff  = 10 * time.Minute
)

// jobs runs each Job's pods until enough of them have succeeded or too many have failed.
type jobs struct {
	base
	backOff map[types.UID]*jobBackOff
	orphans *loop.Loop // pods whose job is gone
}

// jobBackOff is what a job's next pod waits for.
type jobBackOff struct {
	failures int // since the last success
	last     time.Time
}

func startJob(cfg Config) error {
	c := &jobs{backOff: map[types.UID]*jobBackOff{}}
	c.base = newBase(cfg, "job-controller", "job-controller", c.reconcile)
	c.orphans = loop.New(cfg.Clock, cfg.Chance, "job-controller/orphans", c.releaseOrphan)
	if err := watch1(&c.base, func(kind watch.EventType, job, _ *batchv1.Job) {
		if kind == watch.Deleted {
			delete(c.backOff, job.UID)
			c.eachPod(job, func(p *v1.Pod) { c.orphans.Add(keyOf(p)) })
			return
		}
		c.loop.Add(keyOf(job))
	}); err != nil {
		return err
	}
	return watch1(&c.base, func(kind watch.EventType, pod, old *v1.Pod) {
		ref := metav1.GetControllerOf(pod)
		if ref == nil || ref.Kind != "Job" {
			return
		}
		c.loop.AddAfter(pod.Namespace+"/"+ref.Name, jobBatch)
		if kind != watch.Deleted && pod.DeletionTimestamp != nil && tracked(pod) {
			c.orphans.AddAfter(keyOf(pod), 2*jobBatch)
		}
	})
}

func tracked(p *v1.Pod) bool { return slices.Contains(p.Finalizers, batchv1.JobTrackingFinalizer) }

func (c *jobs) eachPod(job *batchv1.Job, fn func(p *v1.Pod)) {
	pods, _ := api.List[v1.Pod](c.client, job.Namespace, nil)
	for _, p := range pods {
		if controlledBy(p, job.UID) {
			fn(p)
		}
	}
}

// releaseOrphan lets a pod go whose job does not count it any more.
func (c *jobs) releaseOrphan(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	pod, err := api.Get[v1.Pod](c.client, namespace, name)
	if err != nil || !tracked(pod) {
		return 0, ignoreMissing(err)
	}
	if ref := metav1.GetControllerOf(pod); ref != nil && ref.Kind == "Job" {
		job, err := api.Get[batchv1.Job](c.client, namespace, ref.Name)
		if err != nil && !errors.IsNotFound(err) {
			return 0, err
		}
		if err == nil && job.UID == ref.UID && !jobFinished(job) {
			return 0, nil
		}
	}
	return 0, c.untrack(pod)
}

// untrack takes the job's hold off a pod that is counted.
func (c *jobs) untrack(pod *v1.Pod) error {
	finalizers := slices.DeleteFunc(slices.Clone(pod.Finalizers), func(f string) bool { return f == batchv1.JobTrackingFinalizer })
	_, err := patchMeta(c.client, pod, "finalizers", finalizers)
	return ignoreMissing(err)
}

func jobFinished(job *batchv1.Job) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == v1.ConditionTrue
	})
}

func jobCondition(job *batchv1.Job, kind batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range job.Status.Conditions {
		if job.Status.Conditions[i].Type == kind {
			return &job.Status.Conditions[i]
		}
	}
	return nil
}

// jobStep is one step for one Job.
type jobStep struct {
	*jobs
	job         *batchv1.Job // a copy, ours to change
	pods        []*v1.Pod
	active      []*v1.Pod
	terminating int32
	ready       int32

	newSucceeded, newFailed []*v1.Pod // finished and not counted yet
	succeeded, failed       int32
	succeededIndexes        indexes
	failedIndexes           indexes
	outcome                 *batchv1.JobCondition // FailureTarget, SuccessCriteriaMet; nil while the job goes on
	next                    time.Duration
}

func (c *jobs) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	job, err := api.Get[batchv1.Job](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	if jobFinished(job) || job.Spec.ManagedBy != nil && *job.Spec.ManagedBy != batchv1.JobControllerName {
		return 0, nil
	}
	s := &jobStep{jobs: c, job: job.DeepCopy()}
	if err := s.observe(); err != nil {
		return 0, err
	}
	if s.job.Status.StartTime == nil && !s.suspended() {
		now := s.now()
		s.job.Status.StartTime = &now
	}
	s.noteBackOff()
	s.judge()
	manageErr := s.act()
	if err := s.finish(job); err != nil {
		return 0, err
	}
	return s.next, manageErr
}

func (s *jobStep) suspended() bool { return s.job.Spec.Suspend != nil && *s.job.Spec.Suspend }
func (s *jobStep) indexed() bool {
	return s.job.Spec.CompletionMode != nil && *s.job.Spec.CompletionMode == batchv1.IndexedCompletion
}

func (s *jobStep) again(d time.Duration) {
	if d > 0 && (s.next == 0 || d < s.next) {
		s.next = d
	}
}

// observe counts the job's pods.
func (s *jobStep) observe() error {
	selector, err := metav1.LabelSelectorAsSelector(s.job.Spec.Selector)
	if err != nil {
		return err
	}
	all, err := api.List[v1.Pod](s.client, s.job.Namespace, nil)
	if err != nil {
		return err
	}
	if selector == nil {
		selector = labels.Nothing()
	}
	if s.pods, err = claim(s.client, s.job, jobKind, selector, all); err != nil {
		return err
	}
	for _, p := range s.pods {
		switch {
		case podActive(p):
			s.active = append(s.active, p)
			if podReady(p) {
				s.ready++
			}
		case podTerminating(p):
			s.terminating++
		}
		switch {
		case !tracked(p):
		case p.Status.Phase == v1.PodSucceeded:
			s.newSucceeded = append(s.newSucceeded, p)
		case s.podFailed(p):
			s.newFailed = append(s.newFailed, p)
		}
	}
	s.succeeded = s.job.Status.Succeeded + int32(len(s.newSucceeded))
	s.failed = s.job.Status.Failed
	for _, p := range s.newFailed {
		if s.counts(p) {
			s.failed++
		}
	}
	if s.indexed() {
		s.observeIndexes()
	}
	return nil
}

// podFailed says that the pod counts as failed: it has, or it is being deleted and may be replaced at once.
func (s *jobStep) podFailed(p *v1.Pod) bool {
	if p.Status.Phase == v1.PodFailed {
		return true
	}
	return !s.replacesFailedOnly() && p.DeletionTimestamp != nil && p.Status.Phase != v1.PodSucceeded
}

func (s *jobStep) replacesFailedOnly() bool {
	p := s.job.Spec.PodReplacementPolicy
	return p != nil && *p == batchv1.Failed || s.job.Spec.PodFailurePolicy != nil
}

func (s *jobStep) noteBackOff() {
	b := s.backOff[s.job.UID]
	if b == nil {
		b = &jobBackOff{}
		s.backOff[s.job.UID] = b
	}
	var success time.Time
	for _, p := range s.newSucceeded {
		b.failures, b.last = 0, time.Time{}
		if t := finishedAt(p); t.After(success) {
			success = t
		}
	}
	for _, p := range s.newFailed {
		if t := finishedAt(p); t.After(success) {
			b.failures++
			if t.After(b.last) {
				b.last = t
			}
		}
	}
}

// finishedAt is when the pod's last container ended, or what comes near it.
func finishedAt(p *v1.Pod) time.Time {
	var last time.Time
	ended := len(p.Status.ContainerStatuses) > 0
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Terminated == nil {
			ended = false
		} else if t := c.State.Terminated.FinishedAt.Time; t.After(last) {
			last = t
		}
	}
	if ended && !last.IsZero() {
		return last
	}
	if c := podCondition(p, v1.PodReady); c != nil && c.Status == v1.ConditionFalse && !c.LastTransitionTime.IsZero() {
		return c.LastTransitionTime.Time
	}
	if p.DeletionTimestamp != nil {
		grace := int64(0)
		if p.DeletionGracePeriodSeconds != nil {
			grace = *p.DeletionGracePeriodSeconds
		}
		return p.DeletionTimestamp.Add(-time.Duration(grace) * time.Second)
	}
	return p.CreationTimestamp.Time
}

// backOffLeft is how long a pod after so many failures in a row still has to wait.
func backOffLeft(failures int, last, now time.Time) time.Duration {
	if failures == 0 || last.IsZero() {
		return 0
	}
	d := jobFirstBackOff
	for range failures - 1 {
		if d *= 2; d >= jobLastBackOff {
			d = jobLastBackOff
			break
		}
	}
	return max(last.Add(d).Sub(now), 0)
}

func (s *jobStep) condition(kind batchv1.JobConditionType, is v1.ConditionStatus, reason, message string) *batchv1.JobCondition {
	return &batchv1.JobCondition{Type: kind, Status: is, Reason: reason, Message: message, LastProbeTime: s.now(), LastTransitionTime: s.now()}
}

func (s *jobStep) failure(reason, message string) {
	s.outcome = s.condition(batchv1.JobFailureTarget, v1.ConditionTrue, reason, message)
}

// judge says whether the job has to end.
func (s *jobStep) judge() {
	if c := jobCondition(s.job, batchv1.JobSuccessCriteriaMet); c != nil && c.Status == v1.ConditionTrue {
		s.outcome = c.DeepCopy()
		return
	}
	if c := jobCondition(s.job, batchv1.JobFailureTarget); c != nil && c.Status == v1.ConditionTrue {
		s.outcome = c.DeepCopy()
		return
	}
	if message := s.policyFailure(); message != "" {
		s.failure(batchv1.JobReasonPodFailurePolicy, message)
		return
	}
	if s.failed > *s.job.Spec.BackoffLimit || s.restartsPastLimit() {
		s.failure(batchv1.JobReasonBackoffLimitExceeded, "Job has reached the specified backoff limit")
		return
	}
	if d := s.job.Spec.ActiveDeadlineSeconds; d != nil && !s.suspended() && s.job.Status.StartTime != nil {
		left := s.job.Status.StartTime.Add(time.Duration(*d) * time.Second).Sub(s.clock.Now())
		if left <= 0 {
			s.failure(batchv1.JobReasonDeadlineExceeded, "Job was active longer than specified deadline")
			return
		}
		s.again(left)
	}
	if s.indexed() {
		s.judgeIndexes()
	}
}

// restartsPastLimit counts the restarts of containers where the pods restart them.
func (s *jobStep) restartsPastLimit() bool {
	if s.job.Spec.Template.Spec.RestartPolicy != v1.RestartPolicyOnFailure {
		return false
	}
	total := int32(0)
	for _, p := range s.pods {
		if p.Status.Phase != v1.PodRunning && p.Status.Phase != v1.PodPending {
			continue
		}
		for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			total += c.RestartCount
		}
	}
	limit := *s.job.Spec.BackoffLimit
	return limit == 0 && total > 0 || limit > 0 && total >= limit
}
