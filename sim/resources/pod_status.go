package resources

import (
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

func validatePodStatusUpdate(pod, old *v1.Pod) field.ErrorList {
	var p problems
	rules := rulesFor(true, &old.Spec, old.Annotations)
	validateAnnotationUpdate(&p, pod, old, rules)
	status, at := &pod.Status, field.NewPath("status")
	validatePodConditions(&p, at.Child("conditions"), status.Conditions)
	if nominated := status.NominatedNodeName; nominated != old.Status.NominatedNodeName && nominated != "" {
		p.subdomain(at.Child("nominatedNodeName"), nominated)
	}
	if old.Spec.NodeName != "" && status.NominatedNodeName != "" && status.NominatedNodeName != old.Status.NominatedNodeName {
		p.forbidden(at.Child("nominatedNodeName"), "may not be set on pods that are already bound to a node")
	}
	if status.ObservedGeneration < 0 {
		p.invalid(at.Child("observedGeneration"), status.ObservedGeneration, "must be a non-negative integer")
	}
	if status.QOSClass != old.Status.QOSClass {
		p.invalid(at.Child("qosClass"), status.QOSClass, immutable)
	}
	if !allMayRestart(&old.Spec) {
		validateTransitions(&p, at.Child("containerStatuses"), status.ContainerStatuses, old.Status.ContainerStatuses, old.Spec.Containers, &old.Spec)
		validateTransitions(&p, at.Child("initContainerStatuses"), status.InitContainerStatuses, old.Status.InitContainerStatuses, old.Spec.InitContainers, &old.Spec)
	}
	validateTransitions(&p, at.Child("ephemeralContainerStatuses"), status.EphemeralContainerStatuses, old.Status.EphemeralContainerStatuses, nil, &old.Spec)
	validateClaimStatuses(&p, at.Child("resourceClaimStatuses"), status.ResourceClaimStatuses, pod.Spec.ResourceClaims)
	if extended := status.ExtendedResourceClaimStatus; extended != nil {
		validateExtendedClaim(&p, at.Child("extendedResourceClaimStatus"), extended, &pod.Spec)
	}
	var ips, known []string
	for _, ip := range status.PodIPs {
		ips = append(ips, ip.IP)
	}
	for _, ip := range old.Status.PodIPs {
		known = append(known, ip.IP)
	}
	validateIPs(&p, at.Child("podIPs"), ips, known, inward{status.PodIPs})
	validateHostIPs(&p, at.Child("hostIPs"), status, &old.Status)
	windows := pod.Spec.OS != nil && pod.Spec.OS.Name == v1.Windows
	validateUsers(&p, at.Child("containerStatuses"), status.ContainerStatuses, windows)
	validateUsers(&p, at.Child("initContainerStatuses"), status.InitContainerStatuses, windows)
	validateUsers(&p, at.Child("ephemeralContainerStatuses"), status.EphemeralContainerStatuses, windows)
	return p.list()
}

func validatePodConditions(p *problems, at *field.Path, conditions []v1.PodCondition) {
	for i, c := range conditions {
		if c.ObservedGeneration < 0 {
			p.invalid(at.Index(i).Child("observedGeneration"), c.ObservedGeneration, "must be a non-negative integer")
		}
		if c.Type != v1.PodScheduled && c.Type != v1.PodReady && c.Type != v1.PodInitialized {
			p.qualified(at.Index(i).Child("Type"), string(c.Type))
		}
	}
}

// validateTransitions keeps a container that has ended from coming back, unless its restart policy brings it.
func validateTransitions(p *problems, at *field.Path, statuses, old []v1.ContainerStatus, containers []v1.Container, spec *v1.PodSpec) {
	for i, before := range old {
		if before.State.Terminated == nil {
			continue
		}
		k := slices.IndexFunc(statuses, func(s v1.ContainerStatus) bool { return s.Name == before.Name && s.State.Terminated == nil })
		if k < 0 {
			continue
		}
		c := slices.IndexFunc(containers, func(c v1.Container) bool { return c.Name == before.Name })
		if c < 0 || !mayRestart(&containers[c], spec, before.State.Terminated.ExitCode) {
			p.forbidden(at.Index(i).Child("state"), "may not be transitioned to non-terminated state")
		}
	}
}

// mayRestart says whether a container that ended with the code is started again.
func mayRestart(c *v1.Container, spec *v1.PodSpec, code int32) bool {
	for _, rule := range c.RestartPolicyRules {
		if rule.ExitCodes == nil {
			continue
		}
		listed := slices.Contains(rule.ExitCodes.Values, code)
		if listed == (rule.ExitCodes.Operator == v1.ContainerRestartRuleOnExitCodesOpIn) && rule.Action == v1.ContainerRestartRuleActionRestart {
			return true
		}
	}
	policy := string(spec.RestartPolicy)
	if c.RestartPolicy != nil {
		policy = string(*c.RestartPolicy)
	}
	return policy == string(v1.RestartPolicyAlways) || policy == string(v1.RestartPolicyOnFailure) && code != 0
}

// allMayRestart says whether some container, when it ends, starts all of them again.
func allMayRestart(spec *v1.PodSpec) bool {
	for _, containers := range [][]v1.Container{spec.InitContainers, spec.Containers} {
		for _, c := range containers {
			for _, rule := range c.RestartPolicyRules {
				if rule.Action == v1.ContainerRestartRuleActionRestartAllContainers {
					return true
				}
			}
		}
	}
	return false
}

func validateClaimStatuses(p *problems, at *field.Path, statuses []v1.PodResourceClaimStatus, claims []v1.PodResourceClaim) {
	seen := map[string]bool{}
	for i, status := range statuses {
		at := at.Index(i)
		if !slices.ContainsFunc(claims, func(c v1.PodResourceClaim) bool { return c.Name == status.Name }) {
			p.invalid(at.Child("name"), status.Name, "must match the name of an entry in `spec.resourceClaims`")
		}
		if seen[status.Name] {
			p.duplicate(at.Child("name"), status.Name)
		}
		seen[status.Name] = true
		if status.ResourceClaimName != nil {
			p.subdomain(at.Child("resourceClaimName"), *status.ResourceClaimName)
		}
	}
}

func validateExtendedClaim(p *problems, at *field.Path, s *v1.PodExtendedResourceClaimStatus, spec *v1.PodSpec) {
	if len(s.RequestMappings) == 0 {
		p.required(at.Child("requestMappings"), "at least one request mapping is required")
	}
	seen := map[v1.ContainerExtendedResourceRequest]bool{}
	for i, m := range s.RequestMappings {
		at, whole := at.Child("requestMappings").Index(i), at
		var container *v1.Container
		eachContainer(spec, nil, func(c *v1.Container, _ *field.Path) {
			if c.Name == m.ContainerName {
				container = c
			}
		})
		if container == nil {
			p.invalid(at.Child("containerName"), m.ContainerName, "must match the name of an entry in spec.initContainers.name or spec.containers.name")
		} else if _, found := container.Resources.Requests[v1.ResourceName(m.ResourceName)]; !found {
			p.invalid(at.Child("resourceName"), m.ResourceName, "must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests")
		}
		p.label(whole.Child("requestName"), m.RequestName)
		if seen[m] {
			p.duplicate(at.Child("containerName"), m.ContainerName)
			p.duplicate(at.Child("resourceName"), m.ResourceName)
			p.duplicate(at.Child("requestName"), m.RequestName)
		}
		seen[m] = true
	}
	if p.present(at.Child("resourceClaimName"), s.ResourceClaimName) {
		p.subdomain(at.Child("resourceClaimName"), s.ResourceClaimName)
	}
}

// validateIPs allows one address of each family; shown is the list as a message quotes it.
func validateIPs(p *problems, at *field.Path, ips, known []string, shown any) {
	for i, ip := range ips {
		p.ip(at.Index(i), ip, known)
	}
	if len(ips) < 2 {
		return
	}
	if dual, err := netutils.IsDualStackIPStrings(ips); err != nil || !dual || len(ips) > 2 {
		p.invalid(at, shown, "may specify no more than one IP for each IP family")
	}
}

func validateHostIPs(p *problems, at *field.Path, status, old *v1.PodStatus) {
	if len(status.HostIPs) == 0 {
		return
	}
	if status.HostIP != status.HostIPs[0].IP {
		p.invalid(at.Index(0).Child("ip"), status.HostIPs[0].IP, "must be equal to `hostIP`")
	}
	var ips, known []string
	for _, ip := range status.HostIPs {
		ips = append(ips, ip.IP)
	}
	for _, ip := range old.HostIPs {
		known = append(known, ip.IP)
	}
	validateIPs(p, at, ips, known, inward{status.HostIPs})
}

func validateUsers(p *problems, at *field.Path, statuses []v1.ContainerStatus, windows bool) {
	for i, s := range statuses {
		if s.User == nil || s.User.Linux == nil {
			continue
		}
		user, at := s.User.Linux, at.Index(i).Child("user", "linux")
		if windows {
			p.forbidden(at, "cannot be set for a windows pod")
			continue
		}
		p.each(at.Child("uid"), user.UID, validation.IsValidUserID(user.UID))
		p.each(at.Child("gid"), user.GID, validation.IsValidGroupID(user.GID))
		for g, gid := range user.SupplementalGroups {
			p.each(at.Child("supplementalGroups").Index(g), gid, validation.IsValidGroupID(gid))
		}
	}
}
