package quota

import (
	"k8s.io/apimachinery/pkg/api/resource"
	"maps"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// Names are the names in the list, in order.
func Names(list v1.ResourceList) []v1.ResourceName { return slices.Sorted(maps.Keys(list)) }

// Add is the sum of both lists.
func Add(a, b v1.ResourceList) v1.ResourceList {
	out := v1.ResourceList{}
	for name, q := range a {
		out[name] = q.DeepCopy()
	}
	for name, q := range b {
		sum, ok := out[name]
		if !ok {
			out[name] = q.DeepCopy()
			continue
		}
		sum.Add(q)
		out[name] = sum
	}
	return out
}

// Growth is by how much a exceeds b, nothing where it does not.
func Growth(a, b v1.ResourceList) v1.ResourceList {
	out := v1.ResourceList{}
	for name, q := range a {
		more := q.DeepCopy()
		if was, ok := b[name]; ok {
			more.Sub(was)
		}
		if more.Sign() > 0 {
			out[name] = more
		}
	}
	return out
}

// Only is the list without other names.
func Only(list v1.ResourceList, names []v1.ResourceName) v1.ResourceList {
	out := v1.ResourceList{}
	for name, q := range list {
		if slices.Contains(names, name) {
			out[name] = q.DeepCopy()
		}
	}
	return out
}

// Same says whether both lists have the same amounts of the same resources.
func Same(a, b v1.ResourceList) bool {
	return maps.EqualFunc(a, b, func(x, y resource.Quantity) bool { return x.Cmp(y) == 0 })
}

// Exceeding are the names of which the list has more than the limits allow, in order.
func Exceeding(list, limits v1.ResourceList) []v1.ResourceName {
	var names []v1.ResourceName
	for _, name := range Names(list) {
		q := list[name]
		if limit, ok := limits[name]; ok && q.Cmp(limit) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// Text is the list as errors tell it: `cpu=1,memory=1Gi`.
func Text(list v1.ResourceList) string {
	var parts []string
	for _, name := range Names(list) {
		q := list[name]
		parts = append(parts, string(name)+"="+q.String())
	}
	return strings.Join(parts, ",")
}

// Zero is nothing of every name.
func Zero(names []v1.ResourceName) v1.ResourceList {
	out := v1.ResourceList{}
	for _, name := range names {
		out[name] = resource.Quantity{Format: resource.DecimalSI}
	}
	return out
}
