package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/patch"
	"terrarium/sim/reference"
)

// runner is one `kubectl run`.
type runner struct {
	*Factory
	cmd                *cobra.Command
	name               string
	args               []string // behind NAME
	namespace          string
	explicit           bool
	dry                dryRun
	printer            printers.Printer
	del                *deletion
	attach, stdin, tty bool
	quiet, remove      bool
	restart            corev1.RestartPolicy
	created            []*resource.Info // what --rm removes
}

func runRun(f *Factory, cmd *cobra.Command, args []string) error {
	r := &runner{Factory: f, cmd: cmd, stdin: flagBool(cmd, "stdin"), tty: flagBool(cmd, "tty"), quiet: flagBool(cmd, "quiet"), remove: flagBool(cmd, "rm")}
	var err error
	if r.dry, err = f.dryRunFlag(cmd); err != nil {
		return err
	}
	if _, err = f.Client(); err != nil {
		return err
	}
	r.attach = flagBool(cmd, "attach") || !flagChanged(cmd, "attach") && r.stdin
	if r.printer, err = f.printer(cmd, "created"+r.dry.suffix()); err != nil {
		return err
	}
	if r.del, err = f.newDeletion(cmd); err != nil {
		return err
	}
	r.del.ignoreNotFound, r.del.wait, r.del.grace, r.del.quiet, r.del.force = true, false, -1, r.quiet, false
	if err := r.check(args); err != nil {
		return err
	}
	return r.run()
}

func (r *runner) check(args []string) error {
	if len(args) == 0 {
		return usageErrorf(r.cmd, "NAME is required for run")
	}
	r.name, r.args = args[0], args[1:]
	image, port := flagString(r.cmd, "image"), flagString(r.cmd, "port")
	switch {
	case flagDuration(r.cmd, "pod-running-timeout") <= 0:
		return usageErrorf(r.cmd, "--pod-running-timeout must be higher than zero")
	case image == "":
		return errors.New("--image is required")
	case !reference.Valid(image):
		return fmt.Errorf("Invalid image name %q: %v", image, reference.ErrFormat)
	case r.tty && !r.stdin:
		return usageErrorf(r.cmd, "-i/--stdin is required for containers with -t/--tty=true")
	case flagBool(r.cmd, "expose") && port == "":
		return usageErrorf(r.cmd, "--port must be set when exposing a service")
	}
	var err error
	if r.namespace, r.explicit, err = r.Namespace(); err != nil {
		return err
	}
	restart := flagString(r.cmd, "restart")
	switch r.restart = corev1.RestartPolicy(restart); {
	case restart == "" && r.stdin:
		r.restart = corev1.RestartPolicyOnFailure
	case restart == "":
		r.restart = corev1.RestartPolicyAlways
	case r.restart != corev1.RestartPolicyAlways && r.restart != corev1.RestartPolicyOnFailure && r.restart != corev1.RestartPolicyNever:
		return usageErrorf(r.cmd, "invalid restart policy: %s", restart)
	}
	if !r.attach && r.remove {
		return usageErrorf(r.cmd, "--rm should only be used for attached containers")
	}
	if r.attach && r.dry != dryRunNone {
		return usageErrorf(r.cmd, "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)")
	}
	switch policy := flagString(r.cmd, "image-pull-policy"); corev1.PullPolicy(policy) {
	case corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever, "":
		return nil
	default:
		return usageErrorf(r.cmd, "invalid image pull policy: %s", policy)
	}
}

func (r *runner) run() error {
	pod, err := r.pod()
	if err != nil {
		return err
	}
	overridden, err := override(pod, flagString(r.cmd, "overrides"), flagString(r.cmd, "override-type"))
	if err != nil {
		return err
	}
	stored, err := r.create(discovery.Resource{Version: "v1", Name: "pods", Singular: "pod", Kind: "Pod", Namespaced: true}, overridden)
	if err != nil {
		return err
	}
	var errs []error
	if flagBool(r.cmd, "expose") {
		if err := r.expose(); err != nil {
			errs = append(errs, err)
		}
	}
	if r.attach {
		if r.remove {
			defer r.removeCreated()
		}
		return r.attachTo(r.created[0])
	}
	if err := r.printer.Print(stored, r.Out); err != nil {
		return err
	}
	return utilerrors.NewAggregate(errs)
}

// pod is the pod that the flags describe.
func (r *runner) pod() (*corev1.Pod, error) {
	env, err := parseEnv(flagArray(r.cmd, "env"))
	if err != nil {
		return nil, err
	}
	annotations, _, err := parsePairs(flagArray(r.cmd, "annotations"), "annotations", false)
	if err != nil {
		return nil, err
	}
	labels, err := r.labels()
	if err != nil {
		return nil, err
	}
	c := corev1.Container{
		Name: r.name, Image: flagString(r.cmd, "image"), ImagePullPolicy: corev1.PullPolicy(flagString(r.cmd, "image-pull-policy")), Env: env,
		Stdin: r.stdin, StdinOnce: r.stdin && !flagBool(r.cmd, "leave-stdin-open"), TTY: r.tty,
	}
	if flagBool(r.cmd, "privileged") {
		yes := true
		c.SecurityContext = &corev1.SecurityContext{Privileged: &yes}
	}
	if len(r.args) > 0 {
		if flagBool(r.cmd, "command") {
			c.Command = r.args
		} else {
			c.Args = r.args
		}
	}
	if port := flagString(r.cmd, "port"); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil {
			return nil, err
		}
		c.Ports = []corev1.ContainerPort{{ContainerPort: int32(n)}}
	}
	policy := corev1.RestartPolicy(flagString(r.cmd, "restart"))
	if policy == "" {
		policy = corev1.RestartPolicyAlways
	}
	return &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: r.name, Labels: labels, Annotations: annotations},
		Spec: corev1.PodSpec{Containers: []corev1.Container{c}, DNSPolicy: corev1.DNSClusterFirst, RestartPolicy: policy},
	}, nil
}

func (r *runner) labels() (map[string]string, error) {
	spec := flagString(r.cmd, "labels")
	if spec == "" {
		return map[string]string{"run": r.name}, nil
	}
	return labelSpec(spec)
}

// labelSpec reads a=b,c=d.
func labelSpec(spec string) (map[string]string, error) {
	out := map[string]string{}
	for _, pair := range strings.Split(spec, ",") {
		parts := strings.Split(pair, "=")
		if len(parts) != 2 {
			return nil, fmt.Errorf("unexpected label spec: %s", pair)
		}
		if parts[0] == "" {
			return nil, errors.New("unexpected empty label key")
		}
		out[parts[0]] = parts[1]
	}
	return out, nil
}

func parseEnv(list []string) ([]corev1.EnvVar, error) {
	var out []corev1.EnvVar
	for _, e := range list {
		name, value, ok := strings.Cut(e, "=")
		if !ok || name == "" || len(validation.IsEnvVarName(name)) > 0 {
			return nil, fmt.Errorf("invalid env: %v", e)
		}
		out = append(out, corev1.EnvVar{Name: name, Value: value})
	}
	return out, nil
}

// override lays the JSON of --overrides over a generated object.
func override[T any](o *T, fragment, kind string) (*T, error) {
	if fragment == "" {
		return o, nil
	}
	doc, err := object.From(o)
	if err != nil {
		return nil, err
	}
	var patched any
	switch kind {
	case "json":
		ops, err := patch.ParseOperations([]byte(fragment))
		if err != nil {
			return nil, err
		}
		patched, err = ops.Apply(doc, json.Unmarshal)
		if err != nil {
			return nil, err
		}
	case "merge", "":
		var change map[string]any
		if json.Unmarshal([]byte(fragment), &change) != nil {
			return nil, errors.New("Invalid JSON Patch")
		}
		patched = patch.MergeJSON(doc, change)
	case "strategic":
		change, err := object.Decode([]byte(fragment))
		if err != nil {
			return nil, errors.New("invalid JSON document")
		}
		if patched, err = patch.Strategic(doc, change, patch.SchemaOf(o)); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("invalid override type: %v", kind)
	}
	data, err := json.Marshal(patched)
	if err != nil {
		return nil, err
	}
	out := new(T)
	return out, json.Unmarshal(data, out)
}

// create sends o, unless nothing is to be sent, and remembers it for --rm.
func (r *runner) create(res discovery.Resource, o metav1.Object) (any, error) {
	m, err := r.Mapper()
	if err != nil {
		return nil, err
	}
	if _, err := m.ForKind(res.GVK().GroupKind(), res.Version); err != nil {
		return nil, err
	}
	if r.dry == dryRunClient {
		if r.explicit {
			o.SetNamespace(r.namespace)
		}
		return o, nil
	}
	g := &generator{Factory: r.Factory, cmd: r.cmd, namespace: r.namespace, dry: r.dry}
	if err := annotateTyped(flagBool(r.cmd, "save-config"), o); err != nil {
		return nil, err
	}
	stored, err := g.post(res, o)
	if err != nil {
		return nil, err
	}
	b := r.Builder()
	b.Namespace, b.SkipRead, b.Types = r.namespace, true, nil
	b.DefaultType, b.Names = res.Name, []string{stored.(metav1.Object).GetName()}
	if infos, err := b.Do().Infos(); err == nil {
		r.created = append(r.created, infos...)
	}
	return stored, nil
}

// expose creates a service for the pod and prints it.
func (r *runner) expose() error {
	labels, err := r.labels()
	if err != nil {
		return err
	}
	s := &corev1.Service{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: metav1.ObjectMeta{Name: r.name},
		Spec: corev1.ServiceSpec{Selector: labels},
	}
	if flagString(r.cmd, "labels") != "" {
		s.Labels = labels
	}
	for i, text := range strings.Split(flagString(r.cmd, "port"), ",") {
		port, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		p := corev1.ServicePort{Port: int32(port), Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(int32(port))}
		if strings.Contains(flagString(r.cmd, "port"), ",") {
			p.Name = fmt.Sprintf("port-%d", i+1)
		}
		s.Spec.Ports = append(s.Spec.Ports, p)
	}
	stored, err := r.create(discovery.Resource{Version: "v1", Name: "services", Kind: "Service", Namespaced: true}, s)
	if err != nil {
		return err
	}
	if err := r.printer.Print(stored, r.Out); err != nil {
		return err
	}
	if flagString(r.cmd, "output") == "yaml" {
		fmt.Fprintln(r.Out, "---")
	}
	return nil
}

func (r *runner) removeCreated() {
	for _, i := range r.created {
		if answer, err := i.Delete(r.del.options()); err == nil && answer != nil {
			r.del.print(i)
		}
	}
}

// attachTo waits for the pod, shows its output, and takes over its exit code where it does not restart.
func (r *runner) attachTo(i *resource.Info) error {
	deadline := r.Now().Add(flagDuration(r.cmd, "pod-running-timeout"))
	pod, err := r.awaitPod(i, deadline, func(o object.Object) bool {
		phase := object.String(o, "status", "phase")
		return phase == "Succeeded" || phase == "Failed" || phase == "Running" && podReady(o)
	})
	if err != nil {
		return err
	}
	if err := r.showOutput(i, pod); err != nil {
		return err
	}
	if flagBool(r.cmd, "leave-stdin-open") || r.restart == corev1.RestartPolicyAlways {
		return nil
	}
	pod, err = r.awaitPod(i, r.Now().Add(flagDuration(r.cmd, "pod-running-timeout")), func(o object.Object) bool {
		phase := object.String(o, "status", "phase")
		return phase == "Succeeded" || phase == "Failed" && r.restart == corev1.RestartPolicyNever
	})
	if err != nil {
		return err
	}
	return exitOf(pod)
}

func podReady(o object.Object) bool {
	for _, c := range object.Maps(o, "status", "conditions") {
		if object.String(c, "type") == "Ready" && object.String(c, "status") == "True" {
			return true
		}
	}
	return false
}

func (r *runner) awaitPod(i *resource.Info, deadline time.Time, met func(object.Object) bool) (object.Object, error) {
	var pod object.Object
	err := r.follow(i, deadline, func(o object.Object) (bool, error) {
		if o == nil {
			return false, errPodGone
		}
		pod = o
		return met(o), nil
	})
	return pod, err
}

// showOutput attaches to the running container, or prints the log of one that is done.
func (r *runner) showOutput(i *resource.Info, pod object.Object) error {
	if phase := object.String(pod, "status", "phase"); phase != "Succeeded" && phase != "Failed" {
		err := r.attachPod(pod, attachOptions{stdin: r.stdin, tty: r.tty, quiet: r.quiet})
		if err == nil {
			return nil
		}
		fmt.Fprintf(r.ErrOut, "warning: couldn't attach to pod/%s, falling back to streaming logs: %v\n", i.Name, err)
	}
	req, err := i.Resource.Request(http.MethodGet, i.Namespace, i.Name, "log")
	if err != nil {
		return err
	}
	req.Query = map[string][]string{"container": {firstContainer(pod)}}
	body, err := i.Client().Stream(r.ctx, req)
	if err != nil {
		return err
	}
	defer body.Close()
	return copyTo(r.Out, body)
}

func firstContainer(pod object.Object) string {
	for _, c := range object.Maps(pod, "spec", "containers") {
		return object.String(c, "name")
	}
	return ""
}

// exitOf is the exit code of a pod's first container as an error.
func exitOf(pod object.Object) error {
	where := object.Namespace(pod) + "/" + object.Name(pod)
	switch phase := object.String(pod, "status", "phase"); phase {
	case "Succeeded":
		return nil
	case "Failed":
	default:
		return fmt.Errorf("pod %s left in phase %s", where, phase)
	}
	statuses := object.Maps(pod, "status", "containerStatuses")
	if len(statuses) == 0 {
		return fmt.Errorf("pod %s failed with unknown exit code", where)
	}
	t := object.Map(statuses[0], "state", "terminated")
	code, _ := object.Int(t, "exitCode")
	if code == 0 {
		return fmt.Errorf("pod %s failed with unknown exit code", where)
	}
	return exitError{int(code), verbatim(fmt.Sprintf("pod %s terminated (%s)\n%s", where, object.String(t, "reason"), object.String(t, "message")))}
}
