package printers

import (
	"fmt"
	"io"
	"reflect"
	"sort"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/util/jsonpath"

	"terrarium/sim/kubectl/object"
)

// Sorted sorts a list's members, or a table's rows, by a field before it is printed.
type Sorted struct {
	Field   string // JSONPath, may be relaxed
	Printer Printer
}

func (s Sorted) Print(v any, w io.Writer) error {
	o, ok := v.(map[string]any)
	if !ok {
		return s.Printer.Print(v, w)
	}
	switch {
	case IsTable(o):
		rows := object.List(o, "rows")
		if len(rows) > 1 {
			sorted, err := sortBy(s.Field, rows, func(r any) any {
				m, _ := r.(map[string]any)
				return m["object"]
			})
			if err != nil {
				return err
			}
			o = withField(o, "rows", sorted)
		}
	case object.IsList(o):
		items := object.List(o, "items")
		if len(items) > 0 {
			sorted, err := sortBy(s.Field, items, func(i any) any { return i })
			if err != nil {
				return err
			}
			o = withField(o, "items", sorted)
		}
	}
	return s.Printer.Print(o, w)
}

func withField(o object.Object, name string, value []any) object.Object {
	out := make(object.Object, len(o))
	for k, v := range o {
		out[k] = v
	}
	out[name] = value
	return out
}

// SortObjects sorts objects by a field; order[i] is where the i-th stood before. At least one must have the field.
func SortObjects(objects []object.Object, field string) (order []int, err error) {
	list := make([]any, len(objects))
	for i, o := range objects {
		list[i] = indexed{i, o}
	}
	list, err = sortBy(field, list, func(v any) any { return v.(indexed).o })
	if err != nil {
		return nil, err
	}
	for _, v := range list {
		order = append(order, v.(indexed).i)
	}
	return order, nil
}

type indexed struct {
	i int
	o object.Object
}

// sortBy sorts members by the first value that the field has in what of gives for each.
func sortBy(field string, members []any, of func(any) any) ([]any, error) {
	path, err := Relaxed(field)
	if err != nil {
		path = field
	}
	parser := jsonpath.New("sorting").AllowMissingKeys(true)
	if err := parser.Parse(path); err != nil {
		return nil, err
	}
	type entry struct {
		member any
		value  reflect.Value
	}
	entries := make([]entry, len(members))
	any := false
	for i, m := range members {
		entries[i].member = m
		found, err := parser.FindResults(of(m))
		if err != nil {
			return nil, err
		}
		if len(found) > 0 && len(found[0]) > 0 {
			entries[i].value = found[0][0]
			any = true
		}
	}
	if !any {
		return nil, fmt.Errorf("couldn't find any field with path %q in the list of objects", path)
	}
	var bad error
	sort.Sort(byLess{len(entries), func(i, j int) bool {
		a, b := entries[i].value, entries[j].value
		switch {
		case !a.IsValid():
			return true
		case !b.IsValid():
			return false
		}
		less, err := less(a, b)
		if err != nil && bad == nil {
			bad = fmt.Errorf("Field %s in %s is an unsortable type: %s, err: %v", path, "[][][]reflect.Value", a.Kind(), err)
		}
		return less
	}, func(i, j int) { entries[i], entries[j] = entries[j], entries[i] }})
	out := make([]interface{}, len(entries))
	for i, e := range entries {
		out[i] = e.member
	}
	return out, bad
}

// byLess is sort.Interface: the order of equal members is that of sort.Sort, as kubectl's is.
type byLess struct {
	n    int
	less func(i, j int) bool
	swap func(i, j int)
}

func (b byLess) Len() int           { return b.n }
func (b byLess) Less(i, j int) bool { return b.less(i, j) }
func (b byLess) Swap(i, j int)      { b.swap(i, j) }

func less(a, b reflect.Value) (bool, error) {
	switch a.Kind() {
	case reflect.Interface:
		if b.Kind() != reflect.Interface {
			return false, nil
		}
		switch {
		case a.IsNil():
			return !b.IsNil(), nil
		case b.IsNil():
			return false, nil
		}
		return lessValues(a.Interface(), b.Interface())
	case reflect.Slice:
		if b.Kind() != reflect.Slice {
			return false, nil
		}
		for i := range min(a.Len(), b.Len()) {
			if l, err := less(a.Index(i), b.Index(i)); err != nil || !l {
				return l, err
			}
		}
		return true, nil
	case reflect.String, reflect.Int64, reflect.Float64:
		return lessValues(a.Interface(), b.Interface())
	}
	return false, fmt.Errorf("unsortable type: %v", a.Kind())
}

func lessValues(a, b any) (bool, error) {
	switch x := a.(type) {
	case int64:
		if y, ok := b.(int64); ok {
			return x < y, nil
		}
	case float64:
		if y, ok := b.(float64); ok {
			return x < y, nil
		}
	case string:
		if y, ok := b.(string); ok {
			return lessStrings(x, y), nil
		}
	default:
		return false, fmt.Errorf("unsortable type: %T", a)
	}
	return false, fmt.Errorf("unsortable interface: %v", reflect.Interface)
}

// lessStrings compares quantities by what they amount to.
func lessStrings(a, b string) bool {
	x, err := resource.ParseQuantity(a)
	if err != nil {
		return a < b
	}
	y, err := resource.ParseQuantity(b)
	if err != nil {
		return a < b
	}
	return x.Cmp(y) < 0
}
