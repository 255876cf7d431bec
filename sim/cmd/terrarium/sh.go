package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"terrarium/sim"
)

// sh runs lines in the simulated terminal on virtual time and prints what it shows.
func sh(ctx context.Context, args []string) (int, error) {
	flags := pflag.NewFlagSet("sh", pflag.ContinueOnError)
	scenario := flags.String("scenario", "", "folder with a scenario.yaml, or such a file")
	seed := flags.Uint64("seed", 0, "seed of the cluster's chance")
	line := flags.StringP("command", "c", "", "run this line")
	transcript := flags.Bool("transcript", false, "print each command as `$ line` before its output")
	asJSON := flags.Bool("json", false, "take requests and give answers as JSON, one a line")
	logFile := flags.String("log", "", "write the session's log to this file")
	if err := flags.Parse(args); err != nil || flags.NArg() > 1 {
		return 2, errors.Join(errUsage, err)
	}
	config, err := configOf(*scenario, *seed)
	if err != nil {
		return 1, err
	}
	if *logFile != "" {
		f, err := os.Create(*logFile)
		if err != nil {
			return 1, err
		}
		defer f.Close()
		config.Journal = func(line []byte) { f.Write(line) }
	}
	interactive := !*asJSON && !flags.Changed("command") && flags.NArg() == 0 && term.IsTerminal(int(os.Stdin.Fd()))
	if interactive {
		return interact(config)
	}
	c, err := sim.New(config)
	if err != nil {
		return 1, err
	}
	defer c.Close()
	switch {
	case *asJSON:
		return serveJSON(ctx, c, os.Stdin, os.Stdout)
	case flags.Changed("command"):
		return play(ctx, c, *line, *transcript)
	case flags.NArg() == 1:
		text, err := os.ReadFile(flags.Arg(0))
		if err != nil {
			return 1, err
		}
		return play(ctx, c, string(text), *transcript)
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1, err
	}
	return play(ctx, c, string(text), *transcript)
}

// play runs a script as if its inputs were typed one after another.
func play(ctx context.Context, c *sim.Cluster, text string, transcript bool) (exit int, err error) {
	for _, input := range c.Split(text) {
		if transcript {
			fmt.Printf("$ %s\n", input)
		}
		r, err := c.ExecTo(ctx, input, 0, os.Stdout, os.Stderr)
		if err != nil {
			return 1, err
		}
		exit = r.Exit
		if c.Exited() || ctx.Err() != nil {
			break
		}
	}
	return exit, nil
}

// request is one line of --json's input.
type request struct {
	Exec           *string `json:"exec"`
	InterruptAfter string  `json:"interruptAfter"`
	Advance        *string `json:"advance"`
	Write          *string `json:"write"`
	Content        string  `json:"content"`
}

// answer is one line of --json's output.
type answer struct {
	Stdout string    `json:"stdout"`
	Stderr string    `json:"stderr"`
	Exit   any       `json:"exit"` // the exit status, or "interrupted" where interruptAfter has passed
	Time   time.Time `json:"time"`
}

func serveJSON(ctx context.Context, c *sim.Cluster, in io.Reader, out io.Writer) (int, error) {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if err := enc.Encode(handle(ctx, c, line)); err != nil {
				return 1, err
			}
		}
		if err == io.EOF {
			return 0, nil
		}
		if err != nil {
			return 1, err
		}
	}
}

func handle(ctx context.Context, c *sim.Cluster, line []byte) answer {
	bad := func(err error) answer {
		return answer{Stderr: "terrarium: " + err.Error() + "\n", Exit: 2, Time: c.Now()}
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	var r request
	if err := dec.Decode(&r); err != nil {
		return bad(err)
	}
	switch {
	case r.Exec != nil:
		after, err := duration(r.InterruptAfter)
		if err != nil {
			return bad(err)
		}
		res, err := c.ExecInterrupted(ctx, *r.Exec, after)
		if err != nil {
			return bad(err)
		}
		a := answer{res.Stdout, res.Stderr, res.Exit, res.Time}
		if c.Interrupted() {
			a.Exit = "interrupted"
		}
		return a
	case r.Advance != nil:
		d, err := duration(*r.Advance)
		if err != nil {
			return bad(err)
		}
		c.Advance(d)
	case r.Write != nil:
		if err := c.WriteFile(*r.Write, []byte(r.Content)); err != nil {
			return bad(err)
		}
	default:
		return bad(errors.New(`a request has one of "exec", "advance" and "write"`))
	}
	return answer{Exit: 0, Time: c.Now()}
}

func duration(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && (d < 0 || d > 366*24*time.Hour) {
		err = fmt.Errorf("%s is not a time between 0 and a year", s)
	}
	return d, err
}

// interact joins the simulated terminal to the real one. Virtual time follows the wall clock.
func interact(config sim.Config) (int, error) {
	fd := int(os.Stdin.Fd())
	c, err := sim.New(config)
	if err != nil {
		return 1, err
	}
	defer c.Close()
	old, err := term.MakeRaw(fd)
	if err != nil {
		return 1, err
	}
	defer term.Restore(fd, old)
	cols, rows, err := term.GetSize(fd)
	if err != nil {
		cols, rows = 80, 24
	}
	left := make(chan struct{})
	t := c.Terminal(sim.TerminalConfig{
		Out: func(b []byte) { os.Stdout.Write(b) }, Cols: cols, Rows: rows,
		Exit: func() { close(left) },
	})
	keys := make(chan []byte)
	go func() {
		defer close(keys)
		for {
			b := make([]byte, 4096)
			n, err := os.Stdin.Read(b)
			if err != nil {
				return
			}
			keys <- b[:n]
		}
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case k, ok := <-keys:
			if !ok {
				return 0, nil
			}
			t.Input(k)
		case <-tick.C:
			if cols, rows, err := term.GetSize(fd); err == nil {
				t.Resize(cols, rows)
			}
		case <-left:
			return c.Status(), nil
		}
		now := time.Now()
		c.Advance(now.Sub(last))
		last = now
	}
}

// replayLog plays a session's log and prints the same bytes.
func replayLog(_ context.Context, args []string) (int, error) {
	if len(args) != 1 || strings.HasPrefix(args[0], "-") {
		return 2, errUsage
	}
	data, err := os.ReadFile(args[0])
	if err != nil {
		return 1, err
	}
	return printReplay(data, os.Stdout)
}
