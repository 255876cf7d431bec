package describe

import (
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func podDisruptionBudget(c *call, p *page) error {
	var o policyv1.PodDisruptionBudget
	if err := c.get(resource("policy", "v1", "poddisruptionbudgets"), &o); err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	if o.Spec.MinAvailable != nil {
		p.field(0, "Min available", "%s", o.Spec.MinAvailable.String())
	} else if o.Spec.MaxUnavailable != nil {
		p.field(0, "Max unavailable", "%s", o.Spec.MaxUnavailable.String())
	}
	selector := "<unset>"
	if o.Spec.Selector != nil {
		selector = metav1.FormatLabelSelector(o.Spec.Selector)
	}
	p.field(0, "Selector", "%s", selector)
	p.head(0, "Status")
	p.field(2, "Allowed disruptions", "%d", o.Status.DisruptionsAllowed)
	p.field(2, "Current", "%d", o.Status.CurrentHealthy)
	p.field(2, "Desired", "%d", o.Status.DesiredHealthy)
	p.field(2, "Total", "%d", o.Status.ExpectedPods)
	c.events(p, "PodDisruptionBudget", &o.ObjectMeta)
	return nil
}
