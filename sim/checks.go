package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"terrarium/lessons"
	"terrarium/sim/api"
	"terrarium/sim/apiserver"
	"terrarium/sim/clock"
	"terrarium/sim/shell"
	"terrarium/sim/task"
)

// Check says what the cluster's state says of a lesson. It changes nothing, and no time passes.
func (c *Cluster) Check(l *lessons.Lesson) lessons.Progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	return l.Check(c.checker())
}

// checker looks at the cluster for assertions. Scripts run in a shell of its own, on a clock of its own: a script that
// sleeps does not keep the cluster waiting, and kubectl costs no time.
type checker struct {
	c     *Cluster
	tasks *task.Scheduler
	shell *shell.Shell
}

func (c *Cluster) checker() *checker {
	if c.checks == nil {
		k := &checker{c: c}
		k.tasks = task.New(clock.New(c.clock.Now()))
		k.shell = c.newShell(k.tasks, "checks", 0)
		c.checks = k
	}
	return c.checks
}

// Objects implements lessons.World.
func (k *checker) Objects(apiVersion, kind, namespace, name string) ([]map[string]any, error) {
	for _, r := range k.c.server.Resources() {
		if gv := r.GVK().GroupVersion().String(); r.Kind != kind || gv != apiVersion {
			continue
		}
		if !r.Namespaced {
			namespace = ""
		}
		req := &api.Request{User: apiserver.Loopback(), Verb: "list", Resource: r.GVR(), Namespace: namespace}
		if name != "" {
			req.Verb, req.Name = "get", name
		}
		obj, err := k.c.server.Do(req)
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		items := []runtime.Object{obj}
		if list, ok := obj.(*api.Listed); ok {
			items = list.Items
		}
		out := make([]map[string]any, 0, len(items))
		for _, item := range items {
			m, err := plain(item)
			if err != nil {
				return nil, err
			}
			m["apiVersion"], m["kind"] = apiVersion, kind
			out = append(out, m)
		}
		return out, nil
	}
	return nil, fmt.Errorf("the cluster knows no %s in %s", kind, apiVersion)
}

// plain is an object as JSON values.
func plain(obj runtime.Object) (map[string]any, error) {
	b, err := json.Marshal(obj)
	if err != nil {
		return nil, err
	}
	m := map[string]any{}
	return m, json.Unmarshal(b, &m)
}

// Run implements lessons.World.
func (k *checker) Run(script string) (stdout string, exit int) {
	var out bytes.Buffer
	t := k.tasks.Go(func() {
		exit = k.shell.Run(context.Background(), "( "+script+"\n)", strings.NewReader(""), &out, io.Discard)
	})
	if !k.tasks.Until(t.Done) {
		exit = 1
	}
	return out.String(), exit
}

// Player is the cluster as a proof of a lesson plays it.
func (c *Cluster) Player() lessons.Terminal { return player{c} }

type player struct{ c *Cluster }

func (p player) Objects(apiVersion, kind, namespace, name string) ([]map[string]any, error) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	return p.c.checker().Objects(apiVersion, kind, namespace, name)
}

func (p player) Run(script string) (string, int) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	return p.c.checker().Run(script)
}

func (p player) Exec(line string) (string, int) {
	var out capture
	r, err := p.c.ExecTo(context.Background(), line, 0, &out, &out)
	if err != nil {
		return err.Error(), 1
	}
	return out.String(), r.Exit
}

func (p player) WriteFile(name string, content []byte) error { return p.c.WriteFile(name, content) }

func (p player) Wait(done func() bool) bool {
	for range 5 * 60 {
		if done() {
			return true
		}
		p.c.Advance(second)
	}
	return done()
}

// capture keeps what is printed.
type capture struct{ bytes.Buffer }
