package kustomize

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation"

	"terrarium/sim/kubectl/object"
)

// generate makes the config maps and secrets that the kustomization describes.
func (t *target) generate() error {
	for _, kind := range []string{"ConfigMap", "Secret"} {
		list := t.spec.ConfigMapGenerator
		if kind == "Secret" {
			list = t.spec.SecretGenerator
		}
		for i := range list {
			r, err := t.generated(kind, &list[i])
			if err != nil {
				return err
			}
			if err := t.absorb(r); err != nil {
				return fmt.Errorf("merging from generator %s: %w", list[i].Name, err)
			}
		}
	}
	return nil
}

func (t *target) generated(kind string, g *generator) (*resource, error) {
	if g.Name == "" {
		return nil, errors.New("a configmap must have a name")
	}
	data, err := t.pairs(g)
	if err != nil {
		return nil, err
	}
	o := map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"name": g.Name}}
	if g.Namespace != "" {
		object.Set(o, g.Namespace, "metadata", "namespace")
	}
	if kind == "Secret" {
		o["type"] = "Opaque"
		if g.Type != "" {
			o["type"] = g.Type
		}
	}
	for key, value := range data {
		switch {
		case kind == "Secret":
			object.Set(o, base64.StdEncoding.EncodeToString([]byte(value)), "data", key)
		case utf8.ValidString(value):
			object.Set(o, value, "data", key)
		default:
			object.Set(o, base64.StdEncoding.EncodeToString([]byte(value)), "binaryData", key)
		}
	}
	r := &resource{object: o, behavior: g.Behavior, hash: true}
	for _, opts := range []*generatorOptions{t.spec.GeneratorOptions, g.Options} {
		if opts == nil {
			continue
		}
		addTo(o, opts.Labels, "labels")
		addTo(o, opts.Annotations, "annotations")
		if opts.Immutable {
			o["immutable"] = true
		}
		if opts.DisableNameSuffixHash {
			r.hash = false
		}
	}
	return r, nil
}

func addTo(o map[string]any, m map[string]string, field string) {
	for k, v := range m {
		object.Set(o, v, "metadata", field, k)
	}
}

// pairs are the keys and values that a generator names.
func (t *target) pairs(g *generator) (map[string]string, error) {
	out := map[string]string{}
	add := func(key, value string) error {
		if msgs := validation.IsConfigMapKey(key); len(msgs) > 0 {
			return fmt.Errorf("%q is not a valid key name: %s", key, strings.Join(msgs, ";"))
		}
		if _, have := out[key]; have {
			return fmt.Errorf("configmap %s illegally repeats the key `%s`", g.Name, key)
		}
		out[key] = value
		return nil
	}
	envs := g.Envs
	if g.Env != "" {
		envs = append(envs, g.Env)
	}
	for _, name := range envs {
		data, err := t.read(name)
		if err == nil {
			err = lines(string(data), add)
		}
		if err != nil {
			return nil, fmt.Errorf("loading KV pairs: env source files: %v: %w", envs, err)
		}
	}
	for _, literal := range g.Literals {
		key, value, ok := strings.Cut(literal, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("loading KV pairs: literal sources %v: invalid literal source %v, expected key=value", g.Literals, literal)
		}
		if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
			value = value[1 : n-1]
		}
		if err := add(key, value); err != nil {
			return nil, err
		}
	}
	for _, source := range g.Files {
		key, name, err := fileSource(source)
		var data []byte
		if err == nil {
			data, err = t.read(name)
		}
		if err != nil {
			return nil, fmt.Errorf("loading KV pairs: file sources: %v: %w", g.Files, err)
		}
		if err := add(key, string(data)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// lines reads NAME=value lines; empty ones and remarks count for nothing.
func lines(text string, add func(key, value string) error) error {
	for _, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		if msgs := validation.IsEnvVarName(key); len(msgs) > 0 {
			return fmt.Errorf("%q is not a valid key name: %s", key, strings.Join(msgs, ";"))
		}
		if err := add(key, value); err != nil {
			return err
		}
	}
	return nil
}

func fileSource(source string) (key, name string, err error) {
	switch n := strings.Count(source, "="); {
	case n == 0:
		return path.Base(source), source, nil
	case n > 1:
		return "", "", fmt.Errorf("source %q key name or file path contains '='", source)
	}
	key, name, _ = strings.Cut(source, "=")
	switch {
	case key == "":
		return "", "", fmt.Errorf("missing key name for file path %q in source %q", name, source)
	case name == "":
		return "", "", fmt.Errorf("missing file path for key name %q in source %q", key, source)
	}
	return key, name, nil
}

// absorb adds what was generated, or merges it into the object of that name.
func (t *target) absorb(r *resource) error {
	var old *resource
	for _, have := range t.list {
		for _, i := range have.ids() {
			if i.same(r.id()) {
				old = have
			}
		}
	}
	changes := r.behavior == "merge" || r.behavior == "replace"
	switch {
	case old == nil && changes:
		return fmt.Errorf("id %s does not exist; cannot merge or replace", r.id())
	case old == nil:
		t.list = append(t.list, r)
		return nil
	case !changes:
		return fmt.Errorf("behavior must be merge or replace")
	}
	if r.behavior == "merge" {
		for _, field := range []string{"data", "binaryData"} {
			m := map[string]any{}
			maps.Copy(m, object.Map(old.object, field))
			maps.Copy(m, object.Map(r.object, field))
			if len(m) > 0 {
				r.object[field] = m
			}
		}
	}
	for _, field := range []string{"labels", "annotations"} {
		m := maps.Clone(object.StringMap(old.object, "metadata", field))
		maps.DeleteFunc(m, func(key, _ string) bool { _, ok := object.Get(r.object, "metadata", field, key); return ok })
		addTo(r.object, m, field)
	}
	metadata := object.Map(r.object, "metadata")
	for _, field := range []string{"name", "namespace"} {
		if v, ok := object.Get(old.object, "metadata", field); ok {
			metadata[field] = v
		}
	}
	old.object, old.hash = r.object, old.hash || r.hash
	return nil
}

// hashOf is what a generated object's name ends with. The object's name is no part of it.
func hashOf(o map[string]any) string {
	m := map[string]any{"kind": o["kind"], "name": "", "data": ""}
	for _, field := range []string{"data", "binaryData", "stringData", "type"} {
		if v, ok := o[field]; ok {
			m[field] = v
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return strings.NewReplacer("0", "g", "1", "h", "3", "k", "a", "m", "e", "t").Replace(hex.EncodeToString(sum[:])[:10])
}
