package controllers

import (
	"fmt"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/api"
)

// act deletes the active pods of a job that has to end; otherwise it creates or deletes what the spec asks for.
func (s *jobStep) act() error {
	if s.outcome != nil {
		return s.deleteAll(s.active)
	}
	err := error(nil)
	if s.job.DeletionTimestamp == nil {
		err = s.manage()
	}
	active := int32(len(s.active))
	complete := s.succeeded > 0 && active == 0
	if s.job.Spec.Completions != nil {
		complete = s.succeeded >= *s.job.Spec.Completions && active == 0
	}
	switch {
	case complete:
		s.outcome = s.condition(batchv1.JobSuccessCriteriaMet, v1.ConditionTrue, batchv1.JobReasonCompletionsReached, "Reached expected number of succeeded pods")
	case s.suspended():
		if s.ensure(batchv1.JobSuspended, v1.ConditionTrue, "JobSuspended", "Job suspended") {
			s.eventf(s.job, v1.EventTypeNormal, "Suspended", "Job suspended")
			s.job.Status.StartTime = nil
		}
	default:
		if s.ensure(batchv1.JobSuspended, v1.ConditionFalse, "JobResumed", "Job resumed") {
			s.eventf(s.job, v1.EventTypeNormal, "Resumed", "Job resumed")
			now := s.now()
			s.job.Status.StartTime = &now
		}
	}
	return err
}

// ensure sets a condition and says whether that changed anything; one that is absent is as good as False.
func (s *jobStep) ensure(kind batchv1.JobConditionType, is v1.ConditionStatus, reason, message string) bool {
	c := s.condition(kind, is, reason, message)
	if had := jobCondition(s.job, kind); had != nil {
		if had.Status == is && had.Reason == reason && had.Message == message {
			return false
		}
		*had = *c
		return true
	}
	if is == v1.ConditionFalse {
		return false
	}
	s.job.Status.Conditions = append(s.job.Status.Conditions, *c)
	return true
}

func (s *jobStep) deleteAll(pods []*v1.Pod) error {
	for _, p := range pods {
		if err := s.deletePod(p, s.job); err != nil {
			return err
		}
		s.forget(p)
	}
	return nil
}

// forget counts a pod that was just deleted as terminating.
func (s *jobStep) forget(p *v1.Pod) {
	var rest []*v1.Pod
	for _, a := range s.active {
		if a != p {
			rest = append(rest, a)
		}
	}
	s.active = rest
	s.terminating++
	if podReady(p) {
		s.ready--
	}
}

func (s *jobStep) manage() error {
	if s.suspended() {
		return s.deleteAll(append([]*v1.Pod(nil), s.active...))
	}
	active, parallelism := int32(len(s.active)), *s.job.Spec.Parallelism
	want := parallelism
	if s.job.Spec.Completions != nil {
		want = max(min(*s.job.Spec.Completions-s.succeeded, parallelism), 0)
	} else if s.succeeded > 0 {
		want = active
	}
	if active > want {
		doomed := append([]*v1.Pod(nil), s.active...)
		deletionOrder(doomed, nil, s.clock.Now())
		return s.deleteAll(doomed[:min(active-want, burstReplicas)])
	}
	missing := want - active
	if s.replacesFailedOnly() {
		missing -= s.terminating
	}
	if missing <= 0 {
		return nil
	}
	return s.createPods(min(missing, burstReplicas))
}

func (s *jobStep) createPods(count int32) error {
	if s.job.Spec.BackoffLimitPerIndex == nil {
		b := s.backOff[s.job.UID]
		if left := backOffLeft(b.failures, b.last, s.clock.Now()); left > 0 {
			s.again(left)
			return nil
		}
	}
	todo := make([]int, count)
	if s.indexed() {
		todo = s.pendingIndexes(int(count))
	}
	template := s.job.Spec.Template.DeepCopy()
	template.Finalizers = append(template.Finalizers, batchv1.JobTrackingFinalizer)
	at := 0
	return slowStart(len(todo), func() error {
		pod := podFromTemplate(template, s.job, jobKind)
		if s.indexed() {
			s.index(pod, todo[at])
		}
		at++
		made, err := s.createPod(pod, s.job)
		if errors.HasStatusCause(err, v1.NamespaceTerminatingCause) {
			return nil
		}
		if err == nil {
			s.active = append(s.active, made)
		}
		return err
	})
}

// index makes the pod the one of an index.
func (s *jobStep) index(pod *v1.Pod, index int) {
	number := strconv.Itoa(index)
	pod.GenerateName = fmt.Sprintf("%s-%d-", s.job.Name, index)
	pod.Annotations = withLabel(pod.Annotations, batchv1.JobCompletionIndexAnnotation, number)
	pod.Labels = withLabel(pod.Labels, batchv1.JobCompletionIndexAnnotation, number)
	pod.Spec.Hostname = s.job.Name + "-" + number
	if s.job.Spec.BackoffLimitPerIndex != nil {
		pod.Annotations[batchv1.JobIndexFailureCountAnnotation] = strconv.Itoa(s.failuresOf(index))
	}
	for _, containers := range [][]v1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			addIndexVariable(&containers[i])
		}
	}
}

func addIndexVariable(c *v1.Container) {
	const name = "JOB_COMPLETION_INDEX"
	for _, e := range c.Env {
		if e.Name == name {
			return
		}
	}
	c.Env = append(c.Env, v1.EnvVar{Name: name, ValueFrom: &v1.EnvVarSource{
		FieldRef: &v1.ObjectFieldSelector{FieldPath: "metadata.labels['" + batchv1.JobCompletionIndexAnnotation + "']"},
	}})
}

// finish counts the finished pods, lets them go and writes the status; old is the job as it was read.
func (s *jobStep) finish(old *batchv1.Job) error {
	status := &s.job.Status
	failing := s.outcome != nil && s.outcome.Type == batchv1.JobFailureTarget
	for _, p := range s.pods {
		if !tracked(p) {
			continue
		}
		switch {
		case p.Status.Phase == v1.PodSucceeded:
			if !s.indexed() {
				status.Succeeded++
			}
		case s.podFailed(p):
			if s.counts(p) {
				status.Failed++
			}
		case s.outcome != nil && len(s.active) == 0 && (p.DeletionTimestamp != nil || failing):
			if failing {
				status.Failed++
			}
		default:
			continue
		}
		if err := s.untrack(p); err != nil {
			return err
		}
	}
	if failing && len(s.active) == 0 {
		for _, p := range s.freshlyDeleted() {
			status.Failed++
			if err := s.untrack(p); err != nil {
				return err
			}
		}
	}
	if s.indexed() {
		status.Succeeded = int32(s.succeededIndexes.total())
		status.CompletedIndexes = s.succeededIndexes.String()
		if s.job.Spec.BackoffLimitPerIndex != nil {
			text := s.failedIndexes.String()
			status.FailedIndexes = &text
		}
	}
	active := int32(len(s.active))
	status.Active, status.Ready, status.Terminating = active, &s.ready, &s.terminating
	if status.UncountedTerminatedPods == nil {
		status.UncountedTerminatedPods = &batchv1.UncountedTerminatedPods{}
	}
	finished := s.conclude(active)
	if same(old.Status, *status) {
		return nil
	}
	if _, err := api.UpdateStatus(s.client, s.job); err != nil {
		return ignoreMissing(err)
	}
	if finished != nil {
		s.announce(finished)
	}
	return nil
}

// freshlyDeleted are the tracked pods that this step has deleted.
func (s *jobStep) freshlyDeleted() []*v1.Pod {
	var out []*v1.Pod
	for _, p := range s.pods {
		if !podActive(p) || !tracked(p) {
			continue
		}
		if now, err := api.Get[v1.Pod](s.client, p.Namespace, p.Name); err == nil && now.UID == p.UID && now.DeletionTimestamp != nil && tracked(now) {
			out = append(out, now)
		}
	}
	return out
}

// conclude adds the conditions of a job that has to end, the last of them when no pod is left that terminates.
func (s *jobStep) conclude(active int32) *batchv1.JobCondition {
	if s.outcome == nil || active > 0 {
		return nil
	}
	s.ensure(s.outcome.Type, v1.ConditionTrue, s.outcome.Reason, s.outcome.Message)
	if s.terminating > 0 {
		s.again(jobBatch)
		return nil
	}
	kind := batchv1.JobComplete
	if s.outcome.Type == batchv1.JobFailureTarget {
		kind = batchv1.JobFailed
	}
	s.ensure(kind, v1.ConditionTrue, s.outcome.Reason, s.outcome.Message)
	done := jobCondition(s.job, kind)
	if kind == batchv1.JobComplete {
		s.job.Status.CompletionTime = &done.LastTransitionTime
	}
	return done
}

func (s *jobStep) announce(c *batchv1.JobCondition) {
	delete(s.backOff, s.job.UID)
	if c.Type == batchv1.JobFailed {
		s.eventf(s.job, v1.EventTypeWarning, c.Reason, "%s", c.Message)
		return
	}
	if n := s.job.Spec.Completions; n != nil && s.job.Status.Succeeded > *n {
		s.eventf(s.job, v1.EventTypeWarning, "TooManySucceededPods", "Too many succeeded pods running after completion count reached")
	}
	s.eventf(s.job, v1.EventTypeNormal, "Completed", "Job completed")
}
