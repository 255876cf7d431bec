package custom

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/resources"
)

// Definitions is the resource of the definitions themselves.
func Definitions() *resources.Resource {
	of := func(obj runtime.Object) *Definition { return obj.(*Definition) }
	return &resources.Resource{
		Group: Group, Version: Stored, Name: "customresourcedefinitions", Singular: "customresourcedefinition",
		Kind: "CustomResourceDefinition", ShortNames: []string{"crd", "crds"}, Categories: []string{"api-extensions"},
		New:     func() runtime.Object { return &Definition{} },
		NewList: func() runtime.Object { return &DefinitionList{} },
		Default: func(obj runtime.Object) { Default(of(obj)) },

		NeedsVersion: true, HasStatus: true,
		PrepareForCreate: func(_ *resources.Context, obj runtime.Object) { of(obj).KeepStored() },
		PrepareForUpdate: func(_ *resources.Context, obj, _ runtime.Object) { of(obj).KeepStored() },
		ResetStatus: func(obj, old runtime.Object) {
			of(obj).Status = Status{}
			if old != nil {
				of(obj).Status = of(old).Copy().Status
			}
		},
		ResetSpec:      func(obj, old runtime.Object) { of(obj).Spec = of(old).Copy().Spec },
		SpecChanged:    func(obj, old runtime.Object) bool { return !equality.Semantic.DeepEqual(of(obj).Spec, of(old).Spec) },
		Validate:       func(obj runtime.Object) field.ErrorList { return Check(of(obj), nil) },
		ValidateUpdate: func(obj, old runtime.Object) field.ErrorList { return Check(of(obj), of(old)) },
		ValidateStatusUpdate: func(obj, _ runtime.Object) field.ErrorList {
			return CheckStatus(of(obj))
		},
		Warnings: func(obj, old runtime.Object) []string {
			var before []string
			if old != nil {
				before = of(old).formats()
			}
			var out []string
			for _, format := range of(obj).formats() {
				if !slices.Contains(before, format) {
					out = append(out, `unrecognized format "`+format+`"`)
				}
			}
			return out
		},
		BecomeDeleting: func(ctx *resources.Context, obj runtime.Object) bool {
			d := of(obj)
			begins := d.DeletionTimestamp == nil
			if begins {
				if !slices.Contains(d.Finalizers, Cleanup) {
					d.Finalizers = append(d.Finalizers, Cleanup)
				}
				d.Status.Set(Condition{
					Type: Terminating, Status: "True", Reason: "InstanceDeletionPending",
					Message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
				}, metav1.NewTime(ctx.Now))
			}
			return begins
		},
	}
}

// formats are the formats that the schemas have and nobody knows.
func (d *Definition) formats() (out []string) {
	for _, v := range d.Spec.Versions {
		if v.Schema != nil && v.Schema.OpenAPIV3Schema != nil {
			out = append(out, unrecognized(v.Schema.OpenAPIV3Schema)...)
		}
	}
	return out
}
