package shell

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"terrarium/sim/task"
)

// job is a background job.
type job struct {
	number   int
	pid      int
	text     string
	done     bool
	status   int
	cancel   context.CancelCauseFunc
	gate     *task.Gate // nil: cannot be stopped
	stopped  bool
	told     bool // that it has stopped
	reported bool
	disowned bool
}

// background starts a statement that ends in &. Its processes live on when the line is interrupted.
func (p *process) background(st *syntax.Stmt) {
	g := groupOf(p.ctx)
	if p.login || g == nil {
		g = p.sh.newGroup(nil)
		g.closed = true
	}
	ctx, cancel := context.WithCancelCause(g.ctx)
	if p.login {
		cancel = g.cancel
	}
	c := *st
	c.Background, c.Disown = false, false
	j := &job{number: p.nextJob(), text: p.jobText(st), cancel: cancel}
	child := p.spawn(ctx, func(c *process) {
		c.depth = max(c.depth, 1)
		if !p.opts.set["monitor"] && !p.login {
			c.files.set(0, newStream(&text{}))
		}
	}, func(child *process) { child.stmt(&c) }, func(status int) {
		j.done, j.status = true, status
		if !p.login {
			cancel(nil)
		}
		g.leave()
	})
	g.members++
	j.pid, j.gate = child.pid, child.task.NewGate()
	p.lastJob = j.pid
	p.jobs = append(p.jobs, j)
	if p.login && p.sh.interactive {
		p.write(2, fmt.Sprintf("[%d] %d\n", j.number, j.pid))
	}
	p.status = 0
}

func (p *process) nextJob() int {
	n := 0
	for _, j := range p.jobs {
		if !j.reported || !j.done {
			n = max(n, j.number)
		}
	}
	return n + 1
}

// jobText is a statement's source on one line, without its &.
func (p *process) jobText(st *syntax.Stmt) string {
	text := strings.TrimSpace(p.src.slice(st))
	text = strings.TrimSpace(strings.TrimSuffix(text, "&"))
	return jobWords(text)
}

func jobWords(text string) string { return strings.Join(strings.Fields(text), " ") }

// mark is the + or - that stands beside the latest jobs.
func (p *process) mark(j *job) string {
	latest := p.latestJobs()
	switch i := slices.Index(latest, j); {
	case i == len(latest)-1:
		return "+"
	case i == len(latest)-2:
		return "-"
	}
	return " "
}

// latestJobs are the open jobs, the current one last: one that has stopped comes before all that run.
func (p *process) latestJobs() []*job {
	open := p.openJobs()
	slices.SortStableFunc(open, func(a, b *job) int { return rank(a) - rank(b) })
	return open
}

func rank(j *job) int {
	if j.stopped {
		return 1
	}
	return 0
}

func (p *process) openJobs() []*job {
	var open []*job
	jobs := p.jobs
	if len(jobs) == 0 {
		jobs = p.outerJobs
	}
	for _, j := range jobs {
		if !j.reported && !j.disowned {
			open = append(open, j)
		}
	}
	return open
}

func (j *job) state() string {
	switch {
	case j.stopped:
		return "Stopped"
	case !j.done:
		return "Running"
	case j.status == 0:
		return "Done"
	case j.status == 130:
		return "Interrupt"
	case j.status == 137:
		return "Killed"
	case j.status == 143:
		return "Terminated"
	case j.status > 128:
		return fmt.Sprintf("Signal %d", j.status-128)
	}
	return fmt.Sprintf("Exit %d", j.status)
}

func (p *process) jobLine(j *job, long bool) string {
	text := j.text
	if !j.done && !j.stopped {
		text += " &"
	}
	pid := ""
	if long {
		pid = fmt.Sprintf("%5d ", j.pid)
	}
	return fmt.Sprintf("[%d]%s  %s%-24s%s\n", j.number, p.mark(j), pid, j.state(), text)
}

// JobNotices are the lines about background jobs that have ended, which an interactive shell prints before its
// prompt. Each job is told about once.
func (sh *Shell) JobNotices() string {
	p := sh.main
	var b strings.Builder
	var ended []*job
	for _, j := range p.openJobs() {
		if j.done || j.stopped && !j.told {
			b.WriteString(p.jobLine(j, false))
			j.told = true
		}
		if j.done {
			ended = append(ended, j)
		}
	}
	for _, j := range ended {
		j.reported = true
	}
	p.forgetJobs()
	return b.String()
}

// Jobs is the number of background jobs that run.
func (sh *Shell) Jobs() int {
	n := 0
	for _, j := range sh.main.jobs {
		if !j.done {
			n++
		}
	}
	return n
}

// Processes lists the shell's own process and its background jobs.
func (p *Proc) Processes() []Process {
	main := p.process.sh.main
	list := []Process{{main.pid, 1, "bash"}}
	for _, j := range main.jobs {
		if !j.done {
			list = append(list, Process{j.pid, main.pid, j.text})
		}
	}
	return list
}

// Process is one running process.
type Process struct {
	PID, Parent int
	Command     string
}

// forgetJobs keeps the list of jobs short; a job's status stays to be asked for by wait a while.
func (p *process) forgetJobs() {
	if len(p.jobs) > 1000 {
		p.jobs = slices.DeleteFunc(p.jobs, func(j *job) bool { return j.done && j.reported })
	}
}

// findJob finds a job by %n, %+, %-, %text or %?text.
func (p *process) findJob(spec string) *job {
	open := p.latestJobs()
	if len(open) == 0 {
		return nil
	}
	s := strings.TrimPrefix(spec, "%")
	switch s {
	case "", "+", "%":
		return open[len(open)-1]
	case "-":
		return open[max(len(open)-2, 0)]
	}
	if n, err := strconv.Atoi(s); err == nil {
		for _, j := range open {
			if j.number == n {
				return j
			}
		}
		return nil
	}
	for _, j := range slices.Backward(open) {
		if inside, ok := strings.CutPrefix(s, "?"); ok && strings.Contains(j.text, inside) || !ok && strings.HasPrefix(j.text, s) {
			return j
		}
	}
	return nil
}

func (p *process) jobByPID(pid int) *job {
	for _, j := range p.jobs {
		if j.pid == pid {
			return j
		}
	}
	return nil
}

// substitute runs $(…) and returns its output without the newlines at its end.
func (p *process) substitute(cs *syntax.CmdSubst) string {
	p.substed = true
	if s, ok := p.readShortcut(cs); ok {
		return s
	}
	out := &captured{limit: p.sh.limits.Memory / 4}
	line := p.line
	p.status = p.inline(func(c *process) {
		c.files.set(1, newStream(out))
		c.indirection++
		if !p.opts.shopt["inherit_errexit"] {
			c.opts.set["errexit"] = false
		}
	}, func(c *process) { c.stmts(cs.Stmts) })
	p.line = line
	if out.over {
		p.fail(1, "command substitution: cannot allocate more than %d bytes", out.limit)
	}
	return trimOutput(out.buf)
}

func trimOutput(b []byte) string {
	return strings.TrimRight(strings.ReplaceAll(strings.ToValidUTF8(string(b), "\uFFFD"), "\x00", ""), "\n")
}

// readShortcut is $(<file).
func (p *process) readShortcut(cs *syntax.CmdSubst) (string, bool) {
	if len(cs.Stmts) != 1 {
		return "", false
	}
	st := cs.Stmts[0]
	if st.Cmd != nil || len(st.Redirs) != 1 || st.Redirs[0].Op != syntax.RdrIn || st.Negated || st.Background {
		return "", false
	}
	out := ""
	p.status = p.inline(nil, func(c *process) {
		if !c.redirect(st.Redirs[0]) {
			c.status = 1
			return
		}
		c.status = 0
		out = trimOutput(c.readAll(0))
	})
	return out, true
}

// readAll reads a descriptor to its end.
func (p *process) readAll(fd int) []byte {
	var out []byte
	buf := make([]byte, 32<<10)
	s := p.files.files[fd]
	for s != nil {
		n, err := s.read(p.ctx, buf)
		out = append(out, buf[:n]...)
		if len(out) > p.sh.limits.Memory {
			p.fail(1, "xrealloc: cannot allocate %d bytes", len(out))
		}
		if err != nil {
			p.check()
			break
		}
	}
	return out
}

// processSubst starts <(…) or >(…) and returns the path by which the command finds its pipe.
func (p *process) processSubst(ps *syntax.ProcSubst) string {
	r, w := newPipe(p.sh.machine)
	mine, theirs, fd := r, w, 1
	if ps.Op == syntax.CmdOut {
		mine, theirs, fd = w, r, 0
	}
	at := p.files.freeDown()
	p.spawn(p.ctx, func(c *process) {
		c.files.set(at, nil)
		c.files.set(fd, theirs)
	}, func(c *process) { c.stmts(ps.Stmts) }, func(int) {})
	p.files.set(at, mine)
	p.substituted = append(p.substituted, at)
	return fmt.Sprintf("/dev/fd/%d", at)
}
