package resources

import (
	"time"

	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/fields"
)

func resourceSlices() *Resource {
	return of(&Resource{
		Group: deviceGroup, Version: "v1", Name: "resourceslices", Singular: "resourceslice", Kind: "ResourceSlice", ReturnsDeleted: true,
		New: fresh[resourcev1.ResourceSlice], NewList: fresh[resourcev1.ResourceSliceList],
		FieldError: "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: %s",
	}, typed[resourcev1.ResourceSlice]{
		Changed: func(s, old *resourcev1.ResourceSlice) bool { return !equality.Semantic.DeepEqual(s.Spec, old.Spec) },
		Fields: func(s *resourcev1.ResourceSlice) fields.Set {
			return fields.Set{"spec.nodeName": or(s.Spec.NodeName, ""), "spec.driver": s.Spec.Driver}
		},
		Row: func(s *resourcev1.ResourceSlice, now time.Time) []any {
			return []any{s.Name, or(s.Spec.NodeName, ""), s.Spec.Driver, s.Spec.Pool.Name, age(s.CreationTimestamp, now)}
		},
	})
}
