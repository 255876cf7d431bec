package scheduler

import (
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"terrarium/sim/api"
	"terrarium/sim/clock"
)

const (
	// seriesEnds is how long after its last occurrence a series of like Events is over.
	seriesEnds = 6 * time.Minute
	// seriesWritten is how often the count of a series that goes on is written.
	seriesWritten = 30 * time.Minute
)

// recorder makes Events in the newer style: what happens again to the same object for the same reason becomes a
// series of the first Event.
type recorder struct {
	clock  *clock.Clock
	client api.Client
	host   string
	known  map[eventKey]*series
}

type eventKey struct {
	uid                  types.UID
	kind, reason, action string
}

type series struct {
	event   *v1.Event // ours
	written time.Time
}

func newRecorder(cfg Config, client api.Client) *recorder {
	return &recorder{clock: cfg.Clock, client: client, host: cfg.Host, known: map[eventKey]*series{}}
}

// Event implements Recorder.
func (r *recorder) Event(pod *v1.Pod, kind, reason, action, note string) {
	key := eventKey{pod.UID, kind, reason, action}
	now := metav1.NewMicroTime(r.clock.Now().Truncate(time.Microsecond))
	if s := r.known[key]; s != nil && now.Sub(s.last()) < seriesEnds {
		r.again(s, now)
		return
	}
	r.forgetEnded(now.Time)
	e := &v1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace,
			Name:      fmt.Sprintf("%s.%x", pod.Name, r.clock.Now().UnixNano()),
		},
		InvolvedObject: v1.ObjectReference{
			APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
		},
		EventTime:           now,
		ReportingController: name,
		ReportingInstance:   name + "-" + r.host,
		Action:              action,
		Reason:              reason,
		Message:             note,
		Type:                kind,
		// As recorded: the real scheduler's Events have a count of 1, and these times, from their first moment on.
		Count: 1, FirstTimestamp: metav1.NewTime(now.Time), LastTimestamp: metav1.NewTime(now.Time),
	}
	if _, err := api.Create(r.client, e); err == nil {
		r.known[key] = &series{event: e, written: now.Time}
	}
}

func (r *recorder) again(s *series, now metav1.MicroTime) {
	first := s.event.Series == nil
	if first {
		s.event.Series = &v1.EventSeries{Count: 1}
	}
	s.event.Series.Count++
	s.event.Series.LastObservedTime = now
	if first || now.Sub(s.written) >= seriesWritten {
		s.written = now.Time
		_, _ = api.Update(r.client, s.event)
	}
}

func (r *recorder) forgetEnded(now time.Time) {
	for key, s := range r.known {
		if now.Sub(s.last()) >= seriesEnds {
			delete(r.known, key)
		}
	}
}

func (s *series) last() time.Time {
	if s.event.Series != nil {
		return s.event.Series.LastObservedTime.Time
	}
	return s.event.EventTime.Time
}
