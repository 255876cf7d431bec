package kubelet

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/api"
	"terrarium/sim/reference"
	"terrarium/sim/registry"
)

// Node is the machine that a kubelet stands for. Fields that are empty get the values of the default cluster.
type Node struct {
	Name         string
	Address      string // internal IP
	PodCIDR      string
	Architecture string
	Labels       map[string]string // beside those that every node has
	Annotations  map[string]string
	Taints       []corev1.Taint
	Capacity     corev1.ResourceList
	// Images are on the node from the beginning; anybody may use them.
	Images []string
	// StaticPods are manifests that the node runs without being told by the API, by file name.
	StaticPods map[string]string
	// NetworkAfter is how long the node's pod network takes to come up; the node is not ready before.
	NetworkAfter time.Duration
}

// The releases that the node shows.
const (
	kubeletVersion    = "v1.36.3"
	containerdVersion = "containerd://2.3.7"
	dockerVersion     = "docker://29.1.3"
	kernelVersion     = "6.8.0-101-generic"
	osImage           = "Ubuntu 24.04.3 LTS"
)

// How often the node reports.
const (
	leasePeriod   = 10 * time.Second
	statusPeriod  = 10 * time.Second // if something has changed
	reportPeriod  = 5 * time.Minute  // if nothing has
	imagePeriod   = 30 * time.Second // the list of images is made anew
	leaseDuration = 40
)

func (n *Node) complete() {
	if n.Architecture == "" {
		n.Architecture = "amd64"
	}
	if n.Address == "" {
		n.Address = "172.30.1.2"
	}
	if n.PodCIDR == "" {
		n.PodCIDR = "10.244.0.0/24"
	}
	have := n.Capacity
	n.Capacity = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("4015872Ki"),
		corev1.ResourceEphemeralStorage: resource.MustParse("20145724Ki"), corev1.ResourcePods: resource.MustParse("110"),
	}
	for name, q := range have {
		n.Capacity[name] = q
	}
}

// allocatable is the capacity less what is held back before the node is full: 100Mi of memory, a tenth of the disk.
func (n *Node) allocatable() corev1.ResourceList {
	out := n.Capacity.DeepCopy()
	if q, ok := out[corev1.ResourceMemory]; ok {
		q.Sub(resource.MustParse("100Mi"))
		out[corev1.ResourceMemory] = q
	}
	if q, ok := out[corev1.ResourceEphemeralStorage]; ok {
		out[corev1.ResourceEphemeralStorage] = *resource.NewQuantity(q.Value()-q.Value()/10, resource.DecimalSI)
	}
	return out
}

// preload puts the node's first images on it.
func (k *Kubelet) preload() error {
	for _, name := range k.Node.Images {
		ref, err := reference.Parse(name)
		if err != nil {
			return fmt.Errorf("image %q of node %s: %w", name, k.Node.Name, err)
		}
		ref = ref.WithDefaultTag()
		res, err := k.World.Pull(registry.Request{Image: ref, Architecture: k.Node.Architecture, Runtime: k.Runtime})
		if err != nil {
			return fmt.Errorf("image %q of node %s: %w", name, k.Node.Name, err)
		}
		k.images.store.add(ref, res.Image)
	}
	return nil
}

// register makes the Node and its Lease, and begins to renew them.
func (k *Kubelet) register() error {
	if len(k.Node.StaticPods) == 0 { // one that must first start the API server has nobody to tell
		k.nodeEvent("Starting", "Starting kubelet.")
	}
	node := k.newNode()
	if _, err := api.Create(k.Client, node); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	k.shownImages = k.images.store.list()
	k.reportNode()
	if k.Node.NetworkAfter > 0 {
		k.Clock.After(k.Node.NetworkAfter, k.networkUp)
	}
	k.every(leasePeriod, k.chance.Between(0, leasePeriod), k.renewLease)
	k.every(statusPeriod, k.chance.Between(0, statusPeriod), k.reportNode)
	k.every(imagePeriod, k.chance.Between(0, imagePeriod), func() {
		now := k.images.store.list()
		k.newImages = k.newImages || !equality.Semantic.DeepEqual(now, k.shownImages)
		k.shownImages = now
	})
	k.renewLease()
	return nil
}

// every calls f again and again, first after the given time.
func (k *Kubelet) every(period, first time.Duration, f func()) {
	k.Clock.After(first, func() {
		if k.stopped {
			return
		}
		f()
		k.every(period, period, f)
	})
}

func (k *Kubelet) newNode() *corev1.Node {
	n := k.Node
	labels := map[string]string{
		"beta.kubernetes.io/arch": n.Architecture, "beta.kubernetes.io/os": "linux",
		corev1.LabelArchStable: n.Architecture, corev1.LabelOSStable: "linux", corev1.LabelHostname: n.Name,
	}
	for key, v := range n.Labels {
		labels[key] = v
	}
	annotations := map[string]string{"node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/controller-managed-attach-detach": "true"}
	for key, v := range n.Annotations {
		annotations[key] = v
	}
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: labels, Annotations: annotations},
		Spec:       corev1.NodeSpec{PodCIDR: n.PodCIDR, PodCIDRs: []string{n.PodCIDR}, Taints: n.Taints},
	}
	k.fillStatus(&node.Status, nil)
	return node
}

// reportNode writes the node's status where it has changed, or has not been written for long.
func (k *Kubelet) reportNode() {
	node, err := api.Get[corev1.Node](k.Client, "", k.Node.Name)
	if err != nil {
		return // nobody registers a deleted node anew, as nobody restarts the kubelet
	}
	quiet := k.Clock.Since(k.reported) < reportPeriod
	if quiet && node == k.seenNode && !k.newImages {
		return
	}
	k.seenNode, k.newImages = node, false
	if node.Spec.Unschedulable != k.unschedulable {
		k.unschedulable = node.Spec.Unschedulable
		if k.unschedulable {
			k.nodeStatusEvent("NodeNotSchedulable")
		} else {
			k.nodeStatusEvent("NodeSchedulable")
		}
	}
	changed := node.DeepCopy()
	k.fillStatus(&changed.Status, &node.Status)
	if quiet && equality.Semantic.DeepEqual(withoutHeartbeats(node.Status), withoutHeartbeats(changed.Status)) {
		return
	}
	changed.ResourceVersion = ""
	if _, err := api.UpdateStatus(k.Client, changed); err == nil {
		k.reported = k.Clock.Now()
	}
}

func withoutHeartbeats(s corev1.NodeStatus) corev1.NodeStatus {
	s.Conditions = append([]corev1.NodeCondition{}, s.Conditions...)
	for i := range s.Conditions {
		s.Conditions[i].LastHeartbeatTime = metav1.Time{}
	}
	return s
}

func (k *Kubelet) fillStatus(s, old *corev1.NodeStatus) {
	n := k.Node
	s.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: n.Address}, {Type: corev1.NodeHostName, Address: n.Name}}
	s.Capacity, s.Allocatable = n.Capacity.DeepCopy(), n.allocatable()
	s.DaemonEndpoints.KubeletEndpoint.Port = 10250
	s.DeclaredFeatures = []string{"ExtendWebSocketsToKubelet", "InPlacePodLevelResourcesVerticalScaling", "InPlacePodVerticalScalingInitContainers", "RestartAllContainersOnContainerExits"}
	yes := true
	s.Features = &corev1.NodeFeatures{SupplementalGroupsPolicy: &yes}
	s.Images = k.shownImages
	s.NodeInfo = k.systemInfo()
	s.RuntimeHandlers = nil
	for _, name := range []string{"", "runc"} {
		a, b := true, true
		s.RuntimeHandlers = append(s.RuntimeHandlers, corev1.NodeRuntimeHandler{Name: name, Features: &corev1.NodeRuntimeHandlerFeatures{RecursiveReadOnlyMounts: &a, UserNamespaces: &b}})
	}
	s.Conditions = k.nodeConditions(old)
}

func (k *Kubelet) systemInfo() corev1.NodeSystemInfo {
	id := machineID(k.Node.Name)
	info := corev1.NodeSystemInfo{
		MachineID: strings.ReplaceAll(id, "-", ""), SystemUUID: id, BootID: id, KernelVersion: kernelVersion, OSImage: osImage,
		ContainerRuntimeVersion: containerdVersion, KubeletVersion: kubeletVersion, OperatingSystem: "linux", Architecture: k.Node.Architecture,
	}
	if k.Runtime == registry.Docker {
		info.ContainerRuntimeVersion = dockerVersion
	}
	return info
}

// machineID is the same for every machine of a name, as on the recorded cluster.
func machineID(name string) string {
	sum := md5.Sum([]byte(name))
	id := hex.EncodeToString(sum[:])
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

// renewLease says that the node is alive.
func (k *Kubelet) renewLease() {
	const namespace = corev1.NamespaceNodeLease
	now := metav1.NewMicroTime(k.Clock.Now())
	lease, err := api.Get[coordinationv1.Lease](k.Client, namespace, k.Node.Name)
	if apierrors.IsNotFound(err) {
		seconds, holder := int32(leaseDuration), k.Node.Name
		lease = &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: k.Node.Name},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &now},
		}
		if node, err := api.Get[corev1.Node](k.Client, "", k.Node.Name); err == nil {
			lease.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID}}
		}
		api.Create(k.Client, lease)
		return
	}
	if err != nil {
		return
	}
	lease = lease.DeepCopy()
	lease.Spec.RenewTime = &now
	api.Update(k.Client, lease)
}
