package kubelet

import (
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/api"
)

// syncing is one step of a worker's first phase: it brings the pod nearer to what it should be. Steps that take time hand
// on to the next from an entry of the clock.
type syncing struct {
	*worker
	seen    *podStatus
	ips     []string
	secrets []*corev1.Secret
	actions actions
	started []startResult
	acted   bool
}

// startResult is what became of a container that was to be started; err is nil where it was.
type startResult struct {
	container string
	message   string
	err       error
}

// run begins the step.
func (s *syncing) run() {
	status := s.k.makeStatus(s.pod, s.seen, false)
	s.k.statuses.set(s.pod, status, false)
	s.watchDeadline()
	if isTerminal(status.Phase) {
		s.completeSync(nil, true, false)
		return
	}
	if err := s.k.networkError(); err != nil && !s.pod.Spec.HostNetwork {
		err = fmt.Errorf("network is not ready: %w", err)
		s.k.event(aboutPod(s.pod), corev1.EventTypeWarning, "NetworkNotReady", err.Error())
		s.completeSync(err, false, false)
		return
	}
	for _, ip := range status.PodIPs {
		s.ips = append(s.ips, ip.IP)
	}
	if s.volumes == nil {
		s.worker.volumes = newVolumes(s.k, s.pod)
	}
	if s.volumes.complete() {
		s.k.refresh(s.pod, s.volumes)
	}
	s.cancel = s.volumes.wait(func(err error) {
		s.cancel = nil
		if err != nil {
			s.completeSync(err, false, false)
			return
		}
		s.prepare()
	})
}

// prepare fetches the pull secrets and begins what the runtime has to do.
func (s *syncing) prepare() {
	s.secrets = s.k.pullSecrets(s.pod)
	s.k.probes.add(s.pod)
	s.actions = s.k.computeActions(s.pod, s.seen)
	s.k.Clock.After(time.Millisecond, s.act)
}

// act kills what should not run, then makes a sandbox where there is none.
func (s *syncing) act() {
	switch {
	case s.actions.killPod:
		s.acted = true
		s.k.killContainers(s.pod, s.k.running(s.pod.UID), 0, func() {
			s.k.runtime.stopSandboxes(s.pod.UID)
			s.sandbox()
		})
	case len(s.actions.kill) > 0:
		s.acted = true
		s.killUnwanted(s.actions.kill)
	default:
		s.sandbox()
	}
}

func (s *syncing) killUnwanted(list []unwanted) {
	if len(list) == 0 {
		s.sandbox()
		return
	}
	c := s.k.runtime.find(s.pod.UID, list[0].id)
	if c == nil || c.state != stateRunning {
		s.killUnwanted(list[1:])
		return
	}
	s.k.killContainer(s.pod, c, killReason{message: list[0].message, probe: list[0].probe}, 0, func() { s.killUnwanted(list[1:]) })
}

func (s *syncing) sandbox() {
	if !s.actions.createSandbox {
		s.start(s.actions.list())
		return
	}
	s.acted = true
	if len(s.seen.sandboxes) > 0 {
		s.k.event(aboutPod(s.pod), corev1.EventTypeNormal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
	}
	s.k.Clock.After(s.k.chance.Between(60*time.Millisecond, 120*time.Millisecond), func() {
		b := s.k.runtime.createSandbox(s.pod, s.actions.attempt)
		if b.ip != "" {
			s.ips = []string{b.ip}
		}
		s.k.statuses.sandboxReady(s.pod)
		s.start(s.actions.list())
	})
}

// start starts the containers of the list, one after the other.
func (s *syncing) start(list []startAction) {
	if len(list) == 0 {
		s.finish()
		return
	}
	next := list[0]
	(&starting{syncing: s, action: next, spec: next.spec}).run(func(message string, err error) {
		s.started = append(s.started, startResult{next.spec.Name, message, err})
		if err == nil {
			s.acted = true
		}
		if err != nil && next.initial && !isSidecar(next.spec) {
			s.finish() // what comes after an init container has to wait for it
			return
		}
		s.start(list[1:])
	})
}

// finish notes why containers could not be started and ends the step.
func (s *syncing) finish() {
	var errs []error
	for _, r := range s.started {
		key := reasonKey{s.pod.UID, r.container}
		if r.err == nil {
			delete(s.k.reasons, key)
			continue
		}
		s.k.reasons[key] = waiting{r.err.Error(), r.message}
		errs = append(errs, fmt.Errorf("failed to \"StartContainer\" for %q with %w: %q", r.container, r.err, r.message))
	}
	s.k.resizeActuated(s.pod)
	s.completeSync(errors.Join(errs...), false, s.acted)
}

// pullSecrets reads the pod's pull secrets; what is missing is warned about, once for all of them.
func (k *Kubelet) pullSecrets(pod *corev1.Pod) []*corev1.Secret {
	var found []*corev1.Secret
	var missing []string
	for _, ref := range pod.Spec.ImagePullSecrets {
		if ref.Name == "" {
			continue
		}
		s, err := api.Get[corev1.Secret](k.Client, pod.Namespace, ref.Name)
		if err != nil {
			missing = append(missing, ref.Name)
			continue
		}
		found = append(found, s)
	}
	if len(missing) > 0 {
		k.event(aboutPod(pod), corev1.EventTypeWarning, "FailedToRetrieveImagePullSecret", fmt.Sprintf(
			"Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed.", strings.Join(missing, ", ")))
	}
	return found
}
