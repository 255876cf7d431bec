// Package events writes Events as client-go's recorder does: what repeats is counted, what differs only in its message
// is combined, and what is too much is dropped.
//
// It knows no kinds; whoever records says what the event is about.
package events

import (
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/api"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
)

// Config is what a Recorder is made of.
type Config struct {
	Clock  *clock.Clock
	Chance *chance.Source
	Client api.Client
	// Component and Host are the source of the events: "kubelet" and its node, "replicaset-controller" and no host.
	Component, Host string
}

// Recorder writes the events of one source.
type Recorder struct {
	Config
	last       time.Time // of the last event's name; names are made from the time and must differ
	correlator correlator
}

// New returns a recorder that has recorded nothing yet.
func New(c Config) *Recorder {
	c.Chance = c.Chance.Fork("events/" + c.Component + "/" + c.Host)
	return &Recorder{Config: c, correlator: newCorrelator()}
}

// Event records that something happened to about. kind is Normal or Warning. An event that the API server refuses is
// dropped.
func (r *Recorder) Event(about corev1.ObjectReference, kind, reason, message string) {
	now := r.tick()
	e := r.correlator.correlate(&corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: r.name(about.Name, now), Namespace: namespaceOf(about)},
		InvolvedObject: about, Type: kind, Reason: reason, Message: message,
		FirstTimestamp: metav1.NewTime(now), LastTimestamp: metav1.NewTime(now), Count: 1,
		Source:              corev1.EventSource{Component: r.Component, Host: r.Host},
		ReportingController: r.Component, ReportingInstance: r.Host,
	}, now)
	if e == nil {
		return
	}
	if e.Count > 1 {
		_, err := api.Patch[corev1.Event](r.Client, e.Namespace, e.Name, "", types.StrategicMergePatchType, patchOf(e))
		if !apierrors.IsNotFound(err) {
			return
		}
	}
	e.ResourceVersion = ""
	if _, err := api.Create(r.Client, e); err == nil {
		r.correlator.observed(e)
	}
}

// Eventf is Event with a message that is put together as fmt does.
func (r *Recorder) Eventf(about corev1.ObjectReference, kind, reason, format string, args ...any) {
	r.Event(about, kind, reason, fmt.Sprintf(format, args...))
}

// tick is the present, a little later than that of the event before: what happens at one instant of virtual time still
// has an order, which the names keep.
func (r *Recorder) tick() time.Time {
	now := r.Clock.Now().Add(time.Duration(r.Chance.IntN(1000)))
	if !now.After(r.last) {
		now = r.last.Add(time.Duration(1000 + r.Chance.IntN(20000)))
	}
	r.last = now
	return now
}

func (r *Recorder) name(about string, now time.Time) string {
	name := fmt.Sprintf("%s.%x", about, now.UnixNano())
	if len(validation.NameIsDNSSubdomain(name, false)) > 0 {
		return r.Chance.UUID()
	}
	return name
}

func patchOf(e *corev1.Event) []byte {
	patch, err := json.Marshal(map[string]any{"count": e.Count, "lastTimestamp": e.LastTimestamp, "message": e.Message})
	if err != nil {
		panic(err) // of a number, a time and a text
	}
	return patch
}

func namespaceOf(about corev1.ObjectReference) string {
	if about.Namespace == "" {
		return metav1.NamespaceDefault
	}
	return about.Namespace
}

// About is the reference of an object, as events carry it. fieldPath names a part of it and may be empty:
// "spec.containers{web}".
func About(apiVersion, kind string, obj metav1.Object, fieldPath string) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: apiVersion, Kind: kind, Namespace: obj.GetNamespace(), Name: obj.GetName(),
		UID: obj.GetUID(), ResourceVersion: obj.GetResourceVersion(), FieldPath: fieldPath,
	}
}
