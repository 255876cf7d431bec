package describe

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func replicaSet(c *call, p *page) error {
	var o appsv1.ReplicaSet
	if err := c.get(resource("apps", "v1", "replicasets"), &o); err != nil {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
	if err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	p.field(0, "Selector", "%s", metav1.FormatLabelSelector(o.Spec.Selector))
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.controlledBy(&o.ObjectMeta)
	p.field(0, "Replicas", "%d current / %s desired", o.Status.Replicas, or(o.Spec.Replicas, "%d", "1"))
	p.put(0, "Pods Status:\t")
	if pods, err := c.podsOf(o.Namespace, selector, o.UID); err != nil {
		p.put(0, "error in fetching pods: %s\n", err)
	} else {
		pods.write(p)
	}
	p.template(&o.Spec.Template)
	var conditions []condition
	for _, x := range o.Status.Conditions {
		conditions = append(conditions, condition{string(x.Type), string(x.Status), x.Reason})
	}
	p.conditions(conditions)
	c.events(p, "ReplicaSet", &o.ObjectMeta)
	return nil
}
