package resources

import (
	"maps"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// prepareResize keeps nothing of the write but resources and resize policies. Where containers do not correspond it
// leaves all as it is, for the validation to say so.
func prepareResize(_ *Context, obj, before runtime.Object) {
	pod, old := obj.(*v1.Pod), before.(*v1.Pod)
	defer func() {
		dropDisabled(&pod.Spec, &old.Spec)
		countGeneration(pod, old)
	}()
	if len(pod.Spec.Containers) != len(old.Spec.Containers) || len(pod.Spec.InitContainers) != len(old.Spec.InitContainers) {
		return
	}
	containers := onlyResources(pod.Spec.Containers, old.Spec.Containers)
	initContainers := onlyResources(pod.Spec.InitContainers, old.Spec.InitContainers)
	whole := pod.Spec.Resources
	pod.Spec, pod.Status = *old.Spec.DeepCopy(), *old.Status.DeepCopy()
	metav1.ResetObjectMetaForStatus(&pod.ObjectMeta, &old.ObjectMeta)
	pod.Spec.Resources, pod.Spec.Containers, pod.Spec.InitContainers = whole, containers, initContainers
}

func onlyResources(containers, old []v1.Container) []v1.Container {
	if len(containers) == 0 {
		return containers
	}
	out := make([]v1.Container, len(old))
	for i := range containers {
		if old[i].Name != containers[i].Name {
			return containers
		}
		old[i].DeepCopyInto(&out[i])
		out[i].Resources, out[i].ResizePolicy = containers[i].Resources, containers[i].ResizePolicy
	}
	return out
}

func validatePodResize(obj, before runtime.Object) field.ErrorList {
	pod, old := obj.(*v1.Pod), before.(*v1.Pod)
	nowhere, spec := field.NewPath(""), field.NewPath("spec")
	if _, mirror := old.Annotations[v1.MirrorPodAnnotationKey]; mirror {
		return field.ErrorList{field.Forbidden(nowhere, "static pods cannot be resized")}
	}
	if old.Spec.OS != nil && old.Spec.OS.Name == v1.Windows {
		return field.ErrorList{field.Forbidden(nowhere, "windows pods cannot be resized")}
	}
	var p problems
	validatePod(&p, pod, rulesFor(true, &old.Spec, old.Annotations))
	if class := orElse(string(old.Status.QOSClass), string(qosClass(&old.Spec))); class != string(qosClass(&pod.Spec)) {
		p.invalid(spec, pod.Status.QOSClass, "Pod QOS Class may not change as a result of resizing")
	}
	if !resizable(old) {
		p.forbidden(spec, "Pod running on node without support for resize")
	}
	back := pod.Spec.DeepCopy()
	if asksAsWhole(&old.Spec) || asksAsWhole(&pod.Spec) {
		validateWholeResize(&p, spec, pod, old, back)
	}
	if len(old.Status.NodeAllocatableResourceClaimStatuses) > 0 {
		p.forbidden(spec, "pods with node allocatable resource claims cannot be resized")
	}
	if !validateSameContainers(&p, spec, "containers", pod.Spec.Containers, old.Spec.Containers) ||
		!validateSameContainers(&p, spec, "initContainers", pod.Spec.InitContainers, old.Spec.InitContainers) {
		return p.list()
	}
	for i := range old.Spec.InitContainers {
		validateNotRemoved(&p, spec.Child("initContainers").Index(i).Child("resources"), "resource",
			pod.Spec.InitContainers[i].Resources, old.Spec.InitContainers[i].Resources)
	}
	for i := range old.Spec.Containers {
		validateNotRemoved(&p, spec.Child("containers").Index(i).Child("resources"), "resource",
			pod.Spec.Containers[i].Resources, old.Spec.Containers[i].Resources)
	}
	for i := range back.Containers {
		restoreCompute(&back.Containers[i].Resources, old.Spec.Containers[i].Resources)
		if !equality.Semantic.DeepEqual(back.Containers[i], old.Spec.Containers[i]) {
			p.forbidden(spec, "only cpu and memory resources are mutable")
		}
	}
	for i := range back.InitContainers {
		c, was, at := &back.InitContainers[i], &old.Spec.InitContainers[i], spec.Child("initContainers").Index(i)
		changed := !equality.Semantic.DeepEqual(*c, *was)
		restoreCompute(&c.Resources, was.Resources)
		if !equality.Semantic.DeepEqual(*c, *was) {
			p.forbidden(at, "only cpu and memory resources for init or sidecar containers are mutable")
		}
		for _, policy := range c.ResizePolicy {
			if changed && !isSidecar(c) && policy.RestartPolicy == v1.RestartContainer {
				p.forbidden(at, "non-sidecar init containers with a resize policy of RestartContainer cannot be resized")
			}
		}
	}
	if len(p) == 0 && !equality.Semantic.DeepEqual(*back, old.Spec) {
		p.forbidden(spec, "only cpu and memory resources are mutable")
	}
	return p.list()
}

// resizable says whether the node reports resources of running containers, which those that can resize do.
func resizable(pod *v1.Pod) bool {
	for _, c := range pod.Status.ContainerStatuses {
		if c.State.Running != nil {
			return c.Resources != nil
		}
	}
	return true
}

func asksAsWhole(spec *v1.PodSpec) bool {
	return spec.Resources != nil && len(spec.Resources.Requests)+len(spec.Resources.Limits) > 0
}

func validateWholeResize(p *problems, at *field.Path, pod, old *v1.Pod, back *v1.PodSpec) {
	if old.Spec.Resources != nil && pod.Spec.Resources == nil {
		p.forbidden(at.Child("resources"), "pod-level resources cannot be removed")
		return
	}
	was := v1.ResourceRequirements{}
	if old.Spec.Resources != nil {
		was = *old.Spec.Resources
		validateNotRemoved(p, at.Child("resources"), "pod-level resource", *pod.Spec.Resources, was)
	}
	if r := back.Resources; r != nil {
		r.Requests = restoredCompute(r.Requests, was.Requests)
		r.Limits = restoredCompute(r.Limits, was.Limits)
		if old.Spec.Resources == nil && len(r.Requests)+len(r.Limits)+len(r.Claims) == 0 {
			back.Resources = nil
		}
	}
	if !equality.Semantic.DeepEqual(back.Resources, old.Spec.Resources) {
		p.forbidden(at, "only cpu and memory resources are mutable at pod-level")
	}
}

func validateSameContainers(p *problems, spec *field.Path, which string, containers, old []v1.Container) bool {
	if len(containers) != len(old) {
		p.forbidden(spec.Child(which), which+" may not be added or removed on resize")
		return false
	}
	same := true
	for i := range old {
		if containers[i].Name != old[i].Name {
			p.forbidden(spec.Child(which).Index(i).Child("name"), which+" may not be renamed or reordered on resize")
			same = false
		}
	}
	return same
}

func validateNotRemoved(p *problems, at *field.Path, what string, r, old v1.ResourceRequirements) {
	if removed(r.Requests, old.Requests) {
		p.forbidden(at.Child("requests"), what+" requests cannot be removed")
	}
	if removed(r.Limits, old.Limits) {
		p.forbidden(at.Child("limits"), what+" limits cannot be removed")
	}
}

func removed(list, old v1.ResourceList) bool {
	for name := range old {
		if _, found := list[name]; !found {
			return true
		}
	}
	return false
}

// restoreCompute takes back what a resize may change.
func restoreCompute(r *v1.ResourceRequirements, old v1.ResourceRequirements) {
	*r = v1.ResourceRequirements{Limits: restoredCompute(r.Limits, old.Limits), Requests: restoredCompute(r.Requests, old.Requests)}
}

func restoredCompute(list, old v1.ResourceList) v1.ResourceList {
	if list == nil && old == nil {
		return nil
	}
	out := v1.ResourceList{}
	maps.Copy(out, list)
	for _, name := range []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory} {
		delete(out, name)
		if quantity, found := old[name]; found {
			out[name] = quantity
		}
	}
	return out
}
