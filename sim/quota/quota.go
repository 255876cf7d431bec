// Package quota measures objects against resource quotas: which limits of a quota count objects of a kind, whether a
// quota's scopes include an object, and how much of each resource the object uses. It knows neither stored quotas nor
// how a write is refused.
package quota

import (
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/selection"
)

const byClass = ".storageclass.storage.k8s.io/"

// Ignored says whether objects of the kind are never counted.
func Ignored(gr schema.GroupResource) bool {
	switch gr {
	case schema.GroupResource{Resource: "bindings"}, schema.GroupResource{Resource: "componentstatuses"},
		schema.GroupResource{Resource: "events"}, schema.GroupResource{Group: "events.k8s.io", Resource: "events"}:
		return true
	}
	return gr.Group == "authentication.k8s.io" || gr.Group == "authorization.k8s.io"
}

// Tracked is which of the limits objects of the kind count towards, in order.
func Tracked(gr schema.GroupResource, limits []v1.ResourceName) []v1.ResourceName {
	var out []v1.ResourceName
	for _, name := range limits {
		if tracks(gr, name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func tracks(gr schema.GroupResource, name v1.ResourceName) bool {
	if name == count(gr) {
		return true
	}
	if gr.Group != "" {
		return false
	}
	switch gr.Resource {
	case "pods":
		return podResource(name)
	case "services":
		return name == v1.ResourceServices || name == v1.ResourceServicesNodePorts || name == v1.ResourceServicesLoadBalancers
	case "persistentvolumeclaims":
		if _, rest, ok := strings.Cut(string(name), byClass); ok {
			name = v1.ResourceName(rest)
		}
		return name == v1.ResourcePersistentVolumeClaims || name == v1.ResourceRequestsStorage
	}
	return oldName(gr) != "" && name == oldName(gr)
}

// count is the limit on the number of stored objects of the kind.
func count(gr schema.GroupResource) v1.ResourceName { return v1.ResourceName("count/" + gr.String()) }

// oldName is the limit on the number of objects that older quotas know.
func oldName(gr schema.GroupResource) v1.ResourceName {
	switch gr {
	case schema.GroupResource{Resource: "configmaps"}:
		return v1.ResourceConfigMaps
	case schema.GroupResource{Resource: "resourcequotas"}:
		return v1.ResourceQuotas
	case schema.GroupResource{Resource: "replicationcontrollers"}:
		return v1.ResourceReplicationControllers
	case schema.GroupResource{Resource: "secrets"}:
		return v1.ResourceSecrets
	}
	return ""
}

// Usage is what the object counts towards every limit there could be.
func Usage(gr schema.GroupResource, obj runtime.Object, now time.Time) v1.ResourceList {
	used := v1.ResourceList{count(gr): whole(1)}
	switch o := obj.(type) {
	case *v1.Pod:
		if alive(o, now) {
			used = Add(used, podUsage(o))
		}
	case *v1.Service:
		serviceUsage(o, used)
	case *v1.PersistentVolumeClaim:
		claimUsage(o, used)
	default:
		if name := oldName(gr); name != "" {
			used[name] = whole(1)
		}
	}
	return used
}

func whole(n int) resource.Quantity { return *resource.NewQuantity(int64(n), resource.DecimalSI) }

func serviceUsage(s *v1.Service, used v1.ResourceList) {
	nodePorts, balancers := 0, 0
	switch s.Spec.Type {
	case v1.ServiceTypeNodePort:
		nodePorts = len(s.Spec.Ports)
	case v1.ServiceTypeLoadBalancer:
		balancers, nodePorts = 1, len(s.Spec.Ports)
		if asked := s.Spec.AllocateLoadBalancerNodePorts; asked != nil && !*asked {
			nodePorts = 0
			for _, p := range s.Spec.Ports {
				if p.NodePort != 0 {
					nodePorts++
				}
			}
		}
	}
	used[v1.ResourceServices] = whole(1)
	used[v1.ResourceServicesNodePorts] = whole(nodePorts)
	used[v1.ResourceServicesLoadBalancers] = whole(balancers)
}

func claimUsage(c *v1.PersistentVolumeClaim, used v1.ResourceList) {
	class := ""
	if c.Spec.StorageClassName != nil {
		class = *c.Spec.StorageClassName
	}
	if old, ok := c.Annotations[v1.BetaStorageClassAnnotation]; ok {
		class = old
	}
	charge := func(name v1.ResourceName, q resource.Quantity) {
		used[name] = q
		if class != "" {
			used[v1.ResourceName(class+byClass)+name] = q
		}
	}
	charge(v1.ResourcePersistentVolumeClaims, whole(1))
	asked, ok := c.Spec.Resources.Requests[v1.ResourceStorage]
	if !ok {
		return
	}
	if given, ok := c.Status.AllocatedResources[v1.ResourceStorage]; ok && given.Cmp(asked) > 0 {
		asked = given
	}
	bytes := asked.DeepCopy()
	bytes.RoundUp(0)
	charge(v1.ResourceRequestsStorage, bytes)
}

// Scopes are the quota's conditions on what it counts.
func Scopes(q *v1.ResourceQuota) []v1.ScopedResourceSelectorRequirement {
	var all []v1.ScopedResourceSelectorRequirement
	for _, s := range q.Spec.Scopes {
		all = append(all, v1.ScopedResourceSelectorRequirement{ScopeName: s, Operator: v1.ScopeSelectorOpExists})
	}
	if q.Spec.ScopeSelector != nil {
		all = append(all, q.Spec.ScopeSelector.MatchExpressions...)
	}
	return all
}

// Includes says whether the object is in every scope of the quota.
func Includes(q *v1.ResourceQuota, obj runtime.Object) bool {
	for _, s := range Scopes(q) {
		in := false
		switch o := obj.(type) {
		case *v1.Pod:
			in = podIn(o, s)
		case *v1.PersistentVolumeClaim:
			in = claimIn(o, s)
		}
		if !in {
			return false
		}
	}
	return true
}

// chosen says whether the requirement chooses the value, which may be empty.
func chosen(s v1.ScopedResourceSelectorRequirement, value string) bool {
	op := map[v1.ScopeSelectorOperator]selection.Operator{
		v1.ScopeSelectorOpIn: selection.In, v1.ScopeSelectorOpNotIn: selection.NotIn,
		v1.ScopeSelectorOpExists: selection.Exists, v1.ScopeSelectorOpDoesNotExist: selection.DoesNotExist,
	}[s.Operator]
	r, err := labels.NewRequirement(string(s.ScopeName), op, s.Values)
	if err != nil {
		return false
	}
	has := labels.Set{}
	if value != "" {
		has[string(s.ScopeName)] = value
	}
	return r.Matches(has)
}

func claimIn(c *v1.PersistentVolumeClaim, s v1.ScopedResourceSelectorRequirement) bool {
	if s.ScopeName != v1.ResourceQuotaScopeVolumeAttributesClass {
		return false
	}
	var classes []string
	for _, name := range []*string{c.Spec.VolumeAttributesClassName, c.Status.CurrentVolumeAttributesClassName} {
		if name != nil && *name != "" {
			classes = append(classes, *name)
		}
	}
	if m := c.Status.ModifyVolumeStatus; m != nil && m.TargetVolumeAttributesClassName != "" {
		classes = append(classes, m.TargetVolumeAttributesClassName)
	}
	if len(classes) == 0 {
		return chosen(s, "")
	}
	return slices.ContainsFunc(classes, func(name string) bool { return chosen(s, name) })
}
