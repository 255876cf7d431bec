package kubectl

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"terrarium/sim/kubectl/kubeconfig"
	"terrarium/sim/kubectl/object"
)

func runConfigSet(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return f.helpError(cmd, "Unexpected args: %v", args)
	}
	switch {
	case args[1] == "":
		return errors.New("you cannot use set to unset a property")
	case args[0] == "":
		return errors.New("you must specify a property")
	}
	return f.changeProperty(cmd, args[0], "set", func(last *property) (any, error) {
		switch last.kind {
		case "string":
			return args[1], nil
		case "bool":
			return strconv.ParseBool(args[1])
		case "bytes":
			if isSet(cmd, "set-raw-bytes") && flagChanged(cmd, "set-raw-bytes") {
				return base64.StdEncoding.EncodeToString([]byte(args[1])), nil
			}
			if _, err := base64.StdEncoding.DecodeString(args[1]); err != nil {
				return nil, fmt.Errorf("error decoding input value: %v", err)
			}
			return args[1], nil
		case "strings":
			return nil, errors.New("unrecognized slice type. string")
		case "map", "entry":
			return nil, errors.New("can't set a map to a value: map[]")
		}
		return nil, fmt.Errorf("unable to locate path api.navigationStep under %s", last.name)
	})
}

func runConfigUnset(f *Factory, cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return f.helpError(cmd, "Unexpected args: %v", args)
	}
	if args[0] == "" {
		return errors.New("you must specify a property")
	}
	return f.changeProperty(cmd, args[0], "unset", func(*property) (any, error) { return nil, nil })
}

// changeProperty stores what value says at a path of the kubeconfig; nil removes what is there.
func (f *Factory) changeProperty(cmd *cobra.Command, path, done string, value func(last *property) (any, error)) error {
	rules, c, err := f.configFiles(cmd)
	if err != nil {
		return err
	}
	steps, last, err := configSteps(path)
	if err != nil {
		return err
	}
	v, err := value(last)
	if err != nil {
		return err
	}
	if err := assign(c, steps, v); err != nil {
		return err
	}
	if err := rules.Save(f.Files, c, false); err != nil {
		return err
	}
	fmt.Fprintf(f.Out, "Property %q %s.\n", path, done)
	return nil
}

func assign(c *kubeconfig.Config, steps []string, v any) error {
	switch steps[0] {
	case "current-context":
		c.CurrentContext, _ = v.(string)
	case "preferences":
		c.Preferences = object.Copy(c.Preferences)
		if len(steps) == 1 || c.Preferences == nil {
			c.Preferences = map[string]any{}
		}
		if len(steps) > 1 {
			put(c.Preferences, steps[1:], v)
		}
		if len(c.Preferences) == 0 {
			c.Preferences = nil
		}
	case "clusters":
		return assignEntry(&c.Clusters, steps[1:], v)
	case "users":
		return assignEntry(&c.Users, steps[1:], v)
	case "contexts":
		return assignEntry(&c.Contexts, steps[1:], v)
	}
	return nil
}

// assignEntry changes one entry of a map, in its JSON form, or removes it.
func assignEntry[T any](entries *map[string]*T, steps []string, v any) error {
	if len(steps) == 0 {
		*entries = map[string]*T{}
		return nil
	}
	old, ok := (*entries)[steps[0]]
	if len(steps) == 1 {
		delete(*entries, steps[0])
		return nil
	}
	if !ok && v == nil {
		return fmt.Errorf("current map key `%v` is invalid", steps[0])
	}
	var x T
	if ok {
		x = *old
	}
	data, err := json.Marshal(x)
	if err != nil {
		return err
	}
	o, err := object.Decode(data)
	if err != nil {
		return err
	}
	fields := append([]string(nil), steps[1:]...)
	fields[0] = strings.Replace(fields[0], "act-as", "as", 1)
	put(o, fields, v)
	if data, err = json.Marshal(o); err != nil {
		return err
	}
	fresh := x // keeps where the entry came from, which is not in its JSON
	clearFields(&fresh, &x)
	if err := json.Unmarshal(data, &fresh); err != nil {
		return err
	}
	(*entries)[steps[0]] = &fresh
	return nil
}

// clearFields empties v but for its origin.
func clearFields(v, old any) {
	switch v := v.(type) {
	case *kubeconfig.Cluster:
		*v = kubeconfig.Cluster{Origin: old.(*kubeconfig.Cluster).Origin}
	case *kubeconfig.User:
		*v = kubeconfig.User{Origin: old.(*kubeconfig.User).Origin}
	case *kubeconfig.Context:
		*v = kubeconfig.Context{Origin: old.(*kubeconfig.Context).Origin}
	}
}

func put(o object.Object, path []string, v any) {
	if v == nil {
		object.Delete(o, path...)
		return
	}
	object.Set(o, v, path...)
}
