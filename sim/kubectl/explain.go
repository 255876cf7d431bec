package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/jsonpath"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/explain"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/rest"
)

func runExplain(f *Factory, cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return fmt.Errorf("You must specify the type of resource to explain. %s\n", suggestAPIResources)
	case len(args) > 1:
		return errors.New("We accept only this format: explain RESOURCE\n")
	}
	r, path, err := f.explained(args[0], flagString(cmd, "api-version") == "")
	if err != nil {
		return err
	}
	gvr, gvk := r.GVR(), r.GVK()
	if v := flagString(cmd, "api-version"); v != "" {
		gv, err := schema.ParseGroupVersion(v)
		if err != nil {
			return err
		}
		gvr.Group, gvr.Version = gv.Group, gv.Version
		gvk = gv.WithKind(gvk.Kind)
	}
	format := flagString(cmd, "output")
	document, err := f.openAPI(gvr)
	if err != nil {
		return err
	}
	text := ""
	switch {
	case format == "plaintext-openapiv2" && document == nil:
		return fmt.Errorf("couldn't find resource for %q", gvk)
	case document == nil:
		return fmt.Errorf("couldn't find resource for \"%v\"", gvr)
	case format == "plaintext-openapiv2":
		text, err = explain.Old(document, gvk, path, flagBool(cmd, "recursive"))
	case format == "plaintext":
		text, err = explain.Plain(document, gvr, path, flagBool(cmd, "recursive"))
	default:
		return fmt.Errorf("unrecognized format: %s", format)
	}
	if _, failed := io.WriteString(f.Out, text); failed != nil {
		return failed
	}
	return err
}

// explained splits what is to be explained into the resource and the path of a field. A name may hold the resource's
// group where matchGroup is set.
func (f *Factory) explained(word string, matchGroup bool) (*discovery.Resource, []string, error) {
	fields, err := fieldPath(word)
	if err != nil {
		return nil, nil, err
	}
	m, err := f.Mapper()
	if err != nil {
		return nil, nil, err
	}
	r, err := m.Lookup(schema.GroupVersionResource{Resource: fields[0]})
	if err != nil {
		return nil, nil, err
	}
	if !matchGroup {
		return r, fields[1:], nil
	}
	all, _ := m.Preferred()
	for _, x := range append([]*discovery.Resource{r}, all...) {
		rest, ok := strings.CutPrefix(word, x.Full())
		if !ok || x.Name != r.Name {
			continue
		}
		rest = strings.TrimPrefix(rest, ".")
		if rest == "" {
			return x, nil, nil
		}
		fields, err := fieldPath(rest)
		return x, fields, err
	}
	return r, fields[1:], nil
}

// fieldPath splits a.b.c as JSONPath does; other steps than fields are refused.
func fieldPath(word string) ([]string, error) {
	p, err := jsonpath.Parse("user", "{."+strings.TrimSuffix(word, ".")+"}")
	if err != nil {
		return nil, err
	}
	if len(p.Root.Nodes) != 1 {
		return nil, errors.New("must pass in 1 jsonpath string")
	}
	list, ok := p.Root.Nodes[0].(*jsonpath.ListNode)
	if !ok || len(list.Nodes) == 0 {
		return nil, errors.New("invalid jsonpath syntax, first node must be field node")
	}
	var fields []string
	for _, n := range list.Nodes {
		field, ok := n.(*jsonpath.FieldNode)
		if !ok {
			return nil, errors.New("invalid jsonpath syntax, first node must be field node")
		}
		fields = append(fields, field.Value)
	}
	return fields, nil
}

// openAPI reads the OpenAPI v3 document of a group version, nil where the server has none.
func (f *Factory) openAPI(gvr schema.GroupVersionResource) (map[string]any, error) {
	client, err := f.Client()
	if err != nil {
		return nil, err
	}
	index, err := client.Get(f.ctx, "/openapi/v3", nil)
	if err != nil {
		return nil, fmt.Errorf("failed to fetch list of groupVersions: %w", err)
	}
	name := "api/" + gvr.Version
	if gvr.Group != "" {
		name = "apis/" + gvr.Group + "/" + gvr.Version
	}
	at := object.String(object.Map(index, "paths", name), "serverRelativeURL")
	if at == "" {
		return nil, nil
	}
	u, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	body, err := client.Do(f.ctx, rest.Request{Verb: "GET", Path: u.Path, Query: u.Query()})
	if err != nil {
		return nil, fmt.Errorf("failed to fetch openapi schema for %s: %w", name, err)
	}
	var document map[string]any
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, fmt.Errorf("failed to parse openapi schema for %s: %w", name, err)
	}
	return document, nil
}
