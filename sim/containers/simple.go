package containers

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"terrarium/sim/clock"
)

// Simple is a Runner for single commands, and for lists of them after `sh -c`: enough for a cluster without a shell. It
// knows sleep, echo, true, false, exit, env, cat, hostname, pwd, date and id.
type Simple struct{ Clock *clock.Clock }

// Start implements Runner.
func (r *Simple) Start(s *Start) (Process, error) {
	list := [][]string{s.Argv}
	if isShell(s.Argv[0]) {
		list = nil
		if len(s.Argv) > 2 && s.Argv[1] == "-c" {
			list = commands(s.Argv[2])
		}
	} else if !slices.Contains(known, path.Base(s.Argv[0])) {
		return nil, &NotFound{s.Argv[0]}
	}
	p := &script{clock: r.Clock, start: s, list: list}
	p.timer = r.Clock.After(2*time.Millisecond, p.next)
	return p, nil
}

var known = []string{"sleep", "echo", "true", "false", "exit", "env", "printenv", "cat", "hostname", "pwd", "date", "id", "ls", "touch", "test", ":"}

func isShell(command string) bool {
	switch path.Base(command) {
	case "sh", "bash", "ash", "dash":
		return true
	}
	return false
}

// commands splits a script at ; and newlines, and each command at blanks, heeding quotes.
func commands(text string) (list [][]string) {
	var words []string
	var word strings.Builder
	quote, begun := rune(0), false
	flush := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, c := range text {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, begun = c, true
		case c == ';' || c == '\n':
			flush()
			if len(words) > 0 {
				list = append(list, words)
			}
			words = nil
		case c == ' ' || c == '\t':
			flush()
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	flush()
	if len(words) > 0 {
		list = append(list, words)
	}
	return list
}

// script runs commands one after the other.
type script struct {
	clock *clock.Clock
	start *Start
	list  [][]string
	code  int
	timer *clock.Timer
	over  bool
}

func (p *script) next() {
	if len(p.list) == 0 {
		p.end(p.code)
		return
	}
	argv := p.list[0]
	p.list = p.list[1:]
	took, last := p.command(argv)
	if last {
		p.list = nil
	}
	p.timer = p.clock.After(took, p.next)
}

func (p *script) command(argv []string) (took time.Duration, last bool) {
	took, p.code = time.Millisecond, 0
	to := p.start.Stdout
	if n := len(argv); argv[n-1] == ">&2" || argv[n-1] == "1>&2" {
		to, argv = p.start.Stderr, argv[:n-1]
	}
	if to == nil {
		to = io.Discard
	}
	if len(argv) == 0 {
		return took, false
	}
	args := argv[1:]
	switch path.Base(argv[0]) {
	case "sleep":
		return p.sleep(args), false
	case "echo":
		fmt.Fprintln(to, strings.Join(args, " "))
	case "true", ":", "touch", "test":
	case "false":
		p.code = 1
	case "exit":
		if len(args) > 0 {
			p.code, _ = strconv.Atoi(args[0])
		}
		return took, true
	case "env", "printenv":
		for _, e := range p.start.Env {
			fmt.Fprintln(to, e)
		}
	case "hostname":
		fmt.Fprintln(to, p.start.Hostname)
	case "pwd":
		fmt.Fprintln(to, p.start.Dir)
	case "date":
		fmt.Fprintln(to, p.clock.Now().UTC().Format("Mon Jan _2 15:04:05 UTC 2006"))
	case "id":
		fmt.Fprintf(to, "uid=%d gid=%d\n", p.start.Image.UID, p.start.Image.GID)
	case "cat", "ls":
		p.read(path.Base(argv[0]), args, to)
	default:
		fmt.Fprintf(p.stderr(), "sh: %s: not found\n", argv[0])
		p.code = 127
	}
	return took, false
}

func (p *script) sleep(args []string) time.Duration {
	if len(args) == 0 {
		p.code = 1
		return time.Millisecond
	}
	if args[0] == "infinity" {
		return 1 << 62
	}
	text := args[0]
	if strings.Trim(text, "0123456789.") == "" {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		fmt.Fprintf(p.stderr(), "sleep: invalid number '%s'\n", args[0])
		p.code = 1
		return time.Millisecond
	}
	return d
}

func (p *script) read(tool string, args []string, to io.Writer) {
	if len(args) == 0 && tool == "cat" && p.start.Stdin != nil {
		io.Copy(to, p.start.Stdin)
	}
	for _, name := range args {
		if tool == "ls" {
			entries, err := p.start.Files().ReadDir(name)
			if err != nil {
				fmt.Fprintf(p.stderr(), "ls: %s: No such file or directory\n", name)
				p.code = 1
			}
			for _, e := range entries {
				if !strings.HasPrefix(e.Name(), ".") {
					fmt.Fprintln(to, e.Name())
				}
			}
			continue
		}
		data, err := p.start.Files().ReadFile(name)
		if err != nil {
			fmt.Fprintf(p.stderr(), "cat: can't open '%s': No such file or directory\n", name)
			p.code = 1
		}
		to.Write(data)
	}
}

func (p *script) stderr() io.Writer {
	if p.start.Stderr == nil {
		return io.Discard
	}
	return p.start.Stderr
}

func (p *script) end(code int) {
	if p.over {
		return
	}
	p.over = true
	p.timer.Stop()
	p.start.Exit(Exit{Code: code})
}

// Signal implements Process: a main process without a handler is deaf to SIGTERM.
func (p *script) Signal(number int) {
	if p.over || number == SIGTERM && p.start.Main {
		return
	}
	p.timer.Stop()
	p.timer = p.clock.After(5*time.Millisecond, func() { p.end(128 + number) })
}

// Get implements Process.
func (p *script) Get(int32, string) (Page, bool) { return Page{}, false }
