package kubelet

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/containers"
)

// runHook runs a lifecycle hook of a container and calls done with what went wrong.
func (k *Kubelet) runHook(pod *corev1.Pod, c *container, h *corev1.LifecycleHandler, done func(error)) {
	switch {
	case h.Exec != nil:
		k.execInContainer(c, h.Exec.Command, 0, func(output string, code int, err error) {
			if err == nil && code != 0 {
				err = fmt.Errorf("command '%s' exited with %d: %s", command(h.Exec.Command), code, output)
			}
			done(err)
		})
	case h.Sleep != nil:
		k.Clock.After(time.Duration(h.Sleep.Seconds)*time.Second, func() { done(nil) })
	case h.HTTPGet != nil:
		k.Clock.After(5*time.Millisecond, func() {
			port, err := portNumber(h.HTTPGet.Port, c.spec)
			if err == nil {
				if page, listens := c.process.Get(port, h.HTTPGet.Path); !listens {
					err = errors.New("connection refused")
				} else if page.Status >= 400 {
					err = fmt.Errorf("HTTP probe failed with statuscode: %d", page.Status)
				}
			}
			done(err)
		})
	default:
		k.Clock.After(time.Millisecond, func() { done(nil) })
	}
}

func command(argv []string) string {
	out := ""
	for i, a := range argv {
		if i > 0 {
			out += " "
		}
		out += a
	}
	return out
}

// execInContainer runs a command beside the container's main process and calls done with its output, stdout and stderr
// together. A limit of 0 is none; err tells of a command that did not run or was too slow.
func (k *Kubelet) execInContainer(c *container, argv []string, limit time.Duration, done func(output string, code int, err error)) {
	var output limitedBuffer
	over := false
	var process containers.Process
	finish := func(code int, err error) {
		if !over {
			over = true
			c.dropExec(process)
			done(output.String(), code, err)
		}
	}
	if c.state != stateRunning {
		k.Clock.After(time.Millisecond, func() { finish(-1, errors.New("container is not running")) })
		return
	}
	process, err := k.engine.Start(&containers.Start{
		Image: c.image, Argv: argv, Env: c.env, Dir: workingDir(c.spec, c.image), Files: c.files, Hostname: c.hostname,
		Stdout: &output, Stderr: &output, Exit: func(e containers.Exit) { finish(e.Code, nil) },
	})
	if err != nil {
		k.Clock.After(5*time.Millisecond, func() { finish(-1, k.execError(err)) })
		return
	}
	c.execs = append(c.execs, process)
	if limit > 0 {
		k.Clock.After(limit, func() {
			if !over {
				process.Signal(containers.SIGKILL)
				finish(-1, errTimeout)
			}
		})
	}
}

var errTimeout = errors.New("timed out")

// execError is a command that is not in the container, in the runtime's words.
func (k *Kubelet) execError(err error) error {
	return fmt.Errorf("failed to exec in container: failed to start exec %q: OCI runtime exec failed: exec failed: unable to start container process: %w", k.chance.Hex(32), err)
}

func (c *container) dropExec(p containers.Process) {
	for i, x := range c.execs {
		if x == p {
			c.execs = append(c.execs[:i:i], c.execs[i+1:]...)
			return
		}
	}
}

// limitedBuffer keeps the first 10 KiB of what is written.
type limitedBuffer struct{ data []byte }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	const most = 10 << 10
	b.data = append(b.data, p[:min(len(p), max(0, most-len(b.data)))]...)
	return len(p), nil
}

func (b *limitedBuffer) String() string { return string(b.data) }
