package resources

import (
	"fmt"
	"maps"
	"math"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The labels that tell a job's pods from others, in their old and their present form.
const (
	oldJobName       = "job-name"
	oldControllerUID = "controller-uid"
)

func jobs() *Resource {
	return of(&Resource{
		Group: "batch", Version: "v1", Name: "jobs", Singular: "job", Kind: "Job", Categories: []string{"all"}, Namespaced: true, OrphanByDefault: true,
		New: fresh[batchv1.Job], NewList: fresh[batchv1.JobList], FieldError: `field label "%s" not supported for Job`,
	}, typed[batchv1.Job]{
		MetaAgain: "m|u",
		Default:   defaultJob,
		Create: func(_ *Context, j *batchv1.Job) {
			if !or(j.Spec.ManualSelector, false) {
				selectOwnPods(j)
			}
			prepareTemplate(&j.Spec.Template, nil)
			if len(j.Labels) == 0 { // what comes back from the store gets defaults again
				j.Labels = maps.Clone(j.Spec.Template.Labels)
			}
		},
		Update:         func(_ *Context, j, old *batchv1.Job) { prepareTemplate(&j.Spec.Template, &old.Spec.Template) },
		Validate:       validateJob,
		ValidateUpdate: validateJobUpdate,
		Warnings: func(j, old *batchv1.Job) []string {
			if old == nil {
				return append(hostNameWarning(j.Name), jobWarnings(field.NewPath("spec"), &j.Spec)...)
			}
			if j.Generation == old.Generation {
				return nil
			}
			return jobWarnings(field.NewPath("spec"), &j.Spec)
		},
		Spec:                 func(j, from *batchv1.Job) { j.Spec = from.Spec },
		Status:               func(j, from *batchv1.Job) { j.Status = from.Status },
		ValidateStatusUpdate: validateJobStatusUpdate,
		Changed:              func(j, old *batchv1.Job) bool { return !equality.Semantic.DeepEqual(j.Spec, old.Spec) },
		Fields: func(j *batchv1.Job) fields.Set {
			return fields.Set{"status.successful": strconv.Itoa(int(j.Status.Succeeded))}
		},
		Row: jobRow,
	})
}

func defaultJob(j *batchv1.Job) {
	defaultJobSpec(&j.Spec)
	spec := &j.Spec
	if spec.Parallelism == nil && spec.Completions == nil {
		fillPointer(&spec.Completions, 1)
	}
	fillPointer(&spec.Parallelism, 1)
	if spec.BackoffLimitPerIndex != nil {
		fillPointer(&spec.BackoffLimit, math.MaxInt32)
	}
	fillPointer(&spec.BackoffLimit, 6)
	if spec.Template.Labels != nil && len(j.Labels) == 0 {
		j.Labels = spec.Template.Labels // one map: the job's labels get what its pods' get when it is created
	}
	fillPointer(&spec.CompletionMode, batchv1.NonIndexedCompletion)
	fillPointer(&spec.Suspend, false)
	if spec.PodFailurePolicy != nil {
		fillPointer(&spec.PodReplacementPolicy, batchv1.Failed)
	}
	fillPointer(&spec.PodReplacementPolicy, batchv1.TerminatingOrFailed)
	fillPointer(&spec.ManualSelector, false)
}

// defaultJobSpec fills in what jobs and the templates of jobs get.
func defaultJobSpec(spec *batchv1.JobSpec) {
	defaultPodSpec(&spec.Template.Spec)
	if spec.PodFailurePolicy == nil {
		return
	}
	for i := range spec.PodFailurePolicy.Rules {
		for k := range spec.PodFailurePolicy.Rules[i].OnPodConditions {
			fill(&spec.PodFailurePolicy.Rules[i].OnPodConditions[k].Status, v1.ConditionTrue)
		}
	}
}

// selectOwnPods marks the pods with the name and the UID of the job and selects them by that.
func selectOwnPods(j *batchv1.Job) {
	labels := j.Spec.Template.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	for _, l := range []struct{ key, value string }{
		{oldJobName, j.Name}, {batchv1.JobNameLabel, j.Name},
		{oldControllerUID, string(j.UID)}, {batchv1.ControllerUidLabel, string(j.UID)},
	} {
		if _, found := labels[l.key]; !found {
			labels[l.key] = l.value
		}
	}
	j.Spec.Template.Labels = labels
	selector := &metav1.LabelSelector{}
	if j.Spec.Selector != nil {
		selector = j.Spec.Selector.DeepCopy()
	}
	if selector.MatchLabels == nil {
		selector.MatchLabels = map[string]string{}
	}
	if _, found := selector.MatchLabels[batchv1.ControllerUidLabel]; !found {
		selector.MatchLabels[batchv1.ControllerUidLabel] = string(j.UID)
	}
	j.Spec.Selector = selector
}

func jobWarnings(at *field.Path, spec *batchv1.JobSpec) []string {
	var w warnings
	if isIndexed(spec) && or(spec.Completions, 0) > 100_000 && or(spec.Parallelism, 0) > 10_000 {
		w.say(at, "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail")
	}
	return append(w, templateWarnings(at.Child("template"), &spec.Template)...)
}

func isIndexed(spec *batchv1.JobSpec) bool {
	return or(spec.CompletionMode, "") == batchv1.IndexedCompletion
}

func jobRow(j *batchv1.Job, now time.Time) []any {
	names, images := containerCells(j.Spec.Template.Spec.Containers)
	return []any{j.Name, jobStatusCell(j), completionsCell(j), jobDurationCell(j, now), age(j.CreationTimestamp, now),
		names, images, metav1.FormatLabelSelector(j.Spec.Selector)}
}

func jobStatusCell(j *batchv1.Job) string {
	is := func(kind batchv1.JobConditionType) bool {
		for _, c := range j.Status.Conditions {
			if c.Type == kind {
				return c.Status == v1.ConditionTrue
			}
		}
		return false
	}
	for _, kind := range []batchv1.JobConditionType{batchv1.JobComplete, batchv1.JobFailed} {
		if is(kind) {
			return string(kind)
		}
	}
	if j.DeletionTimestamp != nil {
		return "Terminating"
	}
	for _, kind := range []batchv1.JobConditionType{batchv1.JobSuspended, batchv1.JobFailureTarget, batchv1.JobSuccessCriteriaMet} {
		if is(kind) {
			return string(kind)
		}
	}
	return "Running"
}

func completionsCell(j *batchv1.Job) string {
	if j.Spec.Completions != nil {
		return fmt.Sprintf("%d/%d", j.Status.Succeeded, *j.Spec.Completions)
	}
	if parallel := or(j.Spec.Parallelism, 0); parallel > 1 {
		return fmt.Sprintf("%d/1 of %d", j.Status.Succeeded, parallel)
	}
	return fmt.Sprintf("%d/1", j.Status.Succeeded)
}

func jobDurationCell(j *batchv1.Job, now time.Time) string {
	if j.Status.StartTime == nil {
		return ""
	}
	if j.Status.CompletionTime != nil {
		now = j.Status.CompletionTime.Time
	}
	return duration.HumanDuration(now.Sub(j.Status.StartTime.Time))
}
