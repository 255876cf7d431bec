package main

import (
	"context"
	"errors"
	"io"

	"terrarium/sim"
	"terrarium/sim/session"
)

// printReplay plays a log. What lines of a program printed, and what a terminal drew, goes to out.
func printReplay(data []byte, out io.Writer) (exit int, err error) {
	l, err := session.Parse(data)
	if err != nil {
		return 1, err
	}
	typed := false
	for _, e := range l.Entries {
		typed = typed || e.Line != nil || e.Input != nil
	}
	begin := func(c *sim.Cluster) {
		if typed {
			c.Terminal(sim.TerminalConfig{Out: func(b []byte) { out.Write(b) }, Cols: 80, Rows: 24})
		}
	}
	c, err := sim.Restore(sim.Config{Edit: closed}, l, begin, func(s sim.Step) {
		if s.Entry.Exec != "" {
			io.WriteString(out, s.Result.Stdout+s.Result.Stderr)
			exit = s.Result.Exit
		}
	})
	if err != nil {
		return 1, err
	}
	c.Close()
	return exit, nil
}

// closed is the editor of a replay, in which the log says what editors brought back.
func closed(context.Context, sim.EditRequest) (sim.EditResult, error) {
	return sim.EditResult{}, errors.New("the log does not say how this editor was closed")
}
