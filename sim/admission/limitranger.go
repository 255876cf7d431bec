package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"terrarium/sim/requests"
)

// LimitRanger gives containers the requests and limits that the namespace's limit ranges default to, and refuses what
// is beyond the ranges.
type LimitRanger struct{}

// Name implements Plugin.
func (LimitRanger) Name() string { return "LimitRanger" }

// Admit implements Plugin.
func (LimitRanger) Admit(a *Attributes) error {
	pod, ok := a.Object.(*v1.Pod)
	if !ok || !ranged(a) {
		return nil
	}
	ranges, err := limitRanges(a)
	if err != nil {
		return err
	}
	for _, r := range ranges {
		defaultResources(pod, r)
	}
	return nil
}

// Validate implements Plugin.
func (LimitRanger) Validate(a *Attributes) error {
	if !ranged(a) {
		return nil
	}
	ranges, err := limitRanges(a)
	if err != nil {
		return err
	}
	for _, r := range ranges {
		var errs []error
		for i := range r.Spec.Limits {
			switch o := a.Object.(type) {
			case *v1.Pod:
				errs = append(errs, podWithin(o, &r.Spec.Limits[i])...)
			case *v1.PersistentVolumeClaim:
				errs = append(errs, claimWithin(o, &r.Spec.Limits[i])...)
			}
		}
		if len(errs) > 0 {
			return forbidden(a, utilerrors.NewAggregate(errs))
		}
	}
	return nil
}

// ranged says whether ranges are about the write: new pods and claims, and pods that are resized.
func ranged(a *Attributes) bool {
	if a.Operation != Create && a.Operation != Update {
		return false
	}
	switch o := a.Old.(type) {
	case *v1.Pod:
		if o.DeletionTimestamp != nil {
			return false
		}
	case *v1.PersistentVolumeClaim:
		if o.DeletionTimestamp != nil {
			return false
		}
	}
	return a.is("", "pods", "resize") && a.Operation == Update || a.is("", "pods", "") && a.Operation == Create ||
		a.is("", "persistentvolumeclaims", "")
}

func limitRanges(a *Attributes) ([]*v1.LimitRange, error) {
	ranges, err := list[v1.LimitRange](a, a.Namespace)
	if err != nil {
		return nil, forbidden(a, err)
	}
	return ranges, nil
}

// defaultResources completes the containers and notes on the pod what was done.
func defaultResources(pod *v1.Pod, r *v1.LimitRange) {
	requested, limits := v1.ResourceList{}, v1.ResourceList{}
	for _, l := range r.Spec.Limits {
		if l.Type == v1.LimitTypeContainer {
			maps.Copy(requested, l.DefaultRequest)
			maps.Copy(limits, l.Default)
		}
	}
	var notes []string
	complete := func(list *v1.ResourceList, defaults v1.ResourceList, what string) {
		var set []string
		for _, name := range slices.Sorted(maps.Keys(defaults)) {
			if _, ok := (*list)[name]; ok {
				continue
			}
			if *list == nil {
				*list = v1.ResourceList{}
			}
			(*list)[name] = defaults[name].DeepCopy()
			set = append(set, string(name))
		}
		if len(set) > 0 {
			notes = append(notes, strings.Join(set, ", ")+what)
		}
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		complete(&c.Resources.Requests, requested, " request for container "+c.Name)
		complete(&c.Resources.Limits, limits, " limit for container "+c.Name)
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		complete(&c.Resources.Requests, requested, " request for init container "+c.Name)
		complete(&c.Resources.Limits, limits, " limit for init container "+c.Name)
	}
	if len(notes) == 0 {
		return
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations["kubernetes.io/limit-ranger"] = "LimitRanger plugin set: " + strings.Join(notes, "; ")
}

func podWithin(pod *v1.Pod, l *v1.LimitRangeItem) []error {
	var errs []error
	switch l.Type {
	case v1.LimitTypeContainer:
		for i := range pod.Spec.Containers {
			r := &pod.Spec.Containers[i].Resources
			errs = append(errs, within(l, r.Requests, r.Limits)...)
		}
		for i := range pod.Spec.InitContainers {
			r := &pod.Spec.InitContainers[i].Resources
			errs = append(errs, within(l, r.Requests, r.Limits)...)
		}
	case v1.LimitTypePod:
		plain := &v1.Pod{Spec: pod.Spec}
		plain.Spec.Overhead = nil
		errs = within(l, requests.Pod(plain, nil), requests.Limits(plain))
	}
	return errs
}

func claimWithin(claim *v1.PersistentVolumeClaim, l *v1.LimitRangeItem) []error {
	if l.Type != v1.LimitTypePersistentVolumeClaim {
		return nil
	}
	var errs []error
	requested := claim.Spec.Resources.Requests
	for _, name := range slices.Sorted(maps.Keys(l.Min)) {
		errs = append(errs, atLeast(l.Type, name, l.Min[name], requested, nil))
	}
	for _, name := range slices.Sorted(maps.Keys(l.Max)) {
		q, ok := requested[name]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("maximum %s usage per %s is %s.  No request is specified", name, l.Type, text(l.Max[name])))
		case beyond(q, l.Max[name]):
			errs = append(errs, fmt.Errorf("maximum %s usage per %s is %s, but request is %s", name, l.Type, text(l.Max[name]), text(q)))
		}
	}
	return present(errs)
}

// within is why the amounts are not within the range.
func within(l *v1.LimitRangeItem, requested, limits v1.ResourceList) []error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(l.Min)) {
		errs = append(errs, atLeast(l.Type, name, l.Min[name], requested, limits))
	}
	for _, name := range slices.Sorted(maps.Keys(l.Max)) {
		errs = append(errs, atMost(l.Type, name, l.Max[name], requested, limits))
	}
	for _, name := range slices.Sorted(maps.Keys(l.MaxLimitRequestRatio)) {
		errs = append(errs, proportionate(l.Type, name, l.MaxLimitRequestRatio[name], requested, limits))
	}
	return present(errs)
}

func present(errs []error) []error {
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

func atLeast(kind v1.LimitType, name v1.ResourceName, least resource.Quantity, requested, limits v1.ResourceList) error {
	q, asked := requested[name]
	limit, limited := limits[name]
	switch {
	case !asked:
		return fmt.Errorf("minimum %s usage per %s is %s.  No request is specified", name, kind, text(least))
	case beyond(least, q):
		return fmt.Errorf("minimum %s usage per %s is %s, but request is %s", name, kind, text(least), text(q))
	case limited && beyond(least, limit):
		return fmt.Errorf("minimum %s usage per %s is %s, but limit is %s", name, kind, text(least), text(limit))
	}
	return nil
}

func atMost(kind v1.LimitType, name v1.ResourceName, most resource.Quantity, requested, limits v1.ResourceList) error {
	q, asked := requested[name]
	limit, limited := limits[name]
	switch {
	case !limited:
		return fmt.Errorf("maximum %s usage per %s is %s.  No limit is specified", name, kind, text(most))
	case beyond(limit, most):
		return fmt.Errorf("maximum %s usage per %s is %s, but limit is %s", name, kind, text(most), text(limit))
	case asked && beyond(q, most):
		return fmt.Errorf("maximum %s usage per %s is %s, but request is %s", name, kind, text(most), text(q))
	}
	return nil
}

func proportionate(kind v1.LimitType, name v1.ResourceName, most resource.Quantity, requested, limits v1.ResourceList) error {
	q, limit := requested[name], limits[name]
	switch {
	case q.IsZero():
		return fmt.Errorf("%s max limit to request ratio per %s is %s, but no request is specified or request is 0", name, kind, text(most))
	case limit.IsZero():
		return fmt.Errorf("%s max limit to request ratio per %s is %s, but no limit is specified or limit is 0", name, kind, text(most))
	}
	numerator, denominator := amounts(limit, q)
	ratio, bound := float64(numerator)/float64(denominator), float64(most.Value())
	shown := ratio
	if most.Value() <= resource.MaxMilliValue {
		ratio, bound = ratio*1000, float64(most.MilliValue())
	}
	if ratio > bound {
		return fmt.Errorf("%s max limit to request ratio per %s is %s, but provided ratio is %f", name, kind, text(most), shown)
	}
	return nil
}

// beyond says whether there is more of a than of b, looking at thousandths where they can be counted.
func beyond(a, b resource.Quantity) bool {
	x, y := amounts(a, b)
	return x > y
}

func amounts(a, b resource.Quantity) (int64, int64) {
	if a.Value() <= resource.MaxMilliValue && b.Value() <= resource.MaxMilliValue {
		return a.MilliValue(), b.MilliValue()
	}
	return a.Value(), b.Value()
}

func text(q resource.Quantity) string { return q.String() }
