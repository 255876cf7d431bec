// Package apply keeps the books of managed fields: which manager last said what a field should be. It merges what a
// manager applies into an object and refuses to take fields from others.
//
// It knows the shapes of kinds and nothing else of them, and no storage. The rules are those of the real API server,
// which stand in structured-merge-diff; here is what Kubernetes puts around them.
package apply

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/merge"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

// Keeper keeps the books of the objects of one kind and version, or of one of its subresources.
type Keeper struct {
	Kind        schema.GroupVersionKind
	Subresource string
	// Type is the shape of a kind; ok is false where the kind is not known.
	Type func(gvk schema.GroupVersionKind) (t typed.ParseableType, ok bool)
	// Convert turns an object into another version of its group.
	Convert func(obj *unstructured.Unstructured, to schema.GroupVersion) (*unstructured.Unstructured, error)
	// Reset are fields, with dots between their names, that writes through this endpoint do not set.
	Reset []string
	// Empty is an object of the kind with nothing set: what a new object is compared with. It is not changed.
	Empty runtime.Object
	Now   time.Time
}

const (
	// beforeFirst manages what was there before anybody applied.
	beforeFirst = "before-first-apply"
	// ancient manages what the oldest of too many updaters did.
	ancient     = "ancient-changes"
	maxUpdaters = 10

	lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
)

func (k *Keeper) updater() *merge.Updater {
	u := &merge.Updater{Converter: converter{k}}
	if len(k.Reset) > 0 {
		set := fieldpath.NewSet()
		for _, name := range k.Reset {
			var path fieldpath.Path
			for _, field := range strings.Split(name, ".") {
				path = append(path, fieldpath.PathElement{FieldName: &field})
			}
			set.Insert(path)
		}
		u.IgnoreFilter = map[fieldpath.APIVersion]fieldpath.Filter{k.version(): fieldpath.NewExcludeSetFilter(set)}
	}
	return u
}

func (k *Keeper) version() fieldpath.APIVersion {
	return fieldpath.APIVersion(k.Kind.GroupVersion().String())
}

func (k *Keeper) typed(obj runtime.Object, options ...typed.ValidationOptions) (*typed.TypedValue, error) {
	gvk := obj.GetObjectKind().GroupVersionKind()
	t, ok := k.Type(gvk)
	if !ok {
		return nil, &noType{gvk}
	}
	if u, ok := obj.(*unstructured.Unstructured); ok {
		return t.FromUnstructured(u.Object, options...)
	}
	return t.FromStructured(obj, options...)
}

type noType struct{ gvk schema.GroupVersionKind }

func (e *noType) Error() string { return fmt.Sprintf("no corresponding type for %v", e.gvk) }

func named(obj runtime.Object) string {
	name, namespace := "<unknown>", "<unknown>"
	if m, err := meta.Accessor(obj); err == nil {
		name, namespace = m.GetName(), m.GetNamespace()
	}
	return fmt.Sprintf("%v/%v; %v", namespace, name, obj.GetObjectKind().GroupVersionKind())
}

// Update writes down what a manager changed by any write but an apply. live is the object as it was, an empty one of
// the kind for a create; both carry no managed fields. books are changed. For an object that exists and has no books
// none are begun.
func (k *Keeper) Update(live, sent runtime.Object, books *Books, manager string) error {
	if m, err := meta.Accessor(live); err != nil || books.Empty() && m.GetUID() != "" {
		return nil
	}
	id := identity(metav1.ManagedFieldsEntry{
		Manager: orUnknown(manager), Operation: metav1.ManagedFieldsOperationUpdate,
		APIVersion: k.Kind.GroupVersion().String(), Subresource: k.Subresource,
	})
	if err := k.update(live, sent, books, id); err != nil {
		return err
	}
	books.capUpdaters()
	return nil
}

// self stands for the manager while its write is compared with what others manage.
const self = "current-operation"

func (k *Keeper) update(live, sent runtime.Object, books *Books, id string) error {
	newTyped, err := k.typed(sent, typed.AllowDuplicates)
	if err != nil {
		return fmt.Errorf("failed to convert new object (%v) to smd typed: %v", named(sent), err)
	}
	liveTyped, err := k.typed(live, typed.AllowDuplicates)
	if err != nil {
		return fmt.Errorf("failed to convert live object (%v) to smd typed: %v", named(live), err)
	}
	_, sets, err := k.updater().Update(liveTyped, newTyped, k.version(), books.sets, self)
	if err != nil {
		return fmt.Errorf("failed to update ManagedFields (%v): %v", named(sent), err)
	}
	books.sets = sets
	books.strip(self)
	mine, ok := books.sets[self]
	if !ok {
		return nil
	}
	delete(books.sets, self)
	if before, ok := books.sets[id]; ok {
		mine = fieldpath.NewVersionedSet(mine.Set().Union(before.Set()), mine.APIVersion(), mine.Applied())
	}
	books.sets[id] = mine
	books.times[id] = k.time()
	if k.Subresource == "scale" {
		delete(books.times, id) // the real server loses it on the way from the Scale to what is scaled
	}
	return nil
}

func (k *Keeper) time() *metav1.Time {
	return &metav1.Time{Time: k.Now.UTC().Truncate(time.Second)}
}

func orUnknown(manager string) string {
	if manager == "" {
		return "unknown"
	}
	return manager
}

// Apply merges what a manager applies into live, which carries no managed fields, and returns the result; nil where
// nothing changes. New objects are applied to Empty. Conflicts are Status errors. books are changed.
func (k *Keeper) Apply(live runtime.Object, config *unstructured.Unstructured, books *Books, manager string, force bool) (*unstructured.Unstructured, error) {
	if gvk := config.GroupVersionKind(); gvk != k.Kind {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("invalid object type: %v", gvk))
	}
	if len(books.sets) == 0 {
		if err := k.Update(k.Empty, live, books, beforeFirst); err != nil {
			return nil, fmt.Errorf("failed to create manager for existing fields: %v", err)
		}
	}
	id := identity(metav1.ManagedFieldsEntry{
		Manager: orUnknown(manager), Operation: metav1.ManagedFieldsOperationApply,
		APIVersion: k.Kind.GroupVersion().String(), Subresource: k.Subresource,
	})
	before := books.clone()
	out, err := k.apply(live, config, books, id, force)
	var conflicts merge.Conflicts
	if errors.As(err, &conflicts) && manager == "kubectl" {
		// Who applied on the client's side before may take what its last configuration set.
		allowed, lastErr := k.fromLastApplied(live)
		if lastErr == nil {
			left := without(conflicts, allowed)
			if len(left) > 0 {
				err = left
			} else {
				*books = *before
				out, err = k.apply(live, config, books, id, true)
			}
		}
	}
	if errors.As(err, &conflicts) {
		return nil, conflictError(conflicts)
	}
	if err != nil {
		return nil, err
	}
	if manager == "kubectl" {
		return k.withLastApplied(out, live, config)
	}
	return out, nil
}

// withLastApplied is what was applied, or live where that changed nothing, with the annotation of client-side apply up to
// date; nil where that is no change either.
func (k *Keeper) withLastApplied(out *unstructured.Unstructured, live runtime.Object, config *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if out != nil {
		return out, keepLastApplied(out, config)
	}
	v, err := k.typed(live, typed.AllowDuplicates)
	if err != nil {
		return nil, err
	}
	same, err := untype(v)
	if err != nil {
		return nil, err
	}
	same = same.DeepCopy()
	before := same.GetAnnotations()[lastApplied]
	if err := keepLastApplied(same, config); err != nil || same.GetAnnotations()[lastApplied] == before {
		return nil, err
	}
	return same, nil
}

func (k *Keeper) apply(live runtime.Object, config *unstructured.Unstructured, books *Books, id string, force bool) (*unstructured.Unstructured, error) {
	if config.GetManagedFields() != nil {
		return nil, apierrors.NewBadRequest("metadata.managedFields must be nil")
	}
	configTyped, err := k.typed(config)
	if err != nil {
		if t, ok := k.Type(config.GroupVersionKind()); ok {
			err = problem(t, config.Object)
		}
		return nil, fmt.Errorf("failed to create typed patch object (%v): %v", named(config), err)
	}
	liveTyped, err := k.typed(live, typed.AllowDuplicates)
	if err != nil {
		return nil, fmt.Errorf("failed to create typed live object (%v): %v", named(live), err)
	}
	outTyped, sets, err := k.updater().Apply(liveTyped, configTyped, k.version(), books.sets, id, force)
	if err != nil {
		return nil, err
	}
	books.sets = sets
	books.strip(id)
	if outTyped == nil {
		return nil, nil
	}
	books.times[id] = k.time()
	return untype(outTyped)
}

func untype(v *typed.TypedValue) (*unstructured.Unstructured, error) {
	fields, ok := v.AsValue().Unstructured().(map[string]any)
	if !ok {
		return nil, fmt.Errorf("failed to convert value to unstructured for type %T", v.AsValue().Unstructured())
	}
	return &unstructured.Unstructured{Object: fields}, nil
}

// fromLastApplied is what the configuration that kubectl applied last set and nobody has changed since.
func (k *Keeper) fromLastApplied(live runtime.Object) (*fieldpath.Set, error) {
	m, err := meta.Accessor(live)
	if err != nil {
		return nil, err
	}
	text := m.GetAnnotations()[lastApplied]
	if text == "" {
		return nil, errors.New("no last applied annotation")
	}
	liveTyped, err := k.typed(live)
	if err != nil {
		return nil, err
	}
	last := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), last); err != nil {
		return nil, err
	}
	if last.GetAPIVersion() != k.Kind.GroupVersion().String() {
		return nil, errors.New("last applied as another version")
	}
	lastTyped, err := k.typed(last)
	if err != nil {
		return nil, err
	}
	set, err := lastTyped.ToFieldSet()
	if err != nil {
		return nil, err
	}
	changed, err := lastTyped.Compare(liveTyped)
	if err != nil {
		return nil, err
	}
	return set.Difference(changed.Modified).Difference(changed.Added).Difference(changed.Removed), nil
}

// keepLastApplied brings the annotation of client-side apply up to date, where there is one.
func keepLastApplied(out, config *unstructured.Unstructured) error {
	annotations := out.GetAnnotations()
	if annotations[lastApplied] == "" {
		return nil
	}
	config = config.DeepCopy()
	own := config.GetAnnotations()
	delete(own, lastApplied)
	config.SetAnnotations(own)
	data, err := runtime.Encode(unstructured.UnstructuredJSONScheme, config)
	if err != nil {
		return fmt.Errorf("failed to build last-applied annotation: %v", err)
	}
	annotations[lastApplied] = string(data)
	if size(annotations) > maxAnnotations {
		delete(annotations, lastApplied)
	}
	out.SetAnnotations(annotations)
	return nil
}

// maxAnnotations is the most that all annotations may hold.
const maxAnnotations = 256 * 1024

func size(annotations map[string]string) (n int) {
	for key, value := range annotations {
		n += len(key) + len(value)
	}
	return n
}

// converter lets books that were kept for other versions of the kind be read.
type converter struct{ k *Keeper }

// Convert implements merge.Converter.
func (c converter) Convert(v *typed.TypedValue, version fieldpath.APIVersion) (*typed.TypedValue, error) {
	u, err := untype(v)
	if err != nil {
		return v, err
	}
	gv, err := schema.ParseGroupVersion(string(version))
	if err != nil {
		return v, err
	}
	if u.GroupVersionKind().GroupVersion() == gv {
		return v, nil
	}
	if c.k.Convert == nil {
		return v, &noType{gv.WithKind(c.k.Kind.Kind)}
	}
	out, err := c.k.Convert(u, gv)
	if err != nil {
		return v, err
	}
	return c.k.typed(out)
}

// IsMissingVersionError implements merge.Converter.
func (c converter) IsMissingVersionError(err error) bool {
	var missing *noType
	return errors.As(err, &missing) || runtime.IsNotRegisteredError(err)
}
