package admission

import (
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"terrarium/sim/api"
	"terrarium/sim/resources"
)

// TestNodeRestriction holds messages against those of the real plugin.
func TestNodeRestriction(t *testing.T) {
	kinds := map[string]*resources.Resource{}
	for _, r := range resources.All() {
		kinds[r.Name] = r
	}
	labelled := func(labels ...string) *corev1.Node {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node01", Labels: map[string]string{}}}
		for _, l := range labels {
			n.Labels[l] = "x"
		}
		return n
	}
	tainted := labelled()
	tainted.Spec.Taints = []corev1.Taint{{Key: "a", Effect: corev1.TaintEffectNoSchedule}}
	pod := func(node string, labels map[string]string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: labels}, Spec: corev1.PodSpec{NodeName: node}}
	}
	mirror := pod("node02", nil)
	mirror.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
	lone := mirror.DeepCopy()
	lone.Spec.NodeName = "node01"
	lease := func(namespace string) runtime.Object {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "node01"}}
	}
	for _, test := range []struct {
		resource, sub string
		op            Operation
		namespace     string
		object, old   runtime.Object
		want          string // of the refusal; "" is none
	}{
		{"nodes", "", Update, "", labelled("disk", "topology.kubernetes.io/zone", "node.kubernetes.io/x"), labelled(), ""},
		{"nodes", "", Update, "", labelled("node-role.kubernetes.io/x", "a.node-restriction.kubernetes.io/y"), labelled(),
			"is not allowed to modify labels: a.node-restriction.kubernetes.io/y, node-role.kubernetes.io/x"},
		{"nodes", "", Update, "", labelled(), labelled("example.k8s.io/x"), "is not allowed to modify labels: example.k8s.io/x"},
		{"nodes", "", Create, "", labelled("node-role.kubernetes.io/x"), nil, `node "node01" is not allowed to set the following labels: node-role.kubernetes.io/x`},
		{"nodes", "", Update, "", tainted, labelled(), `node "node01" is not allowed to modify taints`},
		{"nodes", "status", Update, "", labelled(), labelled(), ""},
		{"nodes", "", Update, "", &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node02"}}, labelled(), `node "node01" is not allowed to modify node "node02"`},
		{"pods", "status", Update, "d", pod("node01", nil), pod("node01", nil), ""},
		{"pods", "status", Update, "d", pod("node02", nil), pod("node02", nil), `node "node01" can only update pod status for pods with spec.nodeName set to itself`},
		{"pods", "status", Update, "d", pod("node01", map[string]string{"a": "b"}), pod("node01", nil), `node "node01" cannot update labels through pod status`},
		{"pods", "", Update, "d", pod("node01", nil), pod("node01", nil), `unexpected operation "UPDATE", node "node01" can only create and delete mirror pods`},
		{"pods", "", Create, "d", pod("node01", nil), nil, `pod does not have "kubernetes.io/config.mirror" annotation, node "node01" can only create mirror pods`},
		{"pods", "", Create, "d", mirror, nil, `node "node01" can only create pods with spec.nodeName set to itself`},
		{"pods", "", Create, "d", lone, nil, `node "node01" can only create pods with an owner reference set to itself`},
		{"pods", "binding", Create, "d", &corev1.Binding{}, nil, `unexpected pod subresource "binding", only 'status' and 'eviction' are allowed`},
		{"leases", "", Update, "kube-node-lease", lease("kube-node-lease"), lease("kube-node-lease"), ""},
		{"leases", "", Update, "d", lease("d"), lease("d"), `can only access leases in the "kube-node-lease" system namespace`},
		{"serviceaccounts", "token", Create, "d", &authenticationv1.TokenRequest{}, nil, "node requested token not bound to a pod"},
		{"configmaps", "", Create, "d", &corev1.ConfigMap{}, nil, ""},
	} {
		a := &Attributes{
			Resource: kinds[test.resource], Operation: test.op, Namespace: test.namespace, Object: test.object, Old: test.old,
			Request: &api.Request{Subresource: test.sub, User: api.User{Name: "system:node:node01", Groups: []string{"system:nodes"}}},
		}
		err := NodeRestriction{}.Admit(a)
		if got := err == nil; got != (test.want == "") || err != nil && !strings.HasSuffix(err.Error(), " is forbidden: "+test.want) {
			t.Errorf("%s %s/%s\n got %v\nwant %s", test.op, test.resource, test.sub, err, test.want)
		}
		a.Request.User = api.User{Name: "jane"}
		if err := (NodeRestriction{}).Admit(a); err != nil {
			t.Errorf("%s %s by a person: %v", test.op, test.resource, err)
		}
	}
}
