package kubectl

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/kubectl/object"
)

func runAttach(f *Factory, cmd *cobra.Command, args []string) error {
	namespace, _, err := f.Namespace()
	if err != nil {
		return err
	}
	timeout, err := runningTimeout(cmd)
	if err != nil {
		return usageErrorf(cmd, "%s", err.Error())
	}
	b := f.TypedBuilder()
	b.DefaultNamespace, b.Namespace = true, namespace
	switch len(args) {
	case 0:
		return errors.New("at least 1 argument is required for attach")
	case 1:
		b.DefaultType, b.Names = "pods", args
	case 2:
		b.DefaultType, b.Names = args[0], args[1:]
	default:
		return fmt.Errorf("expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw %d: %v", len(args), args)
	}
	o, err := oneObject(b.Do())
	if err != nil {
		return err
	}
	pod, err := f.attachablePod(o, timeout)
	if err != nil {
		return err
	}
	if phase := pod.Status.Phase; phase == corev1.PodSucceeded || phase == corev1.PodFailed {
		return fmt.Errorf("cannot attach a container in a completed pod; current phase is %s", phase)
	}
	s := streams{container: flagString(cmd, "container"), stdin: flagBool(cmd, "stdin"), tty: flagBool(cmd, "tty"), quiet: flagBool(cmd, "quiet")}
	return f.attach(pod, s, cmd.CommandPath())
}

// attachOptions say how the terminal is joined with a running container.
type attachOptions struct{ stdin, tty, quiet bool }

// attachPod joins the terminal with the pod's first container.
func (f *Factory) attachPod(o object.Object, options attachOptions) error {
	var pod corev1.Pod
	if err := object.To(o, &pod); err != nil {
		return err
	}
	return f.attach(&pod, streams{stdin: options.stdin, tty: options.tty, quiet: options.quiet}, "kubectl attach")
}

func (f *Factory) attach(pod *corev1.Pod, s streams, command string) error {
	var err error
	if s.container, err = f.chooseContainer(pod, s.container, s.quiet); err != nil {
		return fmt.Errorf("cannot attach to the container: %v", err)
	}
	tty := false
	for _, c := range pod.Spec.Containers {
		tty = tty || c.Name == s.container && c.TTY
	}
	for _, c := range pod.Spec.EphemeralContainers {
		tty = tty || c.Name == s.container && c.TTY
	}
	if s.tty && !tty && !s.quiet {
		fmt.Fprintf(f.ErrOut, "error: Unable to use a TTY - container %s did not allocate one\n", s.container)
	}
	s.tty = tty
	f.settleTTY(&s)
	if !s.quiet {
		fmt.Fprintln(f.ErrOut, "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.")
		fmt.Fprintln(f.ErrOut, "If you don't see a command prompt, try pressing enter.")
	}
	if err := f.converse(pod, "attach", s); err != nil {
		return err
	}
	if !s.quiet && s.stdin && s.tty {
		fmt.Fprintf(f.Out, "Session ended, resume using '%s %s -c %s -n %s -i -t' command\n", command, pod.Name, s.container, pod.Namespace)
	}
	return nil
}
