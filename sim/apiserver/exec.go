package apiserver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"terrarium/sim/admission"
	"terrarium/sim/channels"
)

// exec runs a command in a container, or attaches to one, over frames of package channels.
func (x *exchange) exec(c *call, pod *corev1.Pod) error {
	query := x.r.URL.Query()
	o := &corev1.PodExecOptions{
		Container: query.Get("container"), Command: query["command"], TTY: isTrue(query, "tty"),
		Stdin: isTrue(query, "stdin"), Stdout: isTrue(query, "stdout"), Stderr: isTrue(query, "stderr"),
	}
	if !o.Stdin && !o.Stdout && !o.Stderr {
		return apierrors.NewBadRequest("you must specify at least one of stdin, stdout, stderr")
	}
	if o.TTY && o.Stderr {
		return apierrors.NewBadRequest("tty and stderr cannot both be true")
	}
	var err error
	if o.Container, err = containerOf(pod, o.Container); err != nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		return apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", pod.Name))
	}
	attach := &corev1.PodAttachOptions{Container: o.Container, TTY: o.TTY, Stdin: o.Stdin, Stdout: o.Stdout, Stderr: o.Stderr}
	a := c.attributes(admission.Connect, runtime.Object(o), nil)
	if c.req.Subresource == "attach" {
		a.Object = attach
	}
	if err := c.admission.Admit(a); err != nil {
		return err
	}
	if err := c.admission.Validate(a); err != nil {
		return err
	}
	if x.contentType() != channels.ContentType {
		return apierrors.NewBadRequest("Upgrade request required")
	}
	return x.converse(c, pod, o, attach)
}

// converse carries the streams of a process until it ends.
func (x *exchange) converse(c *call, pod *corev1.Pod, o *corev1.PodExecOptions, attach *corev1.PodAttachOptions) error {
	ctx := x.r.Context()
	to := &frames{x: x}
	if w := waiterOf(ctx); w != nil {
		ctx = WithWaiter(ctx, beginning{w, to})
	}
	var stdin io.Reader
	var stdout, stderr io.Writer
	if o.Stdin {
		stdin = &channels.Reader{From: &asking{x, to}}
	}
	if o.Stdout {
		stdout = channels.Writer{To: to, Channel: channels.Stdout}
	}
	if o.Stderr {
		stderr = channels.Writer{To: to, Channel: channels.Stderr}
	}
	var exit int
	var err error
	if c.req.Subresource == "attach" {
		err = x.nodes.Attach(ctx, pod, attach, stdin, stdout, stderr)
	} else {
		exit, err = x.nodes.Exec(ctx, pod, o, stdin, stdout, stderr)
	}
	if apierrors.IsNotFound(err) && !to.begun {
		// The kubelet refuses the connection, in plain words: clients put "unable to upgrade connection" before them.
		x.send("text/plain; charset=utf-8", http.StatusNotFound, []byte(err.Error()))
		return nil
	}
	data, encodeErr := json.Marshal(outcome(exit, err))
	if encodeErr == nil {
		channels.Write(to, channels.Status, data)
	}
	return nil
}

// outcome is how a process has ended, as clients of remote commands are told.
func outcome(exit int, err error) *metav1.Status {
	switch {
	case err != nil:
		s := apierrors.NewInternalError(err).Status()
		return &s
	case exit == 0:
		return &metav1.Status{Status: metav1.StatusSuccess}
	}
	code := strconv.Itoa(exit)
	return &metav1.Status{
		Status: metav1.StatusFailure, Reason: "NonZeroExitCode",
		Message: "command terminated with non-zero exit code: exit status " + code,
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: "ExitCode", Message: code}}},
	}
}

// frames sends each frame at once. It is written to with the lock held, also while the handler waits.
type frames struct {
	x     *exchange
	begun bool
}

// Write implements io.Writer.
func (f *frames) Write(p []byte) (int, error) {
	f.begin()
	n, err := f.x.w.Write(p)
	f.flush()
	return n, err
}

// begin tells the client that the process runs.
func (f *frames) begin() {
	if f.begun {
		return
	}
	f.begun = true
	f.x.w.Header().Set("Content-Type", channels.ContentType)
	f.x.w.WriteHeader(http.StatusOK)
	f.flush()
}

func (f *frames) flush() {
	if flusher, ok := f.x.w.(http.Flusher); ok {
		flusher.Flush()
	}
}

// beginning is the Waiter of a process: when it waits for the first time it has begun.
type beginning struct {
	Waiter
	to *frames
}

// Wait implements Waiter.
func (b beginning) Wait(ctx context.Context, signal <-chan struct{}, d time.Duration) error {
	b.to.begin()
	return b.Waiter.Wait(ctx, signal, d)
}

// asking reads the request's body with the lock given up.
type asking struct {
	x  *exchange
	to *frames
}

// Read implements io.Reader.
func (a *asking) Read(p []byte) (n int, err error) {
	a.to.begin()
	unlocked(a.x.r.Context(), func() { n, err = a.x.r.Body.Read(p) })
	return n, err
}
