package admission

// Default is the chain of an API server that was given no --enable-admission-plugins, in its order.
func Default() Chain {
	return Chain{
		NamespaceLifecycle{},
		ServiceAccount{},
		TaintNodesByCondition{},
		Priority{},
		DefaultTolerationSeconds{},
		DefaultStorageClass{},
		StorageObjectInUseProtection{},
		DefaultIngressClass{},
		PodResizeValidator{},
	}
}
