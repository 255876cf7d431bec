package containers

import (
	"io"
	"path"
	"strings"
	"time"

	"terrarium/sim/clock"
)

// Engine runs programs: those of the tables itself, the others by its Runner.
type Engine struct {
	Clock  *clock.Clock
	Runner Runner // nil: Simple
}

// Start begins a program. A *NotFound error says that the container has no such command.
func (e *Engine) Start(s *Start) (Process, error) {
	s = s.entered()
	if p, known := s.Image.program(s.Argv); known && !(s.typed() && e.Runner != nil) {
		if p.special != nil {
			p.special(s, &p)
		}
		return e.run(s, p), nil
	}
	if !s.Image.Shell {
		return nil, &NotFound{s.Argv[0]}
	}
	runner := e.Runner
	if runner == nil {
		runner = &Simple{Clock: e.Clock}
	}
	return runner.Start(s)
}

// typed says that somebody sits at a terminal in front of the program, which is a Runner's matter.
func (s *Start) typed() bool { return s.TTY && s.Stdin != nil && s.Image.Shell }

// entered is the start of what an image's entrypoint script is told to run, where that is not the image's own program.
func (s *Start) entered() *Start {
	name := path.Base(s.Argv[0])
	if name != entrypoint && name != "entrypoint.sh" || len(s.Argv) == 1 {
		return s
	}
	if _, known := s.Image.program(s.Argv); !known {
		return s
	}
	first := s.Argv[1]
	if strings.HasPrefix(first, "-") || strings.Contains(first, ":") || len(s.Image.Cmd) > 0 && first == s.Image.Cmd[0] {
		return s
	}
	inner := *s
	inner.Argv = s.Argv[1:]
	return &inner
}

// run plays a program of the tables.
func (e *Engine) run(s *Start, p program) Process {
	a := &actor{engine: e, start: s, program: p}
	if !p.satisfied(s.Env) {
		a.program.logs, a.program.lasts, a.program.code, a.program.ports = p.without, 40*time.Millisecond, 1, nil
	}
	for _, l := range a.program.logs {
		a.timers = append(a.timers, e.Clock.After(l.after, func() { a.write(l) }))
	}
	switch lasts := a.program.lasts; {
	case lasts == forever:
	case a.program.code == oomKilled:
		a.later(lasts, Exit{Code: 137, OOMKilled: true})
	default:
		a.later(max(lasts, 5*time.Millisecond), Exit{Code: a.program.code})
	}
	return a
}

// actor is a program of the tables that runs.
type actor struct {
	engine  *Engine
	start   *Start
	program program
	timers  []*clock.Timer
	over    bool
}

func (a *actor) write(l line) {
	if a.over {
		return
	}
	to := a.start.Stdout
	if l.stderr {
		to = a.start.Stderr
	}
	if to != nil {
		io.WriteString(to, l.stamp(a.engine.Clock.Now())+"\n")
	}
}

func (a *actor) later(d time.Duration, exit Exit) {
	a.timers = append(a.timers, a.engine.Clock.After(d, func() { a.end(exit) }))
}

func (a *actor) end(exit Exit) {
	if a.over {
		return
	}
	a.over = true
	for _, t := range a.timers {
		t.Stop()
	}
	a.start.Exit(exit)
}

// Signal implements Process.
func (a *actor) Signal(number int) {
	switch {
	case number == SIGKILL:
		a.later(5*time.Millisecond, Exit{Code: 128 + SIGKILL})
	case !a.program.deaf:
		a.later(60*time.Millisecond, Exit{Code: a.program.onTerm})
	}
}
