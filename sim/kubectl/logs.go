package kubectl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/rest"
)

const logsUsage = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command"

type logsCommand struct {
	f                                      *Factory
	options                                url.Values // parameters of the log subresource, but for the container
	container                              string
	allContainers, allPods                 bool
	follow, previous, prefix, ignoreErrors bool
	timeout                                time.Duration
	mostStreams                            int64
}

// A logSource is one container whose log is read.
type logSource struct {
	namespace, pod, container string
}

func runLogs(f *Factory, cmd *cobra.Command, args []string) error {
	selector := flagString(cmd, "selector")
	switch {
	case len(args) == 0 && selector == "", len(args) > 2:
		return usageErrorf(cmd, "%s", logsUsage)
	case len(args) == 1 && selector != "":
		return usageErrorf(cmd, "only a selector (-l) or a POD name is allowed")
	}
	c := logsCommand{
		f: f, container: flagString(cmd, "container"), allContainers: flagBool(cmd, "all-containers"), allPods: flagBool(cmd, "all-pods"),
		follow: flagBool(cmd, "follow"), previous: flagBool(cmd, "previous"), prefix: flagBool(cmd, "prefix") || flagBool(cmd, "all-pods"),
		ignoreErrors: flagBool(cmd, "ignore-errors"), mostStreams: int64(flagInt(cmd, "max-log-requests")),
	}
	if len(args) == 2 {
		c.container = args[1]
	}
	namespace, _, err := f.Namespace()
	if err != nil {
		return err
	}
	if c.timeout, err = runningTimeout(cmd); err != nil {
		return err
	}
	if c.options, err = logOptions(cmd, selector != ""); err != nil {
		return err
	}
	o, err := c.target(namespace, selector, args)
	if err != nil {
		return err
	}
	if err := c.validate(cmd, args); err != nil {
		return err
	}
	sources, err := c.sources(o)
	if err != nil {
		return err
	}
	if c.follow && len(sources) > 1 {
		if int64(len(sources)) > c.mostStreams {
			return fmt.Errorf("you are attempting to follow %d log streams, but maximum allowed concurrency is %d, use --max-log-requests to increase the limit", len(sources), c.mostStreams)
		}
		return c.followAll(sources)
	}
	for _, s := range sources {
		if err := c.print(s); err != nil {
			return err
		}
	}
	return nil
}

// logOptions are the flags as parameters of the request.
func logOptions(cmd *cobra.Command, selected bool) (url.Values, error) {
	q := url.Values{}
	for flag, key := range map[string]string{"follow": "follow", "previous": "previous", "timestamps": "timestamps", "insecure-skip-tls-verify-backend": "insecureSkipTLSVerifyBackend"} {
		if flagBool(cmd, flag) {
			q.Set(key, "true")
		}
	}
	if s := flagString(cmd, "since-time"); s != "" {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			_, err = time.Parse(time.RFC3339, s)
			return nil, err
		}
		q.Set("sinceTime", t.UTC().Format(time.RFC3339))
	}
	if n := flagInt64(cmd, "limit-bytes"); n != 0 {
		q.Set("limitBytes", strconv.FormatInt(n, 10))
	}
	if d := flagDuration(cmd, "since"); d != 0 {
		q.Set("sinceSeconds", strconv.FormatInt(int64(d.Round(time.Second).Seconds()), 10))
	}
	tail := flagInt64(cmd, "tail")
	switch {
	case selected && tail == -1 && !flagChanged(cmd, "tail"):
		q.Set("tailLines", "10")
	case tail != -1:
		q.Set("tailLines", strconv.FormatInt(tail, 10))
	}
	return q, nil
}

func (c *logsCommand) validate(cmd *cobra.Command, args []string) error {
	switch since, tail := flagDuration(cmd, "since"), flagInt64(cmd, "tail"); {
	case flagString(cmd, "since-time") != "" && since != 0:
		return errors.New("at most one of `sinceTime` or `sinceSeconds` may be specified")
	case c.allContainers && c.container != "":
		return fmt.Errorf("--all-containers=true should not be specified with container name %s", c.container)
	case flagChanged(cmd, "container") && len(args) == 2:
		return errors.New("only one of -c or an inline [CONTAINER] arg is allowed")
	case flagInt64(cmd, "limit-bytes") < 0:
		return errors.New("--limit-bytes must be greater than 0")
	case since.Round(time.Second) < 0:
		return errors.New("--since must be greater than 0")
	case tail < -1:
		return errors.New("--tail must be greater than or equal to -1")
	}
	return nil
}

// target is the object whose logs are wanted: a pod, a workload, or a list of pods.
func (c *logsCommand) target(namespace, selector string, args []string) (object.Object, error) {
	b := c.f.TypedBuilder()
	b.Namespace, b.DefaultNamespace, b.SingleResourceType = namespace, true, true
	if len(args) > 0 {
		b.DefaultType, b.Names = "pods", args[:1]
	}
	if selector != "" {
		b.Types, b.Labels = []string{"pods"}, selector
	}
	infos, err := b.Do().Infos()
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("error from server (NotFound): %w in namespace %q", err, namespace)
	}
	if err != nil {
		return nil, err
	}
	if len(infos) != 1 {
		return nil, errors.New("expected a resource")
	}
	o := infos[0].Object
	if selector != "" && len(object.Items(o)) == 0 {
		fmt.Fprintf(c.f.ErrOut, "No resources found in %s namespace.\n", namespace)
	}
	return o, nil
}

// sources are the containers of o whose logs are wanted, a pod's in the order of its spec.
func (c *logsCommand) sources(o object.Object) ([]logSource, error) {
	if object.IsList(o) {
		var all []logSource
		for _, item := range object.Items(o) {
			sources, err := c.sources(item)
			if err != nil {
				return nil, err
			}
			all = append(all, sources...)
		}
		return all, nil
	}
	if object.Kind(o) == "Pod" {
		var pod corev1.Pod
		if err := object.To(o, &pod); err != nil {
			return nil, err
		}
		return c.podSources(&pod)
	}
	selector, err := podSelector(o)
	if err != nil {
		return nil, fmt.Errorf("cannot get the logs from %s: %v", goType(o), err)
	}
	pods, err := c.f.podsOf(object.Namespace(o), selector.String(), c.timeout, forLogging)
	if err != nil {
		return nil, err
	}
	if len(pods) > 1 && !c.allPods {
		fmt.Fprintf(c.f.ErrOut, "Found %v pods, using pod/%v\n", len(pods), pods[0].Name)
	}
	if !c.allPods {
		pods = pods[:1]
	}
	var all []logSource
	for i := range pods {
		sources, err := c.podSources(&pods[i])
		if err != nil {
			return nil, err
		}
		all = append(all, sources...)
	}
	return all, nil
}

func (c *logsCommand) podSources(p *corev1.Pod) ([]logSource, error) {
	source := func(name string) logSource { return logSource{p.Namespace, p.Name, name} }
	if c.allContainers {
		var all []logSource
		for _, x := range p.Spec.InitContainers {
			all = append(all, source(x.Name))
		}
		for _, x := range p.Spec.Containers {
			all = append(all, source(x.Name))
		}
		for _, x := range p.Spec.EphemeralContainers {
			all = append(all, source(x.Name))
		}
		return all, nil
	}
	name := c.container
	if preset := p.Annotations[defaultContainerAnnotation]; name == "" && preset != "" {
		if fieldPathOf(p, preset) == "" {
			fmt.Fprintf(c.f.ErrOut, "Default container name %q not found in pod %s\n", preset, p.Name)
		} else {
			name = preset
		}
	}
	if name == "" {
		name = p.Spec.Containers[0].Name
		c.f.sayDefaulted(p, c.allPods)
	}
	if fieldPathOf(p, name) == "" {
		return nil, fmt.Errorf("container %s is not valid for pod %s out of: %s", name, p.Name, containerNames(p))
	}
	return []logSource{source(name)}, nil
}

// print writes one log. A refusal is tried again for a while where the log is followed: the container may be about to start.
func (c *logsCommand) print(s logSource) error {
	for waited := time.Duration(0); ; waited += time.Second {
		err := c.copy(s, c.options, 0)
		switch {
		case err == nil:
			return nil
		case c.f.ctx.Err() != nil:
			return c.f.ctx.Err()
		case c.ignoreErrors:
			fmt.Fprintf(c.f.Out, "error: %v\n", err)
			return nil
		case !c.follow:
			return err
		}
		fmt.Fprintln(c.f.ErrOut, err)
		if _, refused := err.(apierrors.APIStatus); !refused {
			return err
		}
		if waited >= c.timeout {
			return errors.New("context deadline exceeded")
		}
		if err := c.f.Sleep(c.f.ctx, time.Second); err != nil {
			return err
		}
	}
}

// copy writes the log of s line by line, but for its first skip bytes.
func (c *logsCommand) copy(s logSource, options url.Values, skip int) error {
	body, err := c.open(s, options)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = c.lines(s, body, skip)
	return err
}

func (c *logsCommand) open(s logSource, options url.Values) (io.ReadCloser, error) {
	client, err := c.f.Client()
	if err != nil {
		return nil, err
	}
	q := url.Values{"container": {s.container}}
	for k, v := range options {
		q[k] = v
	}
	path := "/api/v1/namespaces/" + url.PathEscape(s.namespace) + "/pods/" + url.PathEscape(s.pod) + "/log"
	return client.Stream(c.f.ctx, rest.Request{Verb: "GET", Path: path, Query: q, Name: s.pod})
}

// lines writes what comes after the first skip bytes and returns how many bytes there were.
func (c *logsCommand) lines(s logSource, body io.Reader, skip int) (int, error) {
	prefix := ""
	if c.prefix {
		prefix = "[pod/" + s.pod + "/" + s.container + "] "
	}
	r := bufio.NewReader(body)
	seen, _ := r.Discard(skip)
	for {
		line, err := r.ReadString('\n')
		seen += len(line)
		if line != "" {
			if _, err := io.WriteString(c.f.Out, prefix+line); err != nil {
				return seen, err
			}
		}
		if err == io.EOF {
			return seen, nil
		}
		if err != nil {
			return seen, err
		}
	}
}

// followAll follows several logs at once: twice a second it asks each for what is new, until all their containers have ended.
func (c *logsCommand) followAll(sources []logSource) error {
	seen := make([]int, len(sources))
	ended := make([]bool, len(sources))
	first := true
	for {
		open := false
		for i, s := range sources {
			if ended[i] {
				continue
			}
			over := c.hasEnded(s)
			n, err := c.news(s, seen[i], first)
			if err != nil && c.ignoreErrors {
				fmt.Fprintf(c.f.Out, "error: %v\n", err)
				over = true
			} else if err != nil {
				return err
			}
			seen[i], ended[i] = n, over
			open = open || !over
		}
		if !open {
			return nil
		}
		first = false
		if err := c.f.Sleep(c.f.ctx, time.Second/2); err != nil {
			return err
		}
	}
}

// news writes what a log has beyond the first seen bytes and returns how long it is. The first time, --tail and --since choose.
func (c *logsCommand) news(s logSource, seen int, first bool) (int, error) {
	whole := url.Values{}
	for k, v := range c.options {
		if k != "follow" && k != "tailLines" && k != "sinceSeconds" && k != "sinceTime" && k != "limitBytes" {
			whole[k] = v
		}
	}
	if !first {
		body, err := c.open(s, whole)
		if err != nil {
			return seen, err
		}
		defer body.Close()
		return c.lines(s, body, seen)
	}
	body, err := c.open(s, whole)
	if err != nil {
		return seen, err
	}
	n, err := io.Copy(io.Discard, body)
	body.Close()
	if err != nil {
		return seen, err
	}
	chosen := url.Values{}
	for k, v := range c.options {
		if k != "follow" {
			chosen[k] = v
		}
	}
	return int(n), c.copy(s, chosen, 0)
}

// hasEnded says whether a container is done for good, or its pod is gone.
func (c *logsCommand) hasEnded(s logSource) bool {
	client, err := c.f.Client()
	if err != nil {
		return true
	}
	o, err := client.Get(c.f.ctx, "/api/v1/namespaces/"+url.PathEscape(s.namespace)+"/pods/"+url.PathEscape(s.pod), nil)
	if err != nil {
		return true
	}
	for _, kind := range []string{"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"} {
		for _, status := range object.Maps(o, "status", kind) {
			if object.String(status, "name") == s.container {
				return object.Map(status, "state", "terminated") != nil
			}
		}
	}
	return false
}
