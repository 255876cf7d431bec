package describe

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func statefulSet(c *call, p *page) error {
	var o appsv1.StatefulSet
	if err := c.get(resource("apps", "v1", "statefulsets"), &o); err != nil {
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
	p.field(0, "CreationTimestamp", "%s", stamp(o.CreationTimestamp.Time))
	p.field(0, "Selector", "%s", selector)
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.field(0, "Replicas", "%s desired | %d total", or(o.Spec.Replicas, "%d", "1"), o.Status.Replicas)
	p.field(0, "Update Strategy", "%s", o.Spec.UpdateStrategy.Type)
	if ru := o.Spec.UpdateStrategy.RollingUpdate; ru != nil && ru.Partition != nil {
		p.field(1, "Partition", "%d", *ru.Partition)
		if ru.MaxUnavailable != nil {
			p.field(1, "MaxUnavailable", "%s", ru.MaxUnavailable.String())
		}
	}
	p.put(0, "Pods Status:\t")
	pods.write(p)
	p.template(&o.Spec.Template)
	p.claimTemplates(o.Spec.VolumeClaimTemplates)
	c.events(p, "StatefulSet", &o.ObjectMeta)
	return nil
}

func (p *page) claimTemplates(templates []corev1.PersistentVolumeClaim) {
	if len(templates) == 0 {
		p.field(0, "Volume Claims", "<none>")
		return
	}
	p.head(0, "Volume Claims")
	for i := range templates {
		t := &templates[i]
		p.field(1, "Name", "%s", t.Name)
		p.field(1, "StorageClass", "%s", claimClass(t))
		p.indentedLabels("Labels", t.Labels)
		p.indentedLabels("Annotations", t.Annotations)
		capacity := "<default>"
		if q, ok := t.Spec.Resources.Requests[corev1.ResourceStorage]; ok {
			capacity = q.String()
		}
		p.field(1, "Capacity", "%s", capacity)
		p.field(1, "Access Modes", "%s", t.Spec.AccessModes)
	}
}

// indentedLabels writes labels whose title and following lines begin with two blanks.
func (p *page) indentedLabels(title string, m map[string]string) {
	p.put(0, "  %s:\t", title)
	if len(m) == 0 {
		p.put(0, "<none>\n")
	}
	for i, k := range sorted(m) {
		if i > 0 {
			p.put(0, "  \t")
		}
		p.put(0, "%s=%s\n", k, m[k])
	}
}
