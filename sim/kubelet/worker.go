package kubelet

import (
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/clock"
)

// worker drives one pod through its life: syncing, until it is asked to end or has ended by itself; terminating, until
// no container runs; terminated, until nothing is left to clean up. It makes one step at a time. What comes in meanwhile
// waits as one pending update.
type worker struct {
	k       *Kubelet
	uid     types.UID
	pod     *corev1.Pod // of the last update that was taken up
	pending *corev1.Pod
	phase   workerPhase
	working bool

	removed  bool  // from the API
	grace    int64 // seconds; 0 while nobody has asked for the end
	kill     *killing
	lastSync time.Time
	resync   *clock.Timer
	limit    *clock.Timer // the pod's active deadline
	cancel   func()       // ends what the present step waits for, where that can be given up
	volumes  *volumes
}

type workerPhase int

const (
	phaseSyncing workerPhase = iota
	phaseTerminating
	phaseTerminated
	phaseFinished
)

// How soon a worker comes back to a pod.
const (
	resyncPeriod       = time.Minute      // after a step that went well
	retryPeriod        = 10 * time.Second // after one that failed
	networkRetryPeriod = time.Second      // while the node has no network
	jitterFactor       = 0.5
)

// wakeTime is the longest that a worker takes to wake up.
const wakeTime = 2 * time.Millisecond

// updateKind is why a worker gets an update.
type updateKind int

const (
	updatePod updateKind = iota // the pod has changed, or it is time to look
	killPod                     // it is no longer in the API
)

// update hands the worker a pod and wakes it.
func (w *worker) update(pod *corev1.Pod, kind updateKind) {
	if w.phase == phaseFinished {
		return
	}
	if w.phase == phaseSyncing && (pod.DeletionTimestamp != nil || kind == killPod || isTerminal(pod.Status.Phase)) {
		w.becomeTerminating()
	}
	if kind == killPod {
		w.removed = true
	}
	if w.phase == phaseTerminating {
		w.shorten(pod)
	}
	w.pending = pod
	w.wake()
}

func (w *worker) becomeTerminating() {
	w.phase = phaseTerminating
	if w.cancel != nil {
		w.cancel()
	}
}

// shorten sets the grace period, which can only get shorter and is never below a second.
func (w *worker) shorten(pod *corev1.Pod) {
	before := w.grace
	overridden := false
	if g := pod.DeletionGracePeriodSeconds; g != nil && (w.grace == 0 || *g < w.grace) {
		w.grace, overridden = *g, true
	}
	if g := pod.Spec.TerminationGracePeriodSeconds; !overridden && w.grace == 0 && g != nil {
		w.grace = *g
	}
	w.grace = max(w.grace, 1)
	if before != 0 && before != w.grace && w.kill != nil {
		w.kill.shorten(time.Duration(w.grace) * time.Second)
	}
}

func isTerminal(phase corev1.PodPhase) bool {
	return phase == corev1.PodFailed || phase == corev1.PodSucceeded
}

// wake starts a step unless one is being made.
func (w *worker) wake() {
	if w.working {
		return
	}
	w.working = true
	w.k.Clock.After(w.k.chance.Between(0, wakeTime), w.step)
}

// step takes up the pending update and acts on it as soon as the runtime has been looked at since the last step.
func (w *worker) step() {
	if w.pending == nil {
		w.working = false
		return
	}
	w.pod, w.pending = w.pending, nil
	phase := w.phase
	w.k.pleg.whenNewer(w.uid, w.lastSync, func(seen *podStatus) {
		switch phase {
		case phaseSyncing:
			(&syncing{worker: w, seen: seen}).run()
		case phaseTerminating:
			w.terminate(seen)
		default:
			w.cleanUp(seen)
		}
	})
}

// completeSync ends a step of the syncing phase. terminal says that the pod has ended by itself.
func (w *worker) completeSync(err error, terminal, acted bool) {
	w.lastSync = w.k.Clock.Now()
	if err == nil && acted {
		w.k.pleg.relistNow(w.uid)
	}
	if err == nil && terminal && w.phase == phaseSyncing {
		w.becomeTerminating()
		w.shorten(w.pod)
	}
	if terminal && w.pending == nil {
		w.pending = w.pod
	}
	w.complete(err, terminal)
}

// complete plans the next step.
func (w *worker) complete(err error, transition bool) {
	switch {
	case transition:
		w.later(0)
	case err == nil:
		w.later(w.jitter(resyncPeriod))
	case errors.Is(err, errNetworkNotReady):
		w.later(w.jitter(networkRetryPeriod))
	default:
		wait := retryPeriod
		var b *backOffError
		if errors.As(err, &b) {
			wait = min(max(0, b.until.Sub(w.k.Clock.Now())), resyncPeriod)
		}
		w.later(w.jitter(wait))
	}
	w.working = false
	if w.pending != nil {
		w.working = true
		w.step()
	}
}

// jitter adds up to half of d. The mean of three draws keeps it near the middle, so that most sessions see what is usual.
func (w *worker) jitter(d time.Duration) time.Duration {
	draw := (w.k.chance.Float64() + w.k.chance.Float64() + w.k.chance.Float64()) / 3
	return d + time.Duration(draw*jitterFactor*float64(d))
}

// later plans a sync at the first tick of the sync loop after d.
func (w *worker) later(d time.Duration) {
	w.resync.Stop()
	at := nextTick(w.k.syncStart, w.k.Clock.Now().Add(d))
	w.resync = w.k.Clock.At(at, func() { w.k.syncPod(w.uid) })
}

// backOffError says that a container waits for its restart.
type backOffError struct {
	error
	until time.Time
}

func (e *backOffError) Unwrap() error { return e.error }
