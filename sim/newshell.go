package sim

import (
	"strings"

	"terrarium/sim/shell"
	"terrarium/sim/shell/commands"
	"terrarium/sim/task"
)

// newShell makes a shell over the cluster's files. cost scales the time that kubectl takes.
func (c *Cluster) newShell(tasks *task.Scheduler, name string, cost int) *shell.Shell {
	table := commands.All()
	table["kubectl"] = c.kubectlCommand(cost)
	random := c.chance.Fork("shell/" + name)
	edit := c.editing
	if c.config.Edit == nil {
		edit = nil
	}
	return shell.New(shell.Config{
		FS: c.fs, Machine: tasks, Commands: table, Home: home, Dir: c.directory(), Hostname: c.controlPlane().Name,
		Edit: edit, Random: random.Uint64,
	})
}

// Split cuts a script into the inputs that a person would enter one after another: lines, and what belongs together
// over several of them.
func (c *Cluster) Split(script string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var inputs []string
	pending := ""
	for line := range strings.SplitSeq(strings.TrimRight(script, "\n"), "\n") {
		pending += line
		if c.shell.Incomplete(pending) {
			pending += "\n"
			continue
		}
		if strings.TrimSpace(pending) != "" {
			inputs = append(inputs, pending)
		}
		pending = ""
	}
	if strings.TrimSpace(pending) != "" {
		inputs = append(inputs, pending)
	}
	return inputs
}

// Status is $? of the shell that was used last.
func (c *Cluster) Status() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.login != nil {
		return c.login.Status()
	}
	return c.shell.Status()
}

// Exited reports whether Exec's shell has been left by exit.
func (c *Cluster) Exited() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shell.Exited()
}
