// Package store keeps revisions: objects by resource and key, one global counter, and the last changes for those who
// watch. It knows no kinds.
//
// The store owns what is written to it: writers hand over an object and do not touch it again, readers share it and
// do not change it. It is not safe for concurrent use: who calls it holds the cluster's lock.
package store

import (
	"errors"
	"sort"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	ErrExists    = errors.New("the key exists")
	ErrNotFound  = errors.New("the key does not exist")
	ErrConflict  = errors.New("the object was changed in between")
	ErrCompacted = errors.New("the revision has been compacted")
	ErrFuture    = errors.New("the revision lies in the future")
)

// Key is where an object of a namespace lies; namespace is "" for cluster-scoped ones. Keys sort as etcd sorts them.
func Key(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// Change is one write.
type Change struct {
	Revision uint64
	Resource schema.GroupResource
	Key      string
	Object   runtime.Object // after the write; for a deletion its last state, with the deletion's revision
	Old      runtime.Object // before the write; nil for a creation
	Deleted  bool
}

// Store is the whole state of a cluster.
type Store struct {
	revision  uint64
	compacted uint64 // changes up to this revision are forgotten
	window    int
	buckets   map[schema.GroupResource]*bucket
	history   []Change // oldest first
	onChange  func(Change)
}

type bucket struct {
	keys    []string // sorted
	objects map[string]runtime.Object
}

// DefaultWindow is how many changes a store remembers where nobody says otherwise.
const DefaultWindow = 4096

// New returns an empty store that remembers the last window changes. onChange, which may be nil, is called inside
// every write and must not write itself.
func New(window int, onChange func(Change)) *Store {
	if window <= 0 {
		window = DefaultWindow
	}
	return &Store{revision: 1, compacted: 1, window: window, buckets: map[schema.GroupResource]*bucket{}, onChange: onChange}
}

// Revision is the revision of the last write.
func (s *Store) Revision() uint64 { return s.revision }

// Oldest is the earliest revision whose later changes are all remembered.
func (s *Store) Oldest() uint64 { return s.compacted }

// Get returns the object at the key, or nil.
func (s *Store) Get(r schema.GroupResource, key string) runtime.Object {
	b := s.buckets[r]
	if b == nil {
		return nil
	}
	return b.objects[key]
}

// List returns the objects whose keys start with prefix, in key order.
func (s *Store) List(r schema.GroupResource, prefix string) []runtime.Object {
	b := s.buckets[r]
	if b == nil {
		return nil
	}
	keys := b.span(prefix)
	out := make([]runtime.Object, len(keys))
	for i, key := range keys {
		out[i] = b.objects[key]
	}
	return out
}

// Len is the number of objects of a resource.
func (s *Store) Len(r schema.GroupResource) int {
	b := s.buckets[r]
	if b == nil {
		return 0
	}
	return len(b.keys)
}

func (b *bucket) span(prefix string) []string {
	if prefix == "" {
		return b.keys
	}
	lo := sort.SearchStrings(b.keys, prefix)
	hi := lo + sort.Search(len(b.keys)-lo, func(i int) bool { return !strings.HasPrefix(b.keys[lo+i], prefix) })
	return b.keys[lo:hi]
}

// ListAt is List as it was at a revision. ErrCompacted and ErrFuture say why it cannot be told.
func (s *Store) ListAt(r schema.GroupResource, prefix string, revision uint64) ([]runtime.Object, error) {
	changes, err := s.Since(revision)
	if err != nil {
		return nil, err
	}
	before := map[string]runtime.Object{} // nil: was not there
	for i := len(changes) - 1; i >= 0; i-- {
		if c := changes[i]; c.Resource == r && strings.HasPrefix(c.Key, prefix) {
			before[c.Key] = c.Old
		}
	}
	if len(before) == 0 {
		return s.List(r, prefix), nil
	}
	var keys []string
	b := s.buckets[r]
	for _, key := range b.span(prefix) {
		if _, touched := before[key]; !touched {
			keys = append(keys, key)
		}
	}
	for key, old := range before {
		if old != nil {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	out := make([]runtime.Object, len(keys))
	for i, key := range keys {
		if old := before[key]; old != nil {
			out[i] = old
		} else {
			out[i] = b.objects[key]
		}
	}
	return out, nil
}

// Since returns the changes after a revision, oldest first.
func (s *Store) Since(revision uint64) ([]Change, error) {
	if revision < s.compacted {
		return nil, ErrCompacted
	}
	if revision > s.revision {
		return nil, ErrFuture
	}
	i := sort.Search(len(s.history), func(i int) bool { return s.history[i].Revision > revision })
	return s.history[i:], nil
}

// Create stores a new object and gives it its resourceVersion. ErrExists where the key is taken.
func (s *Store) Create(r schema.GroupResource, key string, obj runtime.Object) error {
	b := s.buckets[r]
	if b == nil {
		b = &bucket{objects: map[string]runtime.Object{}}
		s.buckets[r] = b
	}
	if _, ok := b.objects[key]; ok {
		return ErrExists
	}
	s.stamp(obj)
	i := sort.SearchStrings(b.keys, key)
	b.keys = append(b.keys, "")
	copy(b.keys[i+1:], b.keys[i:])
	b.keys[i] = key
	b.objects[key] = obj
	s.record(Change{Resource: r, Key: key, Object: obj})
	return nil
}

// Update replaces the object that old is, and gives the new one its resourceVersion. ErrConflict where the key holds
// another object than old by now, ErrNotFound where it holds none.
func (s *Store) Update(r schema.GroupResource, key string, obj, old runtime.Object) error {
	b, err := s.holds(r, key, old)
	if err != nil {
		return err
	}
	s.stamp(obj)
	b.objects[key] = obj
	s.record(Change{Resource: r, Key: key, Object: obj, Old: old})
	return nil
}

// Delete removes the object that old is and returns its last state, which carries the deletion's revision. Errors are
// those of Update.
func (s *Store) Delete(r schema.GroupResource, key string, old runtime.Object) (runtime.Object, error) {
	b, err := s.holds(r, key, old)
	if err != nil {
		return nil, err
	}
	last := old.DeepCopyObject()
	s.stamp(last)
	delete(b.objects, key)
	i := sort.SearchStrings(b.keys, key)
	b.keys = append(b.keys[:i], b.keys[i+1:]...)
	s.record(Change{Resource: r, Key: key, Object: last, Old: old, Deleted: true})
	return last, nil
}

func (s *Store) holds(r schema.GroupResource, key string, old runtime.Object) (*bucket, error) {
	b := s.buckets[r]
	if b == nil || b.objects[key] == nil {
		return nil, ErrNotFound
	}
	if b.objects[key] != old {
		return nil, ErrConflict
	}
	return b, nil
}

// stamp begins a write: it counts the revision up and puts it on the object.
func (s *Store) stamp(obj runtime.Object) {
	s.revision++
	m, err := meta.Accessor(obj)
	if err != nil {
		panic("store: an object without metadata: " + err.Error())
	}
	m.SetResourceVersion(strconv.FormatUint(s.revision, 10))
}

// record ends a write.
func (s *Store) record(c Change) {
	c.Revision = s.revision
	s.history = append(s.history, c)
	if len(s.history) > 2*s.window {
		s.Compact(s.history[len(s.history)-s.window-1].Revision)
	}
	if s.onChange != nil {
		s.onChange(c)
	}
}

// Compact forgets the changes up to and including a revision.
func (s *Store) Compact(revision uint64) {
	if revision <= s.compacted || revision > s.revision {
		return
	}
	i := sort.Search(len(s.history), func(i int) bool { return s.history[i].Revision > revision })
	s.history = append([]Change(nil), s.history[i:]...)
	s.compacted = revision
}
