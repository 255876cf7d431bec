package commands

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"terrarium/sim/shell"
)

// watch runs a command again and again, filling the screen, until it is interrupted. Without a terminal it prints one
// screen after the other.
func watch(ctx context.Context, p *shell.Proc) int {
	opts, args, exit, done := syntax{
		short: "bcd::egn:pq:rtwx", long: []string{"beep=b", "color=c", "differences::=d", "errexit=e", "chgexit=g", "interval:=n", "precise=p", "no-title=t", "no-wrap=w", "exec=x", "equexit:=q", "no-rerun=r"},
		usage: []string{"\n NAME [options] command"}, ordered: true,
	}.parse(p)
	if done {
		return exit
	}
	if len(args) == 0 {
		fmt.Fprintf(p.Stderr, "\nUsage:\n watch [options] command\n\nFor more details see watch(1).\n")
		return 1
	}
	interval := 2 * time.Second
	if has(opts, "n") {
		x, err := strconv.ParseFloat(strings.Replace(last(opts, "n", ""), ",", ".", 1), 64)
		if err != nil {
			p.Errorf("failed to parse argument: '%s': Invalid argument", last(opts, "n", ""))
			return 1
		}
		interval = max(time.Duration(x*float64(time.Second)), 100*time.Millisecond)
	}
	command := args
	if !has(opts, "x") {
		command = []string{"sh", "-c", strings.Join(args, " ")}
	}
	before := ""
	if p.TTY {
		io.WriteString(p.Stdout, "\x1b[?1049h\x1b[H\x1b[2J")
		defer p.LastWords("\x1b[?1049l")
	}
	for first := true; ; first = false {
		begun := p.Now()
		var out bytes.Buffer
		status := p.Exec(ctx, command, shell.ExecOptions{Stdout: &out, Stderr: &out, Stdin: strings.NewReader("")})
		if ctx.Err() != nil {
			return 130
		}
		w := watching{p: p, title: !has(opts, "t"), interval: interval, command: strings.Join(args, " "), wrap: !has(opts, "w")}
		if _, err := io.WriteString(p.Stdout, w.screen(out.String())); err != nil {
			return 1
		}
		if has(opts, "e") && status != 0 {
			return 8
		}
		if has(opts, "g") && !first && out.String() != before {
			return 0
		}
		before = out.String()
		wait := interval
		if has(opts, "p") {
			wait = max(interval-p.Now().Sub(begun), 0)
		}
		if p.Sleep(ctx, wait) != nil {
			return 130
		}
	}
}

type watching struct {
	p        *shell.Proc
	title    bool
	wrap     bool
	interval time.Duration
	command  string
}

// screen is what one run shows: a title and as much of the output as fits.
func (w watching) screen(out string) string {
	cols, rows := w.p.Cols, w.p.Rows
	var lines []string
	if w.title {
		left := fmt.Sprintf("Every %.1fs: %s", w.interval.Seconds(), w.command)
		right := fmt.Sprintf("%s: %s", w.p.Hostname(), shell.Strftime("%a %b %e %H:%M:%S %Y", w.p.Now().UTC()))
		if room := cols - len(right) - 1; utf8.RuneCountInString(left) > room && room > 3 {
			left = string([]rune(left)[:room-3]) + "..."
		}
		lines = append(lines, left+strings.Repeat(" ", max(cols-utf8.RuneCountInString(left)-len(right), 1))+right, "")
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\n"), "\n") {
		for w.p.TTY && w.wrap && utf8.RuneCountInString(line) > cols {
			rs := []rune(line)
			lines = append(lines, string(rs[:cols]))
			line = string(rs[cols:])
		}
		lines = append(lines, line)
	}
	if !w.p.TTY {
		return strings.Join(lines, "\n") + "\n"
	}
	if len(lines) > rows {
		lines = lines[:rows]
	}
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\n")
		}
		if rs := []rune(line); len(rs) > cols && cols > 0 {
			line = string(rs[:cols])
		}
		b.WriteString(line + "\x1b[K")
	}
	b.WriteString("\x1b[J")
	return b.String()
}
