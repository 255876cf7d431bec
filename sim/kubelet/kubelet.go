// Package kubelet runs the pods of one node as the real kubelet does: it pulls images with the credentials that a pod may
// use, starts, restarts and stops containers, probes them, and reports each step in the pod's status and in events.
//
// It knows the API server through api.Client only. Registries, images' behaviour and addresses come from their packages;
// containers are simulated.
package kubelet

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/containers"
	"terrarium/sim/events"
	"terrarium/sim/network"
	"terrarium/sim/registry"
	"terrarium/sim/vfs"
)

// Config is what a kubelet is made of.
type Config struct {
	Clock  *clock.Clock
	Chance *chance.Source
	// Client has the identity system:node:NAME, in the group system:nodes.
	Client api.Client
	Node   Node
	World  *registry.World
	// Runtime is the container runtime that pulls; empty is containerd.
	Runtime registry.Runtime
	// Runner runs the commands of containers; nil is containers.Simple.
	Runner containers.Runner
	// Start is when the cluster was started, for faults of registries that come and go.
	Start time.Time
}

// Kubelet is the kubelet of one node.
type Kubelet struct {
	Config
	chance    *chance.Source
	recorder  *events.Recorder
	network   *network.Pods
	runtime   *runtime
	engine    *containers.Engine
	images    *imageManager
	pleg      *pleg
	statuses  *statusManager
	probes    *probeManager
	restarts  *backOff // of containers
	reasons   map[reasonKey]waiting
	pods      map[types.UID]*corev1.Pod
	workers   map[types.UID]*worker
	static    map[types.NamespacedName]*staticPod
	syncStart time.Time // the sync loop looks for pods that are due every second from here

	allocated   map[types.UID]map[string]corev1.ResourceRequirements // of pods that have been resized, by container
	resizing    map[types.UID]bool
	disk        *vfs.FS         // what volumes hold that containers share; nil until one needs it
	hostMade    map[string]bool // folders of the node that volumes have made
	shownImages []corev1.ContainerImage
	newImages   bool         // shownImages are not in the node's status yet
	seenNode    *corev1.Node // when its status was last compared
	reported    time.Time    // when its status was last written
	// unschedulable is what the node's spec said last.
	unschedulable bool
	began         time.Time // when Start was called
	stopped       bool
	unwatch       func()
}

// reasonKey is a container of a pod.
type reasonKey struct {
	uid       types.UID
	container string
}

// waiting is why a container could not be started.
type waiting struct{ reason, message string }

// How long a container that keeps ending waits for its restart.
const (
	restartBackOffInitial = 10 * time.Second
	restartBackOffMax     = 300 * time.Second
)

// New returns a kubelet that has not started. The error is about the node's configuration.
func New(c Config) (*Kubelet, error) {
	c.Node.complete()
	if c.Runtime == "" {
		c.Runtime = registry.Containerd
	}
	pods, err := network.NewPods(c.Node.PodCIDR)
	if err != nil {
		return nil, err
	}
	k := &Kubelet{
		Config: c, chance: c.Chance.Fork("kubelet/" + c.Node.Name), network: pods,
		engine:   &containers.Engine{Clock: c.Clock, Runner: c.Runner},
		restarts: newBackOff(c.Clock, restartBackOffInitial, restartBackOffMax),
		reasons:  map[reasonKey]waiting{}, pods: map[types.UID]*corev1.Pod{}, workers: map[types.UID]*worker{}, static: map[types.NamespacedName]*staticPod{},
		allocated: map[types.UID]map[string]corev1.ResourceRequirements{}, resizing: map[types.UID]bool{}, hostMade: map[string]bool{},
	}
	k.recorder = events.New(events.Config{Clock: c.Clock, Chance: c.Chance, Client: c.Client, Component: "kubelet", Host: c.Node.Name})
	k.syncStart = c.Clock.Now().Add(k.chance.Between(0, time.Second))
	k.runtime, k.images, k.pleg = newRuntime(k), newImageManager(k), newPLEG(k)
	k.statuses, k.probes = newStatusManager(k), newProbeManager(k)
	return k, nil
}

// Start registers the node and begins to work. The error is the API server's.
func (k *Kubelet) Start() error {
	k.began = k.Clock.Now()
	if err := k.preload(); err != nil {
		return err
	}
	if err := k.register(); err != nil {
		return err
	}
	var err error
	if k.unwatch, err = api.Watch(k.Client, k.podChanged); err != nil {
		return err
	}
	return k.startStatic()
}

// Stop ends the kubelet's work; containers go on, as they do without one.
func (k *Kubelet) Stop() {
	k.stopped = true
	if k.unwatch != nil {
		k.unwatch()
	}
}

// podChanged is called for every change of every pod.
func (k *Kubelet) podChanged(kind watch.EventType, pod, _ *corev1.Pod) {
	if pod.Spec.NodeName != k.Node.Name {
		return
	}
	if isMirror(pod) {
		k.mirrorChanged(kind, pod)
		return
	}
	before, known := k.pods[pod.UID]
	switch {
	case kind == watch.Deleted:
		if known {
			delete(k.pods, pod.UID)
			k.remove(pod)
		}
	case !known:
		k.pods[pod.UID] = pod
		k.add(pod)
	default:
		k.pods[pod.UID] = pod
		if differs(before, pod) {
			k.resized(before, pod)
			k.worker(pod).update(pod, updatePod)
		} else if k.statuses.gatesChanged(pod) {
			k.worker(pod).update(pod, updatePod)
		}
	}
}

// differs tells changes of what a pod should be from changes of its status, which are the kubelet's own.
func differs(a, b *corev1.Pod) bool {
	return !equality.Semantic.DeepEqual(a.Spec, b.Spec) ||
		!equality.Semantic.DeepEqual(a.Labels, b.Labels) ||
		!equality.Semantic.DeepEqual(a.Annotations, b.Annotations) ||
		!equality.Semantic.DeepEqual(a.DeletionTimestamp, b.DeletionTimestamp) ||
		!equality.Semantic.DeepEqual(a.DeletionGracePeriodSeconds, b.DeletionGracePeriodSeconds)
}

func (k *Kubelet) add(pod *corev1.Pod) {
	if pod.DeletionTimestamp == nil && !isTerminal(pod.Status.Phase) {
		if reason, message, ok := k.admit(pod); !ok {
			k.reject(pod, reason, message)
			return
		}
	}
	k.worker(pod).update(pod, updatePod)
}

// remove ends a pod that is no longer in the API.
func (k *Kubelet) remove(pod *corev1.Pod) {
	w := k.workers[pod.UID]
	if w == nil {
		k.forget(pod.UID)
		return
	}
	w.update(pod, killPod)
	if w.phase == phaseFinished {
		k.forget(pod.UID)
	}
}

// forget drops everything that is known of a pod.
func (k *Kubelet) forget(uid types.UID) {
	if w := k.workers[uid]; w != nil {
		w.resync.Stop()
		w.limit.Stop()
		w.volumes.stop()
	}
	delete(k.workers, uid)
	delete(k.allocated, uid)
	delete(k.resizing, uid)
	k.runtime.remove(uid)
	if k.disk != nil {
		k.disk.RemoveAll("/pods/" + string(uid))
	}
	k.statuses.forget(uid)
	for key := range k.reasons {
		if key.uid == uid {
			delete(k.reasons, key)
		}
	}
}

func (k *Kubelet) worker(pod *corev1.Pod) *worker {
	w := k.workers[pod.UID]
	if w == nil {
		w = &worker{k: k, uid: pod.UID}
		k.workers[pod.UID] = w
	}
	return w
}

// syncPod asks for a step of a pod's worker.
func (k *Kubelet) syncPod(uid types.UID) {
	pod, w := k.pods[uid], k.workers[uid]
	if pod != nil && w != nil {
		w.update(pod, updatePod)
	}
}

// active are the pods that take up the node's resources, the oldest first.
func (k *Kubelet) active() []*corev1.Pod {
	var out []*corev1.Pod
	for uid, pod := range k.pods {
		if w := k.workers[uid]; w != nil && w.phase < phaseTerminated && !isTerminal(pod.Status.Phase) {
			out = append(out, pod)
		}
	}
	slices.SortFunc(out, func(a, b *corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.UID, b.UID))
	})
	return out
}

func (k *Kubelet) event(about corev1.ObjectReference, kind, reason, message string) {
	k.recorder.Event(about, kind, reason, message)
}

// aboutPod is a pod as events refer to it.
func aboutPod(pod *corev1.Pod) corev1.ObjectReference { return events.About("v1", "Pod", pod, "") }

// aboutContainer is a container of a pod as events refer to it.
func aboutContainer(pod *corev1.Pod, name string) corev1.ObjectReference {
	field := ""
	for _, c := range pod.Spec.Containers {
		if c.Name == name {
			field = "spec.containers{" + name + "}"
		}
	}
	for _, c := range pod.Spec.InitContainers {
		if c.Name == name {
			field = "spec.initContainers{" + name + "}"
		}
	}
	for _, c := range pod.Spec.EphemeralContainers {
		if c.Name == name {
			field = "spec.ephemeralContainers{" + name + "}"
		}
	}
	return events.About("v1", "Pod", pod, field)
}
