package kubelet

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/yaml"

	"terrarium/sim/api"
)

// The annotations of static pods and of their mirrors in the API.
const (
	hashAnnotation   = "kubernetes.io/config.hash"
	mirrorAnnotation = corev1.MirrorPodAnnotationKey
	seenAnnotation   = "kubernetes.io/config.seen"
	sourceAnnotation = "kubernetes.io/config.source"
)

// staticPod is a pod that the node runs because a file says so. The API has a mirror of it, which is made anew when
// somebody deletes it; the containers do not care.
type staticPod struct {
	manifest *corev1.Pod // as it is mirrored
	uid      types.UID
}

// startStatic runs the static pods, by file name.
func (k *Kubelet) startStatic() error {
	names := sortedKeys(k.Node.StaticPods)
	for _, name := range names {
		pod := &corev1.Pod{}
		if err := yaml.UnmarshalStrict([]byte(k.Node.StaticPods[name]), pod); err != nil {
			return fmt.Errorf("static pod %s of node %s: %w", name, k.Node.Name, err)
		}
		sum := md5.Sum([]byte(k.Node.StaticPods[name] + "\x00" + k.Node.Name + "\x00" + name))
		uid := types.UID(hex.EncodeToString(sum[:]))
		pod.Name += "-" + k.Node.Name
		if pod.Namespace == "" {
			pod.Namespace = metav1.NamespaceDefault
		}
		pod.Spec.NodeName = k.Node.Name
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute})
		if pod.Annotations == nil {
			pod.Annotations = map[string]string{}
		}
		pod.Annotations[hashAnnotation], pod.Annotations[mirrorAnnotation] = string(uid), string(uid)
		pod.Annotations[seenAnnotation] = k.Clock.Now().UTC().Format(time.RFC3339Nano)
		pod.Annotations[sourceAnnotation] = "file"
		s := &staticPod{manifest: pod, uid: uid}
		k.static[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = s
		if err := k.mirror(s); err != nil {
			return err
		}
	}
	return nil
}

// mirror makes the pod's object in the API.
func (k *Kubelet) mirror(s *staticPod) error {
	node, err := api.Get[corev1.Node](k.Client, "", k.Node.Name)
	if err != nil {
		return err
	}
	pod := s.manifest.DeepCopy()
	yes := true
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID, Controller: &yes}}
	_, err = api.Create(k.Client, pod)
	return err
}

// mirrorChanged is called for changes of mirrors on this node. What the mirror says of itself is not heeded, but that it
// has the defaults which the file leaves out.
func (k *Kubelet) mirrorChanged(kind watch.EventType, pod *corev1.Pod) {
	s := k.static[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}]
	zero := int64(0)
	switch {
	case s == nil:
		if kind != watch.Deleted {
			api.Delete[corev1.Pod](k.Client, pod.Namespace, pod.Name, &metav1.DeleteOptions{GracePeriodSeconds: &zero})
		}
	case kind == watch.Deleted:
		k.Clock.After(k.chance.Between(20*time.Millisecond, 200*time.Millisecond), func() { k.mirror(s) })
	case pod.DeletionTimestamp != nil:
		api.Delete[corev1.Pod](k.Client, pod.Namespace, pod.Name, &metav1.DeleteOptions{GracePeriodSeconds: &zero})
	case k.pods[s.uid] == nil:
		own := pod.DeepCopy()
		own.UID = s.uid
		k.pods[s.uid] = own
		k.add(own)
	case kind == watch.Added:
		k.statuses.send(s.uid, time.Millisecond)
	}
}

func isMirror(pod *corev1.Pod) bool { return pod.Annotations[mirrorAnnotation] != "" }

// ownUID is the UID by which the kubelet knows a pod of the API.
func (k *Kubelet) ownUID(pod *corev1.Pod) types.UID {
	if s := k.static[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}]; s != nil && isMirror(pod) {
		return s.uid
	}
	return pod.UID
}
