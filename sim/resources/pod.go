package resources

import (
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

func pods() *Resource {
	r := of(&Resource{
		Version: "v1", Name: "pods", Singular: "pod", Kind: "Pod",
		StatusResets: []string{"metadata.deletionTimestamp", "metadata.ownerReferences"},
		ShortNames:   []string{"po"}, Categories: []string{"all"}, Namespaced: true,
		New: fresh[v1.Pod], NewList: fresh[v1.PodList],
		ReturnsDeleted: true,
		Subresources:   podSubresources(),
	}, typed[v1.Pod]{
		MetaAgain:            "um|",
		Default:              defaultPod,
		Create:               createPod,
		Update:               updatePod,
		Validate:             validatePodCreate,
		ValidateUpdate:       validatePodUpdate,
		Warnings:             podWarnings,
		Spec:                 func(pod, from *v1.Pod) { pod.Spec = from.Spec },
		Status:               func(pod, from *v1.Pod) { pod.Status = from.Status },
		StatusUpdate:         updatePodStatus,
		ValidateStatusUpdate: validatePodStatusUpdate,
		Changed:              func(pod, old *v1.Pod) bool { return !equality.Semantic.DeepEqual(pod.Spec, old.Spec) },
		GracePeriod:          podGracePeriod,
		Fields:               podFields,
		Row:                  podRow,
	})
	r.RowConditions = podRowConditions
	return r
}

func podSubresources() []Subresource {
	connect := func(name, kind string, verbs ...string) Subresource {
		return Subresource{Name: name, Kind: kind, Verbs: verbs}
	}
	write := []string{"get", "patch", "update"}
	return []Subresource{
		connect("attach", "PodAttachOptions", "create", "get"),
		connect("binding", "Binding", "create"),
		{Name: "ephemeralcontainers", Kind: "Pod", Verbs: write, Prepare: prepareEphemeralContainers, Validate: validateEphemeralContainersUpdate},
		{Name: "eviction", Kind: "Eviction", Group: "policy", Version: "v1", Verbs: []string{"create"}},
		connect("exec", "PodExecOptions", "create", "get"),
		connect("log", "Pod", "get"),
		connect("portforward", "PodPortForwardOptions", "create", "get"),
		connect("proxy", "PodProxyOptions", "create", "delete", "get", "patch", "update"),
		{Name: "resize", Kind: "Pod", Verbs: write, Prepare: prepareResize, Validate: validatePodResize},
	}
}

func defaultPod(pod *v1.Pod) {
	spec := &pod.Spec
	for _, containers := range [][]v1.Container{spec.Containers, spec.InitContainers} {
		for i := range containers {
			defaultRequests(&containers[i].Resources)
		}
	}
	defaultPodLevelResources(spec)
	fillPointer(&spec.EnableServiceLinks, v1.DefaultEnableServiceLinks)
	if spec.HostNetwork {
		for _, containers := range [][]v1.Container{spec.Containers, spec.InitContainers} {
			for i := range containers {
				for j := range containers[i].Ports {
					fill(&containers[i].Ports[j].HostPort, containers[i].Ports[j].ContainerPort)
				}
			}
		}
	}
	defaultPodSpec(spec)
	if *spec.TerminationGracePeriodSeconds < 0 {
		*spec.TerminationGracePeriodSeconds = 1
	}
	agreePodStatus(&pod.Status)
}

// agreePodStatus makes the older single address and the list of addresses say the same.
func agreePodStatus(status *v1.PodStatus) {
	switch {
	case len(status.PodIPs) == 0 && status.PodIP != "", len(status.PodIPs) > 0 && status.PodIP != "" && status.PodIP != status.PodIPs[0].IP:
		status.PodIPs = []v1.PodIP{{IP: status.PodIP}}
	case len(status.PodIPs) > 0:
		status.PodIP = status.PodIPs[0].IP
	}
}

// agreePodSpec makes the two names of the service account's field say the same.
func agreePodSpec(spec *v1.PodSpec) {
	fill(&spec.ServiceAccountName, spec.DeprecatedServiceAccount)
	spec.DeprecatedServiceAccount = spec.ServiceAccountName
}

// defaultRequests makes a limit the request where none is given.
func defaultRequests(r *v1.ResourceRequirements) {
	if r.Limits == nil {
		return
	}
	if r.Requests == nil {
		r.Requests = v1.ResourceList{}
	}
	for name, limit := range r.Limits {
		if _, found := r.Requests[name]; !found {
			r.Requests[name] = limit.DeepCopy()
		}
	}
}

// defaultPodLevelResources completes what the pod as a whole asks for, where it asks for something.
func defaultPodLevelResources(spec *v1.PodSpec) {
	r := spec.Resources
	if r == nil {
		return
	}
	if len(r.Limits) > 0 || len(r.Requests) > 0 {
		limits := aggregate(spec, func(r v1.ResourceRequirements) v1.ResourceList { return r.Limits })
		for name, quantity := range limits {
			if _, requested := r.Requests[name]; isHugePages(name) && !requested {
				setMissing(&r.Limits, name, quantity)
			}
		}
	}
	if len(r.Limits) == 0 {
		return
	}
	requests := aggregate(spec, func(r v1.ResourceRequirements) v1.ResourceList { return r.Requests })
	for name, quantity := range requests {
		if isCompute(name) {
			setMissing(&r.Requests, name, quantity)
		}
	}
	for name, quantity := range r.Limits {
		if isCompute(name) || isHugePages(name) {
			setMissing(&r.Requests, name, quantity)
		}
	}
}

func setMissing(list *v1.ResourceList, name v1.ResourceName, quantity resource.Quantity) {
	if _, found := (*list)[name]; found {
		return
	}
	if *list == nil {
		*list = v1.ResourceList{}
	}
	(*list)[name] = quantity.DeepCopy()
}

func isHugePages(name v1.ResourceName) bool {
	return strings.HasPrefix(string(name), v1.ResourceHugePagesPrefix)
}

// aggregate is what a pod's containers need together: all containers and sidecars at once, or any init container
// with the sidecars before it.
func aggregate(spec *v1.PodSpec, of func(v1.ResourceRequirements) v1.ResourceList) v1.ResourceList {
	total, sidecars, most := v1.ResourceList{}, v1.ResourceList{}, v1.ResourceList{}
	for i := range spec.Containers {
		add(total, of(spec.Containers[i].Resources))
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		needs := of(c.Resources)
		if isSidecar(c) {
			add(total, needs)
			add(sidecars, needs)
			atLeast(most, sidecars)
			continue
		}
		together := v1.ResourceList{}
		add(together, needs)
		add(together, sidecars)
		atLeast(most, together)
	}
	atLeast(total, most)
	return total
}

func add(list, more v1.ResourceList) {
	for name, quantity := range more {
		sum, found := list[name]
		if !found {
			list[name] = quantity.DeepCopy()
			continue
		}
		sum.Add(quantity)
		list[name] = sum
	}
}

func atLeast(list, least v1.ResourceList) {
	for name, quantity := range least {
		if have, found := list[name]; !found || quantity.Cmp(have) > 0 {
			list[name] = quantity.DeepCopy()
		}
	}
}

// isSidecar says whether an init container keeps running beside the containers.
func isSidecar(c *v1.Container) bool {
	return c != nil && c.RestartPolicy != nil && *c.RestartPolicy == v1.ContainerRestartPolicyAlways
}

// becomePending gives a new pod its first status.
func becomePending(pod *v1.Pod) {
	pod.Status = v1.PodStatus{Phase: v1.PodPending, QOSClass: qosClass(&pod.Spec)}
	if len(pod.Spec.SchedulingGates) > 0 {
		pod.Status.Conditions = []v1.PodCondition{{
			Type: v1.PodScheduled, Status: v1.ConditionFalse, Reason: v1.PodReasonSchedulingGated,
			Message: "Scheduling is blocked due to non-empty scheduling gates",
		}}
	}
}

func createPod(ctx *Context, pod *v1.Pod) {
	becomePending(pod)
	if len(pod.Status.Conditions) > 0 {
		pod.Status.Conditions[0].LastTransitionTime = metav1.Time{Time: ctx.Now}
	}
	agreePodSpec(&pod.Spec)
	dropDisabled(&pod.Spec, nil)
	mergeLabelKeys(pod)
	applyAppArmorAnnotations(ctx, pod)
}

func updatePod(_ *Context, pod, old *v1.Pod) {
	agreePodSpec(&pod.Spec)
	dropDisabled(&pod.Spec, &old.Spec)
}

// qosClass is the quality of service that a pod's requests and limits buy.
func qosClass(spec *v1.PodSpec) v1.PodQOSClass {
	requests, limits := v1.ResourceList{}, v1.ResourceList{}
	guaranteed := true
	collect := func(r v1.ResourceRequirements) {
		for name, quantity := range r.Requests {
			if isCompute(name) && quantity.Sign() > 0 {
				add(requests, v1.ResourceList{name: quantity})
			}
		}
		limited := 0
		for name, quantity := range r.Limits {
			if isCompute(name) && quantity.Sign() > 0 {
				limited++
				add(limits, v1.ResourceList{name: quantity})
			}
		}
		guaranteed = guaranteed && limited == 2
	}
	if spec.Resources != nil {
		collect(*spec.Resources)
	} else {
		for _, containers := range [][]v1.Container{spec.Containers, spec.InitContainers} {
			for i := range containers {
				collect(containers[i].Resources)
			}
		}
	}
	if len(requests) == 0 && len(limits) == 0 {
		return v1.PodQOSBestEffort
	}
	if guaranteed && len(requests) == len(limits) {
		for name, request := range requests {
			if limit, found := limits[name]; !found || limit.Cmp(request) != 0 {
				return v1.PodQOSBurstable
			}
		}
		return v1.PodQOSGuaranteed
	}
	return v1.PodQOSBurstable
}

func isCompute(name v1.ResourceName) bool {
	return name == v1.ResourceCPU || name == v1.ResourceMemory
}

// mergeLabelKeys turns the label keys of affinity terms and spread constraints into requirements on the pod's own
// label values.
func mergeLabelKeys(pod *v1.Pod) {
	merge := func(selector *metav1.LabelSelector, keys []string, operator metav1.LabelSelectorOperator) {
		if selector == nil {
			return
		}
		for _, key := range keys {
			if value, found := pod.Labels[key]; found {
				selector.MatchExpressions = append(selector.MatchExpressions,
					metav1.LabelSelectorRequirement{Key: key, Operator: operator, Values: []string{value}})
			}
		}
	}
	term := func(t *v1.PodAffinityTerm) {
		merge(t.LabelSelector, t.MatchLabelKeys, metav1.LabelSelectorOpIn)
		merge(t.LabelSelector, t.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)
	}
	terms := func(preferred []v1.WeightedPodAffinityTerm, required []v1.PodAffinityTerm) {
		for i := range preferred {
			term(&preferred[i].PodAffinityTerm)
		}
		for i := range required {
			term(&required[i])
		}
	}
	if affinity := pod.Spec.Affinity; affinity != nil {
		if a := affinity.PodAffinity; a != nil {
			terms(a.PreferredDuringSchedulingIgnoredDuringExecution, a.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		if a := affinity.PodAntiAffinity; a != nil {
			terms(a.PreferredDuringSchedulingIgnoredDuringExecution, a.RequiredDuringSchedulingIgnoredDuringExecution)
		}
	}
	for i := range pod.Spec.TopologySpreadConstraints {
		c := &pod.Spec.TopologySpreadConstraints[i]
		merge(c.LabelSelector, c.MatchLabelKeys, metav1.LabelSelectorOpIn)
	}
}

// updatePodStatus keeps what a write to the status may not take away.
func updatePodStatus(_ *Context, pod, old *v1.Pod) {
	pod.DeletionTimestamp = nil
	pod.OwnerReferences = old.OwnerReferences
	if len(old.Status.NodeAllocatableResourceClaimStatuses) == 0 { // a feature that is off
		pod.Status.NodeAllocatableResourceClaimStatuses = nil
	}
	fill(&pod.Status.QOSClass, old.Status.QOSClass)
	fill(&pod.Status.ObservedGeneration, old.Status.ObservedGeneration)
	known := map[v1.PodConditionType][]int64{}
	for _, c := range old.Status.Conditions {
		known[c.Type] = append(known[c.Type], c.ObservedGeneration)
	}
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if generations := known[c.Type]; len(generations) > 0 {
			known[c.Type] = generations[1:]
			fill(&c.ObservedGeneration, generations[0])
		}
	}
}

// podGracePeriod is what the pod asks for; none for one that no kubelet has or that has ended.
func podGracePeriod(pod *v1.Pod) *int64 {
	period := or(pod.Spec.TerminationGracePeriodSeconds, 0)
	if pod.Spec.NodeName == "" || pod.Status.Phase == v1.PodFailed || pod.Status.Phase == v1.PodSucceeded {
		period = 0
	}
	if period < 0 {
		period = 1
	}
	return &period
}

func podFields(pod *v1.Pod) fields.Set {
	ip := ""
	if len(pod.Status.PodIPs) > 0 {
		ip = pod.Status.PodIPs[0].IP
	}
	return fields.Set{
		"spec.nodeName":            pod.Spec.NodeName,
		"spec.host":                pod.Spec.NodeName,
		"spec.restartPolicy":       string(pod.Spec.RestartPolicy),
		"spec.schedulerName":       pod.Spec.SchedulerName,
		"spec.serviceAccountName":  pod.Spec.ServiceAccountName,
		"spec.hostNetwork":         strconv.FormatBool(pod.Spec.HostNetwork),
		"status.phase":             string(pod.Status.Phase),
		"status.podIP":             ip,
		"status.nominatedNodeName": pod.Status.NominatedNodeName,
		"status.podIPs":            "", // known, but never set
	}
}
