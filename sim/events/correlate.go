package events

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The limits of client-go's correlator.
const (
	combineAfter    = 10               // events of one reason with different messages …
	combineInterval = 10 * time.Minute // … that follow each other within this

	burst  = 25              // events about one object …
	refill = 5 * time.Minute // … and then one in this

	remembered = 4096 // entries of each cache
)

type correlator struct {
	groups map[string]*group   // by what combined events have in common
	seen   map[string]observed // by everything but the time
	tokens map[string]*bucket  // by object
}

type group struct {
	messages []string
	last     time.Time
}

type observed struct {
	name, resourceVersion string
	count                 int32
	first                 time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newCorrelator() correlator {
	return correlator{groups: map[string]*group{}, seen: map[string]observed{}, tokens: map[string]*bucket{}}
}

// correlate returns the event to write: a new one with count 1, one that exists with its new count, or nil where there have
// been too many.
func (c *correlator) correlate(e *corev1.Event, now time.Time) *corev1.Event {
	c.forget()
	e, key := c.combine(e, now)
	if s, ok := c.seen[key]; ok {
		e.Name, e.ResourceVersion = s.name, s.resourceVersion
		e.FirstTimestamp.Time, e.Count = s.first, s.count+1
	}
	c.remember(key, e)
	if !c.accept(e, now) {
		return nil
	}
	return e
}

// observed notes what the API server made of a new event.
func (c *correlator) observed(e *corev1.Event) { c.remember(eventKey(e), e) }

func (c *correlator) remember(key string, e *corev1.Event) {
	c.seen[key] = observed{name: e.Name, resourceVersion: e.ResourceVersion, count: e.Count, first: e.FirstTimestamp.Time}
}

// combine turns the tenth and later of a series of events that differ in nothing but their messages into one event.
func (c *correlator) combine(e *corev1.Event, now time.Time) (*corev1.Event, string) {
	key := groupKey(e)
	g := c.groups[key]
	if g == nil || now.Sub(g.last) > combineInterval {
		g = &group{}
		c.groups[key] = g
	}
	g.last = now
	if !slices.Contains(g.messages, e.Message) {
		g.messages = append(g.messages, e.Message)
	}
	if len(g.messages) < combineAfter {
		return e, eventKey(e)
	}
	g.messages = g.messages[1:]
	e.Message = "(combined from similar events): " + e.Message
	e.ReportingController, e.ReportingInstance = "", ""
	return e, key
}

// accept takes a token of the object's bucket.
func (c *correlator) accept(e *corev1.Event, now time.Time) bool {
	key := objectKey(e)
	b := c.tokens[key]
	if b == nil {
		b = &bucket{tokens: burst, at: now}
		c.tokens[key] = b
	}
	b.tokens = min(burst, b.tokens+now.Sub(b.at).Seconds()/refill.Seconds())
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// forget keeps the caches from growing without end.
func (c *correlator) forget() {
	if len(c.seen) >= remembered {
		clear(c.seen)
	}
	if len(c.groups) >= remembered {
		clear(c.groups)
	}
	if len(c.tokens) >= remembered {
		clear(c.tokens)
	}
}

func eventKey(e *corev1.Event) string {
	return key(e, e.InvolvedObject.FieldPath, e.Type, e.Reason, e.Message)
}

func groupKey(e *corev1.Event) string { return key(e, e.Type, e.Reason) }

func objectKey(e *corev1.Event) string { return key(e, e.Type) }

func key(e *corev1.Event, more ...string) string {
	o := e.InvolvedObject
	return strings.Join(append([]string{e.Source.Component, e.Source.Host, o.Kind, o.Namespace, o.Name, string(o.UID), o.APIVersion}, more...), "\x00")
}
