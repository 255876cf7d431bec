package bridge

import (
	"context"
	"maps"
	"runtime"
	"runtime/debug"
)

// prepared is a session that nobody has opened yet. A host that can keep a program's memory prepares one and stores
// that, so that opening it later costs nothing (web/freeze.mjs).
type prepared struct {
	options openOptions
	session *session
}

func (b *Bridge) prepare(o openOptions) error {
	if err := b.warm(o); err != nil {
		return err
	}
	s, err := newUnused(b, o, true)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.spare = &prepared{o, s}
	b.mu.Unlock()
	for range 3 { // the first finds garbage, the next run what it finalized
		runtime.GC()
		runtime.Gosched()
	}
	debug.FreeOSMemory()
	return nil
}

// warm lets the program compute what it computes once, tables and what packages remember of types, by a learner's first
// command in a cluster that is thrown away.
func (b *Bridge) warm(o openOptions) error {
	s, err := newUnused(b, o, true)
	if err != nil {
		return err
	}
	defer s.cluster.Close()
	_, err = s.cluster.Exec(context.Background(), "kubectl get nodes")
	return err
}

// takeSpare is the prepared session where it is the one that is asked for, else nil.
func (b *Bridge) takeSpare(o openOptions) *session {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.spare
	b.spare = nil
	if p == nil || p.options.Scenario != o.Scenario || p.options.Seed != o.Seed || p.options.Start != o.Start ||
		!maps.Equal(p.options.Lesson, o.Lesson) {
		return nil
	}
	p.session.options = o
	return p.session
}
