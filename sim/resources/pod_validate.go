package resources

import (
	"encoding/json"
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	podDeletionCost    = "controller.kubernetes.io/pod-deletion-cost"
	tolerationsKey     = "scheduler.alpha.kubernetes.io/tolerations"
	appArmorKeyPrefix  = v1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix
	appArmorDefault    = v1.DeprecatedAppArmorBetaProfileRuntimeDefault
	appArmorUnconfined = v1.DeprecatedAppArmorBetaProfileNameUnconfined
	appArmorLocalhost  = v1.DeprecatedAppArmorBetaProfileNamePrefix
	seccompPodKey      = v1.SeccompPodAnnotationKey
	seccompPrefix      = v1.SeccompContainerAnnotationKeyPrefix
)

func validatePodCreate(pod *v1.Pod) field.ErrorList {
	var p problems
	validatePod(&p, pod, rulesFor(true, nil, nil))
	spec := field.NewPath("spec")
	if len(pod.Spec.EphemeralContainers) > 0 {
		p.forbidden(spec.Child("ephemeralContainers"), "cannot be set on create")
	}
	if pod.Spec.NodeName != "" && len(pod.Spec.SchedulingGates) > 0 {
		p.forbidden(spec.Child("nodeName"), "cannot be set until all schedulingGates have been cleared")
	}
	annotationsMatchFields(&p, spec, &pod.Spec, pod.Annotations)
	return p.list()
}

// validatePod is what creates and updates have in common.
func validatePod(p *problems, pod *v1.Pod, rules podRules) {
	spec := field.NewPath("spec")
	validatePodAnnotations(p, field.NewPath("metadata", "annotations"), pod.Annotations, &pod.Spec, rules)
	validatePodSpec(p, spec, &pod.Spec, &pod.ObjectMeta, rules)
	if pod.Spec.ServiceAccountName == "" {
		for i, v := range pod.Spec.Volumes {
			if v.Projected == nil {
				continue
			}
			for j, source := range v.Projected.Sources {
				if source.ServiceAccountToken != nil {
					p.forbidden(spec.Child("volumes").Index(i).Child("projected", "sources").Index(j).Child("serviceAccountToken"),
						"must not be specified when serviceAccountName is not set")
				}
			}
		}
	}
	for i := range pod.Spec.Containers {
		trimmedImage(p, spec.Child("containers").Index(i), &pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		trimmedImage(p, spec.Child("initContainers").Index(i), &pod.Spec.InitContainers[i])
	}
}

// templateRules are those for an update of a template; old is nil for a create.
func templateRules(old *v1.PodTemplateSpec) podRules {
	if old == nil {
		return rulesFor(false, nil, nil)
	}
	return rulesFor(false, &old.Spec, old.Annotations)
}

// validatePodTemplate checks the pods that a workload makes; old is the template before an update.
func validatePodTemplate(p *problems, at *field.Path, t, old *v1.PodTemplateSpec) {
	rules := templateRules(old)
	validateLabels(p, at.Child("labels"), t.Labels)
	validateAnnotations(p, at.Child("annotations"), t.Annotations)
	validatePodAnnotations(p, at.Child("annotations"), t.Annotations, &t.Spec, rules)
	validatePodSpec(p, at.Child("spec"), &t.Spec, nil, rules)
	annotationsMatchFields(p, at.Child("spec"), &t.Spec, t.Annotations)
	if len(t.Spec.EphemeralContainers) > 0 {
		p.forbidden(at.Child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template")
	}
}

// validateAnnotations is apimachinery's, in the order of the keys.
func validateAnnotations(p *problems, at *field.Path, annotations map[string]string) {
	for _, key := range sorted(annotations) {
		p.each(at, key, validation.IsQualifiedName(strings.ToLower(key)))
	}
	if apivalidation.ValidateAnnotationsSize(annotations) != nil {
		p.tooLong(at, apivalidation.TotalAnnotationSizeLimitB)
	}
}

func validatePodAnnotations(p *problems, at *field.Path, annotations map[string]string, spec *v1.PodSpec, rules podRules) {
	if value, mirror := annotations[v1.MirrorPodAnnotationKey]; mirror && spec.NodeName == "" {
		p.invalid(at.Key(v1.MirrorPodAnnotationKey), value, "must set spec.nodeName if mirror pod annotation is set")
	}
	if text := annotations[tolerationsKey]; text != "" {
		var tolerations []v1.Toleration
		if err := json.Unmarshal([]byte(text), &tolerations); err != nil {
			p.invalid(at, tolerationsKey, err.Error())
		} else {
			validateTolerations(p, at.Child(tolerationsKey), tolerations, rules)
		}
	}
	if !rules.deletionCost && !validDeletionCost(annotations) {
		p.invalid(at.Key(podDeletionCost), annotations[podDeletionCost], "must be a 32bit integer")
	}
	if profile, found := annotations[seccompPodKey]; found {
		validateSeccompName(p, at.Child(seccompPodKey), profile)
	}
	for _, key := range sorted(annotations) {
		if strings.HasPrefix(key, seccompPrefix) {
			validateSeccompName(p, at.Child(key), annotations[key])
		}
	}
	for _, key := range sorted(annotations) {
		container, found := strings.CutPrefix(key, appArmorKeyPrefix)
		if !found {
			continue
		}
		known := false
		eachContainer(spec, nil, func(c *v1.Container, _ *field.Path) { known = known || c.Name == container })
		if !known {
			p.invalid(at.Key(key), container, "container not found")
		}
		if profile := annotations[key]; profile != "" && profile != appArmorDefault && profile != appArmorUnconfined &&
			!strings.HasPrefix(profile, appArmorLocalhost) {
			p.invalid(at.Key(key), profile, fmt.Sprintf("invalid AppArmor profile name: %q", profile))
		}
	}
}

func validateSeccompName(p *problems, at *field.Path, profile string) {
	switch file, local := strings.CutPrefix(profile, v1.SeccompLocalhostProfileNamePrefix); {
	case local:
		relativePath(p, at, file)
	case profile != v1.SeccompProfileRuntimeDefault && profile != v1.DeprecatedSeccompProfileDockerDefault && profile != v1.SeccompProfileNameUnconfined:
		p.invalid(at, profile, "must be a valid seccomp profile")
	}
}

// annotationsMatchFields holds the annotations of old times to the fields that took their place.
func annotationsMatchFields(p *problems, at *field.Path, spec *v1.PodSpec, annotations map[string]string) {
	seccomp := func(at *field.Path, key string, s *v1.SeccompProfile) {
		annotation, found := annotations[key]
		if s == nil || !found {
			return
		}
		same := map[v1.SeccompProfileType]bool{
			v1.SeccompProfileTypeUnconfined:     annotation == v1.SeccompProfileNameUnconfined,
			v1.SeccompProfileTypeRuntimeDefault: annotation == v1.SeccompProfileRuntimeDefault || annotation == v1.DeprecatedSeccompProfileDockerDefault,
			v1.SeccompProfileTypeLocalhost:      strings.HasPrefix(annotation, v1.SeccompLocalhostProfileNamePrefix),
		}
		if is, known := same[s.Type]; known && !is {
			p.forbidden(at.Child("type"), "seccomp type in annotation and field must match")
		} else if s.Type == v1.SeccompProfileTypeLocalhost && annotation != v1.SeccompLocalhostProfileNamePrefix+or(s.LocalhostProfile, "\x00") {
			p.forbidden(at.Child("localhostProfile"), "seccomp profile in annotation and field must match")
		}
	}
	if spec.SecurityContext != nil {
		seccomp(at.Child("securityContext", "seccompProfile"), seccompPodKey, spec.SecurityContext.SeccompProfile)
	}
	eachContainer(spec, at, func(c *v1.Container, at *field.Path) {
		if c.SecurityContext != nil {
			seccomp(at.Child("securityContext", "seccompProfile"), seccompPrefix+c.Name, c.SecurityContext.SeccompProfile)
		}
	})
	if spec.OS != nil && spec.OS.Name == v1.Windows {
		return
	}
	eachContainer(spec, at, func(c *v1.Container, at *field.Path) {
		annotation, found := annotations[appArmorKeyPrefix+c.Name]
		profile := appArmorOf(spec, c)
		if !found || profile == nil {
			return
		}
		at = at.Child("securityContext", "appArmorProfile")
		same := map[v1.AppArmorProfileType]bool{
			v1.AppArmorProfileTypeUnconfined:     annotation == appArmorUnconfined,
			v1.AppArmorProfileTypeRuntimeDefault: annotation == appArmorDefault,
			v1.AppArmorProfileTypeLocalhost:      strings.HasPrefix(annotation, appArmorLocalhost),
		}
		if is, known := same[profile.Type]; known && !is {
			p.forbidden(at.Child("type"), "apparmor type in annotation and field must match")
		} else if profile.Type == v1.AppArmorProfileTypeLocalhost && annotation != appArmorLocalhost+or(profile.LocalhostProfile, "\x00") {
			p.forbidden(at.Child("localhostProfile"), "apparmor profile in annotation and field must match")
		}
	})
}

// appArmorOf is the profile that a container runs under: its own, or its pod's.
func appArmorOf(spec *v1.PodSpec, c *v1.Container) *v1.AppArmorProfile {
	if c.SecurityContext != nil && c.SecurityContext.AppArmorProfile != nil {
		return c.SecurityContext.AppArmorProfile
	}
	if spec.SecurityContext != nil {
		return spec.SecurityContext.AppArmorProfile
	}
	return nil
}

// appArmorField is the field that says what an annotation says; nil where it says nothing sensible.
func appArmorField(annotation string) *v1.AppArmorProfile {
	file, local := strings.CutPrefix(annotation, appArmorLocalhost)
	switch {
	case annotation == appArmorUnconfined:
		return &v1.AppArmorProfile{Type: v1.AppArmorProfileTypeUnconfined}
	case annotation == appArmorDefault:
		return &v1.AppArmorProfile{Type: v1.AppArmorProfileTypeRuntimeDefault}
	case local && file != "":
		return &v1.AppArmorProfile{Type: v1.AppArmorProfileTypeLocalhost, LocalhostProfile: &file}
	}
	return nil
}

const appArmorDeprecated = `%s: deprecated since v1.30; use the "appArmorProfile" field instead`

// applyAppArmorAnnotations writes what annotations say of containers into the fields of today.
func applyAppArmorAnnotations(ctx *Context, pod *v1.Pod) {
	spec := &pod.Spec
	if spec.OS != nil && spec.OS.Name == v1.Windows {
		return
	}
	eachContainer(spec, nil, func(c *v1.Container, _ *field.Path) {
		key := appArmorKeyPrefix + c.Name
		annotation, found := pod.Annotations[key]
		if !found || c.SecurityContext != nil && c.SecurityContext.AppArmorProfile != nil {
			return
		}
		profile := appArmorField(annotation)
		var p problems
		validateAppArmor(&p, field.NewPath(""), profile)
		if len(p) > 0 {
			profile = nil
		}
		warn := profile == nil
		var ofPod *v1.AppArmorProfile
		if spec.SecurityContext != nil {
			ofPod = spec.SecurityContext.AppArmorProfile
		}
		if profile != nil && !equality.Semantic.DeepEqual(profile, ofPod) {
			fillPointer(&c.SecurityContext, v1.SecurityContext{})
			c.SecurityContext.AppArmorProfile = profile
			warn = true
		}
		if warn && ctx.Warn != nil {
			ctx.Warn(fmt.Sprintf(appArmorDeprecated, field.NewPath("metadata", "annotations").Key(key)))
		}
	})
}
