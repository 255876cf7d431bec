package resources

import (
	"reflect"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func volumeAttributesClasses() *Resource {
	return of(&Resource{
		Group: "storage.k8s.io", Version: "v1", Name: "volumeattributesclasses", Singular: "volumeattributesclass", Kind: "VolumeAttributesClass",
		ShortNames: []string{"vac"}, ReturnsDeleted: true,
		New: fresh[storagev1.VolumeAttributesClass], NewList: fresh[storagev1.VolumeAttributesClassList],
	}, typed[storagev1.VolumeAttributesClass]{
		MetaAgain: "um|",
		Validate: func(c *storagev1.VolumeAttributesClass) field.ErrorList {
			var p problems
			validateAttributesClass(&p, c)
			return p.list()
		},
		ValidateUpdate: func(c, old *storagev1.VolumeAttributesClass) field.ErrorList {
			var p problems
			if c.DriverName != old.DriverName {
				p.forbidden(field.NewPath("driverName"), "updates to driverName are forbidden.")
			}
			if !reflect.DeepEqual(c.Parameters, old.Parameters) {
				p.forbidden(field.NewPath("parameters"), "updates to parameters are forbidden.")
			}
			validateAttributesClass(&p, c)
			return p.list()
		},
		Row: func(c *storagev1.VolumeAttributesClass, now time.Time) []any {
			return []any{c.Name, c.DriverName, age(c.CreationTimestamp, now)}
		},
	})
}

func validateAttributesClass(p *problems, c *storagev1.VolumeAttributesClass) {
	validateProvisioner(p, field.NewPath("driverName"), c.DriverName)
	validateParameters(p, field.NewPath("parameters"), c.Parameters)
	if len(c.Parameters) == 0 {
		p.required(field.NewPath("parameters"), "must contain at least one key/value pair")
	}
}
