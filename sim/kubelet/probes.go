package kubelet

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"terrarium/sim/clock"
)

// probeKind is one of a container's three probes.
type probeKind int

const (
	liveness probeKind = iota
	readiness
	startup
)

func (k probeKind) String() string { return [...]string{"Liveness", "Readiness", "Startup"}[k] }

// probeResult is what a probe has come to.
type probeResult int

const (
	probeUnknown probeResult = iota
	probeSuccess
	probeFailure
)

// probeManager runs the probes of the node's containers.
type probeManager struct {
	k       *Kubelet
	probers map[probeKey]*prober
	results map[resultKey]probeResult
}

type probeKey struct {
	uid       types.UID
	container string
	kind      probeKind
}

type resultKey struct {
	kind probeKind
	id   string // of the container, as the runtime names it
}

func newProbeManager(k *Kubelet) *probeManager {
	return &probeManager{k: k, probers: map[probeKey]*prober{}, results: map[resultKey]probeResult{}}
}

// result is what is known of a container's probe.
func (m *probeManager) result(kind probeKind, id string) (probeResult, bool) {
	r, ok := m.results[resultKey{kind, id}]
	return r, ok
}

func (m *probeManager) failed(kind probeKind, id string) bool {
	r, _ := m.result(kind, id)
	return r == probeFailure
}

// add begins to probe the containers of a pod.
func (m *probeManager) add(pod *corev1.Pod) {
	each := func(c *corev1.Container) {
		m.begin(pod, c, startup, c.StartupProbe)
		m.begin(pod, c, readiness, c.ReadinessProbe)
		m.begin(pod, c, liveness, c.LivenessProbe)
	}
	for i := range pod.Spec.Containers {
		each(&pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; isSidecar(c) {
			each(c)
		}
	}
}

func (m *probeManager) begin(pod *corev1.Pod, c *corev1.Container, kind probeKind, spec *corev1.Probe) {
	key := probeKey{pod.UID, c.Name, kind}
	if spec == nil || m.probers[key] != nil {
		return
	}
	p := &prober{m: m, key: key, container: c, spec: spec}
	m.probers[key] = p
	p.next = m.k.Clock.After(time.Millisecond, p.tick)
}

// stop ends probes of a pod.
func (m *probeManager) stop(uid types.UID, kinds ...probeKind) {
	for key, p := range m.probers {
		for _, kind := range kinds {
			if key.uid == uid && key.kind == kind {
				p.stop()
			}
		}
	}
}

// updateStatus fills in which containers have started and are ready.
func (m *probeManager) updateStatus(pod *corev1.Pod, s *corev1.PodStatus) {
	for i := range s.ContainerStatuses {
		m.updateContainer(pod, &s.ContainerStatuses[i])
	}
	for i := range s.InitContainerStatuses {
		c := &s.InitContainerStatuses[i]
		if isSidecar(&pod.Spec.InitContainers[i]) {
			m.updateContainer(pod, c)
			continue
		}
		started := c.State.Running != nil
		c.Started = &started
		c.Ready = c.State.Terminated != nil && c.State.Terminated.ExitCode == 0
	}
}

func (m *probeManager) updateContainer(pod *corev1.Pod, c *corev1.ContainerStatus) {
	id := bareID(c.ContainerID)
	started := c.State.Running != nil
	if started && m.probers[probeKey{pod.UID, c.Name, startup}] != nil {
		r, _ := m.result(startup, id)
		started = r == probeSuccess
	}
	c.Started, c.Ready = &started, false
	if !started || c.State.Running == nil {
		return
	}
	p := m.probers[probeKey{pod.UID, c.Name, readiness}]
	r, _ := m.result(readiness, id)
	c.Ready = p == nil || r == probeSuccess
	if p != nil && r != probeSuccess {
		p.now() // so that it becomes ready as soon as it can
	}
}

func bareID(id string) string {
	_, bare, _ := strings.Cut(id, "://")
	return bare
}

// prober is one probe of one container.
type prober struct {
	m         *probeManager
	key       probeKey
	container *corev1.Container
	spec      *corev1.Probe
	id        string // of the container that is probed
	last      probeResult
	run       int // of the same result
	onHold    bool
	next      *clock.Timer
	stopped   bool
	busy      bool
}

func (p *prober) stop() {
	p.stopped = true
	p.next.Stop()
	delete(p.m.probers, p.key)
	delete(p.m.results, resultKey{p.key.kind, p.id})
}

// now probes out of turn.
func (p *prober) now() {
	if p.busy || p.stopped {
		return
	}
	p.next.Stop()
	p.next = p.m.k.Clock.After(2*time.Millisecond, p.tick)
}

func (p *prober) tick() {
	if p.stopped {
		return
	}
	period := time.Duration(max(1, p.spec.PeriodSeconds)) * time.Second
	p.next = p.m.k.Clock.After(period, p.tick)
	if !p.busy && !p.probe() {
		p.stop()
	}
}

// probe probes once, if it is time; false where there is nothing left to probe.
func (p *prober) probe() bool {
	k := p.m.k
	pod := k.pods[p.key.uid]
	status, ok := k.statuses.get(p.key.uid)
	if pod == nil {
		return false
	}
	if !ok {
		return true
	}
	if isTerminal(status.Phase) {
		return false
	}
	c := statusNamed(append(append([]corev1.ContainerStatus{}, status.ContainerStatuses...), status.InitContainerStatuses...), p.key.container)
	if c == nil || c.ContainerID == "" {
		return true
	}
	if id := bareID(c.ContainerID); id != p.id {
		delete(p.m.results, resultKey{p.key.kind, p.id})
		p.id, p.onHold = id, false
		p.m.results[resultKey{p.key.kind, id}] = initialResult(p.key.kind)
	}
	if p.onHold {
		return true
	}
	if c.State.Running == nil {
		p.set(pod, probeFailure)
		return c.State.Terminated == nil || restartsAfter(pod, p.container, c.State.Terminated.ExitCode)
	}
	if pod.DeletionTimestamp != nil && p.key.kind != readiness {
		p.set(pod, probeSuccess)
		return false
	}
	if k.Clock.Since(c.State.Running.StartedAt.Time) < time.Duration(p.spec.InitialDelaySeconds)*time.Second {
		return true
	}
	if started := c.Started != nil && *c.Started; started == (p.key.kind == startup) {
		return true
	}
	running := k.runtime.find(pod.UID, p.id)
	if running == nil || running.state != stateRunning {
		return true
	}
	p.busy = true
	p.ask(running, status.PodIP, func(ok bool, output string) {
		p.busy = false
		if !p.stopped {
			p.judge(pod, ok, output)
		}
	})
	return true
}

// initialResult is what counts until a container has been probed often enough.
func initialResult(kind probeKind) probeResult {
	switch kind {
	case readiness:
		return probeFailure
	case liveness:
		return probeSuccess
	}
	return probeUnknown
}

// judge counts a result and acts when there are enough of a kind.
func (p *prober) judge(pod *corev1.Pod, ok bool, output string) {
	result := probeSuccess
	if !ok {
		result = probeFailure
		p.m.k.event(aboutContainer(pod, p.key.container), corev1.EventTypeWarning, "Unhealthy", fmt.Sprintf("%s probe failed: %s", p.key.kind, output))
	}
	if p.last == result {
		p.run++
	} else {
		p.last, p.run = result, 1
	}
	if result == probeFailure && p.run < int(p.spec.FailureThreshold) || result == probeSuccess && p.run < int(p.spec.SuccessThreshold) {
		return
	}
	p.set(pod, result)
	if p.key.kind == liveness && result == probeFailure || p.key.kind == startup {
		p.onHold, p.run = true, 0
	}
}

// set notes a result and, where it is news, asks for a sync.
func (p *prober) set(pod *corev1.Pod, result probeResult) {
	k := p.m.k
	key := resultKey{p.key.kind, p.id}
	if before, ok := p.m.results[key]; ok && before == result {
		return
	}
	p.m.results[key] = result
	id := string(k.Runtime) + "://" + p.id
	if now := k.pods[pod.UID]; now != nil {
		pod = now
	}
	switch p.key.kind {
	case readiness:
		ready := result == probeSuccess
		k.statuses.change(pod, id, func(c *corev1.ContainerStatus) bool {
			news := c.Ready != ready
			c.Ready = ready
			return news
		})
	case startup:
		started := result == probeSuccess
		k.statuses.change(pod, id, func(c *corev1.ContainerStatus) bool {
			news := c.Started == nil || *c.Started != started
			c.Started = &started
			return news
		})
	case liveness:
		if result != probeFailure {
			return
		}
	}
	k.syncPod(pod.UID)
}

// ask puts the probe's question to the container.
func (p *prober) ask(c *container, ip string, done func(ok bool, output string)) {
	k := p.m.k
	limit := time.Duration(max(1, p.spec.TimeoutSeconds)) * time.Second
	answer := func(ok bool, output string) {
		k.Clock.After(3*time.Millisecond, func() { done(ok, output) })
	}
	switch {
	case p.spec.Exec != nil:
		k.execInContainer(c, p.spec.Exec.Command, limit, func(output string, code int, err error) {
			switch {
			case err == errTimeout:
				done(false, fmt.Sprintf("command timed out: %q timed out after %v", command(p.spec.Exec.Command), limit))
			case err != nil:
				done(false, "rpc error: code = Unknown desc = "+err.Error())
			default:
				done(code == 0, output)
			}
		})
	case p.spec.HTTPGet != nil:
		ok, output := askHTTP(c, p.spec.HTTPGet, ip)
		answer(ok, output)
	case p.spec.TCPSocket != nil:
		host := p.spec.TCPSocket.Host
		if host == "" {
			host = ip
		}
		port, err := portNumber(p.spec.TCPSocket.Port, p.container)
		if err != nil {
			answer(false, err.Error())
			return
		}
		if _, listens := c.process.Get(port, "/"); !listens {
			answer(false, fmt.Sprintf("dial tcp %s:%d: connect: connection refused", host, port))
			return
		}
		answer(true, "")
	case p.spec.GRPC != nil:
		if _, listens := c.process.Get(p.spec.GRPC.Port, "/"); !listens {
			answer(false, fmt.Sprintf("timeout: failed to connect service \"%s:%d\" within %v: context deadline exceeded", ip, p.spec.GRPC.Port, limit))
			return
		}
		answer(true, "")
	default:
		answer(true, "")
	}
}

func askHTTP(c *container, get *corev1.HTTPGetAction, ip string) (ok bool, output string) {
	host := get.Host
	if host == "" {
		host = ip
	}
	port, err := portNumber(get.Port, c.spec)
	if err != nil {
		return false, err.Error()
	}
	path := get.Path
	if path == "" {
		path = "/"
	} else if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	at := fmt.Sprintf("%s://%s:%d%s", strings.ToLower(string(get.Scheme)), host, port, path)
	bare, _, _ := strings.Cut(path, "?")
	page, listens := c.process.Get(port, bare)
	switch {
	case !listens:
		return false, fmt.Sprintf("Get %q: dial tcp %s:%d: connect: connection refused", at, host, port)
	case page.Status == 0:
		return false, fmt.Sprintf("Get %q: EOF", at)
	case page.Status < 200 || page.Status >= 400:
		return false, fmt.Sprintf("HTTP probe failed with statuscode: %d", page.Status)
	}
	return true, ""
}

// portNumber resolves a port by number or by its name in the container.
func portNumber(port intstr.IntOrString, c *corev1.Container) (int32, error) {
	if port.Type == intstr.Int {
		return port.IntVal, nil
	}
	for _, p := range c.Ports {
		if p.Name == port.StrVal {
			return p.ContainerPort, nil
		}
	}
	return 0, fmt.Errorf("strconv.Atoi: parsing %q: invalid syntax", port.StrVal)
}
