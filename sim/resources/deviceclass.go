package resources

import (
	"time"

	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

const deviceGroup = "resource.k8s.io"

func deviceClasses() *Resource {
	return of(&Resource{
		Group: deviceGroup, Version: "v1", Name: "deviceclasses", Singular: "deviceclass", Kind: "DeviceClass", ReturnsDeleted: true,
		New: fresh[resourcev1.DeviceClass], NewList: fresh[resourcev1.DeviceClassList],
	}, typed[resourcev1.DeviceClass]{
		Changed: func(c, old *resourcev1.DeviceClass) bool { return !equality.Semantic.DeepEqual(c.Spec, old.Spec) },
		Row: func(c *resourcev1.DeviceClass, now time.Time) []any {
			return []any{c.Name, age(c.CreationTimestamp, now)}
		},
	})
}
