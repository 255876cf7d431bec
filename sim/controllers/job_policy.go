package controllers

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
)

// counts says whether a failed pod counts against the job's limit.
func (s *jobStep) counts(p *v1.Pod) bool {
	_, counted, _ := s.match(p)
	return counted
}

// policyFailure is the message of the pod failure policy that fails the job; "" where there is none.
func (s *jobStep) policyFailure() string {
	if s.job.Spec.PodFailurePolicy == nil {
		return ""
	}
	for _, p := range s.pods {
		if !s.podFailed(p) {
			continue
		}
		if message, _, _ := s.match(p); message != "" {
			return message
		}
	}
	return ""
}

// match finds the first rule of the pod failure policy that takes the pod.
func (s *jobStep) match(p *v1.Pod) (failJob string, counted bool, action batchv1.PodFailurePolicyAction) {
	if s.job.Spec.PodFailurePolicy == nil {
		return "", true, ""
	}
	for i, rule := range s.job.Spec.PodFailurePolicy.Rules {
		why, ok := "", false
		switch {
		case rule.OnExitCodes != nil:
			if c := matchExit(p, rule.OnExitCodes); c != nil {
				why, ok = fmt.Sprintf("Container %s for pod %s/%s failed with exit code %v matching %v rule at index %d",
					c.Name, p.Namespace, p.Name, c.State.Terminated.ExitCode, rule.Action, i), true
			}
		case rule.OnPodConditions != nil:
			if c := matchCondition(p, rule.OnPodConditions); c != nil {
				why, ok = fmt.Sprintf("Pod %s/%s has condition %v matching %v rule at index %d", p.Namespace, p.Name, c.Type, rule.Action, i), true
			}
		}
		if !ok {
			continue
		}
		if rule.Action != batchv1.PodFailurePolicyActionFailJob {
			why = ""
		}
		return why, rule.Action != batchv1.PodFailurePolicyActionIgnore, rule.Action
	}
	return "", true, ""
}

func matchExit(p *v1.Pod, want *batchv1.PodFailurePolicyOnExitCodesRequirement) *v1.ContainerStatus {
	all := slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses)
	for i := range all {
		c := &all[i]
		t := c.State.Terminated
		if t == nil || t.ExitCode == 0 || want.ContainerName != nil && *want.ContainerName != c.Name {
			continue
		}
		if slices.Contains(want.Values, t.ExitCode) == (want.Operator == batchv1.PodFailurePolicyOnExitCodesOpIn) {
			return c
		}
	}
	return nil
}

func matchCondition(p *v1.Pod, patterns []batchv1.PodFailurePolicyOnPodConditionsPattern) *v1.PodCondition {
	for i := range p.Status.Conditions {
		c := &p.Status.Conditions[i]
		for _, want := range patterns {
			if c.Type == want.Type && c.Status == want.Status {
				return c
			}
		}
	}
	return nil
}
