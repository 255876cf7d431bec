// Package kustomize builds the manifests of a kustomization: resources, bases and components, generated config maps and
// secrets, names, namespaces, labels, annotations, images, replicas, patches and replacements, as kubectl's kustomize
// does. It knows no server; how lists of a kind merge is told to it (patch.Schema). Plugins, Helm charts, vars and
// remote folders are recognised and not built.
package kustomize

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/patch"
)

// Files is the file system that a Builder reads. Names are absolute.
type Files interface {
	ReadFile(name string) ([]byte, error)
	Stat(name string) (fs.FileInfo, error)
}

// Builder builds kustomizations.
type Builder struct {
	Files Files
	Dir   string    // relative names are below it
	Warn  io.Writer // deprecated fields are named here
	// Schema says how the fields of a kind merge; nil for kinds that it does not know.
	Schema func(schema.GroupVersionKind) patch.Schema
}

// id tells resources apart.
type id struct {
	gvk             schema.GroupVersionKind
	name, namespace string
}

func (i id) String() string {
	orNone := func(s, none string) string {
		if s == "" {
			return "[" + none + "]"
		}
		return s
	}
	return fmt.Sprintf("%s.%s.%s/%s.%s", i.gvk.Kind, orNone(i.gvk.Version, "noVer"), orNone(i.gvk.Group, "noGrp"), i.name, orNone(i.namespace, "noNs"))
}

// same reports whether two ids mean one object: no namespace is the namespace default.
func (i id) same(j id) bool {
	return i.gvk == j.gvk && i.name == j.name && cmp.Or(i.namespace, "default") == cmp.Or(j.namespace, "default")
}

// resource is an object on its way, with the names that it had.
type resource struct {
	object             map[string]any
	before             []id
	prefixes, suffixes []string
	behavior           string
	hash               bool // its name gets a hash of its content
}

func (r *resource) id() id {
	return id{object.GVK(r.object), object.Name(r.object), object.Namespace(r.object)}
}

// remember keeps the present id, before it changes.
func (r *resource) remember() { r.before = append(r.before, r.id()) }

// ids are all that the resource had, the first one first.
func (r *resource) ids() []id { return append(slices.Clone(r.before), r.id()) }

// Build returns the manifests of the kustomization in dir, as YAML documents.
func (b *Builder) Build(dir string) ([]byte, error) {
	list, err := b.Resources(dir)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for i, o := range list {
		if i > 0 {
			out.WriteString("---\n")
		}
		text, err := yaml.Marshal(o)
		if err != nil {
			return nil, err
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}

// Resources returns the objects of the kustomization in dir, in the order in which they are printed.
func (b *Builder) Resources(dir string) ([]map[string]any, error) {
	root, err := b.folder(b.Dir, dir)
	if err != nil {
		return nil, err
	}
	k, err := b.load(root)
	if err != nil {
		return nil, err
	}
	t := &target{Builder: b, dir: root, spec: k}
	if err := t.accumulate(); err != nil {
		return nil, err
	}
	for _, r := range t.list {
		if r.hash {
			r.remember()
			object.Set(r.object, object.Name(r.object)+"-"+hashOf(r.object), "metadata", "name")
		}
	}
	if err := t.fixReferences(); err != nil {
		return nil, err
	}
	if err := t.sort(); err != nil {
		return nil, err
	}
	var out []map[string]any
	for _, r := range t.list {
		if object.Annotations(r.object)["config.kubernetes.io/local-config"] != "true" {
			out = append(out, r.object)
		}
	}
	return out, nil
}

// folder resolves the name of a folder.
func (b *Builder) folder(from, name string) (string, error) {
	if strings.Contains(name, "://") || strings.HasPrefix(name, "github.com/") || strings.Contains(name, "?ref=") || strings.HasPrefix(name, "git@") {
		return "", ErrNotSimulated("of a remote folder")
	}
	full := name
	if !path.IsAbs(name) {
		full = path.Join(from, name)
	}
	info, err := b.Files.Stat(full)
	if err != nil {
		return "", fmt.Errorf("must build at directory: not a valid directory: evalsymlink failure on '%s' : lstat %s: no such file or directory", name, full)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("must build at directory: '%s': file is not directory", name)
	}
	return full, nil
}

// target is one kustomization while it is built.
type target struct {
	*Builder
	dir     string
	spec    *kustomization
	list    []*resource
	parents []string
}

// accumulate builds what the kustomization describes, but for hashes and references, which wait for the whole.
func (t *target) accumulate() error {
	for _, name := range t.spec.Resources {
		if err := t.addResource(name); err != nil {
			return fmt.Errorf("accumulating resources: %w", err)
		}
	}
	if err := t.generate(); err != nil {
		return err
	}
	for _, name := range t.spec.Components {
		if err := t.addComponent(name); err != nil {
			return fmt.Errorf("accumulating components: %w", err)
		}
	}
	return t.transform()
}

// malformed is a file that is no YAML.
type malformed struct{ error }

func (t *target) addResource(name string) error {
	notFile := t.addFile(name)
	if notFile == nil {
		return nil
	}
	notFile = fmt.Errorf("accumulating resources from '%s': %w", name, notFile)
	full := name
	if !path.IsAbs(name) && !strings.Contains(name, "://") {
		full = path.Join(t.dir, name)
	}
	root, err := t.folder(t.dir, full)
	var remote ErrNotSimulated
	if err != nil {
		var bad malformed
		switch {
		case errors.As(err, &remote):
			return err
		case errors.As(notFile, &bad):
			return notFile
		}
		return fmt.Errorf("accumulation err='%s': %w", notFile, err)
	}
	if err = t.addFolder(root, false); err != nil && !errors.As(err, &remote) {
		return fmt.Errorf("accumulation err='%s': %w", notFile, err)
	}
	return err
}

func (t *target) addComponent(name string) error {
	root, err := t.folder(t.dir, name)
	if err != nil {
		return fmt.Errorf("loader.New %q", err)
	}
	if err := t.addFolder(root, true); err != nil {
		return fmt.Errorf("accumulateDirectory: %q", err)
	}
	return nil
}

// addFolder builds another kustomization; a component works on what is already there.
func (t *target) addFolder(root string, component bool) error {
	above := append(slices.Clone(t.parents), t.dir)
	if slices.Contains(above, root) || strings.HasPrefix(t.dir+"/", root+"/") {
		return fmt.Errorf("cycle detected: candidate root '%s' contains visited root '%s'", root, t.dir)
	}
	k, err := t.load(root)
	if err != nil {
		return fmt.Errorf("couldn't make target for path '%s': %w", root, err)
	}
	switch {
	case component && k.Kind != "Component":
		return fmt.Errorf("expected kind 'Component' for path '%s' but got '%s'", root, k.Kind)
	case !component && k.Kind == "Component":
		return fmt.Errorf("expected kind != 'Component' for path '%s'", root)
	}
	sub := &target{Builder: t.Builder, dir: root, spec: k, parents: above}
	if component {
		sub.list = t.list
	}
	if err := sub.accumulate(); err != nil {
		return fmt.Errorf("recursed accumulation of path '%s': %w", root, err)
	}
	if component {
		t.list = sub.list
		return nil
	}
	if err := t.add(sub.list); err != nil {
		return fmt.Errorf("recursed merging from path '%s': %w", root, err)
	}
	return nil
}

// add appends resources whose ids are new.
func (t *target) add(list []*resource) error {
	for _, r := range list {
		for _, have := range t.list {
			if have.id().same(r.id()) {
				return fmt.Errorf("may not add resource with an already registered id: %s", r.id())
			}
		}
		t.list = append(t.list, r)
	}
	return nil
}

// read returns a file of the kustomization's own folder.
func (t *target) read(name string) ([]byte, error) {
	full := name
	if !path.IsAbs(name) {
		full = path.Join(t.dir, name)
	}
	info, err := t.Files.Stat(full)
	switch {
	case strings.Contains(name, "://"):
		return nil, ErrNotSimulated("of a remote file")
	case err != nil:
		return nil, fmt.Errorf("evalsymlink failure on '%s' : lstat %s: no such file or directory", full, full)
	case info.IsDir():
		return nil, fmt.Errorf("'%s' must resolve to a file", full)
	case !strings.HasPrefix(full, strings.TrimSuffix(t.dir, "/")+"/"):
		return nil, fmt.Errorf("security; file '%s' is not in or below '%s'", full, t.dir)
	}
	return t.Files.ReadFile(full)
}

func (t *target) addFile(name string) error {
	data, err := t.read(name)
	if err != nil {
		return err
	}
	objects, err := parse(data)
	if err != nil {
		return malformed{fmt.Errorf("MalformedYAMLError: %w in File: %s", err, name)}
	}
	var list []*resource
	for _, o := range objects {
		switch {
		case object.Kind(o) == "":
			return fmt.Errorf("missing Resource metadata")
		case object.Name(o) == "" && !strings.HasSuffix(object.Kind(o), "List"):
			return fmt.Errorf("missing metadata.name in object {{%s %s} {{ } map[] map[]}}", object.APIVersion(o), object.Kind(o))
		}
		list = append(list, &resource{object: o})
	}
	if err := t.add(list); err != nil {
		return fmt.Errorf("merging resources from '%s': %w", name, err)
	}
	return nil
}

// parse reads YAML documents; lists are taken apart.
func parse(data []byte) ([]map[string]any, error) {
	var out []map[string]any
	docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		doc, err := docs.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := yaml.YAMLToJSON(doc)
		if err != nil {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "))
		}
		if s := string(bytes.TrimSpace(text)); s == "null" || s == "{}" {
			continue
		}
		o, err := object.Decode(text)
		if err != nil {
			return nil, err
		}
		if items, ok := o["items"].([]any); ok && strings.HasSuffix(object.Kind(o), "List") {
			for _, i := range items {
				if m, ok := i.(map[string]any); ok {
					out = append(out, m)
				}
			}
			continue
		}
		out = append(out, o)
	}
}

// The order in which kinds are printed: these first, those last, all others between them.
const (
	orderFirst = "Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount PodSecurityPolicy Role ClusterRole RoleBinding ClusterRoleBinding ConfigMap Secret Endpoints Service LimitRange PriorityClass PersistentVolume PersistentVolumeClaim Deployment StatefulSet CronJob PodDisruptionBudget"
	orderLast  = "MutatingWebhookConfiguration ValidatingWebhookConfiguration"
)

func (t *target) sort() error {
	first, last := strings.Fields(orderFirst), strings.Fields(orderLast)
	if o := t.spec.SortOptions; o != nil {
		switch {
		case o.Order == "fifo" && o.Legacy == nil:
			return nil
		case o.Order == "fifo":
			return errors.New("the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'")
		case o.Order != "legacy":
			return errors.New("the field 'sortOptions.order' must be one of [fifo, legacy]")
		case o.Legacy != nil:
			first, last = o.Legacy.First, o.Legacy.Last
		}
	}
	rank := func(kind string) int {
		if i := slices.Index(first, kind); i >= 0 {
			return i - len(first)
		}
		return slices.Index(last, kind) + 1
	}
	slices.SortStableFunc(t.list, func(x, y *resource) int {
		a, b := x.id(), y.id()
		group := func(i id) string { return cmp.Or(i.gvk.Group, "~G") + "_" + i.gvk.Version + "_" + i.gvk.Kind }
		name := func(i id) string { return cmp.Or(i.namespace, "~X") + "|" + i.name }
		return cmp.Or(cmp.Compare(rank(a.gvk.Kind), rank(b.gvk.Kind)), cmp.Compare(group(a), group(b)), cmp.Compare(name(a), name(b)))
	})
	return nil
}
