// Package describe tells in words what an object is, with what belongs to it and its events, as `kubectl describe` does.
// It asks for objects through a Getter and knows neither HTTP nor command lines.
package describe

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Getter reads objects. Errors are the server's Status errors; v is a pointer to a typed object or list, or to a
// map[string]any.
type Getter interface {
	Get(ctx context.Context, r schema.GroupVersionResource, namespace, name string, v any) error
	// List reads all chunks of a list. An empty namespace means all.
	List(ctx context.Context, r schema.GroupVersionResource, namespace string, s Selectors, v any) error
}

// Selectors narrow a list; an empty one does not.
type Selectors struct{ Labels, Fields string }

// Settings are what the flags of `kubectl describe` say.
type Settings struct {
	ShowEvents bool
	Now        time.Time
}

// Mapping is a kind and where its objects are served.
type Mapping struct {
	Kind     schema.GroupVersionKind
	Resource schema.GroupVersionResource
}

// Describe tells about one object. Errors are as the Getter gave them.
func Describe(ctx context.Context, g Getter, m Mapping, namespace, name string, s Settings) (string, error) {
	c := &call{ctx: ctx, getter: g, mapping: m, namespace: namespace, name: name, settings: s}
	p := newPage(s.Now)
	if err := describerOf(m.Kind.GroupKind())(c, p); err != nil {
		return "", err
	}
	return p.String(), nil
}

// A describer writes one object onto the page.
type describer func(*call, *page) error

// describerOf is the describer of a kind: upstream's own, or the one for kinds that it does not know.
func describerOf(k schema.GroupKind) describer {
	switch k.String() {
	case "Pod":
		return pod
	case "ReplicationController":
		return replicationController
	case "Secret":
		return secret
	case "Service":
		return service
	case "ServiceAccount":
		return serviceAccount
	case "Node":
		return node
	case "LimitRange":
		return limitRange
	case "ResourceQuota":
		return resourceQuota
	case "PersistentVolume":
		return persistentVolume
	case "PersistentVolumeClaim":
		return persistentVolumeClaim
	case "Namespace":
		return namespace
	case "Endpoints":
		return endpoints
	case "ConfigMap":
		return configMap
	case "PriorityClass", "PriorityClass.scheduling.k8s.io":
		return priorityClass
	case "EndpointSlice.discovery.k8s.io":
		return endpointSlice
	case "HorizontalPodAutoscaler.autoscaling":
		return horizontalPodAutoscaler
	case "Ingress.networking.k8s.io":
		return ingress
	case "IngressClass.networking.k8s.io":
		return ingressClass
	case "ServiceCIDR.networking.k8s.io":
		return serviceCIDR
	case "IPAddress.networking.k8s.io":
		return ipAddress
	case "NetworkPolicy.networking.k8s.io":
		return networkPolicy
	case "Job.batch":
		return job
	case "CronJob.batch":
		return cronJob
	case "StatefulSet.apps":
		return statefulSet
	case "Deployment.apps":
		return deployment
	case "DaemonSet.apps":
		return daemonSet
	case "ReplicaSet.apps":
		return replicaSet
	case "CertificateSigningRequest.certificates.k8s.io":
		return certificateSigningRequest
	case "StorageClass.storage.k8s.io":
		return storageClass
	case "CSINode.storage.k8s.io":
		return csiNode
	case "VolumeAttributesClass.storage.k8s.io":
		return volumeAttributesClass
	case "PodDisruptionBudget.policy":
		return podDisruptionBudget
	case "Role.rbac.authorization.k8s.io", "ClusterRole.rbac.authorization.k8s.io":
		return role
	case "RoleBinding.rbac.authorization.k8s.io", "ClusterRoleBinding.rbac.authorization.k8s.io":
		return roleBinding
	}
	return generic
}

// A call is one object to be described and the way to what belongs to it.
type call struct {
	ctx             context.Context
	getter          Getter
	mapping         Mapping
	namespace, name string
	settings        Settings
}

// get reads the object of the call as the given resource.
func (c *call) get(r schema.GroupVersionResource, v any) error {
	return c.getter.Get(c.ctx, r, c.namespace, c.name, v)
}

func resource(group, version, name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: name}
}

func core(name string) schema.GroupVersionResource { return resource("", "v1", name) }
