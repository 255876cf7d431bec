package sim

import (
	"context"
	"errors"
	"time"

	"terrarium/sim/session"
)

// record adds an input to the session's log, before it takes effect. What a replay gives is not journalled again.
func (c *Cluster) record(e session.Entry) {
	e.At = session.Duration(c.clock.Since(c.start))
	c.log.Entries = append(c.log.Entries, e)
	if c.config.Journal != nil && c.replay == nil {
		c.config.Journal(session.Line(e))
	}
}

// Log is the whole session so far, up to the present instant; Restore makes an equal cluster from it.
func (c *Cluster) Log() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.log
	l.Entries = append(l.Entries[:len(l.Entries):len(l.Entries)], session.Entry{At: session.Duration(c.clock.Since(c.start)), Advance: true})
	return l.Bytes()
}

// replay holds the outcomes of editors that are still to come.
type replay struct{ edits []session.Entry }

// Step is one input of a log that is being played, and, for a line that a program ran, what it printed.
type Step struct {
	Entry  session.Entry
	Result Result
}

// Restore plays a log in a new cluster. Seed, scenario and start come from the log, the rest of config is used. begin
// is called with the new cluster before the first input (to open its terminal), step after each input; both may be nil.
func Restore(config Config, log *session.Log, begin func(*Cluster), step func(Step)) (*Cluster, error) {
	h := log.Header
	config.Seed, config.Start, config.Scenario = h.Seed, h.Start, []byte(h.Scenario)
	config.Files = map[string][]byte{}
	for name, text := range h.Files {
		config.Files[name] = []byte(text)
	}
	c, err := New(config)
	if err != nil {
		return nil, err
	}
	if begin != nil {
		begin(c)
	}
	c.Replay(log, step)
	return c, nil
}

// Replay plays the entries of a log in a cluster that has had no input yet and was made with what the log's header
// says, which Header tells.
func (c *Cluster) Replay(log *session.Log, step func(Step)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replay = &replay{}
	for _, e := range log.Entries {
		if e.Edit != nil {
			c.replay.edits = append(c.replay.edits, e)
		}
	}
	defer func() { c.replay = nil }()
	for _, e := range log.Entries {
		r := c.play(e)
		if step != nil {
			step(Step{e, r})
		}
	}
}

// Header is the first line of the session's log: what the cluster was made with.
func (c *Cluster) Header() session.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.Header
}

// play gives one recorded input at its instant.
func (c *Cluster) play(e session.Entry) (r Result) {
	if at := c.start.Add(time.Duration(e.At)); at.After(c.clock.Now()) {
		c.advanceTo(at)
	}
	switch {
	case e.Exec != "":
		c.record(e)
		var out, errs capture
		r = c.exec(context.Background(), c.shell, e.Exec, &out, &out, &errs, time.Duration(e.InterruptAfter))
		r.Stdout, r.Stderr = out.String(), errs.String()
	case e.Line != nil && c.terminal != nil:
		c.input([]byte(*e.Line + "\r"))
	case e.Input != nil && c.terminal != nil:
		c.input(e.Input)
	case e.Write != nil:
		c.record(e)
		c.writeFile(e.Write.Path, e.Write.Content) // an error was told when it was given first
	}
	return r
}

// errNoEdit ends an editor that the log does not know the outcome of: the session was cut off while it was open.
var errNoEdit = errors.New("the editor was not closed")

// editing is what shells call to open an editor: the host's, or, in a replay, the log's.
func (c *Cluster) editing(ctx context.Context, r EditRequest) (EditResult, error) {
	if c.replay != nil {
		return c.editAgain(ctx)
	}
	if c.config.Edit == nil {
		return EditResult{}, errors.New("there is no editor here")
	}
	done := make(chan struct{})
	var result EditResult
	var err error
	go func() {
		result, err = c.config.Edit(ctx, r)
		close(done)
	}()
	if werr := c.tasks.Wait(ctx, done, 0); werr != nil {
		return EditResult{}, werr
	}
	if err != nil {
		return EditResult{}, err
	}
	c.record(session.Entry{Edit: &session.Edit{Content: []byte(result.Content), Saved: result.Saved}})
	return result, nil
}

func (c *Cluster) editAgain(ctx context.Context) (EditResult, error) {
	if len(c.replay.edits) == 0 {
		return EditResult{}, errNoEdit
	}
	e := c.replay.edits[0]
	c.replay.edits = c.replay.edits[1:]
	if d := c.start.Add(time.Duration(e.At)).Sub(c.clock.Now()); d > 0 {
		if err := c.tasks.Sleep(ctx, d); err != nil {
			return EditResult{}, err
		}
	}
	c.record(e)
	return EditResult{Content: string(e.Edit.Content), Saved: e.Edit.Saved}, nil
}

// Tail is the line that brings a log up to the present instant, for whoever keeps it by Journal.
func (c *Cluster) Tail() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return session.Line(session.Entry{At: session.Duration(c.clock.Since(c.start)), Advance: true})
}
