package resources

import (
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func controllerRevisions() *Resource {
	return of(&Resource{
		Group: "apps", Version: "v1", Name: "controllerrevisions", Singular: "controllerrevision", Kind: "ControllerRevision", Namespaced: true,
		New: fresh[appsv1.ControllerRevision], NewList: fresh[appsv1.ControllerRevisionList],
	}, typed[appsv1.ControllerRevision]{
		Validate:       validateControllerRevision,
		ValidateUpdate: validateControllerRevisionUpdate,
		Row: func(r *appsv1.ControllerRevision, now time.Time) []any {
			return []any{r.Name, controllerCell(r), r.Revision, age(r.CreationTimestamp, now)}
		},
	})
}

func controllerCell(obj metav1.Object) string {
	ref := metav1.GetControllerOf(obj)
	if ref == nil {
		return "<none>"
	}
	kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).GroupKind()
	return strings.ToLower(kind.String()) + "/" + ref.Name
}
