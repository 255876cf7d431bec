package kubelet

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/clock"
	"terrarium/sim/containers"
)

// leastGrace is the shortest time that a container gets to end in order.
const leastGrace = 2 * time.Second

// killReason is why a container is killed; the zero value is that its pod ends.
type killReason struct {
	message string
	probe   *corev1.Probe // that it failed; it may have a grace period of its own
}

// killing is a pod whose containers are being stopped.
type killing struct {
	k       *Kubelet
	stops   []*stopping
	waiting int
	done    func()
}

// stopping is one container on its way out: preStop hook, SIGTERM, and SIGKILL when its time is up.
type stopping struct {
	k       *Kubelet
	c       *container
	until   time.Time
	limit   *clock.Timer
	hooking bool
	done    func()
}

// running are the containers of a pod that run, init containers after the others.
func (k *Kubelet) running(uid types.UID) []*container {
	var out []*container
	if p := k.runtime.pods[uid]; p != nil {
		for _, c := range p.containers {
			if c.state == stateRunning {
				out = append(out, c)
			}
		}
	}
	return out
}

// killContainers stops containers side by side, sidecars when the others have ended, and calls done when all have. grace
// overrides the pod's where it is not 0.
func (k *Kubelet) killContainers(pod *corev1.Pod, list []*container, grace time.Duration, done func()) *killing {
	job := &killing{k: k, done: done}
	var sidecars, others []*container
	for _, c := range list {
		if isSidecar(c.spec) {
			sidecars = append(sidecars, c)
		} else {
			others = append(others, c)
		}
	}
	began := k.Clock.Now()
	job.kill(pod, others, grace, func() {
		// Sidecars have what is left of the time, and end in the reverse of the order in which they started.
		left := grace
		if grace > 0 {
			left = max(grace-k.Clock.Since(began), leastGrace)
		}
		job.kill(pod, sidecars, left, job.done)
	})
	return job
}

func (j *killing) kill(pod *corev1.Pod, list []*container, grace time.Duration, done func()) {
	if len(list) == 0 {
		done()
		return
	}
	waiting := len(list)
	for _, c := range list {
		s := j.k.killContainer(pod, c, killReason{}, grace, func() {
			if waiting--; waiting == 0 {
				done()
			}
		})
		j.stops = append(j.stops, s)
	}
}

// shorten gives the containers that still run less time.
func (j *killing) shorten(grace time.Duration) {
	for _, s := range j.stops {
		if at := j.k.Clock.Now().Add(max(grace, leastGrace)); s.c.state == stateRunning && at.Before(s.until) {
			s.until = at
			s.limit.Stop()
			s.limit = j.k.Clock.At(at, s.kill)
		}
	}
}

// killContainer stops one container and calls done when it has ended. grace overrides the pod's where it is not 0.
func (k *Kubelet) killContainer(pod *corev1.Pod, c *container, why killReason, grace time.Duration, done func()) *stopping {
	message := why.message
	if message == "" {
		message = fmt.Sprintf("Stopping container %s", c.name)
	}
	k.event(aboutContainer(pod, c.name), corev1.EventTypeNormal, "Killing", message)
	if grace == 0 {
		grace = graceOf(pod, why)
	}
	s := &stopping{k: k, c: c, done: done}
	s.until = k.Clock.Now().Add(max(grace, leastGrace))
	c.exited = append(c.exited, func() {
		s.limit.Stop()
		k.Clock.After(10*time.Millisecond, s.done)
	})
	s.limit = k.Clock.At(s.until, s.kill)
	l := c.spec.Lifecycle
	if l == nil || l.PreStop == nil || grace <= 0 {
		s.terminate()
		return s
	}
	s.hooking = true
	k.runHook(pod, c, l.PreStop, func(err error) {
		if err != nil {
			k.event(aboutContainer(pod, c.name), corev1.EventTypeWarning, "FailedPreStopHook", "PreStopHook failed")
		}
		if s.hooking {
			s.terminate()
		}
	})
	return s
}

func (s *stopping) terminate() {
	s.hooking = false
	if s.c.state == stateRunning {
		s.c.process.Signal(containers.SIGTERM)
	}
}

func (s *stopping) kill() {
	s.hooking = false
	if s.c.state == stateRunning {
		s.c.process.Signal(containers.SIGKILL)
	}
}

func graceOf(pod *corev1.Pod, why killReason) time.Duration {
	switch {
	case pod.DeletionGracePeriodSeconds != nil:
		return time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
	case pod.Spec.TerminationGracePeriodSeconds == nil:
		return leastGrace
	case why.probe != nil && why.probe.TerminationGracePeriodSeconds != nil:
		return time.Duration(*why.probe.TerminationGracePeriodSeconds) * time.Second
	}
	return time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second
}
