package kubectl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
)

// tainting is one `kubectl taint`.
type tainting struct {
	add, remove []corev1.Taint
	overwrite   bool
}

func runTaint(f *Factory, cmd *cobra.Command, args []string) error {
	run, err := f.dryRunFlag(cmd)
	if err != nil {
		return err
	}
	validate, err := validateFlag(cmd)
	if err != nil {
		return err
	}
	resources, specs, err := taintArgs(args)
	if err != nil {
		return err
	}
	t := tainting{overwrite: flagBool(cmd, "overwrite")}
	if t.add, t.remove, err = parseTaints(specs); err != nil {
		return usageErrorf(cmd, "%s", err.Error())
	}
	if err := f.onlyNodes(strings.ToLower(resources[0])); err != nil {
		return err
	}
	if err := t.check(cmd, resources); err != nil {
		return err
	}
	b := f.TypedBuilder()
	if b.Namespace, _, err = f.Namespace(); err != nil {
		return err
	}
	b.ContinueOnError, b.DefaultNamespace, b.Flatten, b.Latest = true, true, true, true
	b.Labels, b.All = flagString(cmd, "selector"), flagBool(cmd, "all")
	if b.All || b.Labels != "" {
		b.Types = []string{"node"}
	} else {
		b.DefaultType, b.Names = "node", resources[1:]
	}
	opts := resource.Options{DryRun: run == dryRunServer, FieldManager: flagString(cmd, "field-manager"), FieldValidation: validate}
	return b.Do().Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		before := object.Copy(i.Object)
		done, err := t.apply(i.Object)
		if err != nil {
			return err
		}
		p, err := f.printer(cmd, done)
		if err != nil {
			return err
		}
		if run == dryRunClient {
			return p.Print(i.Object, f.Out)
		}
		c := change{info: i}
		if c.patch, err = twoWay(before, i.Object); err != nil {
			return err
		}
		o, err := c.send(opts)
		if err != nil {
			return err
		}
		return p.Print(o, f.Out)
	})
}

// taintArgs splits the arguments: first the resources, then the taints.
func taintArgs(args []string) (resources, taints []string, err error) {
	for _, a := range args {
		isTaint := strings.ContainsAny(a, "=:") || strings.HasSuffix(a, "-")
		switch {
		case isTaint:
			taints = append(taints, a)
		case len(taints) > 0:
			return nil, nil, fmt.Errorf("all resources must be specified before taint changes: %s", a)
		default:
			resources = append(resources, a)
		}
	}
	switch {
	case len(resources) == 0:
		return nil, nil, errors.New("one or more resources must be specified as <resource> <name>")
	case len(taints) == 0:
		return nil, nil, errors.New("at least one taint update is required")
	}
	return resources, taints, nil
}

// onlyNodes refuses a type of objects that has no taints.
func (f *Factory) onlyNodes(word string) error {
	name, _, _ := strings.Cut(word, ".")
	m, err := f.Mapper()
	if err != nil {
		return err
	}
	r, err := m.Lookup(schema.GroupVersionResource{Resource: name})
	if err != nil {
		return err
	}
	if r.Kind != "Node" {
		return fmt.Errorf("invalid resource type %s, only node types are supported", word)
	}
	return nil
}

func (t tainting) check(cmd *cobra.Command, resources []string) error {
	var both []string
	for _, add := range t.add {
		for _, remove := range t.remove {
			if add.Key == remove.Key && (remove.Effect == "" || add.Effect == remove.Effect) {
				both = append(both, fmt.Sprintf("%s=%s", remove.Key, remove.Effect))
			}
		}
	}
	all, selector := flagBool(cmd, "all"), flagString(cmd, "selector")
	switch {
	case len(both) > 0:
		return fmt.Errorf("can not both modify and remove the following taint(s) in the same command: %s", strings.Join(both, ", "))
	case all && selector != "":
		return errors.New("setting 'all' parameter with a non empty selector is prohibited")
	case !all && selector == "" && len(resources) < 2:
		return errors.New("at least one resource name must be specified since 'all' parameter is not set")
	}
	return nil
}

// apply changes the taints of a node and says in one word how: tainted, untainted or modified.
func (t tainting) apply(o object.Object) (string, error) {
	var node corev1.Node
	if err := object.To(o, &node); err != nil {
		return "", err
	}
	if existing := t.existing(node.Spec.Taints); existing != "" && !t.overwrite {
		return "", fmt.Errorf("node %s already has %v taint(s) with same effect(s) and --overwrite is false", node.Name, existing)
	}
	taints := slices.Clone(t.add)
	for _, old := range node.Spec.Taints {
		if !slices.ContainsFunc(taints, func(x corev1.Taint) bool { return x.MatchTaint(&old) }) {
			taints = append(taints, old)
		}
	}
	added := len(taints) != len(node.Spec.Taints)
	var errs []error
	removed := false
	for _, remove := range t.remove {
		before := len(taints)
		taints = slices.DeleteFunc(taints, func(x corev1.Taint) bool {
			return x.Key == remove.Key && (remove.Effect == "" || x.Effect == remove.Effect)
		})
		if removed = len(taints) != before; !removed {
			errs = append(errs, fmt.Errorf("taint %q not found", remove.ToString()))
		}
	}
	if len(errs) > 0 {
		return "", utilerrors.NewAggregate(errs)
	}
	var list []any
	for _, x := range taints {
		one, err := object.From(x)
		if err != nil {
			return "", err
		}
		list = append(list, one)
	}
	if list == nil {
		object.Delete(o, "spec", "taints")
	} else {
		object.Set(o, list, "spec", "taints")
	}
	switch {
	case added && removed || t.overwrite:
		return "modified", nil
	case added:
		return "tainted", nil
	}
	return "untainted", nil
}

// existing names the taints to be added that are there already.
func (t tainting) existing(old []corev1.Taint) string {
	var keys []string
	for _, add := range t.add {
		for _, x := range old {
			if x.Key == add.Key && x.Effect == add.Effect {
				keys = append(keys, add.Key)
			}
		}
	}
	return strings.Join(keys, ",")
}

// parseTaints reads taints to be set, and to be removed where they end in a minus.
func parseTaints(specs []string) (add, remove []corev1.Taint, err error) {
	for _, spec := range specs {
		if rest, ok := strings.CutSuffix(spec, "-"); ok {
			t, err := parseTaint(rest)
			if err != nil {
				return nil, nil, err
			}
			remove = append(remove, corev1.Taint{Key: t.Key, Effect: t.Effect})
			continue
		}
		t, err := parseTaint(spec)
		switch {
		case err != nil:
			return nil, nil, err
		case t.Effect == "":
			return nil, nil, fmt.Errorf("invalid taint spec: %v", spec)
		case slices.ContainsFunc(add, func(x corev1.Taint) bool { return x.MatchTaint(&t) }):
			return nil, nil, fmt.Errorf("duplicated taints with the same key and effect: {%v %v %v <nil>}", t.Key, t.Value, t.Effect)
		}
		add = append(add, t)
	}
	return add, remove, nil
}

// parseTaint reads KEY, KEY:EFFECT or KEY=VALUE:EFFECT.
func parseTaint(spec string) (t corev1.Taint, err error) {
	invalid := func(problems ...string) error {
		text := "invalid taint spec: " + spec
		if len(problems) > 0 {
			text += ", " + strings.Join(problems, "; ")
		}
		return errors.New(text)
	}
	key, effect, hasEffect := strings.Cut(spec, ":")
	if strings.Contains(effect, ":") {
		return t, invalid()
	}
	if hasEffect {
		switch t.Effect = corev1.TaintEffect(effect); t.Effect {
		case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
		default:
			return t, fmt.Errorf("invalid taint effect: %v, unsupported taint effect", effect)
		}
		key, t.Value, _ = strings.Cut(key, "=")
		if strings.Contains(t.Value, "=") {
			return t, invalid()
		}
		if problems := validation.IsValidLabelValue(t.Value); len(problems) > 0 {
			return t, invalid(problems...)
		}
	}
	if problems := validation.IsQualifiedName(key); len(problems) > 0 {
		return t, invalid(problems...)
	}
	t.Key = key
	return t, nil
}
