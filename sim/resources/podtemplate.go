package resources

import (
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func podTemplates() *Resource {
	return of(&Resource{
		Version: "v1", Name: "podtemplates", Singular: "podtemplate", Kind: "PodTemplate", Namespaced: true, ReturnsDeleted: true,
		New: fresh[v1.PodTemplate], NewList: fresh[v1.PodTemplateList],
	}, typed[v1.PodTemplate]{
		Default: func(t *v1.PodTemplate) { defaultPodSpec(&t.Template.Spec) },
		Create:  func(_ *Context, t *v1.PodTemplate) { prepareTemplate(&t.Template, nil) },
		Update:  func(_ *Context, t, old *v1.PodTemplate) { prepareTemplate(&t.Template, &old.Template) },
		Validate: func(t *v1.PodTemplate) field.ErrorList {
			var p problems
			validatePodTemplate(&p, field.NewPath("template"), &t.Template, nil)
			return p.list()
		},
		ValidateUpdate: func(t, old *v1.PodTemplate) field.ErrorList {
			var p problems
			validatePodTemplate(&p, field.NewPath("template"), &t.Template, &old.Template)
			return p.list()
		},
		Warnings: func(t, old *v1.PodTemplate) []string {
			if old != nil && t.Generation == old.Generation {
				return nil
			}
			return templateWarnings(field.NewPath("template"), &t.Template)
		},
		Changed: func(t, old *v1.PodTemplate) bool { return !equality.Semantic.DeepEqual(t.Template, old.Template) },
		Row: func(t *v1.PodTemplate, _ time.Time) []any {
			names, images := containerCells(t.Template.Spec.Containers)
			return []any{t.Name, names, images, labels.FormatLabels(t.Template.Labels)}
		},
	})
}
