package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// session is one cluster with its terminal, its lesson and its pace.
type session struct {
	bridge   *Bridge
	options  openOptions
	made     Options // what the cluster was made with
	cluster  Cluster
	terminal Terminal
	lesson   Lesson // nil for a bare cluster
	screen   *screen
	edits    *edits
	pace     *pace

	mu      sync.Mutex
	busy    bool      // as last told to the page
	dirty   bool      // something changed since progress was last looked at
	checked time.Time // wall clock of the last look
	last    []byte    // progress as last told to the page
	told    time.Time // wall clock of the last `time` event
	ended   bool      // another session has taken this one's place
	quiet   bool      // the session is being made: its journal is told whole in the end
}

// opened is protocol.ts's Opened.
type opened struct {
	Now      time.Time       `json:"now"`
	Lesson   Lesson          `json:"lesson,omitempty"`
	Progress json.RawMessage `json:"progress,omitempty"`
	Undone   string          `json:"undone"`
}

// newSession makes a session, from a log where there is one, and out of spare, an unused session of the same
// options, where that is not nil.
func newSession(b *Bridge, o openOptions, log []byte, undo bool, spare *session) (*session, *opened, error) {
	s := spare
	var err error
	if s == nil {
		if s, err = newUnused(b, o, len(log) == 0); err != nil {
			return nil, nil, err
		}
	}
	answer := &opened{Lesson: s.lesson}
	if spare != nil {
		s.terminal = s.cluster.Terminal()
		s.resize(o.Cols, o.Rows)
	}
	if len(log) > 0 {
		if s.cluster, answer.Undone, err = b.world.Restore(s.made, log, undo, s.cluster); err != nil {
			return nil, nil, err
		}
	}
	s.terminal = s.cluster.Terminal()
	s.pace = newPace(s.cluster, s.terminal.Busy, b.giveTurn, s.stepped)
	if o.Speed != nil {
		s.pace.factor = bounded(*o.Speed)
	}
	answer.Now = s.cluster.Now()
	if answer.Progress, err = s.progress(); err != nil {
		return nil, nil, err
	}
	s.last = answer.Progress
	return s, answer, nil
}

// newUnused makes what a session consists of, its cluster too where that is wanted.
func newUnused(b *Bridge, o openOptions, withCluster bool) (s *session, err error) {
	s = &session{bridge: b, options: o, screen: newScreen(b.send), edits: &edits{send: b.send}, quiet: true}
	if s.made, err = s.clusterOptions(); err != nil {
		return nil, err
	}
	if withCluster {
		s.cluster, err = b.world.New(s.made)
	}
	return s, err
}

func (s *session) clusterOptions() (o Options, err error) {
	o = Options{
		Scenario: []byte(s.options.Scenario),
		Out:      s.screen.write, Cols: max(s.options.Cols, 1), Rows: max(s.options.Rows, 1),
		Edit: s.edits.edit, Journal: s.journal, Yield: s.bridge.giveTurn,
	}
	if s.options.Seed != "" {
		if o.Seed, err = strconv.ParseUint(s.options.Seed, 10, 64); err != nil {
			return o, fmt.Errorf("seed %q is not a whole number of 64 bits", s.options.Seed)
		}
	}
	if s.options.Start != "" {
		if o.Start, err = time.Parse(time.RFC3339Nano, s.options.Start); err != nil {
			return o, fmt.Errorf("start %q is not a time of RFC 3339", s.options.Start)
		}
	}
	if s.options.Lesson != nil {
		files := contents(s.options.Lesson)
		if s.lesson, err = s.bridge.world.Lesson(files); err != nil {
			return o, err
		}
		if scenario, ok := files["scenario.yaml"]; ok {
			o.Scenario = scenario
		}
		o.Files = files
	}
	return o, nil
}

// begin lets the session be seen: what was printed so far, its log, and the clock.
func (s *session) begin() {
	s.mu.Lock()
	s.quiet = false
	s.mu.Unlock()
	s.bridge.send(event("journal", map[string]bool{"whole": true}, s.cluster.Log()))
	s.screen.begin()
	go s.pace.run()
}

func (s *session) close() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.pace.close()
	s.screen.close()
	s.cluster.Close()
	s.edits.closeAll()
}

func (s *session) journal(entry []byte) {
	s.mu.Lock()
	quiet := s.quiet || s.ended
	s.mu.Unlock()
	if !quiet {
		s.bridge.send(event("journal", map[string]bool{"whole": false}, append([]byte(nil), entry...)))
	}
}

func (s *session) input(keys []byte) {
	s.pace.sync()
	s.terminal.Input(keys)
	s.changed()
}

// resize also remembers the size for the sessions that take this one's place.
func (s *session) resize(cols, rows int) {
	s.options.Cols, s.options.Rows = cols, rows
	s.terminal.Resize(max(cols, 1), max(rows, 1))
}

// setSpeed, too, is remembered.
func (s *session) setSpeed(factor float64) {
	s.options.Speed = &factor
	s.pace.setFactor(factor)
	s.mu.Lock()
	s.told = time.Time{}
	s.mu.Unlock()
}

func (s *session) exec(ctx context.Context, line string) (any, error) {
	s.pace.sync()
	r, err := s.cluster.Exec(ctx, line)
	s.changed()
	return map[string]any{"stdout": r.Stdout, "stderr": r.Stderr, "exit": r.Exit, "time": r.Time}, err
}

func (s *session) advance(ms float64) any {
	s.pace.sync()
	const most = 365 * 24 * time.Hour
	s.cluster.Advance(min(time.Duration(max(ms, 0)*float64(time.Millisecond)), most))
	s.changed()
	return map[string]time.Time{"now": s.cluster.Now()}
}

// changed says that the cluster may have changed by more than time.
func (s *session) changed() {
	s.mu.Lock()
	s.dirty = true
	s.mu.Unlock()
	s.pace.hurry()
}

const (
	// checkEvery is how often, of the wall clock, a lesson's checkpoints are looked at while things change.
	checkEvery = 250 * time.Millisecond
	// tellEvery is how often the page's clock is set.
	tellEvery = 2 * time.Second
)

// stepped tells the page what came of a step of time.
func (s *session) stepped(moved bool) {
	now := time.Now()
	busy := s.terminal.Busy()
	s.mu.Lock()
	s.dirty = s.dirty || moved || busy
	tellBusy, tellTime, check := busy != s.busy, now.Sub(s.told) >= tellEvery, s.dirty && now.Sub(s.checked) >= checkEvery
	s.busy = busy
	if tellTime {
		s.told = now
	}
	if check {
		s.dirty, s.checked = false, now
	}
	s.mu.Unlock()
	if tellBusy {
		s.bridge.send(event("busy", map[string]bool{"busy": busy}, nil))
	}
	if tellTime {
		s.bridge.send(event("time", map[string]any{"now": s.cluster.Now(), "factor": s.pace.speed()}, s.cluster.Tail()))
	}
	if check {
		s.tellProgress()
	}
}

func (s *session) tellProgress() {
	p, err := s.progress()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.ended || bytes.Equal(p, s.last) {
		return
	}
	s.last = p
	s.bridge.send(Frame{Type: "progress", Data: p})
}

// progress is nil, without error, where no lesson is open.
func (s *session) progress() (json.RawMessage, error) {
	if s.lesson == nil {
		return json.RawMessage(`{"checkpoints":[],"flow":[]}`), nil
	}
	return s.lesson.Check(s.cluster)
}

func (b *Bridge) giveTurn() {
	if b.yield != nil {
		b.yield()
	}
}
