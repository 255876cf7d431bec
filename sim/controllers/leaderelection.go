package controllers

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
	"terrarium/sim/events"
	"terrarium/sim/loop"
)

// leaseRenewal is how often a leader renews its lease.
const leaseRenewal = 2 * time.Second

// LeadBy holds the lease by which a component of the control plane leads, as host, for as long as the cluster lives.
// There is never another candidate.
func LeadBy(cfg Config, client api.Client, component, host string) {
	l := &leader{client: client, cfg: cfg, component: component}
	l.identity = host + "_" + cfg.Chance.Fork("leader/"+component).UUID()
	l.loop = loop.New(cfg.Clock, cfg.Chance, "leader/"+component, l.reconcile)
	l.loop.Add(component)
}

type leader struct {
	cfg                 Config
	client              api.Client
	component, identity string
	loop                *loop.Loop
}

func (l *leader) reconcile(name string) (time.Duration, error) {
	now := metav1.NewMicroTime(l.cfg.Clock.Now().Truncate(time.Microsecond))
	lease, err := api.Get[coordinationv1.Lease](l.client, metav1.NamespaceSystem, name)
	if errors.IsNotFound(err) {
		return leaseRenewal, l.acquire(now)
	}
	if err != nil {
		return 0, err
	}
	lease = lease.DeepCopy()
	lease.Spec.HolderIdentity, lease.Spec.RenewTime = &l.identity, &now
	_, err = api.Update(l.client, lease)
	return leaseRenewal, err
}

func (l *leader) acquire(now metav1.MicroTime) error {
	seconds, transitions := int32(15), int32(0)
	lease, err := api.Create(l.client, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: l.component},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &l.identity, LeaseDurationSeconds: &seconds, AcquireTime: &now, RenewTime: &now, LeaseTransitions: &transitions,
		},
	})
	if err != nil {
		return err
	}
	events.New(events.Config{Clock: l.cfg.Clock, Chance: l.cfg.Chance, Client: l.client, Component: l.identity}).Event(v1.ObjectReference{
		APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: lease.Namespace, Name: lease.Name, UID: lease.UID, ResourceVersion: lease.ResourceVersion,
	}, v1.EventTypeNormal, "LeaderElection", l.identity+" became leader")
	return nil
}
