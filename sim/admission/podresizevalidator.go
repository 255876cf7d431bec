package admission

import (
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
	"terrarium/sim/requests"
)

// PodResizeValidator refuses to make a pod larger than its node could ever hold.
type PodResizeValidator struct{ validates }

// Name implements Plugin.
func (PodResizeValidator) Name() string { return "PodResizeValidator" }

// Validate implements Plugin.
func (PodResizeValidator) Validate(a *Attributes) error {
	pod, ok := a.Object.(*v1.Pod)
	if !ok || a.Operation != Update || !a.is("", "pods", "resize") || pod.Spec.NodeName == "" {
		return nil
	}
	if old, ok := a.Old.(*v1.Pod); ok && old.Generation == pod.Generation {
		return nil // nothing was changed
	}
	node, err := api.Get[v1.Node](a.Client, "", pod.Spec.NodeName)
	if errors.IsNotFound(err) {
		return forbidden(a, fmt.Errorf("node %q not found", pod.Spec.NodeName))
	}
	if err != nil {
		return forbidden(a, fmt.Errorf("failed to get node %q: %w", pod.Spec.NodeName, err))
	}
	if os := node.Labels[v1.LabelOSStable]; os != "" && os != "linux" {
		return refuseResize(a, "UnsupportedPlatform", fmt.Errorf("pod resize is only supported on linux nodes, node %q is %q", node.Name, os))
	}
	asked := *pod
	asked.Status = v1.PodStatus{} // what it has got so far does not matter
	want, have := requests.Pod(&asked, nil), node.Status.Allocatable
	var lacks []string
	if w := want[v1.ResourceCPU]; w.Cmp(*have.Cpu()) > 0 {
		lacks = append(lacks, fmt.Sprintf("cpu, requested: %d, allocatable: %d", w.MilliValue(), have.Cpu().MilliValue()))
	}
	if w := want[v1.ResourceMemory]; w.Cmp(*have.Memory()) > 0 {
		lacks = append(lacks, fmt.Sprintf("memory, requested: %d, allocatable: %d", w.Value(), have.Memory().Value()))
	}
	if len(lacks) > 0 {
		return refuseResize(a, "NodeCapacity", fmt.Errorf("node didn't have enough allocatable resources: %s", strings.Join(lacks, "; ")))
	}
	return nil
}

func refuseResize(a *Attributes, cause metav1.CauseType, reason error) error {
	status := forbidden(a, reason)
	status.ErrStatus.Details.Causes = append(status.ErrStatus.Details.Causes, metav1.StatusCause{Type: cause})
	return status
}
