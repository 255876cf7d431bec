// Package bootstrap says what a cluster contains that kubeadm has just made: what the API server creates when it
// starts, what kubeadm adds, and the manifests of the control plane's own pods.
//
// It knows no time and starts nothing: controllers, scheduler and kubelets then make of these objects what they make
// of any.
package bootstrap

import (
	"fmt"
	"net/netip"
	"time"

	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"terrarium/sim/api"
)

// Addresses of every kubeadm cluster.
const (
	ServiceSubnet = "10.96.0.0/12"
	PodSubnet     = "10.244.0.0/16"
	DNSServiceIP  = "10.96.0.10"
	Port          = 6443

	// Version of Kubernetes.
	Version = "v1.36.3"
)

// Config is what kubeadm was told.
type Config struct {
	Client       api.Client // may do everything
	Now          time.Time
	ControlPlane string       // name of the control plane's node
	Address      string       // its IP
	CA           string       // the cluster's certificate authority, PEM
	FrontProxyCA string       // of the aggregation layer, PEM
	Services     netip.Prefix // the service network; the zero value is ServiceSubnet
	Hex          func(n int) string
}

// Endpoint is the URL of the API server.
func (c Config) Endpoint() string { return fmt.Sprintf("https://%s:%d", c.Address, Port) }

// ServiceIP is the address of the API server's own service, the first of the service network.
func (c Config) ServiceIP() string { return c.services().Addr().Next().String() }

func (c Config) services() netip.Prefix {
	if c.Services.IsValid() {
		return c.Services
	}
	return netip.MustParsePrefix(ServiceSubnet)
}

// APIServer creates what the API server creates when it starts.
func APIServer(c Config) error {
	steps := []func(Config) error{
		namespaces, priorityClasses, flowControl, componentStatuses, serviceCIDR, kubernetesService, apiServerConfigMaps,
		func(c Config) error { return createPolicy(c.Client, defaultPolicy, true) },
	}
	return run(c, steps)
}

func run(c Config, steps []func(Config) error) error {
	for _, step := range steps {
		if err := step(c); err != nil {
			return err
		}
	}
	return nil
}

// put creates the object; one that exists already stays.
func put[T any, P api.Object[T]](c Config, obj P) error {
	if _, err := api.Create(c.Client, obj); err != nil && !errors.IsAlreadyExists(err) {
		return fmt.Errorf("create %T %s: %w", obj, obj.GetName(), err)
	}
	return nil
}

func namespaces(c Config) error {
	for _, name := range []string{metav1.NamespaceSystem, metav1.NamespacePublic, "kube-node-lease", metav1.NamespaceDefault} {
		if err := put(c, &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			return err
		}
	}
	return nil
}

func priorityClasses(c Config) error {
	for _, class := range []schedulingv1.PriorityClass{
		{ObjectMeta: metav1.ObjectMeta{Name: "system-node-critical"}, Value: 2000001000,
			Description: "Used for system critical pods that must not be moved from their current node."},
		{ObjectMeta: metav1.ObjectMeta{Name: "system-cluster-critical"}, Value: 2000000000,
			Description: "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."},
	} {
		if err := put(c, &class); err != nil {
			return err
		}
	}
	return nil
}

func serviceCIDR(c Config) error {
	if !served[networkingv1.ServiceCIDR](c.Client) {
		return nil
	}
	return put(c, &networkingv1.ServiceCIDR{
		ObjectMeta: metav1.ObjectMeta{Name: "kubernetes"},
		Spec:       networkingv1.ServiceCIDRSpec{CIDRs: []string{c.services().String()}},
	})
}

func singleStack() *v1.IPFamilyPolicy {
	policy := v1.IPFamilyPolicySingleStack
	return &policy
}

// kubernetesService creates the service of the API server; its endpoints are the server's own matter, too.
func kubernetesService(c Config) error {
	port := int32(Port)
	https, tcp, ready := "https", v1.ProtocolTCP, true
	if err := put(c, &v1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: "kubernetes", Namespace: "default",
			Labels: map[string]string{"provider": "kubernetes", "component": "apiserver"},
		},
		Spec: v1.ServiceSpec{
			Type: v1.ServiceTypeClusterIP, ClusterIP: c.ServiceIP(), SessionAffinity: v1.ServiceAffinityNone,
			IPFamilies: []v1.IPFamily{v1.IPv4Protocol}, IPFamilyPolicy: singleStack(),
			Ports: []v1.ServicePort{{Name: https, Protocol: tcp, Port: 443, TargetPort: intstr.FromInt32(port)}},
		},
	}); err != nil {
		return err
	}
	if err := put(c, &v1.Endpoints{
		ObjectMeta: metav1.ObjectMeta{
			Name: "kubernetes", Namespace: "default",
			Labels: map[string]string{discoveryv1.LabelSkipMirror: "true"},
		},
		Subsets: []v1.EndpointSubset{{
			Addresses: []v1.EndpointAddress{{IP: c.Address}},
			Ports:     []v1.EndpointPort{{Name: https, Port: port, Protocol: tcp}},
		}},
	}); err != nil {
		return err
	}
	return put(c, &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name: "kubernetes", Namespace: "default",
			Labels: map[string]string{discoveryv1.LabelServiceName: "kubernetes"},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{c.Address}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
		Ports:       []discoveryv1.EndpointPort{{Name: &https, Port: &port, Protocol: &tcp}},
	})
}

func apiServerConfigMaps(c Config) error {
	if err := put(c, &v1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "extension-apiserver-authentication", Namespace: metav1.NamespaceSystem},
		Data: map[string]string{
			"client-ca-file":                     c.CA,
			"requestheader-allowed-names":        `["front-proxy-client"]`,
			"requestheader-client-ca-file":       c.FrontProxyCA,
			"requestheader-extra-headers-prefix": `["X-Remote-Extra-"]`,
			"requestheader-group-headers":        `["X-Remote-Group"]`,
			"requestheader-username-headers":     `["X-Remote-User"]`,
		},
	}); err != nil {
		return err
	}
	return put(c, &v1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "kube-apiserver-legacy-service-account-token-tracking", Namespace: metav1.NamespaceSystem},
		Data:       map[string]string{"since": c.Now.UTC().Format(time.DateOnly)},
	})
}
