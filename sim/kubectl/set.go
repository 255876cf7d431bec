package kubectl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
)

// A setting is what the subcommands of set share: where the objects come from and how far a change goes.
type setting struct {
	f         *Factory
	cmd       *cobra.Command
	run       dryRun
	local     bool
	namespace string
	printer   printers.Printer
}

var errLocalServer = errors.New("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")

func (f *Factory) newSetting(cmd *cobra.Command, done string) (*setting, error) {
	run, err := f.dryRunFlag(cmd)
	if err != nil {
		return nil, err
	}
	p, err := f.printer(cmd, done+run.suffix())
	if err != nil {
		return nil, err
	}
	s := &setting{f: f, cmd: cmd, run: run, local: flagBool(cmd, "local"), printer: p}
	s.namespace, _, err = f.Namespace()
	if err != nil && !s.local {
		return nil, err
	}
	return s, nil
}

// infos finds the objects that args, flags and files name. refuseNames says that --local and names together are an error.
func (s *setting) infos(args []string, refuseNames bool) ([]*resource.Info, error) {
	_, enforce, _ := s.f.Namespace()
	b := s.f.TypedBuilder()
	b.Local, b.ContinueOnError, b.DefaultNamespace, b.Flatten = s.local, true, true, true
	b.Namespace, b.EnforceNamespace, b.Filenames = s.namespace, enforce, filenames(s.cmd)
	if !s.local {
		b.Labels, b.Args, b.AllowEmptySelector, b.Latest = flagString(s.cmd, "selector"), args, flagBool(s.cmd, "all"), true
	} else if refuseNames && len(args) > 0 {
		return nil, resource.ErrLocal
	}
	return b.Do().Infos()
}

// typedChanges makes the change of each object in its Go type, which fills in what that type always has.
func typedChanges(infos []*resource.Info, mutate func(i *resource.Info, typed any) (applies bool, err error)) []change {
	var out []change
	for _, i := range infos {
		typed := newTyped(object.GVK(i.Object))
		if typed == nil {
			out = append(out, change{info: i, err: noPodTemplate(i.Object)})
			continue
		}
		c := change{info: i}
		var before, after object.Object
		applies := false
		if c.err = object.To(i.Object, typed); c.err == nil {
			before, c.err = object.From(typed)
		}
		if c.err == nil {
			applies, c.err = mutate(i, typed)
		}
		if c.err == nil && applies {
			if after, c.err = object.From(typed); c.err == nil {
				i.Object = after
				c.patch, c.err = twoWay(before, after)
			}
		}
		if applies || c.err != nil {
			out = append(out, c)
		}
	}
	return out
}

func noPodTemplate(o object.Object) error {
	return fmt.Errorf("the object is not a pod or does not have a pod template: %s", goType(o))
}

// podSpecOf is the pod spec of a workload, nil for other kinds.
func podSpecOf(typed any) *corev1.PodSpec {
	switch t := typed.(type) {
	case *corev1.Pod:
		return &t.Spec
	case *corev1.ReplicationController:
		if t.Spec.Template == nil {
			t.Spec.Template = &corev1.PodTemplateSpec{}
		}
		return &t.Spec.Template.Spec
	case *appsv1.Deployment:
		return &t.Spec.Template.Spec
	case *appsv1.DaemonSet:
		return &t.Spec.Template.Spec
	case *appsv1.ReplicaSet:
		return &t.Spec.Template.Spec
	case *appsv1.StatefulSet:
		return &t.Spec.Template.Spec
	case *batchv1.Job:
		return &t.Spec.Template.Spec
	case *batchv1.CronJob:
		return &t.Spec.JobTemplate.Spec.Template.Spec
	}
	return nil
}

// finish sends the changes and prints the objects. failed words a refusal; always sends even what changes nothing.
func (s *setting) finish(list []change, errs []error, failed string, always bool) error {
	for _, c := range list {
		switch {
		case c.err != nil:
			errs = append(errs, fmt.Errorf("error: %s %v\n", c.info.ObjectName(), c.err))
		case len(c.patch) == 0 && !always:
		default:
			if err := s.one(c, failed); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return utilerrors.NewAggregate(errs)
}

func (s *setting) one(c change, failed string) error {
	o := c.info.Object
	if !s.local && s.run != dryRunClient {
		var err error
		o, err = c.send(resource.Options{DryRun: s.run == dryRunServer, FieldManager: flagString(s.cmd, "field-manager")})
		if err != nil {
			if failed == "" {
				return err
			}
			return fmt.Errorf("%s %v", failed, err)
		}
	}
	return s.print(o)
}

// print prints an object in the form of its Go type.
func (s *setting) print(o object.Object) error {
	return s.printer.Print(asTypedObject(o, outputOf(s.cmd).managedFields), s.f.Out)
}

// asTypedObject is o in its Go type where it is a built-in kind, so that JSON has the fields in that type's order.
func asTypedObject(o object.Object, managedFields bool) any {
	typed := newTyped(object.GVK(o))
	if typed == nil {
		return o
	}
	if !managedFields {
		o = object.Copy(o)
		object.Delete(o, "metadata", "managedFields")
	}
	if object.To(o, typed) != nil {
		return o
	}
	return typed
}

// recorded notes the command in a typed object where --record asks for it.
func (s *setting) recorded(typed any) {
	if !flagBool(s.cmd, "record") {
		return
	}
	if o, err := object.From(typed); err == nil {
		s.f.recordCause(s.cmd, o)
		_ = object.To(o, typed)
	}
}

// matchName says whether a name fits a pattern in which * stands for anything.
func matchName(name, pattern string) bool {
	if !strings.Contains(pattern, "*") || pattern == "*" {
		return pattern == "*" || name == pattern
	}
	parts, at := strings.Split(pattern, "*"), 0
	for i, part := range parts {
		if part == "" {
			continue
		}
		next := strings.Index(name[at:], part)
		if next < at || i == 0 && at != 0 || i == len(parts)-1 && len(name) != len(part)+next {
			return false
		}
		at = next
	}
	return true
}

// containersLike are the containers of a pod whose names fit, the init containers last.
func containersLike(spec *corev1.PodSpec, pattern string) []*corev1.Container {
	var out []*corev1.Container
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range list {
			if matchName(list[i].Name, pattern) {
				out = append(out, &list[i])
			}
		}
	}
	return out
}

func runSetImage(f *Factory, cmd *cobra.Command, args []string) error {
	s, err := f.newSetting(cmd, "image updated")
	if err != nil {
		return err
	}
	resources, pairs, err := resourcesAndPairs(args, "image")
	if err != nil {
		return err
	}
	images, _, err := parsePairs(pairs, "image", false)
	if err != nil {
		return err
	}
	infos, err := s.infos(resources, true)
	if err != nil {
		return err
	}
	files := filenames(cmd)
	var errs []error
	if flagBool(cmd, "all") && flagString(cmd, "selector") != "" {
		errs = append(errs, errors.New("cannot set --all and --selector at the same time"))
	}
	if len(resources) == 0 && files.Empty() {
		errs = append(errs, errors.New("one or more resources must be specified as <resource> <name> or <resource>/<name>"))
	}
	if _, all := images["*"]; len(images) == 0 {
		errs = append(errs, errors.New("at least one image update is required"))
	} else if all && len(images) > 1 {
		errs = append(errs, errors.New("all containers are already specified by *, but saw more than one container_name=container_image pairs"))
	}
	if s.local && s.run == dryRunServer {
		errs = append(errs, errLocalServer)
	}
	if len(errs) > 0 {
		return utilerrors.NewAggregate(errs)
	}
	list := typedChanges(infos, func(i *resource.Info, typed any) (bool, error) {
		spec := podSpecOf(typed)
		if spec == nil {
			return false, noPodTemplate(i.Object)
		}
		for _, name := range object.SortedKeys(images) {
			if !setImage(spec, name, images[name]) {
				errs = append(errs, fmt.Errorf("error: unable to find container named %q", name))
			}
		}
		s.recorded(typed)
		return true, nil
	})
	return s.finish(list, errs, "failed to patch image update to pod template:", false)
}

func setImage(spec *corev1.PodSpec, name, image string) bool {
	found := false
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			if name == "*" || list[i].Name == name {
				list[i].Image, found = image, true
			}
		}
	}
	return found
}

func runSetResources(f *Factory, cmd *cobra.Command, args []string) error {
	s, err := f.newSetting(cmd, "resource requirements updated")
	if err != nil {
		return err
	}
	infos, err := s.infos(args, true)
	if err != nil {
		return err
	}
	limits, requests := flagString(cmd, "limits"), flagString(cmd, "requests")
	switch {
	case s.local && s.run == dryRunServer:
		return errLocalServer
	case flagBool(cmd, "all") && flagString(cmd, "selector") != "":
		return errors.New("cannot set --all and --selector at the same time")
	case limits == "" && requests == "":
		return errors.New("you must specify an update to requests or limits (in the form of --requests/--limits)")
	}
	limit, err := resourceList(limits)
	if err != nil {
		return err
	}
	request, err := resourceList(requests)
	if err != nil {
		return err
	}
	pattern := flagString(cmd, "containers")
	var errs []error
	list := typedChanges(infos, func(i *resource.Info, typed any) (bool, error) {
		spec := podSpecOf(typed)
		if spec == nil {
			return false, noPodTemplate(i.Object)
		}
		containers := containersLike(spec, pattern)
		if len(containers) == 0 {
			errs = append(errs, fmt.Errorf("error: unable to find container named %s", pattern))
			return false, nil
		}
		for _, c := range containers {
			overlay(&c.Resources.Limits, limit)
			overlay(&c.Resources.Requests, request)
		}
		s.recorded(typed)
		return true, nil
	})
	return s.finish(list, errs, "failed to patch resources update to pod template", false)
}

func overlay(list *corev1.ResourceList, with corev1.ResourceList) {
	if len(with) > 0 && *list == nil {
		*list = corev1.ResourceList{}
	}
	for name, q := range with {
		(*list)[name] = q
	}
}

func runSetServiceAccount(f *Factory, cmd *cobra.Command, args []string) error {
	s, err := f.newSetting(cmd, "serviceaccount updated")
	if err != nil {
		return err
	}
	if s.local && s.run == dryRunServer {
		return errLocalServer
	}
	if len(args) == 0 {
		return errors.New("serviceaccount is required")
	}
	last := len(args) - 1
	infos, err := s.infos(args[:last], false)
	if err != nil {
		return err
	}
	list := typedChanges(infos, func(i *resource.Info, typed any) (bool, error) {
		spec := podSpecOf(typed)
		if spec == nil {
			return false, noPodTemplate(i.Object)
		}
		spec.ServiceAccountName = args[last]
		s.recorded(typed)
		return true, nil
	})
	return s.finish(list, nil, "failed to patch ServiceAccountName", true)
}

func runSetSelector(f *Factory, cmd *cobra.Command, args []string) error {
	run, err := f.dryRunFlag(cmd)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return errors.New("one selector is required")
	}
	last := len(args) - 1
	selector, expressions, err := parseLabelSelector(args[last])
	if err != nil {
		return err
	}
	p, err := f.printer(cmd, "selector updated"+run.suffix())
	if err != nil {
		return err
	}
	namespace, enforce, err := f.Namespace()
	local := flagBool(cmd, "local")
	if err != nil && !local {
		return err
	}
	b := f.TypedBuilder()
	b.Local, b.ContinueOnError, b.DefaultNamespace, b.Flatten, b.Latest = local, true, true, true, !local
	b.Namespace, b.EnforceNamespace, b.Filenames = namespace, enforce, filenames(cmd)
	if !local {
		b.AllowEmptySelector, b.Args = flagBool(cmd, "all"), args[:last]
	}
	s := &setting{f: f, cmd: cmd, run: run, local: local, printer: p}
	return b.Do().Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		version := flagString(cmd, "resource-version")
		if version != "" {
			object.Delete(i.Object, "metadata", "resourceVersion")
		}
		list := typedChanges([]*resource.Info{i}, func(i *resource.Info, typed any) (bool, error) {
			service, ok := typed.(*corev1.Service)
			switch {
			case !ok:
				return false, errors.New("setting a selector is only supported for Services")
			case len(expressions) > 0:
				return false, fmt.Errorf("match expression %v not supported on this object", expressions)
			}
			service.Spec.Selector = selector
			if version != "" {
				service.ResourceVersion = version
			}
			s.recorded(typed)
			return true, nil
		})
		if list[0].err != nil {
			return list[0].err
		}
		return s.one(list[0], "")
	})
}

func runSetSubject(f *Factory, cmd *cobra.Command, args []string) error {
	s, err := f.newSetting(cmd, "subjects updated")
	if err != nil {
		return err
	}
	infos, err := s.infos(args, true)
	if err != nil {
		return err
	}
	users, groups, accounts := flagArray(cmd, "user"), flagArray(cmd, "group"), flagArray(cmd, "serviceaccount")
	switch {
	case s.local && s.run == dryRunServer:
		return errLocalServer
	case flagBool(cmd, "all") && flagString(cmd, "selector") != "":
		return errors.New("cannot set --all and --selector at the same time")
	case len(users)+len(groups)+len(accounts) == 0:
		return errors.New("you must specify at least one value of user, group or serviceaccount")
	}
	for _, a := range accounts {
		if parts := strings.Split(a, ":"); len(parts) != 2 || parts[1] == "" {
			return errors.New("serviceaccount must be <namespace>:<name>")
		}
		for _, i := range infos {
			if object.Kind(i.Object) == "ClusterRoleBinding" && strings.HasPrefix(a, ":") {
				return errors.New("serviceaccount must be <namespace>:<name>, namespace must be specified")
			}
		}
	}
	subjects := subjectsOf(users, groups, accounts, s.namespace)
	list := typedChanges(infos, func(i *resource.Info, typed any) (bool, error) { return addSubjects(typed, subjects) })
	return s.finish(list, nil, "failed to patch subjects to rolebinding:", false)
}
