package admission_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/admission"
	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/resources"
)

func TestPodResizeValidator(t *testing.T) {
	server := apiserver.New(apiserver.Config{Clock: clock.New(time.Unix(0, 0)), Chance: chance.New(1), Resources: resources.All()})
	client := api.Client{Door: server, User: apiserver.Loopback()}
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: "small"}}
	node.Status.Allocatable = v1.ResourceList{v1.ResourceCPU: resource.MustParse("2"), v1.ResourceMemory: resource.MustParse("1Ki")}
	if _, err := api.Create(client, node); err != nil {
		t.Fatal(err)
	}
	pods := server.Resources()
	var of *resources.Resource
	for _, r := range pods {
		if r.GroupResource().String() == "pods" {
			of = r
		}
	}
	for _, test := range []struct {
		node, subresource, cpu, memory string
		same                           bool
		want                           string
	}{
		{node: "small", subresource: "resize", cpu: "2", memory: "1Ki"},
		{node: "small", subresource: "resize", cpu: "100", memory: "1", want: `pods "p" is forbidden: node didn't have enough allocatable resources: cpu, requested: 100000, allocatable: 2000`},
		{node: "small", subresource: "resize", cpu: "2001m", memory: "1025", want: `pods "p" is forbidden: node didn't have enough allocatable resources: cpu, requested: 2001, allocatable: 2000; memory, requested: 1025, allocatable: 1024`},
		{node: "small", subresource: "resize", cpu: "100", memory: "1", same: true},
		{node: "small", subresource: "status", cpu: "100", memory: "1"},
		{node: "", subresource: "resize", cpu: "100", memory: "1"},
		{node: "gone", subresource: "resize", cpu: "1", memory: "1", want: `pods "p" is forbidden: node "gone" not found`},
	} {
		old := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Generation: 1}}
		old.Spec.NodeName = test.node
		pod := old.DeepCopy()
		if !test.same {
			pod.Generation++
		}
		pod.Spec.Containers = []v1.Container{{Name: "c", Resources: v1.ResourceRequirements{Requests: v1.ResourceList{
			v1.ResourceCPU: resource.MustParse(test.cpu), v1.ResourceMemory: resource.MustParse(test.memory),
		}}}}
		err := admission.PodResizeValidator{}.Validate(&admission.Attributes{
			Request: &api.Request{Subresource: test.subresource}, Resource: of, Operation: admission.Update, Name: "p", Object: pod, Old: old, Client: client,
		})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", test, got, test.want)
		}
	}
}
