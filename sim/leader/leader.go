// Package leader holds the leases of the control plane: those by which its components lead, and the one by which an
// API server says that it lives.
//
// There is one of each component, so nobody ever contends for a lease; what is simulated is what others can see of it.
package leader

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/events"
	"terrarium/sim/loop"
)

// Config says who holds the lease.
type Config struct {
	Clock  *clock.Clock
	Chance *chance.Source
	Client api.Client
	Host   string // where the component runs
}

type lease struct {
	Config
	name, holder string
	labels       map[string]string
	seconds      int32
	renewal      time.Duration
	elected      bool // says so in an Event when it becomes leader
	loop         *loop.Loop
}

// Lead holds the lease of a component such as kube-scheduler for as long as the cluster lives.
func Lead(c Config, component string) {
	start(&lease{Config: c, name: component, holder: c.Host + "_" + uuid(c, component), seconds: 15, renewal: 2 * time.Second, elected: true})
}

// Serve holds the lease by which the API server on the host is known.
func Serve(c Config) {
	sum := sha256.Sum256([]byte(c.Host))
	id := "apiserver-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
	start(&lease{
		Config: c, name: id, holder: id + "_" + uuid(c, id), seconds: 3600, renewal: 10 * time.Second,
		labels: map[string]string{"apiserver.kubernetes.io/identity": "kube-apiserver", v1.LabelHostname: c.Host},
	})
}

func uuid(c Config, name string) string { return c.Chance.Fork("leader/" + name).UUID() }

func start(l *lease) {
	l.loop = loop.New(l.Clock, l.Chance, "leader/"+l.name, l.renew)
	l.loop.Add(l.name)
}

func (l *lease) renew(name string) (time.Duration, error) {
	now := metav1.NewMicroTime(l.Clock.Now().Truncate(time.Microsecond))
	have, err := api.Get[coordinationv1.Lease](l.Client, metav1.NamespaceSystem, name)
	if errors.IsNotFound(err) {
		return l.renewal, l.acquire(now)
	}
	if err != nil {
		return 0, err
	}
	have = have.DeepCopy()
	have.Spec.HolderIdentity, have.Spec.RenewTime = &l.holder, &now
	_, err = api.Update(l.Client, have)
	return l.renewal, err
}

func (l *lease) acquire(now metav1.MicroTime) error {
	made := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: l.name, Labels: l.labels},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &l.holder, LeaseDurationSeconds: &l.seconds, RenewTime: &now},
	}
	if l.elected {
		transitions := int32(0)
		made.Spec.AcquireTime, made.Spec.LeaseTransitions = &now, &transitions
	}
	made, err := api.Create(l.Client, made)
	if err != nil || !l.elected {
		return err
	}
	events.New(events.Config{Clock: l.Clock, Chance: l.Chance, Client: l.Client, Component: l.holder}).Event(v1.ObjectReference{
		APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: made.Namespace, Name: made.Name, UID: made.UID, ResourceVersion: made.ResourceVersion,
	}, v1.EventTypeNormal, "LeaderElection", l.holder+" became leader")
	return nil
}
