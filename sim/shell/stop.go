package shell

import (
	"context"

	"terrarium/sim/task"
)

// front is a typed line while it runs: Ctrl-Z makes a job of it.
type front struct {
	p      *process
	gate   *task.Gate
	cancel context.CancelCauseFunc
	text   string
	files  *table // as they are between lines
}

// takeFront makes the running task the foreground of an interactive shell; the returned function ends that.
func (sh *Shell) takeFront(p *process, cancel context.CancelCauseFunc) func() {
	if !sh.interactive {
		return func() {}
	}
	f := &front{p: p, gate: sh.machine.Current().NewGate(), cancel: cancel, files: p.files.fork()}
	sh.front = f
	return func() {
		if sh.front == f {
			sh.front = nil
			f.files.closeAll()
		}
	}
}

// Stop is Ctrl-Z: what runs in the foreground stops, and is a job from now on. Where gone is true, the Run that was
// called for it does not return until fg or bg lets it go on; the caller prints notice and shows its prompt.
func (sh *Shell) Stop() (notice string, gone bool) {
	if sh.waited != nil {
		sh.waited.stop()
		return "", false
	}
	f := sh.front
	if f == nil {
		return "", false
	}
	sh.front = nil
	p := f.p
	j := &job{number: p.nextJob(), pid: sh.nextPID(), text: jobWords(f.text), cancel: f.cancel, gate: f.gate, told: true}
	j.stop()
	// The prompt goes on with a copy, which shares variables and functions; the line keeps what it stands in.
	next := *p
	next.files = f.files
	next.quiet, next.depth, next.indirection, next.evals, next.inTrap, next.substituted = 0, 0, 0, 0, false, nil
	next.jobs = append(next.jobs[:len(next.jobs):len(next.jobs)], j)
	next.status = 128 + 20
	p.login, p.job = false, j
	sh.main = &next
	return "\n" + next.jobLine(j, false), true
}

func (j *job) stop() {
	if j.gate != nil && !j.done {
		j.gate.Shut()
		j.stopped = true
	}
}

func (j *job) resume() {
	if j.gate != nil {
		j.gate.Open()
	}
	j.stopped, j.told = false, false
}

// refuseExit reports whether exit must be said a second time, since there are jobs that have stopped.
func (sh *Shell) refuseExit() bool {
	if !sh.interactive || sh.warned == len(sh.history)-1 {
		return false
	}
	for _, j := range sh.main.openJobs() {
		if j.stopped {
			sh.warned = len(sh.history)
			return true
		}
	}
	return false
}
