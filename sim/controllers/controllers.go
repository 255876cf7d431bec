// Package controllers holds the loops of the controller manager: each watches some kinds and moves the cluster one
// step nearer to what their specs ask for.
//
// It knows nothing of storage, HTTP or containers: it reads and writes through api.Client and learns of changes
// through watches. One controller is one file.
package controllers

import (
	"reflect"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/events"
	"terrarium/sim/leader"
	"terrarium/sim/loop"
	"terrarium/sim/pki"
	"terrarium/sim/resources"
)

// Config is what the controllers stand on.
type Config struct {
	Clock  *clock.Clock
	Chance *chance.Source
	Door   api.Door
	Host   string // where the controller manager runs; "" leaves out its lease
	// Resources are the kinds that the API server serves now; nil leaves out the controllers that concern all kinds.
	Resources func() []*resources.Resource
	// NoNodeCIDRs leaves the nodes without parts of the pod network, as a controller manager without
	// --allocate-node-cidrs does.
	NoNodeCIDRs bool
	// RootCA is the certificate authority that kube-root-ca.crt publishes, in PEM.
	RootCA string
	// Authority signs certificate requests; nil leaves approved ones unsigned.
	Authority *pki.Authority
}

// Start starts every controller. They do nothing before the clock advances.
func Start(cfg Config) error {
	if cfg.Host != "" {
		client := api.Client{Door: cfg.Door, User: api.User{Name: "system:kube-controller-manager", Groups: []string{"system:authenticated"}}}
		leader.Lead(leader.Config{Clock: cfg.Clock, Chance: cfg.Chance, Client: client, Host: cfg.Host}, "kube-controller-manager")
	}
	for _, start := range []func(Config) error{
		startClusterRoleAggregation,
		startServiceAccountToken,
		startServiceAccount,
		startRootCA,
		startDeployment,
		startReplicaSet,
		startReplicationController,
		startDaemonSet,
		startStatefulSet,
		startJob,
		startCronJob,
		startTTLAfterFinished,
		startVolumeBinder,
		startEphemeralVolume,
		startClaimProtection,
		startVolumeProtection,
		startDisruption,
		startHPA,
		startResourceQuota,
		startEndpoints,
		startEndpointSlice,
		startEndpointSliceMirroring,
		startBootstrapSigner,
		startTokenCleaner,
		startCSRSigning,
		startCSRApproving,
		startCSRCleaner,
		startValidatingAdmissionPolicyStatus,
		startNodeIPAM,
		startNodeLifecycle,
		startTaintEviction,
		startPodGC,
		startNamespace,
		startGarbageCollector,
	} {
		if err := start(cfg); err != nil {
			return err
		}
	}
	return nil
}

// base is what each controller has.
type base struct {
	clock  *clock.Clock
	chance *chance.Source
	client api.Client
	events *events.Recorder
	loop   *loop.Loop
}

// newBase gives a controller its identity (account is the name of its service account in kube-system), its
// recorder (component is the source of its Events) and its queue.
func newBase(cfg Config, account, component string, reconcile loop.Reconcile) base {
	client := api.Client{Door: informed{cfg.Door}, User: serviceAccountUser("kube-system", account)}
	return base{
		clock:  cfg.Clock,
		chance: cfg.Chance.Fork("controllers/" + account),
		client: client,
		events: events.New(events.Config{Clock: cfg.Clock, Chance: cfg.Chance, Client: client, Component: component}),
		loop:   loop.New(cfg.Clock, cfg.Chance, account, reconcile),
	}
}

// informed reads as the informers that all controllers share: what is in their caches, no controller is refused.
type informed struct{ api.Door }

// Do implements api.Door.
func (d informed) Do(req *api.Request) (runtime.Object, error) {
	if req.Subresource == "" && (req.Verb == "get" || req.Verb == "list") {
		r := *req
		r.User = api.User{Name: "system:kube-controller-manager", Groups: []string{"system:masters", "system:authenticated"}}
		req = &r
	}
	return d.Door.Do(req)
}

func serviceAccountUser(namespace, name string) api.User {
	return api.User{
		Name:   "system:serviceaccount:" + namespace + ":" + name,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
}

// now is the present as the API keeps it, in whole seconds.
func (b *base) now() metav1.Time { return metav1.NewTime(b.clock.Now().Truncate(time.Second)) }

// eventf records an Event about obj.
func (b *base) eventf(obj runtime.Object, kind, reason, format string, args ...any) {
	m := obj.(metav1.Object)
	version, name := obj.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	b.events.Eventf(v1.ObjectReference{
		APIVersion: version, Kind: name,
		Namespace: m.GetNamespace(), Name: m.GetName(), UID: m.GetUID(), ResourceVersion: m.GetResourceVersion(),
	}, kind, reason, format, args...)
}

// keyOf is an object's key in a queue: namespace/name, or the name of a cluster-scoped object.
func keyOf(obj metav1.Object) string {
	if ns := obj.GetNamespace(); ns != "" {
		return ns + "/" + obj.GetName()
	}
	return obj.GetName()
}

func splitKey(key string) (namespace, name string) {
	namespace, name, found := strings.Cut(key, "/")
	if !found {
		return "", key
	}
	return namespace, name
}

// watchAll queues every object of a kind whenever it changes.
func watchAll[T any, P api.Object[T]](b *base) error {
	return watch1(b, func(_ watch.EventType, obj, _ P) { b.loop.Add(keyOf(obj)) })
}

// watch1 calls fn for every change of a kind. Objects of a kind that is not served never change.
func watch1[T any, P api.Object[T]](b *base, fn func(kind watch.EventType, obj, old P)) error {
	if _, err := b.client.Door.ResourceFor(reflect.TypeFor[T]()); err != nil {
		return nil
	}
	_, err := api.Watch(b.client, fn)
	return err
}

func same(a, b any) bool { return equality.Semantic.DeepEqual(a, b) }
