package sim

import (
	"context"
	"io"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/kubelet"
)

// nodes answers what the API server asks the kubelets: the one of the Pod's node does.
type nodes struct{ c *Cluster }

func (n nodes) of(pod *corev1.Pod) (*kubelet.Kubelet, error) {
	for _, k := range n.c.kubelets {
		if k.Node.Name == pod.Spec.NodeName {
			return k, nil
		}
	}
	return nil, apierrors.NewNotFound(corev1.Resource("nodes"), pod.Spec.NodeName)
}

// Logs implements apiserver.Nodes.
func (n nodes) Logs(ctx context.Context, pod *corev1.Pod, options *corev1.PodLogOptions) (io.ReadCloser, error) {
	k, err := n.of(pod)
	if err != nil {
		return nil, err
	}
	return k.Logs(ctx, pod, options)
}

// Exec implements apiserver.Nodes.
func (n nodes) Exec(ctx context.Context, pod *corev1.Pod, options *corev1.PodExecOptions, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	k, err := n.of(pod)
	if err != nil {
		return 0, err
	}
	return k.Exec(ctx, pod, options, stdin, stdout, stderr)
}

// Attach implements apiserver.Nodes.
func (n nodes) Attach(ctx context.Context, pod *corev1.Pod, options *corev1.PodAttachOptions, stdin io.Reader, stdout, stderr io.Writer) error {
	k, err := n.of(pod)
	if err != nil {
		return err
	}
	return k.Attach(ctx, pod, options, stdin, stdout, stderr)
}
