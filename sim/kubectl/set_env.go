package kubectl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
)

type envCommand struct {
	*setting
	set    []corev1.EnvVar
	remove []string
	stdin  bool // the variables came from standard input
	store  map[string]object.Object
}

func runSetEnv(f *Factory, cmd *cobra.Command, args []string) error {
	if flagBool(cmd, "all") && flagString(cmd, "selector") != "" {
		return errors.New("cannot set --all and --selector at the same time")
	}
	resources, pairs, ok := splitEnv(args)
	if !ok {
		return fmt.Errorf("all resources must be specified before environment changes: %s", strings.Join(args, " "))
	}
	s, err := f.newSetting(cmd, "env updated")
	if err != nil {
		return err
	}
	files := filenames(cmd)
	switch {
	case s.local && s.run == dryRunServer:
		return errLocalServer
	case len(files.Names) == 0 && len(resources) == 0:
		return errors.New("one or more resources must be specified as <resource> <name> or <resource>/<name>")
	case flagBool(cmd, "list") && flagString(cmd, "output") != "":
		return errors.New("--list and --output may not be specified together")
	case len(flagStrings(cmd, "keys")) > 0 && flagString(cmd, "from") == "":
		return errors.New("when specifying --keys, a configmap or secret must be provided with --from")
	}
	c := &envCommand{setting: s, store: map[string]object.Object{}}
	if err := c.parse(append(flagArray(cmd, "env"), pairs...)); err != nil {
		return err
	}
	if from := flagString(cmd, "from"); from != "" {
		if err := c.imports(from); err != nil {
			return err
		}
	}
	for i := range c.set {
		c.set[i].Name = flagString(cmd, "prefix") + c.set[i].Name
	}
	infos, err := s.infos(resources, false)
	if err != nil {
		return err
	}
	list := typedChanges(infos, c.change)
	if flagBool(cmd, "list") {
		return nil
	}
	return c.finish(list, len(c.set) == 0 && len(pairs) == 0)
}

// finish is setting.finish, but a run that was told no variables fails after it has changed something.
func (c *envCommand) finish(list []change, nothing bool) error {
	if !nothing || c.local || c.run == dryRunClient {
		return c.setting.finish(list, nil, "failed to patch env update to pod template:", false)
	}
	var errs []error
	for _, x := range list {
		switch {
		case x.err != nil:
			errs = append(errs, fmt.Errorf("error: %s %v\n", x.info.ObjectName(), x.err))
		case len(x.patch) > 0:
			if _, err := x.send(resource.Options{DryRun: c.run == dryRunServer, FieldManager: flagString(c.cmd, "field-manager")}); err != nil {
				errs = append(errs, fmt.Errorf("failed to patch env update to pod template: %v", err))
				continue
			}
			return errors.New("at least one environment variable must be provided")
		}
	}
	return utilerrors.NewAggregate(errs)
}

var envArgument = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("(?ms)^(.+)\\=(.*)$") })

// splitEnv splits arguments: first resources, then KEY=VALUE, KEY- and -.
func splitEnv(args []string) (resources, pairs []string, ok bool) {
	for _, a := range args {
		isEnv := envArgument().MatchString(a) || strings.HasSuffix(a, "-")
		switch {
		case isEnv:
			pairs = append(pairs, a)
		case len(pairs) > 0:
			return nil, nil, false
		default:
			resources = append(resources, a)
		}
	}
	return resources, pairs, true
}

func (c *envCommand) parse(pairs []string) error {
	named := map[string]bool{}
	for _, p := range pairs {
		key, value, isPair := strings.Cut(p, "=")
		switch {
		case p == "-":
			if err := c.read(c.f.In); err != nil {
				return err
			}
			c.stdin = true
		case isPair:
			if errs := validation.IsEnvVarName(key); len(errs) > 0 {
				return fmt.Errorf("%q is not a valid key name: %s", key, strings.Join(errs, ";"))
			}
			named[key] = true
			c.set = append(c.set, corev1.EnvVar{Name: key, Value: value})
		case strings.HasSuffix(p, "-"):
			c.remove = append(c.remove, p[:len(p)-1])
		default:
			return fmt.Errorf("unknown environment variable: %v", p)
		}
	}
	for _, k := range c.remove {
		if named[k] {
			return errors.New("can not both modify and remove the same environment variable in the same command")
		}
	}
	return nil
}

// read takes variables from lines; what follows a # is a remark.
func (c *envCommand) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if key, value, ok := strings.Cut(line, "="); ok {
			c.set = append(c.set, corev1.EnvVar{Name: key, Value: value})
		}
	}
	return lines.Err()
}

// imports makes a variable of each key of a config map or secret.
func (c *envCommand) imports(from string) error {
	infos, err := c.infos([]string{from}, false)
	if err != nil {
		return err
	}
	keys := flagStrings(c.cmd, "keys")
	for _, i := range infos {
		kind := object.Kind(i.Object)
		if kind != "Secret" && kind != "ConfigMap" {
			return errors.New("unsupported resource specified in --from")
		}
		for _, key := range object.SortedKeys(object.Map(i.Object, "data")) {
			if len(keys) > 0 && !slices.Contains(keys, key) {
				continue
			}
			source, ref := &corev1.EnvVarSource{}, corev1.LocalObjectReference{Name: i.Name}
			if kind == "Secret" {
				source.SecretKeyRef = &corev1.SecretKeySelector{LocalObjectReference: ref, Key: key}
			} else {
				source.ConfigMapKeyRef = &corev1.ConfigMapKeySelector{LocalObjectReference: ref, Key: key}
			}
			c.set = append(c.set, corev1.EnvVar{Name: c.envName(key), ValueFrom: source})
		}
	}
	return nil
}

// envName makes the name of a variable of a key.
func (c *envCommand) envName(key string) string {
	name := strings.ToUpper(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, key))
	if name != key {
		c.f.printWarning(fmt.Sprintf("key %s transferred to %s", key, name))
	}
	return name
}

func (c *envCommand) change(i *resource.Info, typed any) (bool, error) {
	spec := podSpecOf(typed)
	if spec == nil {
		return false, noPodTemplate(i.Object)
	}
	pattern := flagString(c.cmd, "containers")
	containers := containersLike(spec, pattern)
	kind, name := object.Kind(i.Object), object.Name(i.Object)
	if len(containers) == 0 {
		c.f.printWarning(fmt.Sprintf("%s/%s does not have any containers matching %q", kind, name, pattern))
	}
	unresolved := false
	for _, x := range containers {
		if !flagBool(c.cmd, "overwrite") {
			for _, v := range c.set {
				if old := findEnv(x.Env, v.Name); old != nil && old.Value != v.Value {
					return false, fmt.Errorf("'%s' already has a value (%s), and --overwrite is false", old.Name, old.Value)
				}
			}
		}
		x.Env = c.update(x.Env)
		if flagBool(c.cmd, "list") {
			fmt.Fprintf(c.f.Out, "# %s %s, container %s\n", kind, name, x.Name)
			unresolved = c.list(i.Object, x) || unresolved
		}
	}
	if unresolved {
		return false, errors.New("failed to retrieve valueFrom references")
	}
	return true, nil
}

func findEnv(env []corev1.EnvVar, name string) *corev1.EnvVar {
	for i := range env {
		if env[i].Name == name {
			return &env[i]
		}
	}
	return nil
}

// update replaces and removes variables in place, and adds new ones at the end.
func (c *envCommand) update(env []corev1.EnvVar) []corev1.EnvVar {
	out := []corev1.EnvVar{}
	covered := map[string]bool{}
	for _, k := range c.remove {
		covered[k] = true
	}
	for _, v := range env {
		if covered[v.Name] {
			continue
		}
		if newer := findEnv(c.set, v.Name); newer != nil {
			covered[v.Name] = true
			v = *newer
		}
		out = append(out, v)
	}
	for _, v := range c.set {
		if !covered[v.Name] {
			covered[v.Name] = true
			out = append(out, v)
		}
	}
	return out
}

// list prints a container's variables, and says whether a reference could not be resolved.
func (c *envCommand) list(o object.Object, x *corev1.Container) (unresolved bool) {
	failures := map[string][]string{}
	for _, v := range x.Env {
		if v.ValueFrom == nil {
			fmt.Fprintf(c.f.Out, "%s=%s\n", v.Name, v.Value)
			continue
		}
		if flagBool(c.cmd, "resolve") {
			value, err := c.resolve(o, x, v.ValueFrom)
			if err == nil {
				fmt.Fprintf(c.f.Out, "%s=%s\n", v.Name, value)
				continue
			}
			failures[err.Error()] = append(failures[err.Error()], v.Name)
		}
		fmt.Fprintf(c.f.Out, "# %s from %s\n", v.Name, sourceText(v.ValueFrom))
	}
	var lines []string
	for err, names := range failures {
		sort.Strings(names)
		lines = append(lines, fmt.Sprintf("error retrieving reference for %s: %v", strings.Join(names, ", "), err))
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Fprintln(c.f.ErrOut, line)
	}
	return len(failures) > 0
}

func sourceText(from *corev1.EnvVarSource) string {
	switch {
	case from.ConfigMapKeyRef != nil:
		return fmt.Sprintf("configmap %s, key %s", from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key)
	case from.SecretKeyRef != nil:
		return fmt.Sprintf("secret %s, key %s", from.SecretKeyRef.Name, from.SecretKeyRef.Key)
	case from.FieldRef != nil:
		return "field path " + from.FieldRef.FieldPath
	case from.ResourceFieldRef != nil:
		prefix := ""
		if from.ResourceFieldRef.ContainerName != "" {
			prefix = from.ResourceFieldRef.ContainerName + "/"
		}
		return "resource field " + prefix + from.ResourceFieldRef.Resource
	}
	return "invalid valueFrom"
}
