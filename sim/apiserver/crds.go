package apiserver

import (
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"terrarium/sim/api"
	"terrarium/sim/custom"
	"terrarium/sim/resources"
	"terrarium/sim/store"
)

const (
	// definitionDelay is how long each step takes in which a definition becomes served, or goes.
	definitionDelay = 2 * time.Millisecond
	// cleanupPoll is how often one looks whether the objects of a definition that goes are gone.
	cleanupPoll = 5 * time.Second
	// fresh is how long the first creates of a kind wait, as long as it is this young.
	fresh = 2 * time.Second
)

var definitionsGR = schema.GroupResource{Group: custom.Group, Resource: "customresourcedefinitions"}

// defined is what is served of a definition.
type defined struct {
	generation int64
	kinds      []*resources.Resource
	since      time.Time
	going      bool
}

// definitionChanged serves what a definition says as soon as it is established, and has its conditions looked after.
func (s *Server) definitionChanged(c store.Change) {
	name := c.Key
	d, _ := c.Object.(*custom.Definition)
	if c.Deleted {
		d = nil
	}
	served := s.defined[name]
	switch {
	case d == nil || !d.Status.Is(custom.Established):
		if served != nil {
			s.withdraw(name)
		}
	case served == nil || served.generation != d.Generation:
		s.withdraw(name)
		served = &defined{generation: d.Generation, since: d.Status.Condition(custom.Established).LastTransitionTime.Time}
		s.defined[name] = served
		for _, r := range custom.Resources(d) {
			s.Serve(r)
			served.kinds = append(served.kinds, r)
		}
	}
	if served != nil && d != nil {
		served.going = d.Status.Is(custom.Terminating)
	}
	s.clock.After(definitionDelay, func() {
		s.lookAfter(name)
		s.RegisterGroups() // what fails is tried again with the next change
	})
}

func (s *Server) withdraw(name string) {
	served := s.defined[name]
	if served == nil {
		return
	}
	delete(s.defined, name)
	for _, r := range served.kinds {
		s.Withdraw(r.GVR())
	}
}

// definition is the definition of a kind; nil where none is served.
func (s *Server) definition(gr schema.GroupResource) *defined {
	return s.defined[gr.Resource+"."+gr.Group]
}

// lookAfter takes a definition one step further.
func (s *Server) lookAfter(name string) {
	d, _ := s.store.Get(definitionsGR, name).(*custom.Definition)
	switch {
	case d == nil:
		for _, obj := range s.store.List(definitionsGR, "") {
			if other := obj.(*custom.Definition); other.DeletionTimestamp == nil {
				s.acceptNames(other)
			}
		}
	case d.DeletionTimestamp != nil:
		if slices.Contains(d.Finalizers, custom.Cleanup) {
			s.cleanUp(d)
		}
	case !sameNames(d.Spec.Names, d.Status.AcceptedNames):
		s.acceptNames(d)
	case d.Status.Is(custom.NamesAccepted) && !d.Status.Is(custom.Established):
		s.setDefinition(d, custom.Condition{
			Type: custom.Established, Status: "True", Reason: "InitialNamesAccepted",
			Message: "the initial names have been accepted",
		})
	}
}

func sameNames(a, b custom.Names) bool {
	return a.Plural == b.Plural && a.Singular == b.Singular && a.Kind == b.Kind && a.ListKind == b.ListKind &&
		slices.Equal(a.ShortNames, b.ShortNames) && slices.Equal(a.Categories, b.Categories)
}

// acceptNames grants the names that no other definition of the group has.
func (s *Server) acceptNames(d *custom.Definition) {
	names, kinds := map[string]bool{}, map[string]bool{}
	for _, obj := range s.store.List(definitionsGR, "") {
		other := obj.(*custom.Definition)
		if other.Spec.Group != d.Spec.Group {
			continue
		}
		have := other.Status.AcceptedNames
		for _, name := range append([]string{have.Plural, have.Singular}, have.ShortNames...) {
			names[name] = true
		}
		kinds[have.Kind], kinds[have.ListKind] = true, true
	}
	d = d.Copy()
	want, have := d.Spec.Names, &d.Status.AcceptedNames
	before := *have
	accepted := custom.Condition{Type: custom.NamesAccepted, Status: "True", Reason: "NoConflicts", Message: "no conflicts found"}
	refuse := func(reason, name string) {
		accepted.Status, accepted.Reason, accepted.Message = "False", reason, fmt.Sprintf("%q is already in use", name)
	}
	grant := func(to *string, name string, taken map[string]bool, reason string) {
		if *to != name && taken[name] {
			refuse(reason, name)
			return
		}
		*to = name
	}
	grant(&have.Plural, want.Plural, names, "PluralConflict")
	grant(&have.Singular, want.Singular, names, "SingularConflict")
	free := true
	for _, name := range want.ShortNames {
		if !slices.Contains(have.ShortNames, name) && names[name] {
			refuse("ShortNamesConflict", name)
			free = false
		}
	}
	if free {
		have.ShortNames = want.ShortNames
	}
	grant(&have.Kind, want.Kind, kinds, "KindConflict")
	grant(&have.ListKind, want.ListKind, kinds, "ListKindConflict")
	have.Categories = want.Categories
	if old := d.Status.Condition(custom.NamesAccepted); sameNames(before, *have) && old != nil && old.Status == accepted.Status && old.Reason == accepted.Reason && old.Message == accepted.Message {
		return
	}
	established := custom.Condition{Type: custom.Established, Status: "False", Reason: "NotAccepted", Message: "not all names are accepted"}
	if old := d.Status.Condition(custom.Established); old != nil {
		established = *old
	}
	if established.Status != "True" && accepted.Status == "True" {
		established.Reason, established.Message = "Installing", "the initial names have been accepted"
	}
	s.setDefinition(d, accepted, established)
}

// setDefinition writes the conditions, and whatever else of the status d has. Who comes too late is called again.
func (s *Server) setDefinition(d *custom.Definition, conditions ...custom.Condition) {
	d = d.Copy()
	for _, c := range conditions {
		d.Status.Set(c, s.now())
	}
	_, _ = s.Do(&api.Request{
		User: Loopback(), Verb: "update", Subresource: "status", Name: d.Name, Object: d,
		Resource: schema.GroupVersionResource{Group: custom.Group, Version: custom.Stored, Resource: definitionsGR.Resource},
	})
}

// cleanUp deletes the objects of a definition that goes, and lets it go when they are gone.
func (s *Server) cleanUp(d *custom.Definition) {
	if c := d.Status.Condition(custom.Terminating); c == nil || c.Reason == "InstanceDeletionPending" {
		s.setDefinition(d, custom.Condition{
			Type: custom.Terminating, Status: "True", Reason: "InstanceDeletionInProgress",
			Message: "CustomResource deletion is in progress",
		})
		return
	}
	end := custom.Condition{Type: custom.Terminating, Status: "False", Reason: "NeverEstablished", Message: "resource was never established"}
	if served := s.defined[d.Name]; served != nil && len(served.kinds) > 0 {
		r := served.kinds[0]
		for _, obj := range s.store.List(r.GroupResource(), "") {
			m := metaOf(obj)
			_, _ = s.Do(&api.Request{
				User: Loopback(), Verb: "delete", Resource: r.GVR(), Namespace: m.GetNamespace(), Name: m.GetName(),
				Delete: &metav1.DeleteOptions{},
			})
		}
		if len(s.store.List(r.GroupResource(), "")) > 0 {
			s.clock.After(cleanupPoll, func() { s.lookAfter(d.Name) })
			return
		}
		end.Reason, end.Message = "InstanceDeletionCompleted", "removed all instances"
	}
	d = d.Copy()
	d.Status.Set(end, s.now())
	d.Finalizers = slices.DeleteFunc(d.Finalizers, func(name string) bool { return name == custom.Cleanup })
	_, _ = s.Do(&api.Request{
		User: Loopback(), Verb: "update", Subresource: "status", Name: d.Name, Object: d,
		Resource: schema.GroupVersionResource{Group: custom.Group, Version: custom.Stored, Resource: definitionsGR.Resource},
	})
}

// coerce does to the object of a custom kind what decoding does to others. It returns the fields that it has dropped.
func (c *call) coerce(obj runtime.Object) ([]error, error) {
	if _, ok := obj.(*unstructured.Unstructured); !ok || c.view.Coerce == nil {
		return nil, nil
	}
	unknown, err := c.view.Coerce(obj)
	var out []error
	for _, path := range unknown {
		out = append(out, fmt.Errorf("unknown field %q", path))
	}
	return out, err
}

// rightKind refuses an object of another kind, which those of custom kinds may claim to be.
func (c *call) rightKind(obj runtime.Object) error {
	if _, ok := obj.(*unstructured.Unstructured); !ok || !c.view.Custom {
		return nil
	}
	if got := obj.GetObjectKind().GroupVersionKind(); got.Kind != c.view.Kind {
		got.Group = c.view.Group
		return apierrors.NewInvalid(got.GroupKind(), metaOf(obj).GetName(), field.ErrorList{
			field.Invalid(field.NewPath("kind"), got.Kind, "must be "+c.view.Kind)})
	}
	return nil
}

// creatable refuses objects of a kind whose definition goes.
func (c *call) creatable(name string) error {
	if d := c.definition(c.kind.GroupResource()); c.kind.Custom && d != nil && d.going {
		return apierrors.NewForbidden(c.gr(), name, errors.New("create not allowed while custom resource definition is terminating"))
	}
	return nil
}

// ripen holds up the creation of an object whose kind is only just there, as a server does that may have peers who do
// not know of it yet.
func (x *exchange) ripen(c *call) error {
	d, w := c.definition(c.kind.GroupResource()), waiterOf(x.r.Context())
	if d == nil || w == nil || c.clock.Now().Sub(d.since) >= fresh {
		return nil
	}
	return w.Wait(x.r.Context(), nil, fresh)
}

// asUnstructured is a list as lists of custom kinds are written: with a token, even where there is nothing to continue.
func asUnstructured(l *collection) *unstructured.UnstructuredList {
	out := &unstructured.UnstructuredList{}
	out.SetAPIVersion(l.APIVersion)
	out.SetKind(l.Kind)
	out.SetResourceVersion(l.ResourceVersion)
	out.SetContinue(l.Continue)
	if l.RemainingItemCount != nil {
		out.SetRemainingItemCount(l.RemainingItemCount)
	}
	for _, item := range l.Items {
		if u, ok := item.(*unstructured.Unstructured); ok {
			out.Items = append(out.Items, *u)
		}
	}
	return out
}
