package kubectl

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/describe"
	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

const suggestAPIResources = `Use "kubectl api-resources" for a complete list of supported resources.`

func runDescribe(f *Factory, cmd *cobra.Command, args []string) error {
	namespace, enforce, err := f.Namespace()
	if err != nil {
		return err
	}
	all := flagBool(cmd, "all-namespaces")
	files := filenames(cmd)
	if len(args) == 0 && files.Empty() {
		return fmt.Errorf("You must specify the type of resource to describe. %s\n", suggestAPIResources)
	}
	b := f.Builder()
	b.ContinueOnError, b.DefaultNamespace, b.Flatten, b.AllowEmptySelector = true, true, true, true
	b.Namespace, b.AllNamespaces, b.EnforceNamespace = namespace, all, enforce && !all
	b.Filenames, b.Labels, b.Args, b.ChunkSize = files, flagString(cmd, "selector"), args, flagInt64(cmd, "chunk-size")
	r := b.Do()
	if r.Err() != nil {
		return r.Err()
	}
	d := describing{f: f, events: flagBool(cmd, "show-events"), chunk: b.ChunkSize}
	infos, err := r.Infos()
	if (err != nil || len(infos) > 1) && !flagChanged(cmd, "show-events") {
		d.events = false
	}
	if apierrors.IsNotFound(err) && len(args) == 2 {
		return d.matching(err, namespace, args[0], args[1])
	}
	if err := d.each(infos, err); err != nil {
		return err
	}
	if len(infos) == 0 {
		if all {
			fmt.Fprintln(f.ErrOut, "No resources found")
		} else {
			fmt.Fprintf(f.ErrOut, "No resources found in %s namespace.\n", namespace)
		}
	}
	return nil
}

type describing struct {
	f      *Factory
	events bool
	chunk  int64
}

// each describes the objects; an error that comes again is told once.
func (d describing) each(infos []*resource.Info, err error) error {
	var errs []error
	if err != nil {
		errs = append(errs, err)
	}
	seen := map[string]bool{}
	separator := ""
	for _, i := range infos {
		text, err := d.one(i.Resource, i.Namespace, i.Name)
		if err == nil {
			fmt.Fprint(d.f.Out, separator+text)
			separator = "\n\n"
		} else if !seen[err.Error()] {
			seen[err.Error()] = true
			errs = append(errs, err)
		}
	}
	return utilerrors.NewAggregate(errs)
}

// matching describes the objects whose names begin with prefix; where there are none, notFound stands.
func (d describing) matching(notFound error, namespace, resource, prefix string) error {
	b := d.f.Builder()
	b.Namespace, b.DefaultNamespace, b.AllowEmptySelector, b.SingleResourceType, b.Flatten = namespace, true, true, true, true
	b.Args, b.ChunkSize = []string{resource}, d.chunk
	infos, err := b.Do().Infos()
	if err != nil {
		return err
	}
	found := false
	for _, i := range infos {
		if !strings.HasPrefix(i.Name, prefix) {
			continue
		}
		found = true
		text, err := d.one(i.Resource, i.Namespace, i.Name)
		if err != nil {
			return err
		}
		fmt.Fprintln(d.f.Out, text)
	}
	if !found {
		return notFound
	}
	return nil
}

func (d describing) one(r *discovery.Resource, namespace, name string) (string, error) {
	client, err := d.f.Client()
	if err != nil {
		return "", err
	}
	m := describe.Mapping{Kind: r.GVK(), Resource: r.GVR()}
	return describe.Describe(d.f.ctx, typedGetter{client, d.chunk}, m, namespace, name, describe.Settings{ShowEvents: d.events, Now: d.f.Now()})
}

// typedGetter reads objects of the API for package describe.
type typedGetter struct {
	client *rest.Client
	chunk  int64
}

func resourcePath(r schema.GroupVersionResource, namespace, name string) string {
	d := discovery.Resource{Group: r.Group, Version: r.Version, Name: r.Resource, Namespaced: namespace != ""}
	return d.Path(namespace, name)
}

func (g typedGetter) Get(ctx context.Context, r schema.GroupVersionResource, namespace, name string, v any) error {
	body, err := g.client.Do(ctx, rest.Request{Verb: http.MethodGet, Path: resourcePath(r, namespace, name), Resource: r.GroupResource(), Name: name})
	if err != nil {
		return err
	}
	if o, ok := v.(*map[string]any); ok {
		*o, err = object.Decode(body)
		return err
	}
	return json.Unmarshal(body, v)
}

func (g typedGetter) List(ctx context.Context, r schema.GroupVersionResource, namespace string, s describe.Selectors, v any) error {
	query := url.Values{}
	set := func(key, value string) {
		if value != "" {
			query.Set(key, value)
		}
	}
	set("labelSelector", s.Labels)
	set("fieldSelector", s.Fields)
	if g.chunk > 0 {
		set("limit", strconv.FormatInt(g.chunk, 10))
	}
	var items []json.RawMessage
	for {
		body, err := g.client.Do(ctx, rest.Request{Verb: http.MethodGet, Path: resourcePath(r, namespace, ""), Query: query, Resource: r.GroupResource()})
		if err != nil {
			return err
		}
		var page struct {
			Metadata struct{ Continue string }
			Items    []json.RawMessage
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return err
		}
		if items = append(items, page.Items...); page.Metadata.Continue == "" {
			break
		}
		set("continue", page.Metadata.Continue)
	}
	body, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}
