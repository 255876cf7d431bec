package kubelet

import (
	"sort"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/api"
	"terrarium/sim/clock"
)

// statusManager keeps the newest status of each pod and brings it to the API server a moment later. When a pod that is
// being deleted has come to its end it lets the API server delete it.
type statusManager struct {
	k       *Kubelet
	entries map[types.UID]*statusEntry
	dirty   []types.UID
	flush   *clock.Timer
}

type statusEntry struct {
	status          corev1.PodStatus
	namespace, name string
	finished        bool // nothing of the pod runs or will
	resize          []corev1.PodCondition
}

// statusRetry is when a status is sent again that the API server did not take.
const statusRetry = 10 * time.Second

func newStatusManager(k *Kubelet) *statusManager {
	return &statusManager{k: k, entries: map[types.UID]*statusEntry{}}
}

func (m *statusManager) get(uid types.UID) (corev1.PodStatus, bool) {
	e := m.entries[uid]
	if e == nil {
		return corev1.PodStatus{}, false
	}
	return e.status, true
}

func (m *statusManager) forget(uid types.UID) { delete(m.entries, uid) }

// set notes the status of a pod and sends it if it is news. finished says that the pod has come to its end.
func (m *statusManager) set(pod *corev1.Pod, status corev1.PodStatus, finished bool) {
	now := m.k.Clock.Now()
	e := m.entries[pod.UID]
	old := pod.Status
	if e != nil {
		old = e.status
	}
	status = *status.DeepCopy()
	status.ObservedGeneration = max(pod.Generation, old.ObservedGeneration)
	for i := range status.Conditions {
		c := &status.Conditions[i]
		if !ownCondition(c.Type) {
			continue
		}
		c.LastTransitionTime = metav1.NewTime(now)
		if before := conditionOf(old.Conditions, c.Type); before != nil && before.Status == c.Status {
			c.LastTransitionTime = before.LastTransitionTime
		}
	}
	if old.StartTime != nil {
		status.StartTime = old.StartTime.DeepCopy()
	} else if status.StartTime == nil {
		t := metav1.NewTime(now)
		status.StartTime = &t
	}
	normalize(pod, &status)
	if e != nil && equality.Semantic.DeepEqual(e.status, status) && e.finished == finished && pod.DeletionTimestamp == nil {
		return
	}
	if e == nil {
		e = &statusEntry{}
		m.entries[pod.UID] = e
	}
	e.status, e.namespace, e.name, e.finished = status, pod.Namespace, pod.Name, finished || e.finished
	m.send(pod.UID, m.k.chance.Between(2*time.Millisecond, 8*time.Millisecond))
}

// normalize cuts times to whole seconds, as the API keeps them, and messages to what a status may hold.
func normalize(pod *corev1.Pod, s *corev1.PodStatus) {
	const all = 12 << 10
	each := all / max(1, len(pod.Spec.Containers)+len(pod.Spec.InitContainers)+len(pod.Spec.EphemeralContainers))
	second := func(t *metav1.Time) { *t = t.Rfc3339Copy() }
	state := func(c *corev1.ContainerState) {
		if c.Running != nil {
			second(&c.Running.StartedAt)
		}
		if t := c.Terminated; t != nil {
			second(&t.StartedAt)
			second(&t.FinishedAt)
			t.Message = t.Message[:min(len(t.Message), each)]
		}
	}
	second(s.StartTime)
	for i := range s.Conditions {
		second(&s.Conditions[i].LastTransitionTime)
	}
	for _, list := range [][]corev1.ContainerStatus{s.ContainerStatuses, s.InitContainerStatuses, s.EphemeralContainerStatuses} {
		for i := range list {
			state(&list[i].State)
			state(&list[i].LastTerminationState)
		}
	}
	sort.SliceStable(s.ContainerStatuses, func(i, j int) bool { return s.ContainerStatuses[i].Name < s.ContainerStatuses[j].Name })
}

// sandboxReady notes that the pod has its sandbox and address, before the first container is started.
func (m *statusManager) sandboxReady(pod *corev1.Pod) {
	e := m.entries[pod.UID]
	if e == nil {
		return
	}
	s := *e.status.DeepCopy()
	if c := conditionOf(s.Conditions, corev1.PodReadyToStartContainers); c != nil {
		c.Status, c.ObservedGeneration = corev1.ConditionTrue, pod.Generation
	}
	m.set(pod, s, false)
}

// terminate notes the last status of a pod: whatever of it was not seen to end counts as failed.
func (m *statusManager) terminate(pod *corev1.Pod) {
	s := pod.Status
	if e := m.entries[pod.UID]; e != nil {
		s = e.status
	}
	s = *s.DeepCopy()
	lost := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		Reason: statusUnknown, Message: "The container could not be located when the pod was terminated", ExitCode: 137,
	}}
	if initializedOnce(pod, &s) {
		for i := range s.ContainerStatuses {
			if s.ContainerStatuses[i].State.Terminated == nil {
				s.ContainerStatuses[i].State = lost
			}
		}
	}
	if !isTerminal(s.Phase) {
		s.Phase = corev1.PodFailed
	}
	m.set(pod, s, true)
}

// initializedOnce reports whether the pod's regular containers could ever be started.
func initializedOnce(pod *corev1.Pod, s *corev1.PodStatus) bool {
	if len(pod.Spec.InitContainers) == 0 {
		return true
	}
	for _, c := range s.ContainerStatuses {
		if c.LastTerminationState.Terminated != nil || c.State.Waiting == nil {
			return true
		}
	}
	last := statusNamed(s.InitContainerStatuses, pod.Spec.InitContainers[len(pod.Spec.InitContainers)-1].Name)
	return last != nil && (last.State.Terminated != nil && last.State.Terminated.ExitCode == 0 ||
		last.State.Running != nil && last.Started != nil && *last.Started)
}

// change applies f to the status of a container, found by its id.
func (m *statusManager) change(pod *corev1.Pod, id string, f func(*corev1.ContainerStatus) (news bool)) {
	e := m.entries[pod.UID]
	if e == nil {
		return
	}
	s := *e.status.DeepCopy()
	for _, list := range [][]corev1.ContainerStatus{s.ContainerStatuses, s.InitContainerStatuses} {
		for i := range list {
			if list[i].ContainerID != id || !f(&list[i]) {
				continue
			}
			all := append(append([]corev1.ContainerStatus{}, s.InitContainerStatuses...), s.ContainerStatuses...)
			ready := containersReady(pod, all, s.Phase)
			for _, c := range []corev1.PodCondition{readyCondition(pod, s.Conditions, ready), ready} {
				if at := conditionOf(s.Conditions, c.Type); at != nil {
					c.ObservedGeneration = pod.Generation
					c.LastTransitionTime = at.LastTransitionTime
					*at = c
				}
			}
			m.set(pod, s, false)
			return
		}
	}
}

// gatesChanged reports that the pod's Ready condition no longer agrees with its readiness gates.
func (m *statusManager) gatesChanged(pod *corev1.Pod) bool {
	if len(pod.Spec.ReadinessGates) == 0 {
		return false
	}
	all := append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...)
	want := readyCondition(pod, pod.Status.Conditions, containersReady(pod, all, pod.Status.Phase))
	have := conditionOf(pod.Status.Conditions, corev1.PodReady)
	return have != nil && (have.Status != want.Status || have.Message != want.Message)
}

func (m *statusManager) send(uid types.UID, after time.Duration) {
	for _, d := range m.dirty {
		if d == uid {
			return
		}
	}
	m.dirty = append(m.dirty, uid)
	if m.flush == nil {
		m.flush = m.k.Clock.After(after, m.sendAll)
	}
}

func (m *statusManager) sendAll() {
	m.flush = nil
	dirty := m.dirty
	m.dirty = nil
	for _, uid := range dirty {
		m.deliver(uid)
	}
}

// deliver writes one pod's status, and deletes the pod where it has come to its end.
func (m *statusManager) deliver(uid types.UID) {
	e := m.entries[uid]
	if e == nil {
		return
	}
	pod, err := api.Get[corev1.Pod](m.k.Client, e.namespace, e.name)
	if err != nil || m.k.ownUID(pod) != uid {
		return // deleted, perhaps made anew
	}
	merged := m.merge(pod, e)
	if !equality.Semantic.DeepEqual(pod.Status, merged) {
		changed := pod.DeepCopy()
		changed.Status = merged
		changed.ResourceVersion = ""
		if pod, err = api.UpdateStatus(m.k.Client, changed); err != nil {
			if !apierrors.IsNotFound(err) {
				m.send(uid, statusRetry)
			}
			return
		}
	}
	if e.finished && !isMirror(pod) && pod.DeletionTimestamp != nil && isTerminal(pod.Status.Phase) {
		zero := int64(0)
		api.Delete[corev1.Pod](m.k.Client, e.namespace, e.name, &metav1.DeleteOptions{
			GracePeriodSeconds: &zero, Preconditions: metav1.NewUIDPreconditions(string(uid)),
		})
	}
}

// merge puts the kubelet's status together with what others have written into the pod's.
func (m *statusManager) merge(pod *corev1.Pod, e *statusEntry) corev1.PodStatus {
	s := *e.status.DeepCopy()
	var conditions []corev1.PodCondition
	for _, c := range pod.Status.Conditions {
		if !ownCondition(c.Type) {
			conditions = append(conditions, c)
		}
	}
	for _, c := range s.Conditions {
		if ownCondition(c.Type) {
			conditions = append(conditions, c)
		}
	}
	s.Conditions = conditions
	s.ResourceClaimStatuses = pod.Status.ResourceClaimStatuses
	s.ExtendedResourceClaimStatus = pod.Status.ExtendedResourceClaimStatus
	s.NominatedNodeName = pod.Status.NominatedNodeName
	if !isTerminal(pod.Status.Phase) && isTerminal(s.Phase) && m.couldRun(m.k.ownUID(pod)) {
		s.Phase, s.Reason, s.Message = pod.Status.Phase, pod.Status.Reason, pod.Status.Message
	}
	if isTerminal(s.Phase) {
		why := "PodCompleted"
		if s.Phase == corev1.PodFailed {
			why = "PodFailed"
		}
		for _, t := range []corev1.PodConditionType{corev1.PodReady, corev1.ContainersReady} {
			if c := conditionOf(s.Conditions, t); c != nil && c.Status == corev1.ConditionTrue {
				c.Status, c.Reason, c.Message, c.LastTransitionTime = corev1.ConditionFalse, why, "", metav1.NewTime(m.k.Clock.Now()).Rfc3339Copy()
			}
		}
	}
	return s
}

// couldRun reports whether containers of the pod might still run.
func (m *statusManager) couldRun(uid types.UID) bool {
	w := m.k.workers[uid]
	return w != nil && w.phase < phaseTerminated
}

func (m *statusManager) resizeConditions(uid types.UID) []corev1.PodCondition {
	if e := m.entries[uid]; e != nil {
		return e.resize
	}
	return nil
}
