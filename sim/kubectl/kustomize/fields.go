package kustomize

import "strings"

// field is a place in objects of a kind: where labels, annotations, names and replicas stand.
type field struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
	Path    string `json:"path"`
	Create  bool   `json:"create"`
}

// The fields that transformers change, one a line: kinds (with their group where it matters), and a path that goes
// through lists; + makes what is missing on the way.
const (
	templateMetadata = `* +metadata/
ReplicationController,Deployment,ReplicaSet,DaemonSet,StatefulSet.apps,Job.batch +spec/template/metadata/
CronJob.batch +spec/jobTemplate/metadata/
CronJob.batch +spec/jobTemplate/spec/template/metadata/`

	claimLabels = `
StatefulSet.apps +spec/volumeClaimTemplates/metadata/labels`

	selectors = `
Service,ReplicationController +spec/selector
Deployment,ReplicaSet,DaemonSet,StatefulSet.apps +spec/selector/matchLabels
Deployment.apps,StatefulSet.apps spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
Deployment.apps,StatefulSet.apps spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
Deployment.apps,StatefulSet.apps spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
Deployment.apps,StatefulSet.apps spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
Deployment.apps,StatefulSet.apps spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels
Job.batch,PodDisruptionBudget.policy spec/selector/matchLabels
CronJob.batch spec/jobTemplate/spec/selector/matchLabels
NetworkPolicy.networking.k8s.io spec/podSelector/matchLabels
NetworkPolicy.networking.k8s.io spec/ingress/from/podSelector/matchLabels
NetworkPolicy.networking.k8s.io spec/egress/to/podSelector/matchLabels`

	namespaces = `Namespace +metadata/name
APIService.apiregistration.k8s.io +spec/service/namespace
CustomResourceDefinition.apiextensions.k8s.io spec/conversion/webhook/clientConfig/service/namespace`

	scalable = `Deployment,ReplicationController,ReplicaSet,StatefulSet +spec/replicas`

	// References by name: the kind that is referred to, who refers, and where. @ is the pod spec of every kind that has one.
	references = `Deployment HorizontalPodAutoscaler spec/scaleTargetRef/name
ReplicationController HorizontalPodAutoscaler spec/scaleTargetRef/name
ReplicaSet HorizontalPodAutoscaler spec/scaleTargetRef/name
StatefulSet HorizontalPodAutoscaler spec/scaleTargetRef/name
ConfigMap @ volumes/configMap/name
ConfigMap @ containers/env/valueFrom/configMapKeyRef/name
ConfigMap @ initContainers/env/valueFrom/configMapKeyRef/name
ConfigMap @ containers/envFrom/configMapRef/name
ConfigMap @ initContainers/envFrom/configMapRef/name
ConfigMap @ volumes/projected/sources/configMap/name
ConfigMap Role,ClusterRole rules/resourceNames
Secret @ volumes/secret/secretName
Secret @ containers/env/valueFrom/secretKeyRef/name
Secret @ initContainers/env/valueFrom/secretKeyRef/name
Secret @ containers/envFrom/secretRef/name
Secret @ initContainers/envFrom/secretRef/name
Secret @ imagePullSecrets/name
Secret @ volumes/projected/sources/secret/name
Secret ServiceAccount imagePullSecrets/name
Secret ServiceAccount secrets/name
Secret Ingress spec/tls/secretName
Secret StorageClass parameters/secretName
Secret StorageClass parameters/adminSecretName
Secret StorageClass parameters/userSecretName
Secret StorageClass parameters/secretRef
Secret Role,ClusterRole rules/resourceNames
Secret PersistentVolume spec/azureFile/secretName
Service StatefulSet spec/serviceName
Service Ingress spec/rules/http/paths/backend/serviceName
Service Ingress spec/backend/serviceName
Service Ingress spec/rules/http/paths/backend/service/name
Service Ingress spec/defaultBackend/service/name
Service APIService spec/service/name
Service ValidatingWebhookConfiguration,MutatingWebhookConfiguration webhooks/clientConfig/service
Role RoleBinding roleRef/name
ClusterRole RoleBinding,ClusterRoleBinding roleRef/name
ServiceAccount RoleBinding,ClusterRoleBinding subjects
ServiceAccount @ serviceAccountName
PersistentVolumeClaim @ volumes/persistentVolumeClaim/claimName
PersistentVolume PersistentVolumeClaim spec/volumeName
PersistentVolume ClusterRole rules/resourceNames
StorageClass PersistentVolume,PersistentVolumeClaim spec/storageClassName
StorageClass StatefulSet spec/volumeClaimTemplates/spec/storageClassName
PriorityClass @ priorityClassName
IngressClass Ingress spec/ingressClassName
ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding spec/policyName`

	podSpecs = `Pod spec
PodTemplate template/spec
ReplicationController,Deployment,ReplicaSet,DaemonSet,StatefulSet,Job spec/template/spec
CronJob spec/jobTemplate/spec/template/spec`

	clusterScoped = " APIService CSIDriver CSINode CertificateSigningRequest ClusterRole ClusterRoleBinding ComponentStatus CustomResourceDefinition DeviceClass FlowSchema IngressClass IPAddress MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace Node PersistentVolume PodSecurityPolicy PriorityClass PriorityLevelConfiguration ResourceSlice RuntimeClass ServiceCIDR StorageClass ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration VolumeAttachment VolumeAttributesClass "
)

// fieldsOf reads a table of fields; end is put behind each path.
func fieldsOf(table, end string) []field {
	var out []field
	for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
		kinds, where, _ := strings.Cut(line, " ")
		where, create := strings.CutPrefix(where, "+")
		for _, kind := range strings.Split(kinds, ",") {
			kind, group, _ := strings.Cut(kind, ".")
			if kind == "*" {
				kind = ""
			}
			out = append(out, field{Group: group, Kind: kind, Path: where + end, Create: create})
		}
	}
	return out
}

// reference is a field that names an object of another kind.
type reference struct {
	to string
	field
}

func allReferences() []reference {
	var out []reference
	for _, line := range strings.Split(references, "\n") {
		words := strings.SplitN(line, " ", 2)
		table, end := words[1], ""
		if rest, ok := strings.CutPrefix(table, "@ "); ok {
			table, end = podSpecs, "/"+rest
		}
		for _, f := range fieldsOf(table, end) {
			out = append(out, reference{words[0], f})
		}
	}
	return out
}

func (f field) fits(r *resource) bool {
	g := r.id().gvk
	return (f.Kind == "" || f.Kind == g.Kind) && (f.Group == "" || f.Group == g.Group) && (f.Version == "" || f.Version == g.Version)
}

// visit calls set for each place of the field in the object; set gets what stands there, nil where there is nothing and
// something may be made, and returns what is to stand there.
func (f field) visit(o map[string]any, set func(any) any) {
	steps := strings.Split(strings.ReplaceAll(f.Path, `\/`, "\x00"), "/")
	for i := range steps {
		steps[i] = strings.TrimSuffix(strings.ReplaceAll(steps[i], "\x00", "/"), "[]")
	}
	walk(o, steps, f.Create, set)
}

func walk(o map[string]any, steps []string, create bool, set func(any) any) {
	key := steps[0]
	value, there := o[key]
	if len(steps) == 1 {
		if value == nil && !create {
			return
		}
		if with := set(value); with != nil {
			o[key] = with
		}
		return
	}
	if !there || value == nil {
		if !create || steps[0] == "volumeClaimTemplates" {
			return
		}
		value = map[string]any{}
		o[key] = value
	}
	switch v := value.(type) {
	case map[string]any:
		walk(v, steps[1:], create, set)
	case []any:
		for _, item := range v {
			if m, ok := item.(map[string]any); ok {
				walk(m, steps[1:], create, set)
			}
		}
	}
}
