package describe

import (
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func namespace(c *call, p *page) error {
	var o corev1.Namespace
	if err := c.get(core("namespaces"), &o); err != nil {
		return err
	}
	var quotas corev1.ResourceQuotaList
	quotasErr := c.getter.List(c.ctx, core("resourcequotas"), o.Name, Selectors{}, &quotas)
	if quotasErr != nil && !apierrors.IsNotFound(quotasErr) {
		return quotasErr
	}
	var limits corev1.LimitRangeList
	limitsErr := c.getter.List(c.ctx, core("limitranges"), o.Name, Selectors{}, &limits)
	if limitsErr != nil && !apierrors.IsNotFound(limitsErr) {
		return limitsErr
	}
	p.field(0, "Name", "%s", o.Name)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.field(0, "Status", "%s", o.Status.Phase)
	if len(o.Status.Conditions) > 0 {
		p.head(0, "Conditions")
		p.columns(1, "Type", "Status", "LastTransitionTime", "Reason", "Message")
		for _, x := range o.Status.Conditions {
			p.put(1, "%v\t%v\t%s\t%v\t%v\n", x.Type, x.Status, stamp(x.LastTransitionTime.Time), x.Reason, x.Message)
		}
	}
	if quotasErr == nil {
		p.put(0, "\n")
		p.quotas(quotas.Items)
	}
	if limitsErr == nil {
		p.put(0, "\n")
		p.limitRanges(limits.Items)
	}
	return nil
}
