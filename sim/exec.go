package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"terrarium/sim/session"
	"terrarium/sim/shell"
)

// longestWait bounds how long one line that a program runs may let virtual time pass, so that a watch which nobody
// interrupts ends.
const longestWait = 24 * time.Hour

// errWaited says that a line has waited for longestWait.
var errWaited = errors.New("terrarium: the command was stopped: it has waited for 24 hours of simulated time")

// Exec runs a line, or several, in the cluster's shell, as a script would: what it reads is empty, and while it waits,
// time jumps. The end of ctx interrupts it as Ctrl-C does.
func (c *Cluster) Exec(ctx context.Context, line string) (Result, error) {
	return c.ExecInterrupted(ctx, line, 0)
}

// ExecInterrupted is Exec with a Ctrl-C after some virtual time; 0 is none.
func (c *Cluster) ExecInterrupted(ctx context.Context, line string, after time.Duration) (Result, error) {
	var out, errs bytes.Buffer
	r, err := c.ExecTo(ctx, line, after, &out, &errs)
	r.Stdout, r.Stderr = out.String(), errs.String()
	return r, err
}

// Interrupted reports whether the last line was ended by ExecInterrupted's Ctrl-C.
func (c *Cluster) Interrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut
}

// ExecTo is ExecInterrupted that prints to writers.
func (c *Cluster) ExecTo(ctx context.Context, line string, after time.Duration, stdout, stderr io.Writer) (Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return Result{}, errors.New("the cluster has been closed")
	}
	c.record(session.Entry{Exec: line, InterruptAfter: session.Duration(after)})
	r := c.exec(ctx, c.shell, line, strings.NewReader(""), stdout, stderr, after)
	return r, nil
}

// run is exec with its output in the result.
func (c *Cluster) run(ctx context.Context, sh *shell.Shell, line string, stdin io.Reader) Result {
	var out, errs bytes.Buffer
	r := c.exec(ctx, sh, line, stdin, &out, &errs, 0)
	r.Stdout, r.Stderr = out.String(), errs.String()
	return r
}

func (c *Cluster) exec(ctx context.Context, sh *shell.Shell, line string, stdin io.Reader, stdout, stderr io.Writer, after time.Duration) Result {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.cut = false
	if after > 0 {
		defer c.clock.After(after, func() {
			c.cut = true
			cancel()
		}).Stop()
	}
	defer c.clock.After(longestWait, func() {
		io.WriteString(stderr, errWaited.Error()+"\n")
		cancel()
	}).Stop()
	var r Result
	t := c.tasks.Go(func() { r.Exit = sh.Run(ctx, line, stdin, stdout, stderr) })
	breath := c.breath()
	c.tasks.Until(func() bool {
		if breath() {
			c.yield()
			breath = c.breath()
		}
		return t.Done()
	})
	r.Time = c.clock.Now()
	return r
}

// turns is how many turns of tasks and clock may pass between two looks at the host.
const turns = 256

// breath returns a pause for the scheduler that is true once in a while, where the host wants that.
func (c *Cluster) breath() func() bool {
	if c.config.Yield == nil {
		return func() bool { return false }
	}
	n := 0
	return func() bool { n++; return n >= turns }
}

// yield gives the host its turn, without the lock.
func (c *Cluster) yield() {
	if c.config.Yield == nil {
		return
	}
	c.mu.Unlock()
	c.config.Yield()
	c.mu.Lock()
}

// WriteFile writes a file of the simulated machine, and the folders that lead to it; a relative path is below the
// directory in which the session started.
func (c *Cluster) WriteFile(name string, data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.record(session.Entry{Write: &session.File{Path: name, Content: data}})
	return c.writeFile(name, data)
}

func (c *Cluster) writeFile(name string, data []byte) error {
	name = c.abs(name)
	if err := c.fs.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return c.fs.WriteFile(name, data, 0o644)
}

// ReadFile reads a file of the simulated machine.
func (c *Cluster) ReadFile(name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fs.ReadFile(c.abs(name))
}

func (c *Cluster) abs(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(c.directory(), name)
}

// directory is where the session starts.
func (c *Cluster) directory() string {
	if dir := c.scenario.Directory; path.IsAbs(dir) {
		return path.Clean(dir)
	}
	return path.Join(home, c.scenario.Directory)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
