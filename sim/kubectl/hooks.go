package kubectl

import "github.com/spf13/cobra"

// kustomize builds the kustomization in dir into manifests.
func (f *Factory) kustomize(dir string) ([]byte, error) {
	return nil, notSimulated("kubectl kustomize")
}

// editBeforeCreate opens the objects in the editor and creates what comes of them.
func (f *Factory) editBeforeCreate(cmd *cobra.Command) error {
	return notSimulated("kubectl create --edit")
}
