package kubectl

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/describe"
	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
)

func runDrain(f *Factory, cmd *cobra.Command, args []string) error {
	n, err := f.nodesNamed(cmd, args)
	if err != nil {
		return err
	}
	n.cordon(true)
	var fatal []error
	var pending []string
	for _, i := range n.infos {
		if err := n.drain(i.Name); err != nil {
			fmt.Fprintf(f.ErrOut, "error: unable to drain node %q due to error: %s, continuing command...\n", i.Name, err)
			fatal, pending = append(fatal, err), append(pending, i.Name)
			continue
		}
		n.say(i.Object, "drained")
	}
	if len(pending) > 0 {
		fmt.Fprintln(f.ErrOut, "There are pending nodes to be drained:")
		for _, name := range pending {
			fmt.Fprintf(f.ErrOut, " %s\n", name)
		}
	}
	return utilerrors.NewAggregate(fatal)
}

func (n *nodeSet) drain(node string) error {
	pods, err := n.leavingPods(node, true)
	if err != nil {
		return err
	}
	if n.dry == dryRunClient {
		for _, p := range pods {
			fmt.Fprintf(n.Out, "evicting pod %s/%s (dry run)\n", p.Namespace, p.Name)
		}
		return nil
	}
	if err = n.removePods(pods); err == nil {
		return nil
	}
	left, leftErr := n.leavingPods(node, false)
	if len(left) > 0 {
		fmt.Fprintf(n.ErrOut, "There are pending pods in node %q when an error occurred: %v\n", node, err)
		for _, p := range left {
			fmt.Fprintf(n.ErrOut, "pod/%s\n", p.Name)
		}
	}
	if leftErr != nil {
		fmt.Fprintf(n.ErrOut, "Following errors occurred while getting the list of pods to delete:\n%s", leftErr)
	}
	return err
}

// verdict is what becomes of a pod on a node that is drained.
type verdict struct {
	leaves           bool
	warning, refusal string
}

// leavingPods are the pods to be removed from a node, beside the reasons why some may not be. It warns about others.
func (n *nodeSet) leavingPods(node string, warn bool) ([]corev1.Pod, error) {
	client, err := n.Client()
	if err != nil {
		return nil, err
	}
	var list corev1.PodList
	get := typedGetter{client, flagInt64(n.cmd, "chunk-size")}
	selectors := describe.Selectors{Labels: flagString(n.cmd, "pod-selector"), Fields: "spec.nodeName=" + node}
	if err := get.List(n.ctx, corev1.SchemeGroupVersion.WithResource("pods"), "", selectors, &list); err != nil {
		return nil, utilerrors.NewAggregate([]error{err})
	}
	var pods []corev1.Pod
	var warnings, refusals []string
	named := map[string][]string{}
	for _, p := range list.Items {
		p.APIVersion, p.Kind = "v1", "Pod"
		v := n.judge(get, &p)
		if v.leaves {
			pods = append(pods, p)
		}
		for _, text := range []string{v.warning, v.refusal} {
			if text == "" {
				continue
			}
			if named[text] == nil && text == v.warning {
				warnings = append(warnings, text)
			} else if named[text] == nil {
				refusals = append(refusals, text)
			}
			named[text] = append(named[text], p.Namespace+"/"+p.Name)
		}
	}
	var errs []error
	for _, text := range refusals {
		errs = append(errs, fmt.Errorf("cannot delete %s: %s", text, strings.Join(named[text], ", ")))
	}
	if len(errs) == 0 && warn && len(warnings) > 0 {
		for i, text := range warnings {
			warnings[i] = text + ": " + strings.Join(named[text], ", ")
		}
		n.printWarning(strings.Join(warnings, "; "))
	}
	return pods, utilerrors.NewAggregate(errs)
}

func (n *nodeSet) judge(get typedGetter, p *corev1.Pod) verdict {
	v := verdict{leaves: true}
	if n.overdue(p) {
		return verdict{}
	}
	finished := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	controller := metav1.GetControllerOf(p)
	if controller != nil && controller.Kind == "DaemonSet" && controller.APIVersion == "apps/v1" && !finished {
		err := get.Get(n.ctx, appsv1.SchemeGroupVersion.WithResource("daemonsets"), p.Namespace, controller.Name, new(appsv1.DaemonSet))
		switch {
		case apierrors.IsNotFound(err) && flagBool(n.cmd, "force"):
		case err != nil:
			return verdict{refusal: err.Error()}
		case !flagBool(n.cmd, "ignore-daemonsets"):
			return verdict{refusal: "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"}
		default:
			return verdict{warning: "ignoring DaemonSet-managed Pods"}
		}
	}
	if _, ok := p.Annotations[corev1.MirrorPodAnnotationKey]; ok {
		return verdict{}
	}
	local := slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil })
	if local && !finished && !flagBool(n.cmd, "delete-emptydir-data") {
		return verdict{refusal: "Pods with local storage (use --delete-emptydir-data to override)"}
	}
	if !finished && controller == nil {
		if !flagBool(n.cmd, "force") {
			return verdict{refusal: "Pods that declare no controller (use --force to override)"}
		}
		v.warning = "deleting Pods that declare no controller"
	}
	return v
}

// overdue says that a pod is being deleted for longer than anyone wants to wait.
func (n *nodeSet) overdue(p *corev1.Pod) bool {
	skip := flagInt(n.cmd, "skip-wait-for-delete-timeout")
	return skip > 0 && p.DeletionTimestamp != nil && int(n.Now().Sub(p.DeletionTimestamp.Time).Seconds()) > skip
}

// removePods evicts the pods, or deletes them where the server cannot evict, and waits until they are gone.
func (n *nodeSet) removePods(pods []corev1.Pod) error {
	if len(pods) == 0 {
		return nil
	}
	if !flagBool(n.cmd, "disable-eviction") {
		m, err := n.Mapper()
		if err != nil {
			return err
		}
		r, err := m.Lookup(podResource.GVR())
		if err != nil {
			return err
		}
		if slices.Contains(r.Subresources, "eviction") {
			return n.evict(pods)
		}
	}
	for i := range pods {
		if _, err := n.post(http.MethodDelete, &pods[i], n.deleteOptions()); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	deadline := n.deadline()
	for {
		var left []corev1.Pod
		for _, p := range pods {
			gone, err := n.gone(&p, "deleted", "deletion failed")
			if err != nil {
				return err
			}
			if !gone {
				left = append(left, p)
			}
		}
		if pods = left; len(pods) == 0 {
			return nil
		}
		if err := n.pause(time.Second, deadline); err != nil {
			return err
		}
	}
}

var podResource = discovery.Resource{Version: "v1", Name: "pods", Namespaced: true}

func (n *nodeSet) deadline() time.Time {
	if limit := flagDuration(n.cmd, "timeout"); limit != 0 {
		return n.Now().Add(limit)
	}
	return n.Now().Add(100 * 365 * 24 * time.Hour)
}

var errDeadline = errors.New("context deadline exceeded")

// pause sleeps, until the deadline at most, where it fails.
func (n *nodeSet) pause(d time.Duration, deadline time.Time) error {
	left := deadline.Sub(n.Now())
	if err := n.Sleep(n.ctx, max(0, min(d, left))); err != nil {
		return err
	}
	if left <= d {
		return errDeadline
	}
	return nil
}

func (n *nodeSet) deleteOptions() *metav1.DeleteOptions {
	options := &metav1.DeleteOptions{}
	if grace := int64(flagInt(n.cmd, "grace-period")); grace >= 0 {
		options.GracePeriodSeconds = &grace
	}
	if n.dry == dryRunServer {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return options
}

// post sends body about a pod.
func (n *nodeSet) post(verb string, p *corev1.Pod, body any, sub ...string) (object.Object, error) {
	client, err := n.Client()
	if err != nil {
		return nil, err
	}
	r, err := podResource.Request(verb, p.Namespace, p.Name, sub...)
	if err != nil {
		return nil, err
	}
	if r.Body, err = object.Encode(body); err != nil {
		return nil, err
	}
	return client.Object(n.ctx, r)
}

// gone says whether a pod is there no more, or need not be waited for, and tells so.
func (n *nodeSet) gone(p *corev1.Pod, done, failed string) (bool, error) {
	client, err := n.Client()
	if err != nil {
		return false, err
	}
	var now corev1.Pod
	err = typedGetter{client, 0}.Get(n.ctx, corev1.SchemeGroupVersion.WithResource("pods"), p.Namespace, p.Name, &now)
	switch {
	case apierrors.IsNotFound(err) || err == nil && now.UID != p.UID:
		n.say(p, done)
		return true, nil
	case err != nil:
		n.say(p, failed)
		return false, err
	case n.overdue(&now):
		fmt.Fprintf(n.Out, "pod %q has DeletionTimestamp older than %v seconds, skipping\n", p.Name, flagInt(n.cmd, "skip-wait-for-delete-timeout"))
		return true, nil
	}
	return false, nil
}

// An evictee is a pod that is being evicted; at says when it is its turn again.
type evictee struct {
	pod     corev1.Pod
	at      time.Time
	again   bool // refused before
	evicted bool
}

const evictionRetry = 5 * time.Second

// evict evicts the pods side by side and waits until they are gone. As upstream the last pod comes first.
func (n *nodeSet) evict(pods []corev1.Pod) error {
	deadline := n.deadline()
	var queue []*evictee
	for i := range pods {
		queue = append(queue, &evictee{pod: pods[(i+len(pods)-1)%len(pods)], at: n.Now()})
	}
	var errs []error
	for len(queue) > 0 {
		next := 0
		for i, e := range queue {
			if e.at.Before(queue[next].at) {
				next = i
			}
		}
		e := queue[next]
		queue = slices.Delete(queue, next, next+1)
		if wait := e.at.Sub(n.Now()); wait > 0 {
			if err := n.Sleep(n.ctx, wait); err != nil {
				return err
			}
		}
		done, err := n.step(e, deadline)
		if err != nil {
			errs = append(errs, err)
		}
		if !done {
			queue = append(queue, e)
		}
	}
	return utilerrors.NewAggregate(errs)
}

// step carries the eviction of one pod on, until there is nothing to be done at this moment.
func (n *nodeSet) step(e *evictee, deadline time.Time) (done bool, err error) {
	if e.evicted {
		failed := func(err error) error {
			return fmt.Errorf("error when waiting for pod %q in namespace %q to terminate: %v", e.pod.Name, e.pod.Namespace, err)
		}
		gone, err := n.gone(&e.pod, "evicted", "eviction failed")
		switch {
		case err != nil:
			return true, failed(err)
		case !gone && !n.Now().Before(deadline):
			return true, failed(errDeadline)
		}
		if e.at = n.Now().Add(time.Second); e.at.After(deadline) {
			e.at = deadline
		}
		return gone, nil
	}
	p := &e.pod
	if e.again {
		if client, err := n.Client(); err == nil {
			var fresh corev1.Pod
			if (typedGetter{client, 0}).Get(n.ctx, corev1.SchemeGroupVersion.WithResource("pods"), p.Namespace, p.Name, &fresh) == nil {
				fresh.APIVersion, fresh.Kind = "v1", "Pod"
				*p = fresh
			}
		}
	}
	fmt.Fprintf(n.Out, "evicting pod %s/%s%s\n", p.Namespace, p.Name, n.dry.suffix())
	if !n.Now().Before(deadline) {
		return true, fmt.Errorf("error when evicting pods/%q -n %q: global timeout reached: %v", p.Name, p.Namespace, flagDuration(n.cmd, "timeout"))
	}
	_, err = n.post(http.MethodPost, p, &policyv1.Eviction{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace}, DeleteOptions: n.deleteOptions(),
	}, "eviction")
	terminating := apierrors.IsForbidden(err) && apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
	e.at = n.Now()
	switch {
	case err == nil || terminating && p.DeletionTimestamp != nil:
		e.evicted = true
		return n.dry == dryRunServer, nil
	case apierrors.IsNotFound(err):
		return true, nil
	case apierrors.IsTooManyRequests(err):
		fmt.Fprintf(n.ErrOut, "error when evicting pods/%q -n %q (will retry after %v): %v\n", p.Name, p.Namespace, evictionRetry, err)
	case terminating:
		fmt.Fprintf(n.ErrOut, "error when evicting pod %q from terminating namespace %q (will retry after %v): %v\n", p.Name, p.Namespace, evictionRetry, err)
	default:
		return true, fmt.Errorf("error when evicting pods/%q -n %q: %v", p.Name, p.Namespace, err)
	}
	e.again, e.at = true, n.Now().Add(evictionRetry)
	return false, nil
}
