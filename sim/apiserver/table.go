package apiserver

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"terrarium/sim/api"
)

// collection is a list as it is written.
type collection struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []runtime.Object `json:"items"`
}

// DeepCopyObject implements runtime.Object.
func (l *collection) DeepCopyObject() runtime.Object {
	out := *l
	return &out
}

// collect turns a list into what is written: items of built-in kinds do not say what they are.
func (c *call) collect(l *api.Listed) *collection {
	out := &collection{TypeMeta: l.TypeMeta, ListMeta: l.ListMeta, Items: make([]runtime.Object, len(l.Items))}
	for i, item := range l.Items {
		out.Items[i] = c.withManaged(untyped(item), c.managedFields(item))
	}
	return out
}

func hasMeta(obj runtime.Object) bool {
	switch obj.(type) {
	case metav1.ObjectMetaAccessor, *unstructured.Unstructured:
		return true
	}
	return false
}

// untyped is an object of a Go type without its kind and apiVersion.
func untyped(obj runtime.Object) runtime.Object {
	if _, ok := obj.(runtime.Unstructured); ok {
		return obj
	}
	v := reflect.ValueOf(obj).Elem()
	out := reflect.New(v.Type())
	out.Elem().Set(v)
	copied := out.Interface().(runtime.Object)
	copied.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	return copied
}

// answer writes the result of a request in the form that the client wants.
func (x *exchange) answer(c *call, f format, code int, obj runtime.Object) error {
	if status, ok := obj.(*metav1.Status); ok {
		x.write(f, code, status)
		return nil
	}
	list, isList := obj.(*api.Listed)
	if f.as == nil {
		if !isList && hasMeta(obj) {
			obj = c.withManaged(obj, c.managedFields(obj))
		}
		if isList {
			all := c.collect(list)
			obj = all
			switch {
			case c.view.Custom:
				obj = asUnstructured(all)
			case f.wire != nil:
				obj = f.wire.list(c.view.NewList(), all)
			}
		}
		x.write(f, code, obj)
		return nil
	}
	var out runtime.Object
	switch f.as.Kind {
	case "Table":
		include, err := x.includes()
		if err != nil {
			return err
		}
		t := c.table(include, f.as.GroupVersion(), x.clock.Now(), obj)
		if isTrue(x.r.URL.Query(), "noHeaders") {
			t.ColumnDefinitions = nil
		}
		out = t
	case "PartialObjectMetadata":
		if isList {
			_, name := goNames(c.view.NewList(), c.view.Group)
			return notAcceptable(fmt.Sprintf("you requested PartialObjectMetadata, but the requested object is a list (*%s)", name))
		}
		out = partial(obj, f.as.GroupVersion())
	case "PartialObjectMetadataList":
		if !isList {
			_, name := goNames(obj, c.view.Group)
			return notAcceptable(fmt.Sprintf("you requested PartialObjectMetadataList, but the requested object is not a list (*%s)", name))
		}
		out = partialList(list, f.as.GroupVersion())
	}
	f.as = nil
	x.write(f, code, out)
	return nil
}

func notAcceptable(text string) *apierrors.StatusError {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotAcceptable, Reason: metav1.StatusReasonNotAcceptable, Message: text,
	}}
}

// partial is the metadata of an object.
func partial(obj runtime.Object, gv schema.GroupVersion) *metav1.PartialObjectMetadata {
	p := meta.AsPartialObjectMetadata(metaOf(obj))
	p.SetGroupVersionKind(gv.WithKind("PartialObjectMetadata"))
	return p
}

func partialList(l *api.Listed, gv schema.GroupVersion) *metav1.PartialObjectMetadataList {
	out := &metav1.PartialObjectMetadataList{ListMeta: l.ListMeta, Items: make([]metav1.PartialObjectMetadata, len(l.Items))}
	out.SetGroupVersionKind(gv.WithKind("PartialObjectMetadataList"))
	for i, item := range l.Items {
		out.Items[i] = *partial(item, gv)
	}
	return out
}

// table shows an object, or the items of a list, as rows.
func (c *call) table(include metav1.IncludeObjectPolicy, gv schema.GroupVersion, now time.Time, obj runtime.Object) *metav1.Table {
	t := &metav1.Table{TypeMeta: metav1.TypeMeta{APIVersion: gv.String(), Kind: "Table"}, Rows: []metav1.TableRow{}}
	if scale, ok := obj.(*autoscalingv1.Scale); ok {
		t.ResourceVersion, t.ColumnDefinitions = scale.ResourceVersion, scaleColumns()
		t.Rows = append(t.Rows, c.row(scaleRow, nil, include, gv, now, obj))
		return t
	}
	kind := c.kind
	if c.view.Row != nil {
		kind = c.view
	}
	t.ColumnDefinitions = kind.Columns
	if kind.Row == nil {
		t.ColumnDefinitions = plainColumns()
	}
	items := []runtime.Object{obj}
	if list, ok := obj.(*api.Listed); ok {
		t.ListMeta, items = list.ListMeta, list.Items
	} else {
		t.ResourceVersion = metaOf(obj).GetResourceVersion()
	}
	if kind.RowOrder != nil {
		items = slices.SortedStableFunc(slices.Values(items), kind.RowOrder)
	}
	for _, item := range items {
		t.Rows = append(t.Rows, c.row(kind.Row, kind.RowConditions, include, gv, now, item))
	}
	return t
}

func plainColumns() []metav1.TableColumnDefinition {
	doc := metav1.ObjectMeta{}.SwaggerDoc()
	return []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name", Description: doc["name"]},
		{Name: "Created At", Type: "date", Description: doc["creationTimestamp"]},
	}
}

func (c *call) row(cells func(runtime.Object, time.Time) []any, conditions func(runtime.Object) []metav1.TableRowCondition,
	include metav1.IncludeObjectPolicy, gv schema.GroupVersion, now time.Time, item runtime.Object) metav1.TableRow {
	m := metaOf(item)
	stored := item
	if _, isScale := item.(*autoscalingv1.Scale); !isScale && c.view.View != nil {
		stored = c.view.View.ToStored(item)
	}
	row := metav1.TableRow{}
	if cells != nil {
		row.Cells = cells(stored, now)
		if conditions != nil {
			row.Conditions = conditions(stored)
		}
	} else {
		created := m.GetCreationTimestamp()
		row.Cells = []any{m.GetName(), created.Time.UTC().Format(time.RFC3339)}
	}
	switch include {
	case metav1.IncludeObject:
		row.Object.Object = item
	case metav1.IncludeMetadata:
		row.Object.Object = partial(item, gv)
	}
	return row
}
