package kubelet

import (
	"fmt"
	"hash/fnv"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// actions are what a sync has to do.
type actions struct {
	killPod       bool
	createSandbox bool
	attempt       int
	kill          []unwanted
	init          []int
	containers    []int
	ephemeral     []int
	pod           *corev1.Pod
}

// unwanted is a container that must not go on.
type unwanted struct {
	id      string
	message string
	probe   *corev1.Probe // that it failed
}

// startAction is a container that is to be started.
type startAction struct {
	spec    *corev1.Container
	initial bool
}

// list are the containers to start, in order.
func (a *actions) list() []startAction {
	var out []startAction
	for _, i := range a.ephemeral {
		c := corev1.Container(a.pod.Spec.EphemeralContainers[i].EphemeralContainerCommon)
		out = append(out, startAction{spec: &c})
	}
	for _, i := range a.init {
		out = append(out, startAction{spec: &a.pod.Spec.InitContainers[i], initial: true})
	}
	for _, i := range a.containers {
		out = append(out, startAction{spec: &a.pod.Spec.Containers[i]})
	}
	return out
}

// computeActions compares the pod with what was last seen of it.
func (k *Kubelet) computeActions(pod *corev1.Pod, seen *podStatus) actions {
	a := actions{pod: pod}
	var changed bool
	if changed, a.attempt = seen.sandboxChanged(); changed {
		k.actionsWithoutSandbox(&a, seen)
		return a
	}
	for i, c := range pod.Spec.EphemeralContainers {
		if seen.find(c.Name) == nil {
			a.ephemeral = append(a.ephemeral, i)
		}
	}
	if initialized := k.initActions(&a, seen); a.killPod || !initialized {
		return a
	}
	keep := 0
	for i := range pod.Spec.Containers {
		if k.containerAction(&a, seen, i) {
			keep++
		}
	}
	if keep == 0 && len(a.containers) == 0 {
		a.killPod = true
		a.init = nil
	}
	return a
}

// actionsWithoutSandbox begins from the beginning, unless the pod is over.
func (k *Kubelet) actionsWithoutSandbox(a *actions, seen *podStatus) {
	pod := a.pod
	a.killPod, a.createSandbox = true, true
	if pod.Spec.RestartPolicy == corev1.RestartPolicyNever && a.attempt != 0 && len(seen.containers) > 0 {
		a.createSandbox = false
		return
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		s := seen.find(c.Name)
		if restartPolicyOf(pod, c) == corev1.RestartPolicyOnFailure && s != nil && s.state == stateExited && s.exitCode == 0 {
			continue
		}
		a.containers = append(a.containers, i)
	}
	if len(a.containers) == 0 && anyCreated(pod, seen) {
		a.createSandbox = false
		return
	}
	if len(pod.Spec.InitContainers) > 0 {
		a.init, a.containers = []int{0}, nil
	}
}

// containerAction decides about the i-th container; true where it stays as it is.
func (k *Kubelet) containerAction(a *actions, seen *podStatus, i int) (keep bool) {
	pod, c := a.pod, &a.pod.Spec.Containers[i]
	s := seen.find(c.Name)
	if s == nil || s.state != stateRunning {
		if shouldRestart(pod, c, seen) {
			a.containers = append(a.containers, i)
		}
		return false
	}
	restart := restartPolicyOf(pod, c) != corev1.RestartPolicyNever
	u := unwanted{id: s.id}
	switch {
	case s.hash != hashOf(c):
		u.message, restart = fmt.Sprintf("Container %s definition changed", c.Name), true
	case k.probes.failed(liveness, s.id):
		u.message, u.probe = fmt.Sprintf("Container %s failed liveness probe", c.Name), c.LivenessProbe
	case k.probes.failed(startup, s.id):
		u.message, u.probe = fmt.Sprintf("Container %s failed startup probe", c.Name), c.StartupProbe
	case k.resizeRestarts(pod, c, s):
		u.message, restart = fmt.Sprintf("Container %s resize requires restart", c.Name), true
	default:
		return true
	}
	if restart {
		u.message += ", will be restarted"
		a.containers = append(a.containers, i)
	}
	a.kill = append(a.kill, u)
	return false
}

// initActions finds the init containers to start; true where the pod is initialized.
func (k *Kubelet) initActions(a *actions, seen *podStatus) (initialized bool) {
	pod := a.pod
	if len(pod.Spec.InitContainers) == 0 {
		return true
	}
	for _, c := range pod.Spec.Containers {
		if s := seen.find(c.Name); s != nil && s.state != stateExited {
			initialized = true
		}
	}
	before := initialized // a later one of them has been started
	for i := len(pod.Spec.InitContainers) - 1; i >= 0; i-- {
		c := &pod.Spec.InitContainers[i]
		s := seen.find(c.Name)
		sidecar := isSidecar(c)
		switch {
		case s == nil && before && sidecar:
			a.init = append(a.init, i)
			continue
		case s == nil || before && !sidecar:
			continue
		case s.state == stateCreated:
			a.init = append(a.init, i)
		case s.state == stateRunning && sidecar:
			k.sidecarAction(a, s, i, before, &initialized)
		case s.state == stateRunning:
		case sidecar:
			a.init = append(a.init, i)
		case s.exitCode != 0:
			if !shouldRestart(pod, c, seen) {
				a.killPod, a.init = true, nil
				return false
			}
			a.init = append(a.init, i)
		case i == len(pod.Spec.InitContainers)-1:
			initialized = true
		default:
			a.init = append(a.init, i+1)
		}
		before = true
	}
	if !before {
		a.init = append(a.init, 0)
	}
	slices.Reverse(a.init)
	return initialized
}

// sidecarAction decides about a sidecar that runs: whether it stays, and whether the next init container may start.
func (k *Kubelet) sidecarAction(a *actions, s *containerStatus, i int, before bool, initialized *bool) {
	c := &a.pod.Spec.InitContainers[i]
	restart := func(message string, probe *corev1.Probe) {
		a.kill = append(a.kill, unwanted{id: s.id, message: message, probe: probe})
		a.init = append(a.init, i)
	}
	if c.StartupProbe != nil {
		switch result, known := k.probes.result(startup, s.id); {
		case !known:
			return
		case result == probeFailure:
			restart(fmt.Sprintf("Init container %s failed startup probe", c.Name), c.StartupProbe)
			return
		case result != probeSuccess:
			return
		}
	}
	if i == len(a.pod.Spec.InitContainers)-1 {
		*initialized = true
	} else if !before {
		a.init = append(a.init, i+1)
	}
	switch {
	case s.hash != hashOf(c):
		restart(fmt.Sprintf("Init container %s definition changed", c.Name), nil)
	case c.LivenessProbe != nil && k.probes.failed(liveness, s.id):
		restart(fmt.Sprintf("Init container %s failed liveness probe", c.Name), c.LivenessProbe)
	}
}

// shouldRestart reports whether a container that does not run should.
func shouldRestart(pod *corev1.Pod, c *corev1.Container, seen *podStatus) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	s := seen.find(c.Name)
	switch {
	case s == nil, s.state == stateCreated:
		return true
	case s.state == stateRunning:
		return false
	}
	return restartsAfter(pod, c, s.exitCode)
}

// restartsAfter reports whether a container is started again after it has ended with the code.
func restartsAfter(pod *corev1.Pod, c *corev1.Container, code int32) bool {
	for _, rule := range c.RestartPolicyRules {
		if rule.Action != corev1.ContainerRestartRuleActionRestart || rule.ExitCodes == nil {
			continue
		}
		in := slices.Contains(rule.ExitCodes.Values, code)
		if in == (rule.ExitCodes.Operator == corev1.ContainerRestartRuleOnExitCodesOpIn) {
			return true
		}
	}
	switch restartPolicyOf(pod, c) {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return code != 0
	}
	return true
}

// restartPolicyOf is the container's own policy, else the pod's; an init container of a pod that restarts always is
// not started again once it has succeeded.
func restartPolicyOf(pod *corev1.Pod, c *corev1.Container) corev1.RestartPolicy {
	if c.RestartPolicy != nil {
		return corev1.RestartPolicy(*c.RestartPolicy)
	}
	return pod.Spec.RestartPolicy
}

func isSidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func anyCreated(pod *corev1.Pod, seen *podStatus) bool {
	for _, c := range pod.Spec.Containers {
		if seen.find(c.Name) != nil {
			return true
		}
	}
	return false
}

// hashOf stands for what a running container cannot change of itself: its name and image.
func hashOf(c *corev1.Container) string {
	h := fnv.New64a()
	h.Write([]byte(c.Name + "\x00" + c.Image))
	return string(h.Sum(nil))
}
