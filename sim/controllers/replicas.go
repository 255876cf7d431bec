package controllers

import (
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
)

// burstReplicas is how many pods one step creates or deletes at most.
const burstReplicas = 500

// replicaOwner is what a ReplicaSet and a ReplicationController have in common.
type replicaOwner struct {
	object   runtime.Object
	meta     metav1.Object
	kind     schema.GroupVersionKind
	selector labels.Selector
	want     int32
	minReady int32
	template *v1.PodTemplateSpec
	// related are the selectors of the owners that have the same controller, this one included.
	related func() []labels.Selector
}

// replicaCount is what one step has seen, before its own creations and deletions.
type replicaCount struct {
	active, fullyLabeled, ready, available, terminating int32

	failure error  // of creating or deleting pods
	reason  string // of the condition ReplicaFailure
	next    time.Duration
}

// keepReplicas makes one step toward the wanted number of pods.
func (b *base) keepReplicas(o replicaOwner) (replicaCount, error) {
	pods, err := api.List[v1.Pod](b.client, o.meta.GetNamespace(), nil)
	if err != nil {
		return replicaCount{}, err
	}
	var active []*v1.Pod
	var n replicaCount
	for _, p := range pods {
		switch {
		case podActive(p):
			active = append(active, p)
		case podTerminating(p) && controlledBy(p, o.meta.GetUID()) && o.selector.Matches(labels.Set(p.Labels)):
			n.terminating++
		}
	}
	active, err = claim(b.client, o.meta, o.kind, o.selector, active)
	if err != nil {
		return replicaCount{}, err
	}
	if o.meta.GetDeletionTimestamp() == nil {
		n.failure = b.manageReplicas(o, active, pods)
	}
	n.count(o, active, b.clock.Now())
	return n, nil
}

func (n *replicaCount) count(o replicaOwner, active []*v1.Pod, now time.Time) {
	n.active = int32(len(active))
	template := labels.SelectorFromSet(o.template.Labels)
	for _, p := range active {
		if template.Matches(labels.Set(p.Labels)) {
			n.fullyLabeled++
		}
		if podReady(p) {
			n.ready++
		}
		ok, wait := podAvailable(p, o.minReady, now)
		if ok {
			n.available++
		}
		if wait > 0 && (n.next == 0 || wait < n.next) {
			n.next = wait
		}
	}
	if n.active < o.want {
		n.reason = "FailedCreate"
	} else if n.active > o.want {
		n.reason = "FailedDelete"
	}
}

// manageReplicas creates or deletes what is missing or too many among the active pods; all are the namespace's pods.
func (b *base) manageReplicas(o replicaOwner, active, all []*v1.Pod) error {
	switch excess := len(active) - int(o.want); {
	case excess < 0:
		return slowStart(min(-excess, burstReplicas), func() error {
			_, err := b.createPod(podFromTemplate(o.template, o.meta, o.kind), o.object)
			if errors.HasStatusCause(err, v1.NamespaceTerminatingCause) {
				return nil
			}
			return err
		})
	case excess > 0:
		excess = min(excess, burstReplicas)
		doomed := append([]*v1.Pod(nil), active...)
		if excess < len(doomed) {
			deletionOrder(doomed, relatedPods(all, o.related()), b.clock.Now())
		}
		var first error
		for _, p := range doomed[:excess] {
			if err := b.deletePod(p, o.object); err != nil && first == nil {
				first = err
			}
		}
		return first
	}
	return nil
}

func relatedPods(pods []*v1.Pod, selectors []labels.Selector) []*v1.Pod {
	var related []*v1.Pod
	for _, p := range pods {
		for _, s := range selectors {
			if s.Matches(labels.Set(p.Labels)) {
				related = append(related, p)
				break
			}
		}
	}
	return related
}
