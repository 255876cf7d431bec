package commands

import (
	"context"
	"io"
	"strconv"
	"time"

	"terrarium/sim/shell"
	"terrarium/sim/vfs"
)

func reason(err error) string { return vfs.Reason(err) }

func tail(ctx context.Context, p *shell.Proc) int {
	args := p.Args
	if len(args) > 1 && len(args[1]) > 1 && args[1][0] == '+' {
		// The old form tail +3.
		p.Args = append([]string{args[0], "-n", args[1]}, args[2:]...)
	}
	opts, names, exit, done := syntax{
		short: "c:fFn:qs:vz", long: []string{"bytes:=c", "follow::=f", "lines:=n", "quiet=q", "silent=q", "verbose=v", "zero-terminated=z", "sleep-interval:=s", "pid:", "retry"},
		usage: []string{"NAME [OPTION]... [FILE]..."}, number: true,
	}.parse(p)
	if done {
		return exit
	}
	w, ok := portionOf(p, opts)
	if !ok {
		return 1
	}
	first := true
	headers := (len(names) > 1 || w.always) && !w.quiet
	at := map[string]int64{}
	exit = readEach(p, names, func(name string, r io.Reader) error {
		if headers {
			w.header(p, name, &first)
		}
		n, err := w.tail(ctx, p, r)
		at[name] = n
		return err
	})
	if !has(opts, "f", "F") || len(names) == 0 || names[0] == "-" {
		return exit
	}
	pause := time.Second
	if x, err := strconv.ParseFloat(last(opts, "s", "1"), 64); err == nil && x > 0 {
		pause = time.Duration(x * float64(time.Second))
	}
	if len(at) == 0 && !has(opts, "F", "retry") {
		p.Errorf("no files remaining")
		return 1
	}
	w.follow(ctx, p, names, at, pause, headers)
	return exit
}

// tail prints the end of r and returns how many bytes there were.
func (w portion) tail(ctx context.Context, p *shell.Proc, r io.Reader) (int64, error) {
	data, err := io.ReadAll(stepped{ctx, p, r})
	if err != nil {
		return 0, err
	}
	from := 0
	switch {
	case w.sign == '+' && w.bytes:
		from = int(min(max(w.n-1, 0), int64(len(data))))
	case w.sign == '+':
		for n := w.n - 1; n > 0 && from < len(data); from++ {
			if data[from] == w.end {
				n--
			}
		}
	case w.bytes:
		from = int(max(int64(len(data))-w.n, 0))
	default:
		from = w.lastLines(data, w.n)
	}
	_, err = p.Stdout.Write(data[from:])
	return int64(len(data)), err
}

// follow prints what is added to the files until the program is interrupted.
func (w portion) follow(ctx context.Context, p *shell.Proc, names []string, at map[string]int64, pause time.Duration, headers bool) {
	shown := names[len(names)-1]
	for p.Sleep(ctx, pause) == nil {
		for _, name := range names {
			data, err := p.ReadFile(name)
			if err != nil || int64(len(data)) == at[name] {
				continue
			}
			if int64(len(data)) < at[name] {
				p.Errorf("%s: file truncated", name)
				at[name] = 0
			}
			if headers && shown != name {
				first := false
				w.header(p, name, &first)
				shown = name
			}
			if _, err := p.Stdout.Write(data[at[name]:]); err != nil {
				return
			}
			at[name] = int64(len(data))
		}
	}
}
