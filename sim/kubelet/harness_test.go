package kubelet

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/registry"
	"terrarium/sim/resources"
)

// cluster is an API server and one node.
type cluster struct {
	*testing.T
	clock  *clock.Clock
	client api.Client
	node   *Kubelet
}

// newCluster starts node01 with the registries of testdata/scenarios/recorded.yaml.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	data, err := os.ReadFile("../../testdata/scenarios/recorded.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var scenario struct {
		Registries []registry.Registry `json:"registries"`
	}
	if err := yaml.Unmarshal(data, &scenario); err != nil {
		t.Fatal(err)
	}
	world, err := registry.NewWorld(scenario.Registries...)
	if err != nil {
		t.Fatal(err)
	}
	c := clock.New(time.Date(2026, 11, 22, 5, 37, 0, 0, time.UTC))
	source := chance.New(1)
	server := apiserver.New(apiserver.Config{Clock: c, Chance: source, Resources: resources.All()})
	client := api.Client{Door: server, User: api.User{Name: "kubernetes-admin", Groups: []string{"system:masters"}}}
	k, err := New(Config{Clock: c, Chance: source, Client: client, World: world, Start: c.Now(), Node: Node{
		Name: "node01", Address: "172.30.2.2", PodCIDR: "10.244.1.0/24",
		Images: []string{"registry.k8s.io/pause:3.10.1", "registry.k8s.io/kube-proxy:v1.36.3"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, ns := range []string{"default", "kube-node-lease"} {
		if _, err := api.Create(client, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Start(); err != nil {
		t.Fatal(err)
	}
	c.Advance(3 * time.Second)
	return &cluster{t, c, client, k}
}

// pod makes a pod on the node from the YAML of its spec.
func (c *cluster) pod(name, spec string) *corev1.Pod {
	c.Helper()
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}}
	if err := yaml.UnmarshalStrict([]byte(spec), &p.Spec); err != nil {
		c.Fatal(err)
	}
	p.Spec.NodeName = "node01"
	p, err := api.Create(c.client, p)
	if err != nil {
		c.Fatal(err)
	}
	return p
}

func (c *cluster) secret(name, server, user, password string) {
	c.Helper()
	_, err := api.Create(c.client, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: fmt.Appendf(nil, `{"auths":{%q:{"username":%q,"password":%q}}}`, server, user, password)},
	})
	if err != nil {
		c.Fatal(err)
	}
}

func (c *cluster) get(name string) *corev1.Pod {
	c.Helper()
	p, err := api.Get[corev1.Pod](c.client, "default", name)
	if err != nil {
		c.Fatal(err)
	}
	return p
}

// line is a pod as `kubectl get pods` shows it, a little: phase, ready, state, restarts.
func (c *cluster) line(name string) string {
	p, err := api.Get[corev1.Pod](c.client, "default", name)
	if err != nil {
		return err.Error()
	}
	ready, restarts, state := 0, int32(0), string(p.Status.Phase)
	for _, s := range p.Status.ContainerStatuses {
		if s.Ready {
			ready++
		}
		restarts += s.RestartCount
		switch {
		case s.State.Waiting != nil:
			state = s.State.Waiting.Reason
		case s.State.Terminated != nil:
			state = s.State.Terminated.Reason
		}
	}
	if p.DeletionTimestamp != nil {
		state = "Terminating"
	}
	return fmt.Sprintf("%d/%d %s %d", ready, len(p.Spec.Containers), state, restarts)
}

// events are the events of a pod, as `kubectl describe` shows them: newest last.
func (c *cluster) events(name string) []string {
	c.Helper()
	list, err := api.List[corev1.Event](c.client, "default", nil)
	if err != nil {
		c.Fatal(err)
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].LastTimestamp.Time.Before(list[j].LastTimestamp.Time) })
	var out []string
	for _, e := range list {
		if e.InvolvedObject.Name != name {
			continue
		}
		age := c.clock.Since(e.LastTimestamp.Time).Truncate(time.Second).String()
		if e.Count > 1 {
			age += fmt.Sprintf(" (x%d over %s)", e.Count, c.clock.Since(e.FirstTimestamp.Time).Truncate(time.Second))
		}
		out = append(out, fmt.Sprintf("%s %s: %s", age, e.Reason, e.Message))
	}
	return out
}

func (c *cluster) show(name string) {
	c.Helper()
	c.Logf("%s: %s\n%s", name, c.line(name), strings.Join(c.events(name), "\n"))
}
