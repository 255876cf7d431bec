package resources

// All are the kinds that the API server stores, in the order of discovery: the core group, then the others by name.
func All() []*Resource {
	return append([]*Resource{
		configMaps(), endpoints(), events(), namespaces(), nodes(), pods(), secrets(), serviceAccounts(), services(),
		controllerRevisions(), deployments(), replicaSets(),
		leases(),
		endpointSlices(),
		eventsOfGroup(),
		clusterRoleBindings(), clusterRoles(), roleBindings(), roles(),
		priorityClasses(),
	}, reviews()...)
}
