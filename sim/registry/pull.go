package registry

import (
	"net/http"
	"slices"
	"time"

	"terrarium/sim/reference"
)

// A Runtime is the container runtime that pulls; the two speak differently of the same failure.
type Runtime string

// The runtimes that a node may have.
const (
	Containerd Runtime = "containerd"
	Docker     Runtime = "docker"
)

// A Request is one attempt to pull, with one login or none.
type Request struct {
	Image          reference.Reference // with a tag or a digest
	User, Password string
	Architecture   string
	Runtime        Runtime
	// Present reports whether the node has the manifest's content already; nil means never.
	Present func(digest string) bool
	// Now is the time since the start of the cluster, for faults that come and go.
	Now time.Duration
}

// A Result is what became of it. Took is set for failures too.
type Result struct {
	Image
	Took time.Duration
}

// Error is a failed pull in the runtime's words, as the kubelet shows them.
type Error struct {
	// Code is the gRPC code that the kubelet keeps ("NotFound"); empty for Unknown, which it leaves out.
	Code string
	Text string
}

func (e *Error) Error() string {
	if e.Code == "" {
		return e.Text
	}
	return "rpc error: code = " + e.Code + " desc = " + e.Text
}

// How long the steps of a pull take beside the transfer, as measured on the recorded cluster.
const (
	resolveTime = 120 * time.Millisecond // asking for the manifest
	tokenTime   = 60 * time.Millisecond  // asking for a token before
	refuseTime  = 180 * time.Millisecond // asking again, in vain
	dialTimeout = 30 * time.Second       // containerd's limit for a connection
	apiTimeout  = 15 * time.Second       // Docker's limit for an answer

	defaultLatency = 300 * time.Millisecond
	defaultRate    = 25.0
)

// Pull answers the request; the error is an *Error.
func (w *World) Pull(req Request) (Result, error) {
	a := &attempt{Request: req, registry: w.find(req.Image.Domain)}
	a.words = containerd{a}.failure
	if req.Runtime == Docker {
		a.words = docker{a}.failure
	}
	a.repo = a.registry.repository(req.Image.Path)
	if f := w.fault(a.registry, a.repo, req.Now); f != nil {
		return a.fault(w, f)
	}
	if res, err := a.authorize(); err != nil {
		return res, err
	}
	if a.repo == nil {
		return a.fail(failure{kind: notFound})
	}
	img, ok := a.lookup(w)
	if !ok {
		return a.fail(failure{kind: notFound})
	}
	a.image = img
	if archs := a.repo.Architectures; len(archs) > 0 && req.Architecture != "" && !slices.Contains(archs, req.Architecture) {
		return a.fail(failure{kind: noPlatform})
	}
	return Result{Image: img, Took: a.resolve() + a.transfer()}, nil
}

// attempt is one request with what is known of its image.
type attempt struct {
	Request
	registry *Registry
	repo     *Repository // nil: there is none
	image    Image
	words    func(failure) *Error
}

// failureKind is what went wrong, before it is put into a runtime's words.
type failureKind int

const (
	unreachable failureKind = iota // dial says how
	refusedToken
	refusedScope
	refusedStatus
	noCredentials
	notFound
	noPlatform
	rateLimited
)

type failure struct {
	kind   failureKind
	dial   FaultKind
	method string
	status int
	login  bool   // a login was sent
	words  string // the registry's own
	took   time.Duration
}

func (a *attempt) fail(f failure) (Result, error) {
	if f.took == 0 {
		f.took = a.resolve()
	}
	return Result{Took: f.took}, a.words(f)
}

// authorize asks for the right to pull, as the registry's challenge demands.
func (a *attempt) authorize() (Result, error) {
	r := a.registry
	login := a.User != "" && a.Password != ""
	missing := a.repo == nil && r.Missing == MissingDenied
	allowed := !missing && (!r.private(a.repo) || login && r.mayPull(a.repo, a.User, a.Password))
	refusal := r.refusal()
	took := a.resolve() + refuseTime
	switch r.challenge() {
	case ByToken:
		if login && !r.known(a.repo, a.User, a.Password) {
			return a.fail(failure{kind: refusedToken, status: http.StatusUnauthorized, login: true, took: took})
		}
		if allowed {
			return Result{}, nil
		}
		if t := r.Token; !login && t != nil && t.Anonymous != 0 {
			return a.fail(failure{kind: refusedToken, status: t.Anonymous, took: took})
		}
		if refusal.Scope {
			return a.fail(failure{kind: refusedScope, login: login, took: took})
		}
	case ByBasic:
		if allowed {
			return Result{}, nil
		}
		if !login {
			return a.fail(failure{kind: noCredentials, took: took})
		}
	default:
		if allowed {
			return Result{}, nil
		}
	}
	return a.fail(failure{kind: refusedStatus, method: refusal.Method, status: refusal.Status, words: refusal.Words, login: login, took: took})
}

func (a *attempt) lookup(w *World) (Image, bool) {
	repository := a.Image.Repository()
	if d := a.Image.Digest; d != "" {
		return w.byDigest(a.registry, a.repo, repository, d)
	}
	if !a.repo.hasTag(a.Image.Tag) {
		return Image{}, false
	}
	return w.image(a.registry, a.repo, repository, a.Image.Tag), true
}

func (a *attempt) fault(w *World, f *Fault) (Result, error) {
	switch f.Kind {
	case UnknownHost:
		return a.fail(failure{kind: unreachable, dial: f.Kind, took: 90 * time.Millisecond})
	case Refused:
		return a.fail(failure{kind: unreachable, dial: f.Kind, took: 15 * time.Millisecond})
	case TLS:
		return a.fail(failure{kind: unreachable, dial: f.Kind, took: 40 * time.Millisecond})
	case Timeout:
		took := dialTimeout
		if a.Runtime == Docker {
			took = apiTimeout
		}
		return a.fail(failure{kind: unreachable, dial: f.Kind, took: took})
	case Denied:
		refusal := a.registry.refusal()
		if refusal.Scope && f.Words == "" {
			return a.fail(failure{kind: refusedScope, took: a.resolve() + refuseTime})
		}
		words := f.Words
		if words == "" {
			words = refusal.Words
		}
		return a.fail(failure{kind: refusedStatus, method: http.MethodHead, status: http.StatusForbidden, words: words, took: a.resolve() + refuseTime})
	case RateLimit:
		words := f.Words
		if words == "" {
			words = "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
		}
		if a.repo != nil {
			a.image, _ = a.lookup(w)
		}
		return a.fail(failure{kind: rateLimited, status: http.StatusTooManyRequests, words: words})
	}
	status := f.Status
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	return a.fail(failure{kind: refusedStatus, method: http.MethodHead, status: status, words: f.Words})
}

// resolve is the time until the runtime knows which manifest the name stands for.
func (a *attempt) resolve() time.Duration {
	if a.registry.challenge() == ByToken {
		return resolveTime + tokenTime
	}
	return resolveTime
}

// transfer is the time that the content takes; none where the node has it.
func (a *attempt) transfer() time.Duration {
	if a.Present != nil && a.Present(a.image.Digest) {
		return 0
	}
	latency, rate := defaultLatency, defaultRate
	if a.registry.Latency != nil {
		latency = a.registry.Latency.Duration
	}
	if a.repo.Latency != nil {
		latency = a.repo.Latency.Duration
	}
	for _, r := range []float64{a.registry.Rate, a.repo.Rate} {
		if r > 0 {
			rate = r
		}
	}
	return latency + time.Duration(float64(a.image.Size)/rate/1e6*float64(time.Second))
}

func (r *Registry) challenge() Challenge {
	if r.Challenge == "" {
		return ByToken
	}
	return r.Challenge
}

func (r *Registry) refusal() Refusal {
	out := Refusal{Status: http.StatusUnauthorized, Method: http.MethodHead}
	switch r.challenge() {
	case ByToken:
		out.Scope = r.Refusal == nil
	case ByRefuse:
		out.Method, out.Words = http.MethodGet, "unauthorized: authentication required"
	}
	if by := r.Refusal; by != nil {
		set(&out.Status, by.Status)
		set(&out.Method, by.Method)
		set(&out.Words, by.Words)
		out.Scope = by.Scope
	}
	return out
}
