package controllers

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
)

// podActive says that the pod counts as a replica: it has not ended and is not being deleted.
func podActive(p *v1.Pod) bool { return !podEnded(p) && p.DeletionTimestamp == nil }

func podEnded(p *v1.Pod) bool {
	return p.Status.Phase == v1.PodSucceeded || p.Status.Phase == v1.PodFailed
}

func podTerminating(p *v1.Pod) bool { return !podEnded(p) && p.DeletionTimestamp != nil }

func podCondition(p *v1.Pod, kind v1.PodConditionType) *v1.PodCondition {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == kind {
			return &p.Status.Conditions[i]
		}
	}
	return nil
}

func podReady(p *v1.Pod) bool {
	c := podCondition(p, v1.PodReady)
	return c != nil && c.Status == v1.ConditionTrue
}

// podReadySince is zero where the pod is not ready.
func podReadySince(p *v1.Pod) time.Time {
	if c := podCondition(p, v1.PodReady); c != nil && c.Status == v1.ConditionTrue {
		return c.LastTransitionTime.Time
	}
	return time.Time{}
}

// podAvailable says that the pod has been ready for minReady seconds; where it is only a matter of time, wait is how long.
func podAvailable(p *v1.Pod, minReady int32, now time.Time) (ok bool, wait time.Duration) {
	if !podReady(p) {
		return false, 0
	}
	if minReady == 0 {
		return true, 0
	}
	since := podReadySince(p)
	if since.IsZero() {
		return false, 0
	}
	wait = since.Add(time.Duration(minReady) * time.Second).Sub(now)
	return wait <= 0, max(wait, 0)
}

// podFromTemplate is a new pod of the template, controlled by owner, its name to be generated from the owner's.
func podFromTemplate(template *v1.PodTemplateSpec, owner metav1.Object, kind schema.GroupVersionKind) *v1.Pod {
	t := template.DeepCopy()
	prefix := owner.GetName() + "-"
	if len(validation.NameIsDNSSubdomain(prefix, true)) > 0 {
		prefix = owner.GetName()
	}
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       owner.GetNamespace(),
			GenerateName:    prefix,
			Labels:          t.Labels,
			Annotations:     t.Annotations,
			Finalizers:      t.Finalizers,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, kind)},
		},
		Spec: t.Spec,
	}
}

// createPod creates the pod and records on owner how that went; nothing is recorded in a terminating namespace.
func (b *base) createPod(pod *v1.Pod, owner runtime.Object) (*v1.Pod, error) {
	if len(pod.Labels) == 0 {
		return nil, fmt.Errorf("unable to create pods, no labels")
	}
	made, err := api.Create(b.client, pod)
	if err != nil {
		if !errors.HasStatusCause(err, v1.NamespaceTerminatingCause) {
			b.eventf(owner, v1.EventTypeWarning, "FailedCreate", "Error creating: %v", err)
		}
		return nil, err
	}
	b.eventf(owner, v1.EventTypeNormal, "SuccessfulCreate", "Created pod: %s", made.Name)
	return made, nil
}

// deletePod deletes the pod and records that on owner. A pod that is gone already is no error.
func (b *base) deletePod(pod *v1.Pod, owner runtime.Object) error {
	err := api.Delete[v1.Pod](b.client, pod.Namespace, pod.Name, nil)
	if errors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		b.eventf(owner, v1.EventTypeWarning, "FailedDelete", "Error deleting: %v", err)
		return err
	}
	b.eventf(owner, v1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: %s", pod.Name)
	return nil
}

// slowStart calls make count times in batches of 1, 2, 4, … and stops after the first batch in which a call fails.
func slowStart(count int, make func() error) error {
	for batch := min(count, 1); batch > 0; batch = min(2*batch, count) {
		var first error
		for range batch {
			if err := make(); err != nil && first == nil {
				first = err
			}
		}
		if first != nil {
			return first
		}
		count -= batch
	}
	return nil
}

// deletionOrder sorts pods so that those which are missed least come first. related are the pods of the same
// family; of two pods equal otherwise, the one whose node holds more of them goes first.
func deletionOrder(pods, related []*v1.Pod, now time.Time) {
	onNode := map[string]int{}
	for _, p := range related {
		if podActive(p) {
			onNode[p.Spec.NodeName]++
		}
	}
	slices.SortStableFunc(pods, func(a, b *v1.Pod) int {
		if (a.Spec.NodeName == "") != (b.Spec.NodeName == "") {
			return first(a.Spec.NodeName == "")
		}
		if c := cmp.Compare(phaseRank(a), phaseRank(b)); c != 0 {
			return c
		}
		if podReady(a) != podReady(b) {
			return first(!podReady(a))
		}
		if c := cmp.Compare(deletionCost(a), deletionCost(b)); c != 0 {
			return c
		}
		if c := cmp.Compare(onNode[b.Spec.NodeName], onNode[a.Spec.NodeName]); c != 0 {
			return c
		}
		if podReady(a) {
			if c, decided := youngerFirst(podReadySince(a), podReadySince(b), a, b, now); decided {
				return c
			}
		}
		if c := cmp.Compare(restarts(b), restarts(a)); c != 0 {
			return c
		}
		c, _ := youngerFirst(a.CreationTimestamp.Time, b.CreationTimestamp.Time, a, b, now)
		return c
	})
}

func first(yes bool) int {
	if yes {
		return -1
	}
	return 1
}

// youngerFirst compares ages by their order of magnitude, and pods of about the same age by UID.
func youngerFirst(ta, tb time.Time, a, b *v1.Pod, now time.Time) (order int, decided bool) {
	if ta.Equal(tb) {
		return 0, false
	}
	if ta.IsZero() || tb.IsZero() {
		return first(ta.IsZero()), true
	}
	if c := cmp.Compare(magnitude(now.Sub(ta)), magnitude(now.Sub(tb))); c != 0 {
		return c, true
	}
	return cmp.Compare(a.UID, b.UID), true
}

func magnitude(age time.Duration) int64 {
	if age <= 0 {
		return -1
	}
	return int64(math.Log2(float64(age)))
}

func phaseRank(p *v1.Pod) int {
	switch p.Status.Phase {
	case v1.PodPending:
		return 0
	case v1.PodRunning:
		return 2
	}
	return 1
}

func deletionCost(p *v1.Pod) int32 {
	n, err := strconv.ParseInt(p.Annotations[v1.PodDeletionCost], 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

func restarts(p *v1.Pod) int32 {
	most := int32(0)
	for _, s := range p.Status.ContainerStatuses {
		most = max(most, s.RestartCount)
	}
	return most
}
