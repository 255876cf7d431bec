package resources

import (
	"time"

	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// typed is what a kind says of itself in its own Go type. Every function may be nil.
type typed[T any] struct {
	Default func(obj *T)

	Create         func(ctx *Context, obj *T)
	Update         func(ctx *Context, obj, old *T)
	Validate       func(obj *T) field.ErrorList // beside metadata
	AnyFinalizers  bool                         // without a domain too
	ValidateUpdate func(obj, old *T) field.ErrorList
	// MetaAgain says how the real server repeats, for an update, the checks that all metadata gets: m is those of
	// an object, u those of a change; what stands before | comes before ValidateUpdate. "" is "u|".
	MetaAgain string
	Warnings  func(obj, old *T) []string // old is nil for a create

	// Spec and Status copy that part; Status makes the kind one with a status subresource, whose update keeps
	// whatever Spec copies.
	Spec                 func(obj, from *T)
	Status               func(obj, from *T)
	StatusUpdate         func(ctx *Context, obj, old *T)
	ValidateStatusUpdate func(obj, old *T) field.ErrorList
	// Changed says that the generation counts up.
	Changed func(obj, old *T) bool

	GracePeriod func(obj *T) *int64
	Fields      func(obj *T) fields.Set
	Row         func(obj *T, now time.Time) []any
}

// pointer is *T as the object that it is.
type pointer[T any] interface {
	*T
	runtime.Object
	metav1.Object
}

// fresh makes an empty object or list.
func fresh[T any, P interface {
	*T
	runtime.Object
}]() runtime.Object {
	return P(new(T))
}

// of completes the resource with what its kind says, and with the checks and the table that all kinds share.
func of[T any, P pointer[T]](r *Resource, t typed[T]) *Resource {
	if r.Columns == nil {
		r.Columns = columnsOf(r.Kind)
	}
	if r.NameError == nil {
		r.NameError = validation.NameIsDNSSubdomain
	}
	r.Default = one[T, P](t.Default)
	r.PrepareForCreate = oneWith[T, P](t.Create)
	r.PrepareForUpdate = twoWith[T, P](t.Update)
	r.Validate = func(obj runtime.Object) field.ErrorList {
		errs := finalizerErrors(obj.(P), t.AnyFinalizers)
		if t.Validate != nil {
			errs = append(errs, t.Validate(obj.(P))...)
		}
		return errs
	}
	r.ValidateUpdate = compare[T, P](t.ValidateUpdate, repeated{r, t.MetaAgain, t.AnyFinalizers})
	if t.Warnings != nil {
		r.Warnings = func(obj, old runtime.Object) []string {
			before, _ := old.(P)
			return t.Warnings(obj.(P), before)
		}
	}
	withStatus[T, P](r, t)
	if t.Changed != nil {
		r.SpecChanged = func(obj, old runtime.Object) bool { return t.Changed(obj.(P), old.(P)) }
	}
	if t.GracePeriod != nil {
		r.GracePeriod = func(obj runtime.Object) *int64 { return t.GracePeriod(obj.(P)) }
	}
	if t.Fields != nil {
		r.Fields = func(obj runtime.Object) fields.Set { return t.Fields(obj.(P)) }
	}
	switch {
	case t.Row != nil:
		r.Row = func(obj runtime.Object, now time.Time) []any { return t.Row(obj.(P), now) }
	case r.Columns == nil:
		r.Columns = []metav1.TableColumnDefinition{
			{Name: "Name", Type: "string", Format: "name", Description: nameDescription},
			{Name: "Created At", Type: "date", Description: ageDescription},
		}
		r.Row = func(obj runtime.Object, _ time.Time) []any {
			return []any{obj.(P).GetName(), obj.(P).GetCreationTimestamp().UTC().Format(time.RFC3339)}
		}
	}
	return r
}

func withStatus[T any, P pointer[T]](r *Resource, t typed[T]) {
	if t.Status == nil {
		return
	}
	r.HasStatus = true
	r.ResetStatus = func(obj, old runtime.Object) {
		before, _ := old.(P)
		if before == nil {
			before = P(new(T))
		}
		t.Status(obj.(P), before)
	}
	r.ResetSpec = func(obj, old runtime.Object) {
		if t.Spec != nil {
			t.Spec(obj.(P), old.(P))
		}
	}
	r.PrepareForStatusUpdate = twoWith[T, P](t.StatusUpdate)
	r.ValidateStatusUpdate = compare[T, P](t.ValidateStatusUpdate, repeated{r, "", t.AnyFinalizers})
}

func compare[T any, P pointer[T]](f func(obj, old *T) field.ErrorList, meta repeated) func(obj, old runtime.Object) field.ErrorList {
	return func(obj, old runtime.Object) field.ErrorList {
		before, after := meta.errors(obj.(P), old.(P))
		if f != nil {
			before = append(before, f(obj.(P), old.(P))...)
		}
		return append(before, after...)
	}
}

// repeated is how an update of a kind repeats the checks of the metadata: see typed.MetaAgain.
type repeated struct {
	kind          *Resource
	checks        string
	anyFinalizers bool
}

func (r repeated) errors(obj, old metav1.Object) (before, after field.ErrorList) {
	checks, to := r.checks, &before
	if checks == "" {
		checks = "u|"
	}
	at := field.NewPath("metadata")
	for _, check := range checks {
		switch check {
		case '|':
			to = &after
			continue
		case 'm':
			*to = append(*to, validation.ValidateObjectMetaAccessor(obj, r.kind.Namespaced, r.kind.NameError, at)...)
		case 'u':
			*to = append(*to, validation.ValidateObjectMetaAccessorUpdate(obj, old, at)...)
		}
		*to = append(*to, finalizerErrors(obj, r.anyFinalizers)...)
	}
	return before, after
}

// finalizerErrors are those that most kinds find in metadata beyond what all do.
func finalizerErrors(obj metav1.Object, any bool) field.ErrorList {
	var p problems
	for i, name := range obj.GetFinalizers() {
		if !any {
			standardFinalizer(&p, field.NewPath("metadata", "finalizers").Index(i), name)
		}
	}
	return p.list()
}

func one[T any, P pointer[T]](f func(*T)) func(runtime.Object) {
	if f == nil {
		return nil
	}
	return func(obj runtime.Object) { f(obj.(P)) }
}

func oneWith[T any, P pointer[T]](f func(*Context, *T)) func(*Context, runtime.Object) {
	if f == nil {
		return nil
	}
	return func(ctx *Context, obj runtime.Object) { f(ctx, obj.(P)) }
}

func twoWith[T any, P pointer[T]](f func(ctx *Context, obj, old *T)) func(ctx *Context, obj, old runtime.Object) {
	if f == nil {
		return nil
	}
	return func(ctx *Context, obj, old runtime.Object) { f(ctx, obj.(P), old.(P)) }
}

// age is how long ago t was, as a table shows it.
func age(t metav1.Time, now time.Time) string {
	if t.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(t.Time))
}

// ageMicro is age of a time that knows microseconds.
func ageMicro(t metav1.MicroTime, now time.Time) string {
	return age(metav1.Time{Time: t.Time}, now)
}

// or is *p, or otherwise where p is nil.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
