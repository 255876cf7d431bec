package kustomize

import (
	"fmt"
	"slices"
	"strings"

	"terrarium/sim/kubectl/object"
)

// transform changes what has been accumulated, in the order in which kustomize does.
func (t *target) transform() error {
	k := t.spec
	for _, p := range k.PatchesStrategicMerge {
		spec := patchSpec{Path: p}
		if strings.Contains(p, "\n") || strings.Contains(p, ": ") {
			spec = patchSpec{Patch: p}
		}
		if err := t.applyPatch(spec); err != nil {
			return err
		}
	}
	for _, p := range k.Patches {
		if err := t.applyPatch(p); err != nil {
			return err
		}
	}
	if k.Namespace != "" {
		if err := t.setNamespace(k.Namespace); err != nil {
			return err
		}
	}
	t.rename()
	t.setLabels()
	if len(k.CommonAnnotations) > 0 {
		t.addPairs(fieldsOf(templateMetadata, "annotations"), k.CommonAnnotations)
	}
	for _, p := range k.PatchesJSON6902 {
		if err := t.applyPatch(p); err != nil {
			return err
		}
	}
	for _, r := range k.Replicas {
		if err := t.setReplicas(r); err != nil {
			return err
		}
	}
	for _, i := range k.Images {
		for _, r := range t.list {
			if r.id().gvk.Kind != "CustomResourceDefinition" {
				setImages(r.object, i)
			}
		}
	}
	return t.replace()
}

func (t *target) setNamespace(ns string) error {
	for _, r := range t.list {
		kind := r.id().gvk.Kind
		r.remember()
		if !strings.Contains(clusterScoped, " "+kind+" ") {
			object.Set(r.object, ns, "metadata", "namespace")
		}
		if kind == "RoleBinding" || kind == "ClusterRoleBinding" {
			for _, s := range object.Maps(r.object, "subjects") {
				if s["name"] == "default" {
					s["namespace"] = ns
				}
			}
		}
		for _, f := range fieldsOf(namespaces, "") {
			if f.fits(r) {
				f.visit(r.object, func(any) any { return ns })
			}
		}
	}
	for i, r := range t.list {
		for _, other := range t.list[:i] {
			if other.id().same(r.id()) {
				return fmt.Errorf("namespace transformation produces ID conflict: %s", r.id())
			}
		}
	}
	return nil
}

// rename puts the prefix and the suffix around names.
func (t *target) rename() {
	prefix, suffix := t.spec.NamePrefix, t.spec.NameSuffix
	if prefix == "" && suffix == "" {
		return
	}
	for _, r := range t.list {
		switch i := r.id(); i.gvk.Kind {
		case "CustomResourceDefinition", "APIService", "Namespace":
			continue
		}
		r.remember()
		object.Set(r.object, prefix+object.Name(r.object)+suffix, "metadata", "name")
		if prefix != "" {
			r.prefixes = append(r.prefixes, prefix)
		}
		if suffix != "" {
			r.suffixes = append(r.suffixes, suffix)
		}
	}
}

func (t *target) setLabels() {
	for _, l := range append(t.spec.Labels, labelSpec{Pairs: t.spec.CommonLabels, IncludeSelectors: true}) {
		if len(l.Pairs) == 0 {
			continue
		}
		fields := l.Fields
		switch {
		case l.IncludeSelectors:
			fields = append(fields, fieldsOf(selectors, "")...)
			fallthrough
		case l.IncludeTemplates:
			fields = append(fields, fieldsOf(templateMetadata, "labels")...)
			fields = append(fields, fieldsOf(claimLabels, "")...)
		default:
			fields = append(fields, field{Path: "metadata/labels", Create: true})
		}
		t.addPairs(fields, l.Pairs)
	}
}

// addPairs adds keys and values to the maps at fields.
func (t *target) addPairs(fields []field, pairs map[string]string) {
	for _, r := range t.list {
		for _, f := range fields {
			if !f.fits(r) {
				continue
			}
			f.visit(r.object, func(v any) any {
				m, ok := v.(map[string]any)
				if !ok {
					m = map[string]any{}
				}
				for key, value := range pairs {
					m[key] = value
				}
				return m
			})
		}
	}
}

func (t *target) setReplicas(spec replica) error {
	found := false
	for _, f := range fieldsOf(scalable, "") {
		for _, r := range t.list {
			if f.fits(r) && slices.ContainsFunc(r.ids(), func(i id) bool { return i.name == spec.Name }) {
				found = true
				f.visit(r.object, func(any) any { return spec.Count })
			}
		}
	}
	if !found {
		return fmt.Errorf("resource with name %s does not match a config with the following GVK [Deployment.[noVer].[noGrp] StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]", spec.Name)
	}
	return nil
}

// setImages changes the images of all containers below o.
func setImages(o any, spec image) {
	switch v := o.(type) {
	case []any:
		for _, item := range v {
			setImages(item, spec)
		}
	case map[string]any:
		for _, key := range object.SortedKeys(v) {
			setImages(v[key], spec)
			if key != "containers" && key != "initContainers" {
				continue
			}
			list, _ := v[key].([]any)
			for _, item := range list {
				if c, ok := item.(map[string]any); ok {
					if name, ok := c["image"].(string); ok {
						c["image"] = spec.change(name)
					}
				}
			}
		}
	}
}

// change is an image's name as the kustomization wants it.
func (i image) change(old string) string {
	name, digest, _ := strings.Cut(old, "@")
	tag := ""
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
		name, tag = name[:at], name[at+1:]
	}
	if name != i.Name {
		return old
	}
	if i.NewName != "" {
		name = i.NewName
	}
	switch {
	case i.NewTag != "":
		tag, digest = i.NewTag, i.Digest
	case i.Digest != "":
		tag, digest = "", i.Digest
	case i.TagSuffix != "":
		tag, digest = tag+i.TagSuffix, ""
	}
	if tag != "" {
		name += ":" + tag
	}
	if digest != "" {
		name += "@" + digest
	}
	return name
}
