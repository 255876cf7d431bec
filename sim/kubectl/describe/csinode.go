package describe

import storagev1 "k8s.io/api/storage/v1"

func csiNode(c *call, p *page) error {
	var o storagev1.CSINode
	if err := c.get(resource("storage.k8s.io", "v1", "csinodes"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.field(0, "CreationTimestamp", "%s", stamp(o.CreationTimestamp.Time))
	p.head(0, "Spec")
	if o.Spec.Drivers != nil {
		p.head(1, "Drivers")
	}
	for _, d := range o.Spec.Drivers {
		p.put(2, "%s:\n", d.Name)
		p.field(3, "Node ID", "%s", d.NodeID)
		if d.Allocatable != nil && d.Allocatable.Count != nil {
			p.head(3, "Allocatables")
			p.field(4, "Count", "%d", *d.Allocatable.Count)
		}
		if d.TopologyKeys != nil {
			p.field(3, "Topology Keys", "%s", d.TopologyKeys)
		}
	}
	c.events(p, "CSINode", &o.ObjectMeta)
	return nil
}
