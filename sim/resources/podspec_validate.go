package resources

import (
	"fmt"
	"math"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podChecks is one look at a pod spec: the rules and what the containers refer to.
type podChecks struct {
	*problems
	rules      podRules
	spec       *v1.PodSpec
	meta       *metav1.ObjectMeta // nil for a template
	volumes    map[string]v1.VolumeSource
	claims     []string
	claimNames map[string]bool
	hostUsers  bool
}

// validatePodSpec checks a pod's or a template's spec; meta is nil for a template.
func validatePodSpec(p *problems, at *field.Path, spec *v1.PodSpec, meta *metav1.ObjectMeta, rules podRules) {
	c := &podChecks{problems: p, rules: rules, spec: spec, meta: meta, hostUsers: or(spec.HostUsers, true), claimNames: map[string]bool{}}
	if spec.TerminationGracePeriodSeconds == nil {
		p.required(at.Child("terminationGracePeriodSeconds"), "")
	}
	c.volumes = c.validateVolumes(at.Child("volumes"))
	for _, claim := range spec.ResourceClaims {
		if claim.Name != "" {
			c.claimNames[claim.Name] = true
		}
	}
	c.validateResourceClaims(at.Child("resourceClaims"))
	c.validateContainers(at.Child("containers"))
	c.validateInitContainers(at.Child("initContainers"))
	c.validateEphemeralContainers(at.Child("ephemeralContainers"))
	c.validatePodResources(at.Child("resources"))
	if spec.HostNetwork {
		c.validateHostPorts(at.Child("containers"))
	}
	oneOfRequired(p, at.Child("restartPolicy"), spec.RestartPolicy, v1.RestartPolicyAlways, v1.RestartPolicyOnFailure, v1.RestartPolicyNever)
	oneOfRequired(p, at.Child("dnsPolicy"), spec.DNSPolicy, v1.DNSClusterFirstWithHostNet, v1.DNSClusterFirst, v1.DNSDefault, v1.DNSNone)
	validateLabels(p, at.Child("nodeSelector"), spec.NodeSelector)
	c.validatePodSecurity(at)
	validateAffinity(p, at.Child("affinity"), spec.Affinity, rules)
	validateDNS(p, at.Child("dnsConfig"), spec.DNSConfig, spec.DNSPolicy)
	for i, gate := range spec.ReadinessGates {
		p.qualified(at.Child("readinessGates").Index(i).Child("conditionType"), string(gate.ConditionType))
	}
	seen := map[string]bool{}
	for i, gate := range spec.SchedulingGates {
		p.qualified(at.Child("schedulingGates").Index(i), gate.Name)
		if seen[gate.Name] {
			p.duplicate(at.Child("schedulingGates").Index(i), gate.Name)
		}
		seen[gate.Name] = true
	}
	validateSpread(p, at.Child("topologySpreadConstraints"), spec.TopologySpreadConstraints, rules)
	c.validateHostProcess(at)
	c.validateUserNamespace(at)
	c.validateHostname(at)
	c.validateReferences(at)
	c.validateOS(at)
	c.validateFileKeys(at)
}

// validateReferences checks the fields that name something, and the small ones between them.
func (c *podChecks) validateReferences(at *field.Path) {
	spec := c.spec
	if spec.ServiceAccountName != "" {
		c.each(at.Child("serviceAccountName"), spec.ServiceAccountName, validation.ValidateServiceAccountName(spec.ServiceAccountName, false))
	}
	if spec.NodeName != "" {
		c.subdomain(at.Child("nodeName"), spec.NodeName)
	}
	if d := spec.ActiveDeadlineSeconds; d != nil && (*d < 1 || *d > math.MaxInt32) {
		c.invalid(at.Child("activeDeadlineSeconds"), *d, utilvalidation.InclusiveRangeError(1, math.MaxInt32))
	}
	if spec.Hostname != "" {
		c.label(at.Child("hostname"), spec.Hostname)
	}
	if spec.Subdomain != "" {
		c.label(at.Child("subdomain"), spec.Subdomain)
	}
	validateTolerations(c.problems, at.Child("tolerations"), spec.Tolerations, c.rules)
	for i, alias := range spec.HostAliases {
		c.ip(at.Child("hostAliases").Index(i).Child("ip"), alias.IP, nil)
		for j, name := range alias.Hostnames {
			c.subdomain(at.Child("hostAliases").Index(i).Child("hostnames").Index(j), name)
		}
	}
	if spec.PriorityClassName != "" {
		c.subdomain(at.Child("priorityClassName"), spec.PriorityClassName)
	}
	if spec.RuntimeClassName != nil {
		c.subdomain(at.Child("runtimeClassName"), *spec.RuntimeClassName)
	}
	if spec.PreemptionPolicy != nil {
		oneOfRequired(c.problems, at.Child("preemptionPolicy"), *spec.PreemptionPolicy, v1.PreemptLowerPriority, v1.PreemptNever)
	}
	if spec.Overhead != nil {
		c.validateResources(at.Child("overhead"), &v1.ResourceRequirements{Limits: spec.Overhead}, containerResourceName)
	}
}

// validateLabels checks a map of labels, in the order of its keys.
func validateLabels(p *problems, at *field.Path, labels map[string]string) {
	for _, key := range sorted(labels) {
		p.labelName(at, key)
		p.each(at, labels[key], utilvalidation.IsValidLabelValue(labels[key]))
	}
}

func (c *podChecks) validateHostPorts(at *field.Path) {
	for i := range c.spec.Containers {
		for j, port := range c.spec.Containers[i].Ports {
			if (c.rules.isPod || port.HostPort != 0) && port.HostPort != port.ContainerPort {
				c.invalid(at.Index(i).Child("ports").Index(j).Child("hostPort"), port.HostPort, "must match `containerPort` when `hostNetwork` is true")
			}
		}
	}
}

const (
	maxNameservers  = 3
	maxSearches     = 32
	maxSearchLength = 2048
)

func validateDNS(p *problems, at *field.Path, config *v1.PodDNSConfig, policy v1.DNSPolicy) {
	if policy == v1.DNSNone {
		if config == nil {
			p.required(at, fmt.Sprintf("must provide `dnsConfig` when `dnsPolicy` is %s", v1.DNSNone))
			return
		}
		if len(config.Nameservers) == 0 {
			p.required(at.Child("nameservers"), fmt.Sprintf("must provide at least one DNS nameserver when `dnsPolicy` is %s", v1.DNSNone))
			return
		}
	}
	if config == nil {
		return
	}
	if len(config.Nameservers) > maxNameservers {
		p.invalid(at.Child("nameservers"), config.Nameservers, fmt.Sprintf("must not have more than %v nameservers", maxNameservers))
	}
	for i, server := range config.Nameservers {
		p.ip(at.Child("nameservers").Index(i), server, nil)
	}
	if len(config.Searches) > maxSearches {
		p.invalid(at.Child("searches"), config.Searches, fmt.Sprintf("must not have more than %v search paths", maxSearches))
	}
	if len(strings.Join(config.Searches, " ")) > maxSearchLength {
		p.invalid(at.Child("searches"), config.Searches,
			fmt.Sprintf("must not have more than %v characters (including spaces) in the search list", maxSearchLength))
	}
	for i, search := range config.Searches {
		if search == "." {
			continue
		}
		search = strings.TrimSuffix(search, ".")
		p.each(at.Child("searches").Index(i), search, utilvalidation.IsDNS1123SubdomainWithUnderscore(search))
	}
	for i, option := range config.Options {
		if option.Name == "" {
			p.required(at.Child("options").Index(i), "must not be empty")
		}
	}
}

func (c *podChecks) validateUserNamespace(at *field.Path) {
	const why = "when `hostUsers` is false"
	if c.hostUsers {
		return
	}
	if c.spec.HostNetwork && !c.rules.hostNetworkUserNS {
		c.forbidden(at.Child("hostNetwork"), why)
	}
	if c.spec.HostPID {
		c.forbidden(at.Child("HostPID"), why)
	}
	if c.spec.HostIPC {
		c.forbidden(at.Child("HostIPC"), why)
	}
	if c.rules.devicesInUserNS {
		return
	}
	eachContainer(c.spec, at, func(container *v1.Container, at *field.Path) {
		if len(container.VolumeDevices) > 0 {
			c.forbidden(at.Child("volumeDevices"), why)
		}
	})
}

func (c *podChecks) validateHostname(at *field.Path) {
	name := c.spec.HostnameOverride
	if name == nil {
		return
	}
	at = at.Child("hostnameOverride")
	if or(c.spec.SetHostnameAsFQDN, false) {
		c.forbidden(at, "may not be specified when setHostnameAsFQDN is true")
	}
	if c.spec.HostNetwork {
		c.forbidden(at, "may not be specified when hostNetwork is true")
	}
	if len(*name) > 64 {
		c.tooLong(at, 64)
	}
	c.subdomain(at, *name)
}

func (c *podChecks) validateOS(at *field.Path) {
	os := c.spec.OS
	switch {
	case os == nil:
	case os.Name == "":
		c.required(at.Child("os", "name"), "")
	case os.Name == v1.Linux:
		c.validateLinux(at)
	case os.Name == v1.Windows:
		c.validateWindows(at)
	default:
		oneOf(c.problems, at.Child("os"), os.Name, v1.Linux, v1.Windows)
	}
}

// validateFileKeys wants the volumes of variables that come from files to be there and empty at first.
func (c *podChecks) validateFileKeys(at *field.Path) {
	eachContainer(c.spec, at, func(container *v1.Container, at *field.Path) {
		for i, env := range container.Env {
			if env.ValueFrom == nil || env.ValueFrom.FileKeyRef == nil {
				continue
			}
			name := env.ValueFrom.FileKeyRef.VolumeName
			at := at.Child("env").Index(i).Child("valueFrom", "fileKeyRef", "volumeName")
			last := -1
			for k := range c.spec.Volumes {
				if c.spec.Volumes[k].Name == name {
					last = k
				}
			}
			if last < 0 {
				c.notFound(at, name)
			} else if c.spec.Volumes[last].EmptyDir == nil {
				c.invalid(at, name, "referenced volume must be of type emptyDir")
			}
		}
	})
}

// validateResourceClaims checks the pod's own claims of devices.
func (c *podChecks) validateResourceClaims(at *field.Path) {
	seen := map[string]bool{}
	for i, claim := range c.spec.ResourceClaims {
		at := at.Index(i)
		if c.meta != nil {
			if _, mirror := c.meta.Annotations[v1.MirrorPodAnnotationKey]; mirror {
				c.forbidden(field.NewPath(""), "static pods do not support resource claims")
				continue
			}
		}
		switch {
		case claim.Name == "":
			c.required(at.Child("name"), "")
		case seen[claim.Name]:
			c.duplicate(at.Child("name"), claim.Name)
		default:
			c.label(at.Child("name"), claim.Name)
			seen[claim.Name] = true
		}
		if claim.ResourceClaimName != nil && claim.ResourceClaimTemplateName != nil {
			c.invalid(at, inward{claim}, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
		}
		if claim.ResourceClaimName == nil && claim.ResourceClaimTemplateName == nil {
			c.invalid(at, inward{claim}, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
		}
		if claim.ResourceClaimName != nil {
			c.subdomain(at.Child("resourceClaimName"), *claim.ResourceClaimName)
		}
		if claim.ResourceClaimTemplateName != nil {
			c.subdomain(at.Child("resourceClaimTemplateName"), *claim.ResourceClaimTemplateName)
		}
	}
}

// validatePodResources checks what the pod as a whole asks for against what its containers do.
func (c *podChecks) validatePodResources(at *field.Path) {
	r := c.spec.Resources
	if r == nil {
		return
	}
	if c.spec.OS != nil && c.spec.OS.Name == v1.Windows {
		c.forbidden(at, "may not be set for a windows pod")
		return
	}
	if r.Claims != nil {
		c.forbidden(at.Child("claims"), "claims may not be set for Resources at pod-level")
	}
	c.validateResources(at, r, podResourceName)
	requests := aggregate(c.spec, func(r v1.ResourceRequirements) v1.ResourceList { return r.Requests })
	for _, name := range sorted(requests) {
		needed := requests[name]
		if have, found := r.Requests[name]; found && needed.Cmp(have) > 0 {
			c.invalid(at.Child("requests").Key(string(name)), have.String(),
				fmt.Sprintf("must be greater than or equal to aggregate container requests of %s", needed.String()))
		}
	}
	limits := aggregate(c.spec, func(r v1.ResourceRequirements) v1.ResourceList { return r.Limits })
	for _, name := range sorted(limits) {
		needed := limits[name]
		if have, found := r.Limits[name]; found && isHugePages(name) && needed.Cmp(have) > 0 {
			c.invalid(at.Child("limits").Key(string(name)), have.String(),
				fmt.Sprintf("must be greater than or equal to aggregate container limits of %s", needed.String()))
		}
	}
	for i := range c.spec.Containers {
		own := c.spec.Containers[i].Resources.Limits
		for _, name := range sorted(own) {
			limit := own[name]
			if most, found := r.Limits[name]; found && limit.Cmp(most) > 0 {
				c.invalid(at.Child("containers").Index(i).Key(string(name)).Child("limits"), limit.String(),
					fmt.Sprintf("must be less than or equal to pod limits of %s", most.String()))
			}
		}
	}
}

func validateTolerations(p *problems, at *field.Path, tolerations []v1.Toleration, rules podRules) {
	for i, t := range tolerations {
		at := at.Index(i)
		if t.Key != "" {
			p.labelName(at.Child("key"), t.Key)
		}
		if t.Key == "" && t.Operator != v1.TolerationOpExists {
			p.invalid(at.Child("operator"), t.Operator, `operator must be Exists when `+"`key`"+` is empty, which means "match all values and all keys"`)
		}
		if t.TolerationSeconds != nil && t.Effect != v1.TaintEffectNoExecute {
			p.invalid(at.Child("effect"), t.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
		}
		switch t.Operator {
		case v1.TolerationOpEqual, "":
			if errs := utilvalidation.IsValidLabelValue(t.Value); len(errs) > 0 {
				p.invalid(at.Child("operator"), t.Value, strings.Join(errs, ";"))
			}
		case v1.TolerationOpExists:
			if t.Value != "" {
				p.invalid(at.Child("operator"), t.Value, "value must be empty when `operator` is 'Exists'")
			}
		case "Lt", "Gt":
			if !rules.comparisons {
				p.add(field.NotSupported(at.Child("operator"), t.Operator, []v1.TolerationOperator{v1.TolerationOpEqual, v1.TolerationOpExists, "Lt", "Gt"}))
			}
		default:
			oneOf(p, at.Child("operator"), t.Operator, v1.TolerationOpEqual, v1.TolerationOpExists)
		}
		if t.Effect != "" {
			validateTaintEffect(p, at.Child("effect"), t.Effect)
		}
	}
}

func validateTaintEffect(p *problems, at *field.Path, effect v1.TaintEffect) {
	oneOf(p, at, effect, v1.TaintEffectNoSchedule, v1.TaintEffectPreferNoSchedule, v1.TaintEffectNoExecute)
}
