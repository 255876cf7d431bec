package apply

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"sort"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Books say which manager set which fields of an object, and when.
type Books struct {
	sets  fieldpath.ManagedFields // by identity
	times map[string]*metav1.Time
}

// NewBooks are empty.
func NewBooks() *Books {
	return &Books{sets: fieldpath.ManagedFields{}, times: map[string]*metav1.Time{}}
}

// Empty says that nobody manages anything.
func (b *Books) Empty() bool { return len(b.sets) == 0 }

func (b *Books) clone() *Books {
	return &Books{sets: maps.Clone(b.sets), times: maps.Clone(b.times)}
}

// identity is what tells managers apart: all that an entry says but the fields and the time.
func identity(e metav1.ManagedFieldsEntry) string {
	e.FieldsType, e.FieldsV1, e.Time = "", nil, nil
	if e.Operation == metav1.ManagedFieldsOperationApply {
		e.APIVersion = ""
	}
	data, err := json.Marshal(&e)
	if err != nil {
		panic("apply: a manager that has no identity: " + err.Error())
	}
	return string(data)
}

// Decode reads metadata.managedFields.
func Decode(entries []metav1.ManagedFieldsEntry) (*Books, error) {
	b := NewBooks()
	for i, e := range entries {
		switch {
		case e.Operation != metav1.ManagedFieldsOperationApply && e.Operation != metav1.ManagedFieldsOperationUpdate:
			return nil, fmt.Errorf("operation must be `Apply` or `Update`")
		case e.APIVersion == "":
			return nil, fmt.Errorf("apiVersion must not be empty")
		case e.FieldsType == "":
			return nil, fmt.Errorf("missing fieldsType in managed fields entry %d", i)
		case e.FieldsType != "FieldsV1":
			return nil, fmt.Errorf("invalid fieldsType %q in managed fields entry %d", e.FieldsType, i)
		}
		raw := []byte("{}")
		if e.FieldsV1 != nil {
			raw = e.FieldsV1.GetRawBytes()
		}
		set := &fieldpath.Set{}
		if err := set.FromJSON(bytes.NewReader(raw)); err != nil {
			return nil, fmt.Errorf("error decoding set: %v", err)
		}
		id := identity(e)
		b.sets[id] = fieldpath.NewVersionedSet(set, fieldpath.APIVersion(e.APIVersion), e.Operation == metav1.ManagedFieldsOperationApply)
		b.times[id] = e.Time
	}
	return b, nil
}

// Encode writes metadata.managedFields.
func (b *Books) Encode() ([]metav1.ManagedFieldsEntry, error) {
	if len(b.sets) == 0 {
		return nil, nil
	}
	entries := make([]metav1.ManagedFieldsEntry, 0, len(b.sets))
	for id, set := range b.sets {
		var e metav1.ManagedFieldsEntry
		if err := json.Unmarshal([]byte(id), &e); err != nil {
			return nil, fmt.Errorf("error unmarshalling manager identifier %v: %v", id, err)
		}
		e.APIVersion = string(set.APIVersion())
		if set.Applied() {
			e.Operation = metav1.ManagedFieldsOperationApply
		}
		raw, err := set.Set().ToJSON()
		if err != nil {
			return nil, fmt.Errorf("error encoding set: %v", err)
		}
		e.FieldsType, e.FieldsV1 = "FieldsV1", &metav1.FieldsV1{}
		e.FieldsV1.SetRawBytes(raw)
		e.Time = b.times[id]
		entries = append(entries, e)
	}
	sort.Slice(entries, func(i, j int) bool { return less(&entries[i], &entries[j]) })
	return entries, nil
}

func less(p, q *metav1.ManagedFieldsEntry) bool {
	switch {
	case p.Operation != q.Operation:
		return p.Operation < q.Operation
	case seconds(p.Time) != seconds(q.Time):
		return seconds(p.Time) < seconds(q.Time)
	case p.Manager != q.Manager:
		return p.Manager < q.Manager
	case p.APIVersion != q.APIVersion:
		return p.APIVersion < q.APIVersion
	}
	return p.Subresource < q.Subresource
}

func seconds(t *metav1.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// unmanaged are the fields that nobody manages.
func unmanaged() *fieldpath.Set {
	set := fieldpath.NewSet(fieldpath.MakePathOrDie("apiVersion"), fieldpath.MakePathOrDie("kind"), fieldpath.MakePathOrDie("metadata"))
	for _, name := range []string{"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"} {
		set.Insert(fieldpath.MakePathOrDie("metadata", name))
	}
	return set
}

func (b *Books) strip(id string) {
	set, ok := b.sets[id]
	if !ok {
		return
	}
	left := set.Set().Difference(unmanaged())
	if left.Empty() {
		delete(b.sets, id)
		return
	}
	b.sets[id] = fieldpath.NewVersionedSet(left, set.APIVersion(), set.Applied())
}

// capUpdaters gives what the oldest of too many updaters set to one manager of ancient changes.
func (b *Books) capUpdaters() {
	var updaters []string
	for id, set := range b.sets {
		if !set.Applied() {
			updaters = append(updaters, id)
		}
	}
	if len(updaters) <= maxUpdaters {
		return
	}
	sort.Slice(updaters, func(i, j int) bool {
		s, t := seconds(b.times[updaters[i]]), seconds(b.times[updaters[j]])
		if s != t {
			return s < t
		}
		return updaters[i] < updaters[j]
	})
	first := map[fieldpath.APIVersion]string{}
	left := len(updaters)
	for _, id := range updaters {
		if left <= maxUpdaters {
			return
		}
		set := b.sets[id]
		version := set.APIVersion()
		one, ok := first[version]
		if !ok {
			first[version] = id
			continue
		}
		bucket := identity(metav1.ManagedFieldsEntry{Manager: ancient, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: string(version)})
		if _, ok := b.sets[bucket]; !ok {
			b.sets[bucket] = b.sets[one]
			delete(b.sets, one)
		}
		b.sets[bucket] = fieldpath.NewVersionedSet(set.Set().Union(b.sets[bucket].Set()), version, set.Applied())
		delete(b.sets, id)
		left--
		b.times[bucket] = b.times[id]
	}
}
