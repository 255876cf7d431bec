package describe

import (
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func priorityClass(c *call, p *page) error {
	var o schedulingv1.PriorityClass
	if err := c.get(resource("scheduling.k8s.io", "v1", "priorityclasses"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Value", "%v", o.Value)
	p.field(0, "GlobalDefault", "%v", o.GlobalDefault)
	p.field(0, "PreemptionPolicy", "%s", or(o.PreemptionPolicy, "%s", ""))
	p.field(0, "Description", "%s", o.Description)
	p.field(0, "Annotations", "%s", labels.FormatLabels(o.Annotations))
	c.events(p, "PriorityClass", &o.ObjectMeta)
	return nil
}
