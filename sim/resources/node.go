package resources

import (
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
)

func nodes() *Resource {
	r := of(&Resource{
		Version: "v1", Name: "nodes", Singular: "node", Kind: "Node", ShortNames: []string{"no"},
		New: fresh[v1.Node], NewList: fresh[v1.NodeList],
		Subresources: []Subresource{{Name: "proxy", Kind: "NodeProxyOptions", Verbs: []string{"create", "delete", "get", "patch", "update"}}},
	}, typed[v1.Node]{
		MetaAgain:      "m|u",
		Default:        defaultNode,
		Create:         func(_ *Context, n *v1.Node) { n.Spec.ConfigSource, n.Status.Config = nil, nil },
		Update:         func(_ *Context, n, old *v1.Node) { n.Spec.ConfigSource = old.Spec.ConfigSource },
		Validate:       validateNode,
		ValidateUpdate: validateNodeUpdate,
		Warnings:       nodeWarnings,
		Spec:           func(n, from *v1.Node) { n.Spec = from.Spec },
		Status:         func(n, from *v1.Node) { n.Status = from.Status },
		StatusUpdate: func(_ *Context, n, old *v1.Node) {
			if old.Status.Config == nil {
				n.Status.Config = nil
			}
		},
		ValidateStatusUpdate: validateNodeStatusUpdate,
		Fields: func(n *v1.Node) fields.Set {
			return fields.Set{"spec.unschedulable": strconv.FormatBool(n.Spec.Unschedulable)}
		},
		Row: nodeRow,
	})
	reset := r.ResetStatus
	r.ResetStatus = func(obj, old runtime.Object) {
		if old != nil { // a kubelet registers its node with the status
			reset(obj, old)
		}
	}
	return r
}

func defaultNode(n *v1.Node) {
	if n.Status.Allocatable == nil && n.Status.Capacity != nil {
		n.Status.Allocatable = n.Status.Capacity.DeepCopy()
	}
	roundResources(n.Status.Capacity)
	roundResources(n.Status.Allocatable)
	switch {
	case len(n.Spec.PodCIDRs) == 0 && n.Spec.PodCIDR != "", len(n.Spec.PodCIDRs) > 0 && n.Spec.PodCIDR != "" && n.Spec.PodCIDR != n.Spec.PodCIDRs[0]:
		n.Spec.PodCIDRs = []string{n.Spec.PodCIDR}
	case len(n.Spec.PodCIDRs) > 0:
		n.Spec.PodCIDR = n.Spec.PodCIDRs[0]
	}
}

func nodeRow(n *v1.Node, now time.Time) []any {
	status := "Unknown"
	for _, c := range n.Status.Conditions {
		if c.Type == v1.NodeReady {
			status = "Ready"
			if c.Status != v1.ConditionTrue {
				status = "NotReady"
			}
		}
	}
	if n.Spec.Unschedulable {
		status += ",SchedulingDisabled"
	}
	info := n.Status.NodeInfo
	kernel := orUnknown(info.KernelVersion)
	if info.Architecture != "" {
		kernel += " (" + info.Architecture + ")"
	}
	return []any{
		n.Name, status, orNone(nodeRoles(n)), age(n.CreationTimestamp, now), info.KubeletVersion,
		nodeAddress(n, v1.NodeInternalIP), nodeAddress(n, v1.NodeExternalIP), orUnknown(info.OSImage), kernel,
		orUnknown(info.ContainerRuntimeVersion),
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "<unknown>"
	}
	return s
}

func nodeAddress(n *v1.Node, kind v1.NodeAddressType) string {
	for _, a := range n.Status.Addresses {
		if a.Type == kind {
			return a.Address
		}
	}
	return "<none>"
}

// nodeRoles are the roles that the node's labels give it.
func nodeRoles(n *v1.Node) string {
	var roles []string
	for label, value := range n.Labels {
		if role, found := strings.CutPrefix(label, "node-role.kubernetes.io/"); found && role != "" {
			roles = append(roles, role)
		} else if label == "kubernetes.io/role" && value != "" {
			roles = append(roles, value)
		}
	}
	slices.Sort(roles)
	return strings.Join(slices.Compact(roles), ",")
}
