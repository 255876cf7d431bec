package podsecurity

import (
	"maps"
	"slices"
	"strings"
)

// values is a set whose members are told in order.
type values map[string]bool

func (v values) list() []string { return slices.Sorted(maps.Keys(v)) }

func quoted(items []string) string {
	if len(items) == 0 {
		return ""
	}
	return `"` + strings.Join(items, `", "`) + `"`
}

// plural is the word for that many.
func plural(one, more string, n int) string {
	if n == 1 {
		return one
	}
	return more
}

// containers names them: `container "a"`, `containers "a", "b"`.
func containers(names []string) string {
	return plural("container", "containers", len(names)) + " " + quoted(names)
}

// setters says who is to blame: the pod itself, some of its containers, or both. It is empty where nobody is.
func setters(pod bool, names []string) string {
	switch {
	case pod && len(names) > 0:
		return "pod and " + containers(names)
	case pod:
		return "pod"
	case len(names) > 0:
		return containers(names)
	}
	return ""
}
