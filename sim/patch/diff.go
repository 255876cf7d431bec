package patch

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
)

// TwoWay is the strategic merge patch that makes modified of original.
func TwoWay(original, modified map[string]any, s Schema) (map[string]any, error) {
	return differ{changes: true, deletions: true, order: true}.object(original, modified, s, false)
}

// ErrConflict says that a three-way patch would undo somebody else's change.
type ErrConflict struct{ Patch, Changed map[string]any }

// Error implements error.
func (e *ErrConflict) Error() string {
	return fmt.Sprintf("patch:\n%v\nconflicts with changes made from original to current:\n%v\n", e.Patch, e.Changed)
}

// ThreeWay is the strategic merge patch for current that carries out what modified says and removes what original
// said and modified does not. Without overwrite it is an *ErrConflict where current was changed otherwise meanwhile.
// The maps are not changed, but the patch shares their values.
func ThreeWay(original, modified, current map[string]any, s Schema, overwrite bool) (map[string]any, error) {
	delta, err := differ{changes: true, order: true}.object(current, modified, s, false)
	if err != nil {
		return nil, err
	}
	deletions, err := differ{deletions: true, order: true}.object(original, modified, s, false)
	if err != nil {
		return nil, err
	}
	out, err := merger{combine: true}.object(deepCopy(deletions), deepCopy(delta), s)
	if err != nil || overwrite {
		return out, err
	}
	changed, err := differ{changes: true, deletions: true}.object(original, current, s, false)
	if err != nil {
		return nil, err
	}
	if conflicting(out, changed, s) {
		return nil, &ErrConflict{Patch: out, Changed: changed}
	}
	return out, nil
}

// deepCopy copies the maps and lists of a JSON document.
func deepCopy(m map[string]any) map[string]any { return copyValue(m).(map[string]any) }

func copyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, one := range v {
			out[key] = copyValue(one)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = copyValue(one)
		}
		return out
	}
	return v
}

// differ makes patches of changes and additions, of deletions, or of both; order adds $setElementOrder.
type differ struct{ changes, deletions, order bool }

func (d differ) object(original, modified map[string]any, s Schema, retains bool) (map[string]any, error) {
	patch := map[string]any{}
	var kept []any
	for _, key := range slices.Sorted(maps.Keys(modified)) {
		value := modified[key]
		if retains && value != nil {
			kept = append(kept, key)
		}
		have, ok := original[key]
		switch {
		case !ok:
			if d.changes {
				patch[key] = value
			}
			continue
		case key == directive:
			if have != value {
				patch[key] = value
			}
			continue
		case reflect.TypeOf(have) != reflect.TypeOf(value):
			if d.changes {
				patch[key] = value
			}
			continue
		}
		if err := d.field(patch, key, have, value, s); err != nil {
			return nil, err
		}
	}
	gone := false
	for key, v := range original {
		if _, ok := modified[key]; ok {
			continue
		}
		gone = gone || v != nil
		if d.deletions {
			patch[key] = nil
		}
	}
	if len(kept) > 0 && (len(patch) > 0 || gone) {
		sortScalars(kept)
		patch[retainKeys] = kept
	}
	return patch, nil
}

// field compares two values of one type.
func (d differ) field(patch map[string]any, key string, have, value any, s Schema) error {
	switch have := have.(type) {
	case map[string]any:
		value := value.(map[string]any)
		sub, strategy, err := s.Field(key)
		if err != nil {
			if reflect.DeepEqual(have, value) {
				return nil
			}
			return err
		}
		if strategy.Replace {
			if d.changes {
				patch[key] = value
			}
			return nil
		}
		change, err := d.object(have, value, sub, strategy.RetainKeys)
		if err == nil && len(change) > 0 {
			patch[key] = change
		}
		return err
	case []any:
		value := value.([]any)
		sub, strategy, err := s.Items(key)
		if err != nil {
			if reflect.DeepEqual(have, value) {
				return nil
			}
			return err
		}
		if strategy.Merge {
			return d.list(patch, key, have, value, sub, strategy)
		}
	}
	if d.changes && !reflect.DeepEqual(have, value) {
		patch[key] = value
	}
	return nil
}

// list compares two lists that merge, and writes up to three fields of the patch.
func (d differ) list(patch map[string]any, key string, have, value []any, s Schema, strategy Strategy) error {
	if len(have) == 0 {
		if len(value) > 0 && d.changes {
			patch[key] = value
		}
		return nil
	}
	objects, err := ofObjects(have, value)
	if err != nil {
		return err
	}
	var change, deleted, order []any
	if objects {
		change, deleted, order, err = d.objects(have, value, s, strategy)
	} else {
		change, deleted, order, err = d.scalars(have, value)
	}
	if err != nil {
		return err
	}
	if len(change) > 0 {
		patch[key] = change
	}
	if len(deleted) > 0 {
		patch[deleteScalars+"/"+key] = deleted
	}
	if len(order) > 0 {
		patch[setElementOrder+"/"+key] = order
	}
	return nil
}

func (d differ) scalars(have, value []any) (change, deleted, order []any, err error) {
	a, b := slices.Clone(have), slices.Clone(value)
	sortScalars(a)
	sortScalars(b)
	sorted := a // upstream sorts the list itself before it compares the order
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && text(a[0]) < text(b[0]):
			if d.deletions {
				deleted = append(deleted, a[0])
			}
			a = a[1:]
		case len(a) == 0 || text(a[0]) > text(b[0]):
			if d.changes {
				change = append(change, b[0])
			}
			b = b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	deleted = unique(deleted)
	if change, err = sortBy(change, value, "", false); err != nil {
		return nil, nil, nil, err
	}
	if d.order && (d.deletions && len(deleted) > 0 || d.changes && !reflect.DeepEqual(sorted, value)) {
		order = value
	}
	return change, deleted, order, nil
}

func (d differ) objects(have, value []any, s Schema, strategy Strategy) (change, deleted, order []any, err error) {
	key := strategy.Key
	a, err := sortedByKey(have, key)
	if err != nil {
		return nil, nil, nil, err
	}
	b, err := sortedByKey(value, key)
	if err != nil {
		return nil, nil, nil, err
	}
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && text(a[0][key]) < text(b[0][key]):
			if d.deletions {
				deleted = append(deleted, map[string]any{key: a[0][key], directive: remove})
			}
			a = a[1:]
		case len(a) == 0 || text(a[0][key]) > text(b[0][key]):
			if d.changes {
				change = append(change, b[0])
			}
			b = b[1:]
		default:
			one, err := d.object(a[0], b[0], s, strategy.RetainKeys)
			if err != nil {
				return nil, nil, nil, err
			}
			if len(one) > 0 {
				one[key] = b[0][key]
				change = append(change, one)
			}
			a, b = a[1:], b[1:]
		}
	}
	if change, err = sortBy(change, value, key, true); err != nil {
		return nil, nil, nil, err
	}
	change = append(change, deleted...)
	if d.order && (d.changes && (len(change) > 0 || !sameOrder(have, value, key)) || d.deletions && len(change) > 0) {
		for _, v := range value {
			order = append(order, map[string]any{key: v.(map[string]any)[key]})
		}
	}
	return change, nil, order, nil
}

func sameOrder(a, b []any, key string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if equal, err := sameElement(a[i], b[i], key); err != nil || !equal {
			return false
		}
	}
	return true
}

func sortedByKey(list []any, key string) ([]map[string]any, error) {
	out := make([]map[string]any, 0, len(list))
	for _, v := range list {
		if _, err := keyOf(v, key); err != nil {
			return nil, err
		}
		out = append(out, v.(map[string]any))
	}
	sort.Sort(byText{len(out), func(i int) string { return text(out[i][key]) }, func(i, j int) { out[i], out[j] = out[j], out[i] }})
	return out, nil
}

func sortScalars(list []any) {
	sort.Sort(byText{len(list), func(i int) string { return text(list[i]) }, func(i, j int) { list[i], list[j] = list[j], list[i] }})
}

// byText sorts as upstream does, whose order takes equals for less: they change places.
type byText struct {
	n    int
	at   func(i int) string
	swap func(i, j int)
}

func (s byText) Len() int           { return s.n }
func (s byText) Less(i, j int) bool { return s.at(i) <= s.at(j) }
func (s byText) Swap(i, j int)      { s.swap(i, j) }

func text(v any) string { return fmt.Sprint(v) }

// conflicting says whether two patches change a field to different values.
func conflicting(a, b map[string]any, s Schema) bool {
	for key, x := range a {
		y, ok := b[key]
		if !ok || key == directive || key == retainKeys {
			continue
		}
		if valuesConflict(key, x, y, s) {
			return true
		}
	}
	return false
}

func valuesConflict(key string, x, y any, s Schema) bool {
	switch x := x.(type) {
	case map[string]any:
		y, ok := y.(map[string]any)
		if !ok {
			return true
		}
		sub, strategy, err := s.Field(key)
		if err != nil || x[directive] != y[directive] {
			return true
		}
		return !strategy.Replace && conflicting(x, y, sub)
	case []any:
		y, ok := y.([]any)
		if !ok {
			return true
		}
		sub, strategy, err := s.Items(key)
		if err != nil {
			return true
		}
		return listsConflict(x, y, sub, strategy)
	}
	return !reflect.DeepEqual(x, y)
}

func listsConflict(x, y []any, s Schema, strategy Strategy) bool {
	objects, err := ofObjects(x, y)
	if err != nil {
		return true
	}
	if !strategy.Merge {
		if len(x) != len(y) {
			return true
		}
		if !objects {
			x, y = slices.Clone(x), slices.Clone(y)
			sortScalars(x)
			sortScalars(y)
		}
		return !reflect.DeepEqual(x, y)
	}
	if !objects {
		return false
	}
	for _, v := range x {
		a := v.(map[string]any)
		i, err := indexOf(y, strategy.Key, a[strategy.Key])
		if err != nil {
			return true
		}
		if i < 0 {
			continue
		}
		b := y[i].(map[string]any)
		if a[directive] != b[directive] || conflicting(a, b, s) {
			return true
		}
	}
	return false
}
