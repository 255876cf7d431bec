package resources

import (
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func events() *Resource {
	return of(&Resource{
		Version: "v1", Name: "events", Singular: "event", Kind: "Event", ShortNames: []string{"ev"}, Namespaced: true,
		New: fresh[v1.Event], NewList: fresh[v1.EventList],
		NameError: path.ValidatePathSegmentName, CreateOnUpdate: true,
	}, typed[v1.Event]{
		MetaAgain:      "|",
		AnyFinalizers:  true,
		Validate:       validateEvent,
		ValidateUpdate: func(e, _ *v1.Event) field.ErrorList { return validateEvent(e) },
		Fields:         eventFields,
		Row:            eventRow,
	})
}

// eventsOfGroup are the same events in the form of events.k8s.io.
func eventsOfGroup() *Resource {
	labels := map[string]string{ // what the form calls the fields of a stored event
		"regarding.kind": "involvedObject.kind", "regarding.namespace": "involvedObject.namespace",
		"regarding.name": "involvedObject.name", "regarding.uid": "involvedObject.uid",
		"regarding.apiVersion": "involvedObject.apiVersion", "regarding.resourceVersion": "involvedObject.resourceVersion",
		"regarding.fieldPath": "involvedObject.fieldPath", "reason": "reason", "reportingController": "reportingComponent", "type": "type",
	}
	r := of(&Resource{
		Group: "events.k8s.io", Version: "v1", Name: "events", Singular: "event", Kind: "Event", ShortNames: []string{"ev"}, Namespaced: true,
		New: fresh[eventsv1.Event], NewList: fresh[eventsv1.EventList],
		CreateOnUpdate: true,
	}, typed[v1.Event]{
		AnyFinalizers:  true,
		Validate:       validateNewEvent,
		ValidateUpdate: validateNewEventUpdate,
		Fields: func(e *v1.Event) fields.Set {
			stored, out := eventFields(e), fields.Set{}
			for label, of := range labels {
				out[label] = stored[of]
			}
			return out
		},
		Row: eventRow,
	})
	r.View = &View{
		Of:         schema.GroupResource{Resource: "events"},
		FromStored: func(stored runtime.Object) runtime.Object { return showEvent(stored.(*v1.Event)) },
		ToStored:   func(form runtime.Object) runtime.Object { return storeEvent(form.(*eventsv1.Event)) },
	}
	return r
}

func showEvent(e *v1.Event) *eventsv1.Event {
	out := &eventsv1.Event{
		ObjectMeta: e.ObjectMeta, EventTime: e.EventTime, ReportingController: e.ReportingController,
		ReportingInstance: e.ReportingInstance, Action: e.Action, Reason: e.Reason, Regarding: e.InvolvedObject,
		Related: e.Related, Note: e.Message, Type: e.Type, DeprecatedSource: e.Source,
		DeprecatedFirstTimestamp: e.FirstTimestamp, DeprecatedLastTimestamp: e.LastTimestamp, DeprecatedCount: e.Count,
	}
	if e.Series != nil {
		out.Series = &eventsv1.EventSeries{Count: e.Series.Count, LastObservedTime: e.Series.LastObservedTime}
	}
	return out
}

func storeEvent(e *eventsv1.Event) *v1.Event {
	out := &v1.Event{
		ObjectMeta: e.ObjectMeta, EventTime: e.EventTime, ReportingController: e.ReportingController,
		ReportingInstance: e.ReportingInstance, Action: e.Action, Reason: e.Reason, InvolvedObject: e.Regarding,
		Related: e.Related, Message: e.Note, Type: e.Type, Source: e.DeprecatedSource,
		FirstTimestamp: e.DeprecatedFirstTimestamp, LastTimestamp: e.DeprecatedLastTimestamp, Count: e.DeprecatedCount,
	}
	if e.Series != nil {
		out.Series = &v1.EventSeries{Count: e.Series.Count, LastObservedTime: e.Series.LastObservedTime}
	}
	return out
}

func eventFields(e *v1.Event) fields.Set {
	return fields.Set{
		"involvedObject.kind":            e.InvolvedObject.Kind,
		"involvedObject.namespace":       e.InvolvedObject.Namespace,
		"involvedObject.name":            e.InvolvedObject.Name,
		"involvedObject.uid":             string(e.InvolvedObject.UID),
		"involvedObject.apiVersion":      e.InvolvedObject.APIVersion,
		"involvedObject.resourceVersion": e.InvolvedObject.ResourceVersion,
		"involvedObject.fieldPath":       e.InvolvedObject.FieldPath,
		"reason":                         e.Reason,
		"reportingComponent":             e.ReportingController,
		"source":                         orElse(e.Source.Component, e.ReportingController),
		"type":                           e.Type,
	}
}

// orElse is s, or otherwise where it is empty.
func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func eventRow(e *v1.Event, now time.Time) []any {
	first := age(e.FirstTimestamp, now)
	if e.FirstTimestamp.IsZero() {
		first = ageMicro(e.EventTime, now)
	}
	last := age(e.LastTimestamp, now)
	if e.LastTimestamp.IsZero() {
		last = first
	}
	count := e.Count
	if e.Series != nil {
		last, count = ageMicro(e.Series.LastObservedTime, now), e.Series.Count
	} else if count == 0 {
		count = 1
	}
	target := strings.ToLower(e.InvolvedObject.Kind)
	if e.InvolvedObject.Name != "" {
		target += "/" + e.InvolvedObject.Name
	}
	source := orElse(e.Source.Component, e.ReportingController)
	if instance := orElse(e.Source.Host, e.ReportingInstance); instance != "" {
		source += ", " + instance
	}
	return []any{last, e.Type, e.Reason, target, e.InvolvedObject.FieldPath, source, strings.TrimSpace(e.Message),
		first, int64(count), e.Name}
}
