package kubelet

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/containers"
)

// The reasons for which a container with an image does not start.
const (
	errCrashLoopBackOff reason = "CrashLoopBackOff"
	errCreateConfig     reason = "CreateContainerConfigError"
	errCreateContainer  reason = "CreateContainerError"
	errRunContainer     reason = "RunContainerError"
	errPostStartHook    reason = "PostStartHookError"
)

// starting is the start of one container.
type starting struct {
	*syncing
	action startAction
	spec   *corev1.Container
	about  corev1.ObjectReference
	done   func(message string, err error)
}

// run starts the container, unless it waits for its restart. done gets the waiting reason as an error.
func (s *starting) run(done func(message string, err error)) {
	s.about, s.done = aboutContainer(s.pod, s.spec.Name), done
	if msg, err := s.k.restartBackOff(s.pod, s.spec, s.seen, s.about); err != nil {
		done(msg, err)
		return
	}
	s.k.images.ensure(&imageRequest{
		about: s.about, pod: s.pod, image: s.spec.Image, policy: s.spec.ImagePullPolicy, secrets: s.secrets,
		done: func(img *storedImage, msg string, err error) {
			if err != nil {
				s.fail(err.Error())
				done(msg, err)
				return
			}
			s.create(img)
		},
	})
}

func (s *starting) fail(text string) {
	s.k.event(s.about, corev1.EventTypeWarning, "Failed", "Error: "+text)
}

// restartBackOff reports that a container which has ended must wait, and until when.
func (k *Kubelet) restartBackOff(pod *corev1.Pod, c *corev1.Container, seen *podStatus, about corev1.ObjectReference) (string, error) {
	var last *containerStatus
	for i := range seen.containers {
		if s := &seen.containers[i]; s.name == c.Name && s.state == stateExited {
			last = s
			break
		}
	}
	if last == nil {
		return "", nil
	}
	key := strings.Join([]string{pod.Name, pod.Namespace, string(pod.UID), c.Name, hashOf(c)}, "_")
	if k.restarts.waitsSince(key, last.finished) {
		name := podName(pod)
		k.event(about, corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s", c.Name, name))
		wait := k.restarts.get(key)
		return fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", wait, c.Name, name), &backOffError{errCrashLoopBackOff, last.finished.Add(wait)}
	}
	k.restarts.next(key, last.finished)
	return "", nil
}

// podName is a pod as the kubelet's messages name it.
func podName(pod *corev1.Pod) string {
	return fmt.Sprintf("%s_%s(%s)", pod.Name, pod.Namespace, pod.UID)
}

// create makes the container and starts it.
func (s *starting) create(img *storedImage) {
	image := containers.Lookup(img.Repository, img.Tag)
	env, err := s.k.environment(s.pod, s.spec, s.ips)
	if err == nil {
		err = s.k.checkUser(s.pod, s.spec, image)
	}
	if err != nil {
		s.fail(err.Error())
		s.done(err.Error(), errCreateConfig)
		return
	}
	env = append([]string{"HOSTNAME=" + hostname(s.pod), "HOME=" + homeOf(image)}, withImage(image.Env, env)...)
	c := s.k.newContainer(s.pod, s.spec, img, image, env, s.seen)
	argv := image.Argv(expand(s.spec.Command, env), expand(s.spec.Args, env))
	if len(argv) == 0 {
		text := "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: no command specified"
		s.fail(text)
		s.done(text, errCreateContainer)
		return
	}
	s.k.Clock.After(s.k.chance.Between(15*time.Millisecond, 35*time.Millisecond), func() {
		s.k.runtime.add(s.pod.UID, c)
		s.k.event(s.about, corev1.EventTypeNormal, "Created", "Container created")
		s.k.Clock.After(s.k.chance.Between(25*time.Millisecond, 60*time.Millisecond), func() { s.launch(c, argv) })
	})
}

func (s *starting) launch(c *container, argv []string) {
	k, uid := s.k, s.pod.UID
	var stdin io.Reader
	if s.spec.Stdin {
		c.stdin = &containers.Input{Once: s.spec.StdinOnce}
		stdin = c.stdin
	}
	process, err := k.engine.Start(&containers.Start{
		Image: c.image, Argv: argv, Env: c.env, Dir: workingDir(s.spec, c.image), Files: c.files, Hostname: hostname(s.pod), IP: first(s.ips),
		Main: true, Stdin: stdin, Stdout: c.log.stream(k.Clock, "stdout"), Stderr: c.log.stream(k.Clock, "stderr"), TTY: s.spec.TTY,
		Memory: s.spec.Resources.Limits.Memory().Value(),
		Exit:   func(e containers.Exit) { k.runtime.exit(uid, c, e) },
	})
	c.started = k.Clock.Now()
	if err != nil {
		s.cannotRun(c, err)
		return
	}
	c.process, c.state = process, stateRunning
	k.pleg.touch(uid)
	k.event(s.about, corev1.EventTypeNormal, "Started", "Container started")
	s.postStart(c)
}

// cannotRun is a container whose command is not in its image.
func (s *starting) cannotRun(c *container, err error) {
	text := "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: " + err.Error()
	if s.k.Runtime == "docker" {
		text = "failed to start container \"" + c.id + "\": Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: " + err.Error()
	}
	c.state, c.finished = stateExited, s.k.Clock.Now()
	c.exitCode, c.reason, c.message = 128, "StartError", text
	var missing *containers.NotFound
	if errors.As(err, &missing) && s.k.Runtime == "docker" {
		c.exitCode, c.reason = 127, "ContainerCannotRun"
	}
	c.log.close()
	s.k.pleg.touch(s.pod.UID)
	s.fail(text)
	s.done(text, errRunContainer)
}

// postStart runs the container's hook, and kills the container where it fails.
func (s *starting) postStart(c *container) {
	l := s.spec.Lifecycle
	if l == nil || l.PostStart == nil {
		s.done("", nil)
		return
	}
	s.k.runHook(s.pod, c, l.PostStart, func(err error) {
		if err == nil {
			s.done("", nil)
			return
		}
		s.k.event(s.about, corev1.EventTypeWarning, "FailedPostStartHook", "PostStartHook failed")
		s.k.killContainer(s.pod, c, killReason{message: "FailedPostStartHook"}, 0, func() { s.done(err.Error(), errPostStartHook) })
	})
}

// newContainer describes a container that is about to be created.
func (k *Kubelet) newContainer(pod *corev1.Pod, spec *corev1.Container, img *storedImage, image containers.Image, env []string, seen *podStatus) *container {
	restarts := 0
	if s := seen.find(spec.Name); s != nil {
		restarts = s.restarts + 1
	}
	c := &container{spec: spec, log: newContainerLog(), image: image, env: env, hostname: hostname(pod)}
	c.containerStatus = containerStatus{
		id: k.chance.Hex(32), name: spec.Name, hash: hashOf(spec), restarts: restarts,
		image: img.shownImage(k.Runtime, spec.Image), imageID: img.shownID(k.Runtime),
		state: stateCreated, created: k.Clock.Now(), user: userOf(pod, spec, image), resources: *spec.Resources.DeepCopy(),
	}
	c.files = k.rootFiles(pod, c)
	return c
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
