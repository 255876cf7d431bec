package sim

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"time"

	"terrarium/sim/admission"
	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/auth"
	"terrarium/sim/bootstrap"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/controllers"
	"terrarium/sim/kubelet"
	"terrarium/sim/leader"
	"terrarium/sim/metrics"
	"terrarium/sim/pki"
	"terrarium/sim/registry"
	"terrarium/sim/resources"
	"terrarium/sim/scenario"
	"terrarium/sim/scheduler"
	"terrarium/sim/task"
	"terrarium/sim/vfs"
)

const (
	// home is the home directory of the learner, who is root as on the machines of lesson sites.
	home = "/root"
	// upTime is how long the cluster has been up when the session starts.
	upTime = 3 * time.Minute
	// nodesReady is how long it takes at most until every node has its network.
	nodesReady = 7 * time.Second
)

// boot makes every part and lets the cluster come up.
func (c *Cluster) boot() error {
	c.clock = clock.New(c.start.Add(-upTime))
	c.chance = chance.New(c.config.Seed)
	c.tasks = task.New(c.clock)
	random := c.chance.Fork("urandom")
	c.fs = vfs.New(c.clock.Now, func(b []byte) { copy(b, random.Bytes(len(b))) }, vfs.Limits{})
	var err error
	if c.pki, err = pki.NewAuthority(c.chance.Fork("pki").Bytes, c.clock.Now()); err != nil {
		return err
	}
	chain, err := admission.Default().Without(c.scenario.APIServer.DisableAdmissionPlugins)
	if err != nil {
		return fmt.Errorf("scenario.yaml: apiServer.disableAdmissionPlugins: %w", err)
	}
	// Our kubelets register with the roles that kubeadm would give their nodes afterwards: until then they may.
	first := slices.DeleteFunc(slices.Clone(chain), func(p admission.Plugin) bool { return p.Name() == "NodeRestriction" })
	c.server = apiserver.New(apiserver.Config{
		Clock: c.clock, Chance: c.chance, Resources: resources.All(), Admission: first, Services: c.scenario.Services(),
		Address: net.JoinHostPort(address(0), fmt.Sprint(bootstrap.Port)),
	})
	b, err := c.startServer()
	if err != nil {
		return err
	}
	if err := c.startNodes(); err != nil {
		return err
	}
	c.server.SetAdmission(chain)
	c.tasks.AdvanceTo(c.clock.Now().Add(nodesReady), nil) // so that the first pods find all nodes to choose from
	c.serveMetrics()
	if err := c.startControlPlane(b); err != nil {
		return err
	}
	c.server.SetNodes(c.kubelets)
	c.server.SetAuthorizer(c.authorizer())
	c.tasks.AdvanceTo(c.start, nil)
	if err := c.fs.MkdirAll(c.directory(), 0o755); err != nil {
		return fmt.Errorf("scenario.yaml: directory: %w", err)
	}
	c.shell = c.newShell(c.tasks, "exec", 1)
	return nil
}

// authorizer says who may do what, in the modes of the scenario.
func (c *Cluster) authorizer() auth.Authorizer {
	standard := auth.NewStandard(api.Client{Door: c.server, User: apiserver.Loopback()})
	if slices.Contains(c.scenario.APIServer.AuthorizationMode, "AlwaysAllow") {
		return auth.Any{standard, auth.AlwaysAllow{}}
	}
	return standard
}

// startServer starts the API server and gives it what every cluster has from the beginning.
func (c *Cluster) startServer() (bootstrap.Config, error) {
	b := bootstrap.Config{
		Client: api.Client{Door: c.server, User: apiserver.Loopback()}, Now: c.clock.Now(),
		ControlPlane: c.controlPlane().Name, Address: address(0), CA: string(c.pki.Cert), FrontProxyCA: string(c.pki.Cert),
		Services: c.scenario.Services(), Hex: c.chance.Fork("bootstrap").Hex,
	}
	if err := c.server.RegisterGroups(); err != nil {
		return b, fmt.Errorf("starting the API server: %w", err)
	}
	if err := bootstrap.APIServer(b); err != nil {
		return b, fmt.Errorf("starting the API server: %w", err)
	}
	made := bootstrap.Kubeadm
	if c.scenario.Alone() {
		made = bootstrap.Administrators
	}
	if err := made(b); err != nil {
		return b, fmt.Errorf("making the cluster: %w", err)
	}
	return b, nil
}

// serveMetrics has a metrics server, where the scenario wants one.
func (c *Cluster) serveMetrics() {
	if c.scenario.Metrics == nil {
		return
	}
	m := &metrics.Server{
		Clock: c.clock, Client: api.Client{Door: c.server, User: apiserver.Loopback()}, Loads: c.scenario.Metrics.Loads, Start: c.start,
	}
	for _, r := range m.Resources() {
		c.server.Serve(r)
	}
}

// startControlPlane starts the controllers, and the scheduler where there are nodes.
func (c *Cluster) startControlPlane(b bootstrap.Config) error {
	leader.Serve(leader.Config{Clock: c.clock, Chance: c.chance, Client: b.Client, Host: b.ControlPlane})
	err := controllers.Start(controllers.Config{
		Clock: c.clock, Chance: c.chance, Door: c.server, Host: b.ControlPlane, Resources: c.server.Resources, RootCA: string(c.pki.Cert), Authority: c.pki,
		NoNodeCIDRs: c.scenario.Alone(),
	})
	if err != nil {
		return fmt.Errorf("starting the controllers: %w", err)
	}
	if c.scenario.Alone() {
		return nil
	}
	scheduler.New(scheduler.Config{Clock: c.clock, Chance: c.chance, Door: c.server, Host: c.controlPlane().Name}).Start()
	return nil
}

// nodes are the scenario's, or the default ones.
func (c *Cluster) nodes() []scenario.Node {
	if c.scenario.Nodes != nil {
		return c.scenario.Nodes
	}
	return scenario.DefaultNodes()
}

func (c *Cluster) controlPlane() scenario.Node {
	for _, n := range c.nodes() {
		if n.ControlPlane() {
			return n
		}
	}
	return scenario.DefaultNodes()[0] // a control plane alone: the machine still has a name
}

// address is the internal IP of the n-th node, the control plane's being number 0.
func address(n int) string { return fmt.Sprintf("172.30.%d.2", n+1) }

// nodeImages are on every node from the beginning, controlPlaneImages on the control plane's.
var (
	nodeImages         = []string{"registry.k8s.io/pause:3.10.1", "registry.k8s.io/kube-proxy:" + bootstrap.Version, "registry.k8s.io/coredns/coredns:v1.14.2"}
	controlPlaneImages = []string{
		"registry.k8s.io/etcd:3.6.8-0", "registry.k8s.io/kube-apiserver:" + bootstrap.Version,
		"registry.k8s.io/kube-controller-manager:" + bootstrap.Version, "registry.k8s.io/kube-scheduler:" + bootstrap.Version,
	}
)

func (c *Cluster) startNodes() error {
	world, err := c.scenario.World()
	if err != nil {
		return err
	}
	c.kubelets = kubelet.Fleet{}
	for i, n := range c.nodes() {
		node := kubelet.Node{
			Name: n.Name, Address: address(i), PodCIDR: fmt.Sprintf("10.244.%d.0/24", i), Architecture: n.Architecture,
			Labels: map[string]string{}, Taints: n.Taints, Capacity: n.Capacity, Images: slices.Concat(nodeImages, n.Images),
		}
		if node.Architecture == "" {
			node.Architecture = "amd64"
		}
		if n.ControlPlane() {
			node.StaticPods = bootstrap.StaticPods(bootstrap.Config{ControlPlane: n.Name, Address: node.Address})
			node.Images = slices.Concat(controlPlaneImages, node.Images)
			marked := bootstrap.Node(n.Name, node.Architecture, true)
			maps.Copy(node.Labels, marked.Labels)
			node.Taints = append(marked.Spec.Taints, node.Taints...)
		} else {
			node.NetworkAfter = c.chance.Fork("network/"+n.Name).Between(nodesReady-2*time.Second, nodesReady)
		}
		maps.Copy(node.Labels, n.Labels)
		for _, role := range n.Roles {
			node.Labels["node-role.kubernetes.io/"+role] = ""
		}
		k, err := kubelet.New(kubelet.Config{
			Clock: c.clock, Chance: c.chance, Node: node, World: world,
			Client:  api.Client{Door: c.server, User: api.User{Name: "system:node:" + n.Name, Groups: []string{"system:nodes", "system:authenticated"}}},
			Runtime: registry.Runtime(c.scenario.ContainerRuntime), Start: c.clock.Now(), Runner: runner{c},
		})
		if err != nil {
			return fmt.Errorf("node %s: %w", n.Name, err)
		}
		if err := k.Start(); err != nil {
			return fmt.Errorf("starting node %s: %w", n.Name, err)
		}
		c.kubelets[n.Name] = k
	}
	return nil
}
