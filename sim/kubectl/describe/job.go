package describe

import (
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

func job(c *call, p *page) error {
	var o batchv1.Job
	if err := c.get(resource("batch", "v1", "jobs"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	p.field(0, "Selector", "%s", selectorText(o.Spec.Selector))
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.controlledBy(&o.ObjectMeta)
	p.jobSpec(&o.Spec)
	p.jobTimes(&o.Status)
	if o.Spec.ActiveDeadlineSeconds != nil {
		p.field(0, "Active Deadline Seconds", "%ds", *o.Spec.ActiveDeadlineSeconds)
	}
	ready := or(o.Status.Ready, " (%d Ready)", "")
	p.field(0, "Pods Statuses", "%d Active%s / %d Succeeded / %d Failed", o.Status.Active, ready, o.Status.Succeeded, o.Status.Failed)
	if m := o.Spec.CompletionMode; m != nil && *m == batchv1.IndexedCompletion {
		p.field(0, "Completed Indexes", "%s", orNone(capIndexes(o.Status.CompletedIndexes)))
	}
	p.template(&o.Spec.Template)
	c.events(p, "Job", &o.ObjectMeta)
	return nil
}

func (p *page) jobSpec(s *batchv1.JobSpec) {
	if s.Parallelism != nil {
		p.field(0, "Parallelism", "%d", *s.Parallelism)
	}
	p.field(0, "Completions", "%s", or(s.Completions, "%d", "<unset>"))
	if s.CompletionMode != nil {
		p.field(0, "Completion Mode", "%s", *s.CompletionMode)
	}
	if s.Suspend != nil {
		p.field(0, "Suspend", "%v", *s.Suspend)
	}
	if s.BackoffLimit != nil {
		p.field(0, "Backoff Limit", "%v", *s.BackoffLimit)
	}
	if s.TTLSecondsAfterFinished != nil {
		p.field(0, "TTL Seconds After Finished", "%v", *s.TTLSecondsAfterFinished)
	}
}

func (p *page) jobTimes(s *batchv1.JobStatus) {
	if s.StartTime != nil {
		p.field(0, "Start Time", "%s", stamp(s.StartTime.Time))
	}
	if s.CompletionTime != nil {
		p.field(0, "Completed At", "%s", stamp(s.CompletionTime.Time))
		if s.StartTime != nil {
			p.field(0, "Duration", "%s", duration.HumanDuration(s.CompletionTime.Sub(s.StartTime.Time)))
		}
	}
}

// capIndexes cuts a list of indexes at the first comma past 50 bytes.
func capIndexes(list string) string {
	const limit = 50
	if len(list) <= limit {
		return list
	}
	if i := strings.IndexByte(list[limit:], ','); i >= 0 {
		return list[:limit+i+1] + "..."
	}
	return list
}
