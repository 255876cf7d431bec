package kustomize

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"terrarium/sim/kubectl/object"
)

// replacement copies a value from one object into others.
type replacement struct {
	Path        string              `json:"path"`
	Source      *replacementSource  `json:"source"`
	SourceValue *string             `json:"sourceValue"`
	Targets     []replacementTarget `json:"targets"`
}

type replacementSource struct {
	selector
	FieldPath string              `json:"fieldPath"`
	Options   *replacementOptions `json:"options"`
}

type replacementTarget struct {
	Select     *selector           `json:"select"`
	Reject     []*selector         `json:"reject"`
	FieldPaths []string            `json:"fieldPaths"`
	Options    *replacementOptions `json:"options"`
}

type replacementOptions struct {
	Delimiter string `json:"delimiter"`
	Index     int    `json:"index"`
	Encoding  string `json:"encoding"`
	Create    bool   `json:"create"`
}

func (t *target) replace() error {
	for _, r := range t.spec.Replacements {
		list := []replacement{r}
		if r.Path != "" {
			data, err := t.read(r.Path)
			if err != nil {
				return err
			}
			if err := yaml.Unmarshal(data, &list); err != nil {
				list = make([]replacement, 1)
				if err := yaml.Unmarshal(data, &list[0]); err != nil {
					return err
				}
			}
		}
		for i := range list {
			if err := t.replaceOne(&list[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *target) replaceOne(r *replacement) error {
	if r.Source == nil && r.SourceValue == nil || len(r.Targets) == 0 {
		return fmt.Errorf("replacements must specify a source and at least one target")
	}
	var value any
	if r.SourceValue != nil {
		value = *r.SourceValue
	} else {
		var err error
		if value, err = t.source(r.Source); err != nil {
			return err
		}
	}
	for _, target := range r.Targets {
		if target.Select == nil {
			return fmt.Errorf("target must specify resources to select")
		}
		list, err := t.selected(target.Select)
		if err != nil {
			return err
		}
		paths := target.FieldPaths
		if len(paths) == 0 {
			paths = []string{"metadata.name"}
		}
		for _, res := range list {
			if rejected, err := t.rejects(target.Reject, res); err != nil || rejected {
				if err != nil {
					return err
				}
				continue
			}
			for _, p := range paths {
				if !put(res.object, splitPath(p), value, target.Options) {
					return fmt.Errorf("unable to find field %q in replacement target", p)
				}
			}
		}
	}
	return nil
}

func (t *target) rejects(list []*selector, r *resource) (bool, error) {
	for _, s := range list {
		if *s == (selector{}) {
			continue
		}
		out, err := t.selected(s)
		if err != nil || slices.Contains(out, r) {
			return true, err
		}
	}
	return false, nil
}

func (t *target) source(s *replacementSource) (any, error) {
	list, err := t.selected(&s.selector)
	if err != nil {
		return nil, err
	}
	of := id{name: s.Name, namespace: s.Namespace}
	of.gvk.Group, of.gvk.Version, of.gvk.Kind = s.Group, s.Version, s.Kind
	switch {
	case len(list) == 0:
		return nil, fmt.Errorf("nothing selected by %s:%s", of, pathOr(s.FieldPath))
	case len(list) > 1:
		return nil, fmt.Errorf("multiple matches for selector %s", of)
	}
	var value any = list[0].object
	for _, step := range splitPath(pathOr(s.FieldPath)) {
		if value = at(value, step); value == nil {
			return nil, fmt.Errorf("fieldPath `%s` is missing for replacement source %s", pathOr(s.FieldPath), of)
		}
	}
	if o := s.Options; o != nil && o.Delimiter != "" {
		parts := strings.Split(fmt.Sprint(value), o.Delimiter)
		if o.Index < 0 || o.Index >= len(parts) {
			return nil, fmt.Errorf("options.index %d is out of bounds for value %v", o.Index, value)
		}
		return parts[o.Index], nil
	}
	return value, nil
}

func pathOr(p string) string {
	if p == "" {
		return "metadata.name"
	}
	return p
}

// splitPath takes a.b.[name=x].c apart; \. is a dot of a name.
func splitPath(p string) []string {
	var out []string
	var b strings.Builder
	depth := 0
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\' && i+1 < len(p) && p[i+1] == '.':
			i++
			b.WriteByte('.')
		case c == '.' && depth == 0:
			if b.Len() > 0 {
				out = append(out, b.String())
			}
			b.Reset()
		default:
			if c == '[' {
				depth++
			}
			if c == ']' {
				depth--
			}
			b.WriteByte(c)
		}
	}
	if b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}

// at is what a step leads to: a key, an index, or the element of a list in which [key=value].
func at(v any, step string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[step]
	case []any:
		if i := indexOf(v, step); i >= 0 {
			return v[i]
		}
	}
	return nil
}

func indexOf(list []any, step string) int {
	if key, want, ok := strings.Cut(strings.Trim(step, "[]"), "="); ok && strings.HasPrefix(step, "[") {
		return slices.IndexFunc(list, func(v any) bool { m, _ := v.(map[string]any); return m != nil && fmt.Sprint(m[key]) == want })
	}
	if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(list) {
		return i
	}
	return -1
}

// put sets the value at a path, and reports whether there was such a place.
func put(v any, steps []string, value any, o *replacementOptions) bool {
	create := o != nil && o.Create
	switch v := v.(type) {
	case map[string]any:
		old, there := v[steps[0]]
		if !there && !create {
			return false
		}
		if len(steps) == 1 {
			v[steps[0]] = spliced(old, value, o)
			return true
		}
		if old == nil {
			old = map[string]any{}
			v[steps[0]] = old
		}
		return put(old, steps[1:], value, o)
	case []any:
		found := false
		for i := range v {
			if steps[0] != "*" && indexOf(v, steps[0]) != i {
				continue
			}
			if len(steps) == 1 {
				v[i], found = spliced(v[i], value, o), true
			} else if put(v[i], steps[1:], value, o) {
				found = true
			}
		}
		return found
	}
	return false
}

// spliced is the value, or the old one with one of its parts replaced.
func spliced(old, value any, o *replacementOptions) any {
	if o == nil || o.Delimiter == "" || old == nil {
		if m, ok := value.(map[string]any); ok {
			return object.Copy(m)
		}
		return value
	}
	parts := strings.Split(fmt.Sprint(old), o.Delimiter)
	switch {
	case o.Index < 0:
		parts = append([]string{fmt.Sprint(value)}, parts...)
	case o.Index >= len(parts):
		parts = append(parts, fmt.Sprint(value))
	default:
		parts[o.Index] = fmt.Sprint(value)
	}
	return strings.Join(parts, o.Delimiter)
}
