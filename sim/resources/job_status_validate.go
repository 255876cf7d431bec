package resources

import (
	"fmt"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// jobChange tells what a write to a job's status changes: most rules bind only those who touch what they are about.
type jobChange struct {
	finished, complete, failed, failureTarget, successCriteria   bool
	completedIndexes, failedIndexes, active, started, completion bool
	uncounted, ready, terminating                                bool
}

func jobFinished(j *batchv1.Job) bool {
	return jobIs(j, batchv1.JobComplete) || jobIs(j, batchv1.JobFailed)
}

func changeOfJob(j, old *batchv1.Job) jobChange {
	turned := func(kind batchv1.JobConditionType) bool { return jobIs(j, kind) != jobIs(old, kind) }
	s, o := &j.Status, &old.Status
	return jobChange{
		finished: jobFinished(j) != jobFinished(old), complete: turned(batchv1.JobComplete), failed: turned(batchv1.JobFailed),
		failureTarget: turned(batchv1.JobFailureTarget), successCriteria: turned(batchv1.JobSuccessCriteriaMet),
		completedIndexes: s.CompletedIndexes != o.CompletedIndexes, failedIndexes: !equalPointers(s.FailedIndexes, o.FailedIndexes),
		active: s.Active != o.Active, started: !sameTime(s.StartTime, o.StartTime), completion: !sameTime(s.CompletionTime, o.CompletionTime),
		uncounted: !equality.Semantic.DeepEqual(s.UncountedTerminatedPods, o.UncountedTerminatedPods),
		ready:     !equalPointers(s.Ready, o.Ready), terminating: !equalPointers(s.Terminating, o.Terminating),
	}
}

func sameTime(a, b *metav1.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(b)
}

func validateJobStatusUpdate(j, old *batchv1.Job) field.ErrorList {
	var p problems
	at, s, o := field.NewPath("status"), &j.Status, &old.Status
	change := changeOfJob(j, old)
	validateJobCounts(&p, at, s)
	validateJobEnd(&p, at, j, change)
	validateJobIndexes(&p, at, j, change)
	validateJobAfterEnd(&p, at, j, change)
	validateSuccessCriteria(&p, at, j)
	for _, kind := range []batchv1.JobConditionType{batchv1.JobFailed, batchv1.JobComplete, batchv1.JobFailureTarget} {
		if jobIs(old, kind) && !jobIs(j, kind) {
			p.invalid(at.Child("conditions"), field.OmitValueType{}, fmt.Sprintf("cannot disable the terminal %s=True condition", kind))
		}
	}
	if s.Failed < o.Failed {
		p.invalid(at.Child("failed"), s.Failed, "cannot decrease the failed counter")
	}
	if s.Succeeded < o.Succeeded && (!isIndexed(&j.Spec) || !equalPointers(j.Spec.Completions, j.Spec.Parallelism)) {
		p.invalid(at.Child("succeeded"), s.Succeeded, "cannot decrease the succeeded counter")
	}
	if s.CompletionTime != nil && o.CompletionTime != nil && change.completion {
		p.invalid(at.Child("completionTime"), s.CompletionTime, immutable)
	}
	resuming := jobIs(old, batchv1.JobSuspended) && jobHas(j, batchv1.JobSuspended, v1.ConditionFalse)
	if change.started && !resuming && o.StartTime != nil && !or(j.Spec.Suspend, false) {
		p.invalid(at.Child("startTime"), s.StartTime, "field is immutable for unsuspended job once set")
	}
	had, has := jobIs(old, batchv1.JobSuccessCriteriaMet), jobIs(j, batchv1.JobSuccessCriteriaMet)
	if had && !has {
		p.invalid(at.Child("conditions"), field.OmitValueType{}, "cannot disable the SuccessCriteriaMet=True condition")
	}
	if jobIs(old, batchv1.JobComplete) && !had && has {
		p.invalid(at.Child("conditions"), field.OmitValueType{}, "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions")
	}
	return p.list()
}

func validateJobCounts(p *problems, at *field.Path, s *batchv1.JobStatus) {
	validateCounts(p, at, []count{{"active", s.Active}, {"succeeded", s.Succeeded}, {"failed", s.Failed}, {"ready", or(s.Ready, 0)},
		{"terminating", or(s.Terminating, 0)}})
	if s.UncountedTerminatedPods == nil {
		return
	}
	seen := map[types.UID]bool{}
	for _, l := range []struct {
		name string
		uids []types.UID
	}{{"succeeded", s.UncountedTerminatedPods.Succeeded}, {"failed", s.UncountedTerminatedPods.Failed}} {
		for i, uid := range l.uids {
			at := at.Child("uncountedTerminatedPods", l.name).Index(i)
			if uid == "" {
				p.invalid(at, uid, "must not be empty")
			} else if seen[uid] {
				p.duplicate(at, uid)
			}
			seen[uid] = true
		}
	}
}

// validateJobEnd checks that a job that has ended has ended in one way only, and when.
func validateJobEnd(p *problems, at *field.Path, j *batchv1.Job, change jobChange) {
	s := &j.Status
	complete, failed, target := jobIs(j, batchv1.JobComplete), jobIs(j, batchv1.JobFailed), jobIs(j, batchv1.JobFailureTarget)
	refuse := func(why string) { p.invalid(at.Child("conditions"), field.OmitValueType{}, why) }
	if (change.complete || change.failed) && complete && failed {
		refuse("cannot set Complete=True and Failed=true conditions")
	}
	if (change.complete || change.failureTarget) && complete && target {
		refuse("cannot set Complete=True and FailureTarget=true conditions")
	}
	if (change.complete || change.completion) && s.CompletionTime != nil && !complete {
		p.invalid(at.Child("completionTime"), s.CompletionTime, "cannot set completionTime when there is no Complete=True condition")
	}
	if (change.complete || change.completion) && s.CompletionTime == nil && complete {
		p.required(at.Child("completionTime"), "completionTime is required for Complete jobs")
	}
	if (change.started || change.completion) && s.StartTime != nil && s.CompletionTime != nil && s.CompletionTime.Before(s.StartTime) {
		p.invalid(at.Child("completionTime"), s.CompletionTime, "must be equal to or after `startTime`")
	}
	if (change.failed || change.failedIndexes) && failed && !target {
		refuse("cannot set Failed=True condition without the FailureTarget=true condition")
	}
	if (change.complete || change.successCriteria) && complete && !jobIs(j, batchv1.JobSuccessCriteriaMet) {
		refuse("cannot set Complete=True condition without the SuccessCriteriaMet=true condition")
	}
	if !jobFinished(j) {
		return
	}
	if (change.finished || change.active) && s.Active > 0 {
		p.invalid(at.Child("active"), s.Active, "active>0 is invalid for finished job")
	}
	nothingToDo := or(j.Spec.Suspend, false) && j.Spec.Completions != nil && *j.Spec.Completions == 0
	if (change.finished || change.started) && !nothingToDo && s.StartTime == nil {
		p.required(at.Child("startTime"), "startTime is required for finished job")
	}
	if u := s.UncountedTerminatedPods; (change.finished || change.uncounted) && u != nil && len(u.Failed)+len(u.Succeeded) > 0 {
		p.invalid(at.Child("uncountedTerminatedPods"), inward{u}, "must be empty for finished job")
	}
}

func validateJobIndexes(p *problems, at *field.Path, j *batchv1.Job, change jobChange) {
	s, completions := &j.Status, or(j.Spec.Completions, 0)
	counted := j.Spec.Completions != nil
	if change.completedIndexes && counted {
		if _, err := countIndexes(s.CompletedIndexes, completions); err != nil {
			p.invalid(at.Child("completedIndexes"), s.CompletedIndexes, "error parsing completedIndexes: "+err.Error())
		}
	}
	if change.failedIndexes && counted && j.Spec.BackoffLimitPerIndex != nil && s.FailedIndexes != nil {
		if _, err := countIndexes(*s.FailedIndexes, completions); err != nil {
			p.invalid(at.Child("failedIndexes"), s.FailedIndexes, "error parsing failedIndexes: "+err.Error())
		}
	}
	if change.completedIndexes && s.CompletedIndexes != "" && !isIndexed(&j.Spec) {
		p.invalid(at.Child("completedIndexes"), s.CompletedIndexes, "cannot set non-empty completedIndexes when non-indexed completion mode")
	}
	if change.failedIndexes && j.Spec.BackoffLimitPerIndex == nil && s.FailedIndexes != nil {
		p.invalid(at.Child("failedIndexes"), *s.FailedIndexes, "cannot set non-null failedIndexes when backoffLimitPerIndex is null")
	}
	if (change.failedIndexes || change.completedIndexes) && counted && s.FailedIndexes != nil {
		if index, common := commonIndex(s.CompletedIndexes, *s.FailedIndexes, completions); common {
			p.invalid(at.Child("failedIndexes"), *s.FailedIndexes, fmt.Sprintf("failedIndexes and completedIndexes overlap at index: %d", index))
		}
	}
}

// commonIndex finds an index that is in both lists. Fragments that cannot be read are passed over.
func commonIndex(completed, failed string, completions int32) (index int32, found bool) {
	type interval struct{ first, last int32 }
	read := func(text string) (list []interval) {
		for fragment := range strings.SplitSeq(text, ",") {
			if first, last, err := indexInterval(fragment, completions); err == nil {
				list = append(list, interval{first, last})
			}
		}
		return list
	}
	c, f := read(completed), read(failed)
	for len(c) > 0 && len(f) > 0 {
		if c[0].first <= f[0].last && f[0].first <= c[0].last {
			return max(c[0].first, f[0].first), true
		}
		if c[0].first <= f[0].first {
			c = c[1:]
		} else {
			f = f[1:]
		}
	}
	return 0, false
}

func validateJobAfterEnd(p *problems, at *field.Path, j *batchv1.Job, change jobChange) {
	s := &j.Status
	if (change.finished || change.terminating) && or(s.Terminating, 0) > 0 && jobFinished(j) {
		p.invalid(at.Child("terminating"), s.Terminating, "terminating>0 is invalid for finished job")
	}
	if (change.ready || change.active) && s.Ready != nil && *s.Ready > s.Active {
		p.invalid(at.Child("ready"), *s.Ready, "cannot set more ready pods than active")
	}
}

func validateSuccessCriteria(p *problems, at *field.Path, j *batchv1.Job) {
	met := jobIs(j, batchv1.JobSuccessCriteriaMet)
	refuse := func(why string) { p.invalid(at.Child("conditions"), field.OmitValueType{}, why) }
	if met && jobIs(j, batchv1.JobFailed) {
		refuse("cannot set SuccessCriteriaMet=True and Failed=true conditions")
	}
	if met && jobIs(j, batchv1.JobFailureTarget) {
		refuse("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")
	}
	if j.Spec.SuccessPolicy != nil && !met && jobIs(j, batchv1.JobComplete) {
		refuse("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True")
	}
}
