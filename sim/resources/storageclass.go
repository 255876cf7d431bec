package resources

import (
	"maps"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func storageClasses() *Resource {
	return of(&Resource{
		Group: "storage.k8s.io", Version: "v1", Name: "storageclasses", Singular: "storageclass", Kind: "StorageClass",
		ShortNames: []string{"sc"}, ReturnsDeleted: true,
		New: fresh[storagev1.StorageClass], NewList: fresh[storagev1.StorageClassList],
	}, typed[storagev1.StorageClass]{
		MetaAgain: "m|u",
		Default: func(c *storagev1.StorageClass) {
			fillPointer(&c.ReclaimPolicy, v1.PersistentVolumeReclaimDelete)
			fillPointer(&c.VolumeBindingMode, storagev1.VolumeBindingImmediate)
		},
		Validate: func(c *storagev1.StorageClass) field.ErrorList {
			var p problems
			validateStorageClass(&p, c)
			return p.list()
		},
		ValidateUpdate: func(c, old *storagev1.StorageClass) field.ErrorList {
			var p problems
			validateStorageClass(&p, c)
			validateSame(&p, field.NewPath("parameters"), c.Parameters, old.Parameters)
			validateSame(&p, field.NewPath("provisioner"), c.Provisioner, old.Provisioner)
			validateSame(&p, field.NewPath("reclaimPolicy"), c.ReclaimPolicy, old.ReclaimPolicy)
			validateSame(&p, field.NewPath("volumeBindingMode"), c.VolumeBindingMode, old.VolumeBindingMode)
			return p.list()
		},
		Warnings: func(c, _ *storagev1.StorageClass) []string {
			var w warnings
			for i, term := range c.AllowedTopologies {
				for k, e := range term.MatchLabelExpressions {
					if text := deprecatedNodeLabel(e.Key); text != "" {
						w.say(field.NewPath("allowedTopologies").Index(i).Child("matchLabelExpressions").Index(k).Child("key"), "%s", text)
					}
				}
			}
			return w
		},
		Row: func(c *storagev1.StorageClass, now time.Time) []any {
			isDefault := c.Annotations["storageclass.kubernetes.io/is-default-class"]
			if c.Annotations["storageclass.beta.kubernetes.io/is-default-class"] == "true" {
				isDefault = "true"
			}
			return []any{defaultName(c.Name, isDefault), c.Provisioner, string(or(c.ReclaimPolicy, v1.PersistentVolumeReclaimDelete)),
				string(or(c.VolumeBindingMode, storagev1.VolumeBindingImmediate)), or(c.AllowVolumeExpansion, false), age(c.CreationTimestamp, now)}
		},
	})
}

func validateStorageClass(p *problems, c *storagev1.StorageClass) {
	validateProvisioner(p, field.NewPath("provisioner"), c.Provisioner)
	validateParameters(p, field.NewPath("parameters"), c.Parameters)
	if policy := or(c.ReclaimPolicy, ""); policy != "" {
		oneOf(p, field.NewPath("reclaimPolicy"), policy, v1.PersistentVolumeReclaimDelete, v1.PersistentVolumeReclaimRetain)
	}
	if at := field.NewPath("volumeBindingMode"); c.VolumeBindingMode == nil {
		p.required(at, "")
	} else {
		oneOf(p, at, *c.VolumeBindingMode, storagev1.VolumeBindingImmediate, storagev1.VolumeBindingWaitForFirstConsumer)
	}
	validateTopologies(p, field.NewPath("allowedTopologies"), c.AllowedTopologies)
}

func validateProvisioner(p *problems, at *field.Path, name string) {
	if p.present(at, name) {
		p.qualified(at, strings.ToLower(name))
	}
}

func validateParameters(p *problems, at *field.Path, parameters map[string]string) {
	const most, longest = 512, 256 << 10
	if len(parameters) > most {
		p.tooLong(at, most)
		return
	}
	size := 0
	for _, key := range sorted(parameters) {
		if key == "" {
			p.invalid(at, key, "field can not be empty.")
		}
		size += len(key) + len(parameters[key])
	}
	if size > longest {
		p.tooLong(at, longest)
	}
}

func validateTopologies(p *problems, at *field.Path, terms []v1.TopologySelectorTerm) {
	type term map[string]map[string]bool
	seen := make([]term, len(terms)) // a term that says nothing repeats these
	for i, t := range terms {
		at, this := at.Index(i).Child("matchLabelExpressions"), term{}
		for k, e := range t.MatchLabelExpressions {
			at, values := at.Index(k), map[string]bool{}
			if len(e.Values) == 0 {
				p.required(at.Child("values"), "")
			}
			for n, value := range e.Values {
				if values[value] {
					p.duplicate(at.Child("values").Index(n), value)
				}
				values[value] = true
			}
			p.labelName(at.Child("key"), e.Key)
			if _, twice := this[e.Key]; twice {
				p.duplicate(at.Child("key"), e.Key)
			}
			this[e.Key] = values
		}
		for _, other := range seen {
			if maps.EqualFunc(this, other, func(a, b map[string]bool) bool { return maps.Equal(a, b) }) {
				p.duplicate(at, "")
			}
		}
		seen = append(seen, this)
	}
}
