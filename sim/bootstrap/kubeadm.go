package bootstrap

import (
	"embed"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"terrarium/sim/api"
)

//go:embed manifests
var manifests embed.FS

// StaticPods are the manifests that kubeadm writes to /etc/kubernetes/manifests of the control plane's node, by file
// name.
func StaticPods(c Config) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"etcd.yaml", "kube-apiserver.yaml", "kube-controller-manager.yaml", "kube-scheduler.yaml"} {
		out[name] = c.manifest(name)
	}
	return out
}

// manifest is an embedded file with the cluster's names filled in.
func (c Config) manifest(name string) string {
	data, err := manifests.ReadFile("manifests/" + name)
	if err != nil {
		panic(err) // embedded
	}
	return strings.NewReplacer("ADDRESS", c.Address, "CONTROLPLANE", c.ControlPlane, "VERSION", Version).Replace(string(data))
}

// Kubeadm creates what kubeadm adds to a cluster whose API server is up: its config maps and policy, the service
// accounts of the controllers, CoreDNS and kube-proxy.
func Kubeadm(c Config) error {
	return run(c, []func(Config) error{
		configMaps, clusterInfo, bootstrapToken,
		func(c Config) error { return createPolicy(c.Client, kubeadmPolicy, false) },
		serviceAccounts, dnsService,
		func(c Config) error { return fromManifest[appsv1.Deployment](c, "coredns.yaml") },
		func(c Config) error { return fromManifest[appsv1.DaemonSet](c, "kube-proxy.yaml") },
	})
}

// Administrators creates the one thing of kubeadm's that a control plane alone needs: the binding of its
// administrators.
func Administrators(c Config) error {
	return put(c, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "kubeadm:cluster-admins"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "kubeadm:cluster-admins"}},
	})
}

func fromManifest[T any, P api.Object[T]](c Config, name string) error {
	if !served[T](c.Client) {
		return nil
	}
	obj := P(new(T))
	if err := yaml.UnmarshalStrict([]byte(c.manifest(name)), obj); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return put(c, obj)
}

func configMaps(c Config) error {
	for _, doc := range strings.Split(c.manifest("configmaps.yaml"), "---\n") {
		var cm v1.ConfigMap
		if err := yaml.UnmarshalStrict([]byte(doc), &cm); err != nil {
			return fmt.Errorf("configmaps.yaml: %w", err)
		}
		cm.Namespace = metav1.NamespaceSystem
		if err := put(c, &cm); err != nil {
			return err
		}
	}
	return nil
}

// tokenID is the bootstrap token's public half.
const tokenID = "abcdef"

// clusterInfo is what a node that joins can read without credentials; a controller signs it with the bootstrap token.
func clusterInfo(c Config) error {
	kubeconfig := fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: %s
  name: ""
contexts: null
current-context: ""
kind: Config
preferences: {}
users: null
`, base64.StdEncoding.EncodeToString([]byte(c.CA)), c.Endpoint())
	return put(c, &v1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "cluster-info", Namespace: metav1.NamespacePublic},
		Data:       map[string]string{"kubeconfig": kubeconfig},
	})
}

func bootstrapToken(c Config) error {
	return put(c, &v1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "bootstrap-token-" + tokenID, Namespace: metav1.NamespaceSystem},
		Type:       v1.SecretTypeBootstrapToken,
		Data: map[string][]byte{
			"auth-extra-groups":              []byte("system:bootstrappers:kubeadm:default-node-token"),
			"expiration":                     []byte(c.Now.UTC().Add(24 * time.Hour).Format(time.RFC3339)),
			"token-id":                       []byte(tokenID),
			"token-secret":                   []byte("0123456789abcdef"),
			"usage-bootstrap-authentication": []byte("true"),
			"usage-bootstrap-signing":        []byte("true"),
		},
	})
}

// serviceAccounts are those of the add-ons and, one each, of the controllers.
func serviceAccounts(c Config) error {
	for _, name := range strings.Fields(`coredns kube-proxy
		attachdetach-controller bootstrap-signer certificate-controller clusterrole-aggregation-controller cronjob-controller
		daemon-set-controller deployment-controller device-taint-eviction-controller disruption-controller endpoint-controller
		endpointslice-controller endpointslicemirroring-controller ephemeral-volume-controller expand-controller
		generic-garbage-collector horizontal-pod-autoscaler job-controller legacy-service-account-token-cleaner
		namespace-controller node-controller persistent-volume-binder pod-garbage-collector pv-protection-controller
		pvc-protection-controller replicaset-controller replication-controller resource-claim-controller
		resourcequota-controller root-ca-cert-publisher service-account-controller service-cidrs-controller
		statefulset-controller token-cleaner ttl-after-finished-controller ttl-controller
		validatingadmissionpolicy-status-controller volumeattributesclass-protection-controller`) {
		if err := put(c, &v1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceSystem}}); err != nil {
			return err
		}
	}
	return nil
}

func dnsService(c Config) error {
	port := func(name string, number int32, protocol v1.Protocol) v1.ServicePort {
		return v1.ServicePort{Name: name, Port: number, Protocol: protocol, TargetPort: intstr.FromInt32(number)}
	}
	return put(c, &v1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: "kube-dns", Namespace: metav1.NamespaceSystem,
			Labels:      map[string]string{"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"},
			Annotations: map[string]string{"prometheus.io/port": "9153", "prometheus.io/scrape": "true"},
		},
		Spec: v1.ServiceSpec{
			ClusterIP: DNSServiceIP, IPFamilies: []v1.IPFamily{v1.IPv4Protocol}, IPFamilyPolicy: singleStack(),
			Ports:    []v1.ServicePort{port("dns", 53, v1.ProtocolUDP), port("dns-tcp", 53, v1.ProtocolTCP), port("metrics", 9153, v1.ProtocolTCP)},
			Selector: map[string]string{"k8s-app": "kube-dns"},
		},
	})
}
