package containers

import (
	"io"
	"slices"
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
	p, known := s.Image.program(s.Argv)
	if known && p.special != nil {
		p.special(s, &p)
	}
	if known && p.lasts != unknownCommand {
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

// Serves implements Process.
func (a *actor) Serves(port int32, path string) (listens bool, status int) {
	if a.over || !slices.Contains(a.program.ports, port) && !slices.Equal(a.program.ports, allPorts) {
		return false, 0
	}
	if len(a.program.paths) == 0 || slices.Contains(a.program.paths, path) {
		return true, 200
	}
	return true, 404
}
