package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/apiserver"
	"terrarium/sim/containers"
)

// Fleet is the kubelets of a cluster, by node. It implements apiserver.Nodes.
type Fleet map[string]*Kubelet

var _ apiserver.Nodes = Fleet(nil)

func (f Fleet) of(pod *corev1.Pod) (*Kubelet, error) {
	k := f[pod.Spec.NodeName]
	if k == nil {
		return nil, apierrors.NewNotFound(corev1.Resource("pods"), pod.Spec.NodeName) // the real server, too, names what the request is about
	}
	return k, nil
}

// Logs implements apiserver.Nodes.
func (f Fleet) Logs(ctx context.Context, pod *corev1.Pod, options *corev1.PodLogOptions) (io.ReadCloser, error) {
	k, err := f.of(pod)
	if err != nil {
		return nil, err
	}
	return k.Logs(ctx, pod, options)
}

// Exec implements apiserver.Nodes.
func (f Fleet) Exec(ctx context.Context, pod *corev1.Pod, options *corev1.PodExecOptions, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	k, err := f.of(pod)
	if err != nil {
		return 0, err
	}
	return k.Exec(ctx, pod, options, stdin, stdout, stderr)
}

// Attach implements apiserver.Nodes.
func (f Fleet) Attach(ctx context.Context, pod *corev1.Pod, options *corev1.PodAttachOptions, stdin io.Reader, stdout, stderr io.Writer) error {
	k, err := f.of(pod)
	if err != nil {
		return err
	}
	return k.Attach(ctx, pod, options, stdin, stdout, stderr)
}

// Logs opens a container's log, or says why there is none.
func (k *Kubelet) Logs(ctx context.Context, pod *corev1.Pod, options *corev1.PodLogOptions) (io.ReadCloser, error) {
	c, err := k.logContainer(pod, options.Container, options.Previous)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return newLogReader(ctx, k, c, options), nil
}

// logContainer finds the run of a container whose log is wanted.
func (k *Kubelet) logContainer(pod *corev1.Pod, name string, previous bool) (*container, error) {
	status := pod.Status
	uid := k.ownUID(pod)
	if s, ok := k.statuses.get(uid); ok {
		status = s
	}
	all := append(append(append([]corev1.ContainerStatus{}, status.ContainerStatuses...), status.InitContainerStatuses...), status.EphemeralContainerStatuses...)
	s := statusNamed(all, name)
	if s == nil {
		return nil, fmt.Errorf("container %q in pod %q is not available", name, pod.Name)
	}
	id, last := "", s.LastTerminationState.Terminated
	switch {
	case previous:
		if last == nil || last.ContainerID == "" {
			return nil, fmt.Errorf("previous terminated container %q in pod %q not found", name, pod.Name)
		}
		id = last.ContainerID
	case s.State.Running != nil:
		id = s.ContainerID
	case s.State.Terminated != nil && s.State.Terminated.ContainerID != "":
		id = s.State.Terminated.ContainerID
	case s.State.Terminated != nil, last != nil:
		if last == nil || last.ContainerID == "" {
			return nil, fmt.Errorf("container %q in pod %q is terminated", name, pod.Name)
		}
		id = last.ContainerID
	case s.State.Waiting != nil:
		why := s.State.Waiting.Reason
		switch reason(why) {
		case errImagePull:
			why = "image can't be pulled"
		case errImagePullBackOff:
			why = "trying and failing to pull image"
		}
		return nil, fmt.Errorf("container %q in pod %q is waiting to start: %v", name, pod.Name, why)
	default:
		return nil, fmt.Errorf("container %q in pod %q is waiting to start - no logs yet", name, pod.Name)
	}
	c := k.runtime.find(uid, bareID(id))
	if c == nil {
		return nil, fmt.Errorf("unable to retrieve container logs for %s", id)
	}
	return c, nil
}

// Exec runs a command in a container and waits for its end.
func (k *Kubelet) Exec(ctx context.Context, pod *corev1.Pod, options *corev1.PodExecOptions, stdin io.Reader, stdout, stderr io.Writer) (exit int, err error) {
	c := k.runtime.running(k.ownUID(pod), options.Container)
	if c == nil {
		return 0, containerNotFound(options.Container)
	}
	if len(options.Command) == 0 {
		return 0, apierrors.NewBadRequest("you must specify at least 1 command for the container")
	}
	if options.TTY {
		stderr = stdout
	}
	ended := make(chan struct{}, 1)
	process, err := k.engine.Start(&containers.Start{
		Image: c.image, Argv: options.Command, Env: c.env, Dir: workingDir(c.spec, c.image), Files: c.files, Hostname: c.hostname,
		Stdin: stdin, Stdout: stdout, Stderr: stderr, TTY: options.TTY,
		Exit: func(e containers.Exit) {
			exit = e.Code
			ended <- struct{}{}
		},
	})
	if err != nil {
		return 0, apierrors.NewInternalError(fmt.Errorf("error executing command in container: %w", k.execError(err)))
	}
	c.execs = append(c.execs, process)
	defer c.dropExec(process)
	if err := wait(ctx, ended, 0); err != nil {
		process.Signal(containers.SIGKILL)
		return 0, err
	}
	return exit, nil
}

// containerNotFound is the answer to who wants to talk to a container that does not run.
func containerNotFound(name string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound, Message: fmt.Sprintf("container not found (%q)", name),
	}}
}

// Attach shows what the container's main process prints from now on, until it ends, and lets it read what is typed,
// where it was made for that.
func (k *Kubelet) Attach(ctx context.Context, pod *corev1.Pod, options *corev1.PodAttachOptions, stdin io.Reader, stdout, stderr io.Writer) error {
	c := k.runtime.running(k.ownUID(pod), options.Container)
	if c == nil {
		return containerNotFound(options.Container)
	}
	t, stop := c.log.tap()
	defer stop()
	if options.Stdin && stdin != nil && c.stdin != nil {
		defer c.stdin.Attach(stdin)()
	}
	for {
		chunks := t.chunks
		t.chunks, t.size = nil, 0
		for _, chunk := range chunks {
			to := stdout
			if chunk.stream == "stderr" && stderr != nil {
				to = stderr
			}
			if to != nil {
				io.WriteString(to, chunk.text)
			}
		}
		switch {
		case len(t.chunks) > 0:
		case c.log.closed:
			return nil
		default:
			if err := wait(ctx, t.changed, 0); err != nil {
				return err
			}
		}
	}
}

// wait gives way to the cluster until something comes through signal, or d has passed where it is not 0.
func wait(ctx context.Context, signal <-chan struct{}, d time.Duration) error {
	w := apiserver.WaiterFrom(ctx)
	if w == nil {
		return errors.New("nobody can wait for this request")
	}
	return w.Wait(ctx, signal, d)
}

// logReader is one request for a log.
type logReader struct {
	ctx     context.Context
	log     *containerLog
	options *corev1.PodLogOptions
	since   time.Time
	at      int // of the next line, counted from the log's beginning
	left    int64
	rest    []byte
	changed <-chan struct{}
	stop    func()
}

func newLogReader(ctx context.Context, k *Kubelet, c *container, o *corev1.PodLogOptions) *logReader {
	r := &logReader{ctx: ctx, log: c.log, options: o, at: c.log.dropped, left: -1}
	switch {
	case o.SinceSeconds != nil:
		r.since = k.Clock.Now().Add(-time.Duration(*o.SinceSeconds) * time.Second)
	case o.SinceTime != nil:
		r.since = o.SinceTime.Time
	}
	if o.TailLines != nil {
		r.at = max(r.at, c.log.dropped+len(c.log.lines)-int(min(*o.TailLines, 1<<30)))
	}
	if o.LimitBytes != nil {
		r.left = *o.LimitBytes
	}
	r.changed, r.stop = c.log.listen()
	return r
}

// Read implements io.Reader.
func (r *logReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		if r.collect() {
			continue
		}
		if !r.options.Follow || r.log.closed {
			return 0, io.EOF
		}
		if err := wait(r.ctx, r.changed, 0); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// collect takes up the lines that are there; false where there are none.
func (r *logReader) collect() bool {
	r.at = max(r.at, r.log.dropped)
	some := false
	for ; r.at < r.log.dropped+len(r.log.lines) && len(r.rest) < 32<<10; r.at++ {
		some = true
		line := r.log.lines[r.at-r.log.dropped]
		if line.at.Before(r.since) || r.options.Stream != nil && !streamWanted(*r.options.Stream, line.stream) {
			continue
		}
		if r.options.Timestamps {
			r.rest = append(r.rest, line.at.UTC().Format("2006-01-02T15:04:05.000000000Z07:00")+" "...)
		}
		r.rest = append(r.rest, line.text...)
		if line.newline {
			r.rest = append(r.rest, '\n')
		}
	}
	if r.left >= 0 {
		r.rest = r.rest[:min(int64(len(r.rest)), r.left)]
		r.left -= int64(len(r.rest))
	}
	return some
}

func streamWanted(wanted, stream string) bool {
	switch wanted {
	case corev1.LogStreamStdout:
		return stream == "stdout"
	case corev1.LogStreamStderr:
		return stream == "stderr"
	}
	return true
}

// Close implements io.Closer.
func (r *logReader) Close() error {
	r.stop()
	return nil
}
