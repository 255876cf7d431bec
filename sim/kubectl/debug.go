package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
	"terrarium/sim/patch"
	"terrarium/sim/reference"
)

// debugger is one kubectl debug.
type debugger struct {
	*Factory
	cmd       *cobra.Command
	namespace string
	command   []string // behind the dashes
	env       []corev1.EnvVar
	images    map[string]string // --set-image
	custom    map[string]any    // --custom
	profile   debugProfile

	image, container, copyTo  string
	stdin, tty, quiet, attach bool
}

func runDebug(f *Factory, cmd *cobra.Command, args []string) error {
	targets, command := args, []string(nil)
	if n := cmd.ArgsLenAtDash(); n >= 0 && len(args) > n {
		targets, command = args[:n], args[n:]
	}
	d := &debugger{
		Factory: f, cmd: cmd, command: command,
		image: flagString(cmd, "image"), container: flagString(cmd, "container"), copyTo: flagString(cmd, "copy-to"),
		stdin: flagBool(cmd, "stdin"), tty: flagBool(cmd, "tty"), quiet: flagBool(cmd, "quiet"), attach: flagBool(cmd, "attach"),
	}
	if err := d.complete(); err != nil {
		return err
	}
	if err := d.validate(targets); err != nil {
		return err
	}
	b := f.TypedBuilder()
	b.ContinueOnError, b.DefaultNamespace, b.DefaultType, b.Names, b.Filenames = true, true, "pods", targets, filenames(cmd)
	b.Namespace = d.namespace
	infos, err := b.Do().Infos()
	if err != nil {
		return err
	}
	for _, i := range infos {
		if err := d.visit(i); err != nil {
			return err
		}
	}
	return nil
}

func (d *debugger) complete() (err error) {
	if !d.cmd.Flags().Changed("attach") && d.stdin {
		d.attach = true
	}
	env, err := d.cmd.Flags().GetStringToString("env")
	if err != nil {
		return err
	}
	for _, name := range object.SortedKeys(env) {
		d.env = append(d.env, corev1.EnvVar{Name: name, Value: env[name]})
	}
	if d.images, err = d.cmd.Flags().GetStringToString("set-image"); err != nil {
		return err
	}
	if d.namespace, _, err = d.Namespace(); err != nil {
		return err
	}
	if d.profile, err = profileNamed(d.cmd); err != nil {
		return err
	}
	name := flagString(d.cmd, "custom")
	if name == "" {
		return nil
	}
	data, err := d.Files.ReadFile(name)
	if err != nil {
		return fmt.Errorf("must pass a container spec json file for custom profile: %w", err)
	}
	var c corev1.Container
	text, err := yaml.YAMLToJSON(data)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err == nil {
		d.custom, err = object.Decode(text)
	}
	if err != nil {
		return fmt.Errorf("%s does not contain a valid container spec: %w", name, err)
	}
	if c.Name != "" || len(c.Command) > 0 || c.Image != "" || c.Lifecycle != nil || len(c.VolumeDevices) > 0 {
		return errors.New("name, command, image, lifecycle and volume devices are not modifiable via custom profile")
	}
	return nil
}

func (d *debugger) validate(targets []string) error {
	if d.attach && d.cmd.Flags().Changed("attach") && d.image == "" && d.container == "" {
		return errors.New("you must specify --container or create a new container using --image in order to attach.")
	}
	target := flagString(d.cmd, "target")
	switch {
	case d.copyTo != "" && d.image == "" && len(d.images) == 0 && len(d.command) == 0:
		return errors.New("you must specify --image, --set-image or command arguments.")
	case d.copyTo != "" && len(d.command) > 0 && d.container == "" && d.image == "":
		return errors.New("you must specify an existing container or a new image when specifying args.")
	case d.copyTo != "":
	case flagBool(d.cmd, "replace"):
		return errors.New("--replace may only be used with --copy-to.")
	case flagBool(d.cmd, "same-node"):
		return errors.New("--same-node may only be used with --copy-to.")
	case len(d.images) > 0:
		return errors.New("--set-image may only be used with --copy-to.")
	case d.image == "":
		return errors.New("you must specify --image when not using --copy-to.")
	}
	if d.image != "" && !reference.Valid(d.image) {
		return fmt.Errorf("invalid image name %q: invalid reference format", d.image)
	}
	if len(targets) == 0 && len(filenames(d.cmd).Names) == 0 {
		return errors.New("NAME or filename is required for debug")
	}
	switch policy := flagString(d.cmd, "image-pull-policy"); corev1.PullPolicy(policy) {
	case corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever, "":
	default:
		return fmt.Errorf("invalid image pull policy: %s", policy)
	}
	for _, name := range object.SortedKeys(d.images) {
		if !reference.Valid(d.images[name]) {
			return fmt.Errorf("invalid image name %q for container %q: invalid reference format", d.images[name], name)
		}
	}
	if target != "" {
		if d.copyTo != "" {
			return errors.New("--target is incompatible with --copy-to. Use --share-processes instead.")
		}
		if !d.quiet {
			fmt.Fprintf(d.Out, "Targeting container %q. If you don't see processes from this container it may be because the container runtime doesn't support this feature.\n", target)
		}
	}
	if d.tty && !d.stdin {
		return errors.New("-i/--stdin is required for containers with -t/--tty=true")
	}
	if d.profile.name == "legacy" {
		fmt.Fprintln(d.ErrOut, `--profile=legacy is deprecated and planned to be removed in v1.39. It is recommended to specify other profile, for example "--profile=general".`)
	}
	return nil
}

func (d *debugger) visit(i *resource.Info) error {
	var pod *corev1.Pod
	var name string
	var err error
	switch object.Kind(i.Object) {
	case "Node":
		pod, err = d.nodePod(object.Name(i.Object))
		if err == nil {
			name = pod.Spec.Containers[0].Name
		}
	case "Pod":
		var of corev1.Pod
		if err = object.To(i.Object, &of); err != nil {
			return err
		}
		if d.copyTo != "" {
			pod, name, err = d.copyOf(&of)
		} else {
			pod, name, err = d.ephemeral(i, &of)
		}
	default:
		err = fmt.Errorf("%q not supported by debug", object.GVK(i.Object))
	}
	if err != nil || !d.attach || name == "" {
		return err
	}
	of := *i
	of.Resource, of.Namespace, of.Name = &podResource, pod.Namespace, pod.Name
	return d.join(&of, name)
}

// newContainer is the debugging container that the flags describe.
func (d *debugger) newContainer(name string) corev1.Container {
	c := corev1.Container{
		Name: name, Env: d.env, Image: d.image, ImagePullPolicy: corev1.PullPolicy(flagString(d.cmd, "image-pull-policy")),
		Stdin: d.stdin, TTY: d.tty, TerminationMessagePolicy: corev1.TerminationMessageReadFile,
	}
	if flagBool(d.cmd, "arguments-only") {
		c.Args = d.command
	} else {
		c.Command = d.command
	}
	return c
}

// containerFor is the name of the container: the user's, or one that the pod does not have.
func (d *debugger) containerFor(pod *corev1.Pod) string {
	if d.container != "" {
		return d.container
	}
	name := "debugger-" + d.suffix()
	for fieldPathOf(pod, name) != "" {
		name = "debugger-" + d.suffix()
	}
	if !d.quiet {
		fmt.Fprintf(d.Out, "Defaulting debug container name to %s.\n", name)
	}
	return name
}

// ephemeral adds an ephemeral container to a pod.
func (d *debugger) ephemeral(i *resource.Info, pod *corev1.Pod) (*corev1.Pod, string, error) {
	name := d.containerFor(pod)
	c := d.newContainer(name)
	d.profile.apply(nil, &c, debugEphemeral)
	if err := d.customize(&c); err != nil {
		return nil, "", err
	}
	d.warnOfRoot(pod, &c)
	with := pod.DeepCopy()
	with.Spec.EphemeralContainers = append(with.Spec.EphemeralContainers, corev1.EphemeralContainer{
		EphemeralContainerCommon: corev1.EphemeralContainerCommon(c), TargetContainerName: flagString(d.cmd, "target"),
	})
	before, err := object.From(pod)
	if err != nil {
		return nil, "", err
	}
	after, err := object.From(with)
	if err != nil {
		return nil, "", err
	}
	change, err := patch.TwoWay(before, after, schemaFor(object.GVK(i.Object)))
	if err != nil {
		return nil, "", err
	}
	body, err := json.Marshal(change)
	if err != nil {
		return nil, "", err
	}
	changed, err := d.send(http.MethodPatch, pod.Namespace, pod.Name, "ephemeralcontainers", rest.StrategicPatch, body)
	if apierrors.IsNotFound(err) {
		if status := err.(apierrors.APIStatus).Status(); status.Details != nil && status.Details.Name == "" {
			err = fmt.Errorf("ephemeral containers are disabled for this cluster (error from server: %q)", err)
		}
	}
	return changed, name, err
}

// send sends a request about pods and reads the pod of the answer.
func (d *debugger) send(verb, namespace, name, sub, contentType string, body []byte) (*corev1.Pod, error) {
	client, err := d.Client()
	if err != nil {
		return nil, err
	}
	r, err := podResource.Request(verb, namespace, name, sub)
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentType = body, contentType
	o, err := client.Object(d.ctx, r)
	if err != nil {
		return nil, err
	}
	pod := &corev1.Pod{}
	return pod, object.To(o, pod)
}

func (d *debugger) create(pod *corev1.Pod) (*corev1.Pod, error) {
	pod.APIVersion, pod.Kind = "v1", "Pod"
	body, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	return d.send(http.MethodPost, pod.Namespace, "", "", "application/json", body)
}

// customize lays --custom over the container.
func (d *debugger) customize(c *corev1.Container) error {
	if d.custom == nil {
		return nil
	}
	o, err := object.From(c)
	if err != nil {
		return err
	}
	out, err := patch.Strategic(o, object.Copy(d.custom), patch.SchemaOf(c))
	if err != nil {
		return fmt.Errorf("error creating three way patch to add debug container: %w", err)
	}
	*c = corev1.Container{}
	return object.To(out, c)
}

// nodePod makes a pod in the namespaces of a node.
func (d *debugger) nodePod(node string) (*corev1.Pod, error) {
	container := "debugger"
	if d.container != "" {
		container = d.container
	}
	name := "node-debugger-" + node + "-" + d.suffix()
	if !d.quiet {
		fmt.Fprintf(d.Out, "Creating debugging pod %s with container %s on node %s.\n", name, container, node)
	}
	c := d.newContainer(container)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: d.namespace, Labels: map[string]string{"app.kubernetes.io/managed-by": "kubectl-debug"}},
		Spec: corev1.PodSpec{
			NodeName: node, RestartPolicy: corev1.RestartPolicyNever, Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
		},
	}
	d.profile.apply(pod, &c, debugNode)
	if err := d.customize(&c); err != nil {
		return nil, err
	}
	pod.Spec.Containers = []corev1.Container{c}
	return d.create(pod)
}

// copyOf makes a copy of a pod with a container more, or with one of its own changed.
func (d *debugger) copyOf(pod *corev1.Pod) (*corev1.Pod, string, error) {
	made := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: d.copyTo, Namespace: pod.Namespace, Annotations: pod.Annotations, Labels: pod.Labels},
		Spec:       *pod.Spec.DeepCopy(),
	}
	made.Spec.EphemeralContainers = nil
	if d.cmd.Flags().Changed("share-processes") {
		share := flagBool(d.cmd, "share-processes")
		made.Spec.ShareProcessNamespace = &share
	}
	if !flagBool(d.cmd, "same-node") {
		made.Spec.NodeName = ""
	}
	for i := range made.Spec.Containers {
		c := &made.Spec.Containers[i]
		if image, ok := d.images[c.Name]; ok {
			c.Image = image
		} else if image := d.images["*"]; image != "" {
			c.Image = image
		}
	}
	name, err := d.changeCopy(made)
	if err != nil {
		return nil, "", err
	}
	created, err := d.create(made)
	if err != nil || !flagBool(d.cmd, "replace") {
		return created, name, err
	}
	body := []byte(`{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}`)
	_, err = d.send(http.MethodDelete, pod.Namespace, pod.Name, "", "application/json", body)
	return created, name, err
}

// changeCopy puts the debugging container into a copy and returns its name.
func (d *debugger) changeCopy(made *corev1.Pod) (string, error) {
	name := d.container
	named := func(c corev1.Container) bool { return c.Name == name }
	list := &made.Spec.Containers
	at := slices.IndexFunc(*list, named)
	if i := slices.IndexFunc(made.Spec.InitContainers, named); at < 0 && i >= 0 {
		list, at = &made.Spec.InitContainers, i
	}
	if at < 0 {
		switch {
		case d.image == "" && len(d.images) > 0:
			return "", nil
		case d.image == "":
			return "", errors.New("you must specify image when creating new container")
		}
		if name == "" {
			name = d.containerFor(made)
		}
		*list = append(*list, corev1.Container{Name: name, TerminationMessagePolicy: corev1.TerminationMessageReadFile})
		at = len(*list) - 1
	}
	c := &(*list)[at]
	with := d.newContainer(name)
	if len(d.command) > 0 {
		if flagBool(d.cmd, "arguments-only") {
			c.Args = with.Args
		} else {
			c.Command, c.Args = with.Command, nil
		}
	}
	if len(with.Env) > 0 {
		c.Env = with.Env
	}
	if with.Image != "" {
		c.Image = with.Image
	}
	if with.ImagePullPolicy != "" {
		c.ImagePullPolicy = with.ImagePullPolicy
	}
	c.Stdin, c.TTY = d.stdin, d.tty
	d.profile.apply(made, c, debugCopy)
	if err := d.customize(c); err != nil {
		return "", err
	}
	d.warnOfRoot(made, c)
	return name, nil
}

func (d *debugger) warnOfRoot(pod *corev1.Pod, c *corev1.Container) {
	s, own := pod.Spec.SecurityContext, c.SecurityContext
	if s == nil || s.RunAsUser == nil || *s.RunAsUser == 0 || own == nil || own.RunAsUser != nil && *own.RunAsUser == 0 {
		return
	}
	if own.Privileged != nil && *own.Privileged || own.Capabilities != nil && len(own.Capabilities.Add) > 0 {
		fmt.Fprintln(d.ErrOut, `Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may not work. Please consider using "--custom" with a custom profile that specifies "securityContext.runAsUser: 0".`)
	}
}

// join waits for the container and joins the terminal with it, or prints the log of one that is done.
func (d *debugger) join(i *resource.Info, name string) error {
	var last *corev1.Pod
	var state corev1.ContainerState
	err := d.follow(i, d.Now().Add(forever), func(o object.Object) (bool, error) {
		if o == nil {
			return false, errPodGone
		}
		last = &corev1.Pod{}
		if err := object.To(o, last); err != nil {
			return false, err
		}
		for _, list := range [][]corev1.ContainerStatus{last.Status.InitContainerStatuses, last.Status.ContainerStatuses, last.Status.EphemeralContainerStatuses} {
			for _, s := range list {
				if s.Name != name {
					continue
				}
				if state = s.State; state.Running != nil || state.Terminated != nil {
					return true, nil
				}
				if w := state.Waiting; w != nil && w.Message != "" && !d.quiet {
					d.printWarning(fmt.Sprintf("container %s: %s", name, w.Message))
				}
			}
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	if state.Terminated == nil {
		err := d.Factory.attach(last, streams{container: name, stdin: d.stdin, tty: d.tty, quiet: d.quiet}, "kubectl attach")
		if err == nil {
			return nil
		}
		fmt.Fprintf(d.ErrOut, "warning: couldn't attach to pod/%s, falling back to streaming logs: %v\n", i.Name, err)
	}
	r, err := i.Resource.Request(http.MethodGet, i.Namespace, i.Name, "log")
	if err != nil {
		return err
	}
	r.Query = map[string][]string{"container": {name}}
	body, err := i.Client().Stream(d.ctx, r)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(d.Out, body)
	return err
}
