package patch

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// The words of a strategic merge patch.
const (
	directive       = "$patch"
	replace         = "replace"
	remove          = "delete"
	merge           = "merge"
	retainKeys      = "$retainKeys"
	deleteScalars   = "$deleteFromPrimitiveList"
	setElementOrder = "$setElementOrder"
)

// Errors of a strategic merge patch that a server answers with a code of their own.
var (
	ErrBadJSON            = errors.New("invalid JSON document")
	ErrListOfLists        = errors.New("lists of lists are not supported")
	ErrBadScalarList      = errors.New("invalid patch format of primitive list")
	ErrBadRetainKeys      = errors.New("invalid patch format of retainKeys")
	ErrBadElementOrder    = errors.New("invalid patch format of setElementOrder list")
	ErrNoStrategicForKind = errors.New("strategic merge patch format is not supported")
)

func errNoMergeKey(m map[string]any, key string) error {
	return fmt.Errorf("map: %v does not contain declared merge key: %s", m, key)
}

func errBadType(expected, actual any) error {
	return fmt.Errorf("expected a %s, but received a %s", reflect.TypeOf(expected), reflect.TypeOf(actual))
}

// Strategic applies a strategic merge patch to an object. Both maps may be changed and must not be used again.
func Strategic(original, patch map[string]any, s Schema) (map[string]any, error) {
	return merger{}.object(original, patch, s)
}

// merger applies patches. Where combine is set the original is a patch too, and directives and nulls are kept.
type merger struct{ combine bool }

func (m merger) object(original, patch map[string]any, s Schema) (map[string]any, error) {
	if what, ok := patch[directive]; ok {
		switch what {
		case replace:
			delete(patch, directive)
			return patch, nil
		case remove:
			return map[string]any{}, nil
		}
		return nil, fmt.Errorf("unknown patch type: %s in map: %v", what, patch)
	}
	if original == nil {
		original = map[string]any{}
	}
	if err := m.retain(original, patch); err != nil {
		return nil, err
	}
	if err := m.ordered(original, patch, s); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(patch)) {
		if err := m.field(original, key, patch[key], s); err != nil {
			return nil, err
		}
	}
	return original, nil
}

// field merges one field of a patch, or one list of scalars to delete.
func (m merger) field(original map[string]any, key string, value any, s Schema) error {
	deletes := strings.HasPrefix(key, deleteScalars)
	if deletes {
		if m.combine {
			original[key] = value
			return nil
		}
		var ok bool
		if key, ok = strings.CutPrefix(key, deleteScalars+"/"); !ok {
			return ErrBadScalarList
		}
	}
	if value == nil {
		delete(original, key)
		if !m.combine {
			return nil
		}
	}
	have, ok := original[key]
	if !ok || reflect.TypeOf(have) != reflect.TypeOf(value) {
		if !deletes {
			if !m.combine {
				dropNulls(value)
			}
			setOrDelete(original, key, value)
		}
		return nil
	}
	var err error
	switch have := have.(type) {
	case map[string]any:
		original[key], err = m.objectField(have, value.(map[string]any), key, s)
	case []any:
		sub, strategy, lookup := s.Items(key)
		if lookup != nil {
			return lookup
		}
		original[key], err = m.listField(have, value.([]any), sub, strategy, deletes)
	default:
		setOrDelete(original, key, value)
	}
	return err
}

func (m merger) objectField(have, value map[string]any, key string, s Schema) (any, error) {
	sub, strategy, err := s.Field(key)
	if err != nil {
		return nil, err
	}
	if strategy.Replace {
		return value, nil
	}
	return m.object(have, value, sub)
}

func (m merger) listField(have, value []any, sub Schema, strategy Strategy, deletes bool) (any, error) {
	if !strategy.Merge && !deletes {
		return value, nil
	}
	return m.list(have, value, sub, strategy.Key, deletes)
}

// setOrDelete sets a field to what is left of a value without its directives.
func setOrDelete(original map[string]any, key string, value any) {
	if v, keep := withoutDirectives(value); keep {
		original[key] = v
	} else {
		delete(original, key)
	}
}

func withoutDirectives(value any) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		if _, ok := v[directive]; ok {
			return nil, false
		}
		for key, one := range v {
			setOrDelete(v, key, one)
		}
	case []any:
		kept := []any{}
		for _, one := range v {
			if one, keep := withoutDirectives(one); keep {
				kept = append(kept, one)
			}
		}
		return kept, true
	}
	return value, true
}

func dropNulls(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, one := range v {
			if one == nil {
				delete(v, key)
			} else {
				dropNulls(one)
			}
		}
	case []any:
		for _, one := range v {
			dropNulls(one)
		}
	}
}

// retain carries out $retainKeys: keys that it does not name go.
func (m merger) retain(original, patch map[string]any) error {
	value, ok := patch[retainKeys]
	if !ok {
		return nil
	}
	delete(patch, retainKeys)
	if m.combine {
		have, ok := original[retainKeys]
		if ok && !reflect.DeepEqual(have, value) {
			return fmt.Errorf("%v and %v are not deep equal: this may happen when calculating the 3-way diff patch", have, value)
		}
		original[retainKeys] = value
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		return ErrBadRetainKeys
	}
	for key, v := range patch {
		if v != nil && !strings.HasPrefix(key, deleteScalars) && !strings.HasPrefix(key, setElementOrder) && !contains(list, key) {
			return ErrBadRetainKeys
		}
	}
	for key := range original {
		if !contains(list, key) {
			delete(original, key)
		}
	}
	return nil
}

func contains(list []any, value any) bool {
	for _, v := range list {
		if same(v, value) {
			return true
		}
	}
	return false
}

// same is == for the scalars of a JSON document; it does not panic on others.
func same(a, b any) bool {
	switch a.(type) {
	case map[string]any, []any:
		return false
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

// list merges two lists of scalars or of objects that a key tells apart.
func (m merger) list(original, patch []any, s Schema, key string, deletes bool) ([]any, error) {
	if len(original) == 0 && len(patch) == 0 {
		return original, nil
	}
	objects, err := ofObjects(original, patch)
	if err != nil {
		return nil, err
	}
	var merged []any
	switch {
	case !objects && deletes && !m.combine:
		return slices.DeleteFunc(slices.Clone(original), func(v any) bool { return contains(patch, v) }), nil
	case !objects:
		key = ""
		merged = unique(append(slices.Clone(original), patch...))
	case key == "":
		return nil, fmt.Errorf("cannot merge lists without merge key for %s", s.Name())
	default:
		if original, patch, err = special(original, patch, key); err != nil {
			return nil, err
		}
		if merged, err = m.elements(original, patch, s, key); err != nil {
			return nil, err
		}
	}
	return arrange(merged, patch, original, key)
}

// special carries out the elements of a patch that are directives, and returns both lists without them.
func special(original, patch []any, key string) (left, plain []any, err error) {
	replaces := false
	plain = []any{}
	for _, v := range patch {
		element := v.(map[string]any)
		what, ok := element[directive]
		if !ok {
			plain = append(plain, v)
			continue
		}
		switch what {
		case remove:
			value, ok := element[key]
			if !ok {
				return nil, nil, errNoMergeKey(element, key)
			}
			for i := 0; i < len(original); i++ {
				o, ok := original[i].(map[string]any)
				if !ok {
					return nil, nil, fmt.Errorf("value for key %v is not a map", i)
				}
				if have, ok := o[key]; ok && same(have, value) {
					original = slices.Delete(slices.Clone(original), i, i+1)
					i--
				}
			}
		case replace:
			replaces = true
		case merge:
			return nil, nil, errors.New("merging lists cannot yet be specified in the patch")
		default:
			return nil, nil, fmt.Errorf("unknown patch type: %s in map: %v", what, element)
		}
	}
	if replaces {
		return plain, nil, nil
	}
	return original, plain, nil
}

// elements merges a list of objects, element by element; what is new comes last.
func (m merger) elements(original, patch []any, s Schema, key string) ([]any, error) {
	merged := slices.Clone(original)
	for _, v := range patch {
		element := v.(map[string]any)
		value, ok := element[key]
		if !ok {
			return nil, errNoMergeKey(element, key)
		}
		i, err := indexOf(merged, key, value)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			merged = append(merged, v)
			continue
		}
		if merged[i], err = m.object(merged[i].(map[string]any), element, s); err != nil {
			return nil, err
		}
	}
	return merged, nil
}

func indexOf(list []any, key string, value any) (int, error) {
	for i, v := range list {
		element, ok := v.(map[string]any)
		if !ok {
			return 0, fmt.Errorf("value for key %v is not a map", i)
		}
		if have, ok := element[key]; ok && same(have, value) {
			return i, nil
		}
	}
	return -1, nil
}

// ofObjects says whether the lists hold objects. All elements must be of one type.
func ofObjects(lists ...[]any) (bool, error) {
	var t reflect.Type
	for _, list := range lists {
		for _, v := range list {
			switch {
			case t == nil:
				if t = reflect.TypeOf(v); t == reflect.TypeFor[[]any]() {
					return false, ErrListOfLists
				}
			case t != reflect.TypeOf(v):
				return false, fmt.Errorf("list element types are not identical: %v", fmt.Sprint(lists))
			}
		}
	}
	if t == nil {
		return false, errors.New("no elements in any of the given slices")
	}
	return t == reflect.TypeFor[map[string]any](), nil
}

// unique drops repeated scalars as upstream does: the last element takes the place of one that is dropped.
func unique(list []any) []any {
	last := len(list) - 1
	for i := 0; i < last; i++ {
		for j := i + 1; j <= last; j++ {
			if same(list[i], list[j]) {
				list[j] = list[last]
				list = list[:last]
				last--
				j--
			}
		}
	}
	return list
}
