package bridge

import (
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
