package resources

import (
	"slices"
	"strconv"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podRules say what is let pass: what an older release let in may stay as it is.
type podRules struct {
	isPod              bool // and not a template
	deletionCost       bool
	selectorValues     bool
	nodeAffinityValues bool
	spreadSelector     bool
	matchLabelKeys     bool
	hugePages          bool
	tokenPath          bool
	hostSysctls        bool
	anySELinuxChange   bool
	comparisons        bool
	restartForInit     bool
	devicesInUserNS    bool
	hostNetworkUserNS  bool
}

// rulesFor are the rules for an update of a pod or template; spec is nil for a create.
func rulesFor(isPod bool, spec *v1.PodSpec, annotations map[string]string) podRules {
	r := podRules{isPod: isPod}
	if spec == nil {
		return r
	}
	r.deletionCost = !validDeletionCost(annotations)
	r.anySELinuxChange = spec.SecurityContext != nil && spec.SecurityContext.SELinuxChangePolicy != nil
	r.hostNetworkUserNS = spec.HostNetwork && !or(spec.HostUsers, true)
	r.comparisons = slices.ContainsFunc(spec.Tolerations, func(t v1.Toleration) bool {
		return t.Operator == "Lt" || t.Operator == "Gt"
	})
	r.hugePages = indivisibleHugePages(v1.ResourceRequirements{Limits: spec.Overhead})
	eachContainer(spec, nil, func(c *v1.Container, _ *field.Path) {
		r.hugePages = r.hugePages || indivisibleHugePages(c.Resources)
		r.devicesInUserNS = r.devicesInUserNS || !or(spec.HostUsers, true) && len(c.VolumeDevices) > 0
	})
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		r.restartForInit = r.restartForInit || !isSidecar(c) && slices.ContainsFunc(c.ResizePolicy,
			func(p v1.ContainerResizePolicy) bool { return p.RestartPolicy == v1.RestartContainer })
	}
	for _, c := range spec.TopologySpreadConstraints {
		var p problems
		validateLabelKeys(&p, nil, c.MatchLabelKeys, nil, c.LabelSelector)
		r.matchLabelKeys = r.matchLabelKeys || len(p) > 0
		r.spreadSelector = r.spreadSelector || badSelector(c.LabelSelector)
	}
	for _, v := range spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			var p problems
			if source.ServiceAccountToken != nil {
				validateLocalPath(&p, nil, source.ServiceAccountToken.Path)
			}
			r.tokenPath = r.tokenPath || len(p) > 0
		}
	}
	if spec.SecurityContext != nil {
		r.hostSysctls = slices.ContainsFunc(spec.SecurityContext.Sysctls,
			func(s v1.Sysctl) bool { return hostSysctl(s.Name, spec) != "" })
	}
	r.relaxAffinity(spec.Affinity)
	return r
}

func (r *podRules) relaxAffinity(a *v1.Affinity) {
	if a == nil {
		return
	}
	if n := a.NodeAffinity; n != nil && n.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		for _, term := range n.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
			for _, e := range term.MatchExpressions {
				r.nodeAffinityValues = r.nodeAffinityValues ||
					slices.ContainsFunc(e.Values, func(v string) bool { return len(validation.IsValidLabelValue(v)) > 0 })
			}
		}
	}
	var terms []v1.PodAffinityTerm
	var weighted []v1.WeightedPodAffinityTerm
	if a.PodAffinity != nil {
		terms = append(terms, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution...)
		weighted = append(weighted, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution...)
	}
	if a.PodAntiAffinity != nil {
		terms = append(terms, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution...)
		weighted = append(weighted, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution...)
	}
	for _, w := range weighted {
		terms = append(terms, w.PodAffinityTerm)
	}
	for _, t := range terms {
		r.selectorValues = r.selectorValues || badSelector(t.LabelSelector) || badSelector(t.NamespaceSelector)
	}
}

func badSelector(s *metav1.LabelSelector) bool {
	return len(metavalidation.ValidateLabelSelector(s, metavalidation.LabelSelectorValidationOptions{}, nil)) > 0
}

// validDeletionCost wants the cost to be a number as a program would write it.
func validDeletionCost(annotations map[string]string) bool {
	value, found := annotations[podDeletionCost]
	if !found {
		return true
	}
	first := value == "" || value[0] == '+' || value[0] == '0' && len(value) > 1
	_, err := strconv.ParseInt(value, 10, 32)
	return !first && err == nil
}

// eachContainer visits init containers, containers and ephemeral containers with their paths below the spec's.
func eachContainer(spec *v1.PodSpec, at *field.Path, visit func(c *v1.Container, at *field.Path)) {
	for i := range spec.InitContainers {
		visit(&spec.InitContainers[i], at.Child("initContainers").Index(i))
	}
	for i := range spec.Containers {
		visit(&spec.Containers[i], at.Child("containers").Index(i))
	}
	for i := range spec.EphemeralContainers {
		visit((*v1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon), at.Child("ephemeralContainers").Index(i))
	}
}

// dropDisabled takes away what needs a feature that is off, unless the object had it before.
func dropDisabled(spec, old *v1.PodSpec) {
	projects := func(s *v1.PodSpec, has func(v1.VolumeProjection) bool) bool {
		return s != nil && slices.ContainsFunc(s.Volumes, func(v v1.Volume) bool {
			return v.Projected != nil && slices.ContainsFunc(v.Projected.Sources, has)
		})
	}
	keepBundle := projects(old, func(p v1.VolumeProjection) bool { return p.ClusterTrustBundle != nil })
	keepCertificate := projects(old, func(p v1.VolumeProjection) bool { return p.PodCertificate != nil })
	for _, v := range spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for i := range v.Projected.Sources {
			if !keepBundle {
				v.Projected.Sources[i].ClusterTrustBundle = nil
			}
			if !keepCertificate {
				v.Projected.Sources[i].PodCertificate = nil
			}
		}
	}
	if old == nil || old.SchedulingGroup == nil {
		spec.SchedulingGroup = nil
	}
	keepSignal := false
	if old != nil {
		eachContainer(old, nil, func(c *v1.Container, _ *field.Path) {
			keepSignal = keepSignal || c.Lifecycle != nil && c.Lifecycle.StopSignal != nil
		})
	}
	eachContainer(spec, nil, func(c *v1.Container, _ *field.Path) {
		if c.Lifecycle == nil || c.Lifecycle.StopSignal == nil || keepSignal {
			return
		}
		c.Lifecycle.StopSignal = nil
		if *c.Lifecycle == (v1.Lifecycle{}) {
			c.Lifecycle = nil
		}
	})
}

// prepareTemplate makes a template ready to be stored; old is nil for a new workload.
func prepareTemplate(t, old *v1.PodTemplateSpec) {
	agreePodSpec(&t.Spec)
	if old == nil {
		dropDisabled(&t.Spec, nil)
		return
	}
	dropDisabled(&t.Spec, &old.Spec)
}
