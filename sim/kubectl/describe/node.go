package describe

import (
	"strconv"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func node(c *call, p *page) error {
	var o corev1.Node
	if err := c.get(core("nodes"), &o); err != nil {
		return err
	}
	var pods corev1.PodList
	err := c.getter.List(c.ctx, core("pods"), "", Selectors{Fields: "spec.nodeName=" + o.Name + ",status.phase!=Succeeded,status.phase!=Failed"}, &pods)
	if err != nil && !apierrors.IsForbidden(err) {
		return err
	}
	p.nodeHead(&o)
	c.nodeLease(p, o.Name)
	p.nodeStatus(&o)
	c.resourceSlices(p, o.Name)
	p.nodeInfo(&o)
	if err != nil {
		p.field(0, "Pods", "not authorized")
	} else {
		p.nodePods(&o, pods.Items)
	}
	if c.settings.ShowEvents {
		events := c.find("Node", o.Name, "", string(o.UID))
		// The kubelet's events name the node as its uid.
		p.events(append(events, c.find("Node", o.Name, "", o.Name)...))
	}
	return nil
}

func (p *page) nodeHead(o *corev1.Node) {
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Roles", "%s", orNone(strings.Join(nodeRoles(o), ",")))
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.field(0, "CreationTimestamp", "%s", stamp(o.CreationTimestamp.Time))
	p.taints("Taints", o.Spec.Taints)
	p.field(0, "Unschedulable", "%v", o.Spec.Unschedulable)
}

func nodeRoles(o *corev1.Node) []string {
	roles := map[string]bool{}
	for k, v := range o.Labels {
		if role, ok := strings.CutPrefix(k, "node-role.kubernetes.io/"); ok && role != "" {
			roles[role] = true
		} else if k == "kubernetes.io/role" && v != "" {
			roles[v] = true
		}
	}
	return sorted(roles)
}

func (c *call) nodeLease(p *page, name string) {
	var o coordinationv1.Lease
	if err := c.getter.Get(c.ctx, resource("coordination.k8s.io", "v1", "leases"), corev1.NamespaceNodeLease, name, &o); err != nil {
		p.field(0, "Lease", "Failed to get lease: %s", err)
		return
	}
	p.head(0, "Lease")
	p.field(1, "HolderIdentity", "%s", or(o.Spec.HolderIdentity, "%s", "<unset>"))
	acquired, renewed := "<unset>", "<unset>"
	if o.Spec.AcquireTime != nil {
		acquired = stamp(o.Spec.AcquireTime.Time)
	}
	if o.Spec.RenewTime != nil {
		renewed = stamp(o.Spec.RenewTime.Time)
	}
	p.field(1, "AcquireTime", "%s", acquired)
	p.field(1, "RenewTime", "%s", renewed)
}

func (p *page) nodeStatus(o *corev1.Node) {
	if len(o.Status.Conditions) > 0 {
		p.head(0, "Conditions")
		p.put(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n")
		p.put(1, "----\t------\t-----------------\t------------------\t------\t-------\n")
		for _, x := range o.Status.Conditions {
			p.put(1, "%v \t%v \t%s \t%s \t%v \t%v\n", x.Type, x.Status, stamp(x.LastHeartbeatTime.Time), stamp(x.LastTransitionTime.Time), x.Reason, x.Message)
		}
	}
	p.head(0, "Addresses")
	for _, a := range o.Status.Addresses {
		p.field(1, string(a.Type), "%s", a.Address)
	}
	if len(o.Status.Capacity) > 0 {
		p.head(0, "Capacity")
		p.quantities(1, o.Status.Capacity)
	}
	if len(o.Status.Allocatable) > 0 {
		p.head(0, "Allocatable")
		p.quantities(1, o.Status.Allocatable)
	}
}

// resourceSlices writes how many devices of each pool are on the node alone, for ten pools at most.
func (c *call) resourceSlices(p *page, name string) {
	var list resourcev1.ResourceSliceList
	err := c.getter.List(c.ctx, resource("resource.k8s.io", "v1", "resourceslices"), "", Selectors{Fields: "spec.nodeName=" + name}, &list)
	if err != nil || len(list.Items) == 0 {
		return
	}
	type pool struct {
		driver, name    string
		slices, devices int
	}
	pools := map[string]*pool{}
	for i := range list.Items {
		s := &list.Items[i].Spec
		key := s.Driver + "/" + s.Pool.Name
		if pools[key] == nil {
			pools[key] = &pool{driver: s.Driver, name: s.Pool.Name}
		}
		pools[key].slices++
		pools[key].devices += len(s.Devices)
	}
	p.head(0, "Node-Local ResourceSlices")
	p.columns(1, "Driver", "Pool", "Slices", "Devices")
	for i, key := range sorted(pools) {
		if i == 10 {
			p.put(1, "...and %d more pools\n", len(pools)-i)
			break
		}
		x := pools[key]
		p.put(1, "%s\t%s\t%d\t%d\n", x.driver, x.name, x.slices, x.devices)
	}
}

func (p *page) nodeInfo(o *corev1.Node) {
	info := &o.Status.NodeInfo
	p.head(0, "System Info")
	p.field(1, "Machine ID", "%s", info.MachineID)
	p.field(1, "System UUID", "%s", info.SystemUUID)
	p.field(1, "Boot ID", "%s", info.BootID)
	p.field(1, "Kernel Version", "%s", info.KernelVersion)
	p.field(1, "OS Image", "%s", info.OSImage)
	p.field(1, "Operating System", "%s", info.OperatingSystem)
	p.field(1, "Architecture", "%s", info.Architecture)
	p.field(1, "Container Runtime Version", "%s", info.ContainerRuntimeVersion)
	p.field(1, "Kubelet Version", "%s", info.KubeletVersion)
	if o.Spec.PodCIDR != "" {
		p.field(0, "PodCIDR", "%s", o.Spec.PodCIDR)
	}
	if len(o.Spec.PodCIDRs) > 0 {
		p.field(0, "PodCIDRs", "%s", strings.Join(o.Spec.PodCIDRs, ","))
	}
	if o.Spec.ProviderID != "" {
		p.field(0, "ProviderID", "%s", o.Spec.ProviderID)
	}
}

func (p *page) nodePods(o *corev1.Node, pods []corev1.Pod) {
	p.field(0, "Non-terminated Pods", "(%d in total)", len(pods))
	p.put(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n")
	p.put(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---\n")
	room := o.Status.Capacity
	if len(o.Status.Allocatable) > 0 {
		room = o.Status.Allocatable
	}
	requests, limits := corev1.ResourceList{}, corev1.ResourceList{}
	for i := range pods {
		x := &pods[i]
		req, lim := podRequests(x, true), podLimits(x, true)
		p.put(1, "%s\t%s\t\t%s\t%s\t%s\t%s\t%s\n", x.Namespace, x.Name, share(req, room, corev1.ResourceCPU), share(lim, room, corev1.ResourceCPU),
			share(req, room, corev1.ResourceMemory), share(lim, room, corev1.ResourceMemory), p.since(x.CreationTimestamp))
		add(requests, podRequests(x, false))
		add(limits, podLimits(x, false))
	}
	p.put(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n")
	p.columns(1, "Resource", "Requests", "Limits")
	names := []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}
	var extended []corev1.ResourceName
	for _, name := range resourceNames(room) {
		switch {
		case strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix):
			names = append(names, name)
		case name != names[0] && name != names[1] && name != names[2] && name != corev1.ResourcePods:
			extended = append(extended, name)
		}
	}
	for _, name := range names {
		p.put(1, "%s\t%s\t%s\n", name, share(requests, room, name), share(limits, room, name))
	}
	for _, name := range extended {
		req, lim := requests[name], limits[name]
		p.put(1, "%s\t%s\t%s\n", name, req.String(), lim.String())
	}
}

// share is an amount and its part of the room there is, in percent.
func share(list, room corev1.ResourceList, name corev1.ResourceName) string {
	have, all := list[name], room[name]
	part, whole := have.Value(), all.Value()
	if name == corev1.ResourceCPU {
		part, whole = have.MilliValue(), all.MilliValue()
	}
	percent := 0.0
	if whole != 0 {
		percent = float64(part) / float64(whole) * 100
	}
	return have.String() + " (" + strconv.FormatInt(int64(percent), 10) + "%)"
}
