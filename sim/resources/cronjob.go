package resources

import (
	"regexp"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/cron"
)

func cronJobs() *Resource {
	r := of(&Resource{
		Group: "batch", Version: "v1", Name: "cronjobs", Singular: "cronjob", Kind: "CronJob",
		ShortNames: []string{"cj"}, Categories: []string{"all"}, Namespaced: true,
		New: fresh[batchv1.CronJob], NewList: fresh[batchv1.CronJobList],
	}, typed[batchv1.CronJob]{
		Default: func(c *batchv1.CronJob) {
			fill(&c.Spec.ConcurrencyPolicy, batchv1.AllowConcurrent)
			fillPointer(&c.Spec.Suspend, false)
			fillPointer(&c.Spec.SuccessfulJobsHistoryLimit, 3)
			fillPointer(&c.Spec.FailedJobsHistoryLimit, 1)
			defaultJobSpec(&c.Spec.JobTemplate.Spec)
		},
		Create: func(_ *Context, c *batchv1.CronJob) { prepareTemplate(&c.Spec.JobTemplate.Spec.Template, nil) },
		Update: func(_ *Context, c, old *batchv1.CronJob) {
			prepareTemplate(&c.Spec.JobTemplate.Spec.Template, &old.Spec.JobTemplate.Spec.Template)
		},
		Validate: func(c *batchv1.CronJob) field.ErrorList {
			var p problems
			validateCronJobSpec(&p, field.NewPath("spec"), &c.Spec, nil)
			if len(c.Name) > 52 { // a job's name adds eleven characters
				p.invalid(field.NewPath("metadata", "name"), c.Name, "must be no more than 52 characters")
			}
			return p.list()
		},
		ValidateUpdate: func(c, old *batchv1.CronJob) field.ErrorList {
			var p problems
			validateCronJobSpec(&p, field.NewPath("spec"), &c.Spec, &old.Spec)
			return p.list()
		},
		Warnings: cronJobWarnings,
		Spec:     func(c, from *batchv1.CronJob) { c.Spec = from.Spec },
		Status:   func(c, from *batchv1.CronJob) { c.Status = from.Status },
		Changed:  func(c, old *batchv1.CronJob) bool { return !equality.Semantic.DeepEqual(c.Spec, old.Spec) },
		Row:      cronJobRow,
	})
	r.ValidateStatusUpdate = nil // not even finalizers are looked at
	return r
}

func cronJobWarnings(c, old *batchv1.CronJob) []string {
	at, spec := field.NewPath("spec", "jobTemplate", "spec"), &c.Spec.JobTemplate.Spec
	if old == nil {
		return append(hostNameWarning(c.Name), jobWarnings(at, spec)...)
	}
	var w warnings
	if c.Generation != old.Generation {
		w = jobWarnings(at, spec)
	}
	if strings.Contains(c.Spec.Schedule, "TZ") {
		w = append(w, "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details")
	}
	return w
}

func cronJobRow(c *batchv1.CronJob, now time.Time) []any {
	last := "<none>"
	if c.Status.LastScheduleTime != nil {
		last = age(*c.Status.LastScheduleTime, now)
	}
	job := &c.Spec.JobTemplate.Spec
	names, images := containerCells(job.Template.Spec.Containers)
	return []any{c.Name, c.Spec.Schedule, or(c.Spec.TimeZone, "<none>"), boolPointerCell(c.Spec.Suspend), int64(len(c.Status.Active)), last,
		age(c.CreationTimestamp, now), names, images, metav1.FormatLabelSelector(job.Selector)}
}

// boolCell is a truth as tables show it.
func boolCell(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func boolPointerCell(b *bool) string {
	if b == nil {
		return "<unset>"
	}
	return boolCell(*b)
}

func validateCronJobSpec(p *problems, at *field.Path, spec, old *batchv1.CronJobSpec) {
	if p.present(at.Child("schedule"), spec.Schedule) {
		validateSchedule(p, at.Child("schedule"), spec, old != nil && strings.Contains(old.Schedule, "TZ"))
	}
	p.nonNegative(at.Child("startingDeadlineSeconds"), or(spec.StartingDeadlineSeconds, 0))
	if spec.TimeZone != nil && (old == nil || !equalPointers(old.TimeZone, spec.TimeZone)) {
		validateTimeZone(p, at.Child("timeZone"), *spec.TimeZone)
	}
	oneOfRequired(p, at.Child("concurrencyPolicy"), spec.ConcurrencyPolicy, batchv1.AllowConcurrent, batchv1.ForbidConcurrent, batchv1.ReplaceConcurrent)
	job, jobAt := &spec.JobTemplate.Spec, at.Child("jobTemplate", "spec")
	var before *batchv1.JobSpec
	if old != nil {
		before = &old.JobTemplate.Spec
	}
	validateJobSpecAlone(p, jobAt, job, before)
	if job.Selector != nil {
		p.invalid(jobAt.Child("selector"), job.Selector, "`selector` will be auto-generated")
	}
	if or(job.ManualSelector, false) {
		p.add(field.NotSupported(jobAt.Child("manualSelector"), job.ManualSelector, []string{"nil", "false"}))
	}
	p.nonNegative(at.Child("successfulJobsHistoryLimit"), int64(or(spec.SuccessfulJobsHistoryLimit, 0)))
	p.nonNegative(at.Child("failedJobsHistoryLimit"), int64(or(spec.FailedJobsHistoryLimit, 0)))
}

func validateSchedule(p *problems, at *field.Path, spec *batchv1.CronJobSpec, mayHaveZone bool) {
	if _, err := cron.Parse(spec.Schedule); err != nil {
		p.invalid(at, spec.Schedule, err.Error())
	}
	switch hasZone := strings.Contains(spec.Schedule, "TZ"); {
	case mayHaveZone && hasZone && spec.TimeZone != nil:
		p.invalid(at, spec.Schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule")
	case !mayHaveZone && hasZone:
		p.invalid(at, spec.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
	}
}

func validateTimeZone(p *problems, at *field.Path, zone string) {
	if zone == "" {
		p.invalid(at, zone, "timeZone must be nil or non-empty string")
		return
	}
	for part := range strings.SplitSeq(zone, "/") {
		good, _ := regexp.MatchString(`^[A-Za-z\.\-_0-9+]{1,14}$`, part)
		if part == "." || part == ".." || strings.HasPrefix(part, "-") || !good {
			p.invalid(at, zone, "unknown time zone "+zone)
			return
		}
	}
	if strings.EqualFold(zone, "Local") {
		p.invalid(at, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
	}
	if _, err := time.LoadLocation(zone); err != nil {
		p.invalid(at, zone, err.Error())
	}
}
