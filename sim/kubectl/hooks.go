package kubectl

import (
	"io"

	"terrarium/sim/kubectl/object"
)

// kustomize builds the kustomization in dir into manifests.
func (f *Factory) kustomize(dir string) ([]byte, error) {
	return nil, notSimulated("kubectl kustomize")
}

// attachOptions say how the terminal is joined with a running container.
type attachOptions struct{ stdin, tty, quiet bool }

// attachPod joins the terminal with the pod's first container.
func (f *Factory) attachPod(pod object.Object, o attachOptions) error {
	return notSimulated("kubectl attach")
}

// copyTo copies what comes until it ends.
func copyTo(w io.Writer, r io.Reader) error {
	_, err := io.Copy(w, r)
	return err
}
