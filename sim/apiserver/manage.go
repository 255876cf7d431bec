package apiserver

import (
	"reflect"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"terrarium/sim/apply"
	"terrarium/sim/resources"
	"terrarium/sim/store"
)

// Managed fields are kept beside the objects, not in them, and are worked out when a client asks: the cluster's own
// parts never do, and they write the most. The ledger holds, for each object, the last time they were known and the
// writes since.
type ledger struct {
	notes map[noteKey]*note
	types apply.Types
	// shapes are the types of custom kinds, made when they are first asked for.
	shapes map[*resources.Resource]typed.ParseableType
}

// shape is the type of a custom kind.
func (l *ledger) shape(r *resources.Resource) typed.ParseableType {
	if t, ok := l.shapes[r]; ok {
		return t
	}
	t, err := apply.Custom(r.Schema)
	if err != nil {
		t = apply.Deduced()
	}
	if l.shapes == nil {
		l.shapes = map[*resources.Resource]typed.ParseableType{}
	}
	l.shapes[r] = t
	return t
}

type noteKey struct {
	resource schema.GroupResource
	key      string
}

// note is what is known of the managed fields of one version of an object.
type note struct {
	version string // the object's resourceVersion
	known   bool
	entries []metav1.ManagedFieldsEntry // where known
	by      edit                        // otherwise, on top of before
	before  *note
	depth   int
}

// edit is one write that is to be entered.
type edit struct {
	view        *viewOf
	subresource string
	manager     string
	at          time.Time
	live        runtime.Object // nil for a create
	sent        runtime.Object // as it was before admission
}

// viewOf is the kind and version in which a manager wrote.
type viewOf struct {
	gvk    schema.GroupVersionKind
	fresh  func() runtime.Object
	from   func(stored runtime.Object) runtime.Object
	custom *resources.Resource // set for custom kinds
	reset  []string
}

// maxDepth is how many writes wait to be entered.
const maxDepth = 12

// managerName is who manages the fields of a write that does not say it: the client's name of itself, else the
// component that the user is.
func (c *call) managerName() string {
	if c.req.FieldManager != "" {
		return c.req.FieldManager
	}
	if c.agent != "" {
		name, _, _ := strings.Cut(c.agent, "/")
		if len(name) > 128 {
			name = name[:128]
		}
		return name
	}
	switch name := c.req.User.Name; {
	case strings.HasPrefix(name, "system:node:"):
		return "kubelet"
	case strings.HasPrefix(name, "system:serviceaccount:kube-system:"):
		return "kube-controller-manager"
	case name == "system:apiserver":
		return "kube-apiserver"
	case strings.HasPrefix(name, "system:"):
		return strings.TrimPrefix(name, "system:")
	default:
		return name
	}
}

// manage remembers that the request makes obj of old (nil for a create). obj carries no managed fields afterwards.
func (c *call) manage(obj, old runtime.Object) {
	m := metaOf(obj)
	given := m.GetManagedFields()
	m.SetManagedFields(nil)
	e := edit{
		view: c.viewOf(), subresource: c.req.Subresource, manager: c.managerName(), at: c.clock.Now(),
		live: old, sent: obj.DeepCopyObject(),
	}
	n := &note{by: e, depth: 1}
	if old != nil {
		n.before = c.ledger.notes[c.noteKey(old)]
		if n.before != nil {
			n.depth = n.before.depth + 1
		}
	}
	c.note = n
	if given != nil {
		c.given(n, given)
	}
}

// given takes the managed fields that a request carries: what was read before means nothing, none at all clears them.
func (c *call) given(n *note, given []metav1.ManagedFieldsEntry) {
	if c.req.Subresource != "" {
		return
	}
	clears := len(given) == 0 || len(given) == 1 && equality.Semantic.DeepEqual(given[0], metav1.ManagedFieldsEntry{})
	if !clears {
		have := c.entriesOf(n.before)
		if _, err := apply.Decode(given); err != nil || equality.Semantic.DeepEqual(given, have) {
			return
		}
	}
	if clears {
		given = nil
	}
	n.before = &note{known: true, entries: given}
	c.entriesOf(n)
}

func (c *call) noteKey(obj runtime.Object) noteKey {
	m := metaOf(obj)
	return noteKey{c.kind.GroupResource(), store.Key(m.GetNamespace(), m.GetName())}
}

func (c *call) viewOf() *viewOf {
	v := &viewOf{gvk: c.view.GVK(), fresh: c.view.New, from: c.outgoing}
	if c.view.Custom {
		v.custom = c.view
	}
	switch {
	case c.req.Subresource == "status":
		v.reset = append(v.reset, "spec")
		v.reset = append(v.reset, c.kind.StatusResets...)
	case c.req.Subresource == "" && c.kind.Resets != nil:
		v.reset = c.kind.Resets
	case c.kind.HasStatus:
		v.reset = []string{"status"}
	}
	return v
}

// enter ties the request's note to the version of the object that was stored.
func (c *call) enter(obj runtime.Object) {
	if c.note == nil || c.req.DryRun {
		return
	}
	n := c.note
	n.version = metaOf(obj).GetResourceVersion()
	if b := n.before; b != nil && !n.known && !b.known && b.by.live != nil &&
		b.by.manager == n.by.manager && b.by.subresource == n.by.subresource {
		n.by.live, n.before, n.depth = b.by.live, b.before, b.depth
	}
	if n.depth > maxDepth {
		c.entriesOf(n)
	}
	c.ledger.notes[c.noteKey(obj)] = n
}

// managedFields are those of an object that the store holds, or that the request has made.
func (c *call) managedFields(obj runtime.Object) []metav1.ManagedFieldsEntry {
	n := c.note
	if n == nil {
		n = c.ledger.notes[c.noteKey(obj)]
		version := metaOf(obj).GetResourceVersion()
		for n != nil && n.version != version && n.before != nil && n.before.version != "" {
			n = n.before
		}
	}
	return c.entriesOf(n)
}

// entriesOf works out what is known of a version.
func (s *Server) entriesOf(n *note) []metav1.ManagedFieldsEntry {
	if n == nil {
		return nil
	}
	if !n.known {
		n.entries = s.entered(n.by, s.entriesOf(n.before))
		n.known, n.before, n.by, n.depth = true, nil, edit{}, 0
	}
	return n.entries
}

// entered are the entries after a write. What cannot be told is left out, as the real server does.
func (s *Server) entered(e edit, entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	books, err := apply.Decode(entries)
	if err != nil {
		books = apply.NewBooks()
	}
	k := s.keeper(e.view, e.subresource, e.at)
	live := k.Empty
	if e.live != nil {
		live = e.view.from(e.live)
	}
	sent := e.view.from(e.sent)
	if err := k.Update(live, sent, books, e.manager); err != nil {
		return nil
	}
	out, err := books.Encode()
	if err != nil {
		return nil
	}
	return out
}

func (s *Server) keeper(v *viewOf, subresource string, at time.Time) *apply.Keeper {
	empty := v.fresh()
	empty.GetObjectKind().SetGroupVersionKind(v.gvk)
	return &apply.Keeper{
		Empty: empty,
		Kind:  v.gvk, Subresource: subresource, Now: at, Reset: v.reset,
		Type: func(gvk schema.GroupVersionKind) (typed.ParseableType, bool) {
			if v.custom != nil {
				return s.ledger.shape(v.custom), true
			}
			return s.ledger.types.Type(gvk)
		},
		Convert: s.convert,
	}
}

// convert turns an object into another version of its group.
func (s *Server) convert(u *unstructured.Unstructured, to schema.GroupVersion) (*unstructured.Unstructured, error) {
	from := u.GroupVersionKind()
	target := s.kindNamed(to.WithKind(from.Kind))
	source := s.kindNamed(from)
	if source == nil || target == nil {
		return nil, runtime.NewNotRegisteredErrForKind(schemeName, to.WithKind(from.Kind))
	}
	if target.Custom {
		u = u.DeepCopy()
		u.SetGroupVersionKind(target.GVK())
		return u, nil
	}
	obj := source.New()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, obj); err != nil {
		return nil, err
	}
	if source.View != nil {
		obj = source.View.ToStored(obj)
	}
	if target.View != nil {
		obj = target.View.FromStored(obj)
	}
	obj.GetObjectKind().SetGroupVersionKind(target.GVK())
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	return &unstructured.Unstructured{Object: fields}, err
}

// withManaged is the object as a client sees it, with its managed fields.
func (c *call) withManaged(obj runtime.Object, entries []metav1.ManagedFieldsEntry) runtime.Object {
	if len(entries) == 0 {
		return obj
	}
	if u, ok := obj.(*unstructured.Unstructured); ok {
		u = u.DeepCopy()
		u.SetManagedFields(entries)
		return u
	}
	v := reflect.ValueOf(obj).Elem()
	out := reflect.New(v.Type())
	out.Elem().Set(v)
	copied := out.Interface().(runtime.Object)
	metaOf(copied).SetManagedFields(entries)
	return copied
}

// sameManaged says whether the request leaves the managed fields as they are but for times, which then stay.
func (c *call) sameManaged(old runtime.Object) bool {
	if c.note == nil {
		return true
	}
	if !c.note.known {
		if equality.Semantic.DeepEqual(c.note.by.sent, c.note.by.live) {
			return true
		}
		c.entriesOf(c.note)
	}
	before := c.entriesOf(c.ledger.notes[c.noteKey(old)])
	if len(before) != len(c.note.entries) {
		return false
	}
	for i, e := range c.note.entries {
		b := before[i]
		b.Time, e.Time = nil, nil
		if !equality.Semantic.DeepEqual(b, e) {
			return false
		}
	}
	return true
}
