package resources

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func statefulSets() *Resource {
	return of(&Resource{
		Group: "apps", Version: "v1", Name: "statefulsets", Singular: "statefulset", Kind: "StatefulSet",
		ShortNames: []string{"sts"}, Categories: []string{"all"}, Namespaced: true,
		New: fresh[appsv1.StatefulSet], NewList: fresh[appsv1.StatefulSetList], NameError: validation.NameIsDNSLabel,
		Scale: &Scale{
			Replicas: func(obj runtime.Object) (int32, int32, string) {
				s := obj.(*appsv1.StatefulSet)
				return or(s.Spec.Replicas, 0), s.Status.Replicas, selectorText(s.Spec.Selector)
			},
			Set: func(obj runtime.Object, replicas int32) { obj.(*appsv1.StatefulSet).Spec.Replicas = &replicas },
		},
	}, typed[appsv1.StatefulSet]{
		Default: defaultStatefulSet,
		Create: func(_ *Context, s *appsv1.StatefulSet) {
			dropMaxUnavailable(s, nil)
			prepareTemplate(&s.Spec.Template, nil)
		},
		Update: func(_ *Context, s, old *appsv1.StatefulSet) {
			dropMaxUnavailable(s, old)
			prepareTemplate(&s.Spec.Template, &old.Spec.Template)
		},
		Validate:             validateStatefulSet,
		ValidateUpdate:       validateStatefulSetUpdate,
		Warnings:             statefulSetWarnings,
		Spec:                 func(s, from *appsv1.StatefulSet) { s.Spec = from.Spec },
		Status:               func(s, from *appsv1.StatefulSet) { s.Status = from.Status },
		ValidateStatusUpdate: validateStatefulSetStatusUpdate,
		Changed:              func(s, old *appsv1.StatefulSet) bool { return !equality.Semantic.DeepEqual(s.Spec, old.Spec) },
		Row: func(s *appsv1.StatefulSet, now time.Time) []any {
			names, images := containerCells(s.Spec.Template.Spec.Containers)
			return []any{s.Name, fmt.Sprintf("%d/%d", s.Status.ReadyReplicas, or(s.Spec.Replicas, 0)), age(s.CreationTimestamp, now), names, images}
		},
	})
}

func defaultStatefulSet(s *appsv1.StatefulSet) {
	spec := &s.Spec
	defaultPodSpec(&spec.Template.Spec)
	for i := range spec.VolumeClaimTemplates {
		claim := &spec.VolumeClaimTemplates[i]
		claim.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}
		defaultClaim(claim)
	}
	fill(&spec.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
	if spec.UpdateStrategy.Type == "" {
		spec.UpdateStrategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
		fillPointer(&spec.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
	}
	if rolling := spec.UpdateStrategy.RollingUpdate; rolling != nil && spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType {
		fillPointer(&rolling.Partition, 0)
	}
	fillPointer(&spec.PersistentVolumeClaimRetentionPolicy, appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{})
	fill(&spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	fill(&spec.PersistentVolumeClaimRetentionPolicy.WhenScaled, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	fillPointer(&spec.Replicas, 1)
	fillPointer(&spec.RevisionHistoryLimit, 10)
}

// dropMaxUnavailable takes away what needs a feature that is off, unless the set had it before.
func dropMaxUnavailable(s, old *appsv1.StatefulSet) {
	had := old != nil && old.Spec.UpdateStrategy.RollingUpdate != nil && old.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable != nil
	if rolling := s.Spec.UpdateStrategy.RollingUpdate; rolling != nil && !had {
		rolling.MaxUnavailable = nil
	}
}

func statefulSetWarnings(s, old *appsv1.StatefulSet) []string {
	var texts []string
	if old == nil || s.Generation != old.Generation {
		texts = templateWarnings(field.NewPath("spec", "template"), &s.Spec.Template)
	}
	for i := range s.Spec.VolumeClaimTemplates {
		at := field.NewPath("spec", "volumeClaimTemplates").Index(i)
		if old != nil {
			at = at.Child("Spec")
		}
		texts = append(texts, claimSpecWarnings(at, &s.Spec.VolumeClaimTemplates[i].Spec)...)
	}
	if or(s.Spec.RevisionHistoryLimit, 0) < 0 {
		texts = append(texts, "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended")
	}
	return texts
}

func validateStatefulSet(s *appsv1.StatefulSet) field.ErrorList {
	var p problems
	validateStatefulSetSpec(&p, field.NewPath("spec"), &s.Spec, statefulSetRules{})
	return p.list()
}

// statefulSetRules say what an update lets pass.
type statefulSetRules struct {
	template     *v1.PodTemplateSpec // as it was before
	update       bool
	skipTemplate bool
}

const statefulSetForbidden = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"

func validateStatefulSetUpdate(s, old *appsv1.StatefulSet) field.ErrorList {
	var p, before problems
	rules := statefulSetRules{template: &old.Spec.Template, update: true}
	validateStatefulSetSpec(&before, nil, &old.Spec, rules)
	rules.skipTemplate = len(before) > 0
	validateStatefulSetSpec(&p, field.NewPath("spec"), &s.Spec, rules)
	fixed := s.Spec
	fixed.Replicas, fixed.Ordinals, fixed.Template, fixed.UpdateStrategy = old.Spec.Replicas, old.Spec.Ordinals, old.Spec.Template, old.Spec.UpdateStrategy
	fixed.RevisionHistoryLimit, fixed.MinReadySeconds = old.Spec.RevisionHistoryLimit, old.Spec.MinReadySeconds
	fixed.PersistentVolumeClaimRetentionPolicy = old.Spec.PersistentVolumeClaimRetentionPolicy
	if !equality.Semantic.DeepEqual(fixed, old.Spec) {
		p.forbidden(field.NewPath("spec"), statefulSetForbidden)
	}
	return p.list()
}

func validateStatefulSetSpec(p *problems, at *field.Path, spec *appsv1.StatefulSetSpec, rules statefulSetRules) {
	switch policy := spec.PodManagementPolicy; policy {
	case appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement:
	default:
		p.invalid(at.Child("podManagementPolicy"), policy, "must be 'OrderedReady' or 'Parallel'")
	}
	validateStatefulSetStrategy(p, at.Child("updateStrategy"), &spec.UpdateStrategy)
	if retention := spec.PersistentVolumeClaimRetentionPolicy; retention != nil {
		at := at.Child("persistentVolumeClaimRetentionPolicy")
		oneOf(p, at.Child("whenDeleted"), retention.WhenDeleted, "Retain", "Delete")
		oneOf(p, at.Child("whenScaled"), retention.WhenScaled, "Retain", "Delete")
	}
	if !rules.update {
		for i := range spec.VolumeClaimTemplates {
			validateClaimSpec(p, at.Child("volumeClaimTemplates").Index(i).Child("spec"), &spec.VolumeClaimTemplates[i].Spec, claimRules{})
		}
	}
	p.nonNegative(at.Child("replicas"), int64(or(spec.Replicas, 0)))
	p.nonNegative(at.Child("minReadySeconds"), int64(spec.MinReadySeconds))
	if spec.Ordinals != nil {
		p.nonNegative(at.Child("ordinals.start"), int64(spec.Ordinals.Start))
	}
	if !rules.update && spec.ServiceName != "" {
		p.label(at.Child("serviceName"), spec.ServiceName)
	}
	validateOwnSelector(p, at.Child("selector"), spec.Selector, "statefulset")
	validateStatefulSetTemplate(p, at, spec, rules)
}

func validateStatefulSetTemplate(p *problems, spec *field.Path, s *appsv1.StatefulSetSpec, rules statefulSetRules) {
	selector, err := metav1.LabelSelectorAsSelector(s.Selector)
	at := spec.Child("template")
	if err != nil {
		p.invalid(spec.Child("selector"), s.Selector, "")
	} else {
		t := withClaims(s)
		matchTemplate(p, at, selector, t)
		if !rules.skipTemplate {
			validatePodTemplate(p, at, t, rules.template)
		}
		validateLabels(p, at.Child("labels"), t.Labels)
		validateAnnotations(p, at.Child("annotations"), t.Annotations)
		validatePodAnnotations(p, at.Child("annotations"), t.Annotations, &t.Spec, templateRules(rules.template))
	}
	validateLastingTemplate(p, at, &s.Template, "StatefulSet")
}

// withClaims is the template as its pods will be: the claims are volumes, before all others.
func withClaims(s *appsv1.StatefulSetSpec) *v1.PodTemplateSpec {
	t := s.Template
	t.Spec.Hostname, t.Spec.Subdomain = "", ""
	if len(s.VolumeClaimTemplates) == 0 {
		return &t
	}
	var volumes []v1.Volume
	claimed := map[string]bool{}
	for i := range s.VolumeClaimTemplates {
		name := s.VolumeClaimTemplates[i].Name
		if !claimed[name] {
			volumes = append(volumes, v1.Volume{Name: name, VolumeSource: v1.VolumeSource{
				PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: name}}})
		}
		claimed[name] = true
	}
	for _, v := range t.Spec.Volumes {
		if !claimed[v.Name] {
			volumes = append(volumes, v)
		}
	}
	t.Spec.Volumes = volumes
	return &t
}

func validateStatefulSetStrategy(p *problems, at *field.Path, s *appsv1.StatefulSetUpdateStrategy) {
	rolling := s.RollingUpdate
	switch s.Type {
	case appsv1.OnDeleteStatefulSetStrategyType:
		if rolling != nil {
			shown := *rolling
			fillPointer(&shown.Partition, 0)
			p.invalid(at.Child("rollingUpdate"), inward{shown}, "only allowed for updateStrategy 'RollingUpdate'")
		}
	case appsv1.RollingUpdateStatefulSetStrategyType:
		if rolling == nil {
			return
		}
		at := at.Child("rollingUpdate")
		p.nonNegative(at.Child("partition"), int64(or(rolling.Partition, 0)))
		if most := rolling.MaxUnavailable; most != nil {
			validateShare(p, at.Child("maxUnavailable"), *most)
			if shareValue(*most) == 0 {
				p.invalid(at.Child("maxUnavailable"), *most, "cannot be 0")
			}
			validateAtMostAll(p, at.Child("maxUnavailable"), *most)
		}
	default:
		shown := *s
		if rolling != nil {
			copied := *rolling
			fillPointer(&copied.Partition, 0)
			shown.RollingUpdate = &copied
		}
		p.invalid(at, inward{shown}, "must be 'RollingUpdate' or 'OnDelete'")
	}
}

func validateStatefulSetStatusUpdate(set, old *appsv1.StatefulSet) field.ErrorList {
	var p problems
	s, at := &set.Status, field.NewPath("status")
	validateCounts(&p, at, []count{{"replicas", s.Replicas}, {"readyReplicas", s.ReadyReplicas}, {"currentReplicas", s.CurrentReplicas},
		{"updatedReplicas", s.UpdatedReplicas}, {"availableReplicas", s.AvailableReplicas}})
	p.nonNegative(at.Child("observedGeneration"), s.ObservedGeneration)
	validateCounts(&p, at, []count{{"collisionCount", or(s.CollisionCount, 0)}})
	validateAtMost(&p, at, s.Replicas, "cannot be greater than status.replicas", []count{{"readyReplicas", s.ReadyReplicas},
		{"currentReplicas", s.CurrentReplicas}, {"updatedReplicas", s.UpdatedReplicas}, {"availableReplicas", s.AvailableReplicas}})
	validateAtMost(&p, at, s.ReadyReplicas, "cannot be greater than status.readyReplicas", []count{{"availableReplicas", s.AvailableReplicas}})
	validateCollisions(&p, at, s.CollisionCount, old.Status.CollisionCount)
	return p.list()
}
