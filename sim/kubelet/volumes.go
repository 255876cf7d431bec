package kubelet

import (
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/api"
	"terrarium/sim/clock"
)

// How volumes are mounted: the kubelet looks every mountPoll whether they are there, for mountLimit at most; one that
// cannot be mounted is tried again after mountRetry, doubled each time up to mountRetryMax.
const (
	mountPoll     = 300 * time.Millisecond
	mountLimit    = 2*time.Minute + 3*time.Second
	mountRetry    = 500 * time.Millisecond
	mountRetryMax = 2*time.Minute + 2*time.Second
)

// volumes mounts the volumes of one pod.
type volumes struct {
	k       *Kubelet
	pod     *corev1.Pod
	mounted map[string]mounted
	fails   map[string]int
	timers  []*clock.Timer
	waiting *mountWait
}

// mounted is what a volume holds.
type mounted struct {
	files    map[string]mountedFile // by path below the volume; nil for volumes that containers share
	shared   string                 // the name by which containers, perhaps of several pods, share it
	readOnly bool
	image    bool
}

type mountedFile struct {
	data  []byte
	mode  int32
	token *corev1.ServiceAccountTokenProjection // instead of data
}

// mountWait is a sync that waits for the volumes.
type mountWait struct {
	began time.Time
	limit *clock.Timer
	done  func(error)
}

func newVolumes(k *Kubelet, pod *corev1.Pod) *volumes {
	v := &volumes{k: k, pod: pod, mounted: map[string]mounted{}, fails: map[string]int{}}
	for i := range pod.Spec.Volumes {
		vol := &pod.Spec.Volumes[i]
		v.timers = append(v.timers, k.Clock.After(k.chance.Between(60*time.Millisecond, 200*time.Millisecond), func() { v.try(vol) }))
	}
	return v
}

// try mounts one volume, and plans another attempt where that fails.
func (v *volumes) try(vol *corev1.Volume) {
	m, err := v.k.mount(v.pod, vol)
	if err == nil {
		v.mounted[vol.Name] = m
		v.changed()
		return
	}
	n := v.fails[vol.Name]
	v.fails[vol.Name] = n + 1
	var claim *claimError
	if errors.As(err, &claim) {
		v.fail(fmt.Errorf("unmounted volumes=[%s], unattached volumes=[], failed to process volumes=[%s]: %w", vol.Name, vol.Name, err))
	} else {
		v.k.event(aboutPod(v.pod), corev1.EventTypeWarning, "FailedMount", fmt.Sprintf("MountVolume.SetUp failed for volume %q : %v", vol.Name, err))
	}
	wait := mountRetryMax
	if n < 8 {
		wait = min(mountRetry<<n, mountRetryMax)
	}
	v.timers = append(v.timers[:0:0], append(v.timers, v.k.Clock.After(wait, func() { v.try(vol) }))...)
}

// fail ends the wait with an error that is worth an event.
func (v *volumes) fail(err error) {
	if w := v.waiting; w != nil {
		v.waiting = nil
		w.limit.Stop()
		v.k.event(aboutPod(v.pod), corev1.EventTypeWarning, "FailedMount", "Unable to attach or mount volumes: "+err.Error())
		w.done(err)
	}
}

func (v *volumes) complete() bool { return len(v.mounted) == len(v.pod.Spec.Volumes) }

// changed lets the wait end, at the next look, if all volumes are there.
func (v *volumes) changed() {
	w := v.waiting
	if w == nil || !v.complete() {
		return
	}
	v.waiting = nil
	w.limit.Stop()
	since := v.k.Clock.Since(w.began)
	next := (since/mountPoll + 1) * mountPoll
	v.k.Clock.After(next-since, func() { w.done(nil) })
}

// wait calls done as soon as all volumes are mounted, or with an error when that takes too long. The function that it
// returns gives the wait up.
func (v *volumes) wait(done func(error)) (cancel func()) {
	over := false
	once := func(err error) {
		if !over {
			over = true
			done(err)
		}
	}
	if v.complete() {
		once(nil)
		return nil
	}
	w := &mountWait{began: v.k.Clock.Now(), done: once}
	giveUp := func(err error) func() {
		return func() {
			if v.waiting == w {
				v.waiting = nil
			}
			w.limit.Stop()
			once(err)
		}
	}
	w.limit = v.k.Clock.After(mountLimit, giveUp(errors.New("context deadline exceeded")))
	v.waiting = w
	return giveUp(errors.New("context canceled"))
}

// stop ends all attempts.
func (v *volumes) stop() {
	if v == nil {
		return
	}
	for _, t := range v.timers {
		t.Stop()
	}
}

// claimError is a claim that cannot be used.
type claimError struct{ error }

// mount prepares what a volume holds.
func (k *Kubelet) mount(pod *corev1.Pod, vol *corev1.Volume) (mounted, error) {
	switch {
	case vol.ConfigMap != nil:
		files, err := k.configMapFiles(pod, vol.ConfigMap.Name, vol.ConfigMap.Items, vol.ConfigMap.Optional, modeOf(vol.ConfigMap.DefaultMode))
		return mounted{files: files, readOnly: true}, err
	case vol.Secret != nil:
		files, err := k.secretFiles(pod, vol.Secret.SecretName, vol.Secret.Items, vol.Secret.Optional, modeOf(vol.Secret.DefaultMode))
		return mounted{files: files, readOnly: true}, err
	case vol.DownwardAPI != nil:
		files, err := k.downwardFiles(pod, vol.DownwardAPI.Items, modeOf(vol.DownwardAPI.DefaultMode))
		return mounted{files: files, readOnly: true}, err
	case vol.Projected != nil:
		files, err := k.projectedFiles(pod, vol.Projected)
		return mounted{files: files, readOnly: true}, err
	case vol.EmptyDir != nil:
		return mounted{shared: "pods/" + string(pod.UID) + "/" + vol.Name}, nil
	case vol.HostPath != nil:
		return k.mountHostPath(vol.HostPath)
	case vol.PersistentVolumeClaim != nil:
		return k.mountClaim(pod, vol.PersistentVolumeClaim)
	case vol.CSI != nil:
		return mounted{}, fmt.Errorf("kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name %s not found in the list of registered CSI drivers", vol.CSI.Driver)
	}
	return mounted{shared: "pods/" + string(pod.UID) + "/" + vol.Name}, nil
}

func modeOf(mode *int32) int32 {
	if mode == nil {
		return 0o644
	}
	return *mode
}

func (k *Kubelet) mountHostPath(h *corev1.HostPathVolumeSource) (mounted, error) {
	m := mounted{shared: "host" + h.Path}
	if h.Type == nil {
		return m, nil
	}
	there := k.hostHas(h.Path)
	switch *h.Type {
	case corev1.HostPathDirectory:
		if !there {
			return m, fmt.Errorf("hostPath type check failed: %s is not a directory", h.Path)
		}
	case corev1.HostPathFile:
		if !there {
			return m, fmt.Errorf("hostPath type check failed: %s is not a file", h.Path)
		}
	case corev1.HostPathSocket:
		if !strings.HasSuffix(h.Path, ".sock") {
			return m, fmt.Errorf("hostPath type check failed: %s is not a socket file", h.Path)
		}
	}
	return m, nil
}

// hostHas reports whether a path is on the node's disk.
func (k *Kubelet) hostHas(path string) bool {
	for _, known := range []string{"/", "/etc", "/var", "/var/log", "/var/lib", "/var/lib/kubelet", "/tmp", "/home", "/root", "/opt", "/usr", "/proc", "/sys", "/dev", "/run", "/etc/kubernetes", "/etc/kubernetes/pki", "/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/ca-certificates", "/lib/modules", "/var/lib/etcd", "/run/containerd", "/var/run", "/var/log/pods", "/var/lib/containerd"} {
		if strings.TrimSuffix(path, "/") == known || path == known {
			return true
		}
	}
	return k.hostMade[path]
}

func (k *Kubelet) mountClaim(pod *corev1.Pod, source *corev1.PersistentVolumeClaimVolumeSource) (mounted, error) {
	fail := func(format string, args ...any) (mounted, error) {
		text := fmt.Sprintf(format, args...)
		return mounted{}, &claimError{fmt.Errorf("error processing PVC %s/%s: %s", pod.Namespace, source.ClaimName, text)}
	}
	claim, err := api.Get[corev1.PersistentVolumeClaim](k.Client, pod.Namespace, source.ClaimName)
	if err != nil {
		return fail("failed to fetch PVC from API server: %v", err)
	}
	if claim.Status.Phase != corev1.ClaimBound || claim.Spec.VolumeName == "" {
		return fail("PVC is not bound")
	}
	pv, err := api.Get[corev1.PersistentVolume](k.Client, "", claim.Spec.VolumeName)
	if err != nil {
		return fail("failed to get PV %q: %v", claim.Spec.VolumeName, err)
	}
	m := mounted{shared: "pv/" + pv.Name, readOnly: source.ReadOnly}
	switch {
	case pv.Spec.HostPath != nil:
		m.shared = "host" + pv.Spec.HostPath.Path
	case pv.Spec.Local != nil:
		if !k.hostHas(pv.Spec.Local.Path) {
			return mounted{}, fmt.Errorf("path %q does not exist", pv.Spec.Local.Path)
		}
		m.shared = "host" + pv.Spec.Local.Path
	}
	return m, nil
}
