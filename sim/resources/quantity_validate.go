package resources

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// isNative says whether a resource is Kubernetes' own: those without a domain are.
func isNative(name v1.ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), v1.ResourceDefaultNamespacePrefix)
}

// isExtended says whether a resource is somebody's own, as nvidia.com/gpu.
func isExtended(name v1.ResourceName) bool {
	return !isNative(name) && !strings.HasPrefix(string(name), v1.DefaultResourceRequestsPrefix) &&
		len(validation.IsQualifiedName(v1.DefaultResourceRequestsPrefix+string(name))) == 0
}

func mayOvercommit(name v1.ResourceName) bool { return isNative(name) && !isHugePages(name) }

// isCounted says whether a resource comes in whole numbers: objects, and what is somebody's own.
func isCounted(name v1.ResourceName) bool {
	switch name {
	case v1.ResourcePods, v1.ResourceQuotas, v1.ResourceServices, v1.ResourceReplicationControllers, v1.ResourceSecrets,
		v1.ResourceConfigMaps, v1.ResourcePersistentVolumeClaims, v1.ResourceServicesNodePorts, v1.ResourceServicesLoadBalancers:
		return true
	}
	return isExtended(name)
}

func isQuotaHugePages(name v1.ResourceName) bool {
	return isHugePages(name) || strings.HasPrefix(string(name), v1.ResourceRequestsHugePagesPrefix)
}

// isStandardQuota says whether a quota can limit the resource by its bare name.
func isStandardQuota(name v1.ResourceName) bool {
	switch name {
	case v1.ResourceCPU, v1.ResourceMemory, v1.ResourceEphemeralStorage, v1.ResourceRequestsCPU, v1.ResourceRequestsMemory,
		v1.ResourceRequestsStorage, v1.ResourceRequestsEphemeralStorage, v1.ResourceLimitsCPU, v1.ResourceLimitsMemory,
		v1.ResourceLimitsEphemeralStorage, v1.ResourcePods, v1.ResourceQuotas, v1.ResourceServices,
		v1.ResourceReplicationControllers, v1.ResourceSecrets, v1.ResourcePersistentVolumeClaims, v1.ResourceConfigMaps,
		v1.ResourceServicesNodePorts, v1.ResourceServicesLoadBalancers:
		return true
	}
	return isQuotaHugePages(name)
}

// resourceName checks the form of a resource's name; true means that it may be looked at further.
func resourceName(p *problems, at *field.Path, name v1.ResourceName) bool {
	if wrong := validation.IsQualifiedName(string(name)); len(wrong) > 0 {
		p.each(at, name, wrong)
		return false
	}
	if !strings.Contains(string(name), "/") && !isStandardQuota(name) && name != v1.ResourceStorage {
		p.invalid(at, name, "must be a standard resource type or fully qualified")
		return false
	}
	return true
}

func containerResourceName(p *problems, at *field.Path, name v1.ResourceName) {
	resourceName(p, at, name)
	switch {
	case !strings.Contains(string(name), "/"):
		if !isCompute(name) && name != v1.ResourceEphemeralStorage && !isHugePages(name) {
			p.invalid(at, name, "must be a standard resource for containers")
		}
	case !isNative(name) && !isExtended(name):
		p.invalid(at, name, "doesn't follow extended resource name standard")
	}
}

func podResourceName(p *problems, at *field.Path, name v1.ResourceName) {
	if resourceName(p, at, name) && !isCompute(name) && !isHugePages(name) {
		oneOf(p, at, name, v1.ResourceCPU, v1.ResourceHugePagesPrefix, v1.ResourceMemory)
	}
}

func quotaResourceName(p *problems, at *field.Path, name v1.ResourceName) {
	resourceName(p, at, name)
	if !strings.Contains(string(name), "/") && !isStandardQuota(name) {
		p.invalid(at, name, "must be a standard resource for quota")
	}
}

// amount checks how much of a resource there may be.
func amount(p *problems, at *field.Path, name v1.ResourceName, quantity resource.Quantity) {
	p.nonNegativeQuantity(at, quantity)
	if isCounted(name) && quantity.MilliValue()%1000 != 0 {
		p.invalid(at, quantity, "must be an integer")
	}
}

func (c *podChecks) validateResources(at *field.Path, r *v1.ResourceRequirements, name func(*problems, *field.Path, v1.ResourceName)) {
	compute, hugePages := false, false
	one := func(at *field.Path, resource v1.ResourceName, quantity resource.Quantity, compare func()) {
		name(c.problems, at, resource)
		amount(c.problems, at, resource, quantity)
		compare()
		if isHugePages(resource) {
			hugePages = true
			if !c.rules.hugePages && !divisible(resource, quantity) {
				c.invalid(at, quantity.String(), fmt.Sprintf("%s is not positive integer multiple of %s", quantity.String(), resource))
			}
		}
		compute = compute || isCompute(resource)
	}
	limits, requests := at.Child("limits"), at.Child("requests")
	for _, resource := range sorted(r.Limits) {
		one(limits.Key(string(resource)), resource, r.Limits[resource], func() {})
	}
	for _, resource := range sorted(r.Requests) {
		quantity := r.Requests[resource]
		one(requests.Key(string(resource)), resource, quantity, func() {
			limit, limited := r.Limits[resource]
			switch {
			case !limited && !mayOvercommit(resource):
				c.required(limits, "Limit must be set for non overcommitable resources")
			case !limited:
			case quantity.Cmp(limit) != 0 && !mayOvercommit(resource):
				c.invalid(requests, quantity.String(), fmt.Sprintf("must be equal to %s limit of %s", resource, limit.String()))
			case quantity.Cmp(limit) > 0:
				c.invalid(requests, quantity.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", resource, limit.String()))
			}
		})
	}
	if hugePages && !compute {
		c.forbidden(at, "HugePages require cpu or memory")
	}
	c.validateClaimNames(at.Child("claims"), r.Claims)
}

// divisible says whether a quantity is a whole number of the pages that the resource's name tells the size of.
func divisible(name v1.ResourceName, quantity resource.Quantity) bool {
	size, err := resource.ParseQuantity(strings.TrimPrefix(string(name), v1.ResourceHugePagesPrefix))
	return err == nil && size.Sign() > 0 && size.MilliValue()%1000 == 0 && quantity.Value()%size.Value() == 0
}

func indivisibleHugePages(r v1.ResourceRequirements) bool {
	for _, list := range []v1.ResourceList{r.Limits, r.Requests} {
		for name, quantity := range list {
			if isHugePages(name) && !divisible(name, quantity) {
				return true
			}
		}
	}
	return false
}

// validateClaimNames checks which of the pod's claims a container uses.
func (c *podChecks) validateClaimNames(at *field.Path, claims []v1.ResourceClaim) {
	seen := map[string]bool{}
	for i, claim := range claims {
		at := at.Index(i)
		switch {
		case claim.Name == "":
			c.required(at, "")
		case seen[claim.Name]:
			c.duplicate(at, claim.Name)
		default:
			key := claim.Name
			if claim.Request != "" {
				c.label(at.Child("request"), claim.Request)
				key += "/" + claim.Request
			}
			if seen[key] {
				c.duplicate(at, key)
			} else if claim.Request == "" {
				for _, other := range sorted(seen) {
					if of, _, part := strings.Cut(other, "/"); part && of == claim.Name {
						c.duplicate(at, claim.Name)
					}
				}
			}
			seen[key] = true
		}
		if claim.Name != "" && !c.claimNames[claim.Name] {
			missing := field.NotFound(at, claim.Name)
			missing.Detail = "must be one of the names in pod.spec.resourceClaims"
			if len(c.claimNames) == 0 {
				missing.Detail += " which is empty"
			} else {
				missing.Detail += ": " + strings.Join(slices.Sorted(maps.Keys(c.claimNames)), ", ")
			}
			c.add(missing)
		}
	}
}
