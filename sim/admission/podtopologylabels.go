package admission

import (
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// PodTopologyLabels copies the zone and the region of a node to the pods that are bound to it.
type PodTopologyLabels struct{ admits }

// Name implements Plugin.
func (PodTopologyLabels) Name() string { return "PodTopologyLabels" }

// Admit implements Plugin.
func (PodTopologyLabels) Admit(a *Attributes) error {
	if a.Operation != Create {
		return nil
	}
	var meta *metav1.ObjectMeta
	var node string
	switch o := a.Object.(type) {
	case *v1.Binding:
		if o.Target.Kind == "Node" {
			meta, node = &o.ObjectMeta, o.Target.Name
		}
	case *v1.Pod:
		if a.is("", "pods", "") {
			meta, node = &o.ObjectMeta, o.Spec.NodeName
		}
	}
	if node == "" {
		return nil
	}
	n, err := api.Get[v1.Node](a.Client, "", node)
	if errors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, key := range []string{v1.LabelTopologyZone, v1.LabelTopologyRegion} {
		if value, ok := n.Labels[key]; ok {
			metav1.SetMetaDataLabel(meta, key, value)
		}
	}
	return nil
}
