package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// terminate is the step that stops a pod's containers.
func (w *worker) terminate(seen *podStatus) {
	k := w.k
	k.statuses.set(w.pod, k.makeStatus(w.pod, seen, false), false)
	k.probes.stop(w.uid, liveness, startup)
	pod := w.pod
	w.kill = k.killContainers(pod, k.running(w.uid), time.Duration(w.grace)*time.Second, func() {
		k.Clock.After(10*time.Millisecond, func() {
			k.runtime.stopSandboxes(w.uid)
			k.probes.stop(w.uid, liveness, readiness, startup)
			stopped := k.runtime.status(w.uid)
			if len(stopped.ips) == 0 {
				stopped.ips = seen.ips
			}
			k.statuses.set(w.pod, k.makeStatus(w.pod, &stopped, true), false)
			w.kill = nil
			w.becomeTerminated()
		})
	})
}

func (w *worker) becomeTerminated() {
	w.phase = phaseTerminated
	w.lastSync = w.k.Clock.Now()
	if w.pending == nil {
		w.pending = w.pod
	}
	w.complete(nil, true)
}

// unmountTime is what taking down a pod's volumes takes.
const unmountTime = 100 * time.Millisecond

// cleanUp is the last step: what the pod leaves behind goes, and its last status is written, with which the API server may
// delete it.
func (w *worker) cleanUp(seen *podStatus) {
	k := w.k
	k.statuses.set(w.pod, k.makeStatus(w.pod, seen, true), false)
	k.Clock.After(unmountTime, func() {
		w.phase = phaseFinished
		w.resync.Stop()
		w.limit.Stop()
		w.volumes.stop()
		w.working, w.pending = false, nil
		pod := w.pod
		if now := k.pods[w.uid]; now != nil {
			pod = now
		}
		k.statuses.terminate(pod)
		if w.removed {
			k.forget(w.uid)
		}
	})
}

// reject ends a pod that the node cannot take.
func (k *Kubelet) reject(pod *corev1.Pod, why, message string) {
	k.event(aboutPod(pod), corev1.EventTypeWarning, why, message)
	k.statuses.set(pod, corev1.PodStatus{
		QOSClass: qosOf(pod), Phase: corev1.PodFailed, Reason: why, Message: "Pod was rejected: " + message,
	}, false)
}
