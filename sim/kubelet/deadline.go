package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// deadline ends a pod that has been active for longer than it may.
func (k *Kubelet) deadline(pod *corev1.Pod, s, old *corev1.PodStatus) {
	const (
		why     = "DeadlineExceeded"
		message = "Pod was active on the node longer than the specified deadline"
	)
	if pod.Spec.ActiveDeadlineSeconds == nil || old.StartTime == nil || isTerminal(pod.Status.Phase) && pod.Status.Reason != why {
		return
	}
	if k.Clock.Now().Before(old.StartTime.Add(time.Duration(*pod.Spec.ActiveDeadlineSeconds) * time.Second)) {
		return
	}
	if old.Reason != why {
		k.event(aboutPod(pod), corev1.EventTypeNormal, why, message)
	}
	s.Phase, s.Reason, s.Message = corev1.PodFailed, why, message
}

// watchDeadline asks for a sync when a pod's deadline has passed.
func (w *worker) watchDeadline() {
	limit := w.pod.Spec.ActiveDeadlineSeconds
	status, ok := w.k.statuses.get(w.uid)
	if limit == nil || !ok || status.StartTime == nil {
		return
	}
	at := status.StartTime.Add(time.Duration(*limit) * time.Second)
	if w.limit != nil && w.limit.When().Equal(at) {
		return
	}
	w.limit.Stop()
	if at.After(w.k.Clock.Now()) {
		w.limit = w.k.Clock.At(at, func() { w.k.syncPod(w.uid) })
	}
}
