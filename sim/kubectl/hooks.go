package kubectl

// kustomize builds the kustomization in dir into manifests.
func (f *Factory) kustomize(dir string) ([]byte, error) {
	return nil, notSimulated("kubectl kustomize")
}
