package metrics

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"terrarium/sim/api"
	"terrarium/sim/clock"
	"terrarium/sim/resources"
)

// resolution is how often usage is measured.
const resolution = 15 * time.Second

// A Load is work that some Pods share.
type Load struct {
	// Namespace of the Pods; default where it is empty.
	Namespace string `json:"namespace,omitempty"`
	// Selector of the Pods, by label: "app=web".
	Selector string `json:"selector"`
	// CPU and Memory are what all of them use together, besides what each uses idly.
	CPU    resource.Quantity `json:"cpu,omitempty"`
	Memory resource.Quantity `json:"memory,omitempty"`
	// From and Until, where set, are the time after the start of the session at which it begins and ends.
	From  *metav1.Duration `json:"from,omitempty"`
	Until *metav1.Duration `json:"until,omitempty"`
}

// Server tells what is used.
type Server struct {
	Clock *clock.Clock
	// Client reads Pods and nodes.
	Client api.Client
	Loads  []Load
	Start  time.Time // of the session
}

// Resources are the kinds that the API server is to serve.
func (s *Server) Resources() []*resources.Resource {
	table := func(cells func(runtime.Object) (string, corev1.ResourceList, time.Duration)) func(runtime.Object, time.Time) []any {
		return func(obj runtime.Object, _ time.Time) []any {
			name, usage, window := cells(obj)
			return []any{name, usage.Cpu().String(), usage.Memory().String(), window.String()}
		}
	}
	columns := []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name", Description: metav1.ObjectMeta{}.SwaggerDoc()["name"]},
		{Name: "cpu", Type: "string", Format: "quantity"}, {Name: "memory", Type: "string", Format: "quantity"}, {Name: "Window", Type: "string", Format: "duration"},
	}
	return []*resources.Resource{
		{
			Group: Group, Version: Version, Name: "nodes", Kind: "NodeMetrics", Verbs: []string{"get", "list"},
			New: func() runtime.Object { return &NodeMetrics{} }, NewList: func() runtime.Object { return &NodeMetricsList{} },
			Live: func(string) []runtime.Object { return s.nodes() }, Columns: columns,
			Row: table(func(obj runtime.Object) (string, corev1.ResourceList, time.Duration) {
				m := obj.(*NodeMetrics)
				return m.Name, m.Usage, m.Window.Duration
			}),
		},
		{
			Group: Group, Version: Version, Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: []string{"get", "list"},
			New: func() runtime.Object { return &PodMetrics{} }, NewList: func() runtime.Object { return &PodMetricsList{} },
			Live: s.pods, Columns: columns,
			Row: table(func(obj runtime.Object) (string, corev1.ResourceList, time.Duration) {
				m := obj.(*PodMetrics)
				return m.Name, m.total(), m.Window.Duration
			}),
		},
	}
}

// total is what all containers use.
func (m *PodMetrics) total() corev1.ResourceList {
	var cpu, memory resource.Quantity
	for _, c := range m.Containers {
		cpu.Add(c.Usage[corev1.ResourceCPU])
		memory.Add(c.Usage[corev1.ResourceMemory])
	}
	return corev1.ResourceList{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory}
}

// measured is when usage was measured last.
func (s *Server) measured() time.Time { return s.Clock.Now().Truncate(resolution) }

func (s *Server) kind(name string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: Group + "/" + Version, Kind: name}
}

// pods are the metrics of a namespace's Pods, or of all where namespace is "".
func (s *Server) pods(namespace string) []runtime.Object {
	var out []runtime.Object
	for _, pod := range s.list(namespace) {
		if m := s.pod(pod); m != nil {
			out = append(out, m)
		}
	}
	return out
}

func (s *Server) list(namespace string) []*corev1.Pod {
	pods, err := api.List[corev1.Pod](s.Client, namespace, nil)
	if err != nil {
		return nil
	}
	return pods
}

// pod is nil for a Pod that does not run, or has not run through two measurements.
func (s *Server) pod(pod *corev1.Pod) *PodMetrics {
	if pod.Status.Phase != corev1.PodRunning {
		return nil
	}
	at := s.measured()
	m := &PodMetrics{
		TypeMeta:   s.kind("PodMetrics"),
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels, CreationTimestamp: metav1.NewTime(s.Clock.Now().Truncate(time.Second))},
		Timestamp:  metav1.NewTime(at), Window: metav1.Duration{Duration: resolution},
	}
	cpu, memory := s.loadOf(pod, at)
	statuses := append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...)
	for i := range statuses {
		c, status := specOf(pod, statuses[i].Name), &statuses[i]
		if c == nil || status.State.Running == nil {
			continue
		}
		if status.State.Running.StartedAt.Add(resolution).After(at) {
			return nil
		}
		u := idle(c, pod, at)
		if i == len(statuses)-len(pod.Status.ContainerStatuses) { // the load is the first container's
			u.cpu += cpu
			u.memory += memory
		}
		m.Containers = append(m.Containers, ContainerMetrics{Name: c.Name, Usage: u.limited(c).list()})
	}
	if len(m.Containers) == 0 {
		return nil
	}
	return m
}

func specOf(pod *corev1.Pod, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// loadOf is the Pod's share of the loads, in billionths of a core and in bytes.
func (s *Server) loadOf(pod *corev1.Pod, at time.Time) (cpu, memory int64) {
	for _, l := range s.Loads {
		since := at.Sub(s.Start)
		if l.From != nil && since < l.From.Duration || l.Until != nil && since >= l.Until.Duration {
			continue
		}
		selector, err := labels.Parse(l.Selector)
		if namespace := l.Namespace; err != nil || !selector.Matches(labels.Set(pod.Labels)) || pod.Namespace != namespace && (namespace != "" || pod.Namespace != metav1.NamespaceDefault) {
			continue
		}
		sharing := int64(0)
		for _, other := range s.list(pod.Namespace) {
			if selector.Matches(labels.Set(other.Labels)) && isReady(other) {
				sharing++
			}
		}
		if sharing == 0 || !isReady(pod) {
			continue
		}
		cpu += l.CPU.ScaledValue(resource.Nano) / sharing
		memory += l.Memory.Value() / sharing
	}
	return cpu, memory
}

func isReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
	}
	return false
}

// nodes are the metrics of the nodes that are ready: what their Pods use, and the system besides.
func (s *Server) nodes() []runtime.Object {
	nodes, err := api.List[corev1.Node](s.Client, "", nil)
	if err != nil {
		return nil
	}
	at := s.measured()
	used := map[string]usage{}
	for _, pod := range s.list("") {
		if m := s.pod(pod); m != nil {
			u, total := used[pod.Spec.NodeName], m.total()
			u.cpu += total.Cpu().ScaledValue(resource.Nano)
			u.memory += total.Memory().Value()
			used[pod.Spec.NodeName] = u
		}
	}
	var out []runtime.Object
	for _, n := range nodes {
		if !nodeReady(n) {
			continue
		}
		u := used[n.Name]
		u.cpu += wobble(35_000_000, n.Name+"/cpu", at)
		u.memory += wobble(420<<20, n.Name+"/memory", at)
		out = append(out, &NodeMetrics{
			TypeMeta:   s.kind("NodeMetrics"),
			ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels, CreationTimestamp: metav1.NewTime(s.Clock.Now().Truncate(time.Second))},
			Timestamp:  metav1.NewTime(at), Window: metav1.Duration{Duration: resolution}, Usage: u.list(),
		})
	}
	return out
}

func nodeReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
