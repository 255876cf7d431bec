package printers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"terrarium/sim/kubectl/object"
)

// Printer writes one object, list, table or watch event. A value is an object.Object, or a typed object with its kind set.
type Printer interface {
	Print(v any, w io.Writer) error
}

// Func is a function as a Printer.
type Func func(v any, w io.Writer) error

func (f Func) Print(v any, w io.Writer) error { return f(v, w) }

// Event wraps an object in what a watch says of it, for --output-watch-events.
func Event(kind string, o object.Object) object.Object {
	return object.Object{"type": kind, "object": o}
}

func asEvent(o object.Object) (kind string, inner object.Object, ok bool) {
	if _, isObject := o["kind"]; isObject {
		return "", o, false
	}
	kind, ok = o["type"].(string)
	inner, isMap := o["object"].(map[string]any)
	if !ok || !isMap {
		return "", o, false
	}
	return kind, inner, true
}

// toObject is v as plain maps.
func toObject(v any) (object.Object, error) {
	if o, ok := v.(map[string]any); ok {
		return o, nil
	}
	return object.From(v)
}

var errNoKind = errors.New("missing apiVersion or kind; try GetObjectKind().SetGroupVersionKind() if you know the type")

// List holds several objects; its JSON begins with the kind.
type List struct {
	Kind       string          `json:"kind"`
	APIVersion string          `json:"apiVersion"`
	Metadata   struct{}        `json:"metadata"`
	Items      []object.Object `json:"items"`
}

// JSON writes indented JSON, an event on one line.
type JSON struct{}

func (JSON) Print(v any, w io.Writer) error {
	if o, ok := v.(map[string]any); ok {
		if kind, inner, ok := asEvent(o); ok {
			data, err := json.Marshal(struct {
				Type   string `json:"type"`
				Object any    `json:"object"`
			}{kind, inner})
			if err != nil {
				return err
			}
			_, err = w.Write(append(data, '\n'))
			return err
		}
		if object.Kind(o) == "" && object.APIVersion(o) == "" {
			return errNoKind
		}
	}
	data, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// YAML writes YAML documents, separated from the second on.
type YAML struct{ printed bool }

func (y *YAML) Print(v any, w io.Writer) error {
	if y.printed {
		io.WriteString(w, "---\n")
	}
	y.printed = true
	if o, ok := v.(map[string]any); ok {
		if _, _, isEvent := asEvent(o); !isEvent && object.Kind(o) == "" && object.APIVersion(o) == "" {
			return errNoKind
		}
	}
	data, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// WithoutManagedFields prints a copy of an object, or of a list's members, without metadata.managedFields.
type WithoutManagedFields struct{ Printer Printer }

func (p WithoutManagedFields) Print(v any, w io.Writer) error {
	if typed, ok := v.(metav1.Object); ok {
		fields := typed.GetManagedFields()
		typed.SetManagedFields(nil)
		defer typed.SetManagedFields(fields)
	}
	if list, ok := v.(*List); ok {
		out := *list
		out.Items = nil
		for _, o := range list.Items {
			out.Items = append(out.Items, stripped(o))
		}
		return p.Printer.Print(&out, w)
	}
	o, ok := v.(map[string]any)
	if !ok {
		return p.Printer.Print(v, w)
	}
	switch _, _, isEvent := asEvent(o); {
	case isEvent:
		return p.Printer.Print(v, w)
	case object.IsList(o):
		list := make(object.Object, len(o))
		for k, e := range o {
			list[k] = e
		}
		items := make([]any, 0, len(object.List(o, "items")))
		for _, e := range object.List(o, "items") {
			if item, ok := e.(map[string]any); ok {
				e = stripped(item)
			}
			items = append(items, e)
		}
		list["items"] = items
		o = list
	default:
		o = stripped(o)
	}
	return p.Printer.Print(o, w)
}

func stripped(o object.Object) object.Object {
	meta, ok := o["metadata"].(map[string]any)
	if !ok {
		return o
	}
	if _, has := meta["managedFields"]; !has {
		return o
	}
	out := make(object.Object, len(o))
	for k, v := range o {
		out[k] = v
	}
	inner := make(map[string]any, len(meta))
	for k, v := range meta {
		if k != "managedFields" {
			inner[k] = v
		}
	}
	out["metadata"] = inner
	return out
}

// Name writes kind.group/name, followed by what was done where Operation is set and Short is not.
type Name struct {
	Operation string
	Short     bool
}

func (n Name) Print(v any, w io.Writer) error {
	o, err := toObject(v)
	if err != nil {
		return err
	}
	if _, inner, ok := asEvent(o); ok {
		o = inner
	}
	if object.IsList(o) {
		for _, item := range object.Items(o) {
			if err := n.Print(item, w); err != nil {
				return err
			}
		}
		return nil
	}
	if object.Kind(o) == "" && object.APIVersion(o) == "" {
		return errNoKind
	}
	name := object.Name(o)
	if name == "" {
		name = "<unknown>"
	}
	gk := object.GVK(o).GroupKind()
	if gk.Kind == "" {
		return fmt.Errorf("missing kind for resource with name %v", name)
	}
	text := strings.ToLower(gk.Kind)
	if gk.Group != "" {
		text += "." + gk.Group
	}
	text += "/" + name
	if n.Operation != "" && !n.Short {
		text += " " + n.Operation
	}
	_, err = fmt.Fprintln(w, text)
	return err
}
