package kubectl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/kubectl/object"
)

// fileSpec is [[NAMESPACE/]POD:]PATH; pod is "" for a file of this machine.
type fileSpec struct{ namespace, pod, path string }

func parseFileSpec(arg string) (fileSpec, error) {
	bad := errors.New("filespec must match the canonical format: [[namespace/]pod:]file/path")
	where, file, remote := strings.Cut(arg, ":")
	if !remote {
		return fileSpec{path: arg}, nil
	}
	parts := strings.Split(where, "/")
	switch {
	case where == "" || len(parts) > 2:
		return fileSpec{}, bad
	case len(parts) == 2:
		return fileSpec{parts[0], parts[1], file}, nil
	}
	return fileSpec{pod: where, path: file}, nil
}

// runCp copies single files. It has the container's cat where upstream has its tar.
func runCp(f *Factory, cmd *cobra.Command, args []string) error {
	namespace, _, err := f.Namespace()
	if err != nil {
		return err
	}
	if len(args) != 2 {
		return errors.New("source and destination are required")
	}
	from, err := parseFileSpec(args[0])
	if err != nil {
		return err
	}
	to, err := parseFileSpec(args[1])
	if err != nil {
		return err
	}
	switch {
	case from.pod != "" && to.pod != "":
		return errors.New("one of src or dest must be a local file specification")
	case from.path == "" || to.path == "":
		return errors.New("filepath can not be empty")
	case from.pod == "" && to.pod == "":
		return errors.New("one of src or dest must be a remote file specification")
	}
	for _, s := range []*fileSpec{&from, &to} {
		if s.namespace == "" {
			s.namespace = namespace
		}
	}
	c := copying{Factory: f, container: flagString(cmd, "container")}
	if from.pod != "" {
		return c.fetch(from, to)
	}
	return c.put(from, to)
}

type copying struct {
	*Factory
	container string
}

// run runs a command in the container.
func (c copying) run(s fileSpec, streams streams) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	o, err := client.Get(c.ctx, podResource.Path(s.namespace, s.pod), nil)
	if err != nil {
		return err
	}
	var pod corev1.Pod
	if err := object.To(o, &pod); err != nil {
		return err
	}
	streams.container = c.container
	return c.exec(&pod, streams)
}

func (c copying) put(from, to fileSpec) error {
	fi, err := c.Files.Stat(from.path)
	if err != nil {
		return fmt.Errorf("%s doesn't exist in local filesystem", from.path)
	}
	if fi.IsDir() {
		return notSimulated("kubectl cp of a directory")
	}
	data, err := c.Files.ReadFile(from.path)
	if err != nil {
		return err
	}
	target := to.path
	err = c.run(to, streams{command: []string{"sh", "-c", `[ -d "$0" ]`, to.path}, quiet: true, out: io.Discard, errOut: io.Discard})
	var exit exitError
	switch {
	case err == nil:
		target = path.Join(target, path.Base(from.path))
	case !errors.As(err, &exit):
		return err
	}
	return c.run(to, streams{command: []string{"sh", "-c", `cat > "$0"`, target}, stdin: true, in: bytes.NewReader(data)})
}

func (c copying) fetch(from, to fileSpec) error {
	inner := c
	factory := *c.Factory
	factory.ErrOut = c.Out
	inner.Factory = &factory
	var data bytes.Buffer
	err := inner.run(from, streams{command: []string{"cat", from.path}, out: &data, errOut: io.Discard})
	var exit exitError
	if errors.As(err, &exit) {
		fmt.Fprintf(c.Out, "tar: %s: No such file or directory\n", from.path)
		return nil
	}
	if err != nil {
		return err
	}
	if strings.HasPrefix(from.path, "/") {
		fmt.Fprintln(c.Out, "tar: removing leading '/' from member names")
	}
	target := to.path
	if fi, err := c.Files.Stat(target); err == nil && fi.IsDir() {
		target = path.Join(target, path.Base(from.path))
	}
	return c.Files.WriteFile(target, data.Bytes(), 0o644)
}
