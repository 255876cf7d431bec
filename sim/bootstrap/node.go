package bootstrap

import (
	"reflect"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
)

// served says whether the API server stores the kind.
func served[T any](client api.Client) bool {
	_, err := client.Door.ResourceFor(reflect.TypeFor[T]())
	return err == nil
}

// Node is the object as which a kubelet registers: its name, labels and taints, and no status. A control plane's node
// also has what kubeadm marks it with. arch is amd64 where it is empty.
func Node(name, arch string, controlPlane bool) *v1.Node {
	if arch == "" {
		arch = "amd64"
	}
	n := &v1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: name,
		Labels: map[string]string{
			"beta.kubernetes.io/arch": arch,
			"beta.kubernetes.io/os":   "linux",
			v1.LabelArchStable:        arch,
			v1.LabelOSStable:          "linux",
			v1.LabelHostname:          name,
		},
		Annotations: map[string]string{"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
	}}
	if controlPlane {
		n.Labels["node-role.kubernetes.io/control-plane"] = ""
		n.Labels[v1.LabelNodeExcludeBalancers] = ""
		n.Spec.Taints = []v1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: v1.TaintEffectNoSchedule}}
	}
	return n
}
