package describe

import (
	"strings"

	batchv1 "k8s.io/api/batch/v1"
)

func cronJob(c *call, p *page) error {
	var o batchv1.CronJob
	if err := c.get(resource("batch", "v1", "cronjobs"), &o); err != nil {
		return err
	}
	p.metadata(&o.ObjectMeta)
	p.field(0, "Schedule", "%s", o.Spec.Schedule)
	p.field(0, "Concurrency Policy", "%s", o.Spec.ConcurrencyPolicy)
	p.field(0, "Suspend", "%s", truth(o.Spec.Suspend))
	p.field(0, "Time Zone", "%s", or(o.Spec.TimeZone, "%s", "<unset>"))
	p.field(0, "Successful Job History Limit", "%s", or(o.Spec.SuccessfulJobsHistoryLimit, "%d", "<unset>"))
	p.field(0, "Failed Job History Limit", "%s", or(o.Spec.FailedJobsHistoryLimit, "%d", "<unset>"))
	p.field(0, "Starting Deadline Seconds", "%s", or(o.Spec.StartingDeadlineSeconds, "%ds", "<unset>"))
	job := &o.Spec.JobTemplate.Spec
	selector := "<unset>"
	if job.Selector != nil {
		selector = selectorText(job.Selector)
	}
	p.field(0, "Selector", "%s", selector)
	p.field(0, "Parallelism", "%s", or(job.Parallelism, "%d", "<unset>"))
	p.field(0, "Completions", "%s", or(job.Completions, "%d", "<unset>"))
	if job.ActiveDeadlineSeconds != nil {
		p.field(0, "Active Deadline Seconds", "%ds", *job.ActiveDeadlineSeconds)
	}
	p.template(&job.Template)
	last := "<unset>"
	if t := o.Status.LastScheduleTime; t != nil {
		last = stamp(t.Time)
	}
	p.field(0, "Last Schedule Time", "%s", last)
	var active []string
	for _, ref := range o.Status.Active {
		active = append(active, ref.Name)
	}
	p.field(0, "Active Jobs", "%s", orNone(strings.Join(active, ", ")))
	c.events(p, "CronJob", &o.ObjectMeta)
	return nil
}
