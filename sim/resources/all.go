package resources

// All are the kinds that the API server stores, in the order of discovery: the core group, then the others by name.
func All() []*Resource {
	return append([]*Resource{
		configMaps(), endpoints(), events(), limitRanges(), namespaces(), nodes(), persistentVolumeClaims(), persistentVolumes(), pods(),
		podTemplates(), replicationControllers(), resourceQuotas(), secrets(), serviceAccounts(), services(),
		controllerRevisions(), daemonSets(), deployments(), replicaSets(), statefulSets(),
		horizontalPodAutoscalers(), horizontalPodAutoscalersV1(),
		cronJobs(), jobs(),
		leases(),
		endpointSlices(),
		eventsOfGroup(),
		ingressClasses(), ingresses(), ipAddresses(), networkPolicies(), serviceCIDRs(),
		runtimeClasses(),
		podDisruptionBudgets(),
		clusterRoleBindings(), clusterRoles(), roleBindings(), roles(),
		priorityClasses(),
		csiDrivers(), csiNodes(), csiStorageCapacities(), storageClasses(), volumeAttachments(), volumeAttributesClasses(),
	}, reviews()...)
}
