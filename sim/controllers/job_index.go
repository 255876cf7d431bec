package controllers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
)

// indexes is a sorted set of completion indexes, written as in `0-2,5`.
type indexes []int

func (x indexes) total() int { return len(x) }

func (x indexes) has(i int) bool {
	_, ok := slices.BinarySearch(x, i)
	return ok
}

func (x *indexes) add(i int) {
	if at, ok := slices.BinarySearch(*x, i); !ok {
		*x = slices.Insert(*x, at, i)
	}
}

func (x indexes) String() string {
	var parts []string
	for i := 0; i < len(x); {
		j := i
		for j+1 < len(x) && x[j+1] == x[j]+1 {
			j++
		}
		switch {
		case j == i:
			parts = append(parts, strconv.Itoa(x[i]))
		case j == i+1:
			parts = append(parts, strconv.Itoa(x[i]), strconv.Itoa(x[j]))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", x[i], x[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}

func parseIndexes(text string, completions int) indexes {
	var out indexes
	if text == "" {
		return out
	}
	for _, part := range strings.Split(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil
		}
		to := from
		if isRange {
			if to, err = strconv.Atoi(last); err != nil {
				return nil
			}
		}
		for i := from; i <= min(to, completions-1); i++ {
			out.add(i)
		}
	}
	return out
}

func indexOf(p *v1.Pod) int {
	i, err := strconv.Atoi(p.Annotations[batchv1.JobCompletionIndexAnnotation])
	if err != nil || i < 0 {
		return -1
	}
	return i
}

func (s *jobStep) observeIndexes() {
	n := int(*s.job.Spec.Completions)
	s.succeededIndexes = parseIndexes(s.job.Status.CompletedIndexes, n)
	if s.job.Status.FailedIndexes != nil {
		s.failedIndexes = parseIndexes(*s.job.Status.FailedIndexes, n)
	}
	for _, p := range s.newSucceeded {
		if i := indexOf(p); i >= 0 && i < n {
			s.succeededIndexes.add(i)
		}
	}
	if limit := s.job.Spec.BackoffLimitPerIndex; limit != nil {
		for _, p := range s.newFailed {
			i := indexOf(p)
			if i < 0 || i >= n {
				continue
			}
			_, counted, action := s.match(p)
			if action == batchv1.PodFailurePolicyActionFailIndex || counted && failureCount(p) >= int(*limit) {
				s.failedIndexes.add(i)
			}
		}
	}
	s.succeeded = int32(s.succeededIndexes.total())
}

func failureCount(p *v1.Pod) int {
	n, _ := strconv.Atoi(p.Annotations[batchv1.JobIndexFailureCountAnnotation])
	return n
}

// judgeIndexes says whether the indexes that failed or succeeded end the job.
func (s *jobStep) judgeIndexes() {
	if s.job.Spec.BackoffLimitPerIndex != nil {
		failed := s.failedIndexes.total()
		if most := s.job.Spec.MaxFailedIndexes; most != nil && failed > int(*most) {
			s.failure(batchv1.JobReasonMaxFailedIndexesExceeded, "Job has exceeded the specified maximal number of failed indexes")
			return
		}
		if failed > 0 && failed+s.succeededIndexes.total() >= int(*s.job.Spec.Completions) {
			s.failure(batchv1.JobReasonFailedIndexes, "Job has failed indexes")
			return
		}
	}
	if s.job.Spec.SuccessPolicy == nil {
		return
	}
	for i, rule := range s.job.Spec.SuccessPolicy.Rules {
		have, want := s.succeededIndexes.total(), -1
		if rule.SucceededIndexes != nil {
			required := parseIndexes(*rule.SucceededIndexes, int(*s.job.Spec.Completions))
			if len(required) == 0 {
				continue
			}
			have, want = 0, required.total()
			for _, r := range required {
				if s.succeededIndexes.has(r) {
					have++
				}
			}
		}
		if rule.SucceededCount != nil {
			want = int(*rule.SucceededCount)
		}
		if want >= 0 && have >= want {
			s.outcome = s.condition(batchv1.JobSuccessCriteriaMet, v1.ConditionTrue, batchv1.JobReasonSuccessPolicy, fmt.Sprintf("Matched rules at index %d", i))
			return
		}
	}
}

// pendingIndexes are the first indexes that have neither succeeded, nor failed for good, nor an active pod.
func (s *jobStep) pendingIndexes(count int) []int {
	busy := map[int]bool{}
	for _, p := range s.active {
		busy[indexOf(p)] = true
	}
	if s.replacesFailedOnly() {
		for _, p := range s.pods {
			if podTerminating(p) {
				busy[indexOf(p)] = true
			}
		}
	}
	var out []int
	for i := range int(*s.job.Spec.Completions) {
		if len(out) == count {
			break
		}
		if busy[i] || s.succeededIndexes.has(i) || s.failedIndexes.has(i) || s.waits(i) {
			continue
		}
		out = append(out, i)
	}
	return out
}

// waits says whether the next pod of an index is in its back-off.
func (s *jobStep) waits(index int) bool {
	if s.job.Spec.BackoffLimitPerIndex == nil {
		return false
	}
	last := s.lastFailed(index)
	if last == nil {
		return false
	}
	left := backOffLeft(s.failuresOf(index), finishedAt(last), s.clock.Now())
	s.again(left)
	return left > 0
}

func (s *jobStep) lastFailed(index int) *v1.Pod {
	var last *v1.Pod
	for _, p := range s.pods {
		if indexOf(p) == index && s.podFailed(p) && (last == nil || failureCount(p) >= failureCount(last)) {
			last = p
		}
	}
	return last
}

// failuresOf is how often pods of an index have failed.
func (s *jobStep) failuresOf(index int) int {
	last := s.lastFailed(index)
	if last == nil {
		return 0
	}
	n := failureCount(last)
	if s.counts(last) {
		n++
	}
	return n
}
