//go:build js

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"time"

	"terrarium/lessons"
	"terrarium/sim"
	"terrarium/sim/session"
	"terrarium/wasm/bridge"
)

// world joins the bridge to the simulator.
type world struct{}

// New implements bridge.World.
func (world) New(o bridge.Options) (bridge.Cluster, error) {
	c := &cluster{options: o}
	sc, err := sim.New(c.config())
	if err != nil {
		return nil, err
	}
	c.start(sc)
	return c, nil
}

// Restore implements bridge.World.
func (world) Restore(o bridge.Options, data []byte, undo bool, fresh bridge.Cluster) (bridge.Cluster, string, error) {
	l, err := session.Parse(data)
	if err != nil {
		return nil, "", err
	}
	undone := ""
	if undo {
		undone, _ = l.Undo()
	}
	if c, ok := fresh.(*cluster); ok && reflect.DeepEqual(c.Header(), l.Header) {
		c.Replay(l, nil)
		c.flush()
		return c, undone, nil
	}
	c := &cluster{options: o}
	if _, err := sim.Restore(c.config(), l, c.start, nil); err != nil {
		return nil, "", err
	}
	c.flush()
	return c, undone, nil
}

// Lesson implements bridge.World.
func (world) Lesson(files map[string][]byte) (bridge.Lesson, error) {
	l, err := lessons.Parse(files)
	if err != nil {
		return nil, err
	}
	return lesson{l}, nil
}

type lesson struct{ *lessons.Lesson }

// MarshalJSON implements json.Marshaler.
func (l lesson) MarshalJSON() ([]byte, error) { return json.Marshal(l.Lesson) }

// Check implements bridge.Lesson.
func (l lesson) Check(c bridge.Cluster) (json.RawMessage, error) {
	own, ok := c.(*cluster)
	if !ok {
		return nil, fmt.Errorf("a %T is no cluster of this program", c)
	}
	return json.Marshal(own.Cluster.Check(l.Lesson))
}

// cluster is sim.Cluster as the bridge wants it. What the terminal draws is kept while the cluster's lock is held and
// handed on without it, since the page may let us wait.
type cluster struct {
	*sim.Cluster
	options  bridge.Options
	terminal *sim.Terminal

	draw  sync.Mutex // keeps the order of what is handed on
	mu    sync.Mutex
	drawn []byte
}

func (c *cluster) config() sim.Config {
	o := c.options
	return sim.Config{
		Seed: o.Seed, Scenario: o.Scenario, Files: o.Files, Start: o.Start, Journal: o.Journal,
		Edit: c.edit,
		Yield: func() {
			c.flush()
			if o.Yield != nil {
				o.Yield()
			}
		},
	}
}

// start opens the terminal.
func (c *cluster) start(sc *sim.Cluster) {
	c.Cluster = sc
	c.terminal = sc.Terminal(sim.TerminalConfig{Cols: c.options.Cols, Rows: c.options.Rows, Out: func(b []byte) {
		c.mu.Lock()
		c.drawn = append(c.drawn, b...)
		c.mu.Unlock()
	}})
	c.flush()
}

func (c *cluster) flush() {
	c.draw.Lock()
	defer c.draw.Unlock()
	c.mu.Lock()
	b := c.drawn
	c.drawn = nil
	c.mu.Unlock()
	if len(b) > 0 && c.options.Out != nil {
		c.options.Out(b)
	}
}

func (c *cluster) edit(ctx context.Context, r sim.EditRequest) (sim.EditResult, error) {
	if c.options.Edit == nil {
		return sim.EditResult{}, errors.New("there is no editor here")
	}
	got, err := c.options.Edit(ctx, bridge.EditRequest{
		Program: r.Program, Name: r.Name, Path: r.Path, Line: r.Line, Content: []byte(r.Content), Fresh: r.New,
	})
	return sim.EditResult{Content: string(got.Content), Saved: got.Saved}, err
}

// Exec implements bridge.Cluster.
func (c *cluster) Exec(ctx context.Context, line string) (bridge.Result, error) {
	defer c.flush()
	r, err := c.Cluster.Exec(ctx, line)
	return bridge.Result(r), err
}

// Handler implements bridge.Cluster. Whoever holds the page is the cluster's administrator.
func (c *cluster) Handler() http.Handler { return c.AdminHandler() }

// Advance implements bridge.Cluster.
func (c *cluster) Advance(d time.Duration) {
	c.Cluster.Advance(d)
	c.flush()
}

// Terminal implements bridge.Cluster.
func (c *cluster) Terminal() bridge.Terminal { return keyboard{c} }

// keyboard is the terminal's side of it.
type keyboard struct{ c *cluster }

func (k keyboard) Input(keys []byte) {
	k.c.terminal.Input(keys)
	k.c.flush()
}

func (k keyboard) Resize(cols, rows int) { k.c.terminal.Resize(cols, rows) }
func (k keyboard) Busy() bool            { return k.c.terminal.Busy() }
