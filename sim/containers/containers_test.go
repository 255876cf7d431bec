package containers

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"terrarium/sim/clock"
)

// play starts a container and returns what it has printed and how it ended within d; code is -1 while it runs.
func play(t *testing.T, repository, tag string, command, args, env []string, memory int64, d time.Duration) (out string, exit Exit) {
	t.Helper()
	c := clock.New(time.Date(2026, 11, 22, 5, 51, 47, 0, time.UTC))
	var b bytes.Buffer
	exit.Code = -1
	img := Lookup(repository, tag)
	_, err := (&Engine{Clock: c}).Start(&Start{
		Image: img, Argv: img.Argv(command, args), Env: env, Stdout: &b, Stderr: &b, Main: true, Memory: memory, Hostname: "web-1",
		Exit: func(e Exit) { exit = e },
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Advance(d)
	return b.String(), exit
}

func TestWhatImagesDo(t *testing.T) {
	for _, c := range []struct {
		name, repository, tag string
		command, args, env    []string
		memory                int64
		within                time.Duration
		says                  string
		exit                  Exit
	}{
		{name: "a server stays", repository: "docker.io/library/nginx", tag: "1.28.3", within: time.Hour, says: "[notice] 1#1: nginx/1.28.3", exit: Exit{Code: -1}},
		{name: "a shell ends", repository: "docker.io/library/busybox", within: time.Second, exit: Exit{}},
		{name: "an interpreter ends", repository: "docker.io/library/python", within: time.Second, exit: Exit{}},
		{name: "an unknown image serves", repository: "registry.example.com/myapp", within: time.Hour, exit: Exit{Code: -1}},
		{name: "a command in a server's image", repository: "docker.io/library/nginx", command: []string{"sleep", "5"}, within: 6 * time.Second, exit: Exit{}},
		{name: "arguments of a shell", repository: "docker.io/library/busybox", args: []string{"sh", "-c", "echo starting; echo boom >&2; exit 1"}, within: time.Second, says: "starting\nboom\n", exit: Exit{Code: 1}},
		{name: "hello", repository: "docker.io/library/hello-world", within: time.Second, says: "Hello from Docker!", exit: Exit{}},
		{name: "pi takes its time", repository: "docker.io/library/perl", command: []string{"perl", "-Mbignum=bpi", "-wle", "print bpi(20)"}, within: 3 * time.Second, exit: Exit{Code: -1}},
		{name: "pi", repository: "docker.io/library/perl", command: []string{"perl", "-Mbignum=bpi", "-wle", "print bpi(20)"}, within: 5 * time.Second, says: "3.1415926535897932384", exit: Exit{}},
		{name: "a database without a password", repository: "docker.io/library/postgres", within: time.Second, says: "superuser password is not specified.", exit: Exit{Code: 1}},
		{name: "a database with one", repository: "docker.io/library/mysql", env: []string{"MYSQL_ROOT_PASSWORD=x"}, within: time.Hour, says: "ready for connections", exit: Exit{Code: -1}},
		{name: "more memory than allowed", repository: "docker.io/polinux/stress", command: []string{"stress"}, args: []string{"--vm", "1", "--vm-bytes", "150M"}, memory: 100 << 20, within: time.Second, says: "1 vm", exit: Exit{Code: 137, OOMKilled: true}},
		{name: "memory within the limit", repository: "docker.io/polinux/stress", command: []string{"stress"}, args: []string{"--vm", "1", "--vm-bytes", "50M"}, memory: 100 << 20, within: time.Hour, exit: Exit{Code: -1}},
	} {
		out, exit := play(t, c.repository, c.tag, c.command, c.args, c.env, c.memory, c.within)
		if !strings.Contains(out, c.says) || exit != c.exit {
			t.Errorf("%s: ended %+v, want %+v, and said\n%s", c.name, exit, c.exit, out)
		}
	}
}

func TestCommandsThatAreNotThere(t *testing.T) {
	c := clock.New(time.Time{})
	for _, x := range []struct{ repository, command, want string }{
		{"docker.io/library/busybox", "nosuchcommand", `exec: "nosuchcommand": executable file not found in $PATH`},
		{"registry.k8s.io/pause", "/bin/sh", `exec: "/bin/sh": stat /bin/sh: no such file or directory`},
	} {
		_, err := (&Engine{Clock: c}).Start(&Start{Image: Lookup(x.repository, ""), Argv: []string{x.command}})
		var missing *NotFound
		if !errors.As(err, &missing) || err.Error() != x.want {
			t.Errorf("%s in %s: %v, want %s", x.command, x.repository, err, x.want)
		}
	}
}

// A main process that handles no signals only dies of SIGKILL; a server ends in order.
func TestSignals(t *testing.T) {
	for _, x := range []struct {
		repository string
		args       []string
		signal     int
		want       int
	}{
		{"docker.io/library/busybox", []string{"sleep", "3600"}, SIGTERM, -1},
		{"docker.io/library/busybox", []string{"sleep", "3600"}, SIGKILL, 137},
		{"docker.io/library/nginx", nil, SIGTERM, 0},
	} {
		c := clock.New(time.Time{})
		code := -1
		img := Lookup(x.repository, "")
		p, err := (&Engine{Clock: c}).Start(&Start{Image: img, Argv: img.Argv(nil, x.args), Main: true, Exit: func(e Exit) { code = e.Code }})
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Second)
		p.Signal(x.signal)
		c.Advance(time.Minute)
		if code != x.want {
			t.Errorf("%s after signal %d: %d, want %d", x.repository, x.signal, code, x.want)
		}
	}
}

func TestServes(t *testing.T) {
	c := clock.New(time.Time{})
	img := Lookup("docker.io/library/nginx", "")
	p, err := (&Engine{Clock: c}).Start(&Start{Image: img, Argv: img.Argv(nil, nil)})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		port   int32
		path   string
		ok     bool
		status int
	}{{80, "/", true, 200}, {80, "/nosuch", true, 404}, {8080, "/", false, 0}} {
		if ok, status := p.Serves(x.port, x.path); ok != x.ok || status != x.status {
			t.Errorf("port %d %s: %v %d", x.port, x.path, ok, status)
		}
	}
}

func TestPi(t *testing.T) {
	if got := pi(50); got != "3.1415926535897932384626433832795028841971693993751" {
		t.Error(got)
	}
}
