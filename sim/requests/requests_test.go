package requests

import (
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

func TestPod(t *testing.T) {
	for name, test := range map[string]struct {
		spec        string
		cpu, memory string
	}{
		"containers add up": {`
containers: [{resources: {requests: {cpu: 100m, memory: 1Gi}}}, {resources: {requests: {cpu: "1"}}}]`, "1100m", "1Gi"},
		"the largest init container counts": {`
initContainers: [{resources: {requests: {cpu: "2"}}}, {resources: {requests: {memory: 2Gi}}}]
containers: [{resources: {requests: {cpu: 100m, memory: 1Gi}}}]`, "2", "2Gi"},
		"a sidecar runs beside what follows it": {`
initContainers: [{restartPolicy: Always, resources: {requests: {cpu: "1"}}}, {resources: {requests: {cpu: "2"}}}]
containers: [{resources: {requests: {cpu: 500m}}}]`, "3", "0"},
		"the pod's own requests win": {`
resources: {requests: {cpu: "4"}}
containers: [{resources: {requests: {cpu: 500m, memory: 1Gi}}}]`, "4", "1Gi"},
		"overhead comes on top": {`
overhead: {cpu: 250m}
containers: [{resources: {requests: {cpu: 500m}}}]`, "750m", "0"},
	} {
		var pod v1.Pod
		if err := yaml.UnmarshalStrict([]byte(test.spec), &pod.Spec); err != nil {
			t.Fatal(name, err)
		}
		got := Pod(&pod, nil)
		check := func(is resource.Quantity, want string) {
			if is.Cmp(resource.MustParse(want)) != 0 {
				t.Errorf("%s: %v, want %s", name, is.String(), want)
			}
		}
		check(got[v1.ResourceCPU], test.cpu)
		check(got[v1.ResourceMemory], test.memory)
	}
}

func TestResize(t *testing.T) {
	one, two := v1.ResourceList{v1.ResourceCPU: resource.MustParse("1")}, v1.ResourceList{v1.ResourceCPU: resource.MustParse("2")}
	pod := &v1.Pod{
		Spec: v1.PodSpec{Containers: []v1.Container{{Name: "a", Resources: v1.ResourceRequirements{Requests: two}}}},
		Status: v1.PodStatus{ContainerStatuses: []v1.ContainerStatus{{
			Name: "a", Resources: &v1.ResourceRequirements{Requests: one}, AllocatedResources: one,
		}}},
	}
	if got := Pod(pod, nil)[v1.ResourceCPU]; got.Value() != 2 {
		t.Errorf("%v, want the 2 asked for", got.String())
	}
	pod.Status.Conditions = []v1.PodCondition{{Type: v1.PodResizePending, Reason: v1.PodReasonInfeasible}}
	if got := Pod(pod, nil)[v1.ResourceCPU]; got.Value() != 1 {
		t.Errorf("%v, want the 1 that it has", got.String())
	}
}
