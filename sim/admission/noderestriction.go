package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/api"
)

// NodeRestriction keeps a kubelet to its own Node, Lease and Pods. kubeadm switches it on.
type NodeRestriction struct{ admits }

// Name implements Plugin.
func (NodeRestriction) Name() string { return "NodeRestriction" }

// Admit implements Plugin.
func (NodeRestriction) Admit(a *Attributes) error {
	if a.Request == nil || !slices.Contains(a.Request.User.Groups, "system:nodes") {
		return nil
	}
	node, ok := strings.CutPrefix(a.Request.User.Name, "system:node:")
	if !ok {
		return nil
	}
	var err error
	switch gr := a.Resource.GroupResource(); gr.Group + "/" + gr.Resource {
	case "/pods":
		err = restrictPod(a, node)
	case "/nodes":
		err = restrictNode(a, node)
	case "/serviceaccounts":
		err = restrictToken(a, node)
	case "/persistentvolumeclaims":
		if a.subresource() != "status" {
			err = fmt.Errorf("may only update PVC status")
		}
	case "coordination.k8s.io/leases":
		switch {
		case a.Namespace != corev1.NamespaceNodeLease:
			err = fmt.Errorf("can only access leases in the %q system namespace", corev1.NamespaceNodeLease)
		case nameOf(a) != node:
			err = fmt.Errorf("can only access node lease with the same name as the requesting node")
		}
	case "storage.k8s.io/csinodes":
		if nameOf(a) != node {
			err = fmt.Errorf("can only access CSINode with the same name as the requesting node")
		}
	}
	if err == nil || apierrors.IsNotFound(err) {
		return err
	}
	return forbidden(a, err)
}

// nameOf is the name that a write is about, also where only the object says it.
func nameOf(a *Attributes) string {
	if m, ok := a.Object.(interface{ GetName() string }); ok && a.Name == "" {
		return m.GetName()
	}
	return a.Name
}

func restrictPod(a *Attributes, node string) error {
	switch sub := a.subresource(); {
	case sub == "status" && a.Operation == Update:
		old, ok := a.Old.(*corev1.Pod)
		pod, is := a.Object.(*corev1.Pod)
		switch {
		case !ok || !is:
		case old.Spec.NodeName != node:
			return fmt.Errorf("node %q can only update pod status for pods with spec.nodeName set to itself", node)
		case !maps.Equal(old.Labels, pod.Labels):
			return fmt.Errorf("node %q cannot update labels through pod status", node)
		}
		return nil
	case sub == "eviction" && a.Operation == Create:
		return ownPod(a, node, fmt.Errorf("node %s can only evict pods with spec.nodeName set to itself", node))
	case sub != "" && sub != "status" && sub != "eviction":
		return fmt.Errorf("unexpected pod subresource %q, only 'status' and 'eviction' are allowed", sub)
	case sub != "":
		return fmt.Errorf("unexpected operation %q", a.Operation)
	}
	switch a.Operation {
	case Create:
		if pod, ok := a.Object.(*corev1.Pod); ok {
			return restrictMirror(a, pod, node)
		}
		return nil
	case Delete:
		return ownPod(a, node, fmt.Errorf("node %q can only delete pods with spec.nodeName set to itself", node))
	}
	return fmt.Errorf("unexpected operation %q, node %q can only create and delete mirror pods", a.Operation, node)
}

// ownPod gives refusal for a Pod of another node.
func ownPod(a *Attributes, node string, refusal error) error {
	pod, err := api.Get[corev1.Pod](a.Client, a.Namespace, nameOf(a))
	if err != nil {
		return err
	}
	if pod.Spec.NodeName != node {
		return refusal
	}
	return nil
}

// restrictMirror refuses all Pods but mirrors of the node's own static ones.
func restrictMirror(a *Attributes, pod *corev1.Pod, node string) error {
	if _, ok := pod.Annotations[corev1.MirrorPodAnnotationKey]; !ok {
		return fmt.Errorf("pod does not have %q annotation, node %q can only create mirror pods", corev1.MirrorPodAnnotationKey, node)
	}
	if pod.Spec.NodeName != node {
		return fmt.Errorf("node %q can only create pods with spec.nodeName set to itself", node)
	}
	if len(pod.OwnerReferences) > 1 {
		return fmt.Errorf("node %q can only create pods with a single owner reference set to itself", node)
	}
	if len(pod.OwnerReferences) == 0 || pod.OwnerReferences[0].APIVersion != "v1" || pod.OwnerReferences[0].Kind != "Node" || pod.OwnerReferences[0].Name != node {
		return fmt.Errorf("node %q can only create pods with an owner reference set to itself", node)
	}
	owner := pod.OwnerReferences[0]
	if owner.Controller == nil || !*owner.Controller {
		return fmt.Errorf("node %q can only create pods with a controller owner reference set to itself", node)
	}
	if owner.BlockOwnerDeletion != nil && *owner.BlockOwnerDeletion {
		return fmt.Errorf("node %q must not set blockOwnerDeletion on an owner reference", node)
	}
	n, err := api.Get[corev1.Node](a.Client, "", node)
	if err != nil {
		return err
	}
	if owner.UID != n.UID {
		return fmt.Errorf("node %s UID mismatch: expected %s got %s", node, owner.UID, n.UID)
	}
	return nil
}

func restrictNode(a *Attributes, node string) error {
	if name := nameOf(a); name != node {
		return fmt.Errorf("node %q is not allowed to modify node %q", node, name)
	}
	n, ok := a.Object.(*corev1.Node)
	if !ok {
		return nil
	}
	old, updates := a.Old.(*corev1.Node)
	if !updates {
		if labels := refusedLabels(n.Labels, nil); labels != "" {
			return fmt.Errorf("node %q is not allowed to set the following labels: %s", node, labels)
		}
		return nil
	}
	if !equality.Semantic.DeepEqual(n.Spec.Taints, old.Spec.Taints) {
		return fmt.Errorf("node %q is not allowed to modify taints", node)
	}
	if !equality.Semantic.DeepEqual(n.OwnerReferences, old.OwnerReferences) {
		return fmt.Errorf("node %q is not allowed to modify ownerReferences", node)
	}
	if labels := refusedLabels(n.Labels, old.Labels); labels != "" {
		return fmt.Errorf("is not allowed to modify labels: %s", labels)
	}
	return nil
}

// kubeletLabels are those of Kubernetes' own labels that a kubelet may set on its Node.
var kubeletLabels = []string{
	corev1.LabelHostname, corev1.LabelTopologyZone, corev1.LabelTopologyRegion, corev1.LabelFailureDomainBetaZone,
	corev1.LabelFailureDomainBetaRegion, corev1.LabelInstanceType, corev1.LabelInstanceTypeStable, corev1.LabelOSStable,
	corev1.LabelArchStable, "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
}

// refusedLabels are the labels, joined, that differ and that a kubelet may not change.
func refusedLabels(labels, old map[string]string) string {
	changed := map[string]bool{}
	for _, pair := range [][2]map[string]string{{labels, old}, {old, labels}} {
		for key, value := range pair[0] {
			if other, ok := pair[1][key]; !ok || other != value {
				changed[key] = true
			}
		}
	}
	var out []string
	for key := range changed {
		prefix, _, ok := strings.Cut(key, "/")
		if !ok {
			continue
		}
		within := func(domain string) bool { return prefix == domain || strings.HasSuffix(prefix, "."+domain) }
		own := slices.Contains(kubeletLabels, key) || within(corev1.LabelNamespaceSuffixKubelet) || within(corev1.LabelNamespaceSuffixNode)
		if within(corev1.LabelNamespaceNodeRestriction) || (within("kubernetes.io") || within("k8s.io")) && !own {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// restrictToken lets a kubelet ask for tokens of its own Pods only.
func restrictToken(a *Attributes, node string) error {
	request, ok := a.Object.(*authenticationv1.TokenRequest)
	if !ok || a.Operation != Create {
		return nil
	}
	ref := request.Spec.BoundObjectRef
	if ref == nil || ref.APIVersion != "v1" || ref.Kind != "Pod" || ref.Name == "" {
		return fmt.Errorf("node requested token not bound to a pod")
	}
	if ref.UID == "" {
		return fmt.Errorf("node requested token with a pod binding without a uid")
	}
	pod, err := api.Get[corev1.Pod](a.Client, a.Namespace, ref.Name)
	if err != nil {
		return err
	}
	if ref.UID != pod.UID {
		return fmt.Errorf("the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", ref.UID)
	}
	if pod.Spec.NodeName != node {
		return fmt.Errorf("node requested token bound to a pod scheduled on a different node")
	}
	return nil
}
