package kubectl

import (
	"reflect"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/patch"
)

// schemaFor says how the fields of a built-in kind merge; nil for other kinds, whose lists are replaced.
func schemaFor(gvk schema.GroupVersionKind) patch.Schema {
	o := newTyped(gvk)
	if o == nil {
		return nil
	}
	return patch.TypeSchema{Type: reflect.TypeOf(o).Elem()}
}

// newTyped is an empty object of a built-in kind, nil for others.
func newTyped(gvk schema.GroupVersionKind) any {
	switch gvk.GroupVersion().String() {
	case "v1":
		return newCore(gvk.Kind)
	case "apps/v1":
		return newApps(gvk.Kind)
	case "batch/v1", "autoscaling/v1", "autoscaling/v2", "policy/v1":
		return newWorkloadRule(gvk)
	case "rbac.authorization.k8s.io/v1":
		return newRBAC(gvk.Kind)
	case "networking.k8s.io/v1":
		return newNetworking(gvk.Kind)
	case "storage.k8s.io/v1":
		return newStorage(gvk.Kind)
	}
	return newOther(gvk)
}

func newCore(kind string) any {
	switch kind {
	case "ConfigMap":
		return &corev1.ConfigMap{}
	case "Endpoints":
		return &corev1.Endpoints{}
	case "Event":
		return &corev1.Event{}
	case "LimitRange":
		return &corev1.LimitRange{}
	case "Namespace":
		return &corev1.Namespace{}
	case "Node":
		return &corev1.Node{}
	case "PersistentVolume":
		return &corev1.PersistentVolume{}
	case "PersistentVolumeClaim":
		return &corev1.PersistentVolumeClaim{}
	case "Pod":
		return &corev1.Pod{}
	case "PodTemplate":
		return &corev1.PodTemplate{}
	case "ReplicationController":
		return &corev1.ReplicationController{}
	case "ResourceQuota":
		return &corev1.ResourceQuota{}
	case "Secret":
		return &corev1.Secret{}
	case "Service":
		return &corev1.Service{}
	case "ServiceAccount":
		return &corev1.ServiceAccount{}
	}
	return nil
}

func newApps(kind string) any {
	switch kind {
	case "ControllerRevision":
		return &appsv1.ControllerRevision{}
	case "DaemonSet":
		return &appsv1.DaemonSet{}
	case "Deployment":
		return &appsv1.Deployment{}
	case "ReplicaSet":
		return &appsv1.ReplicaSet{}
	case "StatefulSet":
		return &appsv1.StatefulSet{}
	}
	return nil
}

func newWorkloadRule(gvk schema.GroupVersionKind) any {
	switch gvk.Group + "/" + gvk.Kind {
	case "batch/CronJob":
		return &batchv1.CronJob{}
	case "batch/Job":
		return &batchv1.Job{}
	case "policy/PodDisruptionBudget":
		return &policyv1.PodDisruptionBudget{}
	case "autoscaling/HorizontalPodAutoscaler":
		if gvk.Version == "v1" {
			return &autoscalingv1.HorizontalPodAutoscaler{}
		}
		return &autoscalingv2.HorizontalPodAutoscaler{}
	}
	return nil
}

func newRBAC(kind string) any {
	switch kind {
	case "ClusterRole":
		return &rbacv1.ClusterRole{}
	case "ClusterRoleBinding":
		return &rbacv1.ClusterRoleBinding{}
	case "Role":
		return &rbacv1.Role{}
	case "RoleBinding":
		return &rbacv1.RoleBinding{}
	}
	return nil
}

func newNetworking(kind string) any {
	switch kind {
	case "IPAddress":
		return &networkingv1.IPAddress{}
	case "Ingress":
		return &networkingv1.Ingress{}
	case "IngressClass":
		return &networkingv1.IngressClass{}
	case "NetworkPolicy":
		return &networkingv1.NetworkPolicy{}
	case "ServiceCIDR":
		return &networkingv1.ServiceCIDR{}
	}
	return nil
}

func newStorage(kind string) any {
	switch kind {
	case "CSIDriver":
		return &storagev1.CSIDriver{}
	case "CSINode":
		return &storagev1.CSINode{}
	case "CSIStorageCapacity":
		return &storagev1.CSIStorageCapacity{}
	case "StorageClass":
		return &storagev1.StorageClass{}
	case "VolumeAttachment":
		return &storagev1.VolumeAttachment{}
	case "VolumeAttributesClass":
		return &storagev1.VolumeAttributesClass{}
	}
	return nil
}

func newOther(gvk schema.GroupVersionKind) any {
	if gvk.Version != "v1" {
		return nil
	}
	switch gvk.GroupKind().String() {
	case "CertificateSigningRequest.certificates.k8s.io":
		return &certificatesv1.CertificateSigningRequest{}
	case "DeviceClass.resource.k8s.io":
		return &resourcev1.DeviceClass{}
	case "EndpointSlice.discovery.k8s.io":
		return &discoveryv1.EndpointSlice{}
	case "Event.events.k8s.io":
		return &eventsv1.Event{}
	case "FlowSchema.flowcontrol.apiserver.k8s.io":
		return &flowcontrolv1.FlowSchema{}
	case "Lease.coordination.k8s.io":
		return &coordinationv1.Lease{}
	case "MutatingWebhookConfiguration.admissionregistration.k8s.io":
		return &admissionv1.MutatingWebhookConfiguration{}
	case "PriorityClass.scheduling.k8s.io":
		return &schedulingv1.PriorityClass{}
	case "PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io":
		return &flowcontrolv1.PriorityLevelConfiguration{}
	case "ResourceClaim.resource.k8s.io":
		return &resourcev1.ResourceClaim{}
	case "ResourceClaimTemplate.resource.k8s.io":
		return &resourcev1.ResourceClaimTemplate{}
	case "ResourceSlice.resource.k8s.io":
		return &resourcev1.ResourceSlice{}
	case "RuntimeClass.node.k8s.io":
		return &nodev1.RuntimeClass{}
	case "ValidatingAdmissionPolicy.admissionregistration.k8s.io":
		return &admissionv1.ValidatingAdmissionPolicy{}
	case "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io":
		return &admissionv1.ValidatingAdmissionPolicyBinding{}
	case "ValidatingWebhookConfiguration.admissionregistration.k8s.io":
		return &admissionv1.ValidatingWebhookConfiguration{}
	}
	return nil
}
