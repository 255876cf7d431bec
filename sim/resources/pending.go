package resources

import (
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validatePodCreate(*v1.Pod) field.ErrorList                                        { return nil }
func validatePodUpdate(_, _ *v1.Pod) field.ErrorList                                   { return nil }
func validatePodStatusUpdate(_, _ *v1.Pod) field.ErrorList                             { return nil }
func podWarnings(_, _ *v1.Pod) []string                                                { return nil }
func prepareEphemeralContainers(_ *Context, _, _ runtime.Object)                       {}
func validateEphemeralContainersUpdate(_, _ runtime.Object) field.ErrorList            { return nil }
func prepareResize(_ *Context, _, _ runtime.Object)                                    {}
func validatePodResize(_, _ runtime.Object) field.ErrorList                            { return nil }
func applyAppArmorAnnotations(*Context, *v1.Pod)                                       {}
func validateConfigMap(*v1.ConfigMap) field.ErrorList                                  { return nil }
func validateConfigMapUpdate(_, _ *v1.ConfigMap) field.ErrorList                       { return nil }
func validateSecret(*v1.Secret) field.ErrorList                                        { return nil }
func validateSecretUpdate(_, _ *v1.Secret) field.ErrorList                             { return nil }
func secretWarnings(_, _ *v1.Secret) []string                                          { return nil }
func validateNamespaceFinalize(_, _ runtime.Object) field.ErrorList                    { return nil }
func validateNamespaceStatusUpdate(_, _ *v1.Namespace) field.ErrorList                 { return nil }
func validateNode(*v1.Node) field.ErrorList                                            { return nil }
func validateNodeUpdate(_, _ *v1.Node) field.ErrorList                                 { return nil }
func validateNodeStatusUpdate(_, _ *v1.Node) field.ErrorList                           { return nil }
func nodeWarnings(_, _ *v1.Node) []string                                              { return nil }
func validateEvent(*v1.Event) field.ErrorList                                          { return nil }
func validateNewEvent(*v1.Event) field.ErrorList                                       { return nil }
func validateNewEventUpdate(_, _ *v1.Event) field.ErrorList                            { return nil }
func validateService(*v1.Service) field.ErrorList                                      { return nil }
func validateServiceUpdate(_, _ *v1.Service) field.ErrorList                           { return nil }
func validateServiceStatusUpdate(_, _ *v1.Service) field.ErrorList                     { return nil }
func serviceWarnings(_, _ *v1.Service) []string                                        { return nil }
func validateEndpoints(*v1.Endpoints) field.ErrorList                                  { return nil }
func validateEndpointsUpdate(_, _ *v1.Endpoints) field.ErrorList                       { return nil }
func endpointsWarnings(_, _ *v1.Endpoints) []string                                    { return nil }
func validateEndpointSlice(*discoveryv1.EndpointSlice) field.ErrorList                 { return nil }
func validateEndpointSliceUpdate(_, _ *discoveryv1.EndpointSlice) field.ErrorList      { return nil }
func validateDeployment(*appsv1.Deployment) field.ErrorList                            { return nil }
func validateDeploymentUpdate(_, _ *appsv1.Deployment) field.ErrorList                 { return nil }
func validateDeploymentStatusUpdate(_, _ *appsv1.Deployment) field.ErrorList           { return nil }
func validateReplicaSet(*appsv1.ReplicaSet) field.ErrorList                            { return nil }
func validateReplicaSetUpdate(_, _ *appsv1.ReplicaSet) field.ErrorList                 { return nil }
func validateReplicaSetStatusUpdate(_, _ *appsv1.ReplicaSet) field.ErrorList           { return nil }
func validateControllerRevision(*appsv1.ControllerRevision) field.ErrorList            { return nil }
func validateControllerRevisionUpdate(_, _ *appsv1.ControllerRevision) field.ErrorList { return nil }
func validateLease(*coordinationv1.Lease) field.ErrorList                              { return nil }
func validateLeaseUpdate(_, _ *coordinationv1.Lease) field.ErrorList                   { return nil }
func validatePriorityClass(*schedulingv1.PriorityClass) field.ErrorList                { return nil }
func validatePriorityClassUpdate(_, _ *schedulingv1.PriorityClass) field.ErrorList     { return nil }
func validateRole(*rbacv1.Role) field.ErrorList                                        { return nil }
func validateRoleUpdate(_, _ *rbacv1.Role) field.ErrorList                             { return nil }
func validateClusterRole(*rbacv1.ClusterRole) field.ErrorList                          { return nil }
func validateClusterRoleUpdate(_, _ *rbacv1.ClusterRole) field.ErrorList               { return nil }
func validateRoleBinding(*rbacv1.RoleBinding) field.ErrorList                          { return nil }
func validateRoleBindingUpdate(_, _ *rbacv1.RoleBinding) field.ErrorList               { return nil }
func validateClusterRoleBinding(*rbacv1.ClusterRoleBinding) field.ErrorList            { return nil }
func validateClusterRoleBindingUpdate(_, _ *rbacv1.ClusterRoleBinding) field.ErrorList { return nil }
func hostNameWarning(string) []string                                                  { return nil }
func templateWarnings(_, _ *v1.PodTemplateSpec) []string                               { return nil }
