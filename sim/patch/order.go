package patch

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
)

// ordered merges the lists that come with a $setElementOrder and takes them out of the patch.
func (m merger) ordered(original, patch map[string]any, s Schema) error {
	var keys []string
	for key := range patch {
		if strings.HasPrefix(key, setElementOrder) {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	for _, key := range keys {
		value := patch[key]
		if m.combine {
			if have, ok := original[key]; ok && !reflect.DeepEqual(have, value) {
				return ErrBadElementOrder
			}
			original[key] = value
		}
		delete(patch, key)
		order, ok := value.([]any)
		if !ok {
			return errBadType(order, value)
		}
		name, ok := strings.CutPrefix(key, setElementOrder+"/")
		if !ok {
			return ErrBadElementOrder
		}
		if err := m.orderedList(original, patch, name, order, s); err != nil {
			return err
		}
	}
	return nil
}

func (m merger) orderedList(original, patch map[string]any, name string, order []any, s Schema) error {
	have, inOriginal, err := listAt(original, name)
	if err != nil {
		return err
	}
	change, inPatch, err := listAt(patch, name)
	if err != nil {
		return err
	}
	sub, strategy, err := s.Items(name)
	if err != nil {
		return err
	}
	if err := fitsOrder(change, order, strategy.Key); err != nil {
		return err
	}
	var merged []any
	switch {
	case !inOriginal && !inPatch:
		return nil
	case !inPatch:
		merged = have
	case !inOriginal:
		v, _ := withoutDirectives(change)
		merged = v.([]any)
	default:
		v, err := m.listField(have, change, sub, strategy, false)
		if err != nil {
			return err
		}
		merged = v.([]any)
	}
	named, others, err := partition(merged, order, strategy.Key)
	if err != nil {
		return err
	}
	objects, err := ofObjects(have, change)
	if err != nil {
		return err
	}
	if original[name], err = interleave(named, others, order, have, strategy.Key, objects); err != nil {
		return err
	}
	delete(patch, name)
	return nil
}

func listAt(m map[string]any, key string) (list []any, ok bool, err error) {
	v, ok := m[key]
	if !ok {
		return nil, false, nil
	}
	if list, isList := v.([]any); isList {
		return list, true, nil
	}
	return nil, false, errBadType(list, v)
}

// fitsOrder checks that what a patch changes comes in the order that it asks for.
func fitsOrder(change, order []any, key string) error {
	if len(change) == 0 || len(order) == 0 {
		return nil
	}
	left := change
	if key != "" {
		var err error
		if left, _, err = splitDeleted(change); err != nil {
			return err
		}
	}
	i := 0
	for j := 0; i < len(left) && j < len(order); {
		if element, ok := left[i].(map[string]any); ok && element[directive] != nil {
			i++
			continue
		}
		equal, err := sameElement(left[i], order[j], key)
		if err != nil {
			return err
		}
		if equal {
			i++
		}
		j++
	}
	if i < len(left) {
		return fmt.Errorf("The order in patch list:\n%v\n doesn't match %s list:\n%v\n", change, setElementOrder, order)
	}
	return nil
}

func sameElement(a, b any, key string) (bool, error) {
	if key == "" {
		return same(a, b), nil
	}
	x, err := keyOf(a, key)
	if err != nil {
		return false, err
	}
	y, err := keyOf(b, key)
	return err == nil && same(x, y), err
}

// keyOf is the value that tells an element apart.
func keyOf(v any, key string) (any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errBadType(m, v)
	}
	value, ok := m[key]
	if !ok {
		return nil, errNoMergeKey(m, key)
	}
	return value, nil
}

func splitDeleted(list []any) (kept, deleted []any, err error) {
	for _, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, nil, errBadType(m, v)
		}
		if m[directive] == remove {
			deleted = append(deleted, v)
		} else {
			kept = append(kept, v)
		}
	}
	return kept, deleted, nil
}

// arrange orders a merged list: what the patch names, in the patch's order, among what it does not name.
func arrange(merged, patch, original []any, key string) ([]any, error) {
	named, others, err := partition(merged, patch, key)
	if err != nil {
		return nil, err
	}
	return interleave(named, others, patch, original, key, key != "")
}

// partition splits a list into what by names and what it does not.
func partition(list, by []any, key string) (named, others []any, err error) {
	named, others = []any{}, []any{}
	for _, v := range list {
		found := false
		if key == "" {
			found = contains(by, v)
		} else {
			value, err := keyOf(v, key)
			if err != nil {
				return nil, nil, err
			}
			i, err := indexOf(by, key, value)
			if err != nil {
				return nil, nil, err
			}
			found = i >= 0
		}
		if found {
			named = append(named, v)
		} else {
			others = append(others, v)
		}
	}
	return named, others, nil
}

// interleave sorts each list by its own order and merges the two as the server's order has them.
func interleave(named, others, order, server []any, key string, objects bool) ([]any, error) {
	named, err := sortBy(named, order, key, objects)
	if err != nil {
		return nil, err
	}
	if others, err = sortBy(others, server, key, objects); err != nil {
		return nil, err
	}
	out := make([]any, 0, len(named)+len(others))
	for len(named) > 0 && len(others) > 0 {
		o, n := position(server, others[0], key, objects), position(server, named[0], key, objects)
		if o >= 0 && n >= 0 && o < n {
			out, others = append(out, others[0]), others[1:]
		} else {
			out, named = append(out, named[0]), named[1:]
		}
	}
	return append(append(out, named...), others...), nil
}

// sortBy sorts a list by where its elements stand in order; deletions come last.
func sortBy(list, order []any, key string, objects bool) ([]any, error) {
	list = slices.Clone(list)
	var deleted []any
	if objects {
		for _, v := range append(slices.Clone(list), order...) {
			if _, err := keyOf(v, key); err != nil {
				return nil, err
			}
		}
		var err error
		if list, deleted, err = splitDeleted(list); err != nil {
			return nil, err
		}
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := position(order, list[i], key, objects), position(order, list[j], key, objects)
		return a < 0 || b < 0 || a < b
	})
	return append(list, deleted...), nil
}

func position(list []any, value any, key string, objects bool) int {
	if objects {
		m, _ := value.(map[string]any)
		value = m[key]
	}
	for i, v := range list {
		if objects {
			m, _ := v.(map[string]any)
			v = m[key]
		}
		if same(v, value) {
			return i
		}
	}
	return -1
}
