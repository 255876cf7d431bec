package admission

// Default is the chain of an API server that was given no --enable-admission-plugins, in its order.
func Default() Chain {
	return Chain{
		NamespaceLifecycle{},
		LimitRanger{},
		ServiceAccount{},
		TaintNodesByCondition{},
		PodSecurity{},
		Priority{},
		DefaultTolerationSeconds{},
		DefaultStorageClass{},
		StorageObjectInUseProtection{},
		PersistentVolumeClaimResize{},
		RuntimeClass{},
		CertificateApproval{},
		CertificateSigning{},
		CertificateSubjectRestriction{},
		DefaultIngressClass{},
		PodTopologyLabels{},
		PodResizeValidator{},
		ResourceQuota{},
	}
}
