package shell

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

const readUsage = "read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]"

// reading is one read command.
type reading struct {
	raw, exact bool
	array      string
	delim      byte
	chars      int // at most; -1 no limit
	prompt     string
	timeout    time.Duration // -1 none
	fd         int
	names      []string
}

func readBuiltin(p *process, args []string) int {
	r, status := p.readOptions(args)
	if status >= 0 {
		return status
	}
	s := p.files.files[r.fd]
	if s == nil {
		if r.fd == 0 {
			p.errorf("read: read error: 0: Bad file descriptor")
		} else {
			p.errorf("read: %d: invalid file descriptor: Bad file descriptor", r.fd)
		}
		return 1
	}
	if r.prompt != "" && s.tty {
		p.write(2, r.prompt)
	}
	line, escaped, status := p.readUntil(r, s)
	if status == 142 && r.timeout == 0 {
		return 1
	}
	p.distribute(r, line, escaped)
	return status
}

func (p *process) readOptions(args []string) (r reading, status int) {
	r = reading{delim: '\n', chars: -1, timeout: -1}
	rest := args[1:]
	for len(rest) > 0 && len(rest[0]) > 1 && rest[0][0] == '-' {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			break
		}
		for i := 1; i < len(arg); i++ {
			c := arg[i]
			if strings.IndexByte("rse", c) >= 0 {
				r.raw = r.raw || c == 'r'
				continue
			}
			if strings.IndexByte("adinNptu", c) < 0 {
				return r, p.usage("read", "-"+string(c), readUsage)
			}
			value := arg[i+1:]
			if value == "" {
				if len(rest) == 0 {
					p.errorf("read: -%c: option requires an argument", c)
					p.write(2, "read: usage: "+readUsage+"\n")
					return r, 2
				}
				value, rest = rest[0], rest[1:]
			}
			if status := p.readOption(&r, c, value); status >= 0 {
				return r, status
			}
			break
		}
	}
	r.names = rest
	for _, name := range rest {
		base, _, _ := strings.Cut(name, "[")
		if !syntax.ValidName(base) {
			p.errorf("read: `%s': not a valid identifier", name)
			return r, 1
		}
	}
	return r, -1
}

func (p *process) readOption(r *reading, c byte, value string) int {
	switch c {
	case 'a':
		r.array = value
	case 'd':
		r.delim = 0
		if value != "" {
			r.delim = value[0]
		}
	case 'p':
		r.prompt = value
	case 'n', 'N':
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			p.errorf("read: %s: invalid number", value)
			return 1
		}
		r.chars, r.exact = n, c == 'N'
	case 't':
		x, err := strconv.ParseFloat(value, 64)
		if err != nil || x < 0 {
			p.errorf("read: %s: invalid timeout specification", value)
			return 1
		}
		r.timeout = time.Duration(x * float64(time.Second))
	case 'u':
		n, err := strconv.Atoi(value)
		if err != nil {
			p.errorf("read: %s: invalid file descriptor specification", value)
			return 1
		}
		r.fd = n
	}
	return -1
}

// readUntil reads up to the delimiter or the number of characters. escaped marks the bytes that a backslash quoted.
func (p *process) readUntil(r reading, s *stream) (line string, escaped []bool, status int) {
	ctx := p.ctx
	if r.timeout > 0 {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		over := false
		defer func() { over = true; cancel(nil) }()
		p.sh.machine.Go(func() {
			p.sh.machine.Sleep(ctx, r.timeout)
			if !over {
				cancel(context.DeadlineExceeded)
			}
		})
	}
	var b []byte
	one := make([]byte, 1)
	back := false
	for r.chars < 0 || utf8.RuneCount(b) < r.chars || len(b) > 0 && !utf8.Valid(b) && len(b) < 4*r.chars {
		n, err := s.read(ctx, one)
		if n == 0 {
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) && p.ctx.Err() == nil {
				return string(b), escaped, 142
			}
			if err != nil {
				p.check()
				return string(b), escaped, 1
			}
			continue
		}
		c := one[0]
		switch {
		case back:
			back = false
			if c == '\n' {
				continue
			}
			b, escaped = append(b, c), append(escaped, true)
		case c == '\\' && !r.raw:
			back = true
		case c == r.delim && !r.exact:
			return string(b), escaped, 0
		case c == 0:
		default:
			b, escaped = append(b, c), append(escaped, false)
		}
		if len(b) > p.sh.limits.Memory {
			p.fail(1, "xrealloc: cannot allocate %d bytes", len(b))
		}
	}
	return string(b), escaped, 0
}

// distribute splits the line at IFS and assigns it.
func (p *process) distribute(r reading, line string, escaped []bool) {
	ifs := " \t\n"
	if v := p.vars.find("IFS"); v != nil && v.set {
		ifs = v.str
	}
	switch {
	case r.array != "":
		v, name := p.target(r.array)
		p.writable(v, name)
		if v.kind != indexed {
			*v = variable{kind: indexed, exported: v.exported}
		}
		v.list, v.set = nil, true
		for i, f := range readFields(line, escaped, ifs, math.MaxInt) {
			v.list = append(v.list, element{i, f})
		}
	case r.exact:
		for i, name := range r.namesOr() {
			if i > 0 {
				line = ""
			}
			p.assignName(name, line)
		}
	case len(r.names) == 0:
		p.set("REPLY", line)
	default:
		fields := readFields(line, escaped, ifs, len(r.names))
		for i, name := range r.names {
			value := ""
			if i < len(fields) {
				value = fields[i]
			}
			p.assignName(name, value)
		}
	}
}

func (r reading) namesOr() []string {
	if len(r.names) == 0 {
		return []string{"REPLY"}
	}
	return r.names
}

func (p *process) assignName(name, value string) {
	if base, sub, ok := strings.Cut(name, "["); ok {
		p.setElement(base, strings.TrimSuffix(sub, "]"), value, false)
		return
	}
	p.set(name, value)
}

// readFields splits a line into at most n fields; the last takes what is left, without the blanks around it.
func readFields(line string, escaped []bool, ifs string, n int) []string {
	separator := func(i int) bool { return !escaped[i] && strings.IndexByte(ifs, line[i]) >= 0 }
	blank := func(i int) bool { return separator(i) && strings.IndexByte(" \t\n", line[i]) >= 0 }
	skip := func(i int) int {
		for i < len(line) && blank(i) {
			i++
		}
		return i
	}
	var out []string
	i := skip(0)
	for i < len(line) {
		if len(out) == n-1 {
			out = append(out, lastField(line, i, blank, separator))
			break
		}
		start := i
		for i < len(line) && !separator(i) {
			i++
		}
		out = append(out, line[start:i])
		i = skip(i)
		if i < len(line) && separator(i) && (i == start || !blank(i)) {
			if i > start && blank(i-1) || !blank(i) {
				i = skip(i + 1)
			}
		}
	}
	return out
}

// lastField is the rest of a line; one separator at its end goes where there is no other in it.
func lastField(line string, from int, blank, separator func(int) bool) string {
	end := len(line)
	for end > from && blank(end-1) {
		end--
	}
	if end > from && separator(end-1) {
		only := true
		for i := from; i < end-1; i++ {
			only = only && !separator(i)
		}
		if only {
			end--
		}
	}
	for end > from && blank(end-1) {
		end--
	}
	return line[from:end]
}

func mapfileBuiltin(p *process, args []string) int {
	delim, trim, skip, limit, origin, fd := byte('\n'), false, 0, 0, 0, 0
	rest := args[1:]
	for len(rest) > 0 && len(rest[0]) > 1 && rest[0][0] == '-' {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			break
		}
		for i := 1; i < len(arg); i++ {
			if arg[i] == 't' {
				trim = true
				continue
			}
			if strings.IndexByte("dnOsuCc", arg[i]) < 0 {
				return p.usage(args[0], "-"+string(arg[i]), args[0]+" [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]")
			}
			value := arg[i+1:]
			if value == "" && len(rest) > 0 {
				value, rest = rest[0], rest[1:]
			}
			n, _ := strconv.Atoi(value)
			switch arg[i] {
			case 'd':
				delim = 0
				if value != "" {
					delim = value[0]
				}
			case 'n':
				limit = n
			case 'O':
				origin = n
			case 's':
				skip = n
			case 'u':
				fd = n
			}
			break
		}
	}
	name := "MAPFILE"
	if len(rest) > 0 {
		name = rest[0]
	}
	if !syntax.ValidName(name) {
		p.errorf("%s: `%s': not a valid identifier", args[0], name)
		return 1
	}
	v, name := p.target(name)
	if v.kind == associative {
		p.errorf("%s: %s: not an indexed array", args[0], name)
		return 1
	}
	if v.kind == scalar || origin == 0 {
		*v = variable{kind: indexed, exported: v.exported}
	}
	v.set = true
	data := string(p.readAll(fd))
	p.grow(len(data))
	for n := 0; data != "" && (limit == 0 || n < limit+skip); n++ {
		line, left, found := strings.Cut(data, string(delim))
		data = left
		if found && !trim {
			line += string(delim)
		}
		if n >= skip {
			v.setAt(origin+n-skip, line)
		}
	}
	return 0
}
