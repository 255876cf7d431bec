package apiserver

import (
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/store"
)

const (
	// bookmarkEvery is how often a watcher who wants to hears of the revision.
	bookmarkEvery = time.Minute
	// minWatch is the shortest time after which the server ends a watch that names none.
	minWatch = 30 * time.Minute
)

// list writes a list.
func (x *exchange) list(c *call, f format) error {
	if err := x.readList(c); err != nil {
		return err
	}
	list, err := c.list()
	if err != nil {
		return err
	}
	return x.answer(c, f, http.StatusOK, list)
}

// stream is one watch over HTTP.
type stream struct {
	*exchange
	*call
	form    format
	include metav1.IncludeObjectPolicy
	match   func(obj runtime.Object) bool
	from    uint64 // changes after this revision are news
	buffer  []byte
	headers bool // of tables, written
}

// watch serves a watch until the client, its timeout or a lost revision ends it.
func (x *exchange) watch(c *call, t target) error {
	f, err := x.negotiate()
	if err != nil {
		return err
	}
	if err := x.readList(c); err != nil {
		return err
	}
	if c.req.Name != "" {
		c.req.FieldSelector = fields.OneTermEqualSelector("metadata.name", c.req.Name)
	}
	s := &stream{exchange: x, call: c, form: f}
	s.form.pretty = false
	if s.match, err = c.matcher(); err != nil {
		return err
	}
	if s.include, err = x.includes(); err != nil {
		return err
	}
	if _, ok := x.w.(http.Flusher); !ok {
		return apierrors.NewInternalError(errNoFlusher)
	}
	changed := make(chan struct{}, 1)
	stop := x.listen(c.kind.GroupResource(), changed)
	defer stop()
	if err := s.begin(); err != nil {
		return err
	}
	timeout := time.Duration(c.page.timeout) * time.Second
	if timeout <= 0 {
		timeout = minWatch + time.Duration(x.tickets.Float64()*float64(minWatch))
	}
	s.run(changed, x.Server.clock.Now().Add(timeout))
	return nil
}

type streamError string

func (e streamError) Error() string { return string(e) }

const errNoFlusher = streamError("unable to start watch - can't get http.Flusher")

// begin collects what a new watcher gets at once.
func (s *stream) begin() error {
	version, initial := s.page.version, s.page.initial != nil && *s.page.initial
	s.from = s.store().Revision()
	if version != "" && version != "0" {
		revision, err := parseVersion(version)
		if err != nil {
			return err
		}
		if revision > s.from {
			if initial || s.page.match != "" {
				return tooLarge(revision, s.from)
			}
			s.from = revision
			return nil
		}
		if !initial {
			s.from = revision
			return nil
		}
	}
	if s.page.initial != nil && !initial {
		return nil
	}
	for _, obj := range s.store().List(s.call.kind.GroupResource(), s.prefix()) {
		if s.match(obj) {
			s.event(watch.Added, s.outgoing(obj))
		}
	}
	if initial && s.page.bookmark {
		s.bookmark(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	}
	return nil
}

func (s *stream) store() *store.Store { return s.exchange.Server.store }

// run writes events as they come.
func (s *stream) run(changed <-chan struct{}, until time.Time) {
	ctx, clock := s.r.Context(), s.exchange.Server.clock
	waiter := waiterOf(ctx)
	h := s.w.Header()
	h.Set("Content-Type", s.watchType())
	unlocked(ctx, func() { s.w.WriteHeader(http.StatusOK) })
	nextBookmark := clock.Now().Add(bookmarkEvery)
	for {
		alive := s.news()
		s.flush()
		if !alive || waiter == nil || ctx.Err() != nil || !clock.Now().Before(until) {
			return
		}
		wake := until
		if s.page.bookmark && nextBookmark.Before(until) {
			wake = nextBookmark
		}
		if waiter.Wait(ctx, changed, wake.Sub(clock.Now())) != nil {
			return
		}
		if s.page.bookmark && !clock.Now().Before(nextBookmark) {
			nextBookmark = clock.Now().Add(bookmarkEvery)
			if s.news() {
				s.bookmark(nil)
			}
		}
	}
}

func (s *stream) watchType() string {
	if s.form.media != "" && s.form.media != "application/json" {
		return s.form.media + ";stream=watch"
	}
	return "application/json"
}

// news collects the changes since the last one; false where they are forgotten, which the client is told.
func (s *stream) news() bool {
	if s.from > s.store().Revision() {
		return true
	}
	changes, err := s.store().Since(s.from)
	if err != nil {
		status := apierrors.NewResourceExpired("too old resource version: " + strconv.FormatUint(s.from, 10) + " (" + strconv.FormatUint(s.store().Oldest(), 10) + ")").Status()
		status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		s.event(watch.Error, &status)
		return false
	}
	gr, prefix := s.call.kind.GroupResource(), s.prefix()
	for _, c := range changes {
		s.from = c.Revision
		if c.Resource == gr && hasPrefix(c.Key, prefix) {
			s.tell(c)
		}
	}
	return true
}

func hasPrefix(key, prefix string) bool {
	return len(key) >= len(prefix) && key[:len(prefix)] == prefix
}

// tell writes a change as the selection sees it: what leaves it is deleted, what enters it is added.
func (s *stream) tell(c store.Change) {
	was := c.Old != nil && s.match(c.Old)
	is := !c.Deleted && s.match(c.Object)
	switch {
	case is && was:
		s.event(watch.Modified, s.outgoing(c.Object))
	case is:
		s.event(watch.Added, s.outgoing(c.Object))
	case was && c.Deleted:
		s.event(watch.Deleted, s.outgoing(c.Object))
	case was:
		last := c.Old.DeepCopyObject()
		metaOf(last).SetResourceVersion(metaOf(c.Object).GetResourceVersion())
		s.event(watch.Deleted, s.outgoing(last))
	}
}

// bookmark tells the revision up to which the client has heard everything.
func (s *stream) bookmark(annotations map[string]string) {
	obj := s.call.view.New()
	obj.GetObjectKind().SetGroupVersionKind(s.call.view.GVK())
	m := metaOf(obj)
	m.SetResourceVersion(strconv.FormatUint(s.from, 10))
	m.SetAnnotations(annotations)
	s.event(watch.Bookmark, obj)
}

func (s *stream) event(kind watch.EventType, obj runtime.Object) {
	if kind != watch.Error && s.form.as != nil {
		gv := s.form.as.GroupVersion()
		switch s.form.as.Kind {
		case "Table":
			t := s.table(s.include, gv, s.exchange.Server.clock.Now(), obj)
			if kind == watch.Bookmark {
				t.Rows = t.Rows[:min(len(t.Rows), 1)]
			}
			if s.headers {
				t.ColumnDefinitions = nil
			}
			s.headers = true
			obj = t
		default:
			obj = partial(obj, gv)
		}
	}
	if kind != watch.Error && kind != watch.Bookmark && s.form.as == nil {
		obj = s.withManaged(obj, s.managedFields(obj))
	}
	data, err := s.form.event(string(kind), obj)
	if err == nil {
		s.buffer = append(s.buffer, data...)
	}
}

// flush sends what has been collected.
func (s *stream) flush() {
	data := s.buffer
	s.buffer = nil
	unlocked(s.r.Context(), func() {
		if len(data) > 0 {
			s.w.Write(data)
		}
		s.w.(http.Flusher).Flush()
	})
}
