package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// goType is how the API machinery names the type of an object: *v1.ConfigMap.
func goType(o object.Object) string {
	gvk := object.GVK(o)
	return "*" + gvk.Version + "." + gvk.Kind
}

// podSelector is the selector of the pods that belong to a workload or stand behind a service.
func podSelector(o object.Object) (labels.Selector, error) {
	switch object.Kind(o) {
	case "ReplicationController":
		return labels.SelectorFromSet(object.StringMap(o, "spec", "selector")), nil
	case "Service":
		selector := object.StringMap(o, "spec", "selector")
		if len(selector) == 0 {
			return nil, fmt.Errorf("invalid service '%s': Service is defined without a selector", object.Name(o))
		}
		return labels.SelectorFromSet(selector), nil
	case "ReplicaSet", "StatefulSet", "DaemonSet", "Deployment", "Job":
		var s metav1.LabelSelector
		if err := object.To(object.Map(o, "spec", "selector"), &s); err != nil {
			return nil, fmt.Errorf("invalid label selector: %v", err)
		}
		selector, err := metav1.LabelSelectorAsSelector(&s)
		if err != nil {
			return nil, fmt.Errorf("invalid label selector: %v", err)
		}
		return selector, nil
	}
	return nil, fmt.Errorf("selector for %s not implemented", goType(o))
}

// attachablePod is the pod itself, or the most active one of the workload o.
func (f *Factory) attachablePod(o object.Object, timeout time.Duration) (*corev1.Pod, error) {
	if object.Kind(o) == "Pod" {
		var pod corev1.Pod
		return &pod, object.To(o, &pod)
	}
	selector, err := podSelector(o)
	if err != nil {
		return nil, fmt.Errorf("cannot attach to %s: %v", goType(o), err)
	}
	pods, err := f.podsOf(object.Namespace(o), selector.String(), timeout, func(a, b *corev1.Pod) bool { return lessActive(b, a) })
	if err != nil {
		return nil, err
	}
	return &pods[0], nil
}

// podsOf lists the pods that a selector finds, in order; where there is none, it waits up to timeout for one.
func (f *Factory) podsOf(namespace, selector string, timeout time.Duration, less func(a, b *corev1.Pod) bool) ([]corev1.Pod, error) {
	client, err := f.Client()
	if err != nil {
		return nil, err
	}
	pods := &discovery.Resource{Version: "v1", Name: "pods", Namespaced: true}
	query := url.Values{"labelSelector": {selector}}
	body, err := client.Do(f.ctx, rest.Request{Verb: "GET", Path: pods.Path(namespace, ""), Query: query})
	if err != nil {
		return nil, err
	}
	var list corev1.PodList
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	sort.Slice(list.Items, func(i, j int) bool { return less(&list.Items[i], &list.Items[j]) })
	if len(list.Items) > 0 {
		return list.Items, nil
	}
	query.Set("resourceVersion", list.ResourceVersion)
	query.Set("timeoutSeconds", strconv.Itoa(int(timeout.Seconds())))
	err = client.Watch(f.ctx, rest.Request{Verb: "GET", Path: pods.Path(namespace, ""), Query: query}, func(e rest.Event) (bool, error) {
		if e.Type != "ADDED" && e.Type != "MODIFIED" {
			return true, nil
		}
		var pod corev1.Pod
		list.Items = append(list.Items, pod)
		return false, object.To(e.Object, &list.Items[0])
	})
	if err == nil && len(list.Items) == 0 {
		err = errTimeout
	}
	return list.Items, err
}

// forLogging orders pods by how well their logs serve: running and ready for long, restarted, old ones first.
func forLogging(a, b *corev1.Pod) bool {
	if (a.Spec.NodeName == "") != (b.Spec.NodeName == "") {
		return a.Spec.NodeName != ""
	}
	order := map[corev1.PodPhase]int{corev1.PodRunning: 0, corev1.PodUnknown: 1, corev1.PodPending: 2}
	if x, y := order[a.Status.Phase], order[b.Status.Phase]; x != y {
		return x < y
	}
	ready, aSince := readySince(a)
	bReady, bSince := readySince(b)
	switch {
	case ready != bReady:
		return ready
	case ready && !aSince.Equal(&bSince):
		return laterOrZero(bSince, aSince)
	}
	if more, differ := restartedMore(a, b); differ {
		return more
	}
	return !a.CreationTimestamp.Equal(&b.CreationTimestamp) && laterOrZero(b.CreationTimestamp, a.CreationTimestamp)
}

// lessActive orders pods as controllers do that want to get rid of some: the least useful first.
func lessActive(a, b *corev1.Pod) bool {
	if (a.Spec.NodeName == "") != (b.Spec.NodeName == "") {
		return a.Spec.NodeName == ""
	}
	order := map[corev1.PodPhase]int{corev1.PodPending: 0, corev1.PodUnknown: 1, corev1.PodRunning: 2}
	if x, y := order[a.Status.Phase], order[b.Status.Phase]; x != y {
		return x < y
	}
	ready, aSince := readySince(a)
	bReady, bSince := readySince(b)
	if ready != bReady {
		return !ready
	}
	aGoes, bGoes := a.DeletionTimestamp, b.DeletionTimestamp
	if (aGoes != nil) != (bGoes != nil) {
		return aGoes != nil
	}
	if aGoes != nil && !aGoes.Equal(bGoes) {
		return aGoes.Before(bGoes)
	}
	if ready && !aSince.Equal(&bSince) {
		return laterOrZero(aSince, bSince)
	}
	if more, differ := restartedMore(a, b); differ {
		return more
	}
	return !a.CreationTimestamp.Equal(&b.CreationTimestamp) && laterOrZero(a.CreationTimestamp, b.CreationTimestamp)
}

func readySince(p *corev1.Pod) (bool, metav1.Time) {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return true, c.LastTransitionTime
		}
	}
	return false, metav1.Time{}
}

// laterOrZero is a after b, where no time is later than any.
func laterOrZero(a, b metav1.Time) bool {
	if a.IsZero() || b.IsZero() {
		return a.IsZero()
	}
	return a.After(b.Time)
}

func restartedMore(a, b *corev1.Pod) (more, differ bool) {
	aRestarts, aSidecars := restarts(a)
	bRestarts, bSidecars := restarts(b)
	if aRestarts != bRestarts {
		return aRestarts > bRestarts, true
	}
	return aSidecars > bSidecars, aSidecars != bSidecars
}

func restarts(p *corev1.Pod) (containers, sidecars int32) {
	for _, s := range p.Status.ContainerStatuses {
		containers = max(containers, s.RestartCount)
	}
	always := map[string]bool{}
	for _, c := range p.Spec.InitContainers {
		always[c.Name] = c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	}
	for _, s := range p.Status.InitContainerStatuses {
		if always[s.Name] {
			sidecars = max(sidecars, s.RestartCount)
		}
	}
	return containers, sidecars
}

const defaultContainerAnnotation = "kubectl.kubernetes.io/default-container"

// fieldPathOf is the path of a pod's container such as spec.containers{app}; "" where there is none of that name.
func fieldPathOf(p *corev1.Pod, container string) string {
	for _, c := range p.Spec.Containers {
		if c.Name == container {
			return "spec.containers{" + container + "}"
		}
	}
	for _, c := range p.Spec.InitContainers {
		if c.Name == container {
			return "spec.initContainers{" + container + "}"
		}
	}
	for _, c := range p.Spec.EphemeralContainers {
		if c.Name == container {
			return "spec.ephemeralContainers{" + container + "}"
		}
	}
	return ""
}

// containerNames lists a pod's containers for messages.
func containerNames(p *corev1.Pod) string {
	var names []string
	for _, c := range p.Spec.Containers {
		names = append(names, c.Name)
	}
	for _, c := range p.Spec.EphemeralContainers {
		names = append(names, c.Name+" (ephem)")
	}
	for _, c := range p.Spec.InitContainers {
		names = append(names, c.Name+" (init)")
	}
	return strings.Join(names, ", ")
}

// chooseContainer is the container of that name, else the pod's default one; where that had to be guessed among several, it says so.
func (f *Factory) chooseContainer(p *corev1.Pod, name string, quiet bool) (string, error) {
	if len(p.Spec.Containers) == 0 {
		return "", fmt.Errorf("pod %s/%s does not have any containers", p.Namespace, p.Name)
	}
	if name == "" {
		name = p.Annotations[defaultContainerAnnotation]
	}
	if name == "" {
		f.sayDefaulted(p, quiet)
		return p.Spec.Containers[0].Name, nil
	}
	if fieldPathOf(p, name) == "" {
		return "", fmt.Errorf("container %s is not valid for pod %s out of: %s", name, p.Name, containerNames(p))
	}
	return name, nil
}

func (f *Factory) sayDefaulted(p *corev1.Pod, quiet bool) {
	if !quiet && len(p.Spec.Containers)+len(p.Spec.InitContainers)+len(p.Spec.EphemeralContainers) > 1 {
		fmt.Fprintf(f.ErrOut, "Defaulted container %q out of: %s\n", p.Spec.Containers[0].Name, containerNames(p))
	}
}

// oneObject is the single object that a builder finds; several come as a list.
func oneObject(r *resource.Result) (object.Object, error) {
	infos, err := r.Infos()
	if err != nil {
		return nil, err
	}
	if len(infos) == 1 && !object.IsList(infos[0].Object) {
		return infos[0].Object, nil
	}
	return object.Object{"kind": "List", "apiVersion": "v1", "items": []any{}}, nil
}

// runningTimeout is --pod-running-timeout.
func runningTimeout(cmd *cobra.Command) (time.Duration, error) {
	d := flagDuration(cmd, "pod-running-timeout")
	if d <= 0 {
		return d, errors.New("--pod-running-timeout must be higher than zero")
	}
	return d, nil
}
