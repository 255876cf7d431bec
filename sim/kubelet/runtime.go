package kubelet

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/containers"
	"terrarium/sim/vfs"
)

// runtime is the container runtime of a node: sandboxes and containers, by pod.
type runtime struct {
	k    *Kubelet
	pods map[types.UID]*runtimePod
}

type runtimePod struct {
	sandboxes  []*sandbox   // the newest first
	containers []*container // the newest first
}

type sandbox struct {
	id      string
	ready   bool
	ip      string
	attempt int
}

type containerState string

const (
	stateCreated containerState = "created"
	stateRunning containerState = "running"
	stateExited  containerState = "exited"
)

// container is one run of a pod's container.
type container struct {
	containerStatus
	spec    *corev1.Container
	process containers.Process
	log     *containerLog
	stdin   *containers.Input // nil: it reads nothing
	root    *vfs.FS           // nil until somebody needs it
	files   func() *vfs.FS
	env     []string
	image   containers.Image
	execs   []containers.Process
	exited  []func() // called once when it ends

	hostname string
}

// containerStatus is what the runtime tells of a container.
type containerStatus struct {
	id, name  string
	hash      string
	restarts  int
	image     string
	imageID   string
	state     containerState
	exitCode  int32
	reason    string
	message   string
	created   time.Time
	started   time.Time
	finished  time.Time
	user      *corev1.LinuxContainerUser
	resources corev1.ResourceRequirements
}

// podStatus is what the runtime tells of a pod, at one instant.
type podStatus struct {
	ips        []string
	sandboxes  []sandbox
	containers []containerStatus // the newest first
}

// find returns the newest container of a name.
func (s *podStatus) find(name string) *containerStatus {
	for i := range s.containers {
		if s.containers[i].name == name {
			return &s.containers[i]
		}
	}
	return nil
}

// sandboxChanged reports whether the pod needs a new sandbox, and which attempt it is.
func (s *podStatus) sandboxChanged() (changed bool, attempt int) {
	switch {
	case len(s.sandboxes) == 0:
		return true, 0
	case !s.sandboxes[0].ready:
		return true, s.sandboxes[0].attempt + 1
	}
	return false, s.sandboxes[0].attempt
}

func newRuntime(k *Kubelet) *runtime { return &runtime{k: k, pods: map[types.UID]*runtimePod{}} }

func (r *runtime) pod(uid types.UID) *runtimePod {
	p := r.pods[uid]
	if p == nil {
		p = &runtimePod{}
		r.pods[uid] = p
	}
	return p
}

// status is a snapshot of a pod.
func (r *runtime) status(uid types.UID) podStatus {
	var s podStatus
	p := r.pods[uid]
	if p == nil {
		return s
	}
	for _, b := range p.sandboxes {
		s.sandboxes = append(s.sandboxes, *b)
	}
	if len(p.sandboxes) > 0 && p.sandboxes[0].ready && p.sandboxes[0].ip != "" {
		s.ips = []string{p.sandboxes[0].ip}
	}
	for _, c := range p.containers {
		s.containers = append(s.containers, c.containerStatus)
	}
	return s
}

// find returns a container by its id, nil where there is none.
func (r *runtime) find(uid types.UID, id string) *container {
	if p := r.pods[uid]; p != nil {
		for _, c := range p.containers {
			if c.id == id {
				return c
			}
		}
	}
	return nil
}

// running returns the running container of a name, nil where there is none.
func (r *runtime) running(uid types.UID, name string) *container {
	if p := r.pods[uid]; p != nil {
		for _, c := range p.containers {
			if c.name == name && c.state == stateRunning {
				return c
			}
		}
	}
	return nil
}

// createSandbox starts a pod's sandbox, with an address unless it uses the node's.
func (r *runtime) createSandbox(pod *corev1.Pod, attempt int) *sandbox {
	p := r.pod(pod.UID)
	s := &sandbox{id: r.k.chance.Hex(32), ready: true, attempt: attempt}
	if !pod.Spec.HostNetwork {
		s.ip, _ = r.k.network.Allocate()
	}
	p.sandboxes = append([]*sandbox{s}, p.sandboxes[:min(len(p.sandboxes), 1)]...)
	r.k.pleg.touch(pod.UID)
	return s
}

// stopSandboxes ends the sandboxes of a pod and frees its addresses.
func (r *runtime) stopSandboxes(uid types.UID) {
	p := r.pods[uid]
	if p == nil {
		return
	}
	for _, s := range p.sandboxes {
		if s.ready {
			s.ready = false
			r.k.network.Release(s.ip)
			r.k.pleg.touch(uid)
		}
	}
}

// add puts a container that was created in front of the others, and drops those that nobody asks for any more: of each
// name the last dead one is kept.
func (r *runtime) add(uid types.UID, c *container) {
	p := r.pod(uid)
	p.containers = append([]*container{c}, p.containers...)
	seen := map[string]int{}
	p.containers = slices.DeleteFunc(p.containers, func(c *container) bool {
		seen[c.name]++
		return seen[c.name] > 2 && c.state == stateExited
	})
}

// exit notes that a container has ended.
func (r *runtime) exit(uid types.UID, c *container, e containers.Exit) {
	if c.state == stateExited {
		return
	}
	c.state, c.finished = stateExited, r.k.Clock.Now()
	c.exitCode = int32(e.Code)
	switch {
	case e.OOMKilled:
		c.reason = "OOMKilled"
	case e.Code == 0:
		c.reason = "Completed"
	default:
		c.reason = "Error"
	}
	c.message = c.terminationMessage()
	c.log.close()
	for _, x := range c.execs {
		x.Signal(containers.SIGKILL)
	}
	c.execs = nil
	for _, f := range c.exited {
		f()
	}
	c.exited = nil
	r.k.pleg.touch(uid)
}

// terminationMessage is what the container has left in its message file or, where it failed and the policy is so, the end
// of its log.
func (c *container) terminationMessage() string {
	const most, fallback = 4096, 2048
	if c.spec.TerminationMessagePath != "" && c.root != nil {
		if text, err := c.root.ReadFile(c.spec.TerminationMessagePath); err == nil && len(text) > 0 {
			return string(text[:min(len(text), most)])
		}
	}
	if c.spec.TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError && c.exitCode != 0 {
		return c.log.tail(80, fallback)
	}
	return ""
}

// remove forgets a pod for good.
func (r *runtime) remove(uid types.UID) {
	r.stopSandboxes(uid)
	delete(r.pods, uid)
}
