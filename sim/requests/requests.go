// Package requests adds up what a pod asks of a node and what it may use there at most.
//
// It knows no nodes and no scheduling; every container counts, the way they run: init containers one after the
// other, sidecars beside all that follow them.
package requests

import (
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Pod is what the pod requests, with its overhead. A container counts with what it has already got where a resize
// is under way. missing, which may be nil, stands for what a container does not request.
func Pod(pod *v1.Pod, missing v1.ResourceList) v1.ResourceList {
	total := containers(pod, func(c *v1.Container) v1.ResourceList {
		return withMissing(effective(pod, c), missing)
	})
	if r := pod.Spec.Resources; r != nil {
		for name, q := range r.Requests {
			if podLevel(name) {
				total[name] = q.DeepCopy()
			}
		}
	}
	add(total, pod.Spec.Overhead)
	return total
}

// Limits is what the pod may use, with its overhead where there is a limit at all.
func Limits(pod *v1.Pod) v1.ResourceList {
	total := containers(pod, func(c *v1.Container) v1.ResourceList { return c.Resources.Limits })
	if r := pod.Spec.Resources; r != nil {
		for name, q := range r.Limits {
			if podLevel(name) {
				total[name] = q.DeepCopy()
			}
		}
	}
	for name, q := range pod.Spec.Overhead {
		if have, ok := total[name]; ok && !have.IsZero() {
			have.Add(q)
			total[name] = have
		}
	}
	return total
}

func podLevel(name v1.ResourceName) bool {
	return name == v1.ResourceCPU || name == v1.ResourceMemory || strings.HasPrefix(string(name), v1.ResourceHugePagesPrefix)
}

// containers is the sum of the containers and sidecars, or what starting them needs at the worst moment.
func containers(pod *v1.Pod, of func(*v1.Container) v1.ResourceList) v1.ResourceList {
	running, sidecars, starting := v1.ResourceList{}, v1.ResourceList{}, v1.ResourceList{}
	for i := range pod.Spec.Containers {
		add(running, of(&pod.Spec.Containers[i]))
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if sidecar(c) {
			add(running, of(c))
			add(sidecars, of(c))
			raise(starting, sidecars)
			continue
		}
		moment := v1.ResourceList{}
		add(moment, of(c))
		add(moment, sidecars)
		raise(starting, moment)
	}
	raise(running, starting)
	return running
}

func sidecar(c *v1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == v1.ContainerRestartPolicyAlways
}

// effective is the most of what the container asks for, was given and has. A resize that cannot be does not count.
func effective(pod *v1.Pod, c *v1.Container) v1.ResourceList {
	status := statusOf(pod, c)
	if status == nil || status.Resources == nil {
		return c.Resources.Requests
	}
	out := v1.ResourceList{}
	if !infeasible(pod) {
		raise(out, c.Resources.Requests)
	}
	raise(out, status.Resources.Requests)
	raise(out, status.AllocatedResources)
	return out
}

func statusOf(pod *v1.Pod, c *v1.Container) *v1.ContainerStatus {
	statuses := pod.Status.ContainerStatuses
	if sidecar(c) {
		statuses = pod.Status.InitContainerStatuses
	}
	for i := range statuses {
		if statuses[i].Name == c.Name {
			return &statuses[i]
		}
	}
	return nil
}

func infeasible(pod *v1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == v1.PodResizePending {
			return c.Reason == v1.PodReasonInfeasible
		}
	}
	return false
}

func withMissing(list, missing v1.ResourceList) v1.ResourceList {
	if len(missing) == 0 {
		return list
	}
	out := v1.ResourceList{}
	add(out, missing)
	for name, q := range list {
		out[name] = q
	}
	return out
}

func add(to, list v1.ResourceList) {
	for name, q := range list {
		sum := resource.Quantity{Format: q.Format}
		if have, ok := to[name]; ok {
			sum = have.DeepCopy()
		}
		sum.Add(q)
		to[name] = sum
	}
}

func raise(to, list v1.ResourceList) {
	for name, q := range list {
		if have, ok := to[name]; !ok || q.Cmp(have) > 0 {
			to[name] = q.DeepCopy()
		}
	}
}
