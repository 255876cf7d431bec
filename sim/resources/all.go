package resources

// All are the kinds that the API server stores, in the order of discovery: the core group, then the others by name.
func All() []*Resource {
	return append([]*Resource{
		componentStatuses(), configMaps(), endpoints(), events(), limitRanges(), namespaces(), nodes(), persistentVolumeClaims(), persistentVolumes(), pods(),
		podTemplates(), replicationControllers(), resourceQuotas(), secrets(), serviceAccounts(), services(),
		mutatingAdmissionPolicies(), mutatingAdmissionPolicyBindings(), mutatingWebhookConfigurations(),
		validatingAdmissionPolicies(), validatingAdmissionPolicyBindings(), validatingWebhookConfigurations(),
		apiServices(),
		controllerRevisions(), daemonSets(), deployments(), replicaSets(), statefulSets(),
		horizontalPodAutoscalers(), horizontalPodAutoscalersV1(),
		cronJobs(), jobs(),
		certificateSigningRequests(),
		leases(),
		endpointSlices(),
		eventsOfGroup(),
		flowSchemas(), priorityLevelConfigurations(),
		ingressClasses(), ingresses(), ipAddresses(), networkPolicies(), serviceCIDRs(),
		runtimeClasses(),
		podDisruptionBudgets(),
		clusterRoleBindings(), clusterRoles(), roleBindings(), roles(),
		deviceClasses(), resourceClaims(), resourceClaimTemplates(), resourceSlices(),
		priorityClasses(),
		csiDrivers(), csiNodes(), csiStorageCapacities(), storageClasses(), volumeAttachments(), volumeAttributesClasses(),
	}, reviews()...)
}
