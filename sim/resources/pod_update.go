package resources

import (
	"fmt"
	"math"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const mutablePodFields = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
	"`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
	"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"

func validatePodUpdate(pod, old *v1.Pod) field.ErrorList {
	var p problems
	rules := rulesFor(true, &old.Spec, old.Annotations)
	validatePod(&p, pod, rules)
	validateAnnotationUpdate(&p, pod, old, rules)
	spec := field.NewPath("spec")
	if !validateImages(&p, spec.Child("containers"), pod.Spec.Containers, old.Spec.Containers) ||
		!validateImages(&p, spec.Child("initContainers"), pod.Spec.InitContainers, old.Spec.InitContainers) ||
		!validateDeadline(&p, spec.Child("activeDeadlineSeconds"), pod.Spec.ActiveDeadlineSeconds, old.Spec.ActiveDeadlineSeconds) {
		return p.list()
	}
	validateMoreTolerations(&p, spec.Child("tolerations"), pod.Spec.Tolerations, old.Spec.Tolerations, rules)
	validateFewerGates(&p, spec.Child("schedulingGates"), pod.Spec.SchedulingGates, old.Spec.SchedulingGates)
	if equality.Semantic.DeepEqual(pod.Spec, old.Spec) {
		return p.list()
	}
	back := pod.Spec.DeepCopy()
	for i := range back.Containers {
		back.Containers[i].Image = old.Spec.Containers[i].Image
	}
	for i := range back.InitContainers {
		back.InitContainers[i].Image = old.Spec.InitContainers[i].Image
	}
	back.ActiveDeadlineSeconds = old.Spec.ActiveDeadlineSeconds
	back.SchedulingGates, back.Tolerations = old.Spec.SchedulingGates, old.Spec.Tolerations
	if or(old.Spec.TerminationGracePeriodSeconds, 0) < 0 && or(back.TerminationGracePeriodSeconds, 0) == 1 {
		back.TerminationGracePeriodSeconds = old.Spec.TerminationGracePeriodSeconds
	}
	if len(old.Spec.SchedulingGates) > 0 {
		restorePlacement(&p, spec, back, &old.Spec)
	}
	if !equality.Semantic.DeepEqual(*back, old.Spec) {
		p.forbidden(spec, mutablePodFields+difference(old.Spec, *back))
	}
	return p.list()
}

// validateAnnotationUpdate keeps the annotations that something else has been made of.
func validateAnnotationUpdate(p *problems, pod, old *v1.Pod, rules podRules) {
	at := field.NewPath("metadata", "annotations")
	for _, key := range sorted(old.Annotations) {
		if value, found := pod.Annotations[key]; found && value == old.Annotations[key] {
			continue
		}
		if strings.HasPrefix(key, appArmorKeyPrefix) {
			p.forbidden(at.Key(key), "may not remove or update AppArmor annotations")
		}
		if key == v1.MirrorPodAnnotationKey {
			p.forbidden(at.Key(key), "may not remove or update mirror pod annotation")
		}
	}
	for _, key := range sorted(pod.Annotations) {
		if _, found := old.Annotations[key]; found {
			continue
		}
		if strings.HasPrefix(key, appArmorKeyPrefix) {
			p.forbidden(at.Key(key), "may not add AppArmor annotations")
		}
		if key == v1.MirrorPodAnnotationKey {
			p.forbidden(at.Key(key), "may not add mirror pod annotation")
		}
	}
	validatePodAnnotations(p, at, pod.Annotations, &pod.Spec, rules)
}

// validateImages says whether the containers are the same ones, so that they can be compared.
func validateImages(p *problems, at *field.Path, containers, old []v1.Container) bool {
	if len(containers) != len(old) {
		p.forbidden(at, "pod updates may not add or remove containers")
		return false
	}
	for i := range containers {
		p.present(at.Index(i).Child("image"), containers[i].Image)
		trimmedImage(p, at.Index(i), &containers[i])
	}
	return true
}

func validateDeadline(p *problems, at *field.Path, deadline, old *int64) bool {
	switch {
	case deadline == nil && old != nil:
		p.invalid(at, deadline, "must not update from a positive integer to nil value")
	case deadline == nil:
	case *deadline < 0 || *deadline > math.MaxInt32:
		p.invalid(at, *deadline, validation.InclusiveRangeError(0, math.MaxInt32))
		return false
	case old != nil && *old < *deadline:
		p.invalid(at, *deadline, "must be less than or equal to previous value")
		return false
	}
	return true
}

func validateMoreTolerations(p *problems, at *field.Path, tolerations, old []v1.Toleration, rules podRules) {
	for _, before := range old {
		kept := false
		for _, t := range tolerations {
			same := before
			same.TolerationSeconds = t.TolerationSeconds
			kept = kept || same == t
		}
		if !kept {
			p.forbidden(at, "existing toleration can not be modified except its tolerationSeconds")
			return
		}
	}
	validateTolerations(p, at, tolerations, rules)
}

func validateFewerGates(p *problems, at *field.Path, gates, old []v1.PodSchedulingGate) {
	before := map[string]bool{}
	for _, gate := range old {
		before[gate.Name] = true
	}
	for i, gate := range gates {
		if !before[gate.Name] {
			p.forbidden(at.Index(i).Child("name"), fmt.Sprintf("only deletion is allowed, but found new scheduling gate '%s'", gate.Name))
		}
	}
}

// restorePlacement lets a pod that still waits for its gates narrow the nodes that it may run on.
func restorePlacement(p *problems, at *field.Path, back, old *v1.PodSpec) {
	if !equality.Semantic.DeepEqual(back.NodeSelector, old.NodeSelector) {
		for key, value := range old.NodeSelector {
			if now, found := back.NodeSelector[key]; !found || now != value {
				p.invalid(at.Child("nodeSelector"), back.NodeSelector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)")
				break
			}
		}
		back.NodeSelector = old.NodeSelector
	}
	var before, now *v1.NodeAffinity
	if old.Affinity != nil {
		before = old.Affinity.NodeAffinity
	}
	if back.Affinity != nil {
		now = back.Affinity.NodeAffinity
	}
	if equality.Semantic.DeepEqual(before, now) {
		return
	}
	validateNarrower(p, at.Child("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"), now, before)
	switch {
	case back.Affinity == nil:
		back.Affinity = &v1.Affinity{NodeAffinity: before}
	case old.Affinity == nil && back.Affinity.PodAffinity == nil && back.Affinity.PodAntiAffinity == nil:
		back.Affinity = nil
	default:
		back.Affinity.NodeAffinity = before
	}
}

func validateNarrower(p *problems, at *field.Path, now, before *v1.NodeAffinity) {
	if before == nil || before.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return
	}
	old := before.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	var terms []v1.NodeSelectorTerm
	if now != nil && now.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		terms = now.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	}
	if len(old) > 0 && len(old) != len(terms) {
		p.invalid(at, inward{terms}, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
		return
	}
	starts := func(list, with []v1.NodeSelectorRequirement) bool {
		return len(list) >= len(with) && equality.Semantic.DeepEqual(list[:len(with)], with)
	}
	for i, term := range old {
		grown := len(term.MatchExpressions)+len(term.MatchFields) > 0 || len(terms[i].MatchExpressions)+len(terms[i].MatchFields) == 0
		if !grown || !starts(terms[i].MatchExpressions, term.MatchExpressions) || !starts(terms[i].MatchFields, term.MatchFields) {
			p.invalid(at.Index(i), inward{terms[i]}, "only additions are allowed (no mutations or deletions)")
		}
	}
}

// prepareEphemeralContainers keeps nothing of the write but the ephemeral containers.
func prepareEphemeralContainers(_ *Context, obj, before runtime.Object) {
	pod, old := obj.(*v1.Pod), before.(*v1.Pod)
	containers := pod.Spec.EphemeralContainers
	pod.Spec, pod.Status = *old.Spec.DeepCopy(), *old.Status.DeepCopy()
	metav1.ResetObjectMetaForStatus(&pod.ObjectMeta, &old.ObjectMeta)
	pod.Spec.EphemeralContainers = containers
	dropDisabled(&pod.Spec, &old.Spec)
	countGeneration(pod, old)
}

// countGeneration notes that the spec has changed.
func countGeneration(pod, old *v1.Pod) {
	pod.Generation = old.Generation
	if !equality.Semantic.DeepEqual(pod.Spec, old.Spec) {
		pod.Generation++
	}
}

func validateEphemeralContainersUpdate(obj, before runtime.Object) field.ErrorList {
	pod, old := obj.(*v1.Pod), before.(*v1.Pod)
	if _, mirror := old.Annotations[v1.MirrorPodAnnotationKey]; mirror {
		return field.ErrorList{field.Forbidden(field.NewPath(""), "static pods do not support ephemeral containers")}
	}
	var p problems
	rules := rulesFor(true, &old.Spec, old.Annotations)
	validatePod(&p, pod, rules)
	validateAnnotationUpdate(&p, pod, old, rules)
	at := field.NewPath("spec", "ephemeralContainers")
	now := map[string]*v1.EphemeralContainer{}
	for i := range pod.Spec.EphemeralContainers {
		now[pod.Spec.EphemeralContainers[i].Name] = &pod.Spec.EphemeralContainers[i]
	}
	for _, c := range old.Spec.EphemeralContainers {
		if same := now[c.Name]; same == nil {
			p.forbidden(at, fmt.Sprintf("existing ephemeral containers %q may not be removed\n", c.Name))
		} else if !equality.Semantic.DeepEqual(c, *same) {
			p.forbidden(at, fmt.Sprintf("existing ephemeral containers %q may not be changed\n%v", c.Name, difference(c, *same)))
		}
	}
	return p.list()
}
