package controllers

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

func condition(status appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range status.Conditions {
		if status.Conditions[i].Type == kind {
			return &status.Conditions[i]
		}
	}
	return nil
}

// setCondition puts the condition last; one with the same status and reason stays as and where it is.
func (b *base) setCondition(status *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType, is v1.ConditionStatus, reason, message string) {
	c := appsv1.DeploymentCondition{
		Type: kind, Status: is, Reason: reason, Message: message,
		LastUpdateTime: b.now(), LastTransitionTime: b.now(),
	}
	putCondition(status, c)
}

func putCondition(status *appsv1.DeploymentStatus, c appsv1.DeploymentCondition) {
	if had := condition(*status, c.Type); had != nil {
		if had.Status == c.Status && had.Reason == c.Reason {
			return
		}
		if had.Status == c.Status {
			c.LastTransitionTime = had.LastTransitionTime
		}
	}
	dropCondition(status, c.Type)
	status.Conditions = append(status.Conditions, c)
}

func dropCondition(status *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType) {
	status.Conditions = slices.DeleteFunc(slices.Clone(status.Conditions), func(c appsv1.DeploymentCondition) bool { return c.Type == kind })
	if len(status.Conditions) == 0 {
		status.Conditions = nil
	}
}

// markPaused keeps the progress deadline from running while the deployment is paused.
func (r *rollout) markPaused() error {
	if !hasDeadline(r.d) {
		return nil
	}
	c := condition(r.d.Status, appsv1.DeploymentProgressing)
	if c != nil && c.Reason == "ProgressDeadlineExceeded" {
		return nil
	}
	marked := c != nil && c.Reason == "DeploymentPaused"
	switch {
	case r.d.Spec.Paused && !marked:
		r.setCondition(&r.d.Status, appsv1.DeploymentProgressing, v1.ConditionUnknown, "DeploymentPaused", "Deployment is paused")
	case !r.d.Spec.Paused && marked:
		r.setCondition(&r.d.Status, appsv1.DeploymentProgressing, v1.ConditionUnknown, "DeploymentResumed", "Deployment is resumed")
	default:
		return nil
	}
	return r.writeStatus()
}

// status is what the replica sets add up to, with the condition Available.
func (r *rollout) status() appsv1.DeploymentStatus {
	all := r.all()
	up := available(all)
	status := appsv1.DeploymentStatus{
		ObservedGeneration:  r.d.Generation,
		Replicas:            sum(all, func(rs *appsv1.ReplicaSet) int32 { return rs.Status.Replicas }),
		ReadyReplicas:       sum(all, func(rs *appsv1.ReplicaSet) int32 { return rs.Status.ReadyReplicas }),
		AvailableReplicas:   up,
		UnavailableReplicas: max(wanted(all)-up, 0),
		TerminatingReplicas: terminating(all),
		CollisionCount:      r.d.Status.CollisionCount,
		Conditions:          slices.Clone(r.d.Status.Conditions),
	}
	if r.new != nil {
		status.UpdatedReplicas = r.new.Status.Replicas
	}
	if up >= *r.d.Spec.Replicas-maxUnavailable(r.d) {
		r.setCondition(&status, appsv1.DeploymentAvailable, v1.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability.")
	} else {
		r.setCondition(&status, appsv1.DeploymentAvailable, v1.ConditionFalse, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
	}
	return status
}

// terminating is nil as long as a replica set has not said how many of its pods are.
func terminating(sets []*appsv1.ReplicaSet) *int32 {
	total := int32(0)
	for _, rs := range sets {
		if n := rs.Status.TerminatingReplicas; n != nil {
			total += *n
		} else if rs.Status.ObservedGeneration != 0 {
			return nil
		}
	}
	return &total
}

func (r *rollout) updateStatusTo(status appsv1.DeploymentStatus) error {
	if equality.Semantic.DeepEqual(r.d.Status, status) {
		return nil
	}
	r.d.Status = status
	return r.writeStatus()
}

// progress ends a step: it writes the status with the conditions Progressing and ReplicaFailure. Where nothing has
// changed, it answers when the progress deadline wants another look.
func (r *rollout) progress() (time.Duration, error) {
	status := r.status()
	if !hasDeadline(r.d) {
		dropCondition(&status, appsv1.DeploymentProgressing)
	} else {
		r.judge(&status)
	}
	if failure := r.replicaFailure(); failure != nil {
		putCondition(&status, *failure)
	} else {
		dropCondition(&status, appsv1.DeploymentReplicaFailure)
	}
	if equality.Semantic.DeepEqual(r.d.Status, status) {
		return r.nextCheck(&status), nil
	}
	return 0, r.updateStatusTo(status)
}

func (r *rollout) judge(status *appsv1.DeploymentStatus) {
	const progressing = appsv1.DeploymentProgressing
	current := condition(r.d.Status, progressing)
	if status.Replicas == status.UpdatedReplicas && current != nil && current.Reason == "NewReplicaSetAvailable" {
		return
	}
	subject := fmt.Sprintf("Deployment %q", r.d.Name)
	if r.new != nil {
		subject = fmt.Sprintf("ReplicaSet %q", r.new.Name)
	}
	switch {
	case complete(r.d, status):
		r.setCondition(status, progressing, v1.ConditionTrue, "NewReplicaSetAvailable", subject+" has successfully progressed.")
	case progressed(r.d.Status, status):
		c := appsv1.DeploymentCondition{
			Type: progressing, Status: v1.ConditionTrue, Reason: "ReplicaSetUpdated", Message: subject + " is progressing.",
			LastUpdateTime: r.now(), LastTransitionTime: r.now(),
		}
		if current != nil {
			if current.Status == v1.ConditionTrue {
				c.LastTransitionTime = current.LastTransitionTime
			}
			dropCondition(status, progressing)
		}
		putCondition(status, c)
	case r.timedOut(status):
		r.setCondition(status, progressing, v1.ConditionFalse, "ProgressDeadlineExceeded", subject+" has timed out progressing.")
	}
}

// complete says that only pods of the new template are left, all of them available.
func complete(d *appsv1.Deployment, status *appsv1.DeploymentStatus) bool {
	want := *d.Spec.Replicas
	return status.UpdatedReplicas == want && status.Replicas == want && status.AvailableReplicas == want &&
		status.ObservedGeneration >= d.Generation
}

func progressed(was appsv1.DeploymentStatus, is *appsv1.DeploymentStatus) bool {
	return is.UpdatedReplicas > was.UpdatedReplicas ||
		is.Replicas-is.UpdatedReplicas < was.Replicas-was.UpdatedReplicas ||
		is.ReadyReplicas > was.ReadyReplicas ||
		is.AvailableReplicas > was.AvailableReplicas
}

func (r *rollout) timedOut(status *appsv1.DeploymentStatus) bool {
	c := condition(*status, appsv1.DeploymentProgressing)
	switch {
	case c == nil || c.Reason == "NewReplicaSetAvailable":
		return false
	case c.Reason == "ProgressDeadlineExceeded":
		return true
	}
	return c.LastUpdateTime.Add(r.deadline()).Before(r.clock.Now())
}

func (r *rollout) deadline() time.Duration {
	return time.Duration(*r.d.Spec.ProgressDeadlineSeconds) * time.Second
}

func (r *rollout) nextCheck(status *appsv1.DeploymentStatus) time.Duration {
	c := condition(r.d.Status, appsv1.DeploymentProgressing)
	if !hasDeadline(r.d) || c == nil || complete(r.d, status) || c.Reason == "ProgressDeadlineExceeded" {
		return 0
	}
	return max(c.LastUpdateTime.Add(r.deadline()).Sub(r.clock.Now()), 0) + time.Second
}

func (r *rollout) replicaFailure() *appsv1.DeploymentCondition {
	sets := r.all()
	if r.new != nil {
		sets = append([]*appsv1.ReplicaSet{r.new}, sets...)
	}
	for _, rs := range sets {
		for _, c := range rs.Status.Conditions {
			if c.Type == appsv1.ReplicaSetReplicaFailure {
				return &appsv1.DeploymentCondition{
					Type: appsv1.DeploymentReplicaFailure, Status: c.Status, Reason: c.Reason, Message: c.Message,
					LastTransitionTime: c.LastTransitionTime, LastUpdateTime: c.LastTransitionTime,
				}
			}
		}
	}
	return nil
}
