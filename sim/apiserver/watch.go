package apiserver

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"terrarium/sim/api"
	"terrarium/sim/resources"
	"terrarium/sim/store"
)

// watchDelay is what passes between a write and the moment its watchers hear of it.
const watchDelay = time.Millisecond

// watchers hear of changes in revision order, as entries of the clock.
type watchers struct {
	pending []store.Change
	due     bool
	all     []*watcher // in the order in which they came
	signals []*signal
}

type watcher struct {
	resource schema.GroupResource
	view     *resources.View
	fn       func(api.Event)
	started  bool
	from     uint64 // changes after this revision are news
	stopped  bool
}

// Watch implements api.Door.
func (s *Server) Watch(r schema.GroupVersionResource, fn func(api.Event)) (stop func()) {
	w := &watcher{resource: r.GroupResource(), fn: fn}
	if kind := s.kinds[r]; kind != nil && kind.View != nil {
		w.resource, w.view = kind.View.Of, kind.View
	}
	s.watchers.all = append(s.watchers.all, w)
	s.schedule()
	return func() { w.stopped = true }
}

// changed is called by the store inside every write.
func (s *Server) changed(c store.Change) {
	s.watchers.pending = append(s.watchers.pending, c)
	s.schedule()
	if c.Resource == definitionsGR {
		s.definitionChanged(c)
	}
}

func (s *Server) schedule() {
	if !s.watchers.due {
		s.watchers.due = true
		s.clock.After(watchDelay, s.deliver)
	}
}

// deliver tells new watchers what exists, and all of them what has changed.
func (s *Server) deliver() {
	changes := s.watchers.pending
	s.watchers.pending, s.watchers.due = nil, false
	all := s.watchers.living()
	for _, w := range all {
		if !w.started {
			w.start(s)
		}
	}
	for _, c := range changes {
		for _, sig := range s.watchers.signals {
			if sig.resource == c.Resource {
				select {
				case sig.ch <- struct{}{}:
				default:
				}
			}
		}
		for _, w := range all {
			w.tell(c)
		}
	}
}

// signal wakes a handler when its resource has changed.
type signal struct {
	resource schema.GroupResource
	ch       chan struct{}
}

// listen signals ch, without waiting for it, after every change of a resource.
func (s *Server) listen(r schema.GroupResource, ch chan struct{}) (stop func()) {
	sig := &signal{r, ch}
	s.watchers.signals = append(s.watchers.signals, sig)
	return func() {
		i := slices.Index(s.watchers.signals, sig)
		s.watchers.signals = slices.Delete(s.watchers.signals, i, i+1)
	}
}

// living forgets the watchers that have stopped.
func (ws *watchers) living() []*watcher {
	var living []*watcher
	for _, w := range ws.all {
		if !w.stopped {
			living = append(living, w)
		}
	}
	ws.all = living
	return append([]*watcher(nil), living...)
}

func (w *watcher) start(s *Server) {
	w.started, w.from = true, s.store.Revision()
	for _, obj := range s.store.List(w.resource, "") {
		if w.stopped {
			return
		}
		w.fn(api.Event{Type: watch.Added, Object: w.seen(obj)})
	}
}

func (w *watcher) tell(c store.Change) {
	if w.stopped || c.Resource != w.resource || c.Revision <= w.from {
		return
	}
	e := api.Event{Type: watch.Modified, Object: w.seen(c.Object), Old: w.seen(c.Old)}
	switch {
	case c.Deleted:
		e.Type = watch.Deleted
	case c.Old == nil:
		e.Type = watch.Added
	}
	w.fn(e)
}

func (w *watcher) seen(obj runtime.Object) runtime.Object {
	if obj == nil || w.view == nil {
		return obj
	}
	return w.view.FromStored(obj)
}
