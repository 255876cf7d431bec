package kustomize

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"terrarium/sim/kubectl/object"
)

// fixReferences gives every reference the name that the object has now.
func (t *target) fixReferences() error {
	for _, ref := range allReferences() {
		for _, r := range t.list {
			if !ref.fits(r) {
				continue
			}
			var failed error
			ref.visit(r.object, func(v any) any {
				with, err := t.refer(ref, r, v)
				failed = cmp.Or(failed, err)
				return with
			})
			if failed != nil {
				return fmt.Errorf("updating name reference in '%s' field of '%s': %w", ref.Path, r.id(), failed)
			}
		}
	}
	return nil
}

// refer is what a reference's field is to hold: a name, a list of names, or an object with a name and a namespace.
func (t *target) refer(ref reference, r *resource, v any) (any, error) {
	switch v := v.(type) {
	case string:
		to, err := t.referral(ref, r, v, "")
		if err != nil || to == nil {
			return v, err
		}
		return object.Name(to.object), nil
	case []any:
		for i, item := range v {
			with, err := t.refer(ref, r, item)
			if err != nil {
				return v, err
			}
			v[i] = with
		}
	case map[string]any:
		name, ok := v["name"].(string)
		if !ok {
			return v, fmt.Errorf("path config error; no 'name' field in node")
		}
		ns, _ := v["namespace"].(string)
		to, err := t.referral(ref, r, name, ns)
		if err != nil || to == nil {
			return v, err
		}
		v["name"] = object.Name(to.object)
		if ns := object.Namespace(to.object); ns != "" {
			v["namespace"] = ns
		}
	}
	return v, nil
}

// referral is the object that r means by a name, nil where there is none.
func (t *target) referral(ref reference, r *resource, name, ns string) (*resource, error) {
	kind := ref.to
	if strings.HasSuffix(ref.Path, "roleRef/name") && object.String(r.object, "roleRef", "kind") != kind {
		return nil, nil
	}
	var found []*resource
	for _, to := range t.list {
		if !slices.ContainsFunc(to.before, func(i id) bool { return i.name == name && i.gvk.Kind == kind }) && (to.id().name != name || to.id().gvk.Kind != kind) {
			continue
		}
		if ns != "" && object.Namespace(to.object) != ns && cmp.Or(to.ids()[0].namespace, "default") != ns {
			continue
		}
		free := kind == "ServiceAccount" || strings.Contains(clusterScoped, " "+kind+" ") || strings.Contains(clusterScoped, " "+r.id().gvk.Kind+" ")
		if free || cmp.Or(object.Namespace(to.object), "default") == cmp.Or(object.Namespace(r.object), "default") {
			found = append(found, to)
		}
	}
	for _, allowEmpty := range []bool{true, false} {
		if len(found) > 1 {
			found = slices.DeleteFunc(found, func(to *resource) bool { return !sameContext(to, r, allowEmpty) })
		}
	}
	switch {
	case len(found) == 0:
		return nil, nil
	case len(found) == 1 || !slices.ContainsFunc(found, func(to *resource) bool { return object.Name(to.object) != object.Name(found[0].object) }):
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, to := range found {
		names[i] = to.id().String()
	}
	return nil, fmt.Errorf("found multiple possible referrals: %s", strings.Join(names, ", "))
}

// sameContext reports whether two objects got the same prefixes and suffixes on the way that they went together.
func sameContext(a, b *resource, allowEmpty bool) bool {
	same := func(x, y []string) bool {
		if allowEmpty && (len(x) == 0 || len(y) == 0) {
			return true
		}
		n := min(len(x), len(y))
		return (n > 0 || len(x) == len(y)) && slices.Equal(x[len(x)-n:], y[len(y)-n:])
	}
	return same(a.prefixes, b.prefixes) && same(a.suffixes, b.suffixes)
}
