package patch

import (
	"reflect"
)

// MergeJSON applies a JSON merge patch. The document is changed and shares values with the patch.
func MergeJSON(doc, patch map[string]any) map[string]any {
	for key, value := range patch {
		if value == nil {
			delete(doc, key)
			continue
		}
		have, ok := doc[key].(map[string]any)
		change, isObject := value.(map[string]any)
		if ok && isObject {
			MergeJSON(have, change)
			continue
		}
		dropNulls(value)
		doc[key] = value
	}
	return doc
}

// DiffJSON is the merge patch that makes b of a.
func DiffJSON(a, b map[string]any) map[string]any {
	patch := map[string]any{}
	for key, value := range b {
		have, ok := a[key]
		x, isObject := have.(map[string]any)
		y, toObject := value.(map[string]any)
		switch {
		case isObject && toObject:
			if sub := DiffJSON(x, y); len(sub) > 0 {
				patch[key] = sub
			}
		case !ok || !reflect.DeepEqual(have, value):
			patch[key] = value
		}
	}
	for key := range a {
		if _, ok := b[key]; !ok {
			patch[key] = nil
		}
	}
	return patch
}
