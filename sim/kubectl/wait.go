package kubectl

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/jsonpath"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
)

// createPoll is how often wait looks for what shall be created.
const createPoll = 500 * time.Millisecond

func runWait(f *Factory, cmd *cobra.Command, args []string) error {
	p, err := f.printer(cmd, "condition met")
	if err != nil {
		return err
	}
	conditions := flagArray(cmd, "for")
	checks, err := waitChecks(conditions)
	if err != nil {
		return err
	}
	find, err := f.waitObjects(cmd, args)
	if err != nil {
		return err
	}
	w := waiting{f: f, timeout: flagDuration(cmd, "timeout")}
	if w.timeout < 0 {
		w.timeout = forever
	}
	w.deadline = f.Now().Add(w.timeout)
	if asksFor(conditions, "create") {
		if err := w.created(find); err != nil {
			return err
		}
	}
	r, forDelete := find(), asksFor(conditions, "delete")
	if forDelete {
		r.IgnoreErrors(apierrors.IsNotFound)
	}
	found := false
	err = r.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		found = true
		for _, check := range checks {
			o, err := check(w, i)
			if err != nil {
				return err
			}
			_ = p.Print(o, f.Out)
		}
		return nil
	})
	if err == nil && !found && !forDelete {
		return errors.New("no matching resources found")
	}
	return err
}

// waitObjects is how the objects to wait for are found, each time anew.
func (f *Factory) waitObjects(cmd *cobra.Command, args []string) (func() *resource.Result, error) {
	namespace, enforce, err := f.Namespace()
	if err != nil {
		return nil, err
	}
	if flagBool(cmd, "local") && len(args) > 0 {
		return nil, resource.ErrLocal
	}
	return func() *resource.Result {
		b := f.Builder()
		b.ContinueOnError, b.DefaultNamespace, b.Flatten = true, true, true
		b.Namespace, b.EnforceNamespace, b.Filenames = namespace, enforce, filenames(cmd)
		b.AllNamespaces = flagBool(cmd, "all-namespaces")
		if flagBool(cmd, "local") {
			b.Local = true
			return b.Do()
		}
		b.Args, b.AllowEmptySelector, b.Latest = args, flagBool(cmd, "all"), true
		b.Labels, b.Fields = flagString(cmd, "selector"), flagString(cmd, "field-selector")
		return b.Do()
	}, nil
}

func asksFor(conditions []string, word string) bool {
	return slices.ContainsFunc(conditions, func(c string) bool { return strings.ToLower(c) == word })
}

// waiting is one call of wait. The deadline is that of all objects together.
type waiting struct {
	f        *Factory
	timeout  time.Duration
	deadline time.Time
}

// A waitCheck returns once the object of an info is as wanted, with the object to be printed.
type waitCheck func(w waiting, i *resource.Info) (object.Object, error)

// waitChecks reads the values of --for.
func waitChecks(conditions []string) ([]waitCheck, error) {
	var checks []waitCheck
	for _, c := range conditions {
		if word, ok := strings.CutPrefix(c, "condition="); ok {
			checks = append(checks, conditionCheck(word))
			continue
		}
		if expression, ok := strings.CutPrefix(c, "jsonpath="); ok {
			check, err := jsonpathCheck(expression)
			if err != nil {
				return nil, err
			}
			checks = append(checks, check)
			continue
		}
		switch strings.ToLower(c) {
		case "delete":
			checks = append(checks, waiting.deleted)
		case "create":
			checks = append(checks, func(_ waiting, i *resource.Info) (object.Object, error) {
				if i.Name == "" || i.Object == nil {
					return nil, errNoWaitName
				}
				return i.Object, nil
			})
		default:
			return nil, fmt.Errorf("unrecognized condition: %q", c)
		}
	}
	if checks == nil {
		return nil, fmt.Errorf("unrecognized condition: %q", conditions)
	}
	return checks, nil
}

var errNoWaitName = errors.New("resource name must be provided")

// created polls until all that was asked for is there.
func (w waiting) created(find func() *resource.Result) error {
	for {
		found := false
		err := find().Visit(func(_ *resource.Info, err error) error {
			found = found || err == nil
			return err
		})
		if err == nil && found || err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		if w.f.Now().Add(createPoll).After(w.deadline) {
			if err := w.f.Sleep(w.f.ctx, max(0, w.deadline.Sub(w.f.Now()))); err != nil {
				return err
			}
			return errTimeout
		}
		if err := w.f.Sleep(w.f.ctx, createPoll); err != nil {
			return err
		}
	}
}

func (w waiting) late(i *resource.Info) error {
	return fmt.Errorf("%v on %s", errTimeout, i.ObjectName())
}

// deleted returns once the object is gone.
func (w waiting) deleted(i *resource.Info) (object.Object, error) {
	if i.Name == "" {
		return nil, errNoWaitName
	}
	o, err := i.Read()
	switch {
	case apierrors.IsNotFound(err):
		return i.Object, nil
	case err != nil:
		return nil, err
	case w.timeout == 0:
		return nil, fmt.Errorf("condition not met for %s", i.ObjectName())
	case !w.f.Now().Before(w.deadline):
		return nil, w.late(i)
	}
	err = w.f.follow(i, w.deadline, func(now object.Object) (bool, error) { return now == nil, nil })
	if errors.Is(err, errTimeout) {
		err = w.late(i)
	}
	return o, err
}

// until returns once met says so. An object that disappears meanwhile is waited for in vain.
func (w waiting) until(i *resource.Info, met func(o object.Object) (bool, error)) (object.Object, error) {
	if i.Name == "" {
		return nil, errNoWaitName
	}
	if w.timeout == 0 {
		o, err := i.Read()
		if err != nil {
			return nil, err
		}
		ok, err := met(o)
		if err == nil && !ok {
			err = fmt.Errorf("condition not met for %s", i.ObjectName())
		}
		return o, err
	}
	if !w.f.Now().Before(w.deadline) {
		return nil, w.late(i)
	}
	var last object.Object
	first := true
	err := w.f.follow(i, w.deadline, func(o object.Object) (bool, error) {
		if o == nil {
			if first {
				return true, apierrors.NewNotFound(i.Resource.GVR().GroupResource(), i.Name)
			}
			return false, nil
		}
		first, last = false, o
		return met(o)
	})
	if errors.Is(err, errTimeout) {
		err = w.late(i)
	}
	return last, err
}

// conditionCheck waits for a condition of the object's status, given as NAME or NAME=VALUE.
func conditionCheck(word string) waitCheck {
	name, value, ok := strings.Cut(word, "=")
	if !ok {
		value = "true"
	}
	return func(w waiting, i *resource.Info) (object.Object, error) {
		return w.until(i, func(o object.Object) (bool, error) { return conditionMet(o, name, value) })
	}
}

// conditionMet compares a condition's status without regard to case. What was observed of an older generation does not count.
func conditionMet(o object.Object, name, value string) (bool, error) {
	v, ok := object.Get(o, "status", "conditions")
	if !ok {
		return false, nil
	}
	list, ok := v.([]any)
	if !ok {
		return false, fmt.Errorf(".status.conditions accessor error: %v is of the type %T, expected []interface{}", v, v)
	}
	for _, c := range list {
		condition, _ := c.(map[string]any)
		if !strings.EqualFold(object.String(condition, "type"), name) {
			continue
		}
		status, ok := condition["status"].(string)
		if !ok {
			continue
		}
		observed, known := object.Int(condition, "observedGeneration")
		if !known {
			observed, known = object.Int(o, "status", "observedGeneration")
		}
		if generation, ok := object.Int(o, "metadata", "generation"); ok && known && observed < generation {
			return false, nil
		}
		return strings.EqualFold(status, value), nil
	}
	return false, nil
}

// jsonpathCheck waits for the result of an expression, given as EXPRESSION (to be any) or EXPRESSION=VALUE.
func jsonpathCheck(input string) (waitCheck, error) {
	parts := splitJSONPath(input)
	if len(parts) > 2 {
		return nil, errors.New("jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'")
	}
	expression, err := printers.Relaxed(parts[0])
	if err != nil {
		return nil, err
	}
	value, anyValue := "", len(parts) == 1
	if !anyValue {
		if value = strings.Trim(parts[1], `'"`); value == "" {
			return nil, errors.New("jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3")
		}
	}
	if expression == "" {
		return nil, errors.New("jsonpath expression cannot be empty")
	}
	path := jsonpath.New("wait").AllowMissingKeys(true)
	if err := path.Parse(expression); err != nil {
		return nil, err
	}
	return func(w waiting, i *resource.Info) (object.Object, error) {
		return w.until(i, func(o object.Object) (bool, error) {
			results, err := path.FindResults(o)
			if err != nil || len(results) == 0 || len(results[0]) == 0 {
				return false, err
			}
			return resultMet(results, value, anyValue)
		})
	}, nil
}

func resultMet(results [][]reflect.Value, value string, anyValue bool) (bool, error) {
	switch {
	case len(results) > 1:
		return false, errors.New("given jsonpath expression matches more than one list")
	case len(results[0]) > 1:
		return false, errors.New("given jsonpath expression matches more than one value")
	case anyValue:
		return true, nil
	}
	result := results[0][0].Interface()
	switch result.(type) {
	case map[string]any, []any:
		return false, errors.New("jsonpath leads to a nested object or list which is not supported")
	}
	return strings.TrimSpace(fmt.Sprint(result)) == strings.TrimSpace(value), nil
}

// splitJSONPath splits at single equals signs; two in a row belong to the expression.
func splitJSONPath(input string) []string {
	var out []string
	var part strings.Builder
	for i := 0; i < len(input); i++ {
		switch {
		case input[i] == '=' && i+1 < len(input) && input[i+1] == '=':
			part.WriteString("==")
			i++
		case input[i] == '=':
			out = append(out, part.String())
			part.Reset()
		default:
			part.WriteByte(input[i])
		}
	}
	return append(out, part.String())
}
