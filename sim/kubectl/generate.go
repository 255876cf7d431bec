package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
)

// lastApplied is the annotation that holds the configuration given to the last apply.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// generator is one run of a `create KIND` command: a name, and how the object is sent and printed.
type generator struct {
	*Factory
	cmd       *cobra.Command
	name      string
	command   []string // what follows NAME, with or without --
	namespace string
	explicit  bool // --namespace was given
	dry       dryRun
	validate  string
	printer   printers.Printer
}

// nameArg is the one argument before any --.
func nameArg(cmd *cobra.Command, args []string) (string, error) {
	n := cmd.ArgsLenAtDash()
	if n == -1 {
		n = len(args)
	}
	if n != 1 {
		return "", usageErrorf(cmd, "exactly one NAME is required, got %d", n)
	}
	return args[0], nil
}

func (f *Factory) generator(cmd *cobra.Command, args []string) (*generator, error) {
	g := &generator{Factory: f, cmd: cmd}
	var err error
	if g.name, err = nameArg(cmd, args); err != nil {
		return nil, err
	}
	g.command = args[1:]
	if _, err = f.Client(); err != nil {
		return nil, err
	}
	if g.namespace, g.explicit, err = f.Namespace(); err != nil {
		return nil, err
	}
	if g.dry, err = f.dryRunFlag(cmd); err != nil {
		return nil, err
	}
	if g.printer, err = f.printer(cmd, "created"+g.dry.suffix()); err != nil {
		return nil, err
	}
	g.validate, err = validateFlag(cmd)
	return g, err
}

var errNameless = errors.New("name must be specified")

// meta is the metadata of the new object: its namespace only where --namespace was given.
func (g *generator) meta() metav1.ObjectMeta {
	m := metav1.ObjectMeta{Name: g.name}
	if g.explicit {
		m.Namespace = g.namespace
	}
	return m
}

// create sends o, a pointer to a typed object with its kind set, to the collection of r, and prints what came of it. wrap words a
// refusal; nil leaves it as it is.
func (g *generator) create(r discovery.Resource, o metav1.Object, wrap func(error) error) error {
	if err := annotateTyped(flagBool(g.cmd, "save-config"), o); err != nil {
		return err
	}
	if g.dry == dryRunClient {
		return g.printer.Print(o, g.Out)
	}
	stored, err := g.post(r, o)
	if err != nil {
		if wrap != nil {
			err = wrap(err)
		}
		return err
	}
	return g.printer.Print(stored, g.Out)
}

// post returns what the server stored, as the type of o.
func (g *generator) post(r discovery.Resource, o metav1.Object) (any, error) {
	body, err := object.Encode(o)
	if err != nil {
		return nil, err
	}
	req, err := r.Request(http.MethodPost, g.namespace, "")
	if err != nil {
		return nil, err
	}
	req.Body = body
	req.Query = resource.Options{DryRun: g.dry == dryRunServer, FieldManager: flagString(g.cmd, "field-manager"), FieldValidation: g.validate}.Query()
	client, err := g.Client()
	if err != nil {
		return nil, err
	}
	data, err := client.Do(g.ctx, req)
	if err != nil {
		return nil, err
	}
	stored := reflect.New(reflect.TypeOf(o).Elem()).Interface()
	return stored, json.Unmarshal(data, stored)
}

// failedTo wraps a refusal as "failed to create WHAT: …".
func failedTo(what string) func(error) error {
	return func(err error) error { return fmt.Errorf("failed to create %s: %v", what, err) }
}

// annotateTyped records o in its own annotation where save is set or the annotation is there.
func annotateTyped(save bool, o metav1.Object) error {
	annotations := o.GetAnnotations()
	if _, has := annotations[lastApplied]; !save && !has {
		return nil
	}
	delete(annotations, lastApplied)
	if annotations == nil {
		annotations = map[string]string{}
	}
	o.SetAnnotations(annotations)
	data, err := object.Encode(o)
	if err != nil {
		return err
	}
	annotations[lastApplied] = string(data)
	o.SetAnnotations(annotations)
	return nil
}

// configuration is o as it stands in the annotation: without the annotation itself, annotations present even if empty.
func configuration(o object.Object) ([]byte, error) {
	c := object.Copy(o)
	annotations := map[string]any{}
	for k, v := range object.Map(c, "metadata", "annotations") {
		if k != lastApplied {
			annotations[k] = v
		}
	}
	object.Set(c, annotations, "metadata", "annotations")
	return object.Encode(c)
}

// annotate records o in its own annotation where save is set or the annotation is there.
func annotate(save bool, o object.Object) error {
	if _, has := object.Get(o, "metadata", "annotations", lastApplied); !save && !has {
		return nil
	}
	data, err := configuration(o)
	if err != nil {
		return err
	}
	object.Set(o, string(data), "metadata", "annotations", lastApplied)
	return nil
}
