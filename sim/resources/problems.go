package resources

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// problems collects what is wrong with an object, in the order in which it is found.
type problems field.ErrorList

func (p *problems) add(errs ...*field.Error) { *p = append(*p, errs...) }

// list is what was collected, as callers outside know it.
func (p *problems) list() field.ErrorList { return field.ErrorList(*p) }

func (p *problems) required(at *field.Path, detail string) { p.add(field.Required(at, detail)) }
func (p *problems) forbidden(at *field.Path, detail string) {
	p.add(field.Forbidden(at, detail))
}
func (p *problems) invalid(at *field.Path, value any, detail string) {
	p.add(field.Invalid(at, value, detail))
}
func (p *problems) duplicate(at *field.Path, value any) { p.add(field.Duplicate(at, value)) }
func (p *problems) notFound(at *field.Path, value any)  { p.add(field.NotFound(at, value)) }
func (p *problems) tooLong(at *field.Path, most int)    { p.add(field.TooLong(at, "", most)) }

// each makes a problem of every message.
func (p *problems) each(at *field.Path, value any, messages []string) {
	for _, m := range messages {
		p.invalid(at, value, m)
	}
}

// present wants a value that is not empty.
func (p *problems) present(at *field.Path, value string) bool {
	if value == "" {
		p.required(at, "")
	}
	return value != ""
}

func (p *problems) label(at *field.Path, value string) {
	p.each(at, value, validation.IsDNS1123Label(value))
}
func (p *problems) subdomain(at *field.Path, value string) {
	p.each(at, value, validation.IsDNS1123Subdomain(value))
}
func (p *problems) qualified(at *field.Path, value string) {
	p.each(at, value, validation.IsQualifiedName(value))
}
func (p *problems) labelName(at *field.Path, value string) {
	p.add(metavalidation.ValidateLabelName(value, at)...)
}
func (p *problems) port(at *field.Path, port int32) {
	p.each(at, port, validation.IsValidPortNum(int(port)))
}
func (p *problems) ip(at *field.Path, ip string, known []string) {
	p.add(validation.IsValidIPForLegacyField(at, ip, true, known)...)
}
func (p *problems) cidr(at *field.Path, cidr string, known []string) {
	p.add(validation.IsValidCIDRForLegacyField(at, cidr, true, known)...)
}

const (
	notNegative = "must be greater than or equal to 0"
	immutable   = "field is immutable"
	notPositive = "must be greater than zero"
)

func (p *problems) nonNegative(at *field.Path, value int64) {
	if value < 0 {
		p.invalid(at, value, notNegative)
	}
}

func (p *problems) positive(at *field.Path, value int64) {
	if value <= 0 {
		p.invalid(at, value, notPositive)
	}
}

func (p *problems) nonNegativeQuantity(at *field.Path, value resource.Quantity) {
	if value.Sign() < 0 {
		p.invalid(at, value.String(), notNegative)
	}
}

func (p *problems) positiveQuantity(at *field.Path, value resource.Quantity) {
	if value.Sign() <= 0 {
		p.invalid(at, value.String(), notPositive)
	}
}

// oneOf wants one of the supported values.
func oneOf[T ~string](p *problems, at *field.Path, value T, supported ...T) {
	if !slices.Contains(supported, value) {
		p.add(field.NotSupported(at, value, supported))
	}
}

// oneOfRequired wants one of the supported values and tells an empty one apart.
func oneOfRequired[T ~string](p *problems, at *field.Path, value T, supported ...T) {
	if value == "" {
		p.required(at, "")
		return
	}
	oneOf(p, at, value, supported...)
}

// sorted are the keys of a map in order, so that problems come in one order too.
func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
