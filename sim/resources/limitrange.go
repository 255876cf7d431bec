package resources

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func limitRanges() *Resource {
	return of(&Resource{
		Version: "v1", Name: "limitranges", Singular: "limitrange", Kind: "LimitRange", ShortNames: []string{"limits"}, Namespaced: true, CreateOnUpdate: true,
		New: fresh[v1.LimitRange], NewList: fresh[v1.LimitRangeList],
	}, typed[v1.LimitRange]{
		MetaAgain: "m|",
		Create: func(_ *Context, l *v1.LimitRange) {
			if l.Name == "" {
				l.Name = string(l.UID) // any UUID will do
			}
		},
		Default: func(l *v1.LimitRange) {
			for i := range l.Spec.Limits {
				defaultLimits(&l.Spec.Limits[i])
			}
		},
		Validate:       validateLimitRange,
		ValidateUpdate: func(l, _ *v1.LimitRange) field.ErrorList { return validateLimitRange(l) },
	})
}

// defaultLimits makes the greatest value the default of limits, these those of requests, and the least value what
// is left.
func defaultLimits(l *v1.LimitRangeItem) {
	if l.Type == v1.LimitTypeContainer {
		if l.Default == nil {
			l.Default = v1.ResourceList{}
		}
		if l.DefaultRequest == nil {
			l.DefaultRequest = v1.ResourceList{}
		}
		fillList(l.Default, l.Max)
		fillList(l.DefaultRequest, l.Default)
		fillList(l.DefaultRequest, l.Min)
	}
	for _, list := range []v1.ResourceList{l.Max, l.Min, l.Default, l.DefaultRequest, l.MaxLimitRequestRatio} {
		roundResources(list)
	}
}

func fillList(list, from v1.ResourceList) {
	for name, quantity := range from {
		if _, found := list[name]; !found {
			list[name] = quantity.DeepCopy()
		}
	}
}

func validateLimitRange(l *v1.LimitRange) field.ErrorList {
	var p problems
	seen := map[v1.LimitType]bool{}
	for i := range l.Spec.Limits {
		at, limit := field.NewPath("spec", "limits").Index(i), &l.Spec.Limits[i]
		validateLimitType(&p, at.Child("type"), limit.Type)
		if seen[limit.Type] {
			p.duplicate(at.Child("type"), limit.Type)
		}
		seen[limit.Type] = true
		validateLimits(&p, at, limit)
	}
	return p.list()
}

func validateLimitType(p *problems, at *field.Path, of v1.LimitType) {
	if wrong := validation.IsQualifiedName(string(of)); len(wrong) > 0 {
		p.each(at, of, wrong)
		return
	}
	standard := of == v1.LimitTypePod || of == v1.LimitTypeContainer || of == v1.LimitTypePersistentVolumeClaim
	if !strings.Contains(string(of), "/") && !standard {
		p.invalid(at, of, "must be a standard limit type or fully qualified")
	}
}

func validateLimits(p *problems, at *field.Path, limit *v1.LimitRangeItem) {
	name := func(p *problems, at *field.Path, name v1.ResourceName) { resourceName(p, at, name) }
	if limit.Type == v1.LimitTypePod || limit.Type == v1.LimitTypeContainer {
		name = containerResourceName
	}
	var names []v1.ResourceName
	list := func(of string, list v1.ResourceList) {
		for _, n := range sorted(list) {
			name(p, at.Child(of).Key(string(n)), n)
			names = append(names, n)
		}
	}
	list("max", limit.Max)
	list("min", limit.Min)
	if limit.Type == v1.LimitTypePod {
		if len(limit.Default) > 0 {
			p.forbidden(at.Child("default"), "may not be specified when `type` is 'Pod'")
		}
		if len(limit.DefaultRequest) > 0 {
			p.forbidden(at.Child("defaultRequest"), "may not be specified when `type` is 'Pod'")
		}
		limit = &v1.LimitRangeItem{Type: limit.Type, Max: limit.Max, Min: limit.Min, MaxLimitRequestRatio: limit.MaxLimitRequestRatio}
	} else {
		list("default", limit.Default)
		list("defaultRequest", limit.DefaultRequest)
	}
	if limit.Type == v1.LimitTypePersistentVolumeClaim {
		_, least := limit.Min[v1.ResourceStorage]
		if _, most := limit.Max[v1.ResourceStorage]; !least && !most {
			p.required(at.Child("limits"), "either minimum or maximum storage value is required, but neither was provided")
		}
	}
	list("maxLimitRequestRatio", limit.MaxLimitRequestRatio)
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		validateLimitsOf(p, at, limit, n)
	}
}

// validateLimitsOf compares the values that one resource has.
func validateLimitsOf(p *problems, at *field.Path, limit *v1.LimitRangeItem, name v1.ResourceName) {
	type value struct {
		resource.Quantity
		is bool
	}
	get := func(list v1.ResourceList) value {
		q, found := list[name]
		return value{q, found}
	}
	least, most, standard, request, ratio := get(limit.Min), get(limit.Max), get(limit.Default), get(limit.DefaultRequest), get(limit.MaxLimitRequestRatio)
	for _, c := range []struct {
		small, great value
		at           string
		shown        value
		text         string
	}{
		{least, most, "min", least, "min value %s is greater than max value %s"},
		{least, request, "defaultRequest", request, "min value %s is greater than default request value %s"},
		{request, most, "defaultRequest", request, "default request value %s is greater than max value %s"},
		{request, standard, "defaultRequest", request, "default request value %s is greater than default limit value %s"},
		{least, standard, "default", least, "min value %s is greater than default value %s"},
		{standard, most, "default", most, "default value %s is greater than max value %s"},
	} {
		if c.small.is && c.great.is && c.small.Cmp(c.great.Quantity) > 0 {
			p.invalid(at.Child(c.at).Key(string(name)), c.shown.Quantity, fmt.Sprintf(c.text, c.small.String(), c.great.String()))
		}
	}
	item := at
	at = at.Child("maxLimitRequestRatio").Key(string(name))
	if ratio.is && ratio.CmpInt64(1) < 0 {
		p.invalid(at, ratio.Quantity, fmt.Sprintf("ratio %s is less than 1", ratio.String()))
	}
	if ratio.is && least.is && most.is {
		given, possible := float64(ratio.Value()), float64(most.Value())/float64(least.Value())
		if max(ratio.Value(), least.Value(), most.Value()) < resource.MaxMilliValue {
			given, possible = float64(ratio.MilliValue())/1000, float64(most.MilliValue())/float64(least.MilliValue())
		}
		if given > possible {
			p.invalid(at, ratio.Quantity, fmt.Sprintf("ratio %s is greater than max/min = %f", ratio.String(), possible))
		}
	}
	if !mayOvercommit(name) && standard.is && request.is && standard.Cmp(request.Quantity) != 0 {
		p.invalid(item.Child("defaultRequest").Key(string(name)), request.Quantity,
			fmt.Sprintf("default value %s must equal to defaultRequest value %s in %s", standard.String(), request.String(), name))
	}
}
