package kustomize

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"terrarium/sim/kubectl/object"
	"terrarium/sim/patch"
)

// applyPatch applies one patch, strategic or JSON, to what it is meant for.
func (t *target) applyPatch(p patchSpec) error {
	text := p.Patch
	if p.Path != "" {
		if p.Patch != "" {
			return errors.New("patch and path can't be set at the same time")
		}
		data, err := t.read(p.Path)
		if err != nil {
			return fmt.Errorf("trouble configuring builtin PatchTransformer with config: `\n%s`: failed to get the patch file from path(%s): %w", configOf(p), p.Path, err)
		}
		text = string(data)
	}
	if strings.TrimSpace(text) == "" {
		return errors.New("must specify one of patch and path in\n" + configOf(p))
	}
	if ops, err := operations(text); err == nil {
		return t.applyJSON(p, text, ops)
	}
	changes, err := parse([]byte(text))
	if err != nil || len(changes) == 0 {
		return fmt.Errorf("unable to parse SM or JSON patch from [%v]", describe(p, text))
	}
	for _, change := range changes {
		if err := t.applyMerge(p, change); err != nil {
			return err
		}
	}
	return nil
}

// configOf is a patch as kustomize prints it in errors.
func configOf(p patchSpec) string {
	m := map[string]any{}
	if p.Path != "" {
		m["path"] = p.Path
	}
	if p.Target != nil {
		target := map[string]any{}
		for key, value := range map[string]string{
			"group": p.Target.Group, "version": p.Target.Version, "kind": p.Target.Kind, "name": p.Target.Name, "namespace": p.Target.Namespace,
			"annotationSelector": p.Target.AnnotationSelector, "labelSelector": p.Target.LabelSelector,
		} {
			if value != "" {
				target[key] = value
			}
		}
		m["target"] = target
	}
	text, _ := yaml.Marshal(m)
	return string(text)
}

func describe(p patchSpec, text string) string {
	if p.Path != "" {
		return fmt.Sprintf("path: %q", p.Path)
	}
	return fmt.Sprintf("patch: %q", text)
}

func operations(text string) (patch.Operations, error) {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(strings.TrimSpace(string(data)), "[") {
		return nil, errors.New("not a list")
	}
	return patch.ParseOperations(data)
}

func (t *target) applyJSON(p patchSpec, text string, ops patch.Operations) error {
	if p.Target == nil {
		return fmt.Errorf("must specify a target for JSON patch [%s]", describe(p, text))
	}
	list, err := t.selected(p.Target)
	if err != nil {
		return err
	}
	for _, r := range list {
		out, err := ops.Apply(r.object, json.Unmarshal)
		if err != nil {
			return err
		}
		data, err := json.Marshal(out)
		if err != nil {
			return err
		}
		o, err := object.Decode(data)
		if err != nil {
			return err
		}
		r.remember()
		r.object = o
	}
	return nil
}

func (t *target) applyMerge(p patchSpec, change map[string]any) error {
	of := id{object.GVK(change), object.Name(change), object.Namespace(change)}
	var list []*resource
	if p.Target != nil {
		var err error
		if list, err = t.selected(p.Target); err != nil {
			return err
		}
	} else {
		for _, r := range t.list {
			if slices.ContainsFunc(r.ids(), of.same) {
				list = append(list, r)
			}
		}
		switch {
		case len(list) == 0:
			return fmt.Errorf("no resource matches strategic merge patch %q: no matches for Id %s; failed to find unique target for patch %s", of, of, of)
		case len(list) > 1:
			return fmt.Errorf("multiple matches for Id %s; failed to find unique target for patch %s", of, of)
		}
	}
	for _, r := range list {
		before := r.id()
		c := object.Copy(change)
		if c["$patch"] == "delete" {
			t.list = slices.DeleteFunc(t.list, func(o *resource) bool { return o == r })
			continue
		}
		keepName := p.Options == nil || !p.Options.AllowNameChange
		keepKind := p.Options == nil || !p.Options.AllowKindChange
		r.remember()
		r.object = merge(r.object, c, t.Schema(before.gvk))
		if keepName {
			object.Set(r.object, before.name, "metadata", "name")
		}
		if keepKind {
			r.object["kind"] = before.gvk.Kind
			r.object["apiVersion"] = before.gvk.GroupVersion().String()
		}
		if before.namespace != "" {
			object.Set(r.object, before.namespace, "metadata", "namespace")
		}
	}
	return nil
}

// selected are the resources that a selector means, by the names that they have or had.
func (t *target) selected(s *selector) ([]*resource, error) {
	var out []*resource
	for _, r := range t.list {
		fits := false
		for _, i := range r.ids() {
			ok := true
			for _, part := range [][2]string{
				{s.Group, i.gvk.Group}, {s.Version, i.gvk.Version}, {s.Kind, i.gvk.Kind}, {s.Name, i.name}, {s.Namespace, i.namespace},
			} {
				if part[0] == "" {
					continue
				}
				re, err := regexp.Compile("^(?:" + part[0] + ")$")
				if err != nil {
					return nil, err
				}
				ok = ok && re.MatchString(part[1])
			}
			fits = fits || ok
		}
		for _, by := range []struct {
			selector string
			have     map[string]string
		}{{s.LabelSelector, object.Labels(r.object)}, {s.AnnotationSelector, object.Annotations(r.object)}} {
			sel, err := labels.Parse(by.selector)
			if err != nil {
				return nil, err
			}
			fits = fits && sel.Matches(labels.Set(by.have))
		}
		if fits {
			out = append(out, r)
		}
	}
	return out, nil
}

// merge puts a strategic merge patch over an object. Unlike the API server's, the patch's
// elements of a list come first.
func merge(o, change map[string]any, s patch.Schema) map[string]any {
	what := change["$patch"]
	delete(change, "$patch")
	if what == "replace" {
		return change
	}
	for _, key := range object.SortedKeys(change) {
		switch v := change[key].(type) {
		case nil:
			delete(o, key)
		case map[string]any:
			if v["$patch"] == "delete" {
				delete(o, key)
				continue
			}
			old, ok := o[key].(map[string]any)
			if !ok {
				old = map[string]any{}
			}
			o[key] = merge(old, v, below(s, key))
		case []any:
			o[key] = mergeList(o[key], v, s, key)
		default:
			o[key] = v
		}
	}
	return o
}

func below(s patch.Schema, key string) patch.Schema {
	if s == nil {
		return nil
	}
	sub, _, err := s.Field(key)
	if err != nil {
		return nil
	}
	return sub
}

func mergeList(old any, change []any, s patch.Schema, key string) any {
	have, _ := old.([]any)
	var items patch.Schema
	var how patch.Strategy
	if s != nil {
		var err error
		if items, how, err = s.Items(key); err != nil {
			how = patch.Strategy{}
		}
	}
	replaced := slices.ContainsFunc(change, func(v any) bool { m, ok := v.(map[string]any); return ok && m["$patch"] == "replace" && len(m) == 1 })
	if replaced || !how.Merge || how.Key == "" && len(change) > 0 && isMap(change[0]) {
		return slices.DeleteFunc(change, func(v any) bool { m, ok := v.(map[string]any); return ok && m["$patch"] == "replace" && len(m) == 1 })
	}
	var out []any
	for _, v := range change {
		m, ok := v.(map[string]any)
		at := slices.IndexFunc(have, func(h any) bool {
			if !ok {
				return h == v
			}
			hm, ok := h.(map[string]any)
			return ok && hm[how.Key] == m[how.Key]
		})
		old := map[string]any{}
		if at >= 0 {
			if ok {
				old = have[at].(map[string]any)
			}
			have = slices.Delete(have, at, at+1)
		}
		switch {
		case ok && m["$patch"] == "delete":
		case ok:
			out = append(out, merge(old, m, items))
		default:
			out = append(out, v)
		}
	}
	return append(out, have...)
}

func isMap(v any) bool { _, ok := v.(map[string]any); return ok }
