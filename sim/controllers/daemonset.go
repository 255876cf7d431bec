package controllers

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/scheduler"
)

var daemonSetKind = appsv1.SchemeGroupVersion.WithKind("DaemonSet")

const (
	daemonFirstBackOff = 1 * time.Second
	daemonLastBackOff  = 15 * time.Minute
)

// daemonSets keeps one pod of each DaemonSet on every node that suits it.
type daemonSets struct {
	base
	failed map[string]*daemonBackOff // by UID of the set and node
}

// daemonBackOff is how long the next failed pod on a node waits for its deletion.
type daemonBackOff struct {
	delay time.Duration
	since time.Time
}

func startDaemonSet(cfg Config) error {
	c := &daemonSets{failed: map[string]*daemonBackOff{}}
	c.base = newBase(cfg, "daemon-set-controller", "daemonset-controller", c.reconcile)
	if err := watchAll[appsv1.DaemonSet](&c.base); err != nil {
		return err
	}
	if err := watchOwned(&c.base, "DaemonSet", c.enqueueFor); err != nil {
		return err
	}
	return watch1(&c.base, func(_ watch.EventType, node, old *v1.Node) {
		if old != nil && equality.Semantic.DeepEqual(node.Labels, old.Labels) && equality.Semantic.DeepEqual(node.Spec, old.Spec) {
			return
		}
		all, _ := api.List[appsv1.DaemonSet](c.client, "", nil)
		for _, ds := range all {
			c.loop.Add(keyOf(ds))
		}
	})
}

func (c *daemonSets) enqueueFor(pod *v1.Pod) {
	if len(pod.Labels) == 0 {
		return
	}
	all, _ := api.List[appsv1.DaemonSet](c.client, pod.Namespace, nil)
	for _, ds := range all {
		if s, err := metav1.LabelSelectorAsSelector(ds.Spec.Selector); err == nil && !s.Empty() && s.Matches(labels.Set(pod.Labels)) {
			c.loop.Add(keyOf(ds))
		}
	}
}

// daemonStep is one step for one DaemonSet.
type daemonStep struct {
	*daemonSets
	ds       *appsv1.DaemonSet
	selector labels.Selector
	nodes    []*v1.Node
	hash     string // of the present template
	next     time.Duration
}

func (c *daemonSets) reconcile(key string) (time.Duration, error) {
	namespace, name := splitKey(key)
	ds, err := api.Get[appsv1.DaemonSet](c.client, namespace, name)
	if err != nil {
		return 0, ignoreMissing(err)
	}
	s := &daemonStep{daemonSets: c, ds: ds}
	if s.selector, err = metav1.LabelSelectorAsSelector(ds.Spec.Selector); err != nil {
		return 0, nil
	}
	if s.selector.Empty() {
		c.eventf(ds, v1.EventTypeWarning, "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.")
		return 0, nil
	}
	if ds.DeletionTimestamp != nil {
		return 0, nil
	}
	if s.nodes, err = api.List[v1.Node](c.client, "", nil); err != nil {
		return 0, err
	}
	old, err := s.history()
	if err != nil {
		return 0, err
	}
	err = s.manage()
	if err == nil && ds.Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		err = s.roll()
	}
	if err == nil {
		err = s.cleanUp(old)
	}
	return s.next, errors.Join(err, s.updateStatus())
}

// history finds or makes the revision of the present template, and returns the others.
func (s *daemonStep) history() (old []*appsv1.ControllerRevision, err error) {
	all, err := s.revisions(s.ds, daemonSetKind, s.selector)
	if err != nil {
		return nil, err
	}
	patch, err := templatePatch(&s.ds.Spec.Template)
	if err != nil {
		return nil, err
	}
	var current *appsv1.ControllerRevision
	latest := int64(0)
	for _, r := range all {
		if bytes.Equal(r.Data.Raw, patch) {
			current = r
			continue
		}
		old = append(old, r)
		latest = max(latest, r.Revision)
	}
	if current != nil {
		s.hash = current.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]
		if current.Revision <= latest {
			_, err = s.setRevisionNumber(current, latest+1)
		}
		return old, err
	}
	s.hash = templateHash(&s.ds.Spec.Template, s.ds.Status.CollisionCount)
	r := newRevision(s.ds, daemonSetKind, s.ds.Name+"-"+s.hash,
		withLabel(s.ds.Spec.Template.Labels, appsv1.DefaultDaemonSetUniqueLabelKey, s.hash), s.ds.Annotations, patch, latest+1)
	if _, err = api.Create(s.client, r); apierrors.IsAlreadyExists(err) {
		collided := s.ds.DeepCopy()
		if collided.Status.CollisionCount == nil {
			collided.Status.CollisionCount = new(int32)
		}
		*collided.Status.CollisionCount++
		if _, err := api.UpdateStatus(s.client, collided); err != nil {
			return nil, err
		}
	}
	return old, err
}

func (s *daemonStep) cleanUp(old []*appsv1.ControllerRevision) error {
	pods, err := s.pods(true)
	if err != nil {
		return err
	}
	return s.truncateHistory(old, s.ds.Spec.RevisionHistoryLimit, func(r *appsv1.ControllerRevision) bool {
		hash := r.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]
		for _, onNode := range pods {
			if slices.ContainsFunc(onNode, func(p *v1.Pod) bool { return p.Labels[appsv1.DefaultDaemonSetUniqueLabelKey] == hash }) {
				return true
			}
		}
		return false
	})
}

// pods are the set's pods by the node that they run on or are meant for.
func (s *daemonStep) pods(withDeleted bool) (map[string][]*v1.Pod, error) {
	all, err := api.List[v1.Pod](s.client, s.ds.Namespace, nil)
	if err != nil {
		return nil, err
	}
	own, err := claim(s.client, s.ds, daemonSetKind, s.selector, all)
	if err != nil {
		return nil, err
	}
	byNode := map[string][]*v1.Pod{}
	for _, p := range own {
		if !withDeleted && p.DeletionTimestamp != nil && podEnded(p) {
			continue
		}
		if node := targetNode(p); node != "" {
			byNode[node] = append(byNode[node], p)
		}
	}
	return byNode, nil
}

// targetNode is the node that the pod is on, or the one that its affinity names.
func targetNode(p *v1.Pod) string {
	if p.Spec.NodeName != "" {
		return p.Spec.NodeName
	}
	a := p.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, f := range term.MatchFields {
			if f.Key == metav1.ObjectNameField && f.Operator == v1.NodeSelectorOpIn && len(f.Values) == 1 {
				return f.Values[0]
			}
		}
	}
	return ""
}

// suits says whether the set's pod should run on the node, and whether one that does may stay.
func (s *daemonStep) suits(node *v1.Node) (run, stay bool) {
	pod := &v1.Pod{Spec: s.ds.Spec.Template.Spec}
	pod.Spec.Tolerations = slices.Clone(pod.Spec.Tolerations)
	addDaemonTolerations(&pod.Spec)
	if !scheduler.Fits(pod, node, true) {
		return false, false
	}
	if scheduler.Fits(pod, node, false) {
		return true, true
	}
	for i := range node.Spec.Taints {
		if t := &node.Spec.Taints[i]; t.Effect == v1.TaintEffectNoExecute && !scheduler.Tolerates(pod, t) {
			return false, false
		}
	}
	return false, true
}

func addDaemonTolerations(spec *v1.PodSpec) {
	add := func(key string, effect v1.TaintEffect) {
		t := v1.Toleration{Key: key, Operator: v1.TolerationOpExists, Effect: effect}
		at := slices.IndexFunc(spec.Tolerations, func(o v1.Toleration) bool { return o.MatchToleration(&t) })
		if at >= 0 {
			spec.Tolerations[at] = t
			return
		}
		spec.Tolerations = append(spec.Tolerations, t)
	}
	add(v1.TaintNodeNotReady, v1.TaintEffectNoExecute)
	add(v1.TaintNodeUnreachable, v1.TaintEffectNoExecute)
	for _, key := range []string{v1.TaintNodeDiskPressure, v1.TaintNodeMemoryPressure, v1.TaintNodePIDPressure, v1.TaintNodeUnschedulable} {
		add(key, v1.TaintEffectNoSchedule)
	}
	if spec.HostNetwork {
		add(v1.TaintNodeNetworkUnavailable, v1.TaintEffectNoSchedule)
	}
}

// manage creates the pods that nodes lack and deletes those that should not be where they are.
func (s *daemonStep) manage() error {
	pods, err := s.pods(false)
	if err != nil {
		return err
	}
	var needing []string
	var doomed []*v1.Pod
	names := map[string]bool{}
	for _, node := range s.nodes {
		names[node.Name] = true
		run, stay := s.suits(node)
		onNode := pods[node.Name]
		switch {
		case run && len(onNode) == 0:
			needing = append(needing, node.Name)
		case stay:
			need, del := s.tidy(node.Name, onNode, run)
			if need {
				needing = append(needing, node.Name)
			}
			doomed = append(doomed, del...)
		default:
			doomed = append(doomed, slices.DeleteFunc(slices.Clone(onNode), func(p *v1.Pod) bool { return p.DeletionTimestamp != nil })...)
		}
	}
	for _, name := range sortedKeys(pods) {
		for _, p := range pods[name] {
			if !names[name] && p.Spec.NodeName == "" && p.DeletionTimestamp == nil {
				doomed = append(doomed, p)
			}
		}
	}
	return s.sync(doomed, needing)
}

// tidy looks at the pods of a node where the set may run.
func (s *daemonStep) tidy(node string, pods []*v1.Pod, run bool) (need bool, doomed []*v1.Pod) {
	var running []*v1.Pod
	for _, p := range pods {
		switch {
		case p.DeletionTimestamp != nil:
		case p.Status.Phase == v1.PodFailed:
			if s.backsOff(node) {
				continue
			}
			s.eventf(s.ds, v1.EventTypeWarning, "FailedDaemonPod", "Found failed daemon pod %s/%s on node %s, will try to kill it", p.Namespace, p.Name, node)
			doomed = append(doomed, p)
		case p.Status.Phase == v1.PodSucceeded:
			s.eventf(s.ds, v1.EventTypeNormal, "SucceededDaemonPod", "Found succeeded daemon pod %s/%s on node %s, will try to delete it", p.Namespace, p.Name, node)
			doomed = append(doomed, p)
		default:
			running = append(running, p)
		}
	}
	sortDaemonPods(running)
	if s.surge(1) == 0 {
		if len(running) > 1 {
			doomed = append(doomed, running[1:]...)
		}
		return false, doomed
	}
	if len(running) <= 1 {
		return len(running) == 0 && run, doomed
	}
	var newPod, oldPod *v1.Pod
	for _, p := range running {
		switch {
		case s.current(p) && newPod == nil:
			newPod = p
		case !s.current(p) && oldPod == nil:
			oldPod = p
		default:
			doomed = append(doomed, p)
		}
	}
	if newPod != nil && oldPod != nil && (!podReady(oldPod) || s.available(newPod)) {
		doomed = append(doomed, oldPod)
	}
	return false, doomed
}

// backsOff says whether a failed pod on the node has to wait for its deletion.
func (s *daemonStep) backsOff(node string) bool {
	key := string(s.ds.UID) + "/" + node
	b := s.failed[key]
	if b != nil && s.clock.Since(b.since) < b.delay {
		s.again(b.delay - s.clock.Since(b.since))
		return true
	}
	if b == nil || s.clock.Since(b.since) > 2*daemonLastBackOff {
		b = &daemonBackOff{delay: daemonFirstBackOff / 2}
		s.failed[key] = b
	}
	b.delay, b.since = min(2*b.delay, daemonLastBackOff), s.clock.Now()
	return false
}

func (s *daemonStep) again(d time.Duration) {
	if d > 0 && (s.next == 0 || d < s.next) {
		s.next = d
	}
}

func (s *daemonStep) current(p *v1.Pod) bool {
	generation := s.ds.Annotations[appsv1.DeprecatedTemplateGeneration]
	return p.Labels[appsv1.DefaultDaemonSetUniqueLabelKey] == s.hash ||
		generation != "" && p.Labels["pod-template-generation"] == generation
}

func (s *daemonStep) available(p *v1.Pod) bool {
	ok, wait := podAvailable(p, s.ds.Spec.MinReadySeconds, s.clock.Now())
	s.again(wait)
	return ok
}

// sortDaemonPods puts the pod first that counts: one with a node, then the oldest.
func sortDaemonPods(pods []*v1.Pod) {
	slices.SortStableFunc(pods, func(a, b *v1.Pod) int {
		if (a.Spec.NodeName == "") != (b.Spec.NodeName == "") {
			return first(a.Spec.NodeName != "")
		}
		return a.CreationTimestamp.Time.Compare(b.CreationTimestamp.Time)
	})
}

// sync creates pods for the nodes and deletes the doomed ones.
func (s *daemonStep) sync(doomed []*v1.Pod, needing []string) error {
	template := s.ds.Spec.Template.DeepCopy()
	addDaemonTolerations(&template.Spec)
	template.Labels = withLabel(template.Labels, appsv1.DefaultDaemonSetUniqueLabelKey, s.hash)
	if g, err := strconv.ParseInt(s.ds.Annotations[appsv1.DeprecatedTemplateGeneration], 10, 64); err == nil {
		template.Labels["pod-template-generation"] = fmt.Sprint(g)
	}
	at := 0
	err := slowStart(min(len(needing), burstReplicas), func() error {
		pod := podFromTemplate(template, s.ds, daemonSetKind)
		pinToNode(&pod.Spec, needing[at])
		at++
		_, err := s.createPod(pod, s.ds)
		if apierrors.HasStatusCause(err, v1.NamespaceTerminatingCause) {
			return nil
		}
		return err
	})
	seen := map[types.UID]bool{}
	for _, p := range doomed {
		if !seen[p.UID] {
			seen[p.UID] = true
			err = errors.Join(err, s.deletePod(p, s.ds))
		}
	}
	return err
}

func pinToNode(spec *v1.PodSpec, node string) {
	terms := []v1.NodeSelectorTerm{{MatchFields: []v1.NodeSelectorRequirement{{
		Key: metav1.ObjectNameField, Operator: v1.NodeSelectorOpIn, Values: []string{node},
	}}}}
	if spec.Affinity == nil {
		spec.Affinity = &v1.Affinity{}
	}
	if spec.Affinity.NodeAffinity == nil {
		spec.Affinity.NodeAffinity = &v1.NodeAffinity{}
	}
	spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &v1.NodeSelector{NodeSelectorTerms: terms}
}
