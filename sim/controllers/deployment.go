package controllers

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
)

var (
	deploymentKind = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	replicaSetKind = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "ReplicaSet"}
)

// deployments rolls each Deployment's pods over from replica set to replica set.
type deployments struct{ base }

func startDeployment(cfg Config) error {
	c := &deployments{}
	c.base = newBase(cfg, "deployment-controller", "deployment-controller", c.reconcile)
	if err := watchAll[appsv1.Deployment](&c.base); err != nil {
		return err
	}
	if err := watchOwned(&c.base, "Deployment", c.enqueueFor); err != nil {
		return err
	}
	return watch1(&c.base, func(event watch.EventType, pod, _ *v1.Pod) {
		if event == watch.Deleted {
			c.podDeleted(pod)
		}
	})
}

// enqueueFor queues the deployments that could adopt the replica set.
func (c *deployments) enqueueFor(rs *appsv1.ReplicaSet) {
	if len(rs.Labels) == 0 {
		return
	}
	all, _ := api.List[appsv1.Deployment](c.client, rs.Namespace, nil)
	for _, d := range all {
		if s, err := metav1.LabelSelectorAsSelector(d.Spec.Selector); err == nil && !s.Empty() && s.Matches(labels.Set(rs.Labels)) {
			c.loop.Add(keyOf(d))
		}
	}
}

// podDeleted queues a Recreate deployment when the last of its pods is gone.
func (c *deployments) podDeleted(pod *v1.Pod) {
	ref := metav1.GetControllerOf(pod)
	if ref == nil || ref.Kind != replicaSetKind.Kind {
		return
	}
	rs, err := api.Get[appsv1.ReplicaSet](c.client, pod.Namespace, ref.Name)
	if err != nil {
		return
	}
	if owner := metav1.GetControllerOf(rs); owner != nil && owner.Kind == deploymentKind.Kind {
		c.loop.Add(pod.Namespace + "/" + owner.Name)
	}
}

func (c *deployments) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	d, err := api.Get[appsv1.Deployment](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	r := &rollout{deployments: c, d: d.DeepCopy()}
	if equality.Semantic.DeepEqual(d.Spec.Selector, &metav1.LabelSelector{}) {
		return 0, r.refuseAll()
	}
	if err := r.claim(); err != nil {
		return 0, err
	}
	if d.DeletionTimestamp != nil {
		if err := r.find(false); err != nil {
			return 0, err
		}
		return 0, r.updateStatusTo(r.status())
	}
	if err := r.markPaused(); err != nil {
		return 0, err
	}
	if r.d.Spec.Paused {
		return 0, r.rescale()
	}
	if err := r.find(false); err != nil {
		return 0, err
	}
	if r.scaled() {
		return 0, r.rescale()
	}
	if r.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return r.recreate()
	}
	return r.roll()
}

// rollout is one step for one deployment.
type rollout struct {
	*deployments
	d     *appsv1.Deployment   // a copy, ours to change
	owned []*appsv1.ReplicaSet // in order of creation
	new   *appsv1.ReplicaSet   // the one of d's present template; nil where there is none
	old   []*appsv1.ReplicaSet // the others
}

func (r *rollout) all() []*appsv1.ReplicaSet {
	if r.new == nil {
		return slices.Clone(r.old)
	}
	return append(slices.Clone(r.old), r.new)
}

func (r *rollout) refuseAll() error {
	r.eventf(r.d, v1.EventTypeWarning, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.")
	if r.d.Status.ObservedGeneration >= r.d.Generation {
		return nil
	}
	r.d.Status.ObservedGeneration = r.d.Generation
	return r.writeStatus()
}

func (r *rollout) claim() error {
	selector, err := metav1.LabelSelectorAsSelector(r.d.Spec.Selector)
	if err != nil {
		return err
	}
	sets, err := api.List[appsv1.ReplicaSet](r.client, r.d.Namespace, nil)
	if err != nil {
		return err
	}
	r.owned, err = claim(r.client, r.d, deploymentKind, selector, sets)
	slices.SortFunc(r.owned, byCreation)
	return err
}

func byCreation(a, b *appsv1.ReplicaSet) int {
	if c := a.CreationTimestamp.Time.Compare(b.CreationTimestamp.Time); c != 0 {
		return c
	}
	return cmp.Compare(a.Name, b.Name)
}

// writeStatus stores d's status and annotations.
func (r *rollout) writeStatus() error {
	stored, err := api.UpdateStatus(r.client, r.d.DeepCopy())
	if err == nil {
		r.d.ResourceVersion = stored.ResourceVersion
	}
	return err
}

// find tells the new replica set from the old ones and brings its annotations up to date. Where it does not exist,
// create makes it.
func (r *rollout) find(create bool) error {
	r.new, r.old = nil, nil
	for _, rs := range r.owned {
		if r.new == nil && sameTemplate(&rs.Spec.Template, &r.d.Spec.Template) {
			r.new = rs
		} else {
			r.old = append(r.old, rs)
		}
	}
	revision := maxRevision(r.old) + 1
	if r.new != nil {
		return r.refresh(revision)
	}
	if !create {
		return nil
	}
	return r.create(revision)
}

func sameTemplate(a, b *v1.PodTemplateSpec) bool {
	x, y := *a, *b
	x.Labels = withoutLabel(a.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	y.Labels = withoutLabel(b.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return equality.Semantic.DeepEqual(&x, &y)
}

// refresh brings the annotations of the existing new replica set, or else those of the deployment, up to date.
func (r *rollout) refresh(revision int64) error {
	rs := r.new.DeepCopy()
	changed := annotateReplicaSet(r.d, rs, revision, true)
	if changed || rs.Spec.MinReadySeconds != r.d.Spec.MinReadySeconds {
		rs.Spec.MinReadySeconds = r.d.Spec.MinReadySeconds
		stored, err := api.Update(r.client, rs)
		if err != nil {
			return err
		}
		r.replace(stored)
		return nil
	}
	update := setRevision(r.d, rs.Annotations[revisionAnnotation])
	if hasDeadline(r.d) && condition(r.d.Status, appsv1.DeploymentProgressing) == nil {
		r.setCondition(&r.d.Status, appsv1.DeploymentProgressing, v1.ConditionTrue, "FoundNewReplicaSet", fmt.Sprintf("Found new replica set %q", rs.Name))
		update = true
	}
	if update {
		return r.writeStatus()
	}
	return nil
}

func (r *rollout) replace(stored *appsv1.ReplicaSet) {
	for i, rs := range r.owned {
		if rs.UID == stored.UID {
			r.owned[i] = stored
		}
	}
	if r.new != nil && r.new.UID == stored.UID {
		r.new = stored
	}
}

func (r *rollout) create(revision int64) error {
	rs := r.newReplicaSet()
	size := r.newSize(append(slices.Clone(r.old), rs), rs)
	rs.Spec.Replicas = &size
	annotateReplicaSet(r.d, rs, revision, false)

	stored, err := api.Create(r.client, rs)
	existed := errors.IsAlreadyExists(err)
	switch {
	case existed:
		if stored, err = r.collide(rs, err); err != nil {
			return err
		}
	case errors.HasStatusCause(err, v1.NamespaceTerminatingCause):
		return err
	case err != nil:
		r.createFailed(rs, err)
		return err
	}
	if !existed {
		r.owned = append(r.owned, stored)
		if size > 0 {
			r.eventf(r.d, v1.EventTypeNormal, "ScalingReplicaSet", "Scaled up replica set %s from 0 to %d", stored.Name, size)
		}
	}
	r.new = stored
	update := setRevision(r.d, fmt.Sprint(revision))
	if !existed && hasDeadline(r.d) {
		r.setCondition(&r.d.Status, appsv1.DeploymentProgressing, v1.ConditionTrue, "NewReplicaSetCreated", fmt.Sprintf("Created new replica set %q", stored.Name))
		update = true
	}
	if update {
		return r.writeStatus()
	}
	return nil
}

func (r *rollout) newReplicaSet() *appsv1.ReplicaSet {
	d := r.d
	template := *d.Spec.Template.DeepCopy()
	hash := templateHash(&template, d.Status.CollisionCount)
	template.Labels = withLabel(template.Labels, appsv1.DefaultDeploymentUniqueLabelKey, hash)
	selector := d.Spec.Selector.DeepCopy()
	selector.MatchLabels = withLabel(selector.MatchLabels, appsv1.DefaultDeploymentUniqueLabelKey, hash)
	const longest = 253
	name := d.Name[:min(len(d.Name), longest-1-len(hash))] + "-" + hash
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name:            name,
			Namespace:       d.Namespace,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(d, deploymentKind)},
			Labels:          template.Labels,
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas:        new(int32),
			MinReadySeconds: d.Spec.MinReadySeconds,
			Selector:        selector,
			Template:        template,
		},
	}
}

// collide answers with the replica set that has the new one's name: it is ours, or else the collision is counted,
// so that the next step finds another name.
func (r *rollout) collide(rs *appsv1.ReplicaSet, failure error) (*appsv1.ReplicaSet, error) {
	existing, err := api.Get[appsv1.ReplicaSet](r.client, rs.Namespace, rs.Name)
	if err != nil {
		return nil, err
	}
	if metav1.IsControlledBy(existing, r.d) && sameTemplate(&r.d.Spec.Template, &existing.Spec.Template) {
		return existing, nil
	}
	if r.d.Status.CollisionCount == nil {
		r.d.Status.CollisionCount = new(int32)
	}
	*r.d.Status.CollisionCount++
	if err := r.writeStatus(); err != nil {
		return nil, err
	}
	return nil, failure
}

func (r *rollout) createFailed(rs *appsv1.ReplicaSet, err error) {
	message := fmt.Sprintf("Failed to create new replica set %q: %v", rs.Name, err)
	if hasDeadline(r.d) {
		r.setCondition(&r.d.Status, appsv1.DeploymentProgressing, v1.ConditionFalse, "ReplicaSetCreateError", message)
		_ = r.writeStatus()
	}
	r.eventf(r.d, v1.EventTypeWarning, "ReplicaSetCreateError", "%s", message)
}

func hasDeadline(d *appsv1.Deployment) bool {
	return d.Spec.ProgressDeadlineSeconds != nil && *d.Spec.ProgressDeadlineSeconds != math.MaxInt32
}

func withLabel(in map[string]string, key, value string) map[string]string {
	out := make(map[string]string, len(in)+1)
	for k, v := range in {
		out[k] = v
	}
	out[key] = value
	return out
}

func withoutLabel(in map[string]string, key string) map[string]string {
	if _, ok := in[key]; !ok {
		return in
	}
	out := make(map[string]string, len(in))
	for k, v := range in {
		if k != key {
			out[k] = v
		}
	}
	return out
}
