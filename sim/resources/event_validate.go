package resources

import (
	"fmt"
	"reflect"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	maxEventWord = 128
	maxEventNote = 1024
)

func validateEvent(e *v1.Event) field.ErrorList {
	var p problems
	validateAnyEvent(&p, e, "reportingComponent")
	return p.list()
}

// validateAnyEvent is what both forms of events obey; controller is what the form calls the reporting controller.
func validateAnyEvent(p *problems, e *v1.Event, controller string) {
	of := e.InvolvedObject.Namespace
	mismatch := of == "" && e.Namespace != "" && e.Namespace != metav1.NamespaceDefault || of != "" && of != e.Namespace
	if !e.EventTime.IsZero() {
		mismatch = of == "" && e.Namespace != metav1.NamespaceDefault && e.Namespace != metav1.NamespaceSystem
	}
	if mismatch {
		p.invalid(field.NewPath("involvedObject", "namespace"), of, "does not match event.namespace")
	}
	if !e.EventTime.IsZero() {
		p.present(field.NewPath(controller), e.ReportingController)
		p.qualified(field.NewPath(controller), e.ReportingController)
		word := func(name, value string) {
			p.present(field.NewPath(name), value)
			if len(value) > maxEventWord {
				p.invalid(field.NewPath(name), "", fmt.Sprintf("can have at most %v characters", maxEventWord))
			}
		}
		word("reportingInstance", e.ReportingInstance)
		word("action", e.Action)
		word("reason", e.Reason)
		if len(e.Message) > maxEventNote {
			p.invalid(field.NewPath("message"), "", fmt.Sprintf("can have at most %v characters", maxEventNote))
		}
	}
	p.each(field.NewPath("namespace"), e.Namespace, validation.IsDNS1123Subdomain(e.Namespace))
}

// validateNewEvent is stricter: it is for those who write events.k8s.io.
func validateNewEvent(e *v1.Event) field.ErrorList {
	var p problems
	validateAnyEvent(&p, e, "reportingController")
	validateSeries(&p, e.Series)
	if e.EventTime.IsZero() {
		p.required(field.NewPath("eventTime"), "")
	}
	if e.Type != v1.EventTypeNormal && e.Type != v1.EventTypeWarning {
		p.invalid(field.NewPath("type"), "", fmt.Sprintf("has invalid value: %v", e.Type))
	}
	unset := func(name string, is bool) {
		if !is {
			p.invalid(field.NewPath(name), "", "needs to be unset")
		}
	}
	unset("firstTimestamp", e.FirstTimestamp.IsZero())
	unset("lastTimestamp", e.LastTimestamp.IsZero())
	unset("count", e.Count == 0)
	unset("source", e.Source == v1.EventSource{})
	return p.list()
}

func validateSeries(p *problems, s *v1.EventSeries) {
	if s == nil {
		return
	}
	if s.Count < 2 {
		p.invalid(field.NewPath("series.count"), "", "should be at least 2")
	}
	if s.LastObservedTime.IsZero() {
		p.required(field.NewPath("series.lastObservedTime"), "")
	}
}

func validateNewEventUpdate(e, old *v1.Event) field.ErrorList {
	var p problems
	validateAnyEvent(&p, e, "reportingController")
	if !reflect.DeepEqual(e.Series, old.Series) {
		validateSeries(&p, e.Series)
	}
	same := func(name string, now, before any) { validateSame(&p, field.NewPath(name), now, before) }
	validateSameInward(&p, field.NewPath("involvedObject"), e.InvolvedObject, old.InvolvedObject)
	same("reason", e.Reason, old.Reason)
	same("message", e.Message, old.Message)
	validateSameInward(&p, field.NewPath("source"), e.Source, old.Source)
	same("firstTimestamp", e.FirstTimestamp, old.FirstTimestamp)
	same("lastTimestamp", e.LastTimestamp, old.LastTimestamp)
	same("count", e.Count, old.Count)
	same("reason", e.Reason, old.Reason)
	same("type", e.Type, old.Type)
	if !e.EventTime.Truncate(time.Microsecond).Equal(old.EventTime.Truncate(time.Microsecond)) {
		same("eventTime", e.EventTime, old.EventTime)
	}
	same("action", e.Action, old.Action)
	validateSameInward(&p, field.NewPath("related"), e.Related, old.Related)
	same("reportingController", e.ReportingController, old.ReportingController)
	same("reportingInstance", e.ReportingInstance, old.ReportingInstance)
	return p.list()
}
