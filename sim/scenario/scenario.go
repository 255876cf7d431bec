// Package scenario reads what a cluster is started with: nodes, container runtime, registries, first manifests and
// files.
//
// It knows no cluster: a Scenario is data, and every error names the field that is wrong.
package scenario

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"terrarium/sim/metrics"
	"terrarium/sim/registry"
)

// Scenario is a scenario.yaml with the files that it names. The zero value is the default cluster.
type Scenario struct {
	// Nodes of the cluster; where the field is absent, controlplane, node01 and node02. The empty list is a control
	// plane alone: API server and controllers, neither scheduler nor kubelets, and nothing of what kubeadm installs.
	Nodes []Node `json:"nodes,omitempty"`
	// ContainerRuntime is containerd (the default) or docker; it decides the words of a failed pull.
	ContainerRuntime string `json:"containerRuntime,omitempty"`

	// APIServer is what the API server is told otherwise than by default.
	APIServer APIServer `json:"apiServer,omitzero"`

	// Registries are laid over the built-in ones: a host that is known is changed, another is added.
	Registries []registry.Registry `json:"registries,omitempty"`

	// Metrics, where set, has a metrics server in the cluster: `kubectl top` and autoscalers have something to read.
	Metrics *Metrics `json:"metrics,omitempty"`

	// Manifests are applied when the cluster is up: names of YAML files of the scenario's folder, or YAML itself.
	Manifests []string `json:"manifests,omitempty"`
	// Files are written before the session starts, by path; a relative one is below the home directory. The value
	// is the content.
	Files map[string]string `json:"files,omitempty"`
	// Setup is a script that runs before the session starts: the name of a file of the folder, or a script itself.
	Setup string `json:"setup,omitempty"`

	// Directory is where the session starts, and what relative names of files that are written are below; the home
	// directory where it is empty. A relative one is below the home directory.
	Directory string `json:"directory,omitempty"`

	// Server is the API server's URL in the kubeconfig; https://172.30.1.2:6443 where it is empty.
	Server string `json:"server,omitempty"`

	// Start is the virtual instant at which the session starts.
	Start *time.Time `json:"start,omitempty"`
	// Seed of the cluster's chance, where whoever starts it names none.
	Seed uint64 `json:"seed,omitempty"`
}

// APIServer is the flags of the API server that can be changed; the names are the flags'.
type APIServer struct {
	// DisableAdmissionPlugins names plugins that are on by default and shall not be.
	DisableAdmissionPlugins []string `json:"disableAdmissionPlugins,omitempty"`
	// AuthorizationMode is Node and RBAC where it is empty; with AlwaysAllow among them, everybody may do everything.
	AuthorizationMode []string `json:"authorizationMode,omitempty"`
	// ServiceClusterIPRange is where cluster IPs are from, 10.96.0.0/12 where it is empty. Only a control plane alone
	// may have another: the nodes know the address of the cluster's DNS.
	ServiceClusterIPRange string `json:"serviceClusterIPRange,omitempty"`
}

// Services is the network that cluster IPs are from.
func (s *Scenario) Services() netip.Prefix {
	return netip.MustParsePrefix(cmp.Or(s.APIServer.ServiceClusterIPRange, "10.96.0.0/12")) // it has been checked
}

// Metrics is a metrics server, with what Pods use beyond what idle ones do.
type Metrics struct {
	Loads []metrics.Load `json:"loads,omitempty"`
}

// Node is one node. Everything but the name has defaults.
type Node struct {
	Name string `json:"name"`
	// Roles become the labels node-role.kubernetes.io/ROLE; control-plane also brings its taint and its Pods.
	Roles  []string          `json:"roles,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	Taints []corev1.Taint    `json:"taints,omitempty"`
	// Capacity overrides cpu (2), memory (4015872Ki), ephemeral-storage (20145724Ki) and pods (110).
	Capacity corev1.ResourceList `json:"capacity,omitempty"`
	// Architecture of the node's images; amd64 by default.
	Architecture string `json:"architecture,omitempty"`
	// Images are on the node from the beginning; every Pod may use them.
	Images []string `json:"images,omitempty"`
}

// ControlPlane reports whether the node carries the control plane.
func (n Node) ControlPlane() bool {
	return slices.Contains(n.Roles, "control-plane")
}

// Alone reports whether the scenario is a control plane without nodes.
func (s *Scenario) Alone() bool { return s.Nodes != nil && len(s.Nodes) == 0 }

// DefaultNodes are the nodes of a cluster that names none.
func DefaultNodes() []Node {
	return []Node{{Name: "controlplane", Roles: []string{"control-plane"}}, {Name: "node01"}, {Name: "node02"}}
}

// Parse reads a scenario.yaml; files are the other files of its folder, by name.
func Parse(data []byte, files map[string][]byte) (*Scenario, error) {
	s := &Scenario{}
	if err := yaml.UnmarshalStrict(data, s); err != nil {
		return nil, fmt.Errorf("scenario.yaml: %w", err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("scenario.yaml: %w", err)
	}
	for i, m := range s.Manifests {
		if !isName(m) {
			continue
		}
		text, ok := files[m]
		if !ok {
			return nil, fmt.Errorf("scenario.yaml: manifests[%d]: the folder has no %s", i, m)
		}
		s.Manifests[i] = string(text)
	}
	if isName(s.Setup) {
		text, ok := files[s.Setup]
		if !ok {
			return nil, fmt.Errorf("scenario.yaml: setup: the folder has no %s", s.Setup)
		}
		s.Setup = string(text)
	} else if s.Setup == "" {
		s.Setup = string(files["setup.sh"])
	}
	return s, nil
}

// isName tells the name of a file from its content.
func isName(s string) bool { return s != "" && !strings.ContainsAny(s, " \n:{") }

func (s *Scenario) check() error {
	switch s.ContainerRuntime {
	case "", "containerd", "docker":
	default:
		return fmt.Errorf("containerRuntime: %q is neither containerd nor docker", s.ContainerRuntime)
	}
	seen := map[string]bool{}
	control := len(s.Nodes) == 0
	for i, n := range s.Nodes {
		if msgs := validation.IsDNS1123Subdomain(n.Name); len(msgs) > 0 {
			return fmt.Errorf("nodes[%d].name: %q: %s", i, n.Name, msgs[0])
		}
		if seen[n.Name] {
			return fmt.Errorf("nodes[%d].name: there are two nodes %s", i, n.Name)
		}
		seen[n.Name] = true
		control = control || n.ControlPlane()
		for name, q := range n.Capacity {
			if q.Cmp(resource.Quantity{}) < 0 {
				return fmt.Errorf("nodes[%d].capacity.%s: it is negative", i, name)
			}
		}
	}
	if !control {
		return fmt.Errorf("nodes: one of them must have the role control-plane")
	}
	if cidr := s.APIServer.ServiceClusterIPRange; cidr != "" {
		if p, err := netip.ParsePrefix(cidr); err != nil || !p.Addr().Is4() || p != p.Masked() || p.Bits() < 12 || p.Bits() > 30 {
			return fmt.Errorf("apiServer.serviceClusterIPRange: %q is no IPv4 network of /12 to /30", cidr)
		}
		if !s.Alone() {
			return fmt.Errorf("apiServer.serviceClusterIPRange: only a control plane alone (nodes: []) may have one")
		}
	}
	for i, mode := range s.APIServer.AuthorizationMode {
		if !slices.Contains([]string{"AlwaysAllow", "Node", "RBAC"}, mode) {
			return fmt.Errorf("apiServer.authorizationMode[%d]: %q is none of AlwaysAllow, Node and RBAC", i, mode)
		}
	}
	if len(s.Nodes) > 200 {
		return fmt.Errorf("nodes: %d are more than the 200 that are simulated", len(s.Nodes))
	}
	if u, err := url.Parse(s.Server); s.Server != "" && (err != nil || u.Scheme != "https" || u.Port() == "" || u.Path != "") {
		return fmt.Errorf("server: %q is not like https://host:6443", s.Server)
	}
	for i := range s.Registries {
		if err := s.Registries[i].Check(); err != nil {
			return fmt.Errorf("registries[%d]: %w", i, err)
		}
	}
	if s.Metrics != nil {
		for i, l := range s.Metrics.Loads {
			if _, err := labels.Parse(l.Selector); err != nil || l.Selector == "" {
				return fmt.Errorf("metrics.loads[%d].selector: %q selects nothing", i, l.Selector)
			}
		}
	}
	for p := range s.Files {
		if p == "" || path.Clean(p) == "/" {
			return fmt.Errorf("files: %q is no path of a file", p)
		}
	}
	return nil
}

// World is the scenario's registries, with those that are built in.
func (s *Scenario) World() (*registry.World, error) { return registry.NewWorld(s.Registries...) }
