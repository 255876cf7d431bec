package describe

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func replicationController(c *call, p *page) error {
	var o corev1.ReplicationController
	if err := c.get(core("replicationcontrollers"), &o); err != nil {
		return err
	}
	pods, err := c.podsOf(o.Namespace, labels.SelectorFromSet(o.Spec.Selector), o.UID)
	if err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	p.field(0, "Selector", "%s", labels.FormatLabels(o.Spec.Selector))
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.field(0, "Replicas", "%d current / %s desired", o.Status.Replicas, or(o.Spec.Replicas, "%d", "1"))
	p.put(0, "Pods Status:\t")
	pods.write(p)
	p.template(o.Spec.Template)
	var conditions []condition
	for _, x := range o.Status.Conditions {
		conditions = append(conditions, condition{string(x.Type), string(x.Status), x.Reason})
	}
	p.conditions(conditions)
	c.events(p, "ReplicationController", &o.ObjectMeta)
	return nil
}
