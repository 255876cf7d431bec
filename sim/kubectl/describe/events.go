package describe

import (
	"fmt"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// events writes the events of an object; kind and uid narrow them where they are not empty. An unreadable list counts
// as an empty one.
func (c *call) events(p *page, kind string, m *metav1.ObjectMeta) {
	if c.settings.ShowEvents {
		p.events(c.find(kind, m.Name, m.Namespace, string(m.UID)))
	}
}

func (c *call) find(kind, name, namespace, uid string) []corev1.Event {
	terms := []fields.Selector{
		fields.OneTermEqualSelector("involvedObject.name", name),
		fields.OneTermEqualSelector("involvedObject.namespace", namespace),
	}
	if kind != "" {
		terms = append(terms, fields.OneTermEqualSelector("involvedObject.kind", kind))
	}
	if uid != "" {
		terms = append(terms, fields.OneTermEqualSelector("involvedObject.uid", uid))
	}
	about := fields.AndSelectors(terms...)
	var list corev1.EventList
	_ = c.getter.List(c.ctx, core("events"), namespace, Selectors{Fields: about.String()}, &list)
	return list.Items
}

func (p *page) events(events []corev1.Event) {
	if len(events) == 0 {
		p.field(0, "Events", "<none>")
		return
	}
	sort.Slice(events, func(i, j int) bool { return events[i].LastTimestamp.Time.Before(events[j].LastTimestamp.Time) })
	p.head(0, "Events")
	p.put(1, "Type\tReason\tAge\tFrom\tMessage\n")
	p.put(1, "----\t------\t----\t----\t-------\n")
	for i := range events {
		e := &events[i]
		source := e.Source.Component
		if source == "" {
			source = e.ReportingController
		}
		message := strings.TrimSpace(e.Message)
		if e.InvolvedObject.FieldPath != "" {
			message = e.InvolvedObject.FieldPath + ": " + message
		}
		p.put(1, "%v\t%v\t%s\t%v\t%v\n", e.Type, e.Reason, p.interval(e), source, message)
	}
}

// interval says when an event was seen, and how often over which time if more than once.
func (p *page) interval(e *corev1.Event) string {
	first := p.since(e.FirstTimestamp)
	if !e.EventTime.IsZero() {
		first = p.since(metav1.Time{Time: e.EventTime.Time})
	}
	switch {
	case e.Series != nil:
		return fmt.Sprintf("%s (x%d over %s)", p.since(metav1.Time{Time: e.Series.LastObservedTime.Time}), e.Series.Count, first)
	case e.Count > 1:
		return fmt.Sprintf("%s (x%d over %s)", p.since(e.LastTimestamp), e.Count, first)
	}
	return first
}
