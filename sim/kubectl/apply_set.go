package kubectl

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/resource"
	"terrarium/sim/kubectl/rest"
)

// Marks of an apply set, on its parent and, partOf, on its members.
const (
	setTooling    = "applyset.kubernetes.io/tooling"
	setNamespaces = "applyset.kubernetes.io/additional-namespaces"
	setResources  = "applyset.kubernetes.io/contains-group-resources"
	setKinds      = "applyset.kubernetes.io/contains-group-kinds"
	setID         = "applyset.kubernetes.io/id"
	partOf        = "applyset.kubernetes.io/part-of"
	isParentType  = "applyset.kubernetes.io/is-parent-type"
)

const setTool = "kubectl/v1.36.3"

// applySetFlags adds what KUBECTL_APPLYSET=true switches on.
func (f *Factory) applySetFlags(root *cobra.Command) {
	cmd, _, err := root.Find([]string{"apply"})
	if err != nil || f.Getenv("KUBECTL_APPLYSET") != "true" || cmd.Flags().Lookup("prune") == nil {
		return
	}
	cmd.Flags().String("applyset", "", "[alpha] The name of the ApplySet that tracks which resources are being managed, for the purposes of determining what to prune. Live resources that are part of the ApplySet but have been removed from the provided configs will be deleted. Format: [RESOURCE][.GROUP]/NAME. A Secret will be used if no resource or group is specified.")
	cmd.Flags().Lookup("prune").Usage = "Automatically delete previously applied resource objects that do not appear in the provided configs. For alpha1, use with either -l or --all. For alpha2, use with --applyset."
}

// applySet remembers, on a parent object, what was applied together.
type applySet struct {
	a         *applier
	parent    *discovery.Resource
	namespace string // of the parent
	name      string

	kinds, newKinds           map[string]*discovery.Resource // by group and kind: what the parent tells, what is applied now
	namespaces, newNamespaces map[string]bool
}

// newApplySet reads --applyset: [RESOURCE][.GROUP]/NAME, or the name of a secret.
func (a *applier) newApplySet(ref string) (*applySet, error) {
	gr, name, typed := strings.Cut(ref, "/")
	if !typed {
		gr, name = "secrets", ref
	}
	if name == "" {
		return nil, fmt.Errorf("invalid parent reference %q: name cannot be blank", ref)
	}
	m, err := a.Mapper()
	if err != nil {
		return nil, err
	}
	r, err := m.Lookup(schema.ParseGroupResource(gr).WithVersion(""))
	if err != nil {
		return nil, fmt.Errorf("invalid parent reference %q: %w", ref, err)
	}
	s := &applySet{
		a: a, parent: r, name: name, kinds: map[string]*discovery.Resource{}, newKinds: map[string]*discovery.Resource{},
		namespaces: map[string]bool{}, newNamespaces: map[string]bool{},
	}
	if r.Namespaced && a.explicit {
		s.namespace = a.namespace
	}
	return s, nil
}

func (s *applySet) String() string {
	return fmt.Sprintf("%s.%s/%s", s.parent.Name, s.parent.Group, s.name)
}

// builtIn says whether the parent is of a type that any apply set may have.
func (s *applySet) builtIn() bool {
	return s.parent.Group == "" && (s.parent.Name == "secrets" || s.parent.Name == "configmaps")
}

func (s *applySet) id() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{s.name, s.namespace, s.parent.Kind, s.parent.Group}, ".")))
	return "applyset-" + base64.RawURLEncoding.EncodeToString(sum[:]) + "-v1"
}

func (s *applySet) check() error {
	var errs []error
	if s.parent.Namespaced && s.namespace == "" {
		errs = append(errs, errors.New("namespace is required to use namespace-scoped ApplySet"))
	}
	if !s.builtIn() {
		allowed, err := s.allowedParents()
		if err != nil {
			errs = append(errs, fmt.Errorf("identifying allowed custom resource parent types: %w", err))
		}
		if !slices.Contains(allowed, s.parent.Full()) {
			errs = append(errs, fmt.Errorf("resource %q is not permitted as an ApplySet parent", s.parent.GVR().String()))
		}
	}
	return utilerrors.NewAggregate(errs)
}

// allowedParents are the custom resources that say that they may be parents.
func (s *applySet) allowedParents() ([]string, error) {
	client, err := s.a.Client()
	if err != nil {
		return nil, err
	}
	list, err := client.Get(s.a.ctx, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", url.Values{"labelSelector": {isParentType}})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, o := range object.Items(list) {
		names = append(names, object.Name(o))
	}
	return names, nil
}

// adopt makes objects members.
func (s *applySet) adopt(infos []*resource.Info) error {
	for _, i := range infos {
		if _, has := object.Labels(i.Object)[partOf]; has {
			return fmt.Errorf("ApplySet label %q already set in input data", partOf)
		}
		object.Set(i.Object, s.id(), "metadata", "labels", partOf)
	}
	return nil
}

// begin widens what the parent tells by what is going to be applied.
func (s *applySet) begin(infos []*resource.Info) error {
	if err := s.read(); err != nil {
		return err
	}
	for _, i := range infos {
		s.newKinds[i.Resource.GVK().GroupKind().String()] = i.Resource
		if i.Resource.Namespaced && i.Namespace != "" {
			s.newNamespaces[i.Namespace] = true
		}
	}
	return s.update(union(s.kinds, s.newKinds), union(s.namespaces, s.newNamespaces))
}

// read learns from the parent, where there is one.
func (s *applySet) read() error {
	req, err := s.parent.Request(http.MethodGet, s.namespace, s.name)
	if err != nil {
		return err
	}
	client, err := s.a.Client()
	if err != nil {
		return err
	}
	parent, err := client.Object(s.a.ctx, req)
	switch {
	case apierrors.IsNotFound(err) && s.builtIn():
		return nil
	case apierrors.IsNotFound(err):
		return errors.New("custom resource ApplySet parents cannot be created automatically")
	case err != nil:
		return fmt.Errorf("failed to fetch ApplySet parent object %q: %w", s, err)
	}
	annotations := object.Annotations(parent)
	tool, has := annotations[setTooling]
	if !has {
		return fmt.Errorf("ApplySet parent object %q already exists and is missing required annotation %q", s, setTooling)
	}
	if i := strings.LastIndexByte(tool, '/'); i >= 0 {
		tool = tool[:i]
	}
	if tool != "kubectl" {
		return fmt.Errorf("ApplySet parent object %q already exists and is managed by tooling %q instead of %q", s, tool, "kubectl")
	}
	id, has := object.Labels(parent)[setID]
	if !has {
		return fmt.Errorf("ApplySet parent object %q exists and does not have required label %s", s, setID)
	}
	if id != s.id() {
		return fmt.Errorf("ApplySet parent object %q exists and has incorrect value for label %q (got: %s, want: %s)", s, setID, id, s.id())
	}
	if err := s.readKinds(annotations); err != nil {
		return fmt.Errorf("parsing ApplySet annotation on %q: %w", s, err)
	}
	for _, ns := range splitList(annotations[setNamespaces]) {
		s.namespaces[ns] = true
	}
	if s.parent.Namespaced {
		s.namespaces[s.namespace] = true
	}
	return nil
}

func (s *applySet) readKinds(annotations map[string]string) error {
	m, err := s.a.Mapper()
	if err != nil {
		return err
	}
	list, has := annotations[setKinds]
	if !has && annotations[setResources] == "" {
		return fmt.Errorf("kubectl requires the %q annotation to be set on all ApplySet parent objects", setKinds)
	}
	for _, word := range splitList(list) {
		r, err := m.ForKind(schema.ParseGroupKind(word), "")
		if err != nil {
			return fmt.Errorf("could not find mapping for kind in %q annotation: %w", setKinds, err)
		}
		s.kinds[word] = r
	}
	if has {
		return nil
	}
	for _, word := range splitList(annotations[setResources]) {
		r, err := m.Lookup(schema.ParseGroupResource(word).WithVersion(""))
		if err != nil {
			return fmt.Errorf("invalid group resource in %q annotation: %w", setResources, err)
		}
		s.kinds[r.GVK().GroupKind().String()] = r
	}
	return nil
}

// update writes the parent; conflicts are forced the second time.
func (s *applySet) update(kinds map[string]*discovery.Resource, namespaces map[string]bool) error {
	if s.a.dry == dryRunClient {
		return nil
	}
	var others []string
	for _, ns := range object.SortedKeys(namespaces) {
		if ns != s.namespace {
			others = append(others, ns)
		}
	}
	parent := object.Object{
		"apiVersion": s.parent.GroupVersion().String(), "kind": s.parent.Kind,
		"metadata": map[string]any{
			"name":   s.name,
			"labels": map[string]any{setID: s.id()},
			"annotations": map[string]any{
				setTooling: setTool, setKinds: strings.Join(object.SortedKeys(kinds), ","), setNamespaces: strings.Join(others, ","),
			},
		},
	}
	if s.namespace != "" {
		object.Set(parent, s.namespace, "metadata", "namespace")
	}
	err := s.apply(parent, false)
	if apierrors.IsConflict(err) {
		s.a.logf('W', "applyset.go:467", "WARNING: failed to update ApplySet: %s\nApplySet field manager kubectl-applyset should own these fields. Retrying with conflicts forced.", err)
		err = s.apply(parent, true)
	}
	if err != nil {
		return fmt.Errorf("failed to update ApplySet: %w", err)
	}
	return nil
}

func (s *applySet) apply(parent object.Object, force bool) error {
	req, err := s.parent.Request(http.MethodPatch, s.namespace, s.name)
	if err != nil {
		return err
	}
	if req.Body, err = compact(parent); err != nil {
		return err
	}
	req.ContentType = rest.ApplyPatch
	req.Query = resource.Options{
		DryRun: s.a.dry == dryRunServer, FieldManager: "kubectl-applyset", FieldValidation: s.a.validate, Force: &force,
	}.Query()
	client, err := s.a.Client()
	if err != nil {
		return err
	}
	_, err = client.Object(s.a.ctx, req)
	return err
}

// prune deletes the members that were not applied this time; then the parent tells no more than what was.
func (s *applySet) prune() error {
	var found []func() error
	for _, key := range object.SortedKeys(s.kinds) {
		r := s.kinds[key]
		namespaces := []string{""}
		if r.Namespaced {
			namespaces = object.SortedKeys(s.namespaces)
		}
		for _, ns := range namespaces {
			objects, err := s.a.listed(ns, r, partOf+"="+s.id())
			if err != nil {
				return fmt.Errorf("listing %v objects for pruning: %w", r.GVK().String(), err)
			}
			for _, o := range objects {
				if s.a.visited[object.UID(o)] {
					continue
				}
				found = append(found, func() error {
					if err := s.a.pruneObject(ns, r, o); err != nil {
						name := object.Name(o)
						if ns != "" {
							name = ns + "/" + name
						}
						return fmt.Errorf("pruning %s %s: %w", key, name, err)
					}
					return nil
				})
			}
		}
	}
	for _, del := range found {
		if err := del(); err != nil {
			return err
		}
	}
	if err := s.update(s.newKinds, s.newNamespaces); err != nil {
		return fmt.Errorf("apply and prune succeeded, but ApplySet update failed: %w", err)
	}
	return nil
}

func union[V any](a, b map[string]V) map[string]V {
	out := map[string]V{}
	for _, m := range []map[string]V{a, b} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
