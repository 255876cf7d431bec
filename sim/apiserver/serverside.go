package apiserver

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"terrarium/sim/apply"
)

// apply is a server-side apply: it creates what is not there.
func (c *call) apply(r rules, sh shape) (runtime.Object, error) {
	r.create = c.req.Subresource == ""
	return c.update(r, func(old runtime.Object) (runtime.Object, error) {
		config := &unstructured.Unstructured{Object: map[string]any{}}
		data, err := yaml.YAMLToJSON(c.req.Patch)
		if err != nil {
			err = fmt.Errorf("error converting YAML to JSON: %w", err)
		} else {
			err = kjson.UnmarshalCaseSensitivePreserveInts(data, &config.Object)
		}
		if err != nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding YAML: %v", err))
		}
		if config.Object == nil {
			config.Object = map[string]any{}
		}
		obj, err := c.applied(config, old, sh)
		if err != nil {
			return nil, err
		}
		if err := c.strictApply(); err != nil {
			return nil, err
		}
		return obj, c.applicable(obj, old)
	})
}

// applied merges the configuration into the object and enters who manages what.
func (c *call) applied(config *unstructured.Unstructured, old runtime.Object, sh shape) (runtime.Object, error) {
	if c.req.Subresource == "scale" {
		if err := c.parentConfig(config); err != nil {
			return nil, err
		}
		sh = c.whole()
	}
	var before *note
	v := c.viewOf()
	k := c.keeper(v, c.req.Subresource, c.clock.Now())
	live := k.Empty
	if old != nil {
		before = c.ledger.notes[c.noteKey(old)]
		live = sh.view(old)
	}
	books, err := apply.Decode(c.entriesOf(before))
	if err != nil {
		return nil, fmt.Errorf("failed to decode managed fields: %v", err)
	}
	if old == nil {
		books = apply.NewBooks()
	}
	out, err := k.Apply(live, config, books, c.req.FieldManager, c.req.Force)
	if err != nil {
		return nil, err
	}
	entries, err := books.Encode()
	if err != nil {
		return nil, fmt.Errorf("failed to encode managed fields: %v", err)
	}
	c.note = &note{known: true, entries: entries}
	if out == nil {
		if old != nil {
			return old.DeepCopyObject(), nil
		}
		out = config
	}
	obj := sh.fresh()
	if u, ok := obj.(*unstructured.Unstructured); ok {
		u.Object = out.Object
		if _, err := c.coerce(u); err != nil {
			return nil, badRequest(err)
		}
	} else if err := runtime.DefaultUnstructuredConverter.FromUnstructured(out.Object, obj); err != nil {
		return nil, fmt.Errorf("failed to convert new object (%v/%v; %v) to proper version: unable to convert unstructured object to %v: %v", config.GetNamespace(), config.GetName(), v.gvk, v.gvk, err)
	}
	if old != nil {
		return sh.merge(obj, old.DeepCopyObject())
	}
	return sh.merge(obj, nil)
}

// parentConfig makes of an applied Scale what it says of the object that is scaled.
func (c *call) parentConfig(config *unstructured.Unstructured) error {
	gvk := config.GroupVersionKind()
	if gvk != scaleKind {
		return apierrors.NewBadRequest(fmt.Sprintf("invalid object type: %v", gvk))
	}
	replicas, found, err := unstructured.NestedFieldNoCopy(config.Object, "spec", "replicas")
	if err != nil {
		return badRequest(err)
	}
	config.SetGroupVersionKind(c.view.GVK())
	delete(config.Object, "status")
	config.Object["spec"] = map[string]any{}
	if found {
		config.Object["spec"] = map[string]any{"replicas": replicas}
	}
	return nil
}

// strictApply complains of repeated keys.
func (c *call) strictApply() error {
	check, fail := c.strict()
	if !check {
		return nil
	}
	err := yaml.UnmarshalStrict(c.req.Patch, &map[string]any{})
	if err == nil {
		return nil
	}
	if fail {
		return apierrors.NewBadRequest(fmt.Sprintf("error strict decoding YAML: %v", err))
	}
	for _, line := range yamlWarnings(err.Error()) {
		c.warn(line)
	}
	return nil
}

// applicable checks that what was applied is what the request names.
func (c *call) applicable(obj, old runtime.Object) error {
	m := metaOf(obj)
	if m.GetUID() != "" && old == nil {
		return apierrors.NewConflict(c.gr(), c.req.Name, fmt.Errorf("uid mismatch: the provided object specified uid %s, and no existing object was found", m.GetUID()))
	}
	return c.settle(m)
}
