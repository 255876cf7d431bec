package kubectl

import (
	"errors"
	"io"
	"path"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"terrarium/sim/kubectl/kustomize"
	"terrarium/sim/kubectl/object"
)

func (f *Factory) kustomizer() *kustomize.Builder {
	return &kustomize.Builder{Files: f.Env.Files, Dir: f.Dir, Warn: f.ErrOut, Schema: schemaFor}
}

// kustomize builds the kustomization in dir into manifests.
func (f *Factory) kustomize(dir string) ([]byte, error) {
	data, err := f.kustomizer().Build(dir)
	return data, unbuilt(err)
}

// unbuilt gives what kustomize recognises and does not build the standard sentence.
func unbuilt(err error) error {
	var missing kustomize.ErrNotSimulated
	if errors.As(err, &missing) {
		return notSimulated(missing.Error())
	}
	return err
}

func runKustomize(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return errors.New("specify one path to kustomization.yaml")
	}
	if flagBool(cmd, "enable-helm") || flagBool(cmd, "enable-alpha-plugins") {
		return notSimulated("kustomize plugins")
	}
	dir := "."
	if len(args) == 1 {
		dir = args[0]
	}
	output := flagString(cmd, "output")
	if info, err := f.Files.Stat(output); output != "" && err == nil && info.IsDir() {
		return f.kustomizeInto(output, dir)
	}
	data, err := f.kustomize(dir)
	if err != nil {
		return err
	}
	if output != "" {
		return f.Files.WriteFile(output, data, 0o644)
	}
	_, err = f.Out.Write(data)
	return err
}

// kustomizeInto writes each object to a file of its own.
func (f *Factory) kustomizeInto(folder, dir string) error {
	list, err := f.kustomizer().Resources(dir)
	if err != nil {
		return unbuilt(err)
	}
	for _, o := range list {
		text, err := yaml.Marshal(o)
		if err != nil {
			return err
		}
		gvk := object.GVK(o)
		name := gvk.Version + "_" + gvk.Kind + "_" + object.Name(o) + ".yaml"
		if gvk.Group != "" {
			name = gvk.Group + "_" + name
		}
		if err := f.Files.WriteFile(path.Join(folder, strings.ToLower(name)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copyTo copies what comes until it ends.
func copyTo(w io.Writer, r io.Reader) error {
	_, err := io.Copy(w, r)
	return err
}
