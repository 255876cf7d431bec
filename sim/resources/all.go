package resources

// All are the kinds that the API server stores, in the order of discovery: the core group, then the others by name.
func All() []*Resource {
	return append([]*Resource{
		configMaps(), endpoints(), events(), namespaces(), nodes(), persistentVolumeClaims(), persistentVolumes(), pods(),
		podTemplates(), replicationControllers(), secrets(), serviceAccounts(), services(),
		controllerRevisions(), daemonSets(), deployments(), replicaSets(), statefulSets(),
		horizontalPodAutoscalers(), horizontalPodAutoscalersV1(),
		cronJobs(), jobs(),
		leases(),
		endpointSlices(),
		eventsOfGroup(),
		ingressClasses(), ingresses(), ipAddresses(), networkPolicies(), serviceCIDRs(),
		podDisruptionBudgets(),
		clusterRoleBindings(), clusterRoles(), roleBindings(), roles(),
		priorityClasses(),
	}, reviews()...)
}
