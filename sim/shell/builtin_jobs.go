package shell

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func jobsBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "lnprs")
	if bad != "" {
		return p.usage("jobs", bad, "jobs [-lnprs] [jobspec ...] or jobs -x command [args]")
	}
	list := p.openJobs()
	status := 0
	if len(rest) > 0 {
		list = nil
		for _, spec := range rest {
			if j := p.findJob(spec); j != nil {
				list = append(list, j)
			} else {
				p.errorf("jobs: %s: no such job", spec)
				status = 1
			}
		}
	}
	var out strings.Builder
	for _, j := range list {
		switch {
		case strings.Contains(flags, "r") && (j.done || j.stopped), strings.Contains(flags, "s") && !j.stopped:
		case strings.Contains(flags, "p"):
			fmt.Fprintf(&out, "%d\n", j.pid)
		default:
			out.WriteString(p.jobLine(j, strings.Contains(flags, "l")))
		}
	}
	for _, j := range list {
		j.reported = j.reported || j.done
	}
	p.write(1, out.String())
	return status
}

func waitBuiltin(p *process, args []string) int {
	rest := args[1:]
	next, name := false, ""
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		switch rest[0] {
		case "-n":
			next = true
		case "-f", "--":
		case "-p":
			if len(rest) > 1 {
				name, rest = rest[1], rest[1:]
			}
		default:
			return p.usage("wait", rest[0][:2], "wait [-fn] [-p var] [id ...]")
		}
		rest = rest[1:]
	}
	if next {
		return p.waitNext(rest, name)
	}
	if len(rest) == 0 {
		mine := p.jobs
		p.await(func() bool { return !slices.ContainsFunc(mine, func(j *job) bool { return !j.done }) })
		for _, j := range mine {
			j.reported = true
		}
		return 0
	}
	status := 0
	for _, spec := range rest {
		var j *job
		if strings.HasPrefix(spec, "%") {
			if j = p.findJob(spec); j == nil {
				p.errorf("wait: %s: no such job", spec)
				status = 127
				continue
			}
		} else {
			pid, err := strconv.Atoi(spec)
			if err != nil {
				p.errorf("wait: `%s': not a pid or valid job spec", spec)
				status = 1
				continue
			}
			if j = p.jobByPID(pid); j == nil {
				p.errorf("wait: pid %d is not a child of this shell", pid)
				status = 127
				continue
			}
		}
		p.await(func() bool { return j.done })
		j.reported = true
		status = j.status
		if name != "" {
			p.set(name, strconv.Itoa(j.pid))
		}
	}
	return status
}

// waitNext waits for the first job that ends.
func (p *process) waitNext(specs []string, name string) int {
	var list []*job
	for _, j := range p.jobs {
		if j.reported || j.disowned {
			continue
		}
		if len(specs) == 0 || slices.Contains(specs, strconv.Itoa(j.pid)) || slices.ContainsFunc(specs, func(s string) bool { return strings.HasPrefix(s, "%") && p.findJob(s) == j }) {
			list = append(list, j)
		}
	}
	if len(list) == 0 {
		return 127
	}
	var first *job
	p.await(func() bool {
		for _, j := range list {
			if j.done {
				first = j
				return true
			}
		}
		return false
	})
	first.reported = true
	if name != "" {
		p.set(name, strconv.Itoa(first.pid))
	}
	return first.status
}

func killBuiltin(p *process, args []string) int {
	const usage = "kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]"
	rest := args[1:]
	sig := int(Terminate)
	if len(rest) > 0 && (rest[0] == "-l" || rest[0] == "-L") {
		return p.killList(rest[1:])
	}
	if len(rest) > 0 && strings.HasPrefix(rest[0], "-") && rest[0] != "--" {
		spec := rest[0][1:]
		rest = rest[1:]
		if (spec == "s" || spec == "n") && len(rest) > 0 {
			spec, rest = rest[0], rest[1:]
		}
		n, ok := signalNumber(spec)
		if !ok {
			p.errorf("kill: %s: invalid signal specification", spec)
			return 1
		}
		sig = n
	} else if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		p.write(2, "kill: usage: "+usage+"\n")
		return 2
	}
	status := 0
	for _, spec := range rest {
		if !p.killOne(spec, sig) {
			status = 1
		}
	}
	return status
}

func (p *process) killOne(spec string, sig int) bool {
	var j *job
	if strings.HasPrefix(spec, "%") {
		if j = p.findJob(spec); j == nil {
			p.errorf("kill: %s: no such job", spec)
			return false
		}
	} else {
		pid, err := strconv.Atoi(strings.TrimPrefix(spec, "-"))
		if err != nil {
			p.errorf("kill: %s: arguments must be process or job IDs", spec)
			return false
		}
		if pid == p.shellPID {
			return p.killSelf(sig)
		}
		if j = p.jobByPID(pid); j == nil || j.done {
			p.errorf("kill: (%s) - No such process", spec)
			return false
		}
	}
	switch sig {
	case 0, 17, 28: // harmless
	case 18:
		j.resume()
	case 19, 20, 21, 22:
		j.stop()
	default:
		j.cancel(Signal(sig))
		j.resume()
	}
	return true
}

// killSelf is a signal that a shell sends to itself: its trap runs, or it ends.
func (p *process) killSelf(sig int) bool {
	name, _ := trapName(strconv.Itoa(sig))
	if action, ok := p.traps[name]; ok {
		if action != "" {
			p.runTrap(name)
		}
		return true
	}
	if sig == 0 || p.login && sig != int(Kill) {
		return true
	}
	panic(unwind{leaveProcess, 128 + sig})
}

func (p *process) killList(args []string) int {
	if len(args) == 0 {
		p.listSignals()
		return 0
	}
	status := 0
	for _, s := range args {
		n, ok := signalNumber(s)
		if n > 128 {
			n -= 128
		}
		name, found := trapName(strconv.Itoa(n))
		switch {
		case !ok || !found || name == "EXIT":
			p.errorf("kill: %s: invalid signal specification", s)
			status = 1
		case s[0] >= '0' && s[0] <= '9':
			p.print("%s\n", name)
		default:
			p.print("%d\n", n)
		}
	}
	return status
}

func fgBuiltin(p *process, args []string) int {
	if !p.login || !p.sh.interactive {
		p.errorf("fg: no job control")
		return 1
	}
	spec := "%"
	if len(args) > 1 {
		spec = args[1]
	}
	j := p.findJob(spec)
	if j == nil || j.done {
		p.errorf("fg: %s: no such job", map[bool]string{true: "current", false: spec}[len(args) == 1])
		return 1
	}
	p.print("%s\n", j.text)
	j.resume()
	p.sh.waited = j
	err := p.sh.machine.WaitUntil(p.ctx, func() bool { return j.done || j.stopped })
	p.sh.waited = nil
	if err != nil {
		j.cancel(Interrupt)
		p.sh.machine.WaitUntil(context.Background(), func() bool { return j.done })
	}
	if j.stopped {
		p.write(2, "\n"+p.jobLine(j, false))
		j.told = true
		return 128 + 20
	}
	j.reported = true
	p.check()
	return j.status
}

func bgBuiltin(p *process, args []string) int {
	if !p.login || !p.sh.interactive {
		p.errorf("bg: no job control")
		return 1
	}
	spec := "%"
	if len(args) > 1 {
		spec = args[1]
	}
	j := p.findJob(spec)
	if j == nil {
		p.errorf("bg: %s: no such job", map[bool]string{true: "current", false: spec}[len(args) == 1])
		return 1
	}
	if !j.stopped {
		p.errorf("bg: job %d already in background", j.number)
		return 0
	}
	j.resume()
	p.print("[%d]%s %s &\n", j.number, p.mark(j), j.text)
	return 0
}

func disownBuiltin(p *process, args []string) int {
	flags, rest, bad := flagsOf(args, "ahr")
	if bad != "" {
		return p.usage("disown", bad, "disown [-h] [-ar] [jobspec ... | pid ...]")
	}
	if strings.Contains(flags, "a") {
		for _, j := range p.jobs {
			j.disowned = true
		}
		return 0
	}
	if len(rest) == 0 {
		rest = []string{"%"}
	}
	status := 0
	for _, spec := range rest {
		j := p.findJob(spec)
		if pid, err := strconv.Atoi(spec); err == nil {
			j = p.jobByPID(pid)
		}
		if j == nil {
			p.errorf("disown: %s: no such job", map[bool]string{true: "current", false: spec}[spec == "%"])
			status = 1
			continue
		}
		j.disowned = true
	}
	return status
}
