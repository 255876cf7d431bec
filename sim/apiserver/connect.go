package apiserver

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Nodes is what the API server asks the kubelets. Errors are Status errors. What is not there yet is waited for with
// the context's Waiter (see WaiterFrom), so a read gives way to the rest of the cluster.
type Nodes interface {
	// Logs opens the log of the container that the options name; Read gives io.EOF at its end, or never while it is
	// followed and the container runs.
	Logs(ctx context.Context, pod *corev1.Pod, options *corev1.PodLogOptions) (io.ReadCloser, error)
	// Exec runs a command in the container that the options name and returns its exit code; err is for a command that
	// did not run. Streams that the options do not ask for are nil.
	Exec(ctx context.Context, pod *corev1.Pod, options *corev1.PodExecOptions, stdin io.Reader, stdout, stderr io.Writer) (exit int, err error)
	// Attach joins the streams of the container's main process, until it ends or ctx does.
	Attach(ctx context.Context, pod *corev1.Pod, options *corev1.PodAttachOptions, stdin io.Reader, stdout, stderr io.Writer) error
}

// WaiterFrom is the Waiter of a request; nil where it has none.
func WaiterFrom(ctx context.Context) Waiter { return waiterOf(ctx) }

// SetNodes replaces what the kubelets answer, for wiring whose kubelets need the server first.
func (s *Server) SetNodes(n Nodes) { s.nodes = n }

// connects says whether a request is a conversation rather than a read or write of an object.
func (x *exchange) connects(c *call) bool {
	switch c.req.Subresource {
	case "log", "exec", "attach", "portforward", "proxy":
		for _, sub := range c.kind.Subresources {
			if sub.Name == c.req.Subresource {
				return true
			}
		}
	}
	return false
}

func (x *exchange) connect(c *call, t target) error {
	if c.req.Subresource == "proxy" {
		return c.proxy()
	}
	obj, err := c.existing()
	if err != nil {
		return err
	}
	pod, isPod := obj.(*corev1.Pod)
	if isPod && x.nodes != nil {
		switch c.req.Subresource {
		case "log":
			return x.logs(pod)
		case "exec", "attach":
			return x.exec(c, pod)
		}
	}
	return notSimulated(c.kind.Name + "/" + c.req.Subresource)
}

// notSimulated says that something is recognised and that is all.
func notSimulated(what string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotImplemented, Reason: metav1.StatusReasonMethodNotAllowed,
		Message: fmt.Sprintf("terrarium recognises %q but does not simulate it", what),
	}}
}

// containerOf finds the container that a request means.
func containerOf(pod *corev1.Pod, name string) (string, error) {
	var names []string
	for _, c := range pod.Spec.InitContainers {
		names = append(names, c.Name)
	}
	for _, c := range pod.Spec.Containers {
		names = append(names, c.Name)
	}
	for _, c := range pod.Spec.EphemeralContainers {
		names = append(names, c.Name)
	}
	if name == "" {
		switch len(pod.Spec.Containers) {
		case 0:
			return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s", pod.Name))
		case 1:
			return pod.Spec.Containers[0].Name, nil
		}
		return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: %s", pod.Name, names))
	}
	for _, n := range names {
		if n == name {
			return name, nil
		}
	}
	return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
}

func (x *exchange) logOptions() (*corev1.PodLogOptions, error) {
	query := x.r.URL.Query()
	o := &corev1.PodLogOptions{
		Container: query.Get("container"), Follow: isTrue(query, "follow"), Previous: isTrue(query, "previous"),
		Timestamps: isTrue(query, "timestamps"),
	}
	for _, number := range []struct {
		name string
		to   **int64
	}{{"sinceSeconds", &o.SinceSeconds}, {"tailLines", &o.TailLines}, {"limitBytes", &o.LimitBytes}} {
		if v := query.Get(number.name); v != "" {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return nil, badRequest(err)
			}
			*number.to = &n
		}
	}
	if v := query.Get("sinceTime"); v != "" {
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return nil, badRequest(err)
		}
		o.SinceTime = &metav1.Time{Time: at}
	}
	if v := query.Get("stream"); v != "" {
		o.Stream = &v
	}
	return o, nil
}

func validateLogOptions(o *corev1.PodLogOptions) (errs field.ErrorList) {
	if o.TailLines != nil && *o.TailLines < 0 {
		errs = append(errs, field.Invalid(field.NewPath("tailLines"), *o.TailLines, "must be greater than or equal to 0"))
	}
	if o.LimitBytes != nil && *o.LimitBytes < 1 {
		errs = append(errs, field.Invalid(field.NewPath("limitBytes"), *o.LimitBytes, "must be greater than 0"))
	}
	switch {
	case o.SinceSeconds != nil && o.SinceTime != nil:
		errs = append(errs, field.Forbidden(field.NewPath(""), "at most one of `sinceTime` or `sinceSeconds` may be specified"))
	case o.SinceSeconds != nil && *o.SinceSeconds < 1:
		errs = append(errs, field.Invalid(field.NewPath("sinceSeconds"), *o.SinceSeconds, "must be greater than 0"))
	}
	return errs
}

// logs streams a container's log.
func (x *exchange) logs(pod *corev1.Pod) error {
	o, err := x.logOptions()
	if err != nil {
		return err
	}
	if errs := validateLogOptions(o); len(errs) > 0 {
		return apierrors.NewInvalid(schema.GroupKind{Kind: "PodLogOptions"}, pod.Name, errs)
	}
	if o.Container, err = containerOf(pod, o.Container); err != nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		x.send("text/plain", http.StatusOK, nil)
		return nil
	}
	ctx := x.r.Context()
	log, err := x.nodes.Logs(ctx, pod, o)
	if err != nil {
		return err
	}
	defer log.Close()
	x.w.Header().Set("Content-Type", "text/plain")
	buffer := make([]byte, 32*1024)
	started := false
	for {
		n, err := log.Read(buffer)
		unlocked(ctx, func() {
			if !started {
				x.w.WriteHeader(http.StatusOK)
				started = true
			}
			x.w.Write(buffer[:n])
			if f, ok := x.w.(http.Flusher); ok && o.Follow {
				f.Flush()
			}
		})
		if err != nil || ctx.Err() != nil {
			return nil
		}
	}
}
