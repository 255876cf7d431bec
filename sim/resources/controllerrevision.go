package resources

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func controllerRevisions() *Resource {
	return of(&Resource{
		Group: "apps", Version: "v1", Name: "controllerrevisions", Singular: "controllerrevision", Kind: "ControllerRevision", Namespaced: true,
		New: fresh[appsv1.ControllerRevision], NewList: fresh[appsv1.ControllerRevisionList],
	}, typed[appsv1.ControllerRevision]{
		MetaAgain:      "um|",
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

func validateControllerRevision(r *appsv1.ControllerRevision) field.ErrorList {
	var p problems
	p.nonNegative(field.NewPath("revision"), r.Revision)
	at := field.NewPath("data")
	var data any
	err := json.Unmarshal(r.Data.Raw, &data)
	_, isObject := data.(map[string]any)
	switch {
	case r.Data.Raw == nil:
		p.required(at, "data is mandatory")
	case err != nil:
		p.invalid(at, "<value omitted>", fmt.Sprintf("error parsing data: %v", err.Error()))
	case data == nil:
		p.required(at, "data is mandatory")
	case !isObject:
		p.required(at, "data must be a valid JSON object")
	}
	return p.list()
}

func validateControllerRevisionUpdate(r, old *appsv1.ControllerRevision) field.ErrorList {
	var p problems
	p.nonNegative(field.NewPath("revision"), r.Revision)
	validateSame(&p, field.NewPath("data"), r.Data, old.Data)
	return p.list()
}
