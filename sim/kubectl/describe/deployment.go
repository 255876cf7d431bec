package describe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func deployment(c *call, p *page) error {
	var o appsv1.Deployment
	if err := c.get(resource("apps", "v1", "deployments"), &o); err != nil {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
	if err != nil {
		return err
	}
	p.field(0, "Name", "%s", o.Name)
	p.field(0, "Namespace", "%s", o.Namespace)
	p.field(0, "CreationTimestamp", "%s", stamp(o.CreationTimestamp.Time))
	p.labels("Labels", o.Labels)
	p.annotations("Annotations", o.Annotations)
	p.field(0, "Selector", "%s", selector)
	p.field(0, "Replicas", "%s desired | %d updated | %d total | %d available | %d unavailable", or(o.Spec.Replicas, "%d", "1"),
		o.Status.UpdatedReplicas, o.Status.Replicas, o.Status.AvailableReplicas, o.Status.UnavailableReplicas)
	p.field(0, "StrategyType", "%s", o.Spec.Strategy.Type)
	p.field(0, "MinReadySeconds", "%d", o.Spec.MinReadySeconds)
	if ru := o.Spec.Strategy.RollingUpdate; ru != nil {
		p.field(0, "RollingUpdateStrategy", "%s max unavailable, %s max surge", ru.MaxUnavailable.String(), ru.MaxSurge.String())
	}
	p.template(&o.Spec.Template)
	var conditions []condition
	for _, x := range o.Status.Conditions {
		conditions = append(conditions, condition{string(x.Type), string(x.Status), x.Reason})
	}
	p.conditions(conditions)
	p.rollout(c.replicaSets(&o, selector.String()), &o.Spec.Template)
	c.events(p, "Deployment", &o.ObjectMeta)
	return nil
}

// replicaSets are those that the deployment controls, oldest first.
func (c *call) replicaSets(o *appsv1.Deployment, selector string) []*appsv1.ReplicaSet {
	var list appsv1.ReplicaSetList
	if err := c.getter.List(c.ctx, resource("apps", "v1", "replicasets"), o.Namespace, Selectors{Labels: selector}, &list); err != nil {
		return nil
	}
	var own []*appsv1.ReplicaSet
	for i := range list.Items {
		if metav1.IsControlledBy(&list.Items[i], o) {
			own = append(own, &list.Items[i])
		}
	}
	sort.Slice(own, func(i, j int) bool {
		if own[i].CreationTimestamp.Equal(&own[j].CreationTimestamp) {
			return own[i].Name < own[j].Name
		}
		return own[i].CreationTimestamp.Before(&own[j].CreationTimestamp)
	})
	return own
}

// rollout writes which replica set has the deployment's template, and which others there are.
func (p *page) rollout(sets []*appsv1.ReplicaSet, template *corev1.PodTemplateSpec) {
	if len(sets) == 0 {
		return
	}
	current := "<none>"
	var old []string
	for _, rs := range sets {
		text := fmt.Sprintf("%s (%d/%s replicas created)", rs.Name, rs.Status.Replicas, or(rs.Spec.Replicas, "%d", "1"))
		if current == "<none>" && sameTemplate(&rs.Spec.Template, template) {
			current = text
		} else {
			old = append(old, text)
		}
	}
	p.field(0, "OldReplicaSets", "%s", orNone(strings.Join(old, ", ")))
	p.field(0, "NewReplicaSet", "%s", current)
}

// sameTemplate compares all but the label that tells a deployment's replica sets apart.
func sameTemplate(a, b *corev1.PodTemplateSpec) bool {
	return bytes.Equal(templateJSON(a), templateJSON(b))
}

func templateJSON(t *corev1.PodTemplateSpec) []byte {
	t = t.DeepCopy()
	delete(t.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	data, _ := json.Marshal(t)
	return data
}
