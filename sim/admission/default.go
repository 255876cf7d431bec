package admission

// Default is the chain of the API server that kubeadm starts: the plugins that are on by default, and NodeRestriction,
// in their order.
func Default() Chain {
	return Chain{
		NamespaceLifecycle{},
		LimitRanger{},
		ServiceAccount{},
		NodeRestriction{},
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
		MutatingAdmissionWebhook{},
		ValidatingAdmissionPolicy{},
		ValidatingAdmissionWebhook{},
		ResourceQuota{},
	}
}
