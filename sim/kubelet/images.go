package kubelet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/credentials"
	"terrarium/sim/reference"
	"terrarium/sim/registry"
)

// reason is an error that a container's state shows as its waiting reason.
type reason string

func (r reason) Error() string { return string(r) }

// The reasons for which a container waits for its image.
const (
	errImagePull         reason = "ErrImagePull"
	errImagePullBackOff  reason = "ImagePullBackOff"
	errInvalidImageName  reason = "InvalidImageName"
	errImageNeverPull    reason = "ErrImageNeverPull"
	errRegistryDown      reason = "RegistryUnavailable"
	errSignatureRejected reason = "SignatureValidationFailed"
)

// How long the kubelet waits before it pulls an image again that it could not pull.
const (
	imageBackOffInitial = 10 * time.Second
	imageBackOffMax     = 300 * time.Second
)

// imageManager brings images to the node for pods that may have them.
type imageManager struct {
	k       *Kubelet
	store   *imageStore
	records *pullRecords
	backOff *backOff
	errors  map[string]string // of the last pull, by back-off key
	puller  puller
}

func newImageManager(k *Kubelet) *imageManager {
	m := &imageManager{
		k: k, store: newImageStore(), records: newPullRecords(),
		backOff: newBackOff(k.Clock, imageBackOffInitial, imageBackOffMax), errors: map[string]string{},
	}
	m.puller.m = m
	return m
}

// imageRequest is a container's wish for its image.
type imageRequest struct {
	about   corev1.ObjectReference
	pod     *corev1.Pod
	image   string // as the pod names it
	policy  corev1.PullPolicy
	secrets []*corev1.Secret
	// done gets the image, or why there is none: err is the waiting reason, message its explanation.
	done func(img *storedImage, message string, err error)

	ref    reference.Reference
	logins func() ([]credentials.Login, error)
}

// ensure sees to it that the image is on the node and may be used by the pod.
func (m *imageManager) ensure(r *imageRequest) {
	ref, err := reference.Parse(r.image)
	if err != nil {
		msg := fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name %q: %v", r.image, r.image, err)
		m.k.event(r.about, corev1.EventTypeWarning, "InspectFailed", msg)
		r.done(nil, msg, errInvalidImageName)
		return
	}
	r.ref = ref.WithDefaultTag()
	r.logins = m.lookup(r)
	if r.policy == corev1.PullAlways {
		m.pull(r)
		return
	}
	img := m.store.find(r.ref)
	if img != nil {
		must, err := m.records.mustPull(r.image, img.ID, r.logins)
		if err != nil {
			r.done(nil, err.Error(), err)
			return
		}
		if !must {
			m.k.event(r.about, corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Container image %q already present on machine and can be accessed by the pod", r.image))
			r.done(img, "", nil)
			return
		}
	}
	if r.policy == corev1.PullNever {
		// An image that the pod may not use is as good as none: its presence is not given away.
		msg := fmt.Sprintf("Container image %q is not present with pull policy of Never", r.image)
		m.k.event(r.about, corev1.EventTypeWarning, "ErrImageNeverPull", msg)
		r.done(nil, msg, errImageNeverPull)
		return
	}
	m.pull(r)
}

// lookup reads the pod's credentials for the image, once and only if they are needed.
func (m *imageManager) lookup(r *imageRequest) func() ([]credentials.Login, error) {
	var logins []credentials.Login
	var err error
	done := false
	return func() ([]credentials.Login, error) {
		if !done {
			done = true
			var ring *credentials.Keyring
			if ring, err = credentials.FromSecrets(r.secrets); err == nil {
				logins = ring.Lookup(r.ref.Repository())
			}
		}
		return logins, err
	}
}

func (m *imageManager) pull(r *imageRequest) {
	logins, err := r.logins()
	if err != nil {
		r.done(nil, err.Error(), err)
		return
	}
	key := string(r.pod.UID) + "_" + r.image
	if m.backOff.waits(key) {
		msg := fmt.Sprintf("Back-off pulling image %q", r.image)
		m.k.event(r.about, corev1.EventTypeNormal, "BackOff", msg)
		if before, ok := m.errors[key]; ok {
			msg += ": " + before
		}
		r.done(nil, msg, errImagePullBackOff)
		return
	}
	delete(m.errors, key)
	m.records.intend(r.image)
	m.k.event(r.about, corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", r.image))
	began := m.k.Clock.Now()
	m.puller.add(&pullJob{ref: r.ref, logins: logins, done: func(p pulled) {
		if p.err != nil {
			m.failed(r, key, p.err)
			return
		}
		m.records.pulled(r.image, p.image.ID, p.login)
		m.k.event(r.about, corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Successfully pulled image %q in %v (%v including waiting). Image size: %v bytes.",
			r.image, p.took.Truncate(time.Millisecond), m.k.Clock.Since(began).Truncate(time.Millisecond), p.image.Size))
		m.backOff.collect()
		r.done(p.image, "", nil)
	}})
}

func (m *imageManager) failed(r *imageRequest, key string, err error) {
	m.records.failed(r.image)
	m.k.event(r.about, corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %v", r.image, err))
	m.backOff.next(key, m.k.Clock.Now())
	why, msg := waitingReason(r.image, err.Error())
	m.errors[key] = fmt.Sprintf("%v: %s", why, msg)
	r.done(nil, msg, why)
}

// waitingReason tells apart the failures for which runtimes have an agreed beginning.
func waitingReason(image, text string) (reason, string) {
	for _, known := range []struct {
		reason reason
		words  string
	}{
		{errRegistryDown, "the registry is unavailable"},
		{errSignatureRejected, "the signature validation failed"},
	} {
		if rest, ok := strings.CutPrefix(text, string(known.reason)); ok {
			return known.reason, fmt.Sprintf("image pull failed for %s because %s%s", image, known.words, rest)
		}
	}
	return errImagePull, text
}

// puller pulls one image after the other, as serializeImagePulls has it.
type puller struct {
	m     *imageManager
	queue []*pullJob
	busy  bool
}

type pullJob struct {
	ref    reference.Reference
	logins []credentials.Login
	done   func(pulled)
}

type pulled struct {
	image *storedImage
	login *credentials.Login // that worked; nil where none was sent
	took  time.Duration
	err   error
}

func (p *puller) add(j *pullJob) {
	p.queue = append(p.queue, j)
	p.next()
}

func (p *puller) next() {
	if p.busy || len(p.queue) == 0 {
		return
	}
	p.busy = true
	j := p.queue[0]
	p.queue = p.queue[1:]
	p.attempt(j, 0, 0, nil)
}

// attempt tries the i-th login, or an anonymous pull where there is none, and goes on until one is accepted.
func (p *puller) attempt(j *pullJob, i int, took time.Duration, errs []string) {
	k := p.m.k
	req := registry.Request{
		Image: j.ref, Architecture: k.Node.Architecture, Runtime: k.Runtime, Now: k.Clock.Since(k.Config.Start),
		Present: p.m.store.hasDigest,
	}
	var login *credentials.Login
	if i < len(j.logins) {
		login = &j.logins[i]
		req.User, req.Password = login.Username, login.Password
	}
	res, err := k.World.Pull(req)
	spent := res.Took + k.chance.Between(0, 8*time.Millisecond)
	took += spent
	k.Clock.After(spent, func() {
		if err == nil {
			p.end(j, pulled{image: p.m.store.add(j.ref, res.Image), login: login, took: took})
			return
		}
		errs = append(errs, err.Error())
		if i+1 < len(j.logins) {
			p.attempt(j, i+1, took, errs)
			return
		}
		p.end(j, pulled{took: took, err: aggregate(errs)})
	})
}

func (p *puller) end(j *pullJob, res pulled) {
	p.busy = false
	j.done(res)
	p.next()
}

// aggregate is several errors in one: the text alone where all agree, else all of them in brackets.
func aggregate(texts []string) error {
	var differ []string
	for _, t := range texts {
		if !slices.Contains(differ, t) {
			differ = append(differ, t)
		}
	}
	if len(differ) == 1 {
		return errors.New(differ[0])
	}
	return errors.New("[" + strings.Join(differ, ", ") + "]")
}
