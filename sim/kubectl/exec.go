package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/channels"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
)

func runExec(f *Factory, cmd *cobra.Command, args []string) error {
	dash, files := cmd.ArgsLenAtDash(), flagStrings(cmd, "filename")
	name, command := "", []string(nil)
	if len(args) > 0 && dash != 0 {
		name = args[0]
	}
	if dash > -1 {
		command = args[dash:]
	} else if len(args) > 1 || len(args) > 0 && len(files) > 0 {
		return usageErrorf(cmd, "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead")
	}
	namespace, enforce, err := f.Namespace()
	if err != nil {
		return err
	}
	timeout, err := runningTimeout(cmd)
	if err != nil {
		return usageErrorf(cmd, "%s", err.Error())
	}
	switch {
	case name == "" && len(files) == 0:
		return errors.New("pod, type/name or --filename must be specified")
	case len(command) == 0:
		return errors.New("you must specify at least one command for the container")
	}
	b := f.TypedBuilder()
	b.DefaultNamespace, b.Namespace, b.EnforceNamespace, b.Filenames = true, namespace, enforce, resource.Filenames{Names: files}
	if name != "" {
		b.DefaultType, b.Names = "pods", []string{name}
	}
	o, err := oneObject(b.Do())
	if err != nil {
		return err
	}
	if object.IsList(o) {
		return errors.New("cannot exec into multiple objects at a time")
	}
	pod, err := f.attachablePod(o, timeout)
	if err != nil {
		return err
	}
	s := streams{container: flagString(cmd, "container"), command: command, stdin: flagBool(cmd, "stdin"), tty: flagBool(cmd, "tty"), quiet: flagBool(cmd, "quiet")}
	return f.exec(pod, s)
}

// exec runs a command in a container of a pod that runs.
func (f *Factory) exec(pod *corev1.Pod, s streams) error {
	if phase := pod.Status.Phase; phase == corev1.PodSucceeded || phase == corev1.PodFailed {
		return fmt.Errorf("cannot exec into a container in a completed pod; current phase is %s", phase)
	}
	var err error
	if s.container, err = f.chooseContainer(pod, s.container, s.quiet); err != nil {
		return err
	}
	f.settleTTY(&s)
	return f.converse(pod, "exec", s)
}

// streams say which process is talked to, and how.
type streams struct {
	container         string
	command           []string
	stdin, tty, quiet bool
	in                io.Reader // in place of kubectl's own
	out, errOut       io.Writer
}

// settleTTY drops the wish for a terminal where there is none.
func (f *Factory) settleTTY(s *streams) {
	if !s.stdin || !s.tty {
		s.tty = false
		return
	}
	if t, ok := f.In.(interface{ IsTerminal() bool }); ok && t.IsTerminal() {
		return
	}
	s.tty = false
	if !s.quiet {
		fmt.Fprintln(f.ErrOut, "Unable to use a TTY - input is not a terminal or the right kind of file")
	}
}

// converse carries the streams of a process until it ends. A process that fails ends kubectl with its own code.
func (f *Factory) converse(pod *corev1.Pod, sub string, s streams) error {
	client, err := f.Client()
	if err != nil {
		return err
	}
	r, err := podResource.Request(http.MethodPost, pod.Namespace, pod.Name, sub)
	if err != nil {
		return err
	}
	r.Query = url.Values{"container": {s.container}, "stdout": {"true"}}
	for _, word := range s.command {
		r.Query.Add("command", word)
	}
	for key, on := range map[string]bool{"stdin": s.stdin, "tty": s.tty, "stderr": !s.tty} {
		if on {
			r.Query.Set(key, "true")
		}
	}
	if s.in == nil {
		s.in = f.In
	}
	if s.out == nil {
		s.out = f.Out
	}
	if s.errOut == nil {
		s.errOut = f.ErrOut
	}
	r.ContentType, r.Resource, r.Name = channels.ContentType, podResource.GroupResource(), pod.Name
	r.BodyStream = &stdinFrames{from: s.in, done: !s.stdin}
	body, err := client.Stream(f.ctx, r)
	if err != nil {
		return upgradeError(err)
	}
	defer body.Close()
	if t, ok := s.in.(interface{ Raw(on bool) }); ok && s.tty {
		t.Raw(true)
		defer t.Raw(false)
	}
	return f.receive(body, s)
}

// upgradeError words an answer that is no Status: the kubelet's.
func upgradeError(err error) error {
	var status *apierrors.StatusError
	if errors.As(err, &status) && status.ErrStatus.Details != nil {
		for _, c := range status.ErrStatus.Details.Causes {
			if c.Type == metav1.CauseTypeUnexpectedServerResponse {
				return fmt.Errorf("unable to upgrade connection: %s", c.Message)
			}
		}
	}
	return err
}

func (f *Factory) receive(body io.Reader, s streams) error {
	for {
		channel, data, err := channels.Read(body)
		switch {
		case f.ctx.Err() != nil:
			return f.ctx.Err()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		switch channel {
		case channels.Stdout:
			_, err = s.out.Write(data)
		case channels.Stderr:
			_, err = s.errOut.Write(data)
		case channels.Status:
			return ending(data)
		}
		if err != nil {
			return err
		}
	}
}

// ending reads how a process has ended.
func ending(data []byte) error {
	var status metav1.Status
	if err := json.Unmarshal(data, &status); err != nil {
		return fmt.Errorf("error stream protocol error: %v in %q", err, data)
	}
	if status.Status == metav1.StatusSuccess {
		return nil
	}
	if status.Reason == "NonZeroExitCode" && status.Details != nil {
		for _, c := range status.Details.Causes {
			if code, err := strconv.Atoi(c.Message); err == nil && c.Type == "ExitCode" {
				return exitError{code, verbatim(fmt.Sprintf("command terminated with exit code %d", code))}
			}
		}
	}
	return errors.New(status.Message)
}

// stdinFrames makes frames of what is read, as it is read; the last one is empty.
type stdinFrames struct {
	from io.Reader
	left []byte
	done bool
}

// Read implements io.Reader.
func (s *stdinFrames) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		if s.done {
			return 0, io.EOF
		}
		chunk := make([]byte, 4096)
		n, err := s.from.Read(chunk)
		var frames frameBuffer
		if n > 0 {
			_ = channels.Write(&frames, channels.Stdin, chunk[:n])
		}
		if err != nil {
			s.done = true
			_ = channels.Write(&frames, channels.Stdin, nil)
		}
		s.left = frames
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

type frameBuffer []byte

// Write implements io.Writer.
func (b *frameBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
