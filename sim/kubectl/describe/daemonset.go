package describe

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func daemonSet(c *call, p *page) error {
	var o appsv1.DaemonSet
	if err := c.get(resource("apps", "v1", "daemonsets"), &o); err != nil {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
	if err != nil {
		return err
	}
	pods, err := c.podsOf(o.Namespace, selector, o.UID)
	if err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	p.field(0, "Selector", "%s", selector)
	p.field(0, "Node-Selector", "%s", labels.FormatLabels(o.Spec.Template.Spec.NodeSelector))
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.put(0, "Desired Number of Nodes Scheduled: %d\n", o.Status.DesiredNumberScheduled)
	p.put(0, "Current Number of Nodes Scheduled: %d\n", o.Status.CurrentNumberScheduled)
	p.put(0, "Number of Nodes Scheduled with Up-to-date Pods: %d\n", o.Status.UpdatedNumberScheduled)
	p.put(0, "Number of Nodes Scheduled with Available Pods: %d\n", o.Status.NumberAvailable)
	p.put(0, "Number of Nodes Misscheduled: %d\n", o.Status.NumberMisscheduled)
	p.put(0, "Pods Status:\t")
	pods.write(p)
	p.template(&o.Spec.Template)
	c.events(p, "DaemonSet", &o.ObjectMeta)
	return nil
}
