// Package sim is the one place that names every part: it makes a cluster of API server, admission, controllers,
// scheduler, kubelets and registries, and puts a shell with kubectl in front of it.
//
// A Cluster is a machine that is stepped. Its host (a test, a browser's timer, the native server) calls Exec, Advance
// and the others from any goroutine; each takes the cluster's lock. The same Config and the same input at the same
// virtual instants give the same bytes.
package sim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/chance"
	"terrarium/sim/clock"
	"terrarium/sim/kubelet"
	"terrarium/sim/pki"
	"terrarium/sim/scenario"
	"terrarium/sim/session"
	"terrarium/sim/shell"
	"terrarium/sim/store"
	"terrarium/sim/task"
	"terrarium/sim/terminal"
	"terrarium/sim/vfs"
)

// Config is what a cluster is made of. The zero value is the default cluster.
type Config struct {
	Seed uint64
	// Scenario is scenario.yaml; Files are the other files of its folder, by name.
	Scenario []byte
	Files    map[string][]byte
	// Start is the virtual instant at which the session starts; zero is the scenario's, or 22 November 2026, 09:00 UTC.
	Start time.Time

	// Edit opens an editor and returns when it is closed; it is called without the cluster's lock. nil: there is none.
	Edit func(ctx context.Context, r EditRequest) (EditResult, error)
	// Journal gets each line of the session's log before it takes effect.
	Journal func(line []byte)
	// Yield is called every few milliseconds of long work, without the lock, so that a host with one thread can look
	// at its keyboard.
	Yield func()
}

// EditRequest is an editor to be opened.
type EditRequest = shell.EditRequest

// EditResult is how it was closed.
type EditResult = shell.EditResult

// Result is what a line printed.
type Result struct {
	Stdout, Stderr string
	Exit           int
	Time           time.Time // virtual, when it ended
}

// Cluster is a running cluster with its shell.
type Cluster struct {
	mu       sync.Mutex
	ports    map[int]bool // of the control plane's machine, in use
	cut      bool         // the last line was ended by ExecInterrupted's Ctrl-C
	config   Config
	scenario *scenario.Scenario
	start    time.Time

	clock  *clock.Clock
	chance *chance.Source
	tasks  *task.Scheduler
	server *apiserver.Server
	pki    *pki.Authority

	kubelets kubelet.Fleet

	fs       *vfs.FS
	shell    *shell.Shell // of Exec
	login    *shell.Shell // of the terminal; nil before Terminal
	terminal *terminal.Terminal
	checks   *checker

	log    session.Log
	replay *replay // while a log is being played
	closed bool
}

// DefaultStart is when a session starts that names no instant.
var DefaultStart = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// New returns a cluster that has come up: nodes are ready, the system's Pods run, the scenario's files, manifests and
// setup.sh have been played.
func New(config Config) (*Cluster, error) {
	s, err := scenario.Parse(config.Scenario, config.Files)
	if err != nil {
		return nil, err
	}
	c := &Cluster{config: config, scenario: s, start: config.Start}
	if c.start.IsZero() && s.Start != nil {
		c.start = *s.Start
	}
	if c.start.IsZero() {
		c.start = DefaultStart
	}
	if config.Seed == 0 {
		c.config.Seed = s.Seed
	}
	c.start = c.start.UTC().Truncate(time.Second)
	if err := c.boot(); err != nil {
		return nil, err
	}
	c.log.Header = session.Header{Version: session.Version, Seed: c.config.Seed, Start: c.start, Scenario: string(config.Scenario)}
	for name, data := range config.Files {
		if c.log.Header.Files == nil {
			c.log.Header.Files = map[string]string{}
		}
		c.log.Header.Files[name] = string(data)
	}
	if config.Journal != nil {
		config.Journal(session.Line(c.log.Header))
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	return c, nil
}

// prepare writes the scenario's files and plays its manifests and its script.
func (c *Cluster) prepare() error {
	if err := c.writeKubeconfig(); err != nil {
		return err
	}
	for _, name := range sortedKeys(c.scenario.Files) {
		if err := c.writeFile(name, []byte(c.scenario.Files[name])); err != nil {
			return fmt.Errorf("scenario.yaml: files: %w", err)
		}
	}
	for i, m := range c.scenario.Manifests {
		r := c.run(context.Background(), c.shell, "kubectl apply -f -", strings.NewReader(m))
		if r.Exit != 0 {
			return fmt.Errorf("scenario.yaml: manifests[%d]: %s", i, strings.TrimSpace(r.Stderr))
		}
	}
	if c.scenario.Setup == "" {
		return nil
	}
	if err := c.fs.WriteFile("/tmp/setup.sh", []byte(c.scenario.Setup), 0o755); err != nil {
		return err
	}
	r := c.run(context.Background(), c.shell, "bash /tmp/setup.sh", strings.NewReader(""))
	c.fs.Remove("/tmp/setup.sh")
	if r.Exit != 0 {
		return fmt.Errorf("setup.sh ended with exit code %d: %s", r.Exit, strings.TrimSpace(r.Stderr+r.Stdout))
	}
	return nil
}

// Close ends everything that still runs; the cluster is of no more use.
func (c *Cluster) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	if c.terminal != nil {
		c.terminal.Close()
	}
	c.tasks.Close()
}

// Now is the present virtual instant.
func (c *Cluster) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock.Now()
}

// Next is when the earliest thing is due that is still to come; ok is false where there is none.
func (c *Cluster) Next() (at time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock.Next()
}

// Advance lets d of virtual time pass.
func (c *Cluster) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advanceTo(c.clock.Now().Add(d))
}

func (c *Cluster) advanceTo(t time.Time) {
	for !c.tasks.AdvanceTo(t, c.breath()) {
		c.yield()
	}
}

// Settle lets time pass until the cluster has nothing to do but its regular work, renewing leases and reporting that
// nodes are alive: no Pod is being made, pulled or ended, or ten minutes are over.
func (c *Cluster) Settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := c.clock.Now().Add(10 * time.Minute)
	for quiet := 0; quiet < 30 && c.clock.Now().Before(end); quiet++ {
		before := c.server.Store().Revision()
		c.advanceTo(c.clock.Now().Add(time.Second))
		if changes, err := c.server.Store().Since(before); err != nil || slices.ContainsFunc(changes, notRegular) {
			quiet = -1
		}
	}
}

// notRegular reports whether a change is more than what happens in a cluster that nobody uses.
func notRegular(change store.Change) bool {
	return change.Resource.Resource != "leases" && change.Resource.Resource != "nodes"
}

// Door is the API server as the cluster's own components see it. It may be used where the lock is held: in tests that
// have one goroutine.
func (c *Cluster) Door() api.Door { return c.server }

// Handler is the API server for clients. A request says who it is from by a bearer token; a host that has other
// proof wraps the request's context with apiserver.WithUser.
func (c *Cluster) Handler() http.Handler { return host{c} }
