package controllers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/cron"
)

var cronJobKind = batchv1.SchemeGroupVersion.WithKind("CronJob")

// scheduleDelta is how long after its time a job is looked for, so that it is surely due.
const scheduleDelta = 100 * time.Millisecond

// cronJobs creates a Job whenever a CronJob's schedule says so.
type cronJobs struct{ base }

func startCronJob(cfg Config) error {
	c := &cronJobs{}
	c.base = newBase(cfg, "cronjob-controller", "cronjob-controller", c.reconcile)
	if err := watch1(&c.base, func(kind watch.EventType, cj, _ *batchv1.CronJob) {
		if kind != watch.Deleted {
			c.loop.Add(keyOf(cj))
		}
	}); err != nil {
		return err
	}
	return watchOwned[batchv1.Job](&c.base, "CronJob", nil)
}

// cronStep is one step for one CronJob.
type cronStep struct {
	*cronJobs
	cj   *batchv1.CronJob // a copy, ours to change
	jobs []*batchv1.Job
}

func (c *cronJobs) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	cj, err := api.Get[batchv1.CronJob](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	s := &cronStep{cronJobs: c, cj: cj.DeepCopy()}
	all, err := api.List[batchv1.Job](c.client, namespace, nil)
	if err != nil {
		return 0, err
	}
	for _, j := range all {
		if controlledBy(j, cj.UID) {
			s.jobs = append(s.jobs, j)
		}
	}
	next, stepErr := s.step()
	s.cleanUp()
	if !same(cj.Status, s.cj.Status) {
		if _, err := api.UpdateStatus(c.client, s.cj); err != nil {
			return 0, ignoreMissing(err)
		}
	}
	return next, stepErr
}

func (s *cronStep) active(match func(v1.ObjectReference) bool) bool {
	return slices.ContainsFunc(s.cj.Status.Active, match)
}

func (s *cronStep) forget(j *batchv1.Job) {
	s.cj.Status.Active = slices.DeleteFunc(s.cj.Status.Active, func(r v1.ObjectReference) bool { return r.UID == j.UID })
}

func finishedAs(j *batchv1.Job) batchv1.JobConditionType {
	for _, c := range j.Status.Conditions {
		if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == v1.ConditionTrue {
			return c.Type
		}
	}
	return ""
}

// observe brings the list of active jobs up to date.
func (s *cronStep) observe() {
	for _, j := range s.jobs {
		known := s.active(func(r v1.ObjectReference) bool { return r.UID == j.UID })
		result := finishedAs(j)
		switch {
		case result == "" && !known:
			s.eventf(s.cj, v1.EventTypeWarning, "UnexpectedJob", "Saw a job that the controller did not create or forgot: %s", j.Name)
		case result != "" && known:
			s.forget(j)
			s.eventf(s.cj, v1.EventTypeNormal, "SawCompletedJob", "Saw completed job: %s, condition: %v", j.Name, result)
		}
		last := s.cj.Status.LastSuccessfulTime
		if done := j.Status.CompletionTime; result == batchv1.JobComplete && done != nil && (last == nil || done.After(last.Time)) {
			s.cj.Status.LastSuccessfulTime = done
		}
	}
	for _, r := range slices.Clone(s.cj.Status.Active) {
		if !slices.ContainsFunc(s.jobs, func(j *batchv1.Job) bool { return j.UID == r.UID }) {
			s.eventf(s.cj, v1.EventTypeNormal, "MissingJob", "Active job went missing: %v", r.Name)
			s.forget(&batchv1.Job{ObjectMeta: metav1.ObjectMeta{UID: r.UID}})
		}
	}
}

func (s *cronStep) step() (next time.Duration, err error) {
	s.observe()
	if s.cj.DeletionTimestamp != nil {
		return 0, nil
	}
	spec, location := s.cj.Spec.Schedule, time.UTC
	if strings.Contains(spec, "TZ") {
		s.eventf(s.cj, v1.EventTypeWarning, "UnsupportedSchedule", "CRON_TZ or TZ used in schedule %q is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details", spec)
	}
	if zone := s.cj.Spec.TimeZone; zone != nil {
		if location, err = time.LoadLocation(*zone); err != nil {
			s.eventf(s.cj, v1.EventTypeWarning, "UnknownTimeZone", "invalid timeZone: %q: %s", *zone, err)
			return 0, nil
		}
		if !strings.Contains(spec, "TZ") {
			spec = "TZ=" + *zone + " " + spec
		}
	}
	if s.cj.Spec.Suspend != nil && *s.cj.Spec.Suspend {
		return 0, nil
	}
	schedule, err := cron.Parse(spec)
	if err != nil {
		s.eventf(s.cj, v1.EventTypeWarning, "UnparseableSchedule", "unparseable schedule: %q : %s", s.cj.Spec.Schedule, err)
		return 0, nil
	}
	if schedule.Next(s.clock.Now()).IsZero() {
		s.eventf(s.cj, v1.EventTypeWarning, "InvalidSchedule", "invalid schedule: %s : time difference between two schedules is less than 1 second", s.cj.Spec.Schedule)
		return 0, nil
	}
	due, missed := s.due(schedule, true)
	if due.IsZero() {
		return s.wait(schedule), nil
	}
	if missed > 100 {
		s.eventf(s.cj, v1.EventTypeWarning, "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew")
	}
	if err := s.start(due, location); err != nil {
		return 0, err
	}
	return s.wait(schedule), nil
}

// due is the last instant of the schedule that has passed since the last job, zero where there is none, and how many
// have. deadline leaves out those that are too old to be started.
func (s *cronStep) due(schedule cron.Schedule, deadline bool) (due time.Time, missed int) {
	now, from := s.clock.Now(), s.cj.CreationTimestamp.Time
	if t := s.cj.Status.LastScheduleTime; t != nil {
		from = t.Time
	}
	if d := s.cj.Spec.StartingDeadlineSeconds; deadline && d != nil {
		if oldest := now.Add(-time.Duration(*d) * time.Second); oldest.After(from) {
			from = oldest
		}
	}
	first := schedule.Next(from)
	if first.IsZero() || now.Before(first) {
		return time.Time{}, 0
	}
	due, missed = first, 1
	if second := schedule.Next(first); !second.IsZero() && !now.Before(second) {
		every := second.Sub(first)
		missed = int(now.Sub(first)/every) + 1
		due = first.Add(time.Duration(missed-2) * every)
		for t := schedule.Next(due); !t.IsZero() && !t.After(now); t = schedule.Next(t) {
			due = t
		}
	}
	return due, missed
}

// wait is how long it is until the schedule's next instant.
func (s *cronStep) wait(schedule cron.Schedule) time.Duration {
	next := schedule.Next(s.clock.Now())
	if next.IsZero() {
		return 0
	}
	return next.Add(scheduleDelta).Sub(s.clock.Now())
}

// start creates the job of an instant, if the CronJob's rules let it.
func (s *cronStep) start(due time.Time, location *time.Location) error {
	now := s.clock.Now()
	if d := s.cj.Spec.StartingDeadlineSeconds; d != nil && due.Add(time.Duration(*d)*time.Second).Before(now) {
		s.eventf(s.cj, v1.EventTypeWarning, "MissSchedule", "Missed scheduled time to start a job: %s", due.UTC().Format(time.RFC1123Z))
		return nil
	}
	name := fmt.Sprintf("%s-%d", s.cj.Name, due.Unix()/60)
	last := s.cj.Status.LastScheduleTime
	if s.active(func(r v1.ObjectReference) bool { return r.Name == name }) || last != nil && last.Time.Equal(due) {
		return nil
	}
	switch {
	case s.cj.Spec.ConcurrencyPolicy == batchv1.ForbidConcurrent && len(s.cj.Status.Active) > 0:
		s.eventf(s.cj, v1.EventTypeNormal, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid")
		return nil
	case s.cj.Spec.ConcurrencyPolicy == batchv1.ReplaceConcurrent:
		for _, j := range s.jobs {
			if s.active(func(r v1.ObjectReference) bool { return r.UID == j.UID }) && !s.delete(j) {
				return fmt.Errorf("could not replace job %s", keyOf(j))
			}
		}
	}
	return s.create(name, due, location)
}

func (s *cronStep) create(name string, due time.Time, location *time.Location) error {
	t := s.cj.Spec.JobTemplate.DeepCopy()
	job, err := api.Create(s.client, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.cj.Namespace, Name: name, Labels: t.Labels,
			Annotations:     withLabel(t.Annotations, batchv1.CronJobScheduledTimestampAnnotation, due.In(location).Format(time.RFC3339)),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s.cj, cronJobKind)},
		},
		Spec: t.Spec,
	})
	switch {
	case errors.IsAlreadyExists(err):
		if job, err = api.Get[batchv1.Job](s.client, s.cj.Namespace, name); err != nil || !metav1.IsControlledBy(job, s.cj) {
			return ignoreMissing(err)
		}
	case errors.HasStatusCause(err, v1.NamespaceTerminatingCause):
		return err
	case err != nil:
		s.eventf(s.cj, v1.EventTypeWarning, "FailedCreate", "Error creating job: %v", err)
		return err
	default:
		s.eventf(s.cj, v1.EventTypeNormal, "SuccessfulCreate", "Created job %v", job.Name)
	}
	s.cj.Status.Active = append(s.cj.Status.Active, v1.ObjectReference{
		APIVersion: "batch/v1", Kind: "Job", Namespace: job.Namespace, Name: job.Name, UID: job.UID, ResourceVersion: job.ResourceVersion,
	})
	at := metav1.NewTime(due)
	s.cj.Status.LastScheduleTime = &at
	return nil
}

func (s *cronStep) delete(j *batchv1.Job) bool {
	background := metav1.DeletePropagationBackground
	if err := api.Delete[batchv1.Job](s.client, j.Namespace, j.Name, &metav1.DeleteOptions{PropagationPolicy: &background}); ignoreMissing(err) != nil {
		s.eventf(s.cj, v1.EventTypeWarning, "FailedDelete", "Deleted job: %v", err)
		return false
	}
	s.forget(j)
	s.eventf(s.cj, v1.EventTypeNormal, "SuccessfulDelete", "Deleted job %v", j.Name)
	return true
}

// cleanUp deletes the oldest finished jobs beyond the history limits.
func (s *cronStep) cleanUp() {
	for _, history := range []struct {
		result batchv1.JobConditionType
		limit  *int32
	}{
		{batchv1.JobComplete, s.cj.Spec.SuccessfulJobsHistoryLimit},
		{batchv1.JobFailed, s.cj.Spec.FailedJobsHistoryLimit},
	} {
		if history.limit == nil {
			continue
		}
		var done []*batchv1.Job
		for _, j := range s.jobs {
			if finishedAs(j) == history.result && j.DeletionTimestamp == nil {
				done = append(done, j)
			}
		}
		slices.SortFunc(done, func(a, b *batchv1.Job) int {
			if c := startOf(a).Compare(startOf(b)); c != 0 {
				return c
			}
			return strings.Compare(a.Name, b.Name)
		})
		for _, j := range done[:max(len(done)-int(*history.limit), 0)] {
			s.delete(j)
		}
	}
}

func startOf(j *batchv1.Job) time.Time {
	if j.Status.StartTime == nil {
		return time.Time{}
	}
	return j.Status.StartTime.Time
}
